"""Every test of the store runs on both databases; SQLite in a file of its own, PostgreSQL in a private cluster."""

import pytest

from maildesk import store


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return store.sqlite_url(tmp_path / "maildesk.db")


@pytest.fixture
def sqlite_url(tmp_path):
    return store.sqlite_url(tmp_path / "maildesk.db")


@pytest.fixture
async def db(url):
    async with store.open(url, create=True) as opened:
        yield opened
