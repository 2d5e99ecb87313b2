"""Compilation by numba: reproducible results, and no outdated code from the cache.

numba compiles a function again into each of its callers. Which copy runs depends on what was
loaded first, so a process that compiles and a process that loads from the cache run different
copies. They give the same results only if floating-point arithmetic is strict (no
``fastmath``): the compiler must not change the order of sums.

The cache of numba checks the file of a function, but not the files of the functions that it
calls; here it checks all Python files of the folder and of those below it, of
`isochron.kernels`, whose parts are compiled into functions of other folders, and of the packages
that are named in `calls`. Each signature is saved in a separate file, as processes that compile
at the same time may overwrite each other's index.

Loading from the cache executes what is in it, so a folder that others can write is not used.
"""

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile

from isochron.files import sha256
from isochron.private_cache import private_folder

SHARED = Path(__file__).parent / "kernels"
# If this environment variable is set, a line on stderr states what is compiled.
ANNOUNCE = "ISOCHRON_ANNOUNCE_COMPILATION"


def compiled(*, calls: Sequence[str] = (), **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator for a function that is compiled on its first call, or loaded from the cache.

    Parameters
    ----------
    calls : sequence of str
        Other packages whose compiled functions it calls.
    **options
        Options of `numba.njit`; ``fastmath`` is not supported, because results would depend on
        the compiler.

    Raises
    ------
    ValueError
        If `options` has ``fastmath``.
    """
    if "fastmath" in options:
        raise ValueError("fastmath is not supported: results would depend on the compiler.")

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(cache=True, **options)(function)
        if dispatcher is not function:  # NUMBA_DISABLE_JIT=1 gives the function itself
            saved = dispatcher._cache
            folder = Path(function.__code__.co_filename).parent
            digests = tuple(map(source_digest, (folder, SHARED, *_folders(calls))))
            stamp = saved._cache_file._source_stamp, *digests
            name = saved._impl.filename_base
            place = private_folder(Path(saved.cache_path))
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            saved._cache_file = _FilePerSignature(str(place), name, stamp)
            saved._cache_file.group = function.__module__.rpartition(".")[0] or function.__module__
        return dispatcher

    return decorate


def _folders(packages: Sequence[str]) -> list[Path]:
    root = Path(__file__).parent
    return [root.joinpath(*package.split(".")[1:]) for package in packages]


@cache
def source_digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all Python files in a folder and those below it."""
    paths = sorted(folder.rglob("*.py"))
    files = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)
    return sha256(f"{name} {len(content)}\n".encode() + content for name, content in files)


class _FilePerSignature(IndexDataCacheFile):
    """Files of compiled code, each with a name made from all that the code depends on."""

    group = ""  # package of the function

    def save(self, key: Any, data: Any) -> None:
        """Write what was compiled for a signature and processor."""
        self._save_data(self._file_name(key), data)

    def load(self, key: Any) -> Any:
        """Read what was compiled for a signature and processor; None if nothing whole is there."""
        try:
            return self._load_data(self._file_name(key))
        except (FileNotFoundError, EOFError, pickle.UnpicklingError):
            self._announce()
            return None

    def _announce(self) -> None:
        """State once per machine, package and version that code is compiled."""
        state: Any = self
        if not os.environ.get(ANNOUNCE):
            return
        digest = sha256(repr((numba.__version__, self.group, state._source_stamp[1])).encode())
        try:
            Path(state._cache_path, f"{digest[:24]}.announced").touch(exist_ok=False)
        except OSError:  # a process has done it
            return
        text = f"Compiling {self.group}; later runs load the result."
        sys.stderr.write(text + "\n")

    def _file_name(self, key: Any) -> str:
        state: Any = self
        depends_on = repr((numba.__version__, state._source_stamp, key))
        digest = sha256(depends_on.encode())
        return f"{Path(state._index_name).stem}.{digest[:24]}.nbc"
