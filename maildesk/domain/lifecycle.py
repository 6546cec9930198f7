"""Statuses and what moves them, as tables. Nothing else in the code decides a status."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from maildesk.domain.case import Case, Outcome, Status


class Trigger(StrEnum):
    """What can move a case from one status to another."""

    TAKE = "take"
    ASSESS = "assess"
    ASK = "ask"
    REPLY = "reply"
    COMPLAINANT_WRITES = "complainant writes"
    RESPOND = "respond"
    CLOSE = "close"
    REOPEN = "reopen"


_S, _T = Status, Trigger

TRANSITIONS: Mapping[tuple[Status, Trigger], Status] = MappingProxyType(
    {
        (_S.RECEIVED, _T.TAKE): _S.RECEIVED,
        (_S.RECEIVED, _T.ASSESS): _S.ASSESSED,
        (_S.RECEIVED, _T.ASK): _S.WAITING,
        (_S.RECEIVED, _T.REPLY): _S.INVESTIGATING,
        (_S.RECEIVED, _T.COMPLAINANT_WRITES): _S.RECEIVED,
        (_S.RECEIVED, _T.RESPOND): _S.RESPONDED,
        (_S.RECEIVED, _T.CLOSE): _S.CLOSED,
        (_S.ASSESSED, _T.TAKE): _S.INVESTIGATING,
        (_S.ASSESSED, _T.ASSESS): _S.ASSESSED,
        (_S.ASSESSED, _T.ASK): _S.WAITING,
        (_S.ASSESSED, _T.REPLY): _S.INVESTIGATING,
        (_S.ASSESSED, _T.COMPLAINANT_WRITES): _S.ASSESSED,
        (_S.ASSESSED, _T.RESPOND): _S.RESPONDED,
        (_S.ASSESSED, _T.CLOSE): _S.CLOSED,
        (_S.INVESTIGATING, _T.TAKE): _S.INVESTIGATING,
        (_S.INVESTIGATING, _T.ASSESS): _S.INVESTIGATING,
        (_S.INVESTIGATING, _T.ASK): _S.WAITING,
        (_S.INVESTIGATING, _T.REPLY): _S.INVESTIGATING,
        (_S.INVESTIGATING, _T.COMPLAINANT_WRITES): _S.INVESTIGATING,
        (_S.INVESTIGATING, _T.RESPOND): _S.RESPONDED,
        (_S.INVESTIGATING, _T.CLOSE): _S.CLOSED,
        (_S.WAITING, _T.TAKE): _S.WAITING,
        (_S.WAITING, _T.ASSESS): _S.WAITING,
        (_S.WAITING, _T.ASK): _S.WAITING,
        (_S.WAITING, _T.REPLY): _S.WAITING,
        (_S.WAITING, _T.COMPLAINANT_WRITES): _S.INVESTIGATING,
        (_S.WAITING, _T.RESPOND): _S.RESPONDED,
        (_S.WAITING, _T.CLOSE): _S.CLOSED,
        (_S.RESPONDED, _T.TAKE): _S.RESPONDED,
        (_S.RESPONDED, _T.ASSESS): _S.RESPONDED,
        (_S.RESPONDED, _T.ASK): _S.WAITING,
        (_S.RESPONDED, _T.REPLY): _S.RESPONDED,
        (_S.RESPONDED, _T.COMPLAINANT_WRITES): _S.RESPONDED,
        (_S.RESPONDED, _T.RESPOND): _S.RESPONDED,
        (_S.RESPONDED, _T.CLOSE): _S.CLOSED,
        (_S.CLOSED, _T.COMPLAINANT_WRITES): _S.CLOSED,
        (_S.CLOSED, _T.REOPEN): _S.INVESTIGATING,
        (_S.MERGED, _T.COMPLAINANT_WRITES): _S.MERGED,
    }
)


def follow(status: Status, trigger: Trigger) -> Status | None:
    """The status that the trigger leads to; None where the table does not allow it."""
    return TRANSITIONS.get((status, trigger))


class Demand(StrEnum):
    """What closing can demand of a case. The values are the phrases' keys."""

    OUTCOME = "close.needs_outcome"
    REASONS = "close.needs_reasons"
    RESPONSE = "close.needs_response"


_MET: Mapping[Demand, str] = MappingProxyType(
    {Demand.OUTCOME: "outcome", Demand.REASONS: "reasons", Demand.RESPONSE: "status"}
)

CLOSING_DEMANDS: Mapping[Outcome, tuple[Demand, ...]] = MappingProxyType(
    {
        Outcome.UPHELD: (Demand.REASONS, Demand.RESPONSE),
        Outcome.PARTLY_UPHELD: (Demand.REASONS, Demand.RESPONSE),
        Outcome.NOT_UPHELD: (Demand.REASONS, Demand.RESPONSE),
        Outcome.WITHDRAWN: (Demand.REASONS,),
        Outcome.NOT_A_COMPLAINT: (Demand.REASONS,),
        Outcome.NO_ANSWER: (Demand.REASONS,),
    }
)


def unmet(case: Case) -> tuple[Demand, ...]:
    """What the case still lacks before it may be closed, in the order in which to ask for it."""
    if case.outcome is None:
        return (Demand.OUTCOME,)
    return tuple(demand for demand in CLOSING_DEMANDS[case.outcome] if not _holds(case, demand))


def _holds(case: Case, demand: Demand) -> bool:
    if demand is Demand.RESPONSE:
        return case.status is Status.RESPONDED
    return bool(getattr(case, _MET[demand]))
