"""Who computes in threads: tiles of compiled kernels, or torch."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_for_tiles: ContextVar[int | None] = ContextVar("_for_tiles", default=None)


@contextmanager
def threads_for_tiles() -> Iterator[None]:
    """Tiles have all threads that torch had, and torch goes on in one.

    MKL wakes all threads even for the square root of 200 numbers, and these spin for a while
    afterwards on cores that tiles could have.
    """
    count = torch.get_num_threads()
    token = _for_tiles.set(count)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)
        _for_tiles.reset(token)


def in_threads(tasks: Sequence[Callable[[], None]]) -> None:
    """Do all tasks, in as many threads as torch may use, or had before `threads_for_tiles`."""
    workers = min(_for_tiles.get() or torch.get_num_threads(), len(tasks))
    if workers <= 1:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
