"""The rows of docs/trust.md: what was broken on purpose, how often, and what was counted afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from servers import dovecot as dovecot_server
from servers import places
from servers import postfix as postfix_server
from servers import postgres as postgres_server
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Line:
    """One count. `wanted` is the promise; None: a number that stands beside."""

    what: str
    counted: int | str
    wanted: int | str | None = None

    @property
    def is_kept(self) -> bool:
        return self.wanted in (None, self.counted)

    def __str__(self) -> str:
        promise = "" if self.wanted is None else f"{self.wanted!s:>7}{'' if self.is_kept else '   BROKEN'}"
        return f"{self.what:<78} {self.counted!s:>7} {promise}"


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that was broken on purpose, how often, and the counts that followed."""

    what: str
    times: int
    lines: tuple[Line, ...]

    @property
    def is_kept(self) -> bool:
        return all(line.is_kept for line in self.lines)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much: numbered mails and kills of the long torment, mails of a storm, times that each other fault is made."""

    mails: int = 2000
    kills: int = 100
    storm: int = 5000
    rounds: int = 3
    seed: int = 0


@dataclass(slots=True)
class Ground:
    """The private servers, each started when it is first wanted, and folders and mailboxes that nobody else uses.

    Raises ServerMissing where one is not installed.
    """

    _dovecot: Dovecot | None = None
    _postfix: Postfix | None = None
    _postgres: Postgres | None = None
    _count: int = 0
    _folders: list[Path] = field(default_factory=list)

    @property
    def dovecot(self) -> Dovecot:
        self._dovecot = self._dovecot or dovecot_server.start()
        return self._dovecot

    @property
    def postfix(self) -> Postfix:
        self._postfix = self._postfix or postfix_server.start(self.dovecot.lmtp)
        return self._postfix

    @property
    def postgres(self) -> Postgres:
        self._postgres = self._postgres or postgres_server.start()
        return self._postgres

    def user(self, name: str = "desk") -> str:
        """A mailbox of its own."""
        self._count += 1
        return f"{name}-{self._count}@example.test"

    def folder(self) -> Path:
        """A folder of its own, taken away at the end."""
        self._folders.append(places.folder("faults"))
        return self._folders[-1]

    def stop(self, *, keep_folders: bool = False) -> list[Path]:
        """Stop every server; the folders that are left."""
        for server in (self._postfix, self._postgres, self._dovecot):
            if server:
                server.stop()
        if not keep_folders:
            for one in self._folders:
                places.shutil.rmtree(one, ignore_errors=True)
        return self._folders if keep_folders else []


class Section(Protocol):
    """A part of the table: breaks things one after the other and says what came of each."""

    def __call__(self, ground: Ground, scale: Scale) -> Iterator[Broken]: ...
