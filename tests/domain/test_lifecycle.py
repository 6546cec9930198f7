"""The tables of statuses and of what closing demands."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from maildesk.domain.case import Case, Outcome, Status
from maildesk.domain.lifecycle import CLOSING_DEMANDS, TRANSITIONS, Demand, Trigger, follow, unmet
from maildesk.domain.phrases import PHRASES

CASE = Case(1, "C-2026-000001", "complaints", datetime(2026, 3, 2, tzinfo=UTC))
STAFF_TRIGGERS = set(Trigger) - {Trigger.COMPLAINANT_WRITES}
REFUSED = {
    *((status, Trigger.REOPEN) for status in Status if status is not Status.CLOSED),
    *((Status.CLOSED, trigger) for trigger in STAFF_TRIGGERS - {Trigger.REOPEN}),
    *((Status.MERGED, trigger) for trigger in STAFF_TRIGGERS),
}


@pytest.mark.parametrize(("status", "trigger"), list(product(Status, Trigger)))
def test_each_status_and_trigger_is_a_row_or_refused_on_purpose(status, trigger):
    assert (follow(status, trigger) is None) == ((status, trigger) in REFUSED)


def test_every_status_but_merged_is_reachable_from_received():
    """MERGED has its row for the complainant's mail and gets its trigger with the command that merges cases."""
    reached = {Status.RECEIVED}
    while more := {to for (status, _), to in TRANSITIONS.items() if status in reached} - reached:
        reached |= more
    assert reached == set(Status) - {Status.MERGED}


@pytest.mark.parametrize("status", Status)
def test_a_letter_from_the_complainant_is_legal_in_every_status(status):
    assert follow(status, Trigger.COMPLAINANT_WRITES) is not None


@pytest.mark.parametrize("status", [Status.CLOSED, Status.RESPONDED, Status.MERGED])
def test_thank_you_neither_reopens_nor_takes_the_response_back(status):
    assert follow(status, Trigger.COMPLAINANT_WRITES) is status


def test_the_complainants_answer_ends_the_waiting():
    assert follow(Status.WAITING, Trigger.COMPLAINANT_WRITES) is Status.INVESTIGATING


def test_only_reopening_leads_out_of_closed():
    out = {trigger for (status, trigger), to in TRANSITIONS.items() if status is Status.CLOSED and to is not status}
    assert out == {Trigger.REOPEN}


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.CLOSED, Status.MERGED}))
def test_closing_is_possible_from_every_open_status(status):
    assert follow(status, Trigger.CLOSE) is Status.CLOSED


def test_closing_demands_something_for_every_outcome():
    assert set(CLOSING_DEMANDS) == set(Outcome)
    assert all(CLOSING_DEMANDS.values())


def test_a_case_without_an_outcome_is_asked_for_one_first():
    assert unmet(CASE) == (Demand.OUTCOME,)


@pytest.mark.parametrize("outcome", [Outcome.UPHELD, Outcome.PARTLY_UPHELD, Outcome.NOT_UPHELD])
def test_a_decision_on_the_matter_closes_only_with_reasons_and_a_response(outcome):
    decided = replace(CASE, outcome=outcome)
    assert unmet(decided) == (Demand.REASONS, Demand.RESPONSE)
    assert unmet(replace(decided, reasons="It rained.")) == (Demand.RESPONSE,)
    assert unmet(replace(decided, status=Status.RESPONDED)) == (Demand.REASONS,)
    assert unmet(replace(decided, reasons="It rained.", status=Status.RESPONDED)) == ()


@pytest.mark.parametrize("outcome", [Outcome.WITHDRAWN, Outcome.NOT_A_COMPLAINT, Outcome.NO_ANSWER])
def test_without_a_decision_on_the_matter_reasons_are_enough(outcome):
    assert unmet(replace(CASE, outcome=outcome)) == (Demand.REASONS,)
    assert unmet(replace(CASE, outcome=outcome, reasons="She said so.")) == ()


def test_every_demand_has_a_phrase_that_asks_for_it():
    assert {str(demand) for demand in Demand} <= set(PHRASES)
