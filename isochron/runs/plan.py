"""The steps of an experiment, run in its folder, and what is made of their results."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from isochron.files import write_bytes, write_sealed_json
from isochron.runs.progress import Progress
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import INTERIM, RunFolder
from isochron.runs.steps import Execution, Step, run_steps


def run_plan(
    folder: RunFolder,
    steps: Sequence[Step],
    assemble: Callable[[], object],
    build_pages: Callable[[Path], Mapping[str, str]],
    *,
    progress: Progress,
    execution: Execution,
) -> None:
    """Do the steps that are not finished; write ``results.json`` and the pages.

    Pages of the unfinished run (`INTERIM`) are then removed.

    Parameters
    ----------
    folder : RunFolder
    steps : sequence of Step
    assemble : callable
        The results, once all steps are finished: a dataclass of what ``results.json`` has.
    build_pages : callable
        Pages of the finished run folder as HTML, by file name: ``report.html`` and others.
    progress : Progress
    execution : Execution
        Where the steps run.
    """
    run_steps(folder.path, steps, progress=progress, execution=execution)
    write_sealed_json(folder.path / "results.json", to_json_values(assemble()))
    write_pages(folder.path, build_pages)
    for name in INTERIM:
        (folder.path / name).unlink(missing_ok=True)


def write_pages(run: Path, build_pages: Callable[[Path], Mapping[str, str]]) -> None:
    """Write the pages of a finished run folder."""
    for name, page in build_pages(run).items():
        write_bytes(run / name, page.encode())


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
