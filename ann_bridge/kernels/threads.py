"""Distribution of threads between tiles of compiled kernels and torch."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch

_for_tiles: ContextVar[int | None] = ContextVar("_for_tiles", default=None)


@contextmanager
def threads_for_tiles() -> Iterator[None]:
    """Tiles have all threads that torch had, and torch uses one.

    Sums of torch in several threads differ in the last bits from those in one. Besides, MKL wakes
    all threads even for the square root of 200 numbers, and these spin for a while afterwards on
    cores that tiles could use.
    """
    count = torch.get_num_threads()
    token = _for_tiles.set(_for_tiles.get() or count)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)
        _for_tiles.reset(token)


def in_threads(tasks: Sequence[Callable[[], None]]) -> None:
    """Do all tasks, in as many threads as torch may use, or had before `threads_for_tiles`."""
    workers = min(_for_tiles.get() or torch.get_num_threads(), len(tasks))
    waiting = iter(tasks)  # of a list: a task is taken by one thread only

    def work() -> None:
        for task in waiting:
            task()

    helpers = [_pool(workers - 1).submit(work) for _ in range(workers - 1)]
    try:
        work()
    finally:
        for helper in helpers:
            helper.result()


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    """A permanent pool: starting threads takes as long as running a small network."""
    return ThreadPoolExecutor(workers)


if hasattr(os, "register_at_fork"):  # the threads do not exist in a forked process
    os.register_at_fork(after_in_child=_pool.cache_clear)
