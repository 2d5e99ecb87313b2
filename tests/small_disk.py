"""File systems of a chosen size, or that cannot be written to, for tests; they need root."""

import gc
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A new file system in memory of a size such as ``1m``; the test is skipped without root.

    Parameters
    ----------
    folder : Path
        Folder to make, whose content it is.
    size : str
        Size as for ``mount -o size=``.
    """
    folder.mkdir()
    try:
        done = _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        # Libraries leave files open of which a write has failed; they are collected here, or later.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, option: str) -> None:
    """Change a file system of `mounted`: ``size=8m`` makes it larger, ``ro`` read-only."""
    done = _mount("-o", f"remount,{option}", folder)
    assert done.returncode == 0, done.stderr


def _mount(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
