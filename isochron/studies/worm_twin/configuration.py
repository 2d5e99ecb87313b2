"""The configuration of `isochron study worm-twin`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.training_parameters import MOST_STEPS
from isochron.runs.configuration import (
    MOST_DRAWS,
    MOST_PAIRS,
    MOST_STARTS,
    check_different,
    check_positive,
    check_range,
    check_seed,
)
from isochron.settings import setting
from isochron.studies.entries import Substrate, check_different_names, locate_entries

TIME_CONSTANT_MS = 100.0  # of leaky networks
MOST_HARMONICS = 200


@dataclass(frozen=True, kw_only=True)
class WormSection:
    """The worm that is emulated, and its currents."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")
    stimulated: tuple[str, ...] = setting(
        ("PLM",), "Neurons that receive the constant current, which differs from trial to trial"
    )
    perturbed: tuple[str, ...] = setting(
        ("PLM", "AVD", "DVA"), "Neurons that receive noise currents, one current for each name"
    )
    current_pA: float = setting(
        2000.0, "Constant current at which the cycles are compared", unit="pA"
    )
    lowest_pA: float = setting(1000.0, "Smallest constant current of a trial", unit="pA")
    highest_pA: float = setting(2400.0, "Largest constant current of a trial", unit="pA")
    noise_pA: float = setting(1.0, "Standard deviation of each noise current, > 0", unit="pA")
    correlation_ms: tuple[float, ...] = setting(
        (50.0, 200.0, 1000.0),
        "Correlation times of the processes that make up a noise current, with equal variances",
        unit="ms",
    )
    step_ms: float = setting(40.0, "Time step, in which the currents are constant", unit="ms")
    duration_ms: float = setting(24_000.0, "Duration of a trial", unit="ms")
    n_trials: int = setting(120, "Number of trials of a training")
    n_held_out: int = setting(12, "Number of trials held out")
    n_modes: int = setting(
        6,
        "Number of outputs, at least 2: principal components of V - Vth of all neurons, each of "
        "variance 1",
    )

    def __post_init__(self) -> None:
        check_positive(
            self, "current_pA", "lowest_pA", "highest_pA", "noise_pA", "correlation_ms",
            "step_ms", "duration_ms", "n_trials", "n_held_out",
        )  # fmt: skip
        if self.n_modes < 2:
            raise ValueError(f"n_modes must be at least 2, got {self.n_modes!r}.")
        check_different(self, "perturbed")
        if not self.lowest_pA < self.current_pA < self.highest_pA:
            raise ValueError(
                f"current_pA must lie between lowest_pA = {self.lowest_pA:g} and highest_pA = "
                f"{self.highest_pA:g}, got {self.current_pA!r}."
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial."""
        return round(self.duration_ms / self.step_ms)

    def scaled(self, current_pA: float) -> float:
        """A constant current as the input of a learner: -1 to 1 over the trials."""
        return (2 * current_pA - self.lowest_pA - self.highest_pA) / (
            self.highest_pA - self.lowest_pA
        )


@dataclass(frozen=True, kw_only=True)
class LearningSection:
    """Training of every network; the learning rate falls along half a cosine."""

    pairs: int = setting(
        10, "Number of networks of each kind, 1 to 1000; those of a pair share all trials"
    )
    steps: int = setting(3000, "Number of training steps, 1 to 10 million")
    batch_size: int = setting(32, "Number of pieces of trials in each training step")
    forced_ms: float = setting(
        1200.0, "Start of a piece, in which the true outputs are fed back", unit="ms"
    )
    free_ms: float = setting(
        3000.0, "Rest of a piece, in which the predictions of a network are fed back", unit="ms"
    )
    final_rate: float = setting(
        0.01, "Learning rate at the last step, relative to that of the network, 0 to 1"
    )
    lags: int = setting(5, "Number of steps that the linear predictor reads back")

    def __post_init__(self) -> None:
        check_positive(self, "batch_size", "forced_ms", "free_ms", "lags")
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "steps", 1, MOST_STEPS)
        if not 0 <= self.final_rate <= 1:
            raise ValueError(f"final_rate must lie between 0 and 1, got {self.final_rate!r}.")


@dataclass(frozen=True, kw_only=True)
class LoopSection:
    """Search for the cycle of a closed loop."""

    n_starts: int = setting(8, "Number of initial states, 1 to 100000")
    settle_s: float = setting(400.0, "Time in which they settle", unit="s")
    n_harmonics: int = setting(16, "Order of the Fourier series of the cycle, 1 to 200")
    n_currents: int = setting(
        8, "Number of currents at which stability is tested for the onset, 1 to 10000"
    )

    def __post_init__(self) -> None:
        check_positive(self, "settle_s")
        check_range(self, "n_starts", 1, MOST_STARTS)
        check_range(self, "n_harmonics", 1, MOST_HARMONICS)
        check_range(self, "n_currents", 1, MOST_DRAWS)


def _substrates(*, quick: bool = False) -> tuple[Substrate, ...]:
    leaky = {"time_constant_ms": TIME_CONSTANT_MS, "noise_std": 0.0, "learning_rate": 0.005}
    given = [
        {"name": "gru", "kind": "gru", "n_units": 32, "learning_rate": 0.015 if quick else 0.005},
        {"name": "low-rank", "kind": "low-rank", "n_units": 64, "rank": 8} | leaky,
        {"name": "connectome", "kind": "connectome"} | leaky,
        {"name": "rewired", "kind": "connectome", "null_model": "rewire"} | leaky,
    ]
    return tuple(Substrate.read(values) for values in given)


@dataclass(frozen=True, kw_only=True)
class WormTwinConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    worm: WormSection = field(
        default_factory=WormSection,
        metadata={"description": "The worm that is emulated, and its currents."},
    )
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates,
        metadata={
            "description": "Networks that emulate it. The first is also trained with the true "
            "outputs fed back throughout, and on outputs in a random order."
        },
    )
    learning: LearningSection = field(
        default_factory=LearningSection,
        metadata={"description": "Training of every network, and the linear predictor."},
    )
    loop: LoopSection = field(
        default_factory=LoopSection,
        metadata={"description": "Search for the cycle of a closed loop."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_different_names("substrates", self.substrates)
        if not self.substrates:
            raise ValueError("The study needs at least one section [[substrates]].")
        piece = self.learning.forced_ms + self.learning.free_ms
        if piece + self.worm.step_ms > self.worm.duration_ms:
            raise ValueError(
                f"[worm] duration_ms must be longer than [learning] forced_ms + free_ms = "
                f"{piece:g} ms by a step, "
                f"got {self.worm.duration_ms!r}."
            )

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "WormTwinConfig":
        """Two pairs, short trainings: minutes instead of hours."""
        return cls(
            worm=WormSection(n_trials=24, n_held_out=6),
            substrates=_substrates(quick=True),
            learning=LearningSection(pairs=2, steps=400, batch_size=24),
            loop=LoopSection(n_starts=4),
        )
