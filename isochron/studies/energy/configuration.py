"""The configuration of `isochron study energy`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.runs.configuration import (
    MOST_DRAWS,
    MOST_PAIRS,
    MOST_STARTS,
    check_range,
    check_seed,
)
from isochron.runs.training_budget import TrainingBudget
from isochron.settings import setting
from isochron.studies.entries import Substrate, Task, check_different_names, locate_entries

MOST_NEURONS = 24  # whose states are enumerated
MOST_NETWORKS, MOST_MEMORIES = 100_000, 1000
LONGEST = 1_000_000  # steps


ENERGY_NEEDS = {"activation": "tanh", "form": "current"}


def _check_neurons(n_neurons: int) -> None:
    if not 3 <= n_neurons <= MOST_NEURONS:
        raise ValueError(f"n_neurons must lie between 3 and {MOST_NEURONS}, got {n_neurons!r}.")


@dataclass(frozen=True, kw_only=True)
class EnsembleSection:
    """Random sign networks, all attractors of which are enumerated."""

    n_neurons: int = setting(18, f"Number of neurons, 3 to {MOST_NEURONS}")
    n_networks: int = setting(300, "Number of networks at each symmetry degree, 2 to 100000")
    symmetries: tuple[float, ...] = setting(
        (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 0.9, 1.0),
        "Symmetry degrees, each from -1 (antisymmetric) to 1 (symmetric)",
    )
    n_trajectories: int = setting(
        8, "Number of random starts whose energy is followed, 1 to 100000"
    )

    def __post_init__(self) -> None:
        _check_neurons(self.n_neurons)
        check_range(self, "n_networks", 2, MOST_NETWORKS)
        check_range(self, "n_trajectories", 1, MOST_STARTS)
        if not self.symmetries or not all(-1 <= it <= 1 for it in self.symmetries):
            raise ValueError(f"symmetries must lie between -1 and 1, got {self.symmetries!r}.")


@dataclass(frozen=True, kw_only=True)
class MemoriesSection:
    """Hopfield networks of several sizes, started at their memories."""

    sizes: tuple[int, ...] = setting(
        (250, 500, 1000, 2000, 4000), "Numbers of neurons, at least 3 different ones, 50 to 8000"
    )
    loads: tuple[float, ...] = setting(
        tuple(round(0.12 + 0.01 * k, 2) for k in range(14)),
        "Loads: numbers of memories per neuron, 0 to 1",
    )
    n_memories: int = setting(
        400,
        "Number of memories that are recalled at each size and load, 10 of each network; 1 to "
        "100000",
    )
    recalled_above: float = setting(
        0.7, "Overlap with a memory, 0 to 1, above which it counts as recalled"
    )

    def __post_init__(self) -> None:
        check_range(self, "n_memories", 1, MOST_STARTS)
        if len(set(self.sizes)) < 3 or not all(50 <= it <= 8000 for it in self.sizes):
            raise ValueError(
                "sizes must be at least 3 different numbers of neurons, each 50 to 8000, got "
                f"{self.sizes!r}."
            )
        if len(self.loads) < 3 or not all(0 < it < 1 for it in self.loads):
            raise ValueError(
                f"loads must be at least 3 numbers, each between 0 and 1, got {self.loads!r}."
            )
        if not 0 < self.recalled_above < 1:
            raise ValueError(
                f"recalled_above must lie between 0 and 1, got {self.recalled_above!r}."
            )


@dataclass(frozen=True, kw_only=True)
class MixtureSection:
    """Memories with an antisymmetric part: J = (1 - a) S + a A, S from the memories."""

    n_neurons: int = setting(18, f"Number of neurons, 3 to {MOST_NEURONS}")
    n_memories: int = setting(2, "Number of memories in a network, 1 to 1000")
    n_networks: int = setting(200, "Number of networks at each a, 2 to 100000")
    asymmetries: tuple[float, ...] = setting(
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), "Values of a, 0 to 1"
    )

    def __post_init__(self) -> None:
        _check_neurons(self.n_neurons)
        check_range(self, "n_networks", 2, MOST_NETWORKS)
        check_range(self, "n_memories", 1, MOST_MEMORIES)
        if not self.asymmetries or not all(0 <= it <= 1 for it in self.asymmetries):
            raise ValueError(f"asymmetries must lie between 0 and 1, got {self.asymmetries!r}.")


def _substrates() -> tuple[Substrate, ...]:
    return tuple(
        Substrate.read(values)
        for values in (
            {"name": "dense", "kind": "full-rank", "n_units": 64, "learning_rate": 0.003},
            {"name": "connectome", "kind": "connectome", "dataset": "varshney2011"},
        )
    )


@dataclass(frozen=True, kw_only=True)
class NetworksSection:
    """Trained networks: their symmetry degree, and their energy along trajectories."""

    pairs: int = setting(5, "Number of networks of each substrate, 1 to 1000")
    n_starts: int = setting(
        64, "Number of random initial states, with the reference off; 1 to 100000"
    )
    n_steps: int = setting(4000, "Number of steps from each, 16 to a million")

    def __post_init__(self) -> None:
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "n_starts", 1, MOST_STARTS)
        check_range(self, "n_steps", 16, LONGEST)


@dataclass(frozen=True, kw_only=True)
class WormSection:
    """The connectome as a sign network, and its rewirings."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    null_model: str = setting("rewire", "Null model")
    draws: int = setting(100, "Number of draws from the null model, 1 to 10000")
    n_starts: int = setting(200, "Number of random initial states, 1 to 100000")

    def __post_init__(self) -> None:
        check_range(self, "draws", 1, MOST_DRAWS)
        check_range(self, "n_starts", 1, MOST_STARTS)


