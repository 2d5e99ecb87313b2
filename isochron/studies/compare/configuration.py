"""The configuration of `isochron compare`."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from isochron.runs.configuration import check_positive
from isochron.runs.training_budget import STOP_BELOW, TrainingBudget
from isochron.settings import setting

MAX_SEEDS = 1000


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
    step_ms: float = setting(2.0, "Time step of the simulation, at most 20", unit="ms")
    n_starts: int = setting(
        16, "Number of random initial states tested for convergence to the cycle"
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
    tongue_step_ms: float = setting(4.0, "Time step for the tongue, at most 20", unit="ms")

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
        if self.step_ms > 20 or self.tongue_step_ms > 20:
            raise ValueError("step_ms and tongue_step_ms must be at most 20 ms to be accurate.")


@dataclass(frozen=True, kw_only=True)
class TaskSection:
    """Phase-coded working memory."""

    offsets: tuple[float, ...] = setting(
        (-0.1, -0.6), "Phase of the target oscillation for each stimulus, in cycles"
    )
    duration_ms: float = setting(800.0, "Duration of a trial", unit="ms")


@dataclass(frozen=True, kw_only=True)
class TrainingSection(TrainingBudget):
    """Training of networks of one kind."""

    seeds: tuple[int, ...] = setting((0,), "Seeds, one network for each")
    stop_below: float = setting(0.0, STOP_BELOW)

    def __post_init__(self) -> None:
        TrainingBudget.__post_init__(self)
        if len(set(self.seeds)) != len(self.seeds) or len(self.seeds) > MAX_SEEDS:
            raise ValueError(
                f"seeds must be at most {MAX_SEEDS} different numbers, got {self.seeds!r}."
            )
        if not all(0 <= seed < 2**32 for seed in self.seeds):
            raise ValueError(f"seeds must lie between 0 and 2**32 - 1, got {self.seeds!r}.")


@dataclass(frozen=True, kw_only=True)
class LowRankSection(TrainingSection):
    """The low-rank networks."""

    seeds: tuple[int, ...] = setting((0, 1, 2, 3, 4), "Seeds, one network for each")
    n_units: int = setting(512, "Number of units of a network, at least 1")
    rank: int = setting(2, "Rank of the recurrent weights, at least 1")


@dataclass(frozen=True, kw_only=True)
class ConnectomeSection(TrainingSection):
    """The networks on the worm's connectome, and their controls on rewired ones."""

    seeds: tuple[int, ...] = setting(
        (0, 1, 2), "Seeds, one network and one rewired control for each"
    )
    steps: int = setting(1000, "Largest number of training steps, also of a control")
    batch_size: int = setting(64, "Number of trials in each training step")
    swaps_per_edge: float = setting(
        10.0, "Number of rewiring steps tried per connection of a control, 0 to 1000"
    )

    def __post_init__(self) -> None:
        TrainingSection.__post_init__(self)
        if not 0 <= self.swaps_per_edge <= 1000:
            raise ValueError(
                f"swaps_per_edge must lie between 0 and 1000, got {self.swaps_per_edge!r}."
            )


@dataclass(frozen=True, kw_only=True)
class ReferenceSection:
    """The reference oscillation under which the networks are analyzed."""

    frequency_Hz: float = setting(
        8.333333333333334, "Frequency of the reference; the default has a period of 60 steps",
        unit="Hz",
    )  # fmt: skip
    amplitude: float = setting(1.0, "Amplitude of the reference, a sine on input 0, > 0")
    n_starts: int = setting(
        128, "Number of random initial states of the attractor survey, at least 2"
    )
    noisy_periods: int = setting(
        40, "Number of periods simulated with noise for the phase-locking value, at least 8"
    )
    tongue_amplitudes: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75, 1.0, 1.25, 1.5), "Amplitudes of the reference in the tongue, each > 0"
    )
    tongue_limits_Hz: tuple[float, float] = setting(
        (5.0, 16.0), "Lowest and highest frequency of the tongue", unit="Hz"
    )

    def __post_init__(self) -> None:
        check_positive(
            self, "frequency_Hz", "amplitude", "n_starts", "noisy_periods", "tongue_amplitudes"
        )
        if self.n_starts < 2 or self.noisy_periods < 8:
            raise ValueError(
                "n_starts must be at least 2 and noisy_periods at least 8, got "
                f"{self.n_starts!r} and {self.noisy_periods!r}."
            )
        low, high = self.tongue_limits_Hz
        if not 0 < low < self.frequency_Hz < high < math.inf:
            raise ValueError(
                f"tongue_limits_Hz must lie around frequency_Hz={self.frequency_Hz:g}, "
                f"got {self.tongue_limits_Hz!r}."
            )


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """One comparison of worm, trained networks and controls."""

    DATASET_SECTION: ClassVar[str] = "worm"

    seed: int = setting(
        0, "First seed, 0 to 2**32 - 1: the seeds of the sections below are added to it"
    )
    untrained: bool = setting(
        True, "Analysis of a low-rank and a connectome network before training, too"
    )
    worm: WormSection = field(default_factory=WormSection, metadata={"description": "The worm."})
    task: TaskSection = field(
        default_factory=TaskSection, metadata={"description": "The working-memory task."}
    )
    low_rank: LowRankSection = field(
        default_factory=LowRankSection, metadata={"description": "Low-rank networks."}
    )
    connectome: ConnectomeSection = field(
        default_factory=ConnectomeSection,
        metadata={"description": "Networks with weights only where the worm has a connection."},
    )
    reference: ReferenceSection = field(
        default_factory=ReferenceSection,
        metadata={"description": "The reference oscillation under which networks are analyzed."},
    )

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must lie between 0 and 2**32 - 1, got {self.seed!r}.")

    @classmethod
    def quick(cls) -> "CompareConfig":
        """Small networks and few seeds: minutes instead of hours."""
        return cls(
            worm=WormSection(n_starts=6, tongue_amplitudes_pA=(2.5, 5.0, 10.0), tongue_step_ms=8.0),
            low_rank=LowRankSection(
                seeds=(0, 1), steps=700, batch_size=32, learning_rate=0.02, stop_below=0.03
            ),
            connectome=ConnectomeSection(seeds=(0,), steps=300, batch_size=32, stop_below=0.01),
            reference=ReferenceSection(n_starts=48, tongue_amplitudes=(0.5, 0.75, 1.0, 1.25)),
        )
