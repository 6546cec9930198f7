"""What can go wrong between the rooms and the database, as the callers need to tell it apart."""


class StoreError(Exception):
    """The database refused or failed; the words are for the operator."""


class Doubled(StoreError):
    """A unique index refused a second one of what may exist once. Nothing was written."""


class CaseMoved(StoreError):
    """Cases changed since they were loaded: decide them again. Nothing was written."""

    def __init__(self, case_ids: tuple[int, ...]) -> None:
        super().__init__(f"cases moved meanwhile: {', '.join(map(str, case_ids))}")
        self.case_ids = case_ids


class ClaimLost(StoreError):
    """Letters whose claim is no longer ours, or which another has settled. Nothing was written."""

    def __init__(self, letter_ids: tuple[int, ...]) -> None:
        super().__init__(f"letters no longer claimed: {', '.join(map(str, letter_ids))}")
        self.letter_ids = letter_ids


class LettersLeft(StoreError):
    """Letters that were to be taken back have left, or were taken back already. Nothing was written."""

    def __init__(self, letter_ids: tuple[int, ...]) -> None:
        super().__init__(f"letters cannot be recalled any more: {', '.join(map(str, letter_ids))}")
        self.letter_ids = letter_ids


class AlreadyDone(Doubled):
    """Kept messages that somebody else has dealt with. Nothing was written."""

    def __init__(self, inbox_ids: tuple[int, ...]) -> None:
        super().__init__(f"kept messages are done already: {', '.join(map(str, inbox_ids))}")
        self.inbox_ids = inbox_ids


class Unavailable(StoreError):
    """The database cannot do it now, whatever is asked: connection, disk, rights, a deadlock. It may work later."""


class Outdated(StoreError):
    """The schema is not this version's."""


class LockHeld(StoreError):
    """Another daemon works with this database."""
