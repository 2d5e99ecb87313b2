"""Work on a Dask cluster: it moves items and outcomes, the results are files of the folder."""

import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from dask import config
from distributed import Client, LocalCluster, as_completed, get_worker
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from isochron.runs.executors import Item, Order
from isochron.runs.executors.agenda import Agenda
from isochron.runs.executors.failures import ClusterError
from isochron.runs.executors.work import (
    CLAIMED,
    DONE,
    FAILED,
    SKIPPED,
    Limits,
    limit_memory,
    perform,
    too_long,
)
from isochron.runs.executors.work_folder import WorkFolder, open_folder

ALLOWED_FAILURES = 2  # deaths of a worker before Dask gives up its items, innocent ones too
AHEAD = 4  # items per worker that Dask has at a time
AGAIN_S = 2.0  # before an item that someone else has claimed is looked at again


def run(order: Order) -> None:
    """Do the work on a cluster.

    Parameters
    ----------
    order : Order
        Option ``scheduler``: address of a running scheduler; a cluster on this machine by
        default. Every worker must see the folder under the same path.

    Raises
    ------
    ModuleNotFoundError
        If distributed is not installed.
    ValueError
        If the address of the scheduler is not one.
    ClusterError
        If the scheduler ends before the work is done.
    OSError
        If a worker could not write to the folder, or the scheduler is not reached.
    """
    if not order.items:
        return
    with ExitStack() as stack:
        stack.enter_context(
            config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES})
        )
        address = order.options.get("scheduler")
        if address is None:
            address = stack.enter_context(
                LocalCluster(
                    n_workers=order.workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",  # any free port; a second cluster finds one
                    memory_limit=0,
                    silence_logs=logging.ERROR,
                )
            )
        client = stack.enter_context(_connect(address))
        try:
            _run(order, client)
        except FutureCancelledError as error:
            raise ClusterError(
                "The scheduler of Dask has ended or cannot be reached any more. The same command "
                "continues with what is missing."
            ) from error


def _connect(address: Any) -> Client:
    try:
        return Client(address)
    except ValueError as error:
        raise ValueError(
            f"The address of a scheduler is like tcp://host:8786, got {address!r}."
        ) from error


def _run(order: Order, client: Any) -> None:
    order.folder.owner = uuid4().hex
    agenda, suspects = Agenda(order.items), deque()
    _run_all(order, client, agenda, suspects)
    while suspects:
        item = suspects.popleft()
        if _run_alone(order, client, item):
            agenda.done(item)
            _run_all(order, client, agenda, suspects)  # what needs it


def _run_all(order: Order, client: Any, agenda: Agenda, suspects: deque[Item]) -> None:
    """All items that are ready or become so; those on a worker that dies are suspects."""
    futures: dict[Any, Item] = {}
    claimed: list[Item] = []
    ended = as_completed()
    attempts: dict[str, Iterator[int]] = defaultdict(count)
    limit = AHEAD * max(order.workers, sum(client.nthreads().values()))

    def submit() -> None:
        while agenda and len(futures) < limit:
            item = agenda.pop()
            future = _submit(order, client, item, next(attempts[item.key]))
            futures[future] = item
            ended.add(future)

    submit()
    while futures:
        future = next(ended)
        item = futures.pop(future)
        try:
            outcome = future.result()
            if outcome == CLAIMED:
                claimed.append(item)
            else:
                if outcome in (DONE, SKIPPED):
                    agenda.done(item)
                order.watch.update(outcome, item)
        except KilledWorker:
            suspects.append(item)
        submit()
        if claimed and not futures:
            time.sleep(AGAIN_S)
            while claimed:
                agenda.give_back(claimed.pop())
            submit()


def _run_alone(order: Order, client: Any, item: Item) -> bool:
    """An item on a worker that died; its neighbors there had no part in it. Whether it is done."""
    outcome, attempts = CLAIMED, count()
    while outcome == CLAIMED:
        order.folder.release(item.key)
        try:
            outcome = _submit(order, client, item, f"alone-{next(attempts)}").result()
        except KilledWorker:
            order.folder.release(item.key)
            error = f"The {order.folder.noun} ended its worker each time."
            order.folder.fail(item, error, "killed")
            outcome = FAILED
    order.watch.update(outcome, item)
    return outcome in (DONE, SKIPPED)


def _submit(order: Order, client: Any, item: Item, attempt: int | str) -> Any:
    """One attempt: with the key of an earlier one, Dask would return the outcome of that."""
    path, limits = str(order.folder.path.resolve()), asdict(order.limits)
    key = f"isochron-{item.key}-{attempt}"
    arguments = (path, item.to_json(), limits, order.folder.owner)
    return client.submit(_work, *arguments, key=key, retries=0, pure=False)


def _work(path: str, line: str, limits: dict[str, Any], owner: str) -> str:
    """One item on a worker of Dask; `owner` is the command that has submitted it."""
    import torch

    torch.set_num_threads(1)
    made = Limits(**limits)
    limit_memory(made)
    folder = open_folder(Path(path))
    folder.owner = owner
    item = folder.parse(line)
    if folder.failure(item.key) is not None:  # its time was over in a process that ended with it
        return FAILED
    with (
        config.set(scheduler="synchronous"),  # or xarray asks the cluster for locks of files
        _time_limit(folder, item, made),
    ):
        return perform(folder, item, made)


@contextmanager
def _time_limit(folder: WorkFolder, item: Item, limits: Limits) -> Iterator[None]:
    """Record that an item took too long, and end its process, which its nanny starts again.

    A worker without a nanny may be a thread of a process that has other things to do.
    """
    if limits.seconds is None or get_worker().nanny is None:
        yield
        return

    def end() -> None:
        folder.fail(item, too_long(folder, limits), "timeout")
        folder.release(item.key)
        os._exit(1)

    timer = threading.Timer(limits.seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
