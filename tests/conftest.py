"""The test ground: one private instance of each server for a test process, a mailbox of its own for each test.

A server that is not installed skips the tests that need it, with the reason; `-ra` names them in the summary.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import pytest
from servers import dovecot as dovecot_server
from servers import postfix as postfix_server
from servers import postgres as postgres_server
from servers.dovecot import Dovecot
from servers.places import ServerMissing
from servers.postfix import Postfix
from servers.postgres import Postgres
from servers.proxy import Proxy
from servers.sink import Sink

START_ATTEMPTS = 3  # a free port may be taken by another test process between the look and the start
_NUMBERS = itertools.count(1)


class Stoppable(Protocol):
    """What every private server can do."""

    def stop(self) -> None: ...


_Server = TypeVar("_Server", bound=Stoppable)


def _started(start: Callable[[], _Server]) -> _Server:
    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            return start()
        except ServerMissing as missing:
            pytest.skip(str(missing))
        except RuntimeError:
            if attempt == START_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """IMAP, IMAPS and LMTP; any user with PASSWORD."""
    server = _started(dovecot_server.start)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """SMTP that delivers example.test to `dovecot` and bounces everything else."""
    server = _started(lambda: postfix_server.start(dovecot.lmtp))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster; take `postgres_url` for a database of the test's own."""
    server = _started(postgres_server.start)
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database that only this test uses."""
    name = f"test_{next(_NUMBERS)}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
def mailbox_user() -> Callable[[str], str]:
    """Names for mailboxes that only this test uses: `mailbox_user("desk")` is desk-7@example.test."""
    number = next(_NUMBERS)
    return lambda name="desk": f"{name}-{number}@example.test"


@pytest.fixture
def user(mailbox_user: Callable[[str], str]) -> str:
    """One such name."""
    return mailbox_user("desk")


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server that remembers, and fails as told."""
    server = Sink()
    yield server
    server.stop()


@pytest.fixture
def proxy() -> Iterator[Callable[[int], Proxy]]:
    """`proxy(port)` puts a faulty wire in front of a port."""
    made: list[Proxy] = []

    def before(upstream: int) -> Proxy:
        made.append(Proxy(upstream))
        return made[-1]

    yield before
    for one in made:
        one.stop()
