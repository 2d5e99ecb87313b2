"""The configuration of `isochron study attention`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.runs.configuration import (
    MOST_PAIRS,
    MOST_STARTS,
    check_positive,
    check_range,
    check_seed,
)
from isochron.runs.training_budget import TrainingBudget
from isochron.settings import setting
from isochron.studies.entries import Substrate, Task, check_different_names, locate_entries

ATTENTION = "attention"  # the kind


@dataclass(frozen=True, kw_only=True)
class MemorySection:
    """Trials that are longer than those of the training, in which the memory is measured."""

    pairs: int = setting(10, "Number of networks of each substrate and task, 1 to 1000")
    n_trials: int = setting(64, "Number of trials, each with every stimulus; 1 to 100000")
    longest_ms: float = setting(2400.0, "Time from the end of the stimulus on", unit="ms")
    brief_ms: float = setting(16.0, "Duration of a brief stimulus", unit="ms")

    def __post_init__(self) -> None:
        check_positive(self, "longest_ms", "brief_ms")
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "n_trials", 1, MOST_STARTS)


@dataclass(frozen=True, kw_only=True)
class CyclesSection:
    """Search for cycles, and the output that is fed back for a control of it."""

    frequency_Hz: float = setting(
        8.333333333333334, "Frequency of the reference; the default has a period of 60 steps",
        unit="Hz",
    )  # fmt: skip
    amplitude: float = setting(1.0, "Amplitude of the reference, > 0")
    n_starts: int = setting(64, "Number of random initial states of each survey, 2 to 100000")
    feedback: float = setting(
        1.0, "Gain of the output that is fed back into the reference input of trained networks"
    )

    def __post_init__(self) -> None:
        check_positive(self, "frequency_Hz", "amplitude", "feedback")
        check_range(self, "n_starts", 2, MOST_STARTS)


def _substrates(*, quick: bool = False) -> tuple[Substrate, ...]:
    long = {"name": "long", "kind": ATTENTION, "n_units": 32}
    short = long | {"name": "short", "window": 161}
    gru = {"kind": "gru", "n_units": 32}
    if quick:
        coarse = {"stride": 16}
        given = [long | coarse, short | coarse | {"window": 129, "n_layers": 2}, gru]
        return tuple(Substrate.read(values) for values in given)
    given = [
        long,
        long | {"name": "long-2", "n_layers": 2},
        long | {"name": "long-sinusoidal", "positions": "sinusoidal"},
        short,
        short | {"name": "short-2", "n_layers": 2, "window": 81},
        gru,
        {"name": "dense", "kind": "full-rank", "n_units": 64, "learning_rate": 0.003},
    ]
    return tuple(Substrate.read(values) for values in given)


def _tasks() -> tuple[Task, ...]:
    return tuple(Task.read({"kind": kind}) for kind in ("phase-memory", "level-memory"))


@dataclass(frozen=True, kw_only=True)
class AttentionConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = ""

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates,
        metadata={"description": f"Networks: of the kind {ATTENTION}, and recurrent controls."},
    )
    tasks: tuple[Task, ...] = field(
        default_factory=_tasks,
        metadata={"description": "Tasks with a reference and two or more stimuli."},
    )
    training: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=1500, batch_size=32, stop_below=0.02),
        metadata={"description": "Training, the same for all networks."},
    )
    memory: MemorySection = field(
        default_factory=MemorySection,
        metadata={"description": "Measurement of the memory."},
    )
    cycles: CyclesSection = field(
        default_factory=CyclesSection,
        metadata={"description": "Search for cycles."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_different_names("substrates", self.substrates)
        check_different_names("tasks", self.tasks)
        kinds = [entry.kind for entry in self.substrates]
        if ATTENTION not in kinds or set(kinds) == {ATTENTION}:
            raise ValueError(
                f"substrates: the study compares networks of the kind {ATTENTION} with recurrent "
                f"ones and needs both; got {', '.join(kinds)}."
            )

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "AttentionConfig":
        """Three substrates, one task, two pairs: minutes instead of hours."""
        return cls(
            substrates=_substrates(quick=True),
            tasks=_tasks()[:1],
            training=TrainingBudget(steps=200, batch_size=32, stop_below=0.04),
            memory=MemorySection(pairs=2, n_trials=24, longest_ms=1400.0, brief_ms=32.0),
            cycles=CyclesSection(n_starts=8),
        )
