"""Times of methods that take turns, so that a machine that changes its speed is fair to all."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Job = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Measures jobs on a device.

    On one thread it measures the CPU time of this process and of its children, which other
    processes of the machine hardly change; otherwise the time that passes.

    Attributes
    ----------
    device : {"cpu", "cuda"}
    n_threads : int
    """

    device: str = "cpu"
    n_threads: int = 1

    @property
    def clock(self) -> str:
        """What it measures: ``cpu`` or ``wall``."""
        return "cpu" if self.device == "cpu" and self.n_threads == 1 else "wall"

    def seconds(self, job: Job) -> float:
        """Seconds of one call, with what it started on the device."""
        self._wait()
        began = self._now()
        job()
        self._wait()
        return self._now() - began

    def take_turns(self, *jobs: Job, turns: int = 3, warm: int | None = None) -> list[float]:
        """Least seconds of each job; the jobs take turns.

        Parameters
        ----------
        *jobs : callable
            The first one is ours.
        turns : int
            Number of measured calls of each.
        warm : int, optional
            Number of jobs that are called once before, for compilation and caches; all by default.

        Returns
        -------
        list of float
            Seconds.
        """
        for job in jobs[:warm]:
            job()
        rounds = [[self.seconds(job) for job in jobs] for _ in range(turns)]
        return [min(times) for times in zip(*rounds, strict=True)]

    def _now(self) -> float:
        if self.clock == "wall":
            return time.perf_counter()
        used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(each.ru_utime + each.ru_stime for each in used)

    def _wait(self) -> None:
        if self.device == "cuda":
            import torch

            torch.cuda.synchronize()
