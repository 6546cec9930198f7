"""`maildesk demo` as a person runs it: in a folder of its own, to its end, and then looked at from outside."""

import asyncio
import contextlib
import email
import email.policy
import imaplib
import os
import re
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from patience import until

from maildesk.demo.cast import DESK, GRACE, JONAS, MARGARET, PRIYA
from maildesk.demo.scenes import SCENES

SECONDS = 55  # the demo promises less than a minute
COLUMNS = 90


def maildesk(*words: str, folder: Path, seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    return subprocess.run(
        [sys.executable, "-m", "maildesk", *words],
        capture_output=True, text=True, check=False, timeout=seconds, cwd=folder, env=environment,
    )  # fmt: skip


@dataclass(frozen=True)
class Played:
    folder: Path
    narration: str

    @property
    def told(self) -> str:
        """The narration without its line breaks."""
        return " ".join(self.narration.split())

    @property
    def page(self) -> str:
        return (self.folder / "demo" / "index.html").read_text(encoding="utf-8")

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.folder / "demo" / "maildesk.db")) as database:
            return database.execute(sql, values).fetchall()

    def letters_to(self, address: str) -> list[email.message.EmailMessage]:
        sql = "SELECT b.octets FROM letter l JOIN letter_body b ON b.id = l.id WHERE l.recipient = ? ORDER BY l.id"
        policy = email.policy.default
        return [email.message_from_bytes(octets, policy=policy) for (octets,) in self.rows(sql, address)]


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    folder = tmp_path_factory.mktemp("demo")
    done = maildesk("demo", folder=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stderr == ""
    return Played(folder, done.stdout)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.act.__name__)
def test_the_narration_tells_each_scene_and_what_it_shows(played, scene):
    assert f"{scene.title} (" in played.told
    assert scene.shows in played.told


def test_a_case_shown_whole_is_for_people(played):
    shown = maildesk("--config", "demo/maildesk.toml", "cases", "C-2026-000001", folder=played.folder)
    assert "parties: address margaret@hughes.example, name Margaret Hughes, role complainant" in shown.stdout
    assert "{" not in shown.stdout


