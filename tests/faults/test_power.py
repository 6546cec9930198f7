"""The short form of the section `power`."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import synced_sqlite

from faults.kill import Plan, torment

pytestmark = pytest.mark.skipif(not synced_sqlite.is_possible(), reason="Python's SQLite is no shared library here")

_WRITER = """
import os, signal, sqlite3, sys
import synced_sqlite
synced_sqlite.remember_syncs()
database = sqlite3.connect(sys.argv[1])
database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous={sys.argv[2]}; CREATE TABLE entry (number);")
for number in range(20):
    database.execute("INSERT INTO entry VALUES (?)", (number,))
    database.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.timeout(120)
def test_a_cut_of_power_at_random_moments_loses_no_mail_and_says_nothing_twice(dovecot, user, tmp_path):
    plan = Plan(30, 3, longest=2.0, seed=random.randrange(2**32), cuts_power=True)  # noqa: S311 - no secret
    lines = torment(plan, dovecot, user, tmp_path)
    assert [str(line) for line in lines if not line.is_kept] == [], plan


@pytest.mark.parametrize(("synchronous", "left"), [("FULL", 20), ("OFF", None)])
def test_a_cut_leaves_what_was_synced_and_nothing_else(tmp_path, synchronous, left):
    file = tmp_path / "entries.db"
    here = Path(synced_sqlite.__file__).parent
    ended = subprocess.run([sys.executable, "-c", _WRITER, str(file), synchronous], cwd=here, timeout=30, check=False)
    assert ended.returncode == -signal.SIGKILL
    undone = synced_sqlite.cut_power(file)
    database = sqlite3.connect(file)
    if left is None:
        assert undone
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            database.execute("SELECT COUNT(*) FROM entry")
    else:
        assert database.execute("SELECT COUNT(*) FROM entry").fetchall() == [(left,)]
    database.close()
