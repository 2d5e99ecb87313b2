"""Processes that a command has started, such as compilers; they end with it. Linux only.

One in a separate session, such as a browser, continues.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

Started = dict[int, int]  # time in clock ticks by process


class _Process(NamedTuple):
    parent: int
    session: int
    start: int


def now() -> int:
    """Time since the start of the machine, in clock ticks."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return int(time.clock_gettime(clock) * os.sysconf("SC_CLK_TCK"))


def find_descendants(since: int) -> Started:
    """The processes below this one that were started after a time, and when they were."""
    every: dict[int, _Process] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        if (found := _read(path)) is not None:
            every[int(path.parent.name)] = found
    below: dict[int, _Process] = {}
    parents = {os.getpid()}
    while parents:
        parents = {pid for pid, found in every.items() if found.parent in parents} - set(below)
        below |= {pid: every[pid] for pid in parents}
    cleans_up, session = _resource_tracker(), os.getsid(0)
    return {
        pid: found.start
        for pid, found in below.items()
        if found.start >= since and found.session == session and pid != cleans_up
    }


def end_processes(started: Started) -> None:
    """Kill the processes that still run, not one that has the number of one that ended."""
    for pid, start in started.items():
        found = _read(Path(f"/proc/{pid}/stat"))
        if found is not None and found.start == start:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _resource_tracker() -> int | None:
    """The process that frees what those of multiprocessing share; it ends after this one."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    return getattr(getattr(module, "_resource_tracker", None), "_pid", None)


def _read(path: Path) -> _Process | None:
    """A process; None if it has ended."""
    try:
        fields = path.read_text().rpartition(")")[2].split()
        return _Process(int(fields[1]), int(fields[3]), int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None
