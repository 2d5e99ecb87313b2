"""One item of work from data to a file of results, wherever it runs."""

import errno
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from isochron.runs.executors import Item
from isochron.runs.executors.failures import record_error
from isochron.runs.executors.work_folder import Report, WorkFolder

SCARCE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
DONE, FAILED, SKIPPED, CLAIMED = "done", "failed", "skipped", "claimed"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a task may use.

    Attributes
    ----------
    seconds : float, optional
        Longest time of a task.
    memory_GiB : float, optional
        Largest address space of a worker.

    Examples
    --------
    >>> from isochron.runs.sweep import Limits
    >>> Limits(seconds=60).stale_s  # a claim of a task that is older does not count
    120
    """

    seconds: float | None = None
    memory_GiB: float | None = None

    @property
    def stale_s(self) -> float:
        """Age at which a claim of a task does not count any more."""
        return 2 * (self.seconds or 43_200.0)


class TaskTimeoutError(Exception):
    """A task took longer than it may."""


def _silent(fraction: float, text: str) -> None:
    """Report nothing."""


def perform(folder: WorkFolder, item: Item, limits: Limits, report: Report = _silent) -> str:
    """Do an item, unless its results are there or someone else does it.

    Parameters
    ----------
    folder : WorkFolder
    item : Item
    limits : Limits
    report : callable
        ``report(fraction, text)`` receives the progress of the item.

    Returns
    -------
    {"done", "failed", "skipped", "claimed"}

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    if folder.has(item.key):
        return SKIPPED
    if not folder.claim(item.key, limits.stale_s):
        return CLAIMED
    try:
        return _perform(folder, item, limits, report)
    finally:
        folder.release(item.key)


def _perform(folder: WorkFolder, item: Item, limits: Limits, report: Report) -> str:
    began = time.perf_counter()
    try:
        with _watchdog(limits.seconds):
            result = folder.compute(item, report)
    except MemoryError as error:
        folder.fail(item, f"{error} {folder.memory_hint}".strip(), "memory")
        return FAILED
    except TaskTimeoutError:
        folder.fail(item, too_long(folder, limits), "timeout")
        return FAILED
    except (Exception, SystemExit) as error:  # a function may call sys.exit
        if isinstance(error, SystemExit) and error.code == 128 + signal.SIGTERM:
            raise  # of `isochron.cli.signals`: this process ends
        if isinstance(error, OSError) and error.errno in SCARCE:
            raise
        text = f"{type(error).__name__}: {error}"
        folder.fail(item, text, "error", **record_error(error))
        return FAILED
    folder.save(item, result, time.perf_counter() - began)
    return DONE


def too_long(folder: WorkFolder, limits: Limits) -> str:
    """Text of the failure of an item that took longer than it may."""
    return f"The {folder.noun} took longer than {limits.seconds:g} s."


@contextmanager
def _watchdog(seconds: float | None) -> Iterator[None]:
    """Stop after some time: by an alarm, or, in code that does not listen, with the process."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TaskTimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    with open(os.devnull, "w") as nowhere:
        later = seconds + max(5.0, 0.2 * seconds)
        faulthandler.dump_traceback_later(later, exit=True, file=nowhere)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()
            signal.signal(signal.SIGALRM, before)


def limit_memory(limits: Limits) -> None:
    """Limit the address space of this process, so that too large an array is a MemoryError."""
    if limits.memory_GiB is not None:
        import resource

        size = int(limits.memory_GiB * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def end_with_parent() -> None:
    """End this process, a worker of `multiprocessing`, when the one that started it ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)

    def watch() -> None:  # also of one that ended before this line
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
