"""Servers that fail on us: the mailbox, the submission, the database, each as its operators know it."""

from collections.abc import Iterator

from faults import servers_imap, servers_load, servers_smtp
from faults.table import Broken, Ground, Scale


def section(ground: Ground, scale: Scale) -> Iterator[Broken]:
    """What can break at a server, one after the other, each with mails of its own."""
    yield from servers_imap.broken(ground, scale)
    yield from servers_smtp.broken(ground, scale)
    yield from servers_load.broken(ground, scale)
