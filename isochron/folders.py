"""Atomic writing of folders: a new version next to the old one, which it then replaces."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isochron.locks import locked

WAIT_S = 60.0  # for a different process that writes the same folder
ATTEMPTS, PAUSE_S = 20, 0.05


@contextmanager
def new_version(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which replaces the one at `path` at the end of the context.

    One process writes a folder at a time; others wait. After an error, or a crash at any moment,
    the folder has its old content or the new one, possibly under a name from which `recover`
    restores it. A symbolic link at `path` is replaced, not followed.

    Raises
    ------
    BlockingIOError
        If a different process has written the folder for more than `WAIT_S`.
    OSError
        If it cannot be written; `path` is then unchanged.
    """
    with locked(path, WAIT_S):
        recover(path)
        part = path.with_name(f".{path.name}.part")
        _remove(part)
        part.mkdir()
        try:
            yield part
            with uninterrupted():
                _replace(path, part)
        except OSError as error:
            if error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, str(path)) from error
        finally:
            _remove_written(part)


def recover(path: Path) -> None:
    """Restore a folder that a crash while it was replaced left under a temporary name."""
    if _is_lost(path):
        with locked(path, WAIT_S):
            if _is_lost(path):
                os.rename(_previous(path), path)


def _is_lost(path: Path) -> bool:
    previous = _previous(path)
    return previous.is_dir() and not previous.is_symlink() and not os.path.lexists(path)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A context that SIGINT and SIGTERM do not interrupt; they act at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not None:
            before[number] = signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def _remove_written(part: Path) -> None:
    """Delete a folder into which threads of a library that failed may still write."""
    for _ in range(ATTEMPTS):
        if not os.path.lexists(part):
            return
        _remove(part)
        time.sleep(PAUSE_S)


def _replace(path: Path, part: Path) -> None:
    previous = _previous(path)
    if os.path.lexists(path):
        _remove(previous)
        os.rename(path, previous)
    try:
        os.rename(part, path)
    except OSError:
        recover(path)
        raise
    _remove(previous)


def _previous(path: Path) -> Path:
    return path.with_name(f".{path.name}.previous")


def _remove(path: Path) -> None:
    """Delete a folder, or a file or link in its place."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
