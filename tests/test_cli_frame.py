import dataclasses
import importlib
import json
import os
import pkgutil
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import maildesk.cli
from maildesk import __version__
from maildesk.__main__ import maildesk as group
from maildesk.cli import COMMANDS, CliError, Desktop, screen
from maildesk.visible import visible, visible_lines

NOT_COMMANDS = {"screen"}
MAILDESK = [sys.executable, "-m", "maildesk"]
SECONDS = 30


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILDESK_CONFIG", raising=False)
    return lambda *args: CliRunner().invoke(group, list(args), prog_name="maildesk")


def test_help_names_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.summary[:20])}", result.output, re.MULTILINE)


def test_help_loads_no_library_but_click():
    code = "import sys\ntry:\n from maildesk.__main__ import main\n sys.argv = ['maildesk', '--help']\n main()\n"
    code += "finally:\n print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=SECONDS)
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert {"maildesk", "click"} <= loaded
    assert not loaded & {
        "msgspec",
        "tortoise",
        "imapclient",
        "aiosmtplib",
        "jinja2",
        "structlog",
        "mailparser",
        "asyncio",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run, name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: maildesk {name}")
    assert group.get_command(click.Context(group), name).help


def test_every_module_with_a_command_is_in_the_table():
    modules = {module.name for module in pkgutil.iter_modules(maildesk.cli.__path__)} - NOT_COMMANDS
    with_command = {name for name in modules if hasattr(importlib.import_module(f"maildesk.cli.{name}"), "command")}
    assert {f"maildesk.cli.{name}" for name in with_command} == {entry.module for entry in COMMANDS.values()}


def test_the_version_is_printed(run):
    assert run("--version").output.strip() == f"maildesk, version {__version__}"


def test_a_mistyped_command_is_answered_with_the_nearest(run):
    result = run("confg")
    assert result.exit_code == 2
    assert 'Did you mean "config"?' in result.output


def test_no_configuration_at_all_is_exit_2_and_says_where_it_was_looked_for(run):
    result = run("config", "check")
    assert result.exit_code == 2
    assert "maildesk.toml" in result.output
    assert "--config" in result.output


def test_config_check_lists_every_mistake_with_file_and_line(run, tmp_path):
    (tmp_path / "maildesk.toml").write_text("datta = 'x'\n[limits]\nchildren = 0\n")
    result = run("config", "check")
    assert result.exit_code == 2
    assert "maildesk.toml:1: datta: there is no such setting" in result.output
    assert "maildesk.toml:3: limits.children: 0 is out of range" in result.output
    assert "3 mistakes" in result.output


def test_config_check_prints_json(run, tmp_path):
    (tmp_path / "other.toml").write_text("datta = 'x'\n")
    result = run("config", "check", "--json", "other.toml")
    found = json.loads(result.output)
    assert result.exit_code == 2
    assert found["mistakes"][0]["line"] == 1
    assert found["warnings"][0]["what"].startswith("there is no manager")


def test_config_check_takes_the_file_of_the_option_before_it(run, tmp_path):
    (tmp_path / "other.toml").write_text("datta = 'x'\n")
    assert "other.toml:1: datta" in run("--config", "other.toml", "config", "check").output


def test_config_check_says_right_and_lists_warnings(run, tmp_path):
    desk = """
    [[desk]]
    name = "complaints"
    address = "complaints@example.org"
    title = "Complaints"
    organisation = "Example Council"
    contact_name = "Anna Meyer"
    zone = "Europe/London"
    mailbox = { host = "localhost", user = "complaints", password = "hunter2" }
    submission = { host = "localhost", security = "none" }
    """
    (tmp_path / "maildesk.toml").write_text(desk)
    result = run("config", "check")
    assert result.exit_code == 0
    assert "maildesk.toml: right, 4 warnings" in result.output
    assert "warning: maildesk.toml:9: desk.mailbox.password" in result.output
    assert "hunter2" not in result.output


def test_a_foreign_key_cannot_write_to_the_terminal(run, tmp_path):
    (tmp_path / "maildesk.toml").write_text('"a\\u001b[2Jb" = 1\n')
    output = run("config", "check").output
    assert "\x1b" not in output
    assert "a\\x1b[2Jb" in output


def test_the_settings_are_read_once_and_only_when_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILDESK_CONFIG", raising=False)
    desktop = Desktop()
    assert not desktop.has_settings()
    with pytest.raises(CliError) as caught:
        desktop.settings()
    assert caught.value.exit_code == 2


def test_an_error_for_people_is_exit_1_and_no_traceback():
    @click.command()
    def broken():
        raise CliError("The mailbox said \x1b[31mno")

    result = CliRunner().invoke(broken)
    assert (result.exit_code, result.output) == (1, "The mailbox said \\x1b[31mno\n")


def test_a_closed_pipe_leaves_no_traceback(tmp_path):
    file = tmp_path / "maildesk.toml"
    file.write_text("".join(f"wrong_{number} = 1\n" for number in range(20_000)))
    with subprocess.Popen(
        [*MAILDESK, "config", "check", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "wrong_0" in process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(SECONDS)
    assert "Traceback" not in errors
    assert process.returncode != 0


def sleeps(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_ctrl_c_leaves_no_traceback(tmp_path):
    fifo = tmp_path / "maildesk.toml"
    os.mkfifo(fifo)
    hears_it = ("env", "--default-signal=INT")  # tests that run behind a shell's & inherit a SIGINT that is ignored
    words = [*hears_it, *MAILDESK, "config", "check", str(fifo)]
    with (
        subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process,
        fifo.open("w"),  # opens once the command reads: it waits for us then
    ):
        while not sleeps(process.pid):  # a signal just before it waits would be noticed only after the wait
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "Traceback" not in errors


# screen -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße 你好", "Grüße 你好"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b31m", "\\x9b31m"),
        ("\udce9", "\\udce9"),
        ("\u2028", "\\u2028"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_hidden_letters_are_shown_as_escapes(text, shown):
    assert visible(text) == shown


def test_a_text_of_several_lines_keeps_its_lines_alone():
    assert visible_lines("a\r\nb\tc\rd\x00") == "a\nb\tc\\rd\\x00"


def test_a_table_lines_up_wide_letters_and_cannot_be_broken(capsys):
    screen.print_table(["case", "subject", "days"], [["C-1", "你好", 3], ["C-2", "a\nb", None]])
    assert capsys.readouterr().out == "case  subject  days\nC-1   你好     3\nC-2   a\\nb\n"


def test_an_empty_table_is_its_headings(capsys):
    screen.print_table(["case", "subject"], [])
    assert capsys.readouterr().out == "case  subject\n"


def test_json_holds_everything_and_no_hidden_letter(capsys):
    class Status(StrEnum):
        RECEIVED = "received"

    @dataclasses.dataclass(frozen=True, slots=True)
    class Row:
        status: Status
        at: datetime
        tags: tuple[str, ...]

    screen.print_json([Row(Status.RECEIVED, datetime(2026, 11, 1, tzinfo=UTC), ("ü\x9b\u202e\U000e0041",))])
    out = capsys.readouterr().out
    assert json.loads(out) == [{"status": "received", "at": "2026-11-01T00:00:00Z", "tags": ["ü\x9b\u202e\U000e0041"]}]
    assert "ü\\u009b\\u202e\\udb40\\udc41" in out
