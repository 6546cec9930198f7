"""The process that forks the children: it holds the parsers, reads no foreign byte, and stays.

It is started by `children.Children` as a program of its own in a session of its own. It ignores SIGINT and SIGTERM:
its only order to end is that the control socket closes, which the kernel sees to even where the parent was killed.
It knows no mail and imports no room; the modules to preload and the function that children run are dotted names.

Control socket (SOCK_SEQPACKET). From the parent: `FORK` with the child's end of a socket pair, or `KILL` and a pid.
To the parent: `STARTED` and a pid, in the order of the FORKs.
A child's socket (SOCK_STREAM) carries frames: 4 bytes of length and the item one way; 4 bytes of length, one byte of
verdict (DONE or FAILED) and the result or the reason the other way.
"""

import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable

FORK = b"F"
KILL = b"K"
PID = struct.Struct("!i")
FRAME = struct.Struct("!I")
DONE = b"D"
FAILED = b"F"
CONTROL_BYTES = 16
GRACE_SECONDS = 5  # the child's own alarm rings this long after the parent should have had it killed

type_of_work = Callable[[bytes], bytes]


def main(argv: list[str]) -> None:
    """Serve one parent: `forkserver FD TARGET MEMORY DEADLINE MODULE…` (bytes, seconds, dotted names)."""
    descriptor, target, memory, deadline, *preload = argv
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for module in preload:
        importlib.import_module(module)
    work = resolve(target)
    gc.collect()
    gc.freeze()  # so that a child's collections do not copy the pages it shares with us
    with socket.socket(fileno=int(descriptor)) as control:
        serve(control, work, int(memory), float(deadline))


def resolve(target: str) -> type_of_work:
    """The function that "package.module:name" names; ImportError or AttributeError where there is none."""
    module, _, name = target.partition(":")
    function: type_of_work = getattr(importlib.import_module(module), name)
    return function


def serve(control: socket.socket, work: type_of_work, memory: int, deadline: float) -> None:
    """Fork and kill as told until the control socket closes; then no child is left alive."""
    children: set[int] = set()
    wake, waker = socket.socketpair()
    for end in (wake, waker):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker.fileno())
    is_open = True
    while is_open:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            reap(children)
        if control in ready:
            with contextlib.suppress(ConnectionError):  # killed between its order and our answer: the next look ends us
                is_open = obey(control, children, lambda descriptor: fork(descriptor, work, memory, deadline))
    signal.set_wakeup_fd(-1)
    kill(children)


def obey(control: socket.socket, children: set[int], fork_on: Callable[[int], int]) -> bool:
    """Do as the parent orders; False when it has closed the socket. ConnectionError where it is gone meanwhile."""
    order, descriptors, _, _ = socket.recv_fds(control, CONTROL_BYTES, 1)
    if order == FORK and descriptors:
        pid = fork_on(descriptors[0])
        children.add(pid)
        control.send(PID.pack(pid))
    elif order[:1] == KILL:
        kill(children & {PID.unpack(order[1:])[0]})
    return bool(order)


def reap(children: set[int]) -> None:
    """Forget the children that ended. Until then their pids are ours and can be killed without harm to others."""
    for pid in tuple(children):
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)


def kill(pids: set[int]) -> None:
    """Kill children that were not reaped yet."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def fork(descriptor: int, work: type_of_work, memory: int, deadline: float) -> int:
    """A new child on its end of the socket pair; its pid."""
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        close_all_but(descriptor)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with socket.socket(fileno=descriptor) as channel:
            answer(channel, work, deadline)
        status = 0
    except OSError:
        status = 0  # the parent has gone or has given this child up: nobody is left to be told
    finally:
        os._exit(status)
    return 0


def close_all_but(descriptor: int) -> None:
    """Leave the child nothing of the server's but standard streams: no control socket, no other child's socket."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 1024)


def answer(channel: socket.socket, work: type_of_work, deadline: float) -> None:
    """Answer items until the parent closes the channel. An alarm ends a child whose parent cannot have it killed."""
    with channel.makefile("rb", buffering=1 << 16) as incoming:
        while len(head := incoming.read(FRAME.size)) == FRAME.size:
            item = incoming.read(FRAME.unpack(head)[0])
            signal.setitimer(signal.ITIMER_REAL, deadline + GRACE_SECONDS)
            verdict, result = attempt(work, item)
            signal.setitimer(signal.ITIMER_REAL, 0)
            del item
            channel.sendall(FRAME.pack(len(result)) + verdict)
            channel.sendall(result)


def attempt(work: type_of_work, item: bytes) -> tuple[bytes, bytes]:
    """One item's verdict and result. What the function raises is a result: the other items must not suffer for it."""
    try:
        return DONE, work(item)
    except MemoryError:
        return FAILED, b"it needed more memory than a child may have"
    except Exception as failure:  # noqa: BLE001  foreign input; the parent keeps the mail and the reason
        return FAILED, f"{type(failure).__name__}: {failure}".encode("utf-8", "backslashreplace")[:2000]


if __name__ == "__main__":
    main(sys.argv[1:])
