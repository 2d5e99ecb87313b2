"""The steps of an experiment, run in its folder, and what is made of their results."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from isochron.files import write_bytes, write_json
from isochron.runs.pool import Progress, Step, run_steps
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunFolder


def run_plan(
    folder: RunFolder,
    steps: Sequence[Step],
    assemble: Callable[[], object],
    build_report: Callable[[Path], str],
    *,
    progress: Progress,
    workers: int,
) -> None:
    """Do the steps that are not finished; write ``results.json`` and ``report.html``.

    Parameters
    ----------
    folder : RunFolder
    steps : sequence of Step
    assemble : callable
        The results, once all steps are finished: a dataclass of what ``results.json`` has.
    build_report : callable
        ``report.html`` of the finished run folder.
    progress : Progress
    workers : int
        Processes.
    """
    run_steps(
        steps,
        finished={step.name for step in steps if folder.finished(step.name)},
        finish=folder.finish,
        progress=progress,
        workers=workers,
    )
    write_json(folder.path / "results.json", to_json_values(assemble()))
    write_bytes(folder.path / "report.html", build_report(folder.path).encode())


def count_workers(workers: int | None) -> int:
    """Number of processes: the given one, or the number of cores.

    Raises
    ------
    ValueError
        If it is less than one.
    """
    if workers is None:
        return max(1, os.cpu_count() or 1)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}.")
    return workers
