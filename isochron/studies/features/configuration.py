"""The configuration of `isochron study features`."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.training_parameters import MOST_STEPS
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
from isochron.runs.training_budget import TrainingBudget
from isochron.settings import setting
from isochron.studies.entries import Substrate, Task, check_different_names, locate_entries

FEWEST_DRAWS = 19  # for a p-value of .05: 1 / (19 + 1)


@dataclass(frozen=True, kw_only=True)
class FeaturesSection:
    """The sparse autoencoder, and its controls."""

    expansion: int = setting(
        8, "Number of features for each dimension that 99 % of the variance need, 1 to 1000"
    )
    active_share: float = setting(
        0.5, "Number of features that describe a state, over that of dimensions; up to 1"
    )
    seeds: int = setting(5, "Number of autoencoders of the same states, 2 to 100")
    steps: int = setting(1000, "Training steps of an autoencoder, 1 to 10 million")
    ellipses: int = setting(
        FEWEST_DRAWS, "Number of noisy ellipses that replace the states, 1 to 10000"
    )
    n_surrogates: int = setting(
        99, "Number of cyclic shifts, and of permutations of the stimuli, 1 to 10000"
    )

    def __post_init__(self) -> None:
        for name, least, most in (
            ("expansion", 1, 1000), ("seeds", 2, 100), ("steps", 1, MOST_STEPS),
            ("ellipses", 1, MOST_DRAWS), ("n_surrogates", 1, MOST_DRAWS),
        ):  # fmt: skip
            check_range(self, name, least, most)
        if not 0 < self.active_share <= 1:
            raise ValueError(
                f"active_share must be above 0 and at most 1, got {self.active_share!r}."
            )


@dataclass(frozen=True, kw_only=True)
class NetworksSection:
    """Trained networks, and the trials from which their states are."""

    pairs: int = setting(10, "Number of networks of each substrate and task, 1 to 1000")
    n_trials: int = setting(
        200,
        "Number of trials for the training of dictionaries, and of other trials; 2 to 100000",
    )
    every_ms: float = setting(8.0, "Time between the states of a trial", unit="ms")

    def __post_init__(self) -> None:
        check_positive(self, "every_ms")
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "n_trials", 2, MOST_STARTS)


@dataclass(frozen=True, kw_only=True)
class WormSection:
    """Simulated worms with noise, one half of which are held out."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    stimulated: tuple[str, ...] = setting(
        ("PLML", "PLMR"), "Neurons that receive the constant current"
    )
    current_pA: float = setting(2000.0, "Constant current, > 0", unit="pA")
    noise_pA: float = setting(
        0.05, "Standard deviation of the independent noise current into each neuron, > 0", unit="pA"
    )
    correlation_ms: float = setting(200.0, "Correlation time of the noise", unit="ms")
    worms: int = setting(16, "Number of simulated worms, even, 4 to 10000")
    simulated_s: float = setting(60.0, "Simulated time after the first 10 s", unit="s")
    every_ms: float = setting(100.0, "Time between the states", unit="ms")

    def __post_init__(self) -> None:
        check_positive(self, "current_pA", "noise_pA", "correlation_ms", "simulated_s", "every_ms")
        check_range(self, "worms", 4, MOST_WORMS)
        if self.worms % 2:
            raise ValueError(f"worms must be even, got {self.worms!r}.")
        if not self.stimulated:
            raise ValueError("stimulated must name at least one neuron.")


@dataclass(frozen=True, kw_only=True)
class AnimalsSection:
    """Recordings of animals, each of which is held out once."""

    recordings: tuple[str, ...] = setting(
        (), "Files of recordings; with several, the neurons that are identified in all are used"
    )

    def __post_init__(self) -> None:
        check_different(self, "recordings")
        for name in self.recordings:
            check_file("recordings", name)


def _substrates(*, quick: bool = False) -> tuple[Substrate, ...]:
    given = [
        {"name": "dense", "kind": "full-rank", "n_units": 64, "learning_rate": 0.003},
        {"kind": "gru", "n_units": 32},
        {"kind": "low-rank", "n_units": 128},
        {"kind": "connectome"},
    ]
    return tuple(Substrate.read(values) for values in given[: 1 if quick else None])


def _tasks(*, quick: bool = False) -> tuple[Task, ...]:
    kinds = ("phase-memory", "level-memory")
    return tuple(Task.read({"kind": kind}) for kind in kinds[: 1 if quick else None])


@dataclass(frozen=True, kw_only=True)
class FeaturesConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates, metadata={"description": "Networks that are trained."}
    )
    tasks: tuple[Task, ...] = field(
        default_factory=_tasks,
        metadata={"description": "Tasks with a reference and two or more stimuli."},
    )
    features: FeaturesSection = field(
        default_factory=FeaturesSection,
        metadata={"description": "The sparse autoencoder, and its controls."},
    )
    networks: NetworksSection = field(
        default_factory=NetworksSection,
        metadata={"description": "Trained networks, and the trials from which their states are."},
    )
    training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=1500, batch_size=32, stop_below=0.02),
        metadata={"description": "Training of the networks; a substrate has its learning rate."},
    )
    worm: WormSection = field(
        default_factory=WormSection,
        metadata={"description": "Simulated worms with noise, one half of which are held out."},
    )
    animals: AnimalsSection = field(
        default_factory=AnimalsSection,
        metadata={"description": "Recordings of animals, each of which is held out once."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("substrates", "tasks"):
            check_different_names(name, getattr(self, name))

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`; recordings are found from `folder`, too."""
        found = deepcopy(dict(values))
        animals = found.get("animals")
        if isinstance(animals, dict) and isinstance(animals.get("recordings"), list):
            animals["recordings"] = [
                str((folder / it).resolve()) if isinstance(it, str) else it
                for it in animals["recordings"]
            ]
        return locate_entries(found, folder)

    @classmethod
    def quick(cls) -> "FeaturesConfig":
        """One substrate, one task, two pairs, few draws: minutes instead of hours."""
        return cls(
            substrates=_substrates(quick=True),
            tasks=_tasks(quick=True),
            features=FeaturesSection(steps=400, ellipses=9),
            networks=NetworksSection(pairs=2, n_trials=80),
            training=TrainingBudget(steps=600, batch_size=32, stop_below=0.05),
            worm=WormSection(worms=8, simulated_s=30.0),
        )
