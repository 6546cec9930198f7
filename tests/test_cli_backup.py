"""`maildesk backup` from a desk at work, restored on an empty machine against the same mailbox."""

import email
import email.policy
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from faults.numbered import Post, address, mail
from faults.reckoning import in_folder, letters, told
from running import running_desk

from maildesk.cli import Desktop
from maildesk.cli.backup import command

BEFORE, AFTER, MEANWHILE = 20, 10, 5
EVERYBODY = BEFORE + AFTER + MEANWHILE


def back_up(desk, file):
    words = [sys.executable, "-m", "maildesk", "--config", str(desk.folder / "maildesk.toml"), "backup", str(file)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def acknowledgements(sink):
    """Those at the sink, each once, whoever wrote them."""
    found = {}
    for taken in sink.taken:
        if taken.recipients[0].startswith("kay"):
            letter = email.message_from_bytes(taken.octets, policy=email.policy.default)
            found[str(letter["Message-ID"])] = letter
    return list(found.values())


def reference(letter):
    return re.search(r"C-\d{4}-\d{6}", str(letter["Subject"]))[0]


@pytest.fixture
def restored(dovecot, user, sink, tmp_path):
    """A desk that was backed up at work, worked on, was killed and lost, and came back from the backup."""
    (tmp_path / "lost").mkdir()
    (tmp_path / "new").mkdir()
    file = tmp_path / "backup.tar"
    with running_desk(tmp_path / "lost", dovecot, user, sink.port) as lost:
        lost.start()
        lost.until(lost.begun)
        post = Post(dovecot, user, BEFORE, lambda: BEFORE, 0.01)
        post.start()
        lost.until(lambda: lost.ask("SELECT 1 FROM case_file"))
        done = back_up(lost, file)
        assert done.returncode == 0, done.stderr
        post.join(30)
        for number in range(BEFORE, BEFORE + AFTER):
            dovecot.deliver(mail(number, user), user)
        lost.until(lambda: lost.at_rest(BEFORE + AFTER))
        lost.process.kill()
        lost.process.wait(10)
    for number in range(BEFORE + AFTER, EVERYBODY):
        dovecot.deliver(mail(number, user), user)
    (tmp_path / "new").mkdir(exist_ok=True)
    subprocess.run(["tar", "-xf", file, "-C", tmp_path / "new"], check=True, timeout=30)  # as the help says
    with running_desk(tmp_path / "new", dovecot, user, sink.port) as desk:
        desk.start()
        desk.until(lambda: desk.has_started() and desk.at_rest(EVERYBODY))
        yield desk


def test_a_restored_desk_knows_every_mail_that_came_before_and_after_the_backup(restored):
    assert restored.ask("SELECT COUNT(*) FROM case_file") == [(EVERYBODY,)]
    assert restored.ask("SELECT COUNT(DISTINCT address) FROM party WHERE role = 'complainant'") == [(EVERYBODY,)]
    processed = in_folder(restored, "Processed")
    assert len(processed) == processed.total() == EVERYBODY
    assert in_folder(restored, "INBOX").total() == 0
    assert restored.ask("SELECT COUNT(*) FROM mailbox WHERE restored_from IS NOT NULL") == [(0,)]
    assert told(restored, "history", "verify") == told(restored, "rebuild", "--verify") == 0


def test_no_reference_or_reply_address_of_a_lost_letter_is_given_to_somebody_else(restored, sink):
    found = acknowledgements(sink)
    assert {letter["To"].addresses[0].addr_spec for letter in found} == {address(n) for n in range(EVERYBODY)}
    assert len(found) >= EVERYBODY + AFTER, "nothing was lost: the test shows nothing"
    assert len({reference(letter) for letter in found}) == len(found)
    assert len({str(letter["Reply-To"]) for letter in found}) == len(found)
    assert {letter.wordings for letter in letters(sink)} == {1}


def test_an_answer_to_a_letter_that_was_lost_is_filed_on_no_case_of_somebody_else(restored, sink, dovecot):
    late = BEFORE + AFTER - 1
    (lost, _) = [one for one in acknowledgements(sink) if one["To"].addresses[0].addr_spec == address(late)]
    reply = f"From: Kay <{address(late)}>\r\nTo: {lost['Reply-To']}\r\nSubject: Re: {lost['Subject']}\r\n"
    reply += f"Message-ID: <late.answer@example.com>\r\nIn-Reply-To: {lost['Message-ID']}\r\n\r\nThank you.\r\n"
    dovecot.deliver(reply.encode(), restored.user)
    restored.until(lambda: restored.at_rest(EVERYBODY + 1))
    ((filed,),) = restored.ask("SELECT case_id FROM message ORDER BY id DESC LIMIT 1")
    owners = {address for case, address in restored.ask("SELECT case_id, address FROM party") if case == filed}
    assert owners == {address(late)}


def test_a_backup_is_for_its_owner_alone_and_replaces_no_file(dovecot, user, sink, tmp_path):
    file = tmp_path / "backup.tar"
    with running_desk(tmp_path, dovecot, user, sink.port) as desk:
        desk.start()
        desk.until(desk.begun)
        assert back_up(desk, file).returncode == 0
        assert file.stat().st_mode & 0o777 == 0o600
        before = file.read_bytes()
        again = back_up(desk, file)
        assert again.returncode == 1
        assert "exists already" in again.stderr
        assert file.read_bytes() == before
        nowhere = back_up(desk, tmp_path / "missing" / "backup.tar")
        assert nowhere.returncode == 1
        assert "Traceback" not in nowhere.stderr
        assert [one.name for one in tmp_path.iterdir() if "backup" in one.name] == ["backup.tar"]


def test_of_a_postgres_database_it_says_that_pg_dump_does_it(tmp_path):
    settings = SimpleNamespace(database="postgresql://nobody@127.0.0.1/none", sqlite_file=tmp_path / "x", data=tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path / "backup.tar")], obj=Desktop(_settings=settings))
    assert done.exit_code == 2
    assert "pg_dump" in done.output
    assert not (tmp_path / "backup.tar").exists()
