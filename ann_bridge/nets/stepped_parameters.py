"""Parameters of networks that run step by step. Light: no torch, so that help is instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isochron.ann_bridge.nets.parameters import (
    NetworkParameters,
    check_not_negative,
    check_positive,
)
from isochron.ann_bridge.tasks.task import LONG_STEP_MS, usual_time_constant_ms
from isochron.settings import check_choices, setting
from isochron.wording import shown

HEADS = {"default": 3, "no_gate": 3, "pure": 1}  # sums over the synapses of a closed-form unit
SURROGATES = {"fast_sigmoid": "slope", "atan": "alpha"}  # of snntorch, and their steepness
TIME_CONSTANTS = ("time_constant_ms", "readout_time_constant_ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class SteppedParameters(NetworkParameters):
    """Parameters shared by networks that run step by step, by equations without a time scale."""

    initial_std: float = setting(0.1, "Standard deviation of the states from which trials start")

    def __post_init__(self) -> None:
        NetworkParameters.__post_init__(self)
        check_positive(self, "step_ms")
        check_not_negative(self, "initial_std")
        check_choices(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class GatedParameters(SteppedParameters):
    """Parameters of a GRU or LSTM.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> ann_bridge.GatedParameters.for_task(ann_bridge.tasks.FlipFlop(n_bits=1), n_units=8)
    GatedParameters(n_units=8, n_inputs=1, n_outputs=1, step_ms=20.0, initial_std=0.1)
    """

    usual_learning_rate = 5e-3

    @property
    def n_weights(self) -> int:
        """Estimate of the number of weights: those of four gates, which an LSTM has."""
        return 4 * self.n_units * (self.n_units + self.n_inputs + self.n_outputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class CoupledOscillatorParameters(SteppedParameters):
    """Parameters of a network of coupled oscillators, in a time without unit.

    An isolated unit oscillates with √(γ - ε² / 4) Δt / (2π step_ms) cycles per
    ms: 8 Hz with the defaults and steps of 2 ms, and is damped away within a cycle or two.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    The frequency of an isolated unit, in Hz, for short steps:

    >>> p = ann_bridge.CoupledOscillatorParameters()
    >>> per_ms = np.sqrt(p.stiffness - p.friction**2 / 4) * p.time_step / (2 * np.pi * p.step_ms)
    >>> print(round(1000 * per_ms, 1))
    8.2
    """

    time_step: float = setting(0.1, "Time step Δt of the equation, without unit")
    stiffness: float = setting(1.3, "Stiffness γ of each oscillator")
    friction: float = setting(1.0, "Friction ε of each oscillator")
    input_gain: float = setting(1.0, "Range of the uniform input weights before training")

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        check_positive(self, "time_step", "stiffness", "friction")
        check_not_negative(self, "input_gain")

    @property
    def n_weights(self) -> int:
        """Estimate of the number of weights: each unit reads y and z of all."""
        return self.n_units * (2 * self.n_units + self.n_inputs + self.n_outputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class CircuitOptions:
    """Options of the circuit of a network; a file of the network contains the circuit itself."""

    connectivity: str = setting(
        "policy",
        "Circuit: a neural circuit policy, all synapses, or a connectome",
        choices=("policy", "full", "connectome"),
    )

    def __post_init__(self) -> None:
        check_choices(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class CircuitParameters(SteppedParameters):
    """Parameters that networks on a circuit share."""

    options_type = CircuitOptions

    @property
    def n_weights(self) -> int:
        """Estimate of the number of weights, without those of the synapses, which are given."""
        return self.n_units * (2 + self.n_outputs)

    @classmethod
    def is_on_connectome(cls, settings: Mapping[str, Any]) -> bool:
        """Whether the circuit is that of a connectome."""
        return settings.get("connectivity") == "connectome"


@dataclass(frozen=True, kw_only=True, slots=True)
class LiquidParameters(CircuitParameters):
    """Parameters of a liquid time-constant network, in a time without unit.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    Solver and time step suit the task, if they are not given:

    >>> task = ann_bridge.tasks.FlipFlop(step_ms=20)
    >>> settings = ann_bridge.LiquidParameters.for_task(task)
    >>> settings.time_step, settings.unfolds
    (0.3, 1)
    """

    usual_learning_rate = 2e-2

    n_units: int = setting(48, "Number of units")
    time_step: float = setting(
        1.0, "Time step of the equation, without unit; the default suits the task"
    )
    unfolds: int = setting(6, "Steps of the solver in each time step; the default suits the task")

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        check_positive(self, "time_step")
        if self.unfolds < 1:
            raise ValueError(
                f"unfolds must be a whole number, at least 1, got {shown(self.unfolds)}."
            )

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """A time step of the network that is shorter than the memory of its units."""
        return {"unfolds": 1, "time_step": 0.3 if task.step_ms >= LONG_STEP_MS else 0.03}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedFormParameters(CircuitParameters):
    """Parameters of a closed-form continuous-time network.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> settings = ann_bridge.ClosedFormParameters(n_units=19, mode="pure", time_step=0.5)
    >>> settings.mode, settings.time_step
    ('pure', 0.5)
    """

    usual_learning_rate = 3e-3

    mode: str = setting("default", "Form of the solution", choices=HEADS)
    time_step: float = setting(1.0, "Time step of mode pure, without unit", needs="mode=pure")

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        check_positive(self, "time_step")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikingParameters(SteppedParameters):
    """Parameters of a network of leaky integrate-and-fire units.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    Time constants suit the steps of the task, if they are not given:

    >>> task = ann_bridge.tasks.FlipFlop(step_ms=20)
    >>> settings = ann_bridge.SpikingParameters.for_task(task, time_constant_ms=50.0)
    >>> settings.time_constant_ms, settings.readout_time_constant_ms
    (50.0, 100.0)
    """

    n_units: int = setting(100, "Number of units")
    time_constant_ms: float = setting(
        20.0,
        "Time constant of the membranes; the default suits the task",
        unit="ms",
    )
    readout_time_constant_ms: float = setting(
        20.0,
        "Time constant of the output; the default suits the task",
        unit="ms",
    )
    threshold: float = setting(1.0, "Threshold of a spike")
    gain: float = setting(0.5, "Gain g of the recurrent weights before training, N(0, g² / N)")
    surrogate: str = setting(
        "fast_sigmoid", "Function whose derivative replaces that of a spike", choices=SURROGATES
    )
    steepness: float = setting(10.0, "Steepness of the surrogate")

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        check_positive(self, *TIME_CONSTANTS, "threshold", "steepness")
        check_not_negative(self, "gain")

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """Time constants longer than the steps of the task."""
        constant = usual_time_constant_ms(task)
        return {} if constant is None else dict.fromkeys(TIME_CONSTANTS, constant)
