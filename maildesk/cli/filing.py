"""Where a mail would be filed: the desk of the configuration in use, for `maildesk inspect`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from maildesk.cli import CliError, Desktop

if TYPE_CHECKING:
    from maildesk.desk.preview import Preview
    from maildesk.domain.message import Message
    from maildesk.domain.policy import DeskPolicy
    from maildesk.domain.tokens import Keyring
    from maildesk.mail.identity import ReadPolicy


@dataclass(frozen=True, slots=True)
class FilingDesk:
    """One desk that can be asked, with its database open."""

    policy: "DeskPolicy"
    read_policy: "ReadPolicy"
    keyring: "Keyring"

    async def preview(self, message: "Message") -> "Preview":
        """Where the mail would go and why."""
        from maildesk.desk.preview import preview

        return await preview(message, self.policy, self.keyring, datetime.now(UTC))


@asynccontextmanager
async def filing_desk(desktop: Desktop, name: str | None) -> AsyncIterator[FilingDesk | None]:
    """The desk of that name (the first where none is named); None where there is no configuration.

    Raises CliError where the configuration has no such desk or its database does not open.
    """
    if not desktop.has_settings():
        yield None
        return
    from maildesk import daemon, store

    settings = desktop.settings()
    desk = next((one for one in settings.desks if name in (None, one.name)), None)
    if desk is None:
        raise CliError(f"there is no desk {name!r}; there are: {', '.join(one.name for one in settings.desks)}")
    try:
        async with store.open(daemon.database_url(settings)):
            keyring = daemon.keyring(settings.data)
            yield FilingDesk(daemon.policy_of(settings, desk), daemon.read_policy(settings, desk), keyring)
    except store.StoreError as refused:
        raise CliError(str(refused)) from refused


def in_words(preview: "Preview") -> str:
    """The filing as one line for a person."""
    if preview.is_copy:
        return "a copy of a mail that is here already: nothing more happens"
    place = preview.reference or "no case of ours yet"
    party = "" if preview.reference is None or preview.is_party else "; the sender is no party of it"
    refers = f"; it speaks of {', '.join(preview.refers_to)}" if preview.refers_to else ""
    return f"{place}: {preview.reason}{party}{refers}"
