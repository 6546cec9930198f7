import asyncio
import json
from importlib.resources import files

import pytest
from click.testing import CliRunner
from store_builders import NOW, changed, opened

from maildesk import store
from maildesk.cli import Desktop
from maildesk.cli.db import command as db_command
from maildesk.cli.history import command as history_command
from maildesk.cli.rebuild import command as rebuild_command
from maildesk.domain.events import Noted, OwnerNamed
from maildesk.store import cases
from maildesk.store.anchors import make_anchor
from maildesk.store.commit import Commit
from maildesk.store.connection import run


class SettingsInPlace:
    """What the commands ask of the settings."""

    def __init__(self, url, file):
        self.database, self.sqlite_file = url, file


@pytest.fixture
def say(url, tmp_path):
    def said(command, *words):
        desktop = Desktop(_settings=SettingsInPlace(url, tmp_path / "maildesk.db"))
        return CliRunner().invoke(command, words, obj=desktop)

    return said


@pytest.fixture
def doing(url):
    """Do something in the database, between the commands."""

    def done(work):
        async def inside():
            async with store.open(url, create=True):
                return await work()

        return asyncio.run(inside())

    return done


async def one_case():
    case = (await opened()).changes[0].after
    change = changed(case, OwnerNamed("bo"), Noted(None, "called \x1b[2J Ann"))
    await cases.commit(Commit(NOW, (change,)))
    return change.after


def test_the_database_is_made_once(say):
    made = say(db_command, "migrate")
    names = (place.name for place in files("maildesk.store.migrations").iterdir())
    steps = sorted(name.removesuffix(".sqlite.sql") for name in names if name.endswith(".sqlite.sql"))
    assert (made.exit_code, made.output) == (0, "".join(f"{step}: done\n" for step in steps))
    assert say(db_command, "migrate").output == "nothing to do: the database is of this version\n"
    assert json.loads(say(db_command, "migrate", "--json").output) == {"applied": [], "copy": None}


def test_no_migration_while_a_daemon_runs(sqlite_url, tmp_path):
    desktop = Desktop(_settings=SettingsInPlace(sqlite_url, tmp_path / "maildesk.db"))
    with store.lock(tmp_path / "maildesk.db"):
        refused = CliRunner().invoke(db_command, ["migrate"], obj=desktop)
    assert refused.exit_code == 1
    assert "in use by another maildesk" in refused.output


def test_a_whole_history_exits_0_and_a_forged_one_1_with_a_line_per_fault(say, doing):
    case = doing(one_case)
    anchor = doing(lambda: make_anchor(NOW.date(), NOW))
    whole = say(history_command, "verify", "--anchor", anchor)
    assert (whole.exit_code, whole.output) == (0, "the history is whole\n")
    assert say(history_command, "verify", "--anchor", "0" * 64).exit_code == 1
    doing(lambda: run('UPDATE "event" SET "caused_by" = ? WHERE "seq" IN (2, 4)', "staff:eve"))
    forged = say(history_command, "verify")
    assert forged.exit_code == 1
    assert [line.split(":")[0] for line in forged.output.splitlines()] == [
        f"{case.reference}, event 2",
        f"{case.reference}, event 4",
    ]
    assert all("stored" in line and "computed" in line for line in forged.output.splitlines())
    as_json = say(history_command, "verify", "--json")
    assert [fault["event"] for fault in json.loads(as_json.output)] == [2, 4]
    assert as_json.exit_code == 1


def test_a_history_is_shown_in_order_and_moves_no_cursor(say, doing):
    case = doing(one_case)
    shown = say(history_command, "show", case.reference.lower())
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output
    assert [word for word in ("Opened", "PartyAdded", "LetterWritten", "OwnerNamed", "Noted") if word in shown.output]
    entries = json.loads(say(history_command, "show", "--json", case.reference).output)
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[3] == {
        "seq": 4,
        "at": NOW.isoformat(),
        "by": "staff:bo",
        "cause": None,
        "event": "OwnerNamed",
        "said": {"owner": "bo"},
    }
    missing = say(history_command, "show", "C-2026-999999")
    assert missing.exit_code == 1
    assert "there is no case C-2026-999999" in missing.output


def test_rebuild_names_each_field_with_both_values(say, doing):
    case = doing(one_case)
    same = say(rebuild_command, "--verify")
    assert (same.exit_code, same.output) == (0, "every case is what its history says\n")
    doing(lambda: run('UPDATE "case_file" SET "owner" = ?', "eve"))
    differing = say(rebuild_command, "--verify")
    assert (differing.exit_code, differing.output) == (1, f"{case.reference}: owner: stored eve, recomputed bo\n")
    (difference,) = json.loads(say(rebuild_command, "--verify", "--json").output)
    assert difference == {"case": case.reference, "field": "owner", "stored": "eve", "recomputed": "bo"}
    assert say(rebuild_command).exit_code == 2


def test_a_database_that_is_not_there_is_said_in_words(say, url):
    refused = say(history_command, "verify")
    assert refused.exit_code == 1
    assert "db migrate" in refused.output
    assert url
