"""Every event: its version, its personal fields, what it changes and what it leaves alone."""

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from maildesk.domain.case import Assessment, Case, Milestone, Outcome, Party, Reached, Remedy, Role, Status
from maildesk.domain.events import (
    EVENTS,
    PERSONAL,
    Assessed,
    CasesRefer,
    Decided,
    LetterAccepted,
    LetterBounced,
    LetterRecalled,
    LetterRefused,
    LetterWritten,
    MessageFiled,
    MilestoneLost,
    MilestoneReached,
    Noted,
    Opened,
    OwnerNamed,
    PartyAdded,
    PartyRemoved,
    StatusMoved,
    Undone,
    apply,
    kind_of,
    open_case,
    replay,
)
from maildesk.domain.letter import LetterKind

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REMEDY = Remedy("refund", "40 EUR", promised_by=AT + timedelta(days=7))
OPENED = Opened(
    "C-2026-000001", "complaints", AT, "email", "de", AT + timedelta(days=14), 7, None, "Paket", "Es kam nie an."
)
ACKNOWLEDGED = Reached(Milestone.ACKNOWLEDGED, AT, 12)
FULL = replace(
    open_case(1, OPENED),
    parties=(Party("pat@example.net", "Pat", Role.COMPLAINANT),),
    milestones=(ACKNOWLEDGED,),
    owner="anna",
    status=Status.INVESTIGATING,
)

# each event, and the fields of the snapshot that it may change with the values that it leads to
SAMPLES = [
    (
        PartyAdded(Role.ON_BEHALF, "kim@example.net", "Kim"),
        {"parties": (*FULL.parties, Party("kim@example.net", "Kim", Role.ON_BEHALF))},
    ),
    (PartyRemoved("pat@example.net"), {"parties": ()}),
    (MessageFiled(8, "signed reply address", "complainant", "pat@example.net"), {}),
    (StatusMoved(Status.WAITING), {"status": Status.WAITING}),
    (OwnerNamed("bert"), {"owner": "bert"}),
    (OwnerNamed(None), {"owner": None}),
    (
        Assessed("high", "no", "low", "no heating", "called them"),
        {"assessment": Assessment("high", "no", "low", "no heating", "called them")},
    ),
    (Noted(8, "Called the depot."), {}),
    (
        Decided(Outcome.UPHELD, (REMEDY,), "It rained."),
        {"outcome": Outcome.UPHELD, "remedies": (REMEDY,), "reasons": "It rained."},
    ),
    (
        MilestoneReached(Milestone.CLOSED, AT, 9),
        {"milestones": (ACKNOWLEDGED, Reached(Milestone.CLOSED, AT, 9))},
    ),
    (MilestoneLost(Milestone.ACKNOWLEDGED), {"milestones": ()}),
    (LetterWritten(12, LetterKind.REPLY, "pat@example.net"), {}),
    (LetterRecalled(12), {}),
    (LetterAccepted(12, LetterKind.REPLY), {}),
    (LetterRefused(12, LetterKind.REPLY, 550, "no such user"), {}),
    (LetterBounced(12, LetterKind.REPLY, "5.1.1", "no such user"), {}),
    (CasesRefer(2, "C-2026-000002"), {}),
    (Undone(8), {}),
]
ALL = [OPENED, *(event for event, _ in SAMPLES)]


def test_every_event_has_a_sample_here():
    assert {kind_of(event) for event in ALL} == set(EVENTS)


@pytest.mark.parametrize("event", ALL, ids=kind_of)
def test_an_event_comes_back_from_its_stored_name_and_fields_as_it_was(event):
    stored = msgspec.json.encode(event)
    assert msgspec.json.decode(stored, type=EVENTS[kind_of(event)]) == event


@pytest.mark.parametrize(("event", "changes"), SAMPLES, ids=[kind_of(event) for event, _ in SAMPLES])
def test_an_event_changes_what_it_says_and_nothing_else_and_counts(event, changes):
    assert apply(FULL, event) == replace(FULL, seq=FULL.seq + 1, **changes)


