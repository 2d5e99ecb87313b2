"""The tasks of a sweep: batches of runs as plain data, each with a key made from its content."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from isochron._version import __version__
from isochron.files import sha256
from isochron.runs.source import source_digest
from isochron.runs.sweep.experiments import Experiment, open_experiment
from isochron.runs.sweep.grid import Grid

SCHEMA = 1


@dataclass(frozen=True)
class Task:
    """A batch of runs.

    Attributes
    ----------
    key : str
        SHA-256 of the canonical JSON of the rest, with the schema, the version and the source.
    experiment : str
    common : dict
        Settings that all runs of the batch share.
    runs : tuple of dict
        The other settings of each run.
    seeds : tuple of int
    inputs : dict of str to str
        SHA-256 of each file that the settings name, by its path.
    """

    key: str
    experiment: str
    common: dict[str, Any]
    runs: tuple[dict[str, Any], ...]
    seeds: tuple[int, ...]
    inputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls, experiment: str, common: Mapping[str, Any], runs, seeds, made_by=None, inputs=None
    ) -> Self:
        """The task of these runs, with its key; `made_by` is `code_identity` by default."""
        content = {"experiment": experiment, "common": common, "runs": runs, "seeds": seeds}
        if inputs:
            content["inputs"] = inputs
        key = sha256(_canonical(content | (made_by or code_identity())).encode())
        return cls(key, experiment, dict(common), tuple(runs), tuple(seeds), dict(inputs or {}))

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def after(self) -> tuple[str, ...]:
        """None: tasks need no other task."""
        return ()

    def settings(self) -> list[dict[str, Any]]:
        """All settings of each run."""
        return [self.common | run for run in self.runs]

    def to_json(self) -> str:
        """One line."""
        return _canonical(vars(self))

    @classmethod
    def from_json(cls, line: str, made_by: Mapping[str, Any] | None = None) -> Self:
        """The task of a line, which this code or that of `made_by` has planned.

        Raises
        ------
        ValueError
            If the key is not that of the content.
        """
        given = json.loads(line)
        made = cls.make(
            given["experiment"], given["common"], given["runs"], given["seeds"], made_by,
            given.get("inputs"),
        )  # fmt: skip
        if made.key != given["key"]:
            raise ValueError(f"The task {given['key'][:12]} does not have the key of its content.")
        return made

    def check_inputs(self, experiment: Experiment) -> None:
        """Check that the files that the settings name are those for which the task was planned.

        Raises
        ------
        ValueError
            If one has changed.
        """
        changed = [k for k, v in _inputs(experiment, self.settings()).items()
                   if self.inputs.get(k) != v]  # fmt: skip
        if changed:
            raise ValueError(
                f"{changed[0]} has changed since the sweep was planned; start the sweep again."
            )


def _inputs(experiment: Experiment, runs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for run in runs:
        found |= experiment.inputs(run)
    return found


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def code_identity() -> dict[str, Any]:
    """Schema, version and source of this code: results of two versions are not mixed."""
    return {"schema": SCHEMA, "version": __version__, "source": source_digest()}


def cut(grid: Grid, present: Iterable[Task] = ()) -> list[Task]:
    """The tasks of a grid.

    Runs that are in tasks of the store stay in them, so that a grid that grows leaves those
    alone; the other runs are cut into batches in the order of the grid, with equal settings
    where the experiment needs them.

    Parameters
    ----------
    grid : Grid
    present : iterable of Task
        Tasks that the store has planned before.

    Returns
    -------
    list of Task
        In the order of the grid.

    Raises
    ------
    ValueError
        If a setting is unknown or has a value that the experiment does not take.
    """
    experiment, base = check(grid)
    known = {identity: task for task in present for identity in _identities(experiment, task)}
    tasks: dict[str, Task] = {}
    for common, runs, seeds in _batches(grid, experiment, base, known, tasks):
        inputs = _inputs(experiment, [common | run for run in runs] if experiment.files else ())
        task = Task.make(grid.experiment, common, runs, seeds, inputs=inputs)
        tasks[task.key] = task
    return list(tasks.values())


def check(grid: Grid) -> tuple[Experiment, dict[str, Any]]:
    """The experiment of a grid, and all settings that its runs have besides those of the axes.

    Raises
    ------
    ValueError
        If a setting is unknown or has a value that the experiment does not take.
    """
    experiment = open_experiment(grid.experiment)
    base = experiment.complete(grid.fixed, [name for axis in grid.axes for name in axis.names])
    first = {name: value for axis in grid.axes for name, value in axis.ends[0].items()}
    experiment.check(base | first)
    for axis in grid.axes:
        for point in axis.ends if grid.random else axis.points:
            experiment.check(base | first | point)
    return experiment, base


def _identities(experiment: Experiment, task: Task) -> Iterator[str]:
    """What makes each run of a task the one that it is, if its files are the present ones."""
    if task.experiment != experiment.name:
        return
    for settings, seed in zip(task.settings(), task.seeds, strict=True):
        if not experiment.files or _is_current(experiment, task, settings):
            yield _canonical([settings, seed])


def _is_current(experiment: Experiment, task: Task, settings: Mapping[str, Any]) -> bool:
    """Whether the files of a run of a saved task are the present ones; a lost file is not."""
    try:
        return all(task.inputs.get(k) == v for k, v in experiment.inputs(settings).items())
    except (OSError, ValueError):
        return False


def _batches(
    grid: Grid, experiment: Experiment, base: dict, known: dict[str, Task], tasks: dict[str, Task]
) -> Iterator[tuple[dict, list, list]]:
    """Settings in common, the other settings, and seeds of each new batch."""
    varied = {name for axis in grid.axes for name in axis.names}
    shared = [name for name in experiment.shared if name in varied]
    open_: dict[Any, tuple[list, list]] = {}
    for run, seed in grid.runs():
        if known:
            task = known.get(_canonical([base | run, seed]))
            if task is not None:
                tasks[task.key] = task
                continue
        group = tuple(map(repr, (run[name] for name in shared)))
        runs, seeds = open_.setdefault(group, ([], []))
        runs.append(run)
        seeds.append(seed)
        if len(runs) == grid.batch:
            yield _factored(base, runs), runs, seeds
            del open_[group]
    for runs, seeds in open_.values():
        yield _factored(base, runs), runs, seeds


def _factored(base: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Settings that all runs share; they are taken out of the runs."""
    first = runs[0]
    same = {k: v for k, v in first.items() if all(run[k] == v for run in runs)}
    runs[:] = [{k: v for k, v in run.items() if k not in same} for run in runs]
    return {k: v for k, v in base.items() if k not in first} | same
