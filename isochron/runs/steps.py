"""The steps of a study as data, and their work in a run folder, by any executor."""

import importlib
import inspect
import json
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from isochron._version import __version__
from isochron.files import DataFileError, read_json, to_json, write_bytes
from isochron.folders import own_folder
from isochron.runs.executors import EXECUTORS, Order, Watch
from isochron.runs.executors.failures import ClusterError, restore_error
from isochron.runs.executors.work import DONE, FAILED, SKIPPED, Limits
from isochron.runs.executors.work_folder import Report, WorkFolder
from isochron.runs.progress import Progress
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.source import changed_source, source_digest
from isochron.wording import joined

REPORT = "report"
_HERE = RunPaths(Path())


@dataclass(frozen=True)
class Step:
    """One piece of work: ``function(*arguments, report=...)`` in a separate process.

    Attributes
    ----------
    name : str
        Name, different for each step.
    function : callable
        Function of a module, so that a different process can import it; its last parameter is
        ``report``, and it may call ``report(fraction, text)``. Its result is JSON values.
    arguments : tuple
        Arguments of the function: numbers, texts, and frozen dataclasses of them of the types
        with which its parameters are annotated; a `RunPaths` is that of the run folder, wherever
        the worker finds it.
    after : tuple of str
        Steps that must be finished first.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class StepItem:
    """A step as data: the path of its function, and its arguments as JSON values.

    Attributes
    ----------
    key : str
        Name of the step.
    function : str
        ``module:function``.
    arguments : tuple
        JSON values; None in the place of a `RunPaths`.
    after : tuple of str
    source : str
        Digest of the source that has made it.
    """

    key: str
    function: str
    arguments: tuple[Any, ...]
    after: tuple[str, ...]
    source: str

    @classmethod
    def make(cls, step: Step) -> Self:
        """The data of a step.

        Raises
        ------
        ValueError
            If another process cannot import the function, or its arguments are not data.
        """
        module, name = step.function.__module__, step.function.__qualname__
        values = [None if isinstance(it, RunPaths) else to_json_values(it) for it in step.arguments]
        text = to_json([step.name, f"{module}:{name}", values, step.after, source_digest()])
        made = cls.from_values(json.loads(text))
        if _load(made.function) is not step.function:
            raise ValueError(f"Step {step.name}: {module}.{name} is not a function of its module.")
        for found, given in zip(made.call_arguments(_HERE), step.arguments, strict=True):
            if (found is not _HERE) if isinstance(given, RunPaths) else (found != given):
                raise ValueError(
                    f"Step {step.name}: the argument {given!r} is not the same after JSON; "
                    f"annotate the parameter of {name} with its type."
                )
        return made

    @classmethod
    def from_values(cls, values: Sequence[Any]) -> Self:
        """The data of a step from its JSON values."""
        key, function, arguments, after, source = values
        return cls(str(key), str(function), tuple(arguments), tuple(after), str(source))

    def to_json(self) -> str:
        """One line."""
        values = [self.key, self.function, self.arguments, self.after, self.source]
        return json.dumps(values, allow_nan=False)

    def call_arguments(self, paths: RunPaths) -> list[Any]:
        """Arguments of the function, of the types of its parameters.

        Raises
        ------
        ValueError
            If they do not fit.
        """
        function = _load(self.function)
        names = [name for name in inspect.signature(function).parameters if name != REPORT]
        hints = typing.get_type_hints(function)
        if len(names) != len(self.arguments):
            raise ValueError(
                f"Step {self.key}: {self.function} takes {len(names)} arguments and {REPORT}, got "
                f"{len(self.arguments)}."
            )
        kinds = [hints.get(name, Any) for name in names]
        return [
            paths if kind is RunPaths else value if kind is Any else from_json_values(value, kind)
            for value, kind in zip(self.arguments, kinds, strict=True)
        ]


def _load(path: str) -> Callable[..., Any]:
    """The function of a step; one without ``report`` is not made for steps."""
    module, _, name = path.partition(":")
    function = getattr(importlib.import_module(module), name, None)
    if not inspect.isfunction(function) or REPORT not in inspect.signature(function).parameters:
        raise ValueError(f"{path} is not a function of a module with the parameter {REPORT}.")
    return function


class StepFolder(WorkFolder[StepItem]):
    """A run folder as the work of an executor.

    Parameters
    ----------
    path : Path
    """

    noun = "step"
    script = "steps.sbatch"
    memory_hint = "Fewer --workers leave more memory for each."

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._paths = RunPaths(path)
        self._plan = path / "plan.jsonl"

    def open(self) -> None:
        """Make the folders of the work."""
        for name in ("failed", "claims", "log"):
            own_folder(self.path / name)

    def parse(self, line: str) -> StepItem:
        """The step of a line of the plan.

        Raises
        ------
        DataFileError
            If the source of isochron is not that which made the plan.
        """
        item = StepItem.from_values(json.loads(line))
        if item.source != source_digest():
            raise changed_source(self.path, "run")
        return item

    def stage(self, items: Sequence[StepItem]) -> None:
        """Save the steps that workers find in `plan`."""
        write_bytes(self._plan, "".join(f"{item.to_json()}\n" for item in items).encode())

    def plan(self) -> list[StepItem]:
        """The steps that were saved; none in a folder without.

        Raises
        ------
        DataFileError
            If the file is damaged, or a different version made the folder.
        """
        made_by = read_json(self.path / "run.json").get("version")
        if made_by != __version__:
            raise DataFileError(f"{self.path} is of isochron {made_by}; this is {__version__}.")
        if not self._plan.is_file():
            return []
        try:
            return [self.parse(line) for line in self._plan.read_text("utf-8").splitlines()]
        except DataFileError:
            raise
        except (ValueError, TypeError, RecursionError) as error:
            raise DataFileError(
                f"{self._plan} is damaged: {error}. Run the study again."
            ) from error

    def has(self, key: str) -> bool:
        """Whether a step is finished."""
        return self._paths.finished(key)

    def compute(self, item: StepItem, report: Report) -> Any:
        """The result of a step, as JSON values without NaN."""
        result = _load(item.function)(*item.call_arguments(self._paths), report=report)
        to_json(result)  # an error of this step if a number is not finite
        return result

    def save(self, item: StepItem, result: Any, seconds: float) -> None:
        """Write the result of a step."""
        self._paths.finish(item.key, result, seconds)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where the steps of a study run.

    Attributes
    ----------
    executor : str
        Name in `EXECUTORS`.
    workers : int
    limits : Limits
        Time and memory of a step.
    options : mapping of str to any
        Options of the executor.
    """

    executor: str = "local"
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, Any] = field(default_factory=dict)


