"""Work in processes of this machine, one thread each; a process that dies harms no other item."""

import multiprocessing
import os
import signal
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from isochron.files import DataFileError
from isochron.folders import uninterrupted
from isochron.runs.executors import THREAD_VARIABLES, Item, Order
from isochron.runs.executors.agenda import Agenda
from isochron.runs.executors.work import (
    CLAIMED,
    DONE,
    FAILED,
    SKIPPED,
    Limits,
    end_with_parent,
    limit_memory,
    perform,
    too_long,
)
from isochron.runs.executors.work_folder import Report, open_folder
from isochron.wording import print_warning

GRACE_S = 10.0  # after the time of an item, before its process is killed
POLL_S = 0.5
AGAIN_S = 2.0  # before an item that someone else has claimed is looked at again
PATIENCE_S = 3.0  # with workers that end, and with those that are killed
REPORT_S = 0.2  # between two reports of the progress of an item
PROGRESS = "progress"


def run(order: Order) -> None:
    """Do the work in worker processes.

    A worker that is killed takes down its item alone: the item is done again after all others,
    by itself, and has failed if it kills a second worker.

    Raises
    ------
    OSError
        If a worker could not write to the folder.
    """
    if order.items:
        _Pool(order).run()


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    item: Item | None = None
    since: float = 0.0


class _Pool:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._agenda = Agenda(order.items)
        self._claimed: list[Item] = []
        self._suspects: deque[Item] = deque()
        self._workers: list[_Worker] = []

    def run(self) -> None:
        """Until every item has results or has failed, or needs one that has failed."""
        with _one_thread():
            try:
                self._run_all(self._order.workers)
                while self._suspects:
                    self._run_alone(self._suspects.popleft())
                    self._run_all(self._order.workers)  # what needs it
            finally:
                self._stop()

    def _run_all(self, workers: int) -> None:
        while self._agenda or self._claimed or any(w.item for w in self._workers):
            if not self._agenda and self._claimed and not any(w.item for w in self._workers):
                time.sleep(AGAIN_S)
            if not self._agenda:
                for item in self._claimed:
                    self._agenda.give_back(item)
                self._claimed.clear()
            while self._agenda and (idle := self._idle(workers)) is not None:
                self._give(idle, self._agenda.pop())
            self._wait()

    def _run_alone(self, item: Item) -> None:
        """An item that was running when its worker was killed."""
        worker = self._idle(1) or self._begin()
        self._give(worker, item)
        while worker.item is not None:
            self._wait(second=True)
        if self._claimed:
            self._claimed.clear()
            self._suspects.append(item)
            time.sleep(AGAIN_S)

    def _idle(self, workers: int) -> _Worker | None:
        for worker in self._workers:
            if worker.item is None:
                return worker
        return self._begin() if len(self._workers) < workers else None

    def _begin(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, str(self._order.folder.path.resolve()), self._order.limits)
        process = context.Process(target=_serve, args=arguments, daemon=True)
        # A signal acts when the worker is listed, so that `_stop` ends it too.
        with uninterrupted():
            resource_tracker.ensure_running()  # its start would unblock the signal below
            with _without_interrupt():
                process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _give(self, worker: _Worker, item: Item) -> None:
        worker.item, worker.since = item, time.monotonic()
        try:
            worker.pipe.send_bytes(item.to_json().encode())
        except OSError:  # it died between two items
            worker.item = None
            worker.pipe.close()
            self._workers.remove(worker)
            self._agenda.give_back(item)
            return
        self._order.watch.begin(item)

    def _wait(self, *, second: bool = False) -> None:
        busy = {w.pipe: w for w in self._workers if w.item is not None}
        for pipe in wait(list(busy), timeout=POLL_S):
            self._hear(busy[pipe], second)  # type: ignore[index]
        longest = self._order.limits.seconds
        for worker in list(busy.values()):
            if longest and worker.item and time.monotonic() - worker.since > longest + GRACE_S:
                self._fail(worker, too_long(self._order.folder, self._order.limits), "timeout")

    def _hear(self, worker: _Worker, second: bool) -> None:
        item = worker.item
        assert item is not None
        try:
            kind, _, text = worker.pipe.recv_bytes().decode().partition(":")
        except (EOFError, OSError):
            self._died(worker, item, second)
            return
        if kind == PROGRESS:
            fraction, _, text = text.partition(":")
            self._order.watch.report(item, float(fraction), text)
            return
        worker.item = None
        if kind == "disk":
            number, _, path = text.partition(":")
            raise OSError(int(number), os.strerror(int(number)), path)
        if kind == "plan":
            raise DataFileError(text)
        if kind == CLAIMED:
            self._claimed.append(item)
            return
        if kind in (DONE, SKIPPED):
            self._agenda.done(item)
        self._order.watch.update(kind, item)

    def _died(self, worker: _Worker, item: Item, second: bool) -> None:
        worker.process.join(5)
        code, limits = worker.process.exitcode, self._order.limits
        if limits.seconds and time.monotonic() - worker.since > limits.seconds:
            self._fail(worker, too_long(self._order.folder, limits), "timeout")
        elif second:
            noun = self._order.folder.noun
            self._fail(worker, f"The {noun} ended its process twice: {_ending(code)}.", "killed")
        else:
            self._forget(worker)
            self._order.folder.release(item.key)
            self._suspects.append(item)

    def _fail(self, worker: _Worker, error: str, reason: str) -> None:
        item = worker.item
        assert item is not None
        self._forget(worker)
        self._order.folder.release(item.key)
        self._order.folder.fail(item, error, reason)
        self._order.watch.update(FAILED, item)

    def _forget(self, worker: _Worker) -> None:
        worker.item = None
        worker.process.kill()
        worker.process.join(5)
        worker.pipe.close()
        self._workers.remove(worker)

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.item is not None:
                worker.process.terminate()
            worker.pipe.close()  # an idle worker ends
        _wait_for_all(self._workers, PATIENCE_S)
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.kill()
        _wait_for_all(self._workers, PATIENCE_S)
        for worker in self._workers:
            if worker.item is not None:
                self._order.folder.release(worker.item.key)


