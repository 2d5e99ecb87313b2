"""Folders of compiled code that nobody else can write: what is in them is executed."""

import atexit
import os
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """The folder if only this user and root can change what it contains, or a private one.

    Parameters
    ----------
    folder : Path
        Folder that exists.

    Returns
    -------
    Path
        `folder`, or a folder of the same name in ``isochron`` in the user's cache folder; if that
        is not private either, a temporary one.
    """
    return folder if is_private(folder) else _folder_for_all() / folder.name


def is_private(folder: Path) -> bool:
    """Whether only this user and root can change the files in a folder."""
    trusted = (0, os.geteuid())
    found = folder.stat()
    if found.st_uid not in trusted or found.st_mode & stat.S_IWOTH:
        return False
    above = (parent.stat() for parent in folder.resolve().parents)
    return all(
        item.st_uid in trusted and item.st_mode & stat.S_ISVTX
        for item in above
        if item.st_mode & stat.S_IWOTH
    )


@cache
def _folder_for_all() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "isochron"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_private(folder) and os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):  # no home, or one that cannot be written to
        pass
    folder = Path(tempfile.mkdtemp(prefix="isochron-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
