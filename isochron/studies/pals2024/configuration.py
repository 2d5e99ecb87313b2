"""The configuration of `isochron reproduce pals2024`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from isochron.ann_bridge.tasks.stimulus_task import GeneratedReferenceSettings
from isochron.runs.configuration import (
    MOST_PAIRS,
    MOST_STARTS,
    check_positive,
    check_range,
    check_seed,
)
from isochron.runs.training_budget import LEARNING_RATE, TrainingBudget
from isochron.settings import check_choices, setting

N_UNITS = "Number of units of a network, at least 1"


@dataclass(frozen=True, kw_only=True)
class LowRankSection(TrainingBudget):
    """Networks of rank 1, 2 or 3."""

    n_units: int = setting(512, N_UNITS)
    loading_covariance: float = setting(
        0.6, "Covariance of the loadings n and m before training, in the default initialization"
    )
    oscillation_Hz: float = setting(
        8.0, "Frequency of the limit cycle before training, in the oscillatory initialization",
        unit="Hz",
    )  # fmt: skip
    growth: float = setting(
        0.5, "Growth rate around 0 before training, in the oscillatory initialization",
        unit="1 / time constant",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FullRankSection(TrainingBudget):
    """Networks of full rank."""

    learning_rate: float = setting(0.001, LEARNING_RATE)
    n_units: int = setting(100, N_UNITS)


@dataclass(frozen=True, kw_only=True)
class GatedSection(TrainingBudget):
    """GRU and LSTM."""

    learning_rate: float = setting(0.005, LEARNING_RATE)
    n_units: int = setting(64, N_UNITS)


@dataclass(frozen=True, kw_only=True)
class CircuitSection(TrainingBudget):
    """Liquid or closed-form networks."""

    RENAMED: ClassVar[Mapping[str, str]] = {"wiring": "connectivity"}

    connectivity: str = setting(
        "policy",
        "Connections in layers of inter-, command and motor neurons, or all",
        choices=("policy", "full"),
    )
    n_units: int = setting(48, N_UNITS)
    n_motor: int = setting(8, "Number of motor neurons among the units; the readout uses these")

    def __post_init__(self) -> None:
        TrainingBudget.__post_init__(self)
        check_choices(self)


@dataclass(frozen=True, kw_only=True)
class OscillatorSection(TrainingBudget):
    """Networks of coupled oscillators."""

    n_units: int = setting(64, N_UNITS)


@dataclass(frozen=True, kw_only=True)
class SpikingSection(TrainingBudget):
    """Spiking networks; they need the extra surrogate."""

    n_units: int = setting(100, N_UNITS)


@dataclass(frozen=True, kw_only=True)
class ConnectomeSection(TrainingBudget):
    """Networks on the connectome of the worm."""

    dataset: str = setting("varshney2011", "Connectome: ID of a data set, or a file")


@dataclass(frozen=True, kw_only=True)
class AnalysisSection:
    """Analysis of the trained networks."""

    learned_below: float = setting(
        0.2, "Loss below which a network has learned: upper end of its interval (figure S3)"
    )
    frequency_Hz: float = setting(
        8.333333333333334, "Frequency of the reference; the default has a period of 60 steps",
        unit="Hz",
    )  # fmt: skip
    amplitude: float = setting(1.0, "Amplitude of the reference, > 0")
    n_starts: int = setting(96, "Number of random initial states of the attractor survey")
    n_intrinsic_starts: int = setting(
        64, "Number of initial states of the search for cycles with the reference off"
    )
    n_trials: int = setting(32, "Number of trials of each stimulus")
    tongue_amplitudes: tuple[float, ...] = setting(
        (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5),
        "Amplitudes of the reference in the tongue of the first network of a condition, each > 0",
    )
    tongue_limits_Hz: tuple[float, float] = setting(
        (4.5, 20.0), "Lowest and highest frequency of the tongue", unit="Hz"
    )
    confidence: float = setting(0.95, "Confidence level of the intervals, 0 to 1")

    def __post_init__(self) -> None:
        check_positive(self, "learned_below", "frequency_Hz", "amplitude")
        for name in ("n_starts", "n_intrinsic_starts", "n_trials"):
            check_range(self, name, 1, MOST_STARTS)
        low, high = self.tongue_limits_Hz
        if not 0 < low < self.frequency_Hz < high < math.inf:
            raise ValueError(
                f"tongue_limits_Hz must lie around frequency_Hz={self.frequency_Hz:g}, "
                f"got {self.tongue_limits_Hz!r}."
            )
        if not all(0 < amplitude < math.inf for amplitude in self.tongue_amplitudes):
            raise ValueError(
                f"tongue_amplitudes must be positive and finite, got {self.tongue_amplitudes!r}."
            )
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {self.confidence!r}.")


PAPER = (
    *("rank-1-linear", "rank-1-tanh"),
    *("rank-2-linear", "rank-2-linear-oscillatory", "rank-2-linear-long"),
    *("rank-2-tanh", "rank-2-tanh-oscillatory"),
    *("rank-3-linear", "rank-3-linear-oscillatory", "rank-3-tanh", "rank-3-tanh-oscillatory"),
    *("full-rank-linear", "full-rank-tanh"),
)
FURTHER = (
    *("rank-2-linear-four", "gru", "lstm", "liquid", "closed-form", "coupled-oscillators"),
    "spiking",
    *("connectome-linear", "connectome-tanh"),
)


@dataclass(frozen=True, kw_only=True)
class Pals2024Config:
    """One reproduction."""

    DATASET_SECTION: ClassVar[str] = "connectome"
    RENAMED: ClassVar[Mapping[str, str]] = {
        "gated": "gru or lstm",
        "oscillators": "coupled_oscillators",
    }

    seed: int = setting(
        0, "Seed of weights, trials and initial states of all networks, 0 to 2**32 - 1"
    )
    nets: int = setting(10, "Number of networks in each condition, each with a different seed")
    conditions: tuple[str, ...] = setting(PAPER + FURTHER, "Conditions: rows of the table")
    task: GeneratedReferenceSettings = field(
        default_factory=GeneratedReferenceSettings,
        metadata={
            "description": "Reference of the trials: pure sines, or theta with a random phase, "
            "amplitude and noise, which is nearer to the recordings that the paper used."
        },
    )
    low_rank: LowRankSection = field(
        default_factory=LowRankSection, metadata={"description": "Networks of rank 1, 2 and 3."}
    )
    long: LowRankSection = field(
        default_factory=lambda: LowRankSection(steps=4000, stop_below=0.0),
        metadata={"description": "Low-rank networks with a training longer than learning needs."},
    )
    full_rank: FullRankSection = field(
        default_factory=FullRankSection, metadata={"description": "Networks of full rank."}
    )
    gru: GatedSection = field(
        default_factory=GatedSection, metadata={"description": "Gated recurrent units."}
    )
    lstm: GatedSection = field(
        default_factory=GatedSection, metadata={"description": "Long short-term memory."}
    )
    liquid: CircuitSection = field(
        default_factory=lambda: CircuitSection(learning_rate=0.02),
        metadata={"description": "Liquid time-constant networks."},
    )
    closed_form: CircuitSection = field(
        default_factory=lambda: CircuitSection(
            connectivity="full", n_units=32, learning_rate=0.003
        ),
        metadata={"description": "Closed-form continuous-time networks."},
    )
    coupled_oscillators: OscillatorSection = field(
        default_factory=OscillatorSection,
        metadata={"description": "Networks of coupled oscillators."},
    )
    spiking: SpikingSection = field(
        default_factory=SpikingSection, metadata={"description": "Spiking networks."}
    )
    connectome: ConnectomeSection = field(
        default_factory=ConnectomeSection,
        metadata={"description": "Networks on the worm's connectome."},
    )
    four_stimuli: TrainingBudget = field(
        default_factory=lambda: TrainingBudget(steps=10_000),
        metadata={"description": "Training of the conditions with four stimuli."},
    )
    analysis: AnalysisSection = field(
        default_factory=AnalysisSection,
        metadata={"description": "Analysis of the trained networks."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not 1 <= self.nets <= MOST_PAIRS:
            raise ValueError(f"nets must lie between 1 and {MOST_PAIRS}, got {self.nets!r}.")
        if not self.conditions or len(set(self.conditions)) != len(self.conditions):
            raise ValueError(f"conditions must be different names, got {self.conditions!r}.")

    @classmethod
    def quick(cls) -> "Pals2024Config":
        """Small networks and few seeds: minutes instead of hours."""
        return cls(
            nets=5,
            conditions=(
                *("rank-1-linear", "rank-2-linear", "rank-2-linear-long"),
                *("rank-2-tanh", "rank-2-tanh-oscillatory"),
            ),
            low_rank=LowRankSection(
                n_units=256, steps=600, batch_size=32, learning_rate=0.02, stop_below=0.025
            ),
            long=LowRankSection(n_units=128, steps=3500, batch_size=32, stop_below=0.0),
            analysis=AnalysisSection(
                n_starts=48,
                n_intrinsic_starts=32,
                n_trials=16,
                tongue_amplitudes=(0.5, 0.75, 1.0, 1.25),
            ),
        )