def _wait_for_all(workers: Iterable[_Worker], seconds: float) -> None:
    """Wait until all processes have ended, or for this time in all."""
    end = time.monotonic() + seconds
    for worker in workers:
        worker.process.join(max(0.0, end - time.monotonic()))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that start inside use one thread each, set before they import numpy."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_interrupt() -> Iterator[None]:
    """A process that starts inside does not receive Ctrl-C before `_serve` ignores it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        memory = " (the system does that when memory is short)" if name == "SIGKILL" else ""
        return f"signal {name}{memory}"
    return f"exit code {code}"


def _serve(pipe: Connection, path: str, limits: Limits) -> None:
    """A worker: an item in, its outcome out."""
    warnings.showwarning = print_warning
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with_parent()
    limit_memory(limits)
    folder = open_folder(Path(path))
    while True:
        try:
            line = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        outcome: Any
        try:
            outcome = perform(folder, folder.parse(line.decode()), limits, _reporter(pipe))
        except OSError as error:
            outcome = f"disk:{error.errno or 5}:{error.filename or path}"
        except DataFileError as error:  # of the plan: those of an item are recorded
            outcome = f"plan:{error}"
        try:
            pipe.send_bytes(outcome.encode())
        except OSError:  # the pool is gone; what was computed is on the disk
            return


def _reporter(pipe: Connection) -> Report:
    last = 0.0

    def report(fraction: float, text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > REPORT_S:
            last = now
            with suppress(OSError):  # the pool is gone, and this process will be
                pipe.send_bytes(f"{PROGRESS}:{fraction}:{text}".encode())

    return report
