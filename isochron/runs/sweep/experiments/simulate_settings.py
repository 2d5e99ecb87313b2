"""Settings of the sweeps of graded worms."""

import math
from dataclasses import dataclass

from isochron.runs.model_settings import DATASET_HELP
from isochron.runs.null_models import NO_NULL, check_null_model
from isochron.settings import check_choices, setting
from isochron.sims.graded_parameters import GradedParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSettings(GradedParameters):
    """A graded model of a connectome, or of a null model of it, and where a current enters."""

    dataset: str = setting("varshney2011", DATASET_HELP)
    null_model: str = setting(NO_NULL, "Null model of the connectome; none for the connectome")
    draw: int = setting(0, "Number of the draw from the null model")
    stimulate: tuple[str, ...] = setting(
        ("PLML", "PLMR"), "Neurons, classes or patterns that receive the current"
    )
    ablate: tuple[str, ...] = setting((), "Neurons, classes or patterns that are disconnected")

    def __post_init__(self) -> None:
        GradedParameters.__post_init__(self)
        check_null_model(self.null_model, self.draw)


@dataclass(frozen=True, kw_only=True, slots=True)
class WormSettings(ModelSettings):
    """Such a model under a constant current."""

    amplitude_pA: float = setting(2000.0, "Constant current", unit="pA")
    duration_s: float = setting(60.0, "Simulated time", unit="s")
    step_ms: float = setting(8.0, "Time step", unit="ms")
    engine: str = setting(
        "numba", "Implementation of the simulation: numba, or torch for a GPU",
        choices=("numba", "torch"),
    )  # fmt: skip
    device: str = setting(
        "cpu", "Device of the simulation", choices=("cpu", "cuda"), needs="engine=torch"
    )

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        check_choices(self)
        if self.device != "cpu" and self.engine != "torch":
            raise ValueError(f"device = {self.device!r} has no effect without engine = 'torch'.")
        for name in ("duration_s", "step_ms"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulateSettings(WormSettings):
    """Simulations of which the end is observed."""

    observe_s: float = setting(20.0, "Time at the end that is observed", unit="s")
    oscillates_above_mV: float = setting(
        0.5, "Half the range of a potential above which a worm oscillates", unit="mV"
    )
    keep_traces: bool = setting(False, "Save the potentials of the time that is observed")
    trace_neurons: tuple[str, ...] = setting(
        (), "Neurons whose potentials are saved; all by default", needs="keep_traces"
    )
    record_every_ms: float = setting(40.0, "Time between recorded potentials", unit="ms")

    def __post_init__(self) -> None:
        WormSettings.__post_init__(self)
        if not 0 < self.observe_s <= self.duration_s:
            raise ValueError(
                f"observe_s must lie in (0, {self.duration_s:g}], the duration, got "
                f"{self.observe_s!r}."
            )
        if not self.step_ms <= self.record_every_ms <= 1e3 * self.observe_s / 8:
            raise ValueError(
                f"record_every_ms must lie between the step and an eighth of observe_s, got "
                f"{self.record_every_ms!r}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class CycleSettings(WormSettings):
    """Simulations at whose end a limit cycle is searched for."""

    max_period_s: float = setting(10.0, "Longest period that is searched for", unit="s")


@dataclass(frozen=True, kw_only=True, slots=True)
class OnsetSettings(ModelSettings):
    """Search for the constant current at which the equilibrium becomes unstable."""

    largest_pA: float = setting(20_000.0, "Largest current of the search, > 0", unit="pA")

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        if not 0 < self.largest_pA < math.inf:
            raise ValueError(f"largest_pA must be positive, got {self.largest_pA!r}.")
