"""One task from data to a file of results, wherever it runs."""

import errno
import faulthandler
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from isochron.runs.sweep.experiments import open_experiment
from isochron.runs.sweep.store import Store
from isochron.runs.sweep.tasks import Task

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


def perform(store: Store, task: Task, limits: Limits) -> str:
    """Do a task, unless its results are there or someone else does it.

    Returns
    -------
    {"done", "failed", "skipped", "claimed"}

    Raises
    ------
    OSError
        If the store cannot be written to.
    """
    if store.has(task.key):
        return SKIPPED
    if not store.claim(task.key, limits.stale_s):
        return CLAIMED
    try:
        return _perform(store, task, limits)
    finally:
        store.release(task.key)


def _perform(store: Store, task: Task, limits: Limits) -> str:
    began = time.perf_counter()
    folder = store.work_folder(task.key)
    try:
        with _watchdog(limits.seconds):
            result = open_experiment(task.experiment).run(task.settings(), task.seeds, folder)
    except MemoryError as error:
        store.fail(task, f"{error} Use a smaller batch.".strip(), "memory")
        return FAILED
    except TaskTimeoutError:
        store.fail(task, f"The task took longer than {limits.seconds:g} s.", "timeout")
        return FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in SCARCE:
            raise
        store.fail(task, f"{type(error).__name__}: {error}", "error")
        return FAILED
    store.write(task.key, result)
    store.log(task.key, len(task), time.perf_counter() - began)
    shutil.rmtree(folder, ignore_errors=True)
    return DONE


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
    faulthandler.dump_traceback_later(seconds + max(5.0, 0.2 * seconds), exit=True, file=_nowhere())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def _nowhere():
    return open(os.devnull, "w")


def limit_memory(limits: Limits) -> None:
    """Limit the address space of this process, so that too large an array is a MemoryError."""
    if limits.memory_GiB is not None:
        import resource

        size = int(limits.memory_GiB * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def end_with_parent() -> None:
    """End this process when the one that started it ends, however it does."""
    parent = os.getppid()
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
