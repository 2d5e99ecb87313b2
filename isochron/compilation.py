"""Compilation by numba: reproducible results, and no outdated code from the cache.

numba compiles a function again into each of its callers. Which copy runs depends on what was
loaded first, so a process that compiles and a process that loads from the cache run different
copies. They give the same results only if floating-point arithmetic is strict (no
``fastmath``): the compiler must not change the order of sums.

The cache of numba checks the file of a function, but not the files of the functions that it
calls; here it checks all Python files of the folder. Each signature is saved in a separate
file, as processes that compile at the same time may overwrite each other's index.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile

from isochron.files import sha256


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator for a function that is compiled on its first call, or loaded from the cache.

    Parameters
    ----------
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
            stamp = saved._cache_file._source_stamp, source_digest(folder)
            name = saved._impl.filename_base
            saved._cache_file = _FilePerSignature(saved.cache_path, name, stamp)
        return dispatcher

    return decorate


@cache
def source_digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all Python files of a folder."""
    files = ((path.name, path.read_bytes()) for path in sorted(folder.glob("*.py")))
    return sha256(f"{name} {len(content)}\n".encode() + content for name, content in files)


class _FilePerSignature(IndexDataCacheFile):
    """Files of compiled code, each with a name made from all that the code depends on."""

    def save(self, key: Any, data: Any) -> None:
        """Write what was compiled for a signature and processor."""
        self._save_data(self._file_name(key), data)

    def load(self, key: Any) -> Any:
        """Read what was compiled for a signature and processor; None if there is nothing."""
        try:
            return self._load_data(self._file_name(key))
        except FileNotFoundError:
            return None

    def _file_name(self, key: Any) -> str:
        state: Any = self
        depends_on = repr((numba.__version__, state._source_stamp, key))
        digest = sha256(depends_on.encode())
        return f"{Path(state._index_name).stem}.{digest[:24]}.nbc"
