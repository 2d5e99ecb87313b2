"""Tasks in processes of this machine, one thread each; a process that dies harms no other task."""

import multiprocessing
import os
import signal
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from isochron.runs.pool import THREAD_VARIABLES
from isochron.runs.sweep.executors import Order
from isochron.runs.sweep.store import Store
from isochron.runs.sweep.tasks import Task
from isochron.runs.sweep.work import CLAIMED, FAILED, Limits, end_with_parent, limit_memory, perform

GRACE_S = 10.0  # after the time of a task, before its process is killed
POLL_S = 0.5
AGAIN_S = 2.0  # before a task that someone else has claimed is looked at again


def run(order: Order) -> None:
    """Do the tasks in worker processes.

    A worker that is killed takes down its task alone: the task is done again after all others,
    by itself, and has failed if it kills a second worker.

    Raises
    ------
    OSError
        If a worker could not write to the store.
    """
    if order.tasks:
        _Pool(order).run()


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    since: float = 0.0


class _Pool:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._waiting = deque(order.tasks)
        self._claimed: list[Task] = []
        self._suspects: deque[Task] = deque()
        self._workers: list[_Worker] = []

    def run(self) -> None:
        """Until every task has results or has failed."""
        threads = {name: os.environ.get(name) for name in THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
        try:
            self._run_all(self._order.workers)
            while self._suspects:
                self._run_alone(self._suspects.popleft())
        finally:
            self._stop()
            for name, value in threads.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _run_all(self, workers: int) -> None:
        while self._waiting or self._claimed or any(w.task for w in self._workers):
            if not self._waiting and self._claimed and not any(w.task for w in self._workers):
                time.sleep(AGAIN_S)
            if not self._waiting:
                self._waiting.extend(self._claimed)
                self._claimed.clear()
            while self._waiting and (idle := self._idle(workers)) is not None:
                self._give(idle, self._waiting.popleft())
            self._wait()

    def _run_alone(self, task: Task) -> None:
        """A task that was running when its worker was killed."""
        worker = self._idle(1) or self._begin()
        self._give(worker, task)
        while worker.task is not None:
            self._wait(second=True)
        if self._claimed:
            self._claimed.clear()
            self._suspects.append(task)
            time.sleep(AGAIN_S)

    def _idle(self, workers: int) -> _Worker | None:
        for worker in self._workers:
            if worker.task is None:
                return worker
        return self._begin() if len(self._workers) < workers else None

    def _begin(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, str(self._order.store.path), self._order.limits)
        process = context.Process(target=_serve, args=arguments, daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _give(self, worker: _Worker, task: Task) -> None:
        worker.task, worker.since = task, time.monotonic()
        try:
            worker.pipe.send_bytes(task.to_json().encode())
        except OSError:  # it died between two tasks
            worker.pipe.close()
            self._workers.remove(worker)
            self._waiting.appendleft(task)

    def _wait(self, *, second: bool = False) -> None:
        busy = {w.pipe: w for w in self._workers if w.task is not None}
        for pipe in wait(list(busy), timeout=POLL_S):
            self._hear(busy[pipe], second)  # type: ignore[index]
        longest = self._order.limits.seconds
        for worker in list(busy.values()):
            if longest and worker.task and time.monotonic() - worker.since > longest + GRACE_S:
                self._fail(worker, f"The task took longer than {longest:g} s.", "timeout")

    def _hear(self, worker: _Worker, second: bool) -> None:
        task = worker.task
        assert task is not None
        try:
            kind, _, text = worker.pipe.recv_bytes().decode().partition(":")
        except (EOFError, OSError):
            self._died(worker, task, second)
            return
        worker.task = None
        if kind == "disk":
            number, _, path = text.partition(":")
            raise OSError(int(number), os.strerror(int(number)), path)
        if kind == CLAIMED:
            self._claimed.append(task)
            return
        self._order.watch.update(kind, task)

    def _died(self, worker: _Worker, task: Task, second: bool) -> None:
        worker.process.join(5)
        code = worker.process.exitcode
        timed_out = self._order.limits.seconds and (
            time.monotonic() - worker.since > self._order.limits.seconds
        )
        if timed_out:
            self._fail(worker, f"The task took longer than {self._order.limits.seconds:g} s.",
                       "timeout")  # fmt: skip
        elif second:
            self._fail(worker, f"The task ended its process twice: {_ending(code)}.", "killed")
        else:
            self._forget(worker)
            self._order.store.release(task.key)
            self._suspects.append(task)

    def _fail(self, worker: _Worker, error: str, reason: str) -> None:
        task = worker.task
        assert task is not None
        self._forget(worker)
        self._order.store.release(task.key)
        self._order.store.fail(task, error, reason)
        self._order.watch.update(FAILED, task)

    def _forget(self, worker: _Worker) -> None:
        worker.task = None
        worker.process.kill()
        worker.process.join(5)
        worker.pipe.close()
        self._workers.remove(worker)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()  # an idle worker ends
            if worker.task is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(3)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join(5)
            if worker.task is not None:
                self._order.store.release(worker.task.key)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        memory = " (the system does that when memory is short)" if name == "SIGKILL" else ""
        return f"signal {name}{memory}"
    return f"exit code {code}"


def _serve(pipe: Connection, path: str, limits: Limits) -> None:
    """A worker: a task in, its outcome out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    limit_memory(limits)
    store = Store(Path(path))
    while True:
        try:
            line = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        outcome: Any
        try:
            outcome = perform(store, Task.from_json(line.decode()), limits)
        except OSError as error:
            outcome = f"disk:{error.errno or 5}:{error.filename or path}"
        pipe.send_bytes(outcome.encode())
