from dataclasses import replace
from datetime import timedelta

import pytest
from store_builders import NOW, changed, mail, opened

from maildesk.domain.case import Role, Status
from maildesk.domain.events import PartyAdded, StatusMoved
from maildesk.domain.filing import FilingIndex, FilingKeys, ReplyAddress, SentLetter, text_digest
from maildesk.domain.letter import Challenge, Letter, LetterKind, Purpose
from maildesk.domain.message import Address
from maildesk.domain.phrases import Phrase
from maildesk.domain.policy import Person, StaffRole
from maildesk.store import cases, ids
from maildesk.store.commit import Commit, LetterState, NewAddress, NewLetter
from maildesk.store.filing_index import filing_index

pytestmark = pytest.mark.usefixtures("db")
NOTHING = FilingKeys((), (), (), (), (), (), ())
ANN = "ann@example.com"


ANNA = Person("anna", "Anna", "Anna@example.org", StaffRole.HANDLER, "en", "UTC")


async def looked_up(desk="complaints", now=NOW, **keys):
    return await filing_index(replace(NOTHING, **keys), desk, now)


async def test_no_keys_find_nothing():
    assert await looked_up() == FilingIndex()


async def test_everything_that_leads_to_a_case_brings_its_parties():
    batch = await opened()
    case, message, letter = batch.changes[0].after, batch.messages[0].message, batch.letters[0]
    parties = {case.id: frozenset({ANN})}
    address = batch.addresses[0].address
    index = await looked_up(addresses=(address.id,))
    assert index.addresses == {
        address.id: ReplyAddress(address.id, ANN, Purpose.COMPLAINANT, case.id, NOW, batch.messages[0].id)
    }
    assert index.parties == parties
    index = await looked_up(message_ids=(letter.message_id, message.message_id, "<unknown@example.com>"))
    assert index.letters == {letter.message_id: SentLetter(letter.id, LetterKind.ACKNOWLEDGEMENT, case.id, ANN, ANN)}
    assert index.messages == {message.message_id: case.id}
    assert index.parties == parties
    assert (await looked_up(cases=(case.id, 999_999))).parties == parties
    index = await looked_up(references=(case.reference,))
    assert (index.references, index.parties) == ({case.reference: case.id}, parties)
    index = await looked_up(senders=(ANN,))
    assert (index.latest, index.letters_today, index.parties) == ({ANN: case.id}, {ANN: 1}, parties)
    assert (await looked_up(digests=(message.digest,))).digests == {message.digest: batch.messages[0].id}


async def test_another_desk_finds_none_of_it():
    batch = await opened()
    case, message, letter = batch.changes[0].after, batch.messages[0].message, batch.letters[0]
    index = await looked_up(
        "housing",
        addresses=(batch.addresses[0].address.id,),
        cases=(case.id,),
        message_ids=(letter.message_id, message.message_id),
        references=(case.reference,),
        digests=(message.digest,),
        texts=((ANN, text_digest(message)),),
    )
    assert index == FilingIndex()


async def test_the_same_text_is_found_for_72_hours_while_the_case_is_open():
    batch = await opened()
    case = batch.changes[0].after
    asked = (ANN, text_digest(batch.messages[0].message))
    end = NOW + timedelta(hours=72)
    assert (await looked_up(texts=(asked,), now=end)).texts == {asked: (case.id, NOW)}
    assert (await looked_up(texts=(asked,), now=end + timedelta(seconds=1))).texts == {}
    assert (await looked_up(texts=(("bob@example.com", asked[1]),))).texts == {}
    await cases.commit(Commit(NOW, (changed(case, StatusMoved(Status.CLOSED)),)))
    assert (await looked_up(texts=(asked,))).texts == {}


async def test_the_newest_case_of_a_sender_is_found():
    first = (await opened()).changes[0].after
    second = (await opened(at=NOW + timedelta(days=1))).changes[0].after
    assert (await looked_up(senders=(ANN,))).latest == {ANN: second.id}
    assert (await looked_up(cases=(first.id, second.id))).parties.keys() == {first.id, second.id}


async def test_only_capped_letters_of_the_last_day_count():
    await opened()
    assert (await looked_up(senders=(ANN,), now=NOW + timedelta(hours=23))).letters_today == {ANN: 1}
    assert (await looked_up(senders=(ANN,), now=NOW + timedelta(hours=24))).letters_today == {}


async def test_every_party_of_a_case_is_named():
    case = (await opened()).changes[0].after
    await cases.commit(Commit(NOW, (changed(case, PartyAdded(Role.THIRD_PARTY, "dee@example.net", "Dee")),)))
    assert (await looked_up(cases=(case.id,))).parties == {case.id: frozenset({ANN, "dee@example.net"})}


async def test_more_keys_than_one_statement_takes_are_all_looked_up():
    batch = await opened(message=mail("last@example.com"))
    senders = (*(f"p{n}@example.com" for n in range(1_200)), "last@example.com")
    assert (await looked_up(senders=senders)).latest == {"last@example.com": batch.changes[0].after.id}


async def test_a_very_long_message_id_is_found_under_its_own_name():
    long = f"<{'i' * 9_000}@example.com>"
    batch = await opened(message=mail(message_id=long))
    assert (await looked_up(message_ids=(long,))).messages == {long: batch.changes[0].after.id}


async def asked(at):
    """A challenge to Anna; the id of its reply address."""
    ident, address = await ids.take(2)
    content = Challenge(("#take",), ANNA.address, Phrase("challenge.no_token"))
    said = Letter(LetterKind.CHALLENGE, Address("Anna", ANNA.address), "en", "UTC", content, person="anna")
    row = ReplyAddress(address, "anna", Purpose.CHALLENGE, None, at + timedelta(days=180))
    new = NewLetter(ident, "complaints", said, f"<{ident}@desk.example>", LetterState.QUEUED, at, b"x", address)
    await cases.commit(Commit(at, letters=(new,), addresses=(NewAddress("complaints", row),)))
    return address


async def test_the_challenges_of_a_day_that_nobody_answered_are_counted():
    answered, *_ = [await asked(NOW - timedelta(hours=hours)) for hours in (1, 2, 3, 25)]
    await cases.commit(Commit(NOW, spent=(answered,)))
    keys = replace(NOTHING, senders=("anna@example.org",))
    assert (await filing_index(keys, "complaints", NOW, (ANNA,))).challenges == {"anna": 2}
    assert (await filing_index(keys, "other", NOW, (ANNA,))).challenges == {}
    assert (await filing_index(NOTHING, "complaints", NOW, (ANNA,))).challenges == {}
