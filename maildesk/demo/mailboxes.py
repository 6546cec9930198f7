"""The IMAP server of the demo: pymap, in memory, on a free port of this machine, in the demo's own event loop."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend, Identity
from pymap.imap import IMAPServer, IMAPService
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata

HOST = "127.0.0.1"


class Mailboxes:
    """Everybody's mailbox. `port` speaks IMAP (RFC 3501) without TLS, for this machine only."""

    def __init__(self, backend: DictBackend, port: int) -> None:
        self.port = port
        self._backend = backend

    async def put(self, address: str, octets: bytes, at: datetime) -> None:
        """A mail arrives in the inbox of that address. Raises LookupError where there is no such mailbox."""
        if address not in self._backend.login.users_dict:
            raise LookupError(f"there is no mailbox {address}")
        identity = Identity(address, self._backend.login, None, frozenset())
        async with identity.new_session() as session:
            await session.append_messages("INBOX", [AppendMessage(octets, at)])


@asynccontextmanager
async def open_mailboxes(addresses: Sequence[str], password: str) -> AsyncIterator[Mailboxes]:
    """Start the server with a mailbox for each address, all with the same password."""
    backend, config = await DictBackend.init(_arguments())
    config.apply_context()
    hashed = await Passwords(config).hash_password(password)
    for address in addresses:
        backend.login.users_dict[address] = UserMetadata(config, address, password=hashed)
    answer = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
    server = await asyncio.start_server(answer, HOST, 0)
    try:
        yield Mailboxes(backend, server.sockets[0].getsockname()[1])
    finally:
        server.close()


def _arguments() -> Namespace:
    """What pymap's own command line would hand over; it has no other way in."""
    parser = ArgumentParser()
    DictBackend.add_subparser("dict", parser.add_subparsers())
    IMAPService.add_arguments(parser)
    parser.set_defaults(skip_services=[], passlib_cfg=None, debug=False, logging_cfg=None, pid_file=None)
    return parser.parse_args(["--host", HOST, "--port", "0", "--no-tls", "dict"])