def run_steps(
    path: Path, steps: Sequence[Step], *, progress: Progress, execution: Execution
) -> None:
    """Run the steps that are not finished; each writes its result to the run folder.

    Every worker uses one thread, so results do not depend on the number of workers, nor on the
    executor. A step that fails does not stop those that do not need it. Steps that failed before
    are run again.

    Parameters
    ----------
    path : Path
        Run folder.
    steps : sequence of Step
        In the order of preference.
    progress : Progress
        Display of the progress.
    execution : Execution

    Raises
    ------
    ValueError
        If the steps are not data, or need something that is not a step.
    Exception
        The error of the first step that failed, of its kind, with a note that names all.
    """
    items = [StepItem.make(step) for step in steps]
    _check_names(items)
    folder = StepFolder(path)
    folder.open()
    folder.forget_failures(items)
    work_on(folder, items, progress=progress, execution=execution)


def work_on(
    folder: StepFolder, items: Sequence[StepItem], *, progress: Progress, execution: Execution
) -> None:
    """Run steps that have no result yet, and have not failed.

    Raises
    ------
    Exception
        As `run_steps`.
    """
    run = EXECUTORS.load(execution.executor)
    order = Order(
        folder=folder,
        items=folder.missing(items),
        workers=execution.workers,
        limits=execution.limits,
        watch=_StepWatch(progress, folder),
        options=execution.options,
    )
    run(order)
    _raise_failures(folder, items)


def _check_names(items: Sequence[StepItem]) -> None:
    names = Counter(item.key for item in items)
    for item in items:
        if names[item.key] > 1:
            raise ValueError(f"Two steps have the name {item.key}.")
        for need in item.after:
            if need not in names:
                raise ValueError(f"Step {item.key} needs {need}, which is not a step.")


def _raise_failures(folder: StepFolder, items: Sequence[StepItem]) -> None:
    """One error for all steps without a result: that of the first one that failed."""
    left = [item.key for item in items if not folder.has(item.key)]
    failures = {key: found for key in left if (found := folder.failure(key)) is not None}
    others = [key for key in left if key not in failures]
    again = "The same command runs what is missing."
    if failures:
        first, *more = failures
        error = restore_error(failures[first])
        note = f"That was step {first}."
        note += f" Also failed: {_some(more)}." if more else ""
        note += f" Not run, because a step before failed: {_some(others)}." if others else ""
        error.add_note(f"{note} {folder.path / 'failed'} has the errors. {again}")
        raise error
    if others:
        raise ClusterError(
            f"The jobs ended before {_some(others)}: canceled, or at their time limit; "
            f"{folder.path / 'log'} has what they wrote. {again}"
        )


def _some(names: Sequence[str], most: int = 5) -> str:
    """Names, not more than a few."""
    return joined([*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])])


class _StepWatch(Watch):
    def __init__(self, progress: Progress, folder: StepFolder) -> None:
        self._progress, self._folder = progress, folder

    def begin(self, item: Any) -> None:
        self._progress.begin(item.key)

    def report(self, item: Any, fraction: float, text: str) -> None:
        self._progress.update(item.key, fraction, text)

    def update(self, outcome: str, item: Any) -> None:
        if outcome in (DONE, SKIPPED):
            self._progress.end(item.key, RunPaths(self._folder.path).seconds(item.key))
        elif outcome == FAILED:
            failure = self._folder.failure(item.key) or {}
            self._progress.fail(item.key, str(failure.get("error", "")))

    def say(self, text: str) -> None:
        self._progress.say(text)
