import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from maildesk import forkserver
from maildesk.children import Children, Done, Failed, Limits, NoChildrenError

TARGET = "child_functions:act"
MIB = 1 << 20


def children(**limits: float) -> Children:
    return Children(TARGET, count=2, limits=Limits(**{"memory": 256 * MIB, "deadline": 20.0, **limits}))


@pytest.fixture
async def two() -> AsyncIterator[Children]:
    async with children() as found:
        yield found


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def first_free_handle() -> int:
    taken = {int(one.name) for one in Path("/proc/self/fd").iterdir()}
    return next(number for number in range(len(taken) + 1) if number not in taken)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  it waits for other processes, which set no event
            await asyncio.sleep(0.02)


async def test_results_come_in_the_order_of_the_items(two: Children):
    items = [b"echo %d" % number for number in range(100)]
    assert await two.run(items) == [Done(b"%d" % number) for number in range(100)]


async def test_nothing_to_do_has_no_results_and_starts_no_process(two: Children):
    assert await two.run([]) == []
    assert two.server_pid is None


async def test_the_fork_server_can_be_started_ahead_of_the_first_item(two: Children):
    await two.start()
    pid = two.server_pid
    assert pid is not None
    assert await two.run([b"echo 1"]) == [Done(b"1")]
    assert two.server_pid == pid


async def test_an_item_larger_than_the_pipe_comes_back_whole(two: Children):
    large = os.urandom(20 * MIB)
    assert await two.run([b"echo " + large, b"echo small"]) == [Done(large), Done(b"small")]


async def test_an_empty_item_has_a_result(two: Children):
    assert await two.run([b""]) == [Done(b"unknown")]


async def test_an_exception_is_the_result_of_its_item_alone(two: Children):
    assert await two.run([b"echo 1", b"fail on purpose", b"echo 2"]) == [
        Done(b"1"),
        Failed("ValueError: on purpose"),
        Done(b"2"),
    ]


async def test_a_child_that_wants_too_much_memory_fails_its_item_alone(two: Children):
    first, eater, last = await two.run([b"echo 1", b"eat 512", b"echo 2"])
    assert (first, last) == (Done(b"1"), Done(b"2"))
    assert isinstance(eater, Failed)
    assert "memory" in eater.reason


async def test_a_child_that_dies_fails_its_item_and_the_rest_goes_on_in_a_fresh_one(two: Children):
    items = [b"pid", b"echo 1", b"die", b"echo 2", b"pid"]
    before, one, dead, second, after = await two.run(items)
    assert (one, second) == (Done(b"1"), Done(b"2"))
    assert isinstance(dead, Failed)
    assert before != after


async def test_a_child_that_hangs_is_killed_and_the_items_before_it_are_kept():
    async with children(deadline=1.0) as found:
        first, hung, last, pid = await found.run([b"pid", b"hang", b"echo 2", b"pid"])
        assert isinstance(hung, Failed)
        assert "1 seconds" in hung.reason
        assert last == Done(b"2")
        assert isinstance(first, Done)
        assert first != pid
        await until(lambda: not is_running(int(first.value)))


async def test_every_item_of_a_batch_may_kill_its_child(two: Children):
    results = await two.run([b"die"] * 20)
    assert all(isinstance(result, Failed) for result in results)
    assert len(results) == 20


async def test_two_children_share_a_batch(two: Children):
    pids = {result.value for result in await two.run([b"pid"] * 200) if isinstance(result, Done)}
    assert len(pids) == 2


async def test_runs_at_the_same_time_do_not_mix(two: Children):
    batches = [[b"echo %d.%d" % (run, number) for number in range(30)] for run in range(6)]
    results = await asyncio.gather(*(two.run(batch) for batch in batches))
    assert results == [[Done(item.removeprefix(b"echo ")) for item in batch] for batch in batches]


async def test_an_idle_child_goes_and_a_new_one_comes_on_demand():
    async with children(idle=0.1) as found:
        (first,) = await found.run([b"pid"])
        assert isinstance(first, Done)
        await until(lambda: not is_running(int(first.value)))
        (second,) = await found.run([b"pid"])
        assert isinstance(second, Done)
        assert second != first


