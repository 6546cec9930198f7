import subprocess
import sys

import pytest

from maildesk import store

HOLD = """
import sys, pathlib
from maildesk import store
with store.lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_the_first_is(tmp_path):
    database = tmp_path / "data" / "maildesk.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(store.LockHeld, match=rf"maildesk\.db is in use .*process {holder.pid}\b"),
            store.lock(database),
        ):
            pass
        holder.kill()
        holder.wait(10)
        with store.lock(database):
            pass


def test_the_lock_is_let_go_at_the_end_of_the_block(tmp_path):
    for _ in range(2):
        with store.lock(tmp_path / "maildesk.db"):
            pass


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(store.StoreError, match="data"), store.lock(tmp_path / "data" / "maildesk.db"):
        pass


def test_the_same_process_cannot_hold_it_twice(tmp_path):
    with store.lock(tmp_path / "maildesk.db"), pytest.raises(store.LockHeld), store.lock(tmp_path / "maildesk.db"):
        pass
