"""The ground of the short forms. Where a server is missing, or only root may start it, they skip with the reason."""

from collections.abc import Iterator

import pytest
from servers.places import ServerMissing

from faults.table import Ground


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    one = Ground()
    yield one
    one.stop()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except ServerMissing as missing:
        pytest.skip(str(missing))
