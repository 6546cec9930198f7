"""Where a mail would be filed and why, without filing it: for `maildesk inspect`."""

from dataclasses import dataclass, replace
from datetime import datetime

from maildesk.domain.filing import file, keys_of
from maildesk.domain.message import Message
from maildesk.domain.policy import DeskPolicy
from maildesk.domain.tokens import Keyring
from maildesk.store import cases
from maildesk.store.filing_index import filing_index


@dataclass(frozen=True, slots=True)
class Preview:
    """The case that the mail would go to (none: a new one, or none at all), why, and the cases that it speaks of."""

    reference: str | None
    reason: str
    is_party: bool
    is_copy: bool
    refers_to: tuple[str, ...]


async def preview(message: Message, policy: DeskPolicy, keyring: Keyring, now: datetime) -> Preview:
    """The filing of a mail as the desk knows its cases now. Reads the database and changes nothing."""
    known = replace(message, received_at=message.received_at or now)
    index = await filing_index(keys_of([known], keyring), policy.name, now)
    filing = file(known, index, policy, keyring, now)
    wanted = [*filing.refers_to, *([filing.case] if filing.case is not None else [])]
    found = await cases.load(wanted)
    case = found.get(filing.case) if filing.case is not None else None
    return Preview(
        reference=case.reference if case else None,
        reason=filing.reason.value,
        is_party=filing.is_party,
        is_copy=message.digest in index.digests,
        refers_to=tuple(found[other].reference for other in filing.refers_to if other in found),
    )
