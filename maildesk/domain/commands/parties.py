"""Commands for mail whose sender is no party: let the sender in, or give their mail a case of its own."""

import re
from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType

from maildesk.domain.case import Role
from maildesk.domain.commands.grammar import CommandLine
from maildesk.domain.commands.registry import Effect, Opening, Proof, Refusal, Standing, command
from maildesk.domain.events import CasesRefer, Event, PartyAdded, apply
from maildesk.domain.filing import FilingReason
from maildesk.domain.letter import LetterKind
from maildesk.domain.numbers import Numbered
from maildesk.domain.opening import (
    Notice,
    Received,
    acknowledgement,
    opened,
    tell,
    to_tell,
    without_acknowledgement,
    written,
)
from maildesk.domain.phrases import Phrase

_ADDR_SPEC = r"[^\s<>@,;:\"]+@[^\s<>@,;:\"]+\.[^\s<>@,;:\"]+"
_MAILBOX = re.compile(rf"(?P<name>[^<]*)<(?P<named>{_ADDR_SPEC})>|(?P<bare>{_ADDR_SPEC})")
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        **{role.value: role for role in Role},
        "beschwerdeführer": Role.COMPLAINANT,
        "im auftrag": Role.ON_BEHALF,
        "dritte": Role.THIRD_PARTY,
    }
)


@command("#add [address] [role]", "#add pat@example.net on behalf", "hinzufügen", proof=Proof.STRONG)
def add(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """An address becomes a party; without an address, the sender of the unverified mail does."""
    case = standing.the_case
    address, name, role_words = mailbox_and_role(line.value)
    if not address:
        unverified = standing.lookups.unverified
        if unverified is None or unverified.mail.sender is None:
            return Refusal(Phrase("refused.nothing_unverified"))
        address, name = unverified.mail.sender.key, unverified.mail.sender.name
    if role_words and role_words not in ROLES:
        return Refusal(Phrase("refused.unknown_field", (role_words, ", ".join(role.value for role in Role))))
    if standing.policy.is_own(address):
        return Refusal(Phrase("refused.own_address", (address,)))
    if case.party(address):
        return Refusal(Phrase("refused.already_party", (address,)))
    role = ROLES.get(role_words, Role.THIRD_PARTY if case.complainant else Role.COMPLAINANT)
    return Effect(Phrase("add.done", (address, role)), (PartyAdded(role, address, name),))


def mailbox_and_role(words: str) -> tuple[str, str, str]:
    """Address (lower case), display name and the other words: `Kim <kim@example.net> on behalf`."""
    found = _MAILBOX.search(words)
    if found is None:
        return "", "", words.strip().lower()
    rest = " ".join(words.replace(found[0], " ", 1).split()).strip(" ,;:").lower()
    return (found["named"] or found["bare"]).lower(), (found["name"] or "").strip(' "'), rest


@command("#newcase", "#newcase", "neuerfall")
def newcase(standing: Standing, line: CommandLine) -> Effect | Refusal:
    """The unverified mail becomes a case of its own, acknowledged as any other."""
    del line
    case, unverified = standing.the_case, standing.lookups.unverified
    if unverified is None:
        return Refusal(Phrase("refused.nothing_unverified"))
    received = Received(unverified.mail, unverified.message, unverified.received_at)
    new, events = opened(received, standing.policy, standing.numbers, FilingReason.NEW, None)
    letters: tuple[Numbered, ...] = ()
    if without_acknowledgement(received, standing.policy, 0) is None:
        receipt = acknowledgement(new, received, standing.policy, standing.numbers)
        letters = (receipt,) if receipt else ()
    rest: tuple[Event, ...] = (CasesRefer(case.id, case.reference), *written(letters))
    refers = Phrase("notice.refers", (case.reference,))
    notice = Notice(LetterKind.NEW_CASE, FilingReason.NEW, refers, (case.reference,))
    told = tell(to_tell(new, standing.policy), new, received, notice, standing.numbers)
    opening = Opening(reduce(apply, rest, new), (*events, *rest), (*letters, *told), unverified.message)
    return Effect(Phrase("newcase.done", (new.reference,)), (CasesRefer(new.id, new.reference),), opening=opening)
