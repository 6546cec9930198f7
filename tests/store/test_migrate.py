# ruff: noqa: SLF001 - a later version's step is put in where the steps are read

import contextlib
import re
import sqlite3
from importlib.resources import files

import asyncpg
import pytest
from store_builders import opened
from tortoise.connection import get_connections
from tortoise.utils import get_schema_sql

from maildesk import store
from maildesk.store import cases, migrate
from maildesk.store.connection import connected, file_of, run
from maildesk.store.verify import verify

STEPS = sorted(files("maildesk.store.migrations").iterdir(), key=lambda place: place.name)
STEPS = [place for place in STEPS if place.name.endswith(".sql")]


@pytest.mark.parametrize("place", STEPS, ids=lambda place: place.name)
def test_a_step_only_adds(place):
    statements = [statement.strip() for statement in place.read_text().split(";\n") if statement.strip()]
    allowed = re.compile(r"CREATE (TABLE|INDEX|UNIQUE INDEX) |ALTER TABLE \S+ ADD COLUMN ", re.IGNORECASE)
    assert [statement for statement in statements if not allowed.match(statement)] == []
    assert re.search(r"CASCADE|\bDROP\b|\bRENAME\b", place.read_text(), re.IGNORECASE) is None


def test_every_step_exists_for_both_databases():
    names = {place.name for place in STEPS}
    stems = {name.split(".")[0] for name in names}
    assert names == {f"{stem}.{dialect}.sql" for stem in stems for dialect in ("sqlite", "postgres")}


