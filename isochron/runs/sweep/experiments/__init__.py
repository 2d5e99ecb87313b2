"""What a sweep can compute: experiments by name, and how a user's function is one of them.

An experiment is data in, arrays out: settings of the runs of a batch and their seeds, as a store
saves them, give the arrays of a `BatchResult`.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.registry import Entry, Registry
from isochron.runs.configuration import in_section, read_settings
from isochron.runs.sweep.grid_values import check_name
from isochron.wording import joined

_HERE = "isochron.runs.sweep.experiments"
_WORKFLOWS = "isochron.workflows.experiments"  # where what a command computes stands
EXPERIMENTS = Registry(
    "experiment",
    {
        "simulate": Entry(
            f"{_HERE}.simulate:Simulate",
            "Graded worms: late oscillation, its frequency, amplitude and phase of each neuron.",
            settings=f"{_HERE}.simulate_settings:SimulateSettings",
        ),
        "cycles": Entry(
            f"{_HERE}.cycles:Cycles",
            "Graded worms: limit cycle at the end of a simulation, period and multipliers.",
            settings=f"{_HERE}.simulate_settings:CycleSettings",
        ),
        "onset": Entry(
            f"{_HERE}.onset:Onset",
            "Graded worms: current at which the equilibrium becomes unstable, with or without a "
            "rhythm.",
            settings=f"{_HERE}.simulate_settings:OnsetSettings",
        ),
        "crawl": Entry(
            f"{_HERE}.crawl:Crawl",
            "Worms that move: gait, whether it has converged, and the loop gain at which a "
            "straight worm starts to bend.",
            settings=f"{_HERE}.crawl_settings:CrawlRunSettings",
        ),
        "train": Entry(
            f"{_HERE}.train:Train",
            "Networks trained on a task: loss, and whether the task was learned; settings such as "
            "network.kind.",
        ),
        "tongue": Entry(
            f"{_WORKFLOWS}.tongue:TongueExperiment",
            "Saved networks and runs of the worm: 1:1 tongue of each stable cycle, its edges in "
            "frequency by amplitude.",
            settings=f"{_WORKFLOWS}.settings:TongueSettings",
        ),
        "survey": Entry(
            f"{_WORKFLOWS}.survey:SurveyExperiment",
            "Saved networks: numbers of stable and unstable entrained cycles under the reference.",
            settings=f"{_WORKFLOWS}.settings:SurveySettings",
        ),
        "attractors": Entry(
            f"{_WORKFLOWS}.attractors:AttractorExperiment",
            "Networks of ±1 neurons from a connectome, a null model or at random: number of "
            "attractors by length.",
            settings=f"{_WORKFLOWS}.settings:AttractorSettings",
        ),
        "pals2024": Entry(
            "isochron.studies.pals2024.experiment:Pals2024Experiment",
            "Networks of a condition of Pals, Macke and Barak (2024): loss, cycles with and "
            "without the reference, phase and rate code.",
            settings="isochron.studies.pals2024.experiment_settings:Pals2024RunSettings",
        ),
    },
)


@dataclass(frozen=True)
class BatchResult:
    """Arrays of a batch of runs.

    Attributes
    ----------
    variables : dict of str to ndarray, shape (n_runs, ...)
        Values by name; the first axis is the run.
    dimensions : dict of str to tuple of str
        Names of the other axes of a variable that has some.
    coordinates : dict of str to ndarray, shape (n,)
        Labels of the other axes, by dimension.
    reasons : tuple of str
        Why a run failed; empty for one that did not.

    Examples
    --------
    >>> from isochron.runs.sweep import BatchResult
    >>> found = BatchResult({"y": np.array([1.0, 4.0])}, reasons=("", "diverged"))
    >>> sorted(found.arrays())
    ['reason', 'variable:y']
    """

    variables: dict[str, np.ndarray]
    dimensions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    coordinates: dict[str, np.ndarray] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file saves, by name.

        Returns
        -------
        dict of str to ndarray, shape (n_runs, ...)
            Arrays of a file of results.
        """
        saved = {"reason": np.array(self.reasons, dtype=str)}
        for name, array in self.variables.items():
            saved[":".join(("variable", name, *self.dimensions.get(name, ())))] = np.asarray(array)
        return saved | {f"coordinate:{k}": np.asarray(v) for k, v in self.coordinates.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "BatchResult":
        """The result that a file has saved.

        Parameters
        ----------
        arrays : mapping of str to ndarray, shape (n_runs, ...)
            Arrays of a file of results.

        Returns
        -------
        BatchResult

        Raises
        ------
        ValueError
            If an array is not one of those of `arrays`.
        """
        variables, dimensions, coordinates = {}, {}, {}
        for name, array in arrays.items():
            kind, *rest = name.split(":")
            if kind == "variable":
                variables[rest[0]] = array
                if rest[1:]:
                    dimensions[rest[0]] = tuple(rest[1:])
            elif kind == "coordinate":
                coordinates[rest[0]] = array
            elif name != "reason":
                raise ValueError(f"{name} is not part of a batch.")
        return cls(variables, dimensions, coordinates, tuple(map(str, arrays["reason"])))


class Experiment(ABC):
    """What a sweep computes of a batch of runs.

    Attributes
    ----------
    name : str
        Name in `EXPERIMENTS`.
    settings : type
        Frozen dataclass with the settings of a run.
    shared : tuple of str
        Settings that must be equal within a batch.
    files : tuple of str
        Settings that may name a file, or a data set: its content is part of the key of a batch.
    measures : mapping of str to str
        What each number of a run is, for reports.

    Examples
    --------
    >>> from isochron.runs.sweep import EXPERIMENTS
    >>> worms = EXPERIMENTS.load("simulate")("simulate")
    >>> worms.complete({"amplitude_pA": 1000.0}, varied=["gap_conductance"])["amplitude_pA"]
    1000.0
    >>> worms.shared[:2]  # settings that do not differ within a batch
    ('dataset', 'duration_s')
    """

    settings: ClassVar[type]
    shared: ClassVar[tuple[str, ...]] = ()
    files: ClassVar[tuple[str, ...]] = ()
    measures: ClassVar[Mapping[str, str]] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        self._digests: dict[str, dict[str, str]] = {}

    def complete(self, fixed: Mapping[str, Any], varied: Iterable[str]) -> dict[str, Any]:
        """All settings that do not vary, with the defaults of those that are not given.

        Parameters
        ----------
        fixed : mapping of str to any
            Settings that are the same in all runs.
        varied : iterable of str
            Settings that axes vary.

        Returns
        -------
        dict of str to any
            All settings with their values, as JSON can represent them.

        Raises
        ------
        ValueError
            If one is unknown or has a different type, or a required one is not given.
        """
        known = fields(self.settings)  # pyright: ignore[reportArgumentType]
        with in_section("[fixed]"):
            given = read_settings(known, fixed, f"experiment {self.name}")
        defaults = {item.name: item.default for item in known}
        needed = [k for k, v in defaults.items() if v is MISSING and k not in {*given, *varied}]
        if needed:
            raise ValueError(f"The experiment {self.name} needs {joined(needed)}: see [fixed].")
        return {k: _plain(v) for k, v in (defaults | given).items() if v is not MISSING}

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check the settings of a run.

        Parameters
        ----------
        settings : mapping of str to any
            Settings of a run.

        Raises
        ------
        ValueError
            If one is unknown, of a different type or out of range.
        """
        self.read(settings)

    def read(self, settings: Mapping[str, Any]) -> Any:
        """The settings dataclass of a run.

        Parameters
        ----------
        settings : mapping of str to any
            Settings of a run.

        Returns
        -------
        dataclass
            An instance of `settings`.
        """
        known = fields(self.settings)  # pyright: ignore[reportArgumentType]
        given = {k: v for k, v in settings.items() if v is not None}
        return self.settings(**read_settings(known, given, f"experiment {self.name}"))

    def inputs(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """SHA-256 of each file that the settings of a run name.

        Parameters
        ----------
        settings : mapping of str to any
            Settings of a run.

        Returns
        -------
        dict of str to str
            Digest by path; empty for data sets.

        Raises
        ------
        FileNotFoundError
            If a file does not exist.
        """
        found: dict[str, str] = {}
        for name in self.files:
            value = settings.get(name)
            if isinstance(value, str):
                if value not in self._digests:
                    self._digests[value] = self.digest_of(value)
                found |= self._digests[value]
        return found

    def digest_of(self, value: str) -> dict[str, str]:
        """SHA-256 of the file that one of `files` names; here of a connectome.

        Parameters
        ----------
        value : str
            Value of the setting.

        Returns
        -------
        dict of str to str
            Digest by path; empty for a data set.
        """
        from isochron.runs.datasets import dataset_inputs

        digest = dataset_inputs(value).get("dataset")
        return {} if digest is None else {value: digest}

    def field(self, name: str) -> Field | None:
        """The field of a setting, with its description and unit.

        Parameters
        ----------
        name : str
            Name of a setting.

        Returns
        -------
        dataclasses.Field or None
            None for a setting that the experiment does not describe.
        """
        known = fields(self.settings) if hasattr(self, "settings") else ()  # pyright: ignore[reportArgumentType]
        return next((item for item in known if item.name == name), None)

    def limit_workers(self, settings: Mapping[str, Any], workers: int) -> int:
        """Number of processes of this machine that work on the runs at once.

        Parameters
        ----------
        settings : mapping of str to any
            Settings of a run.
        workers : int
            Number that was asked for.

        Returns
        -------
        int
            At most `workers`.

        Raises
        ------
        ValueError
            If this machine does not have the device that the settings name.
        """
        return workers

    def bytes_per_run(self, settings: Mapping[str, Any]) -> int:
        """About how many bytes a store needs for a run.

        Parameters
        ----------
        settings : mapping of str to any
            Settings of a run.

        Returns
        -------
        int
            Estimate, in bytes.
        """
        return 500

    @abstractmethod
    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Compute a batch; `folder` is for files of one that can resume.

        Parameters
        ----------
        runs : sequence of mapping
            Settings of each run.
        seeds : sequence of int
            Seed of each run.
        folder : Path
            Folder for files of a batch that can resume.

        Returns
        -------
        BatchResult
        """


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class UserExperiment(Experiment):
    """A function of the user: ``function(runs, seeds)`` gives arrays whose first axis is the run.

    Parameters
    ----------
    name : str
        ``module:function``, importable wherever a worker runs.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        module, _, attribute = name.partition(":")
        try:
            self._function: Callable = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"The experiment {name!r} cannot be imported: {error}. It must be "
                "module:function, in a folder of PYTHONPATH."
            ) from error

    def complete(self, fixed: Mapping[str, Any], varied: Iterable[str]) -> dict[str, Any]:
        """The settings as they are given."""
        return dict(fixed)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Nothing: the function knows its settings."""

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Call the function.

        Raises
        ------
        ValueError
            If it does not return arrays by name, or one does not have a value for each run, or
            contains objects.
        """
        returned = self._function(runs, seeds)
        if not isinstance(returned, Mapping):
            raise ValueError(
                f"{self.name} must return a dict of arrays, got {type(returned).__name__}."
            )
        found = {name: np.asarray(value) for name, value in returned.items()}
        for name in found:
            check_name(str(name), f"What {self.name} returns")
        for name, array in found.items():
            if array.shape[:1] != (len(runs),) or array.dtype.hasobject:
                raise ValueError(
                    f"{self.name} returned {name} of shape {array.shape} and type {array.dtype}; "
                    f"it must be an array of numbers whose first axis is the run, of {len(runs)}."
                )
        dims = {
            name: tuple(f"{name}_{k}" for k in range(1, array.ndim))
            for name, array in found.items()
            if array.ndim > 1
        }
        return BatchResult(found, dims, reasons=("",) * len(runs))


def open_experiment(name: str) -> Experiment:
    """The experiment of a name, or of ``module:function``.

    Raises
    ------
    ValueError
        If there is none.
    """
    if ":" in name:
        return UserExperiment(name)
    return EXPERIMENTS.load(name)(name)
