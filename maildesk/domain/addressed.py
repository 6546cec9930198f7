"""A letter addressed to its reader: the language, the zone and the reply address follow from who that is."""

from maildesk.domain.case import Case, Party
from maildesk.domain.letter import Content, Letter, LetterKind, Purpose
from maildesk.domain.message import Address
from maildesk.domain.policy import DeskPolicy, Person


def to_staff(person: Person, kind: LetterKind, content: Content, case: Case | None = None) -> Letter:
    """To the registered address of one of the staff, in their language and zone."""
    return Letter(
        kind=kind,
        to=Address(person.name, person.address),
        language=person.language,
        zone=person.zone,
        content=content,
        case=case.id if case else None,
        subject=case.subject if case else "",
        person=person.key,
        purpose=Purpose.STAFF,
    )


def to_party(party: Party, kind: LetterKind, content: Content, case: Case, policy: DeskPolicy) -> Letter:
    """To a party of the case, in the case's language and the desk's zone."""
    return Letter(
        kind=kind,
        to=Address(party.name, party.address),
        language=case.language,
        zone=policy.zone,
        content=content,
        case=case.id,
        subject=case.subject,
        person=party.address,
        purpose=Purpose.COMPLAINANT,
    )
