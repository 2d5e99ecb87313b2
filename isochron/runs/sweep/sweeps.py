"""A sweep: plan, run, and look at what the store has."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron.files import DataFileError, write_bytes
from isochron.runs.configuration import read_toml
from isochron.runs.executors import EXECUTORS, Order, Watch
from isochron.runs.executors.work import Limits, perform
from isochron.runs.executors.work_folder import remove_parts
from isochron.runs.plan import count_workers
from isochron.runs.sweep.experiments import BatchResult, open_experiment
from isochron.runs.sweep.grid import Grid, read_grid
from isochron.runs.sweep.rates import current_rate
from isochron.runs.sweep.store import Store
from isochron.runs.sweep.tasks import Task, check, cut
from isochron.runs.sweep.toml import write_grid

STATUS = ("missing", "done", "failed", "batch failed")
LONGEST_REASON = 300  # characters; an array of texts is as wide as its longest
MISSING, DONE, FAILED, BATCH_FAILED = range(4)


@dataclass(frozen=True, kw_only=True)
class SweepStatus:
    """How far a sweep is.

    Attributes
    ----------
    runs, done, failed, missing : int
        Runs of the grid; with results, of which some failed by themselves; of batches that
        failed; without results.
    failed_runs : int
        Runs with results that failed by themselves, such as by divergence.
    batches, failed_batches : int
        Number of batches that failed.
    reasons : dict of str to int
        Batches that failed, by reason.
    bytes : int
        Size of the results.
    seconds_per_run : float or None
        Time of one worker for a run, from the log.
    rate : float or None
        Runs per second of all workers in the last minutes; None if no batch ended in them.
    remaining_s : float or None
        Time in s until no run is missing, at that rate; None if it is not known.
    processors : tuple of str
        Kinds of processors that made results; with more than one, results are not bit-identical
        to those of a single kind.

    Examples
    --------
    >>> from isochron.runs.sweep import SweepStatus
    >>> status = SweepStatus(
    ...     runs=128, done=64, failed=0, missing=64, failed_runs=1, batches=2, failed_batches=0
    ... )
    >>> status.complete
    False
    """

    runs: int
    done: int
    failed: int
    missing: int
    failed_runs: int
    batches: int
    failed_batches: int
    reasons: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    seconds_per_run: float | None = None
    rate: float | None = None
    remaining_s: float | None = None
    processors: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every run has results, and none failed."""
        return not self.missing and not self.failed


