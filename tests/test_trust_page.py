"""docs/trust.md names tests that exist and has a place for every section of `make faults`."""

import re
from pathlib import Path

import pytest
from faults.mutation import PROMISES
from faults.mutations_table import MUTATIONS
from faults.run import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
NAMED = re.findall(r"\[(test_\w+)\]\(\.\./(tests/\S+?\.py)\)", PAGE)


@pytest.mark.parametrize(("name", "file"), NAMED)
def test_a_test_that_the_page_names_exists_where_it_says(name, file):
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_every_test_that_fails_without_it(promise):
    chapter = PAGE.partition(f". {promise}\n")[2].partition("\n## ")[0]
    wanted = {one for mutation in MUTATIONS if mutation.promise == promise for one in mutation.tests}
    for one in wanted:
        file, _, name = one.partition("::")
        assert f"[{name.partition('[')[0]}](../tests/{file})" in chapter


@pytest.mark.parametrize("section", [*SECTIONS, "mutations"])
def test_every_section_has_its_place(section):
    assert PAGE.count(f"<!-- faults {section} -->\n") == 1
    assert PAGE.index(f"<!-- faults {section} -->\n") < PAGE.index(f"<!-- /faults {section} -->\n")


def test_no_line_of_the_page_says_that_a_promise_was_broken():
    assert "BROKEN" not in PAGE


def test_the_readme_leads_to_the_page():
    assert "docs/trust.md" in (ROOT / "README.md").read_text(encoding="utf-8")
