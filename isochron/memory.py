"""Estimates of what work needs, before it starts."""

import os
from contextlib import suppress
from pathlib import Path


class TooLargeError(MemoryError, ValueError):
    """Work that this machine cannot do, by an estimate before it starts."""


def spare_memory() -> int:
    """Bytes of memory that the machine, or the container of this process, can spare."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    with suppress(OSError, StopIteration), open("/proc/meminfo", encoding="ascii") as lines:
        found = next(int(line.split()[1]) for line in lines if line.startswith("MemAvail")) * 1024
    with suppress(OSError, ValueError):  # "max" is no number
        found = min(found, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return found


def require_memory(needed: float, what: str, way_out: str) -> None:
    """Check that work fits into the memory.

    Parameters
    ----------
    needed : float
        Estimate of the bytes.
    what : str
        The work, as the subject of a sentence.
    way_out : str
        Sentence that states what to do.

    Raises
    ------
    TooLargeError
        If it does not fit.
    """
    spare = spare_memory()
    if needed > spare:
        raise TooLargeError(
            f"{what} would take about {needed / 2**30:.3g} GiB of memory; {spare / 2**30:.3g} GiB "
            f"are free. {way_out}"
        )
