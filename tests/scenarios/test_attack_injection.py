"""Strangers write what some interpreter would obey into every field they can write: nothing obeys it.

One running desk gets each poison in each field; then letters, journal, screen and database are looked at.
"""

import base64
import email
import email.policy
import itertools
import json
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser

import pytest
from faults.reckoning import told
from running import running_desk
from servers.sink import Sink

PATIENCE = 60.0
RECIPIENT = re.compile(r'RCPT TO:<(?:"(?:[^"\\]|\\.)*"|[^\s<>"@]+)@(?:example\.com|staff\.test)>(?: \S+)*')
CONTROL = {"Cc", "Cf", "Zl", "Zp"}
POISONS = {
    "jinja": "{{7000*7}} {% for x in range(3) %}hot{% endfor %}{{ config }}",
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>",
    "header": "x\r\nBcc: mallory@evil.example\r\nX-Injected: yes\r\n\r\nbody",
    "smtp": "x\r\n.\r\nMAIL FROM:<mallory@evil.example>\r\nRCPT TO:<mallory@evil.example>",
    "imap": 'x" {5}\r\nA1 LOGOUT\r\n(*%) \\Deleted',
    "sql": "'; DROP TABLE case_file; -- \" OR 1=1",
    "journal": 'x\n{"event":"forged","level":"info"}\n',
    "terminal": "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\u2028\u200b\x00",
}


def _word(poison: str) -> str:
    """As an encoded word, which may hold anything (RFC 2047)."""
    return f"=?utf-8?b?{base64.b64encode(poison.encode()).decode()}?="


def _bare(poison: str) -> str:
    """As it can stand in one header line."""
    return poison.replace("\r", "").replace("\n", " ").replace("\0", "")


def _quoted(poison: str) -> str:
    return '"' + _bare(poison).replace("\\", "\\\\").replace('"', '\\"') + '"'


FIELDS = (
    "name", "raw name", "local part", "subject", "raw subject", "message id", "references", "text", "html",
    "filename", "charset", "language", "forwarded",
)  # fmt: skip


def _heads(field: str, poison: str, address: str) -> dict[str, str]:
    """The headers of which one holds the poison."""
    return {
        "name": {"From": f"{_word(poison)} <{address}>"},
        "raw name": {"From": f"{_quoted(poison)} <{address}>"},
        "local part": {"From": f"{_quoted(poison)}@example.com"},
        "subject": {"Subject": _word(poison)},
        "raw subject": {"Subject": _bare(poison)},
        "message id": {"Message-ID": f"<{_bare(poison)}.{address}>"},
        "references": dict.fromkeys(("References", "In-Reply-To"), f"<{_bare(poison)}@x.example>"),
        "language": {"Content-Language": _bare(poison)},
    }.get(field, {})


def _content(field: str, poison: str, number: int) -> tuple[str, str, str]:
    """Content-Type, body, and a part beside it, of which one holds the poison."""
    plain, words = "text/plain; charset=utf-8", f"The bins of street {number} smell."
    inner = f"From: {_word(poison)} <a@b.example>\r\nSubject: {_word(poison)}\r\n\r\n{poison}"
    file = _part(f"application/pdf; name={_quoted(poison)}", f'attachment; filename="{_word(poison)}"', "%PDF")
    forwarded = _part(f"message/rfc822; name={_quoted(poison)}", f"attachment; filename={_quoted(poison)}", inner)
    return {
        "text": (plain, poison, ""),
        "html": ("text/html; charset=utf-8", f"<p>{number} {poison}</p>", ""),
        "charset": (f"text/plain; charset={_quoted(poison)}", words, ""),
        "filename": (plain, words, file),
        "forwarded": (plain, words, forwarded),
    }.get(field, (plain, words, ""))


def _mail(number: int, field: str, poison: str, to: str) -> bytes:
    """A complaint with the poison in this field and harmless words in all others."""
    address = f"kay{number}@example.com"
    heads = {
        "From": f"Kay <{address}>", "To": to, "Subject": f"Bins {number}", "Message-ID": f"<poison.{number}@x.example>",
        "Date": "Tue, 03 Mar 2026 10:00:00 +0000", "MIME-Version": "1.0",
    }  # fmt: skip
    kind, body, more = _content(field, poison, number)
    if more:
        body = f"--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n{more}\r\n--b--\r\n"
        kind = "multipart/mixed; boundary=b"
    lines = "".join(f"{name}: {value}\r\n" for name, value in (heads | _heads(field, poison, address)).items())
    return f"{lines}Content-Type: {kind}\r\n\r\n{body}\r\n".encode()


def _part(kind: str, disposition: str, body: str) -> str:
    return f"--b\r\nContent-Type: {kind}\r\nContent-Disposition: {disposition}\r\n\r\n{body}"