def _tasks() -> tuple[Task, ...]:
    return (Task.read({"kind": "phase-memory"}),)


@dataclass(frozen=True, kw_only=True)
class EnergyConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates,
        metadata={"description": "Networks that are trained: leaky networks with tanh."},
    )
    tasks: tuple[Task, ...] = field(
        default_factory=_tasks, metadata={"description": "Tasks of every network."}
    )
    ensemble: EnsembleSection = field(
        default_factory=EnsembleSection,
        metadata={"description": "Random sign networks between symmetric and antisymmetric."},
    )
    memories: MemoriesSection = field(
        default_factory=MemoriesSection,
        metadata={"description": "Recall in Hopfield networks against their load."},
    )
    mixture: MixtureSection = field(
        default_factory=MixtureSection,
        metadata={"description": "Memories with an antisymmetric part: J = (1 - a) S + a A."},
    )
    networks: NetworksSection = field(
        default_factory=NetworksSection,
        metadata={"description": "Trained networks on the axis of symmetry."},
    )
    training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=1500, batch_size=32, stop_below=0.02),
        metadata={"description": "Training of the networks; a substrate has its learning rate."},
    )
    worm: WormSection = field(
        default_factory=WormSection,
        metadata={"description": "The connectome on the axis of symmetry."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("substrates", "tasks"):
            check_different_names(name, getattr(self, name))
        for entry in self.substrates:
            if not ENERGY_NEEDS.items() <= entry.settings.items():
                needs = " and ".join(f"{name} = {value!r}" for name, value in ENERGY_NEEDS.items())
                raise ValueError(
                    f"substrates: the energy is that of a leaky network with {needs}; "
                    f"{entry.name} ({entry.kind}) is not one. Kinds: full-rank, low-rank, "
                    "connectome."
                )

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "EnergyConfig":
        """Small networks and few draws: minutes instead of hours."""
        return cls(
            ensemble=EnsembleSection(n_neurons=14, n_networks=80, n_trajectories=4),
            memories=MemoriesSection(sizes=(250, 500, 1000, 2000), n_memories=160),
            mixture=MixtureSection(n_neurons=14, n_networks=60),
            networks=NetworksSection(pairs=2, n_starts=32, n_steps=2000),
            training=TrainingBudget(steps=600, batch_size=32, stop_below=0.05),
            worm=WormSection(draws=20, n_starts=100),
        )