class Sweep:
    """A sweep and its store.

    Parameters
    ----------
    path : path-like
        Store of a sweep, as `sweep` or ``isochron sweep`` made it.
    grid : Grid, optional
        By default that of ``sweep.toml`` in the store.

    Attributes
    ----------
    grid : Grid
    tasks : list of Task
        Batches of the grid.
    store : Store

    Examples
    --------
    >>> from isochron.runs.sweep import Sweep, sweep
    >>> grid = {"fixed": {"duration_s": 0.2, "observe_s": 0.2, "record_every_ms": 8.0},
    ...         "axes": {"amplitude_pA": [10.0, 20.0]}}
    >>> found = sweep("simulate", grid, out="S", workers=1)
    >>> again = Sweep("S")
    >>> again.status().complete, dict(again.dataset().sizes)
    (True, {'amplitude_pA': 2, 'neuron': 279})
    """

    def __init__(self, path: str | os.PathLike, grid: Grid | None = None) -> None:
        self.store = Store(Path(path))
        if grid is None:
            try:
                self.store.check_kind()
            except ValueError as error:
                raise DataFileError(str(error)) from error
            for name in ("plan.jsonl", "sweep.toml"):
                if not (self.store.path / name).is_file():
                    raise DataFileError(f"{path} does not have its {name}. Run the sweep again.")
        self.grid = grid or read_grid(read_toml(self.store.path / "sweep.toml"))
        self.tasks = self.store.plan() if grid is None else cut(self.grid, self.store.whole_plan())

    def status(self) -> SweepStatus:
        """How far it is, from the files of the store."""
        counts = dict.fromkeys(("done", "failed", "missing", "failed_runs", "failed_batches"), 0)
        reasons: dict[str, int] = {}
        for task in self.tasks:
            result = self.store.read(task.key)
            if result is not None:
                counts["done"] += len(task)
                counts["failed_runs"] += sum(map(bool, result.reasons))
            elif (failure := self.store.failure(task.key)) is not None:
                counts["failed"] += len(task)
                counts["failed_batches"] += 1
                reason = str(failure.get("reason", "error"))
                reasons[reason] = reasons.get(reason, 0) + 1
            else:
                counts["missing"] += len(task)
        lines = list(self.store.logged())
        runs = sum(line["runs"] for line in lines)
        rate = current_rate(lines)
        remaining = counts["missing"] / rate if rate else None
        return SweepStatus(
            runs=sum(map(len, self.tasks)), batches=len(self.tasks), reasons=reasons,
            bytes=self.store.size(self.tasks),
            processors=tuple(sorted({line["processor"] for line in lines})),
            seconds_per_run=sum(line["seconds"] for line in lines) / runs if runs else None,
            rate=rate, remaining_s=remaining if counts["missing"] else 0.0, **counts,
        )  # fmt: skip

    def digest(self) -> str:
        """SHA-256 of all results: equal for equal work, wherever it was done."""
        return self.store.digest(self.tasks)

    def dataset(self) -> xr.Dataset:
        """All results over the axes of the grid.

        Returns
        -------
        xarray.Dataset
            Variables of the experiment over the axes, with further dimensions such as
            ``neuron``; NaN where a run is missing or failed. A variable with the name of a setting
            ends in ``_result``. ``status``: 0 missing, 1 done,
            2 failed, 3 the batch failed; ``reason`` of those that failed.

        Raises
        ------
        ValueError
            If no batch has results yet.
        """
        results = {task.key: self.store.read(task.key) for task in self.tasks}
        known = [result for result in results.values() if result is not None]
        if not known:
            raise ValueError(f"{self.store.path} does not contain results yet.")
        labels = _union(known)
        n = len(self.grid)
        status, reason = np.zeros(n, np.int8), np.full(n, "", dtype=object)
        arrays: dict[str, np.ndarray] = {}
        for task in self.tasks:
            members = self._members(task)
            inside = np.array([k is not None for k in members])
            where = np.array([k for k in members if k is not None], dtype=int)
            result = results[task.key]
            if result is None:
                failure = self.store.failure(task.key)
                if failure is not None:
                    status[where] = BATCH_FAILED
                    reason[where] = str(failure.get("error", ""))[:LONGEST_REASON]
                continue
            failed = np.array([bool(why) for why in result.reasons])
            status[where] = np.where(failed, FAILED, DONE)[inside]
            texts = [why[:LONGEST_REASON] for why in result.reasons]
            reason[where] = np.array(texts, dtype=object)[inside]
            for name, values in result.variables.items():
                shape = [len(labels[dim]) if dim in labels else size for dim, size in zip(
                    result.dimensions.get(name, ()), values.shape[1:], strict=True)]  # fmt: skip
                if name not in arrays:
                    arrays[name] = _empty((n, *shape), values.dtype)
                if values.dtype.kind == "U":  # no batch shortens the texts of a later one
                    widest = np.promote_types(arrays[name].dtype, values.dtype)
                    arrays[name] = arrays[name].astype(widest, copy=False)
                places = [
                    _positions(labels[dim], result.coordinates[dim])
                    if dim in labels else np.arange(size)
                    for dim, size in zip(result.dimensions.get(name, ()), shape, strict=True)
                ]  # fmt: skip
                arrays[name][np.ix_(where, *places)] = values[inside]
        dimensions = {name: dims for result in known for name, dims in result.dimensions.items()}
        return self._labeled(labels, dimensions, arrays, status, reason)

    def _labeled(self, labels, dimensions, arrays, status, reason) -> xr.Dataset:
        dims, shape = self.grid.dimensions, self.grid.shape
        settings = self._coordinates()
        data: dict[str, Any] = {
            f"{name}_result" if name in settings else name: (
                (*dims, *dimensions.get(name, ())),
                a.reshape(*shape, *a.shape[1:]),
            )
            for name, a in arrays.items()
        }
        meanings = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": " ".join(
            meaning.replace(" ", "_") for meaning in STATUS)}  # fmt: skip
        data["status"] = (dims, status.reshape(shape), meanings)
        data["reason"] = (dims, reason.astype(str).reshape(shape))
        made = {"experiment": self.grid.experiment, "seed": self.grid.seed}
        return xr.Dataset(data, {**labels, **settings}, made)

    def _coordinates(self) -> dict[str, Any]:
        if self.grid.random:
            runs = [run for run, _ in self.grid.runs()]
            return {name: ("run", [run[name] for run in runs], self._described(name))
                    for name in runs[0]}  # fmt: skip
        found: dict[str, Any] = {}
        for axis in self.grid.axes:
            for name in axis.points[0]:
                values = [point[name] for point in axis.points]
                plain = [", ".join(map(str, v)) if isinstance(v, list) else v for v in values]
                found[name] = (axis.name, plain, self._described(name))
        return found

    def _described(self, name: str) -> dict[str, str]:
        """Unit and description of a setting, as attributes of its values."""
        if ":" in self.grid.experiment:  # a function of the user, which need not be here
            return {}
        field = open_experiment(self.grid.experiment).field(name)
        given = field.metadata if field is not None else {}
        attributes = {"units": given.get("unit"), "long_name": given.get("description")}
        return {key: text for key, text in attributes.items() if text}

    def _members(self, task: Task) -> list[int | None]:
        """Position of each run of a task; None if the grid does not have it any more."""
        if not hasattr(self, "_position"):
            self._position = {
                _identity(run, seed): k for k, (run, seed) in enumerate(self.grid.runs())
            }
            self._varied = {name for axis in self.grid.axes for name in axis.names}
        found = []
        for settings, seed in zip(task.settings(), task.seeds, strict=True):
            run = {name: settings[name] for name in self._varied if name in settings}
            found.append(self._position.get(_identity(run, seed)))
        return found


