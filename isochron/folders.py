"""Atomic writing of folders: a new version next to the old one, which it then replaces."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isochron.locks import locked

SEAL = Path("seal", "zarr.json")  # file with the digests, in the folder of a run in Zarr
WAIT_S = 60.0  # for a different process that writes the same folder
ATTEMPTS, PAUSE_S = 20, 0.05


def own_folder(path: Path) -> Path:
    """A folder under a name of our own: it is made if it is not there.

    Raises
    ------
    ValueError
        If the name is that of a symbolic link or a file.
    """
    refuse_links(path.parent, [path.name])
    if os.path.lexists(path) and not path.is_dir():
        raise ValueError(f"{path} is not a folder. Delete it.")
    path.mkdir(exist_ok=True)
    return path


def refuse_links(path: Path, names: Iterable[str]) -> None:
    """Check that files and folders in a folder are not symbolic links to other places.

    Raises
    ------
    ValueError
        If one is.
    """
    for name in names:
        if (path / name).is_symlink():
            raise ValueError(
                f"{path} contains {name}, a symbolic link, which is not followed. Delete it, or "
                "give a different folder with --out."
            )


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
