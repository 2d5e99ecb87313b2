"""Parameters of leaky rate networks. Light: no torch, so that help is instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isochron.ann_bridge.nets.parameters import (
    NetworkParameters,
    check_not_negative,
    check_positive,
)
from isochron.ann_bridge.tasks.task import usual_time_constant_ms
from isochron.settings import check_choices, setting
from isochron.wording import shown

ACTIVATION_NAMES = ("tanh", "relu", "softplus")
FORMS = ("current", "rate")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyParameters(NetworkParameters):
    """Parameters that all leaky rate networks share."""

    n_units: int = setting(512, "Number of units")
    time_constant_ms: float = setting(
        20.0, "Time constant of the units; the default suits the task", unit="ms"
    )
    noise_std: float = setting(0.05, "Standard deviation of the private noise of each unit")
    output_scale: float = setting(4.0, "Factor of the output before training")
    activation: str = setting("tanh", "Activation function of the units", choices=ACTIVATION_NAMES)
    readout: str = setting(
        "states", "What the output is a weighted sum of", choices=("states", "rates")
    )
    form: str = setting(
        "current", "Activation before (current) or after (rate) the weighted sum", choices=FORMS
    )

    def __post_init__(self) -> None:
        NetworkParameters.__post_init__(self)
        check_positive(self, "step_ms", "time_constant_ms")
        if self.step_ms > self.time_constant_ms:
            raise ValueError(
                f"Need 0 < step_ms <= time_constant_ms, got step_ms={shown(self.step_ms)} and "
                f"time_constant_ms={shown(self.time_constant_ms)}."
            )
        check_not_negative(self, "noise_std")
        check_choices(self)

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """A time constant longer than the steps of the task."""
        constant = usual_time_constant_ms(task)
        return {} if constant is None else {"time_constant_ms": constant}


@dataclass(frozen=True, kw_only=True, slots=True)
class LowRankParameters(LeakyParameters):
    """Parameters of a low-rank network.

    With `oscillation_Hz` f and `growth` s, the covariances of (n_1, n_2) and (m_1, m_2) before
    training are (1 + s) [[1, -2πfτ], [2πfτ, 1]]. Around 0 the network has the eigenvalues
    (s ± 2πi (1 + s) f τ) / τ; on its limit cycle the mean gain of the units is 1 / (1 + s), so
    that it oscillates with f, in the limit of many units and short steps.

    Raises
    ------
    ValueError
        If a value is out of range, or an oscillation is requested with rank 1.

    Examples
    --------
    The covariances before training, and (1 + s) 2πfτ:

    >>> settings = ann_bridge.LowRankParameters(n_units=10_000, oscillation_Hz=8.0, growth=0.5)
    >>> net = ann_bridge.LowRankRNN(settings)
    >>> print((net.n.T @ net.m / 10_000).detach().numpy().round(1))
    [[ 1.5 -1.5]
     [ 1.5  1.5]]
    >>> print(round(1.5 * 2 * np.pi * 8 * 0.02, 2))
    1.51
    """

    rank: int = setting(2, "Rank of the recurrent weights")
    loading_covariance: float = setting(0.6, "Covariance of the loadings n and m before training")
    oscillation_Hz: float | None = setting(
        None, "Frequency of the limit cycle before training; none by default", unit="Hz"
    )
    growth: float = setting(
        0.5,
        "Growth rate around 0 before training, per time constant, with an oscillation",
        needs="oscillation_Hz",
    )

    def __post_init__(self) -> None:
        LeakyParameters.__post_init__(self)
        check_rank(self)
        if not -1 <= self.loading_covariance <= 1:
            raise ValueError(
                f"loading_covariance must lie in [-1, 1], got {shown(self.loading_covariance)}."
            )
        if self.oscillation_Hz is not None:
            check_positive(self, "oscillation_Hz")
            if self.rank < 2:
                raise ValueError(f"oscillation_Hz needs rank 2 or more, got rank {self.rank}.")
            if self.growth < -1:
                raise ValueError(f"growth must be >= -1, got {shown(self.growth)}.")

    @property
    def n_weights(self) -> int:
        """Estimate of the number of weights: loadings instead of a matrix."""
        return self.n_units * (2 * self.rank + self.n_inputs + self.n_outputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class FullRankParameters(LeakyParameters):
    """Parameters of a full-rank network.

    With `excitatory_fraction`, Dale's law applies: the first units excite, the others inhibit,
    and inhibitory weights are larger before training, so that excitation and inhibition balance.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> settings = ann_bridge.FullRankParameters(n_units=10, excitatory_fraction=0.8)
    >>> settings.n_excitatory
    8
    """

    usual_learning_rate = 1e-3

    n_units: int = setting(100, "Number of units")
    gain: float = setting(0.6, "Gain g of the recurrent weights before training, N(0, g² / N)")
    initial_std: float = setting(0.1, "Standard deviation of the states from which trials start")
    biased: bool = setting(False, "Train a constant input of each unit")
    learns_time_constants: bool = setting(False, "Train a time constant of each unit")
    learns_readout: bool = setting(False, "Train the output weights")
    excitatory_fraction: float | None = setting(
        None, "Fraction of excitatory units, with Dale's law; no such law by default"
    )

    def __post_init__(self) -> None:
        LeakyParameters.__post_init__(self)
        check_not_negative(self, "gain", "initial_std")
        if self.excitatory_fraction is not None and not 0 < self.n_excitatory < self.n_units:
            raise ValueError(
                "excitatory_fraction must leave units of both kinds, got "
                f"{shown(self.excitatory_fraction)} of {self.n_units}."
            )
        if self.learns_time_constants and self.step_ms == self.time_constant_ms:
            raise ValueError("To learn time constants, they must start longer than step_ms.")

    @property
    def n_excitatory(self) -> int:
        """Number of excitatory units, with Dale's law."""
        return round((self.excitatory_fraction or 0.0) * self.n_units)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectomeRNNParameters(LeakyParameters):
    """Parameters of a network on a connectome.

    With `learns_class_parameters`, the neurons of a cell class share one time constant, one
    bias and one gain of their output, and these are trained.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    Time step and time constant suit the task:

    >>> task = ann_bridge.tasks.FlipFlop(step_ms=20)
    >>> settings = ann_bridge.ConnectomeRNNParameters.for_task(task, n_units=279)
    >>> settings.n_outputs, settings.step_ms, settings.time_constant_ms
    (3, 20, 100.0)
    """

    gain: float = setting(1.0, "Gain of the initial weights; 1 is the edge of spontaneous activity")
    initial_std: float = setting(0.1, "Standard deviation of the states from which trials start")
    learns_class_parameters: bool = setting(
        False, "Train a time constant, bias and gain of each cell class"
    )

    def __post_init__(self) -> None:
        LeakyParameters.__post_init__(self)
        check_not_negative(self, "gain", "initial_std")
        if self.learns_class_parameters and self.step_ms == self.time_constant_ms:
            raise ValueError("To learn time constants, they must start longer than step_ms.")

    @classmethod
    def is_on_connectome(cls, settings: Mapping[str, Any]) -> bool:
        """Whether such networks are on a connectome: always."""
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class LowRankAdaptedConnectomeParameters(ConnectomeRNNParameters):
    """Parameters of a frozen connectome with a low-rank term; `gain` is its spectral radius.

    Raises
    ------
    ValueError
        If a value is out of range, or `learns_class_parameters` is set, which a frozen connectome
        does not support.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop()
    >>> settings = ann_bridge.LowRankAdaptedConnectomeParameters.for_task(task, n_units=279, rank=3)
    >>> settings.rank, settings.gain, settings.loading_std
    (3, 1.0, 0.1)
    """

    rank: int = setting(2, "Rank of the trained term")
    loading_std: float = setting(
        0.1, "Standard deviation of the loadings n before training; m is 0, so that W is W0"
    )

    def __post_init__(self) -> None:
        ConnectomeRNNParameters.__post_init__(self)
        check_rank(self)
        check_positive(self, "loading_std")  # m is 0, and has no gradient without n
        if self.learns_class_parameters:
            raise ValueError("learns_class_parameters is not supported with a frozen connectome.")


def check_rank(parameters: Any) -> None:
    """Check that a rank lies between 1 and the number of units.

    Raises
    ------
    ValueError
        If it does not.
    """
    rank = parameters.rank
    if not 1 <= rank <= parameters.n_units:
        raise ValueError(f"rank must lie between 1 and n_units, got {shown(rank)}.")
