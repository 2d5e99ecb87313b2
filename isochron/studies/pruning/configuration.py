"""The configuration of `isochron study pruning`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.registry import TASKS
from isochron.connectome.null_models import NULL_MODELS
from isochron.runs.configuration import (
    MOST_DRAWS,
    MOST_PAIRS,
    check_different,
    check_positive,
    check_range,
    check_seed,
)
from isochron.runs.null_models import OF_SIGNS
from isochron.runs.training_budget import TrainingBudget
from isochron.settings import setting
from isochron.studies.entries import Task, check_different_names, locate_entries

MOST_TICKET_ROUNDS = 100
FEWEST_DRAWS = 40  # for a p-value below .05: 2 / (40 + 1)
QUICK_TASKS = ("flip-flop", "match-to-sample")


@dataclass(frozen=True, kw_only=True)
class WormSection:
    """The connectome whose number of connections all pruned networks have."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    gain: float = setting(
        1.0, "Gain of the recurrent weights before training, dense and masked, > 0"
    )

    def __post_init__(self) -> None:
        check_positive(self, "gain")


@dataclass(frozen=True, kw_only=True)
class PruningSection:
    """Ways to choose the weights."""

    pairs: int = setting(10, "Number of networks of each task and kind of pruning, 1 to 1000")
    flow_rounds: int = setting(100, "Rounds of SynFlow, 1 to 10000")
    flow_gain: float = setting(
        0.9, "Spectral radius of the sizes of the weights in SynFlow, above 0 and up to 1"
    )
    ticket_rounds: int = setting(5, "Rounds of the lottery ticket, each with a training, 1 to 100")

    def __post_init__(self) -> None:
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "flow_rounds", 1, MOST_DRAWS)
        check_range(self, "ticket_rounds", 1, MOST_TICKET_ROUNDS)
        if not 0 < self.flow_gain <= 1:
            raise ValueError(f"flow_gain must be above 0 and at most 1, got {self.flow_gain!r}.")


@dataclass(frozen=True, kw_only=True)
class GraphSection:
    """Comparison of every graph with null models of itself."""

    null_models: tuple[str, ...] = setting(
        ("erdos-renyi", "rewire"), "Null models; the last one is that of motifs"
    )
    draws: int = setting(100, "Number of draws from each null model, 2 to 10000")

    def __post_init__(self) -> None:
        check_different(self, "null_models")
        if not self.null_models:
            raise ValueError("null_models must name at least one null model, such as rewire.")
        for name in self.null_models:
            if NULL_MODELS.check(name) == OF_SIGNS:
                raise ValueError(f"The graphs do not have signs: {OF_SIGNS} does not change them.")
        check_range(self, "draws", 2, MOST_DRAWS)


def _tasks(*names: str) -> tuple[Task, ...]:
    return tuple(Task.read({"kind": kind}) for kind in names or TASKS)


@dataclass(frozen=True, kw_only=True)
class PruningConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    tasks: tuple[Task, ...] = field(
        default_factory=_tasks, metadata={"description": "Tasks of every network."}
    )
    worm: WormSection = field(
        default_factory=WormSection,
        metadata={"description": "The connectome whose number of connections all networks have."},
    )
    pruning: PruningSection = field(
        default_factory=PruningSection, metadata={"description": "Ways to choose the weights."}
    )
    training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(
            steps=1000, batch_size=32, learning_rate=0.01, stop_below=0.0
        ),
        metadata={"description": "Each training, before and after pruning."},
    )
    graphs: GraphSection = field(
        default_factory=GraphSection,
        metadata={"description": "Comparison of every graph with null models of itself."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_different_names("tasks", self.tasks)
        if not self.tasks:
            raise ValueError("The study needs at least one section [[tasks]].")

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "PruningConfig":
        """Two tasks, two pairs, short trainings: minutes instead of hours."""
        return cls(
            tasks=_tasks(*QUICK_TASKS),
            pruning=PruningSection(pairs=2, ticket_rounds=2),
            training=TrainingBudget(steps=200, batch_size=16, learning_rate=0.01, stop_below=0.0),
            graphs=GraphSection(draws=FEWEST_DRAWS),
        )
