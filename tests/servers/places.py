"""Where a private server lives: free ports, a short folder, and the end of a process."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 20.0
STOP_SECONDS = 5.0
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


class ServerMissing(Exception):  # noqa: N818 - a reason to skip, not an error
    """The program is not installed, or this user may not run it. The text says what to do."""


def program(name: str, package: str) -> str:
    """The path of an installed program, the folders of root's PATH included."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS]))
    if found is None:
        raise ServerMissing(f"{name} is not installed (Debian package {package}; `make test` as root installs it)")
    return found


def free_ports(count: int) -> list[int]:
    """Loopback ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


def folder(name: str) -> Path:
    """A new folder with a path short enough for unix sockets, open for the servers' own users to pass through."""
    made = Path(tempfile.mkdtemp(prefix=f"md-{name}-"))
    made.chmod(0o755)
    return made


def await_greeting(port: int, greeting: bytes, is_alive: Callable[[], bool]) -> None:
    """Wait until the server on `port` says its `greeting`; RuntimeError when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and is_alive():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.settimeout(2)
            if sock.recv(64).startswith(greeting):
                return
        time.sleep(0.05)
    raise RuntimeError(f"nobody greets on port {port}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to the process that we started, SIGKILL to its group where it does not go."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


def tail(path: Path, lines: int = 20) -> str:
    """The end of a log, for the words of a failure."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else f"(no {path.name})"