async def test_a_cancelled_run_leaves_no_stale_answer_behind(two: Children):
    running = asyncio.create_task(two.run([b"hang"]))
    await until(lambda: two.server_pid is not None)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await two.run([b"echo 1"]) == [Done(b"1")]


async def test_an_item_is_not_blamed_for_a_child_that_died_without_work(two: Children):
    (first,) = await two.run([b"pid"])
    assert isinstance(first, Done)
    os.kill(int(first.value), signal.SIGKILL)
    await until(lambda: not is_running(int(first.value)))
    await asyncio.sleep(0.05)
    assert await two.run([b"echo 1"]) == [Done(b"1")]


async def test_without_file_handles_no_item_is_judged_and_the_fork_server_stays(two: Children):
    await two.start()
    server = two.server_pid
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free_handle(), hard))
    try:
        with pytest.raises(NoChildrenError, match="Too many open files"):
            await two.run([b"echo 1"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert await two.run([b"echo 1"]) == [Done(b"1")]
    assert two.server_pid == server


async def test_a_killed_fork_server_is_started_again(two: Children):
    await two.run([b"echo 1"])
    pid = two.server_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: two.server_pid != pid)
    results = await two.run([b"echo %d" % number for number in range(40)])
    assert results[-1] == Done(b"39")
    assert await two.run([b"echo 3"]) == [Done(b"3")]
    assert two.server_pid != pid


async def test_the_fork_server_is_deaf_to_sigterm_and_sigint(two: Children):
    await two.run([b"echo 1"])
    pid = two.server_pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert await two.run([b"echo 2"] * 20) == [Done(b"2")] * 20
    assert two.server_pid == pid


async def test_closing_ends_the_server_and_every_child():
    found = children()
    results = await found.run([b"pid"] * 100)
    pids = {int(result.value) for result in results if isinstance(result, Done)} | {found.server_pid or 0}
    await found.close()
    await until(lambda: not any(map(is_running, pids)))


async def test_a_function_that_does_not_exist_is_no_fault_of_the_item():
    async with Children("child_functions:nothing", count=1) as found:
        with pytest.raises(NoChildrenError):
            await found.run([b"echo 1"])


async def test_no_secret_in_the_environment_reaches_a_child(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MAILDESK_PASSWORD", "swordfish")
    async with children() as found:
        (result,) = await found.run([b"environment"])
    assert isinstance(result, Done)
    assert b"PATH" in result.value
    assert b"MAILDESK_PASSWORD" not in result.value


async def test_a_child_holds_no_socket_but_its_own(two: Children):
    await two.run([b"echo 1"] * 50)
    (result,) = await two.run([b"descriptors"])
    assert isinstance(result, Done)
    assert len(result.value.split()) <= 5  # three standard streams, its socket, and the listing itself


def parent_that_hangs() -> tuple[subprocess.Popen[str], list[int]]:
    """A parent process whose children hang, and the ids of its server and children."""
    script = """
        import asyncio, sys
        from maildesk.children import Children

        async def main():
            children = Children("child_functions:act", count=2)
            results = await children.run([b"pid"] * 200)
            print(children.server_pid, *{int(result.value) for result in results}, flush=True)
            await children.run([b"hang"])

        asyncio.run(main())
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert parent.stdout is not None
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


async def test_all_processes_end_when_the_parent_is_killed():
    parent, pids = await asyncio.to_thread(parent_that_hangs)
    assert len(pids) >= 2
    with parent:
        parent.kill()
    await until(lambda: not any(map(is_running, pids)))


def test_a_fork_server_whose_parent_died_while_it_forked_ends_quietly_and_leaves_no_child():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    work, childs_end = socket.socketpair()
    with ours, theirs, work, childs_end:
        command = [sys.executable, "-m", "maildesk.forkserver", str(theirs.fileno()), TARGET, str(256 * MIB), "20"]
        server = subprocess.Popen(
            command, pass_fds=(theirs.fileno(),), cwd=Path(__file__).parent, stderr=subprocess.PIPE, text=True
        )
        theirs.close()
        socket.send_fds(ours, [forkserver.FORK], [childs_end.fileno()])
        ours.close()
        childs_end.close()
        _, said = server.communicate(timeout=30)
        assert (server.returncode, said) == (0, "")
        work.settimeout(30)
        assert work.recv(1) == b"", "the child lives on"
