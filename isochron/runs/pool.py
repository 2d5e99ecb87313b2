"""Run steps in worker processes, one thread each, and report their progress."""

import multiprocessing
import os
import queue
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


@dataclass(frozen=True)
class Step:
    """One piece of work: ``function(*arguments, report=...)`` in a separate process.

    Attributes
    ----------
    name : str
        Name, different for each step.
    function : callable
        Function of a module, so that a different process can import it. It may call
        ``report(fraction, text)``.
    arguments : tuple
        Arguments of the function.
    after : tuple of str
        Steps that must be finished first.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, ...] = field(default=())


class Progress(Protocol):
    """Display of the progress of steps."""

    def begin(self, step: str) -> None:
        """Called when a step starts."""

    def update(self, step: str, fraction: float, text: str) -> None:
        """Called with the finished fraction of a step, 0 to 1, and its state in words."""

    def end(self, step: str, seconds: float) -> None:
        """Called when a step is finished."""


_messages: Any = None


def run_steps(
    steps: Sequence[Step],
    *,
    finished: set[str],
    finish: Callable[[str, Any, float], None],
    progress: Progress,
    workers: int,
) -> None:
    """Run the steps that are not finished, several at a time.

    Every worker uses one thread, so results do not depend on the number of workers. A
    step that fails stops the others and its exception is raised; an interruption ends the
    workers, too. Steps that were finished before remain finished.

    Parameters
    ----------
    steps : sequence of Step
        In the order of preference.
    finished : set of str
        Names of the steps that are finished already.
    finish : callable
        ``finish(name, result, seconds)`` is called as each step ends.
    progress : Progress
        Display of the progress.
    workers : int
        Number of processes, at least 1.
    """
    waiting = {step.name: step for step in steps if step.name not in finished}
    done = set(finished)
    if not waiting:
        return
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (messages,))
    running: dict[Future, str] = {}
    try:
        while waiting or running:
            for step in _ready(waiting, done):
                if len(running) == workers:
                    break
                del waiting[step.name]
                running[pool.submit(_work, step)] = step.name
                progress.begin(step.name)
            ended, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            _pass_on(messages, progress)
            for future in ended:
                name = running.pop(future)
                result, seconds = future.result()
                finish(name, result, seconds)
                progress.end(name, seconds)
                done.add(name)
        pool.shutdown()
    except BaseException:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ready(waiting: Mapping[str, Step], done: set[str]) -> list[Step]:
    return [step for step in waiting.values() if set(step.after) <= done]


def _pass_on(messages: Any, progress: Progress) -> None:
    try:
        while True:
            progress.update(*messages.get_nowait())
    except queue.Empty:
        pass


def _begin_worker(messages: Any) -> None:
    global _messages
    _messages = messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    torch.set_num_threads(1)


def _work(step: Step) -> tuple[Any, float]:
    began, last = time.perf_counter(), 0.0

    def report(fraction: float, text: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last > 0.2:
            last = now
            _messages.put((step.name, fraction, text))

    result = step.function(*step.arguments, report=report)
    return result, time.perf_counter() - began