def test_the_closing_lines_name_a_program_that_can_be_called_as_it_stands(played):
    (line,) = re.findall(r"The cases (\S+ --config \S+ cases) The proof", played.told)
    shown = subprocess.run(
        line.split(), capture_output=True, text=True, check=False, cwd=played.folder, timeout=SECONDS,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "C-2026-000001" in shown.stdout


@pytest.mark.parametrize("words", [
    "Margaret Hughes writes to Complaints Desk: “Brown bin",
    "The desk opens case C-2",
    "| You get our decision and the reasons for it by",
    "| Sie erhalten unsere Entscheidung",
    "The desk files it on case",
    "it came to the reply address of this case",
    "No person wrote it (rule: auto-replied). Its sender gets no answer.",
    "Milestone taken back: acknowledged.",
    "Somebody, in the name of Grace Okafor, writes",
    "The sender is not proved: dmarc=fail for harbour.example.",
    "Kept as a private note, NOT sent.",
    "~ The decision to Margaret Hughes is held until 14:40.",
    "The case is now closed.",
    "| Anchor of the history",
])  # fmt: skip
def test_the_narration_says_what_happened_and_why(played, words):
    assert words in played.told


def test_the_narration_keeps_to_the_terminals_width_and_has_no_colours_in_a_pipe(played):
    assert "\x1b" not in played.narration
    prose = played.narration.split("\nRead the day")[0]
    assert max(len(line) for line in prose.splitlines()) <= COLUMNS


def test_the_page_holds_each_mail_once(played):
    cards = re.findall(r'<details class="mail (in|out)" id="mail-(\d+)"', played.page)
    assert [int(number) for _, number in cards] == list(range(1, len(cards) + 1))
    (mails,), (letters,) = played.rows("SELECT COUNT(*) FROM inbox UNION ALL SELECT COUNT(*) FROM letter")
    assert [side for side, _ in cards].count("in") == mails
    assert [side for side, _ in cards].count("out") == letters


def test_the_page_shows_the_letters_as_html_and_as_text_and_the_history_beside_them(played):
    assert played.page.count('<template shadowrootmode="open">') == played.page.count("The same mail as plain text")
    assert "Kept as a private note, NOT sent." in played.page
    assert played.page.count('<section class="case"><h3>C-') >= len(SCENES) - 1
    assert "Milestone taken back: acknowledged." in played.page


class Resources(HTMLParser):
    """Everything that a browser would fetch or run, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        for name, value in attrs:
            if name == "href":
                self.links.append(value)
            elif name in ("src", "srcset", "data", "action", "background", "poster") or name.startswith("on"):
                self.fetched.append(f"{tag} {name}={value}")
            elif name == "style" and "url(" in value:
                self.fetched.append(value)


def test_the_page_fetches_nothing_and_runs_nothing_but_its_own_few_lines(played):
    found = Resources()
    found.feed(played.page)
    assert found.fetched == []
    assert found.scripts == 1
    assert {link.partition(":")[0] for link in found.links if not link.startswith("#")} == {"mailto"}
    assert not re.search(r"@import|url\(", played.page)
    assert "default-src 'none'" in played.page
    targets = {link[1:] for link in found.links if link.startswith("#")}
    assert targets <= set(re.findall(r' id="([^"]+)"', played.page))


@pytest.mark.parametrize("words", [("history", "verify"), ("rebuild", "--verify"), ("config", "check")])
def test_what_the_demo_leaves_stands_up_to_the_other_commands(played, words):
    done = maildesk("--config", "demo/maildesk.toml", *words, folder=played.folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_anchor_in_the_digest_proves_the_history(played):
    text = played.letters_to(PRIYA.address)[0].get_body(("plain",)).get_content()
    anchor = re.search(r"Anchor of the history: ([0-9a-f]{64})", text)[1]
    done = maildesk("--config", "demo/maildesk.toml", "history", "verify", "--anchor", anchor, folder=played.folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_complaint_in_german_is_acknowledged_in_german_and_its_out_of_office_reply_gets_nothing(played):
    letters = played.letters_to(JONAS.address)
    assert [letter["Subject"].split(" [")[0] for letter in letters] == ["Wir haben Ihre Beschwerde erhalten"]


def test_the_forged_commands_come_to_one_challenge_and_nothing_else(played):
    challenges = played.rows("SELECT recipient FROM letter WHERE kind = 'challenge'")
    assert challenges == [(GRACE.address,)]
    assert played.rows("SELECT COUNT(*) FROM letter WHERE kind = 'decision'") == [(1,)]
    events = played.rows("SELECT kind, facts FROM event WHERE content LIKE '%900%' OR facts LIKE '%900%'")
    assert events == []


def test_no_word_of_the_private_note_reaches_the_complainant(played):
    sent = [letter.as_string() for letter in played.letters_to(MARGARET.address)]
    assert len(sent) == 4
    assert not any("fell off the crew" in text or "Three houses" in text for text in sent)


def test_the_digest_says_why_the_acknowledgement_did_not_arrive(played):
    text = played.letters_to(PRIYA.address)[0].get_body(("plain",)).get_content()
    assert "550 5.1.1" in text
    assert "Delivered" not in text


def test_the_digest_says_that_the_mailbox_was_read_just_now(played):
    text = played.letters_to(PRIYA.address)[0].get_body(("plain",)).get_content()
    assert "Mailbox read 0 minutes ago" in text


@contextlib.contextmanager
def kept_running(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """The demo with --keep, and the settings that it prints."""
    running = subprocess.Popen(
        [sys.executable, "-m", "maildesk", "demo", "--keep"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
    )  # fmt: skip
    try:
        settings: dict[str, str] = {}
        said = []
        for line in running.stdout or ():
            said.append(line)
            label, _, value = line.strip().partition("  ")
            settings.setdefault(label, value.strip())
            if label == "User":
                break
        assert "User" in settings, "".join(said)
        yield running, settings
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate(timeout=10)


def newest_subject_after_a_complaint(settings: dict[str, str]) -> str:
    """A complaint by SMTP, as somebody's mail program sends it, and the handler's newest mail once it is there."""
    imap, smtp = (int(re.search(r"port (\d+)", settings[name])[1]) for name in ("IMAP", "SMTP"))
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = JONAS.address, DESK.address, "No answer on the phone"
    mail.set_content("I called five times this week and nobody picked up.")
    with imaplib.IMAP4("127.0.0.1", imap, timeout=10) as client:
        client.login(GRACE.address, settings["Password"])
        _, (before,) = client.select("INBOX", readonly=True)
        with smtplib.SMTP("127.0.0.1", smtp, timeout=10) as line:
            line.login(JONAS.address, settings["Password"])
            line.send_message(mail)
        asyncio.run(until(lambda: int(client.select("INBOX", readonly=True)[1][0]) > int(before), "the notice"))
        _, parts = client.fetch(str(int(before) + 1), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return parts[0][1].decode()


def test_a_second_run_replaces_the_first_and_with_keep_a_mail_client_can_log_in_until_ctrl_c(played, tmp_path):
    shutil.copytree(played.folder / "demo", tmp_path / "demo")
    before = played.page
    with kept_running(tmp_path) as (running, settings):
        port = int(re.search(r"port (\d+)", settings["IMAP"])[1])
        with imaplib.IMAP4("127.0.0.1", port, timeout=10) as client:
            client.login(GRACE.address, settings["Password"])
            _, (number,) = client.select("INBOX", readonly=True)
        assert int(number) == len(played.letters_to(GRACE.address))
        assert "New complaint" in newest_subject_after_a_complaint(settings)
        refused = maildesk("demo", folder=tmp_path)
        assert refused.returncode == 1
        assert "in use by another maildesk" in refused.stderr
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0
    assert (tmp_path / "demo" / "index.html").read_text(encoding="utf-8") != before


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "index.html").write_text("mine")
    done = maildesk("demo", folder=tmp_path)
    assert done.returncode == 1
    assert "holds files that the demo did not make" in done.stderr
    assert [file.name for file in (tmp_path / "demo").iterdir()] == ["index.html"]
    assert (tmp_path / "demo" / "index.html").read_text() == "mine"


def test_without_its_mail_servers_the_demo_says_what_to_install(tmp_path):
    program = "import sys; sys.modules['pymap'] = None; from maildesk.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "demo"], capture_output=True, text=True, check=False, timeout=20, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "pymap is not installed" in done.stderr
    assert 'pip install "maildesk[demo]"' in done.stderr
    assert list(tmp_path.iterdir()) == []
