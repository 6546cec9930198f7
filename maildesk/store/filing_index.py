"""All that a batch wants looked up before it is filed, in a handful of queries.

Only what belongs to the desk is found: at another desk the same mail is a case of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tortoise.functions import Count, Max

from maildesk.domain.filing import SAME_TEXT_WITHIN, FilingIndex, FilingKeys, ReplyAddress, SentLetter
from maildesk.domain.letter import LetterKind, Purpose
from maildesk.domain.policy import Person
from maildesk.store.columns import key
from maildesk.store.commit import OPEN, LetterState
from maildesk.store.letter_models import LetterRow, ReplyAddressRow
from maildesk.store.models import CaseRow, MessageRow, PartyRow
from maildesk.store.rows import chunks

_DAY = timedelta(hours=24)


async def filing_index(keys: FilingKeys, desk: str, now: datetime, staff: Sequence[Person] = ()) -> FilingIndex:
    """What is known about the keys at this desk, and how often those of the staff whose mail it may be were asked."""
    index = FilingIndex()
    await _find_addresses(index, keys, desk)
    await _find_ids(index, keys, desk)
    await _find_references(index, keys, desk)
    await _find_texts(index, keys, desk, now - SAME_TEXT_WITHIN)
    await _find_senders(index, keys, desk, now - _DAY)
    for chunk in chunks(keys.digests):
        index.digests |= dict(await MessageRow.filter(desk=desk, digest__in=chunk).values_list("digest", "id"))
    await _find_challenges(index, keys, desk, now - _DAY, staff)
    await _find_parties(index, keys, desk)
    return index


async def _find_addresses(index: FilingIndex, keys: FilingKeys, desk: str) -> None:
    names = ("id", "person", "purpose", "case_id", "expires_at", "about_id", "is_spent")
    for chunk in chunks(keys.addresses):
        for ident, person, purpose, *rest in await ReplyAddressRow.filter(id__in=chunk, desk=desk).values_list(*names):
            index.addresses[ident] = ReplyAddress(ident, person, Purpose(purpose), *rest)


async def _find_ids(index: FilingIndex, keys: FilingKeys, desk: str) -> None:
    asked = _by_key(keys.message_ids)
    names = ("message_id", "id", "kind", "case_id", "person", "recipient", "bounced_at")
    for chunk in chunks(tuple(asked)):
        letters = await LetterRow.filter(message_id__in=chunk, desk=desk).values_list(*names)
        for message_id, ident, kind, case, person, recipient, bounced_at in letters:
            sent = SentLetter(ident, LetterKind(kind), case, person, recipient, has_bounced=bounced_at is not None)
            index.letters[asked[message_id]] = sent
        on_cases = MessageRow.filter(message_id__in=chunk, desk=desk, case_id__isnull=False).order_by("id")
        for message_id, case in await on_cases.values_list("message_id", "case_id"):
            index.messages[asked[message_id]] = case


async def _find_references(index: FilingIndex, keys: FilingKeys, desk: str) -> None:
    for chunk in chunks(keys.references):
        found = await CaseRow.filter(reference__in=chunk, desk=desk).values_list("reference", "id")
        index.references |= dict(found)


async def _find_texts(index: FilingIndex, keys: FilingKeys, desk: str, since: datetime) -> None:
    asked = {(key(sender), text): (sender, text) for sender, text in keys.texts}
    names = ("sender", "text_digest", "case_id", "received_at")
    for senders in chunks(tuple({sender: None for sender, _ in asked})):
        recent = MessageRow.filter(sender__in=senders, received_at__gte=since, desk=desk, case__status__in=OPEN)
        for sender, text, case, at in await recent.order_by("received_at").values_list(*names):
            if (sender, text) in asked:
                index.texts[asked[sender, text]] = (case, at)


async def _find_senders(index: FilingIndex, keys: FilingKeys, desk: str, since: datetime) -> None:
    asked = _by_key(keys.senders)
    for chunk in chunks(tuple(asked)):
        newest = PartyRow.filter(address__in=chunk, case__desk=desk).annotate(newest=Max("case_id")).group_by("address")
        for address, case in await newest.values_list("address", "newest"):
            index.latest[asked[address]] = case
        counted = LetterRow.filter(recipient__in=chunk, created_at__gt=since, is_capped=True)
        counted = counted.exclude(state=LetterState.RECALLED.value).annotate(sent=Count("id")).group_by("recipient")
        for recipient, sent in await counted.values_list("recipient", "sent"):
            index.letters_today[asked[recipient]] = sent


async def _find_challenges(
    index: FilingIndex, keys: FilingKeys, desk: str, since: datetime, staff: Sequence[Person]
) -> None:
    shown = {address.person for address in index.addresses.values()}
    asked = [one for one in staff if one.key in shown or any(map(one.writes_from, keys.senders))]
    if not asked:
        return
    recipients = {key(words) for one in asked for words in (one.address, one.address.lower())}
    challenges = LetterRow.filter(
        recipient__in=recipients,
        created_at__gt=since,
        desk=desk,
        kind=LetterKind.CHALLENGE.value,
        address__is_spent=False,
    )
    counted = challenges.annotate(sent=Count("id")).group_by("person")
    index.challenges |= dict(await counted.values_list("person", "sent"))


async def _find_parties(index: FilingIndex, keys: FilingKeys, desk: str) -> None:
    wanted = {
        *keys.cases,
        *(address.case for address in index.addresses.values()),
        *(letter.case for letter in index.letters.values()),
        *index.messages.values(),
        *index.references.values(),
        *(case for case, _ in index.texts.values()),
        *index.latest.values(),
    }
    found: dict[int, set[str]] = {}
    for chunk in chunks(sorted(case for case in wanted if case is not None)):
        found |= {case: set() for case in await CaseRow.filter(id__in=chunk, desk=desk).values_list("id", flat=True)}
        for case, address in await PartyRow.filter(case_id__in=chunk).values_list("case_id", "address"):
            if case in found:
                found[case].add(address)
    index.parties |= {case: frozenset(addresses) for case, addresses in found.items()}


def _by_key(words: Iterable[str]) -> dict[str, str]:
    return {key(word): word for word in words}