def _identity(run: Mapping[str, Any], seed: int) -> tuple:
    return seed, *((name, repr(run[name])) for name in sorted(run))


def _union(results: Iterable[BatchResult]) -> dict[str, np.ndarray]:
    """Labels of each dimension in any batch, in the order in which they appear."""
    found: dict[str, dict[Any, None]] = {}
    for result in results:
        for dim, labels in result.coordinates.items():
            found.setdefault(dim, {}).update(dict.fromkeys(labels.tolist()))
    return {dim: np.array(list(labels)) for dim, labels in found.items()}


def _positions(labels: np.ndarray, some: np.ndarray) -> np.ndarray:
    place = {label: k for k, label in enumerate(labels.tolist())}
    return np.array([place[label] for label in some.tolist()], dtype=int)


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if np.issubdtype(dtype, np.inexact):
        return np.full(shape, np.nan, dtype)
    if np.issubdtype(dtype, np.number) or dtype.kind == "b":
        return np.full(shape, np.nan)
    return np.full(shape, "", dtype)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a sweep will need.

    Attributes
    ----------
    runs, batches, missing_batches : int
        Number of batches without results.
    bytes : int
        Size of all results.
    core_hours : float or None
        None before a batch was measured.

    Examples
    --------
    >>> from isochron.runs.sweep.sweeps import estimate
    >>> needed = estimate({"experiment": "simulate", "axes": {"amplitude_pA": [1000.0, 2000.0]}})
    >>> needed.runs, needed.batches, needed.core_hours
    (2, 1, None)
    """

    runs: int
    batches: int
    missing_batches: int
    bytes: int
    core_hours: float | None


def sweep(
    experiment: str | None = None,
    grid: Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike,
    executor: str = "local",
    workers: int | None = None,
    limits: Limits | None = None,
    retry_failed: bool = False,
    force: bool = False,
    watch: Watch | None = None,
    **options: Any,
) -> Sweep:
    """Compute the runs of a grid that are not in the store yet.

    Parameters
    ----------
    experiment : str
        Name in ``isochron.runs.sweep.EXPERIMENTS``, or ``module:function`` of a function that
        takes the settings and the seeds of the runs of a batch.
    grid : mapping
        As in a TOML file: ``{"fixed": {...}, "axes": {"amplitude_pA": [1000, 2000]}}``.
    out : path-like
        Store of the sweep. What it has is not computed again.
    executor : {"local", "dask", "slurm"}
        Where the runs are computed: processes of this machine, a Dask cluster, or jobs of
        SLURM.
    workers : int, optional
        Processes; by default one for each core.
    limits : Limits, optional
        Time and memory of a task.
    retry_failed : bool
        Compute batches that failed before.
    force : bool
        Delete the results of a different version.
    watch : Watch, optional
        An object of a subclass of ``isochron.runs.executors.Watch``; receives each batch that
        ends.
    **options
        Options of the executor.

    Returns
    -------
    Sweep

    Raises
    ------
    ValueError
        If the grid or a setting is not valid, or `out` contains something else.
    DataFileError
        If a different version made the store.
    OSError
        If the store cannot be written to.

    Examples
    --------
    >>> from isochron.runs.sweep import Sweep, sweep
    >>> grid = {"fixed": {"duration_s": 0.2, "observe_s": 0.2, "record_every_ms": 8.0},
    ...         "axes": {"amplitude_pA": [10.0, 20.0]}}
    >>> found = sweep("simulate", grid, out="S", workers=1)
    >>> found.status().done
    2
    """
    content = dict(grid or {})
    if experiment is not None:
        content["experiment"] = experiment
    found = prepare(content, out, retry_failed=retry_failed, force=force)
    run(found, executor, workers=workers, limits=limits, watch=watch, **options)
    return found


def prepare(
    content: Mapping[str, Any],
    out: str | os.PathLike,
    *,
    retry_failed: bool = False,
    force: bool = False,
    text: bytes | None = None,
) -> Sweep:
    """The sweep of a grid in its store, with its plan saved, before anything is computed."""
    grid = read_grid(content)
    store = Store(Path(out))
    check(grid)  # before anything is written
    store.open(force=force)
    remove_parts(store.path)
    made = Sweep(store.path, grid)
    store.write_plan(made.tasks)
    write_bytes(store.path / "sweep.toml", text if text is not None else write_grid(content))
    store.discard_damaged(made.tasks)
    if retry_failed:
        store.forget_failures(made.tasks)
    return made


def run(
    found: Sweep,
    executor: str = "local",
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> None:
    """Compute what is missing in the store of a sweep."""
    tasks, n_workers = found.store.missing(found.tasks), count_workers(workers)
    if executor == "local" and tasks:
        settings = tasks[0].settings()[0]
        n_workers = open_experiment(tasks[0].experiment).limit_workers(settings, n_workers)
    order = Order(
        folder=found.store,
        items=tasks,
        workers=n_workers,
        limits=limits or Limits(),
        watch=watch or Watch(),
        options=options,
    )
    EXECUTORS.load(executor)(order)


def estimate(content: Mapping[str, Any], out: str | os.PathLike | None = None) -> Estimate:
    """What a sweep will need: runs, batches, disk, and time if a batch was measured."""
    grid = read_grid(content)
    store = Store(Path(out)) if out is not None and Path(out).is_dir() else None
    tasks = cut(grid, store.whole_plan() if store else ())
    seconds = runs = 0.0
    for line in store.logged() if store else ():
        seconds += line["seconds"]
        runs += line["runs"]
    left = store.missing(tasks) if store else tasks
    first = tasks[0].settings()[0]
    return Estimate(
        runs=len(grid),
        batches=len(tasks),
        missing_batches=len(left),
        bytes=len(grid) * open_experiment(grid.experiment).bytes_per_run(first),
        core_hours=seconds / runs * sum(map(len, left)) / 3600 if runs else None,
    )


def measure(found: Sweep, limits: Limits | None = None) -> float:
    """Compute one batch of a sweep in this process; seconds for a run."""
    task = next(iter(found.store.missing(found.tasks)), None)
    if task is None:
        raise ValueError("Every batch has results already; there is nothing to measure.")
    began = time.perf_counter()
    perform(found.store, task, limits or Limits())
    return (time.perf_counter() - began) / len(task)
