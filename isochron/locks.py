"""Locks of output: of several processes that write to one place, one writes at a time."""

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

POLL_S = 0.02
_held = threading.local()


def lock_file(path: Path, busy: str, wait_s: float = 0.0) -> BinaryIO:
    """Lock a file, which is made if it does not exist, until it is closed.

    Parameters
    ----------
    path : Path
        The file.
    busy : str
        Message of the error if a different process has the lock.
    wait_s : float
        Time to wait for it, in s.

    Returns
    -------
    file
        The open file.

    Raises
    ------
    BlockingIOError
        If the lock is not free.
    ValueError
        If the path is a symbolic link, or not a file.
    OSError
        If the file cannot be opened.
    """
    file = _open(path)
    try:
        _wait(file, busy, wait_s)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def locked(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Lock a path that is about to be written, by a file next to it that is then deleted.

    A thread that has the lock gets it again.

    Parameters
    ----------
    path : Path
        File or folder; it need not exist.
    wait_s : float
        Time to wait for a different thread or process that has the lock, in s.

    Raises
    ------
    BlockingIOError, ValueError, OSError
        As `lock_file`.
    """
    lock = path.absolute().with_name(f".{path.name}.lock")
    mine: set[Path] = _held.__dict__.setdefault("paths", set())
    if lock in mine:
        yield
        return
    with _lock_that_exists(lock, f"{path} is in use by a second isochron.", wait_s):
        mine.add(lock)
        try:
            yield
        finally:
            mine.discard(lock)
            with suppress(OSError):
                lock.unlink()


def _lock_that_exists(lock: Path, busy: str, wait_s: float) -> BinaryIO:
    """The lock; not that of a file which its last owner has deleted in the meantime."""
    end = time.monotonic() + wait_s
    while True:
        file = lock_file(lock, busy, end - time.monotonic())
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.lstat(lock)):
                return file
        file.close()


def _open(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not wait
    try:
        file = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path} is a symbolic link, not a lock; delete it.") from None
        if error.errno == errno.EISDIR:
            raise ValueError(f"{path} is not a file, as a lock is; delete it.") from None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError(f"{path} is not a file, as a lock is; delete it.")
    return file


def _wait(file: BinaryIO, busy: str, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise BlockingIOError(errno.EWOULDBLOCK, busy) from None
        time.sleep(POLL_S)
