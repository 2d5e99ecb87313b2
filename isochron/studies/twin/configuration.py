"""The configuration of `isochron study twin`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from isochron.ann_bridge.training_parameters import MOST_STEPS, TrainingParameters
from isochron.runs.configuration import (
    MOST_PAIRS,
    check_different,
    check_positive,
    check_range,
    check_seed,
)
from isochron.settings import check_choices, check_effect, setting
from isochron.studies.entries import Substrate, check_different_names, locate_entries

GRADED, HODGKIN_HUXLEY = "graded", "hodgkin-huxley"
CURRENT_pA = {GRADED: 0.2, HODGKIN_HUXLEY: 6.0}  # standard deviation if none is given
TIME_CONSTANT_MS = 100.0  # of leaky networks before training
SMALL = 16  # units of a GRU up to which it learns with a large learning rate


@dataclass(frozen=True, kw_only=True)
class NeuronSection:
    """The neuron that is emulated, and the currents that drive it."""

    model: str = setting(
        GRADED,
        "Model of the neuron: graded, with currents into its presynaptic neurons, or RMD with its "
        "voltage-gated currents, into which the current flows",
        choices=(GRADED, HODGKIN_HUXLEY),
        added_later=True,
    )
    dataset: str = setting(
        "varshney2011", "Connectome: ID of a data set, or a file", needs="model=graded"
    )
    neuron: str = setting("RMDR", "Neuron whose potential is the output", needs="model=graded")
    n_presynaptic: int = setting(
        3,
        "Number of presynaptic neurons, those with the most contacts; each gets a current",
        needs="model=graded",
    )
    current_pA: float | None = setting(
        None,
        "Standard deviation of each current, > 0; by default 0.2 for a graded neuron, 6 for a "
        "hodgkin-huxley neuron",
        unit="pA",
    )
    correlation_ms: tuple[float, ...] = setting(
        (50.0, 200.0, 1000.0),
        "Correlation times of the processes that make up a current, with equal variances",
        unit="ms",
    )
    step_ms: float = setting(20.0, "Time step, in which the currents are constant", unit="ms")
    duration_ms: float = setting(4000.0, "Duration of a trial", unit="ms")
    washout_ms: float = setting(1000.0, "Start of a trial that does not count", unit="ms")
    n_trials: int = setting(1024, "Number of trials of a training, and of those held out")

    def __post_init__(self) -> None:
        check_choices(self)
        check_effect(self)
        given = () if self.current_pA is None else ("current_pA",)
        check_positive(
            self, "n_presynaptic", *given, "correlation_ms", "step_ms", "duration_ms",
            "washout_ms", "n_trials",
        )  # fmt: skip
        if not self.washout_ms + self.step_ms <= self.duration_ms:
            raise ValueError(
                f"washout_ms must be shorter than duration_ms = {self.duration_ms:g} by a step of "
                f"{self.step_ms:g} ms, got {self.washout_ms!r}."
            )
        if self.n_trials < 2:
            raise ValueError(f"n_trials must be at least 2, got {self.n_trials!r}.")

    @property
    def deviation_pA(self) -> float:
        """Standard deviation of each current: the one given, or that of the model."""
        return CURRENT_pA[self.model] if self.current_pA is None else self.current_pA

    @property
    def n_currents(self) -> int:
        """Number of currents."""
        return self.n_presynaptic if self.model == GRADED else 1


@dataclass(frozen=True, kw_only=True)
class FilterSection:
    """Linear filters of the currents, by least squares: the control of all networks."""

    lags: tuple[int, ...] = setting(
        (5, 10, 20, 40), "Numbers of steps that the filters read back, the present one included"
    )

    def __post_init__(self) -> None:
        check_positive(self, "lags")
        check_different(self, "lags")


@dataclass(frozen=True, kw_only=True)
class EmulationSection:
    """Training of every network; the learning rate falls along half a cosine."""

    pairs: int = setting(
        10, "Number of networks of each kind, 1 to 1000; those of a pair share all trials"
    )
    steps: int = setting(2000, "Number of training steps, 1 to 10 million")
    batch_size: int = setting(64, "Number of trials in each training step")
    final_rate: float = setting(
        0.01, "Learning rate at the last step, relative to that of the network, 0 to 1"
    )

    def __post_init__(self) -> None:
        check_positive(self, "batch_size")
        check_range(self, "pairs", 1, MOST_PAIRS)
        check_range(self, "steps", 1, MOST_STEPS)
        if not 0 <= self.final_rate <= 1:
            raise ValueError(f"final_rate must lie between 0 and 1, got {self.final_rate!r}.")

    def parameters(self, learning_rate: float) -> TrainingParameters:
        """Parameters of the training of a network with a learning rate."""
        return TrainingParameters(
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=learning_rate,
            decay="cosine",
            final_learning_rate=self.final_rate * learning_rate,
        )


def _substrates(*, quick: bool = False) -> tuple[Substrate, ...]:
    leaky = {
        "time_constant_ms": TIME_CONSTANT_MS, "noise_std": 0.0, "readout": "rates",
        "learning_rate": 0.01,
    }  # fmt: skip
    grus = (4, 8) if quick else (2, 4, 8, 16, 32, 64)
    ranks = (2,) if quick else (1, 2, 4, 8)
    channels = (8,) if quick else (2, 4, 8, 16, 32)
    given = [
        *({"name": f"gru-{n}", "kind": "gru", "n_units": n,
           "learning_rate": 0.03 if n <= SMALL else 0.01} for n in grus),
        *({"name": f"low-rank-{r}", "kind": "low-rank", "n_units": 64, "rank": r} | leaky
          for r in ranks),
        *({"name": f"convolution-{n}", "kind": "convolution", "n_units": n, "n_layers": 5,
           "learning_rate": 0.01} for n in channels),
        {"name": "connectome", "kind": "connectome"} | leaky,
    ]  # fmt: skip
    return tuple(Substrate.read(values) for values in given)


@dataclass(frozen=True, kw_only=True)
class TwinConfig:
    """One run of the study."""

    DATASET_SECTION: ClassVar[str] = "neuron"

    seed: int = setting(0, "Seed of all random numbers, 0 to 2**32 - 1")
    neuron: NeuronSection = field(
        default_factory=NeuronSection,
        metadata={"description": "The neuron that is emulated, and the currents that drive it."},
    )
    substrates: tuple[Substrate, ...] = field(
        default_factory=_substrates, metadata={"description": "Networks that emulate it."}
    )
    filters: FilterSection = field(
        default_factory=FilterSection,
        metadata={"description": "Linear filters of the currents, by least squares."},
    )
    training: EmulationSection = field(
        default_factory=EmulationSection,
        metadata={"description": "Training of every network."},
    )

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_different_names("substrates", self.substrates)
        if not self.substrates:
            raise ValueError("The study needs at least one section [[substrates]].")

    @staticmethod
    def locate(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """As `locate_entries`."""
        return locate_entries(values, folder)

    @classmethod
    def quick(cls) -> "TwinConfig":
        """Five networks, two pairs, short trainings: minutes instead of hours."""
        return cls(
            neuron=NeuronSection(n_trials=512, duration_ms=2800.0, washout_ms=800.0),
            substrates=_substrates(quick=True),
            filters=FilterSection(lags=(10, 40)),
            training=EmulationSection(pairs=2, steps=1000, batch_size=32),
        )
