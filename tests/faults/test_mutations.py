"""That `make mutations` would break what it says: each text stands once in its file, each test exists."""

from collections import Counter
from pathlib import Path

import pytest

from faults.mutation import PROMISES
from faults.mutations_table import MUTATIONS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.broken)
def test_what_is_taken_out_stands_exactly_once_in_its_file(mutation):
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.old) == 1
    assert mutation.new != mutation.old


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.broken)
def test_the_tests_that_must_notice_it_exist(mutation):
    for named in mutation.tests:
        file, _, name = named.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_every_promise_has_two_safeguards_or_more_that_are_taken_out():
    count = Counter(mutation.promise for mutation in MUTATIONS)
    assert set(count) == set(PROMISES)
    assert min(count.values()) >= 2
