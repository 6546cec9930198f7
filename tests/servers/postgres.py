"""A private PostgreSQL cluster on a loopback port; as root it runs as the `postgres` user.

Made without durability (fsync off): it lives for one test run.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servers.places import ServerMissing, end, folder, free_ports, program, tail

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


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running cluster. `url(name)` names a database; `create(name)` makes it."""

    place: Path
    port: int
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

    def stop(self) -> None:
        """End it and take its folder away. SIGTERM is the smart shutdown and waits for clients; SIGINT does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        end(self.process)
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
    log = place / "postgres.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*as_owner, server, "-D", str(cluster), "-p", str(port), *settings, *sockets],
            start_new_session=True, stdout=out, stderr=out, env=environment, cwd="/",
        )  # fmt: skip
    _await_ready(port, process, log)
    return Postgres(place, port, process)


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