def test_every_event_has_a_version_that_is_no_stored_field():
    for name, cls in EVENTS.items():
        assert cls.version >= 1, name
        assert "version" not in {field.name for field in dataclasses.fields(cls)}, name


def test_the_words_and_addresses_of_people_are_personal_and_nothing_else_is():
    assert PERSONAL == {
        "Opened": ("subject", "what_happened"),
        "PartyAdded": ("address", "name"),
        "PartyRemoved": ("address",),
        "MessageFiled": ("sender",),
        "StatusMoved": (),
        "OwnerNamed": (),
        "Assessed": ("impact", "immediate_action"),
        "Noted": ("text",),
        "Decided": ("remedies", "reasons"),
        "MilestoneReached": (),
        "MilestoneLost": (),
        "LetterWritten": ("recipient",),
        "LetterRecalled": (),
        "LetterAccepted": (),
        "LetterRefused": ("answer",),
        "LetterBounced": ("diagnostic",),
        "CasesRefer": (),
        "Undone": (),
    }


@pytest.mark.parametrize("name", PERSONAL)
def test_an_erased_event_can_still_be_made_and_applied(name):
    event = next(event for event in ALL if kind_of(event) == name)
    rest = {f.name: getattr(event, f.name) for f in dataclasses.fields(event) if f.name not in PERSONAL[name]}
    erased = EVENTS[name](**rest)
    after = open_case(1, erased) if name == "Opened" else apply(FULL, erased)
    assert after.seq == (1 if name == "Opened" else FULL.seq + 1)


def test_replay_counts_every_event_and_leads_to_the_same_snapshot():
    events = [OPENED, PartyAdded(Role.COMPLAINANT, "pat@example.net", "Pat"), Noted(3, "x"), OwnerNamed("anna")]
    case = replay(1, events)
    assert case.seq == 4
    assert (case.id, case.reference, case.owner, case.subject) == (1, "C-2026-000001", "anna", "Paket")
    assert case.party(" PAT@example.net ") == Party("pat@example.net", "Pat", Role.COMPLAINANT)


@pytest.mark.parametrize("events", [[], [Noted(1, "x")], [OwnerNamed("anna"), OPENED]])
def test_a_history_that_does_not_begin_with_its_opening_is_refused(events):
    with pytest.raises(ValueError, match="does not begin with Opened"):
        replay(1, events)


def test_the_first_proof_of_a_milestone_stands_until_it_is_lost():
    again = apply(FULL, MilestoneReached(Milestone.ACKNOWLEDGED, AT + timedelta(days=1), 99))
    assert again.milestones == FULL.milestones
    lost = apply(again, MilestoneLost(Milestone.ACKNOWLEDGED))
    later = apply(lost, MilestoneReached(Milestone.ACKNOWLEDGED, AT + timedelta(days=1), 99))
    assert later.reached(Milestone.ACKNOWLEDGED) == Reached(Milestone.ACKNOWLEDGED, AT + timedelta(days=1), 99)


def test_a_party_added_again_has_its_newest_role_once():
    case = apply(FULL, PartyAdded(Role.THIRD_PARTY, "pat@example.net", "Pat P."))
    assert case.parties == (Party("pat@example.net", "Pat P.", Role.THIRD_PARTY),)
    assert case.complainant is None


@pytest.mark.parametrize(("status", "is_open"), [(s, s not in (Status.CLOSED, Status.MERGED)) for s in Status])
def test_a_case_is_open_unless_closed_or_merged(status, is_open):
    assert replace(FULL, status=status).is_open is is_open


def test_a_snapshot_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.owner = "bert"


def test_a_fresh_case_has_every_field_of_the_forms():
    names = {field.name for field in dataclasses.fields(Case)}
    assert {"happened_on", "remedy_sought", "root_cause", "vulnerability", "confidential", "legal_hold"} <= names
