"""A private PostgreSQL cluster on a loopback port; as root it runs as the `postgres` user.

Made without durability (fsync off): it lives for one test run.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servers.places import STOP_SECONDS, ServerMissing, end, folder, free_ports, program, tail

USER = "maildesk"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "3600",
}


@dataclass(slots=True)
class Postgres:
    """A running cluster. `url(name)` names a database; `create(name)` makes it."""

    place: Path
    port: int
    command: Sequence[str]
    process: "subprocess.Popen[bytes]"

    def url(self, database: str) -> str:
        """The database as tortoise and asyncpg name it."""
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database and give its URL."""
        self._command("createdb", database)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove the database, whoever is still connected to it."""
        self._command("dropdb", "--force", database)

    def _command(self, name: str, *words: str) -> None:
        call = [_binary(name), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, *words]
        subprocess.run(call, check=True, capture_output=True, timeout=30)

    def ask(self, database: str, sql: str) -> list[tuple[object, ...]]:
        """The rows of one statement, numbers as int; none where the server is away or there is no such table."""
        call = [
            _binary("psql"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            USER,
            "-XAtF",
            "\t",
            "-c",
            sql,
            database,
        ]
        said = subprocess.run(call, check=False, capture_output=True, text=True, timeout=30).stdout
        rows = [line.split("\t") for line in said.splitlines()]
        return [tuple(int(word) if word.isdigit() else word for word in row) for row in rows]

    def resume(self) -> None:
        """Start it again on the same port with the same databases."""
        self.process = _launch(self.command, self.place, self.port)

    def halt(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGTERM waits for clients, SIGINT does not, SIGQUIT is as a crash. Its databases stay."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        end(self.process)

    def stop(self) -> None:
        """End it and take its folder away."""
        self.halt()
        shutil.rmtree(self.place, ignore_errors=True)


def start() -> Postgres:
    """Make a cluster and start it. ServerMissing where PostgreSQL is not installed."""
    initdb, server = _binary("initdb"), _binary("postgres")
    place = folder("postgres")
    as_owner: Sequence[str] = []
    if os.geteuid() == 0:
        owner = _server_user()
        shutil.chown(place, owner.pw_uid, owner.pw_gid)
        ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        as_owner = [program("setpriv", "util-linux"), *ids]
    place.chmod(0o700)
    (port,) = free_ports(1)
    cluster = place / "cluster"
    making = [*as_owner, initdb, "-D", str(cluster), "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync"]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C", "HOME": str(place)}
    subprocess.run(making, check=True, capture_output=True, timeout=60, env=environment, cwd="/")
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    sockets = ["-c", f"unix_socket_directories={place}"]
    command = [*as_owner, server, "-D", str(cluster), "-p", str(port), *settings, *sockets]
    return Postgres(place, port, command, _launch(command, place, port))


def _launch(command: Sequence[str], place: Path, port: int) -> "subprocess.Popen[bytes]":
    """The process, when it takes connections."""
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C", "HOME": str(place)}
    log = place / "postgres.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, start_new_session=True, stdout=out, stderr=out, env=environment, cwd="/")
    _await_ready(port, process, log)
    return process


def _await_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    waiting = [_binary("pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(100):
        if process.poll() is not None:
            break
        if subprocess.run(waiting, check=False, capture_output=True, timeout=10).returncode == 0:
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    end(process)
    raise RuntimeError(f"PostgreSQL did not start\n{tail(log)}")


def _binary(name: str) -> str:
    """The newest installed version's program: Debian keeps them out of the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(versions[-1]) if versions else program(name, "postgresql")


def _server_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError as exc:
        raise ServerMissing("there is no user postgres for the server to run as (Debian package postgresql)") from exc
