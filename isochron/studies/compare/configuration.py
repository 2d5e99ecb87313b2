"""The configuration of `isochron compare`."""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.training_parameters import MOST_STEPS
from isochron.connectome.null_models import NULL_MODELS
from isochron.runs.configuration import (
    MOST_DRAWS,
    MOST_PAIRS,
    MOST_STARTS,
    MOST_WORMS,
    check_different,
    check_file,
    check_positive,
    check_range,
    check_seed,
)
from isochron.runs.datasets import resolve_dataset
from isochron.settings import setting
from isochron.studies.entries import Substrate, Task, check_different_names, locate_entries

FINEST_MS = 0.01  # time step


@dataclass(frozen=True, kw_only=True)
class WormSection:
    """The worm and its currents."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    stimulated: tuple[str, ...] = setting(
        ("PLML", "PLMR"), "Neurons that receive the constant current"
    )
    current_pA: float = setting(
        2000.0, "Constant current at which the rhythm is searched for, > 0", unit="pA"
    )
    resting_current_pA: float = setting(
        1000.0, "Constant current at which the worm is expected to rest, > 0", unit="pA"
    )
    simulated_s: float = setting(
        60.0, "Simulated time before the search for the cycle, 1 to 3600", unit="s"
    )
    step_ms: float = setting(2.0, "Time step of the simulation, 0.01 to 20", unit="ms")
    n_starts: int = setting(
        16, "Number of random initial states tested for convergence to the cycle, 1 to 10000"
    )
    reference_amplitude_pA: float = setting(
        5.0, "Amplitude of the sinusoidal reference current, > 0", unit="pA"
    )
    tongue_amplitudes_pA: tuple[float, ...] = setting(
        (1.25, 2.5, 5.0, 10.0), "Amplitudes of the reference in the tongue, each > 0", unit="pA"
    )
    tongue_span: float = setting(
        0.4, "Range of the tongue on each side, as a fraction of the intrinsic frequency, 0 to 1"
    )
    tongue_step_ms: float = setting(4.0, "Time step for the tongue, 0.01 to 20", unit="ms")

    def __post_init__(self) -> None:
        check_positive(
            self,
            *("current_pA", "resting_current_pA", "simulated_s", "step_ms", "tongue_step_ms"),
            *("reference_amplitude_pA", "tongue_amplitudes_pA", "n_starts"),
        )
        if not self.stimulated:
            raise ValueError("stimulated must name at least one neuron.")
        if not 1 <= self.simulated_s <= 3600:
            raise ValueError(f"simulated_s must lie between 1 and 3600, got {self.simulated_s!r}.")
        if not 0 < self.tongue_span < 1:
            raise ValueError(f"tongue_span must lie between 0 and 1, got {self.tongue_span!r}.")
        check_different(self, "stimulated", "tongue_amplitudes_pA")
        check_range(self, "step_ms", FINEST_MS, 20)
        check_range(self, "tongue_step_ms", FINEST_MS, 20)
        check_range(self, "n_starts", 1, MOST_WORMS)


@dataclass(frozen=True, kw_only=True)
class OnsetSection:
    """The currents at which connectomes and null models become unstable."""

    datasets: tuple[str, ...] = setting(
        ("varshney2011", "white1986-whole", "cook2019-hermaphrodite"),
        "Connectomes: IDs of data sets, or files; all receive the current of [worm] stimulated",
    )
    null_models: tuple[str, ...] = setting(
        (
            *("rewire", "rewire-by-group", "rewire-chemical", "rewire-reciprocal"),
            *("shuffle-signs", "erdos-renyi"),
        ),
        "Null models of each connectome",
        choices=NULL_MODELS,
    )
    draws: int = setting(200, "Number of draws from each null model, 0 to 10000")
    leaks_nS: tuple[float, ...] = setting(
        (0.01, 0.03, 0.1, 0.25), "Leak conductances of the neurons, each 1e-6 to 1e6", unit="nS"
    )
    largest_pA: float = setting(
        20_000.0, "Largest current, > 0; networks that are stable up to it rank last", unit="pA"
    )
    input_draws: int = setting(
        20,
        "Number of draws from the first null model in which every left-right pair of sensory "
        "neurons is stimulated in turn, as in the connectome, at the first leak; 0: no such test",
    )
    tongue_draws: int = setting(
        20,
        "Number of draws from the first null model whose width of the 1:1 tongue for a weak "
        "sinusoidal current is compared with that of the connectome, each at 1.2 times the current "
        "at which its rhythm starts, at the first leak; 0: no such comparison",
        added_later=True,
    )
    in_contacts: bool = setting(
        True,
        "Weights in EM sections are divided by one factor for synapses and one for gap junctions, "
        "so that the sums over the neurons of varshney2011 are those of that data set",
    )

    def __post_init__(self) -> None:
        check_positive(self, "leaks_nS", "largest_pA")
        check_different(self, "datasets", "null_models", "leaks_nS")
        for name in self.null_models:
            NULL_MODELS.check(name)
        check_range(self, "leaks_nS", 1e-6, 1e6)
        for name in ("draws", "input_draws", "tongue_draws"):
            check_range(self, name, 0, MOST_DRAWS)


@dataclass(frozen=True, kw_only=True)
class TrainingSection:
    """Training of every substrate on every task, in pairs.

    Networks of one pair have the same trials, noise and initial weights (where they share a
    connection), and those on a null model the draw of that number.
    """

    pairs: int = setting(20, "Number of pairs, each with a different seed, 0 to 1000")
    untrained_pairs: int = setting(
        20, "Number of pairs that are analyzed before training, too, 0 to 1000"
    )
    steps: int = setting(3000, "Largest number of training steps, 1 to 10 million")
    batch_size: int = setting(64, "Number of trials in each training step")
    stop_below: float = setting(
        0.02, "Mean loss of 20 steps at which every training stops; networks that do not reach it "
        "are reported as failed"
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_positive(self, "batch_size", "stop_below")
        check_range(self, "steps", 1, MOST_STEPS)
        check_range(self, "pairs", 0, MOST_PAIRS)
        check_range(self, "untrained_pairs", 0, MOST_PAIRS)

    @property
    def budget(self) -> dict[str, float]:
        """Settings of `isochron train`."""
        return {name: getattr(self, name) for name in ("steps", "batch_size", "stop_below")}


@dataclass(frozen=True, kw_only=True)
class ReferenceSection:
    """The reference oscillation under which the networks are analyzed."""

    frequency_Hz: float = setting(
        8.333333333333334, "Frequency of the reference; the default has a period of 60 steps",
        unit="Hz",
    )  # fmt: skip
    amplitude: float = setting(1.0, "Amplitude of the reference, a sine on input 0, > 0")
    n_starts: int = setting(
        128, "Number of random initial states of the attractor survey, 2 to 100000"
    )
    intrinsic_starts: int = setting(
        64,
        "Number of random initial states of the search for oscillations without the reference, "
        "1 to 100000",
    )
    thorough: bool = setting(
        True, "Further search where a cycle is missing, half a minute for a network of 279 units"
    )
    tongue_amplitudes: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75, 1.0, 1.25, 1.5), "Amplitudes of the reference in the tongue, each > 0"
    )
    tongue_limits_Hz: tuple[float, float] = setting(
        (5.0, 16.0), "Lowest and highest frequency of the tongue", unit="Hz"
    )

    def __post_init__(self) -> None:
        check_positive(
            self, "frequency_Hz", "amplitude", "n_starts", "intrinsic_starts", "tongue_amplitudes"
        )
        check_different(self, "tongue_amplitudes")
        check_range(self, "n_starts", 2, MOST_STARTS)
        check_range(self, "intrinsic_starts", 1, MOST_STARTS)
        low, high = self.tongue_limits_Hz
        if not 0 < low < self.frequency_Hz < high < math.inf:
            raise ValueError(
                f"tongue_limits_Hz must lie around frequency_Hz={self.frequency_Hz:g}, "
                f"got {self.tongue_limits_Hz!r}."
            )


@dataclass(frozen=True, kw_only=True)
class AnimalsSection:
    """Recordings of animals, the third corner of the comparison."""

    recordings: tuple[str, ...] = setting(
        (), "Files of recordings; without one a synthetic recording, which says so"
    )
    atlas: str = setting(
        "",
        "File funatlas.h5 of the signal-propagation atlas, whose responses are compared with those "
        "of the model; empty: no such comparison",
        added_later=True,
    )

    def __post_init__(self) -> None:
        check_different(self, "recordings")
        for name in self.recordings:
            check_file("recordings", name)
        if self.atlas:
            check_file("atlas", self.atlas)


def _tasks(*kinds: str) -> tuple[Task, ...]:
    return tuple(Task.read({"kind": kind}) for kind in kinds)


def _substrates(low_rank_units: int = 512) -> tuple[Substrate, ...]:
    return tuple(
        Substrate.read(given)
        for given in (
            {"kind": "low-rank", "n_units": low_rank_units},
            {"kind": "connectome"},
            {"name": "rewired", "kind": "connectome", "null_model": "rewire"},
            {"name": "rewired-by-group", "kind": "connectome", "null_model": "rewire-by-group"},
            {"name": "random", "kind": "connectome", "null_model": "erdos-renyi"},
            {"name": "dense", "kind": "full-rank", "n_units": 55},
        )
    )


QUICK_TASKS = ("phase-memory", "fixed-phase")
ALL_TASKS = ("phase-memory", "level-memory", "fixed-phase", "reference-free-memory")


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """One comparison of worm, trained networks, controls and animals."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(0, "Number of the first pair, and of the first draw, 0 to 2**31 - 1")
    runs: tuple[str, ...] = setting(
        (), "Networks that were trained elsewhere: run folders of isochron train, compare or "
        "reproduce, folders of saved networks, or single ones; without [[substrates]] and "
        "[[tasks]] nothing else is trained"
    )  # fmt: skip
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates,
        metadata={"description": "Networks that are trained; as many sections as you like."},
    )
    tasks: tuple[Task, ...] = field(
        default_factory=lambda: _tasks(*ALL_TASKS),
        metadata={"description": "Tasks of every network; as many sections as you like."},
    )
    worm: WormSection = field(default_factory=WormSection, metadata={"description": "The worm."})
    onset: OnsetSection = field(
        default_factory=OnsetSection,
        metadata={"description": "Onset of the rhythm in connectomes and null models."},
    )
    training: TrainingSection = field(
        default_factory=TrainingSection, metadata={"description": "Training of the networks."}
    )
    reference: ReferenceSection = field(
        default_factory=ReferenceSection,
        metadata={"description": "The reference oscillation under which networks are analyzed."},
    )
    animals: AnimalsSection = field(
        default_factory=AnimalsSection, metadata={"description": "Recordings of animals."}
    )

    def __post_init__(self) -> None:
        check_seed(self.seed, bits=31)
        check_different(self, "runs")
        for name in ("substrates", "tasks"):
            check_different_names(name, getattr(self, name))
        found: dict[str, tuple[str, str]] = {}
        for pair in ((it.name, task.name) for it in self.substrates for task in self.tasks):
            other = found.setdefault("-".join(pair).lower(), pair)
            if other != pair:
                raise ValueError(
                    f"The files of {pair[0]} on {pair[1]} and of {other[0]} on {other[1]} would "
                    f"both be called {'-'.join(pair)}; give one of them a different name."
                )

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """Values of a configuration file, with the files that they name found from its folder.

        A file with `runs` and without networks and tasks trains nothing.
        """
        found = deepcopy(dict(values))
        if found.get("runs") and not {"substrates", "tasks"} & set(found):
            found |= {"substrates": [], "tasks": []}

        def resolve(table: Any, name: str, each: Callable[[str], str]) -> None:
            if not isinstance(table, dict) or name not in table:
                return
            given = table[name]
            if isinstance(given, list):
                table[name] = [each(one) if isinstance(one, str) else one for one in given]
            elif isinstance(given, str):
                table[name] = each(given)

        def dataset(name: str) -> str:
            return resolve_dataset(name, folder)

        def file(name: str) -> str:
            return str((folder / name).resolve())

        resolve(found, "runs", file)
        resolve(found.get("worm"), "dataset", dataset)
        resolve(found.get("onset"), "datasets", dataset)
        resolve(found.get("animals"), "recordings", file)
        resolve(found.get("animals"), "atlas", lambda name: name and file(name))
        return locate_entries(found, folder)

    def on_dataset(self, dataset: str) -> "CompareConfig":
        """The same comparison for a different connectome: worm, onsets and networks."""
        return replace(
            self,
            worm=replace(self.worm, dataset=dataset),
            onset=replace(self.onset, datasets=(dataset,)),
            substrates=tuple(
                it if it.dataset is None else replace(it, dataset=dataset) for it in self.substrates
            ),
        )

    @property
    def recordings(self) -> tuple[str, ...]:
        """Files of recorded animals, of the atlas and of recorded references."""
        references = (str(task.settings.get("reference", "")) for task in self.tasks)
        atlas = [self.animals.atlas] if self.animals.atlas else []
        return (*self.animals.recordings, *atlas, *(it for it in references if Path(it).suffix))

    @property
    def datasets(self) -> dict[str, str]:
        """Datasets, by what they are for."""
        named = {"dataset": self.worm.dataset}
        named |= {f"dataset {name}": name for name in self.onset.datasets}
        named |= {f"dataset of {it.name}": it.dataset for it in self.substrates if it.dataset}
        return named

    @classmethod
    def quick(cls) -> "CompareConfig":
        """Three pairs of small networks and 20 draws: minutes instead of hours."""
        kept = ("low-rank", "connectome", "rewired")
        return cls(
            substrates=tuple(it for it in _substrates(128) if it.name in kept),
            tasks=_tasks(*QUICK_TASKS),
            worm=WormSection(n_starts=6, tongue_amplitudes_pA=(2.5, 5.0, 10.0), tongue_step_ms=8.0),
            onset=OnsetSection(
                datasets=("varshney2011",),
                null_models=("rewire",),
                draws=20,
                leaks_nS=(0.01,),
                input_draws=0,
                tongue_draws=0,
            ),
            training=TrainingSection(pairs=3, untrained_pairs=1, steps=1500),
            reference=ReferenceSection(
                n_starts=32, intrinsic_starts=16, thorough=False, tongue_amplitudes=(0.5, 1.0)
            ),
        )
