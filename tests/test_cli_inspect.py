import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from maildesk.cli.inspect import command, describe
from maildesk.mail.parse import ReadPolicy, read

MAIL = b"""From: Jo Bloggs <jo@customer.example>
To: complaints@desk.example
Subject: The lift
Message-ID: <1@customer.example>
Content-Type: multipart/mixed; boundary=edge

--edge
Content-Type: text/plain; charset=utf-8

It is broken.

On Tue, 3 Feb 2026 at 10:00, Desk <complaints@desk.example> wrote:
> What is broken?
--edge
Content-Type: application/pdf
Content-Disposition: attachment; filename=bill.pdf

PDF
--edge--
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "mail.eml"
    found.write_bytes(MAIL)
    return found


def test_a_person_sees_who_wrote_what_and_which_rule_decided(file: Path):
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 0, result.output
    for expected in (
        "Jo Bloggs <jo@customer.example>",
        "The lift",
        "human, by rule person: nothing says that a program wrote it",
        "It is broken.",
        "Quoted, 2 lines:",
        "bill.pdf, application/pdf, 3 bytes",
    ):
        assert expected in result.stdout


def test_reading_without_a_configuration_says_so_on_stderr(file: Path):
    result = CliRunner().invoke(command, [str(file), "--json"])
    assert "read only" in result.stderr
    assert json.loads(result.stdout)["rule"] == "person"


def test_json_is_one_object_a_line_in_the_order_of_the_paths(file: Path, tmp_path: Path):
    missing = tmp_path / "missing.eml"
    listing = "\n".join([str(file), str(missing), str(tmp_path), str(file)])
    result = CliRunner().invoke(command, ["--json", "--files-from", "-"], input=listing)
    assert result.exit_code == 0, result.output
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [found["path"] for found in objects] == listing.split("\n")
    assert [found["error"] is None for found in objects] == [True, False, False, True]
    assert all(set(found) == set(objects[0]) for found in objects)


def test_a_file_that_is_not_there_is_an_error_for_a_person(tmp_path: Path):
    result = CliRunner().invoke(command, [str(tmp_path / "missing.eml")])
    assert result.exit_code == 1
    assert "No such file" in result.stderr


def test_no_file_at_all_is_wrong_usage():
    assert CliRunner().invoke(command, []).exit_code == 2


def test_where_it_would_be_filed_is_said_where_somebody_knows():
    message = read(MAIL, ReadPolicy())
    assert any("a new case" in line for line in describe(message, "a new case"))
    assert not any(line.startswith("Filing") for line in describe(message))


def test_a_terminal_is_safe_from_what_a_mail_holds(tmp_path: Path):
    file = tmp_path / "evil.eml"
    file.write_bytes(b"From: x@y.example\nSubject: =?utf-8?Q?=1B[2J=E2=80=AEevil?=\n\n\x1b]0;title\x07 text")
    result = CliRunner().invoke(command, [str(file)])
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