_POSTGRES_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name <> 'migration' ORDER BY 1, 2"""
_POSTGRES_INDEXES = """
    SELECT tablename, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename <> 'migration' ORDER BY 1, 2"""
_POSTGRES_CONSTRAINTS = """
    SELECT conrelid::regclass::text AS t, pg_get_constraintdef(oid) AS d FROM pg_constraint
    WHERE contype <> 'c' AND connamespace = current_schema()::regnamespace
    AND conrelid <> 'migration'::regclass ORDER BY 1, 2"""
_SQLITE_COLUMNS = """
    SELECT m.name AS t, c.name, c.type, c.[notnull], c.dflt_value, c.pk
    FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name <> 'migration' ORDER BY 1, 2"""
_SQLITE_INDEXES = """
    SELECT m.name AS t, l.[unique], l.origin, group_concat(i.name) AS fields
    FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
    WHERE m.type = 'table' AND m.name <> 'migration' GROUP BY m.name, l.name ORDER BY 1, 4, 2"""
_SQLITE_FOREIGN_KEYS = """
    SELECT m.name AS t, f.[table], f.[from], f.[to], f.on_delete
    FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2, 3"""
_CATALOGUES = {
    "postgres": (_POSTGRES_COLUMNS, _POSTGRES_INDEXES, _POSTGRES_CONSTRAINTS),
    "sqlite": (_SQLITE_COLUMNS, _SQLITE_INDEXES, _SQLITE_FOREIGN_KEYS),
}


async def catalogue(opened_store):
    queries = _CATALOGUES["postgres" if opened_store.is_postgres else "sqlite"]
    return [[tuple(row.values()) for row in await run(query)] for query in queries]


async def test_the_migrated_schema_is_the_one_of_the_models(url, tmp_path, request):
    async with store.open(url, create=True) as migrated:
        by_steps = await catalogue(migrated)
    if file_of(url) is None:
        postgres = request.getfixturevalue("postgres")
        from_models = postgres.create("from_models")
        connection = await asyncpg.connect(from_models)
        await connection.execute('CREATE TABLE "migration" ("name" TEXT)')
        await connection.close()
    else:
        from_models = store.sqlite_url(tmp_path / "from_models.db")
    try:
        async with connected(from_models) as fresh:
            await (
                get_connections()
                .get("default")
                .execute_script(get_schema_sql(get_connections().get("default"), safe=False))
            )
            assert by_steps == await catalogue(fresh)
    finally:
        if file_of(url) is None:
            postgres.drop("from_models")
    assert [len(part) > 20 for part in by_steps[:2]] == [True, True]


async def test_migrating_makes_the_database_and_twice_is_once(url):
    first = await migrate.migrate(url)
    assert first.applied == tuple(sorted({place.name.split(".")[0] for place in STEPS}))
    assert first.copy is None
    assert await migrate.migrate(url) == migrate.Report((), None)
    assert await migrate.pending(url) == ()


@pytest.fixture
def next_step(monkeypatch):
    """A step that a later version brings."""
    steps = migrate._steps
    added = 'ALTER TABLE "case_file" ADD COLUMN "mood" TEXT;\nCREATE INDEX "case_mood" ON "case_file" ("mood");\n'
    monkeypatch.setattr(migrate, "_steps", lambda opened_store: {**steps(opened_store), "9999_mood": added})


async def filled(url):
    async with store.open(url, create=True):
        return [(await opened()).changes[0].after for _ in range(3)]


async def test_a_filled_database_keeps_every_row(url, request):
    before = await filled(url)
    request.getfixturevalue("next_step")
    with pytest.raises(store.Outdated, match="9999_mood"):
        async with store.open(url, create=True):
            pass
    report = await migrate.migrate(url)
    assert report.applied == ("9999_mood",)
    async with store.open(url) as migrated:
        assert await cases.find() == before
        assert await verify() == []
        await opened()
        if not migrated.is_postgres:
            assert await run("PRAGMA foreign_key_check") == []
            assert [row["name"] for row in await run("SELECT name FROM sqlite_master WHERE name = 'case_mood'")]


@pytest.mark.usefixtures("next_step")
async def test_the_copy_before_a_migration_is_the_database_as_it_was(sqlite_url, monkeypatch):
    later = migrate._steps
    monkeypatch.undo()
    await filled(sqlite_url)
    monkeypatch.setattr(migrate, "_steps", later)
    report = await migrate.migrate(sqlite_url)
    assert report.copy.name == "maildesk.db.before-9999_mood"
    assert report.copy.stat().st_mode & 0o077 == 0
    copy = sqlite3.connect(report.copy)
    assert copy.execute('SELECT count(*) FROM "case_file"').fetchone() == (3,)
    assert "mood" not in {row[1] for row in copy.execute("PRAGMA table_info(case_file)")}
    copy.close()


@pytest.mark.usefixtures("next_step")
async def test_the_copy_is_named_before_the_first_step_is_taken(sqlite_url, monkeypatch):
    later = migrate._steps
    monkeypatch.undo()
    await filled(sqlite_url)
    monkeypatch.setattr(migrate, "_steps", later)
    columns = []

    def named(copy):
        with contextlib.closing(sqlite3.connect(file_of(sqlite_url))) as database:
            columns.extend(row[1] for row in database.execute("PRAGMA table_info(case_file)"))
        assert copy.exists()

    await migrate.migrate(sqlite_url, named)
    assert columns
    assert "mood" not in columns


@pytest.mark.usefixtures("next_step")
async def test_a_copy_that_cannot_be_written_changes_nothing_and_leaves_no_copy(sqlite_url, monkeypatch):
    later = migrate._steps
    monkeypatch.undo()
    await filled(sqlite_url)
    monkeypatch.setattr(migrate, "_steps", later)

    def no_room(_file, part):
        part.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(migrate, "_write_copy", no_room)
    with pytest.raises(store.StoreError, match=r"nothing was changed.*no space left"):
        await migrate.migrate(sqlite_url)
    assert list(file_of(sqlite_url).parent.glob("*before*")) == []
    assert await migrate.pending(sqlite_url) == ("9999_mood",)


async def test_a_step_that_fails_leaves_the_database_as_it_was(url, monkeypatch):
    await filled(url)
    steps = migrate._steps
    broken = 'CREATE TABLE "half" ("id" INT);\nCREATE TABLE "case_file" ("id" INT);\n'
    monkeypatch.setattr(migrate, "_steps", lambda opened_store: {**steps(opened_store), "9999_broken": broken})
    with pytest.raises(store.StoreError):
        await migrate.migrate(url)
    monkeypatch.undo()
    async with store.open(url):
        assert len(await cases.find()) == 3
        with pytest.raises(Exception, match="half"):
            await run('SELECT * FROM "half"')


@pytest.mark.usefixtures("next_step")
async def test_a_database_of_a_newer_version_is_refused(url, monkeypatch):
    await migrate.migrate(url)
    monkeypatch.undo()
    with pytest.raises(store.Outdated, match="newer"):
        async with store.open(url):
            pass


async def test_a_missing_sqlite_file_is_named_and_not_made(sqlite_url, tmp_path):
    with pytest.raises(store.StoreError, match="db migrate"):
        async with store.open(sqlite_url):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_the_file_is_for_its_owner_alone(sqlite_url):
    async with store.open(sqlite_url, create=True):
        await opened()
        for place in file_of(sqlite_url).parent.iterdir():
            assert place.stat().st_mode & 0o077 == 0, place