@pytest.fixture(scope="module")
def poisoned(dovecot, tmp_path_factory):
    """A desk that has dealt with every poison in every field, and a harmless mail; still running."""
    sink, user = Sink(), f"poison-{os.getpid()}@example.test"
    mails = [
        _mail(number, field, poison, user)
        for number, (field, poison) in enumerate(itertools.product(FIELDS, POISONS.values()), 1)
    ]
    with running_desk(tmp_path_factory.mktemp("poisoned"), dovecot, user, sink.port) as desk:
        desk.start()
        desk.until(desk.begun)
        dovecot.append(user, _mail(0, "", "", user), *mails)
        desk.until(lambda: desk.at_rest(1 + len(mails)), PATIENCE)
        yield desk, sink
    sink.stop()


def letters(sink):
    return [(one, email.message_from_bytes(one.octets, policy=email.policy.default)) for one in list(sink.taken)]


def test_every_poisoned_mail_became_a_case_and_the_database_is_whole(poisoned):
    desk, _ = poisoned
    assert desk.ask("SELECT disposition, COUNT(*) FROM message GROUP BY 1") == [
        ("opened", 1 + len(FIELDS) * len(POISONS))
    ]
    assert desk.ask("PRAGMA integrity_check") == [("ok",)]
    assert told(desk, "history", "verify") == told(desk, "rebuild", "--verify") == 0


def test_no_letter_has_a_header_or_a_recipient_that_a_stranger_wrote(poisoned):
    _, sink = poisoned
    harmless = {
        name.lower() for one, letter in letters(sink) if one.recipients[0] == "kay0@example.com" for name in letter
    }
    for taken, letter in letters(sink):
        assert len(taken.recipients) == 1
        assert {name.lower() for name in letter} <= harmless | {"in-reply-to", "references"}
        assert len(letter.get_all("To")) == len(letter.get_all("From")) == len(letter.get_all("Subject")) == 1
        for value in letter.values():
            assert not [char for char in str(value) if unicodedata.category(char) in CONTROL], value
    told = [line for line in sink.said if line.upper().startswith("RCPT")]
    assert len(told) == len(sink.taken)
    assert not [line for line in told if not RECIPIENT.fullmatch(line)]


def test_no_letter_obeys_a_template_or_carries_a_tag_that_a_stranger_wrote(poisoned):
    _, sink = poisoned
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(tag)
            found.extend(name for name, _ in attrs if name.startswith("on"))

    for _, letter in letters(sink):
        assert "49000" not in f"{letter['Subject']} {letter['To']}"
        for part in letter.walk():
            if part.get_content_maintype() == "text":
                assert "49000" not in part.get_content()
                assert "hothot" not in part.get_content()
            if part.get_content_type() == "text/html":
                Tags().feed(part.get_content())
    assert found
    assert not {"script", "img", "onerror"} & set(found)


def test_every_line_of_the_journal_is_one_entry_of_our_own(poisoned):
    desk, _ = poisoned
    entries = [json.loads(line) for line in desk.journal().split("\n") if line]
    assert all(isinstance(entry, dict) and "timestamp" in entry for entry in entries)
    assert "forged" not in {entry["event"] for entry in entries}
    assert not [char for char in desk.journal() if unicodedata.category(char) in CONTROL and char != "\n"]


def printed(desk, *words):
    """What a command prints; it must end well."""
    command = [sys.executable, "-m", "maildesk", "--config", str(desk.folder / "maildesk.toml"), *words]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def obeyed(text):
    """The characters in it that a terminal obeys."""
    return [char for char in text if unicodedata.category(char) in CONTROL and char != "\n"]


@pytest.mark.parametrize("words", [("cases",), ("cases", "--json"), ("letters",), ("shelf",)], ids=" ".join)
def test_a_list_prints_nothing_that_a_terminal_obeys(poisoned, words):
    assert obeyed(printed(poisoned[0], *words)) == []


def test_a_case_its_history_and_a_mail_print_nothing_that_a_terminal_obeys(poisoned, tmp_path):
    desk, _ = poisoned
    ((reference,), *_) = desk.ask("SELECT reference FROM case_file WHERE subject LIKE '%owned%'")
    files = [tmp_path / f"{number}.eml" for number in range(len(FIELDS))]
    for file, field in zip(files, FIELDS, strict=True):
        file.write_bytes(_mail(1, field, POISONS["terminal"], desk.user))
    said = printed(desk, "cases", str(reference)), printed(desk, "history", "show", str(reference))
    read = printed(desk, "inspect", *map(str, files))
    assert all("owned" in text for text in (*said, read))
    assert obeyed("".join((*said, read))) == []
