"""The desk's mailbox as it should not be: silent, locked, without its folder, renumbered, full; and its first start."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from living import SECONDS, LivingDesk, living, mail, settings_for, text_of
from servers.dovecot import Dovecot

from maildesk import daemon, store
from maildesk.config.settings import Settings
from maildesk.desk.intake import Intake
from maildesk.desk.watch import Concern
from maildesk.domain.case import Milestone
from maildesk.journal import Entry
from maildesk.mail.accounts import MailboxDown
from maildesk.store import inbox


def with_limits(settings: Settings, **limits: int) -> Settings:
    return replace(settings, limits=replace(settings.limits, **limits))


def with_mailbox(settings: Settings, **changes: object) -> Settings:
    (desk,) = settings.desks
    return replace(settings, desks=(replace(desk, mailbox=replace(desk.mailbox, **changes)),))


def facts(desk: LivingDesk, entry: Entry) -> list[dict[str, object]]:
    return [said for what, said in desk.log if what is entry]


def in_folder(dovecot: Dovecot, user: str, folder: str) -> int:
    client = dovecot.client(user)
    try:
        return int(client.select_folder(folder)[b"EXISTS"])
    finally:
        client.logout()


async def test_a_silent_server_is_spoken_of_and_does_not_keep_another_desk_or_the_end_waiting(
    dovecot, sink, proxy, mailbox_user, tmp_path
):
    silent = proxy(0)
    well = settings_for(tmp_path, dovecot, sink.port, mailbox_user("well"))
    (desk,) = well.desks
    deaf = replace(
        desk, name="deaf", address=mailbox_user("deaf"),
        mailbox=replace(desk.mailbox, user=mailbox_user("deaf"), port=silent.port, timeout_seconds=1),
    )  # fmt: skip
    async with living(replace(well, desks=(desk, deaf)), dovecot, sink, is_well=False) as running:
        await running.until(lambda: [said for said in facts(running, Entry.RECONNECTING) if said["desk"] == "deaf"])
        await running.until(lambda: running.world.healths["complaints"].mailbox_read_at)
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=desk.address))
        await running.letter("kay@example.com", "We have received")
        trouble = running.world.healths["deaf"].troubles.get(Concern.MAILBOX)
        assert trouble
        assert "127.0.0.1" in trouble.why
        running.world.stopping.set()
        await asyncio.wait_for(asyncio.shield(running.task), 10)


async def test_a_refused_password_is_tried_again_slowly_and_the_words_say_what_to_do(dovecot, sink, user, tmp_path):
    settings = with_mailbox(settings_for(tmp_path, dovecot, sink.port, user), password="wrong")
    async with living(settings, dovecot, sink, is_well=False) as running:
        await running.until(lambda: facts(running, Entry.RECONNECTING))
        (said,) = facts(running, Entry.RECONNECTING)
        assert said["seconds"] >= 60
        assert "password" in f"{said['what']} {said['what_to_do']}".lower()
        assert "wrong" not in f"{said['what']} {said['what_to_do']}".split()


async def test_the_folder_for_what_is_done_is_made_where_it_is_missing(dovecot, sink, user, tmp_path):
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=user))
        await running.letter("kay@example.com")
        await running.until(lambda: in_folder(dovecot, user, "Processed") == 1)
        assert in_folder(dovecot, user, "INBOX") == 0


async def test_the_first_start_takes_only_mail_that_comes_from_then_on(dovecot, sink, user, tmp_path):
    dovecot.append(user, mail("old@example.com", "Old", "From before.", to=user))
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=user))
        await running.letter("kay@example.com")
        await running.settled()
        assert len(await running.cases()) == 1
        assert in_folder(dovecot, user, "INBOX") == 1


async def test_thirty_one_mails_in_batches_of_ten_become_cases_in_the_order_of_their_arrival(
    dovecot, sink, user, tmp_path
):
    settings = with_limits(settings_for(tmp_path, dovecot, sink.port, user), batch_messages=10)
    async with living(settings, dovecot, sink) as running:
        await running.stop()
        await running.append(
            *(mail(f"kay{n:02}@example.com", f"Number {n:02}", f"Words {n}", to=user) for n in range(31))
        )
        running.log.clear()
        await running.start()
        await running.until(lambda: len({to for taken in sink.taken for to in taken.recipients}) >= 33)
        await running.settled()
        cases = sorted(await running.cases(), key=lambda case: case.reference)
        assert [case.subject for case in cases] == [f"Number {n:02}" for n in range(31)]
        assert [said["count"] for said in facts(running, Entry.KEPT)] == [10, 10, 10, 1]
        assert all(running.count(f"kay{n:02}@example.com") == 1 for n in range(31))


async def test_a_renumbered_mailbox_doubles_no_case_and_leaves_old_mail_alone(dovecot, sink, user, tmp_path):
    client = dovecot.client(user)
    client.append("INBOX", mail("old@example.com", "Old", "Long before.", to=user),
                  msg_time=datetime.now(UTC) - timedelta(days=90))  # fmt: skip
    client.logout()
    settings = with_mailbox(settings_for(tmp_path, dovecot, sink.port, user), processed="INBOX")
    async with living(settings, dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=user))
        await running.letter("kay@example.com")
        await running.settled()
        await running.stop()
        renumber(dovecot, user)
        await running.append(mail("lee@example.com", "Lift", "It is stuck.", to=user))
        await running.start()
        await running.letter("lee@example.com")
        await running.settled()
        assert sorted(case.subject for case in await running.cases()) == ["Bins", "Lift"]
        assert running.count("kay@example.com") == 1
        assert len(facts(running, Entry.COPY)) == 1
        assert running.count("old@example.com") == 0


def renumber(dovecot: Dovecot, user: str) -> None:
    """What a restored backup does: the same mails under a new UIDVALIDITY."""
    place = dovecot.place / "mail" / user
    uids = place / "dovecot-uidlist"
    text = uids.read_text()
    renumbered = re.sub(r"\bV(\d+)\b", lambda found: f"V{int(found[1]) + 1000}", text, count=1)
    assert renumbered != text
    uids.write_text(renumbered)
    for index in place.glob("dovecot.index*"):
        index.unlink()


async def test_a_mail_over_the_limit_is_a_case_with_its_words_and_the_sender_is_told(dovecot, sink, user, tmp_path):
    settings = with_limits(settings_for(tmp_path, dovecot, sink.port, user), message_bytes=100_000)
    big = (
        b"From: kay@example.com\r\nTo: desk\r\nSubject: Photos\r\nMessage-ID: <big@example.com>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe wall is wet.\r\n'
        b"--b\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD\r\n" * 60_000 + b"--b--\r\n"
    )  # fmt: skip
    async with living(settings, dovecot, sink) as running:
        await running.append(big)
        letter = await running.letter("kay@example.com")
        await running.settled()
        assert "but not its attachments" in str(letter["Subject"])
        assert "360" in text_of(letter)
        (case,) = await running.cases()
        assert case.what_happened == "The wall is wet."
        assert case.reached(Milestone.ACKNOWLEDGED)
        assert running.count("anna@staff.test", "too large") == 1


async def test_a_line_cut_between_keeping_and_moving_doubles_nothing(dovecot, sink, user, tmp_path, monkeypatch):
    moved = Intake._move  # noqa: SLF001 - the place between commit 1 and the mark on the server
    cut = [MailboxDown(daemon.account_of(settings_for(tmp_path, dovecot, 25, user).desks[0].mailbox), "cut.", "Wait.")]

    async def cut_once(self, mark, uids):
        if uids and cut:
            raise cut.pop()
        await moved(self, mark, uids)

    monkeypatch.setattr(Intake, "_move", cut_once)
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=user))
        await running.until(lambda: in_folder(dovecot, user, "INBOX") == 0 and not cut)
        await running.settled()
        assert len(await running.cases()) == 1
        assert running.count("kay@example.com") == 1
        assert in_folder(dovecot, user, "Processed") == 1


async def test_mail_to_two_desks_of_one_installation_is_a_case_at_each(dovecot, sink, mailbox_user, tmp_path):
    first = settings_for(tmp_path, dovecot, sink.port, mailbox_user("housing"))
    (desk,) = first.desks
    other = replace(
        desk, name="parking", address=mailbox_user("parking"),
        mailbox=replace(desk.mailbox, user=mailbox_user("parking")),
    )  # fmt: skip
    raw = mail("kay@example.com", "Both", "The garage leaks.", to=f"{desk.address}, {other.address}")
    async with living(replace(first, desks=(desk, other)), dovecot, sink) as running:
        await asyncio.to_thread(dovecot.deliver, raw, desk.address, other.address, sender="kay@example.com")
        await running.letters("kay@example.com", 2)
        await running.settled()
        assert sorted(case.desk for case in await running.cases()) == ["complaints", "parking"]


async def test_mail_that_somebody_else_takes_away_meanwhile_harms_nobody(dovecot, sink, user, tmp_path):
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        await running.stop()
        raws = [mail(f"kay{n}@example.com", f"Number {n}", f"Words {n}", to=user) for n in range(6)]
        await running.append(*raws)
        client = dovecot.client(user)
        client.delete_messages([1, 3])
        client.expunge()
        client.logout()
        await running.start()
        await running.letter("kay5@example.com")
        await running.settled()
        assert len(await running.cases()) == 4


async def test_what_is_kept_is_the_mail_byte_for_byte(dovecot, sink, user, tmp_path):
    raw = mail("kay@example.com", "Bins", "Ünïcödé\n.\n..dots\nFrom here", to=user)
    async with living(settings_for(tmp_path, dovecot, sink.port, user), dovecot, sink) as running:
        await running.append(raw)
        await running.letter("kay@example.com")
        async with running.database():
            kept = await inbox.octets(1)
        assert kept == raw


def test_the_patience_of_these_tests_is_longer_than_the_desks_own():
    assert SECONDS > 10 > daemon.SHUTDOWN_SECONDS


async def say_it_comes_from_a_backup(running: LivingDesk) -> None:
    """As `maildesk backup` leaves it."""
    async with running.database():
        await store.connection.run("UPDATE mailbox SET restored_from = ?", datetime.now(UTC).isoformat(" "))


async def test_after_a_backup_was_restored_known_mail_stays_and_mail_too_big_to_fetch_is_a_copy(
    dovecot, sink, user, tmp_path
):
    settings = with_limits(settings_for(tmp_path, dovecot, sink.port, user), message_bytes=100_000)
    async with living(settings, dovecot, sink) as running:
        await running.append(mail("kay@example.com", "Bins", "They were not emptied.", to=user))
        await running.append(mail("big@example.com", "Photos", "They are large.\n" * 10_000, to=user))
        await running.until_async(lambda: cases_are(running, 2))
        await running.settled()
        await running.stop()
        await say_it_comes_from_a_backup(running)
        lost = mail("lost@example.com", "Lamp", "It is out.", to=user)
        await asyncio.to_thread(dovecot.append, user, lost, folder="Processed")
        await running.start()
        await running.until_async(lambda: cases_are(running, 3))
        await running.settled()
        assert {case.complainant.address for case in await running.cases()} == {
            *("kay@example.com", "big@example.com", "lost@example.com")
        }
        (said,) = [said for said in facts(running, Entry.KEPT) if "what" in said]
        assert said["count"] == 2  # the lost one, and the big one, whose octets nobody has
        assert running.count("kay@example.com") == running.count("lost@example.com") == 1
        await running.stop()
        await running.start()
        assert len([said for said in facts(running, Entry.KEPT) if "what" in said]) == 1
    assert in_folder(dovecot, user, "Processed") == 3
    assert in_folder(dovecot, user, "INBOX") == 0


async def cases_are(running: LivingDesk, count: int) -> bool:
    return len(await running.cases()) == count
