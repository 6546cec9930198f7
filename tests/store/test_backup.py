"""A copy that may take over from the original, which goes on meanwhile."""

import sqlite3

import pytest
from store_builders import NOW, opened

from maildesk import store
from maildesk.store import backup, ids, references

MANY = 5_000


async def numbers(url):
    async with store.open(url):
        found = [await references.take(year, MANY) for year in (NOW.year, NOW.year + 1)]
        return {*await ids.take(MANY), *found[0], *found[1]}


async def test_what_the_original_gives_out_after_the_copy_the_copy_never_gives_out(sqlite_url, tmp_path):
    async with store.open(sqlite_url, create=True):
        await opened()
    target = tmp_path / "copy"
    backup.copy(store.connection.file_of(sqlite_url), target, NOW)
    lost, restored = await numbers(sqlite_url), await numbers(store.sqlite_url(target))
    assert len(lost) == len(restored) == 3 * MANY
    assert not lost & restored


async def test_a_copy_overwrites_nothing_and_is_for_its_owner_alone(sqlite_url, tmp_path):
    async with store.open(sqlite_url, create=True):
        await opened()
    file, target = store.connection.file_of(sqlite_url), tmp_path / "copy"
    backup.copy(file, target, NOW)
    assert target.stat().st_mode & 0o777 == 0o600
    before = target.read_bytes()
    with pytest.raises(store.StoreError, match="cannot be copied"):
        backup.copy(file, target, NOW)
    assert target.read_bytes() == before


def test_what_is_no_database_is_not_copied(tmp_path):
    (tmp_path / "file").write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(store.StoreError, match="cannot be copied"):
        backup.copy(tmp_path / "file", tmp_path / "copy", NOW)
    with pytest.raises(store.StoreError, match="cannot be copied"):
        backup.copy(tmp_path / "missing", tmp_path / "copy-2", NOW)


def test_a_damaged_database_is_not_taken_for_a_backup(tmp_path):
    file = tmp_path / "file"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE counter (name TEXT PRIMARY KEY, next BIGINT)")
        made.executemany("INSERT INTO counter VALUES (?, 1)", [(f"{number:0500}",) for number in range(1000)])
    made.close()
    octets = bytearray(file.read_bytes())
    octets[40_000:48_000] = bytes(8_000)
    file.write_bytes(octets)
    with pytest.raises(store.StoreError, match="cannot be copied"):
        backup.copy(file, tmp_path / "copy", NOW)
