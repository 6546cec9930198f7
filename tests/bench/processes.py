"""What a tree of processes costs: CPU seconds and memory, read from /proc.

CPU seconds are those of every living process and of all that it has reaped, so that a child that came and went between
two looks counts as well. Memory is the proportional set size: a page that three processes share counts once in all.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Self

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024


def tree(root: int) -> list[int]:
    """The process and everything that descends from it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far, the dead included."""
    return sum(sum(map(int, fields[11:15])) for fields in map(_stat, tree(root)) if fields) / TICKS


def pss_bytes(root: int) -> int:
    """The tree's memory now."""
    return sum(_pss(pid) for pid in tree(root))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; none where the process has gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:")), 0)


class PeakMemory:
    """The highest memory of a tree while the block runs, looked at every `every` seconds."""

    def __init__(self, root: int, every: float = 0.1) -> None:
        self.bytes = 0
        self._root, self._every = root, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self.bytes = max(self.bytes, pss_bytes(self._root))


def help_seconds(times: int = 5) -> float:
    """How long `maildesk --help` takes, as the median of some calls."""
    taken = []
    for _ in range(times):
        begin = perf_counter()
        subprocess.run(
            [Path(sys.executable).parent / "maildesk", "--help"], check=True, stdout=subprocess.DEVNULL, timeout=30
        )
        taken.append(perf_counter() - begin)
    return median(taken)
