"""The configuration of `isochron study adaptation`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.runs.configuration import (
    MOST_PAIRS,
    MOST_STARTS,
    check_different,
    check_positive,
    check_range,
    check_seed,
)
from isochron.runs.training_budget import TrainingBudget
from isochron.settings import setting
from isochron.studies.entries import Substrate, Task, check_different_names, locate_entries

KINDS = ("full-rank", "connectome", "gru", "lstm")


@dataclass(frozen=True, kw_only=True)
class AdaptationSection:
    """Adaptation to the second task."""

    ranks: tuple[int, ...] = setting((1, 2, 4, 8), "Ranks of the term, each at least 1")
    pairs: int = setting(10, "Number of networks of each substrate, 1 to 1000")

    def __post_init__(self) -> None:
        check_positive(self, "ranks")
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_different(self, "ranks")


@dataclass(frozen=True, kw_only=True)
class ReferenceSection:
    """Reference under which the cycles of the first task are found and followed."""

    frequency_Hz: float = setting(
        8.333333333333334, "Frequency of the reference; the default has a period of 60 steps",
        unit="Hz",
    )  # fmt: skip
    amplitude: float = setting(1.0, "Amplitude of the reference, > 0")
    n_starts: int = setting(48, "Number of random initial states of the survey, 2 to 100000")

    def __post_init__(self) -> None:
        check_positive(self, "frequency_Hz", "amplitude")
        check_range(self, "n_starts", 2, MOST_STARTS)


def _substrates(*, quick: bool = False) -> tuple[Substrate, ...]:
    given = [
        {"name": "dense", "kind": "full-rank", "n_units": 64, "learning_rate": 0.003},
        {"kind": "gru", "n_units": 32},
        {"kind": "connectome"},
    ]
    return tuple(Substrate.read(values) for values in given[: 2 if quick else 3])


def _tasks() -> tuple[Task, ...]:
    return tuple(Task.read({"kind": kind}) for kind in ("phase-memory", "level-memory"))


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = ""

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates,
        metadata={"description": f"Networks; kinds: {', '.join(KINDS)}."},
    )
    tasks: tuple[Task, ...] = field(
        default_factory=_tasks,
        metadata={"description": "Two tasks with the same inputs and outputs: first and second."},
    )
    adaptation: AdaptationSection = field(
        default_factory=AdaptationSection,
        metadata={"description": "Adaptation to the second task."},
    )
    first_training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=1500, batch_size=32, stop_below=0.02),
        metadata={"description": "Training on the first task."},
    )
    second_training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=1500, batch_size=32, stop_below=0.02),
        metadata={"description": "Training on the second task, with every rank and in full."},
    )
    reference: ReferenceSection = field(
        default_factory=ReferenceSection,
        metadata={"description": "Reference under which cycles are found and followed."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_different_names("substrates", self.substrates)
        check_different_names("tasks", self.tasks)
        if len(self.tasks) != 2:
            raise ValueError(
                f"The study needs two sections [[tasks]], the first task and the second; got "
                f"{len(self.tasks)}."
            )
        for entry in self.substrates:
            if entry.kind not in KINDS:
                raise ValueError(
                    f"substrates: adaptation supports the kinds {', '.join(KINDS)}; {entry.name} "
                    f"is of the kind {entry.kind}."
                )

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "AdaptationConfig":
        """Two substrates, two pairs, two ranks: minutes instead of hours."""
        return cls(
            substrates=_substrates(quick=True),
            adaptation=AdaptationSection(ranks=(1, 4), pairs=2),
            first_training=TrainingBudget(steps=600, batch_size=32, stop_below=0.05),
            second_training=TrainingBudget(steps=300, batch_size=32, stop_below=0.05),
            reference=ReferenceSection(n_starts=16),
        )
