"""SQLite guesses without statistics: what a batch looks up must stay a search, or the last thousand mails are slow."""

import re

import pytest
from store_builders import NOW, opened

from maildesk import store
from maildesk.domain.filing import FilingKeys
from maildesk.store import cases, inbox, messages, outbox
from maildesk.store.backend import ImmediateClient
from maildesk.store.connection import run
from maildesk.store.filing_index import filing_index

KEYS = FilingKeys(
    addresses=(1, 2),
    cases=(1, 2),
    message_ids=("<a@example.com>", "<b@example.com>"),
    references=("C-2026-000001", "C-2026-000002"),
    senders=("ann@example.com", "bob@example.com"),
    texts=(("ann@example.com", "x"), ("bob@example.com", "y")),
    digests=("d1", "d2"),
)


@pytest.fixture
async def plans(sqlite_url, monkeypatch):
    """Every step of the plan of every query, as it is run."""
    seen = []
    query = ImmediateClient.execute_query

    async def watched(client, sql, values=None):
        seen.extend((sql, row["detail"]) for row in await run(f"EXPLAIN QUERY PLAN {sql}", *(values or ())))
        return await query(client, sql, values)

    async with store.open(sqlite_url, create=True):
        await opened()
        monkeypatch.setattr(ImmediateClient, "execute_query", watched)
        yield seen


async def test_no_look_up_of_a_batch_reads_a_whole_table_or_a_whole_desk(plans):
    await filing_index(KEYS, "complaints", NOW)
    await inbox.claim(["INBOX"], 50, 10**6)
    await inbox.unmoved("INBOX", 1, 10)
    await inbox.waiting(["INBOX"])
    await outbox.claim(NOW, 50, "here", 300, desk="complaints")
    await outbox.due_for_release(NOW, 50, desk="complaints")
    await outbox.next_release("complaints")
    await outbox.next_due("complaints")
    await outbox.states_of(1)
    await messages.thread_of(1)
    await messages.unverified_of(1)
    await cases.load([1, 2])
    await cases.overdue("complaints", NOW)
    assert len(plans) > 12
    assert [(sql, step) for sql, step in plans if re.match(r"SCAN|SEARCH \w+ USING .*\(desk=\?\)$", step)] == []
