"""Tasks on a Dask cluster: it moves keys and outcomes, the results are files of the store."""

from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from isochron.runs.sweep.executors import Order
from isochron.runs.sweep.store import Store
from isochron.runs.sweep.tasks import Task
from isochron.runs.sweep.work import CLAIMED, FAILED, Limits, limit_memory, perform

ALLOWED_FAILURES = 2  # deaths of a worker before Dask gives up its tasks, innocent ones too
AHEAD = 4  # tasks per worker that Dask has at a time
ROUNDS = 3


def run(order: Order) -> None:
    """Do the tasks on a cluster.

    Parameters
    ----------
    order : Order
        Option ``scheduler``: address of a running scheduler; a cluster on this machine by
        default. Every worker must see the store under the same path.

    Raises
    ------
    ModuleNotFoundError
        If distributed is not installed.
    OSError
        If a worker could not write to the store.
    """
    from dask import config
    from distributed import Client, LocalCluster

    if not order.tasks:
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
                    dashboard_address=None,  # pyright: ignore[reportArgumentType]
                    memory_limit=0,
                )
            )
        client = stack.enter_context(Client(address))
        _run(order, client)


def _run(order: Order, client: Any) -> None:
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    waiting = deque(order.tasks)
    suspects: list[Task] = []
    futures: dict[Any, Task] = {}
    ended = as_completed()
    path = str(order.store.path.resolve())

    def submit() -> None:
        limit = max(1, AHEAD * order.workers)
        while waiting and len(futures) < limit:
            task = waiting.popleft()
            future = client.submit(
                _work, path, task.to_json(), vars_of(order.limits),
                key=f"isochron-{task.key}", retries=0, pure=False,
            )  # fmt: skip
            futures[future] = task
            ended.add(future)

    submit()
    while futures:
        future = next(ended)
        task = futures.pop(future)
        try:
            outcome = future.result()
            if outcome == CLAIMED:
                waiting.append(task)
            else:
                order.watch.update(outcome, task)
        except KilledWorker:
            suspects.append(task)
        submit()
    for task in suspects:
        _run_alone(order, client, task, path)


def _run_alone(order: Order, client: Any, task: Task, path: str) -> None:
    """A task that was on a worker that died; its neighbors on that worker had no part in it."""
    from distributed.scheduler import KilledWorker

    if order.store.has(task.key):
        order.watch.update("skipped", task)
        return
    order.store.release(task.key)
    future = client.submit(
        _work, path, task.to_json(), vars_of(order.limits),
        key=f"isochron-alone-{task.key}", retries=0, pure=False,
    )  # fmt: skip
    try:
        order.watch.update(future.result(), task)
    except KilledWorker:
        order.store.release(task.key)
        order.store.fail(task, "The task ended its worker each time.", "killed")
        order.watch.update(FAILED, task)


def vars_of(limits: Limits) -> dict[str, Any]:
    """Limits as plain data."""
    return {"seconds": limits.seconds, "memory_GiB": limits.memory_GiB}


def _work(path: str, line: str, limits: dict[str, Any]) -> str:
    """One task on a worker of Dask."""
    import torch

    torch.set_num_threads(1)
    made = Limits(**limits)
    limit_memory(made)
    return perform(Store(Path(path)), Task.from_json(line), made)
