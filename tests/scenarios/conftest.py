"""One running desk for a whole module: its tests write to it from addresses of their own."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest_asyncio
from living import LivingDesk, living, settings_for
from servers.dovecot import Dovecot
from servers.sink import Sink

_NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(dovecot: Dovecot, tmp_path_factory) -> AsyncIterator[LivingDesk]:
    """Runs until the module's last test; its history is verified at the end."""
    user = f"scene-{os.getpid()}-{next(_NUMBERS)}@example.test"
    sink = Sink()
    settings = settings_for(
        tmp_path_factory.mktemp("desk"), dovecot, sink.port, user, {"also": (f"help-{user}",), "name": "complaints"}
    )
    try:
        async with living(settings, dovecot, sink) as running:
            yield running
    finally:
        sink.stop()
