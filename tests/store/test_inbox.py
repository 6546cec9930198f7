from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from store_builders import NOW, kept, mail, opened, opening

from maildesk import store
from maildesk.store import cases, inbox
from maildesk.store.commit import Commit, NewCopy
from maildesk.store.inbox import Arrived, Mark

pytestmark = pytest.mark.usefixtures("db")
LATER = NOW + timedelta(days=1)


def arrived(*uids, size=10, octets=None):
    return [Arrived(uid, size, NOW, octets or f"mail {uid}".encode()) for uid in uids]


async def waiting(limit=50, max_bytes=10**6, after=0):
    return [kept_mail.uid for kept_mail in await inbox.claim(["INBOX"], limit, max_bytes, after)]


async def test_the_first_look_starts_behind_the_mail_that_lies_there():
    assert await inbox.mailbox_mark("INBOX", 7, 101, NOW) == Mark(NOW, 7, 100, is_new=True)
    assert await inbox.mailbox_mark("INBOX", 7, 105, LATER) == Mark(NOW, 7, 100)


async def test_a_changed_uidvalidity_starts_from_the_first_uid_and_keeps_the_start():
    await inbox.mailbox_mark("INBOX", 7, 101, NOW)
    assert await inbox.mailbox_mark("INBOX", 8, 5, LATER) == Mark(NOW, 8, 0, changed_from=7, anew_below=5)
    assert await inbox.mailbox_mark("INBOX", 8, 6, LATER) == Mark(NOW, 8, 0, anew_below=5)


async def test_one_mail_is_kept_once_and_the_first_octets_stay():
    await inbox.mailbox_mark("INBOX", 7, 1, NOW)
    assert await inbox.keep("INBOX", 7, arrived(1, 2), 2) == 2
    assert await inbox.keep("INBOX", 7, arrived(2, 3, octets=b"other"), 3) == 1
    assert [k.octets for k in await inbox.claim(["INBOX"], 50, 10**6)] == [b"mail 1", b"mail 2", b"other"]


async def test_the_same_uid_of_another_uidvalidity_is_another_mail():
    await inbox.keep("INBOX", 7, arrived(1), 1)
    assert await inbox.keep("INBOX", 8, arrived(1), 1) == 1


async def test_the_high_water_mark_never_falls():
    await inbox.mailbox_mark("INBOX", 7, 1, NOW)
    await inbox.keep("INBOX", 7, arrived(9), 9)
    await inbox.keep("INBOX", 7, arrived(4), 4)
    assert (await inbox.mailbox_mark("INBOX", 7, 10, NOW)).high_uid == 9


async def test_a_late_batch_of_an_old_uidvalidity_does_not_raise_the_new_mark():
    await inbox.mailbox_mark("INBOX", 7, 1, NOW)
    await inbox.mailbox_mark("INBOX", 8, 1, NOW)
    await inbox.keep("INBOX", 7, arrived(90), 90)
    assert (await inbox.mailbox_mark("INBOX", 8, 1, NOW)).high_uid == 0


async def test_31_mails_in_batches_of_10_come_oldest_first():
    await inbox.keep("INBOX", 7, arrived(*range(1, 32)), 31)
    seen = []
    for size in (10, 10, 10, 1):
        batch = await inbox.claim(["INBOX"], 10, 10**6)
        assert len(batch) == size
        await cases.commit(Commit(NOW, inbox_done=tuple(kept_mail.id for kept_mail in batch)))
        seen += [kept_mail.uid for kept_mail in batch]
    assert seen == list(range(1, 32))
    assert await inbox.waiting(["INBOX"]) == 0


async def test_a_batch_is_bounded_by_octets_but_never_empty():
    await inbox.keep("INBOX", 7, arrived(1, 2, 3, size=400), 3)
    assert await waiting(max_bytes=800) == [1, 2]
    assert await waiting(max_bytes=1) == [1]


async def test_mails_of_a_batch_at_work_are_left_out():
    await inbox.keep("INBOX", 7, arrived(1, 2, 3), 3)
    first = await inbox.claim(["INBOX"], 2, 10**6)
    assert await waiting(after=first[-1].id) == [3]


async def test_each_claim_counts_an_attempt_and_another_mailbox_is_not_touched():
    await inbox.keep("INBOX", 7, arrived(1), 1)
    await inbox.keep("Junk", 7, arrived(1), 1)
    assert [(await inbox.claim(["INBOX"], 9, 10**6))[0].attempts for _ in range(3)] == [1, 2, 3]
    assert (await inbox.claim(["Junk"], 9, 10**6))[0].attempts == 1


async def test_mails_whose_reading_failed_go_on_waiting_and_are_counted():
    await inbox.mailbox_mark("INBOX", 7, 1, NOW)
    await inbox.keep("INBOX", 7, arrived(1, 2), 2)
    first, _ = await inbox.claim(["INBOX"], 9, 10**6)
    await inbox.failed([first.id], "the reader died")
    assert (await inbox.struggling(["INBOX"]), await inbox.waiting(["INBOX"])) == (1, 2)
    await cases.commit(Commit(NOW, inbox_done=(first.id,)))
    assert (await inbox.struggling(["INBOX"]), await inbox.waiting(["INBOX"])) == (0, 1)


async def test_the_day_on_which_reading_began_is_the_earliest():
    assert await inbox.began(["INBOX", "Junk"]) is None
    await inbox.mailbox_mark("INBOX", 7, 1, LATER)
    await inbox.mailbox_mark("Junk", 7, 1, NOW)
    assert await inbox.began(["INBOX", "Junk"]) == NOW


async def test_kept_mails_stay_unmoved_until_the_server_has_moved_them():
    await inbox.keep("INBOX", 7, arrived(1, 2, 3), 3)
    await inbox.moved("INBOX", 7, [1, 3])
    assert await inbox.unmoved("INBOX", 7, 10) == [2]
    assert await inbox.unmoved("INBOX", 8, 10) == []


async def test_a_mail_is_dealt_with_once():
    batch = await opened()
    again = replace(await opening(), inbox_done=batch.inbox_done)
    with pytest.raises(store.AlreadyDone):
        await cases.commit(again)
    assert await cases.load([again.changes[0].after.id]) == {}


async def test_the_same_mail_by_another_way_is_refused_and_recorded_as_a_copy():
    batch = await opened()
    (second,) = await kept()
    with pytest.raises(store.Doubled):
        await cases.commit(await opening(mail(digest=batch.messages[0].message.digest), second))
    await cases.commit(Commit(NOW, copies=(NewCopy(batch.messages[0].id, second.id, NOW),), inbox_done=(second.id,)))
    assert await inbox.waiting(["INBOX"]) == 0


async def test_at_another_desk_the_same_mail_is_a_case_of_its_own():
    batch = await opened()
    await opened(message=batch.messages[0].message, desk="housing")
    assert len(await cases.find()) == 2


async def test_the_octets_are_found_by_mail_and_by_message():
    batch = await opened()
    octets = await inbox.octets(batch.messages[0].inbox)
    assert octets == await inbox.octets_of_message(batch.messages[0].id) == b"From: ann@example.com\r\n\r\nhello\r\n"
    with pytest.raises(store.StoreError):
        await inbox.octets(999_999)


async def test_a_naive_time_is_refused():
    naive = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001 - what is to be refused
    with pytest.raises(ValueError, match="naive"):
        await inbox.keep("INBOX", 7, [Arrived(1, 10, naive, b"mail")], 1)
    assert await inbox.waiting(["INBOX"]) == 0
