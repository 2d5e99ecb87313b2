"""Spiking nets, trained with surrogate gradients."""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, uniform
from isochron.ann_bridge.nets.stepped import Advance, SteppedNet, SteppedParameters, TorchStep

SURROGATES = {"fast_sigmoid": "slope", "atan": "alpha"}  # of snntorch, and their steepness


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikingParameters(SteppedParameters):
    """Settings of a net of leaky integrate-and-fire units."""

    n_units: int = 100
    time_constant_ms: float = 20.0  # of the membrane
    readout_time_constant_ms: float = 20.0
    threshold: float = 1.0
    gain: float = 0.5  # recurrent weights ~ N(0, gain² / n_units) before training
    surrogate: str = "fast_sigmoid"  # or atan: what stands for the derivative of a spike
    steepness: float = 10.0  # of the surrogate

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        for name in ("time_constant_ms", "readout_time_constant_ms", "threshold", "steepness"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        if not 0 <= self.gain < math.inf:
            raise ValueError(f"gain must be >= 0 and finite, got {self.gain!r}.")
        if self.surrogate not in SURROGATES:
            raise ValueError(
                f"surrogate must be one of {', '.join(SURROGATES)}, got {self.surrogate!r}."
            )


class SpikingNet(SteppedNet):
    """Leaky integrate-and-fire units with a leaky readout; a state is (U, y).

    With spikes s = 1 where U > θ, else 0:

        y ← κ y + (1 - κ) C s
        U ← β U + W s + B u + b - θ s,   β = exp(-step / time constant), κ likewise

    U is that of ``snntorch.Leaky`` with reset by subtraction. On the way back the derivative
    of a spike is a surrogate of snntorch, and none passes through the reset (-θ s).

    Parameters
    ----------
    parameters : SpikingParameters, optional
        Or its fields as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.

    Raises
    ------
    ImportError
        If snntorch is not installed.

    References
    ----------
    Neftci, Mostafa and Zenke (2019), IEEE Signal Processing Magazine 36:51; Eshraghian et
    al. (2023), Proceedings of the IEEE 111:1016.
    """

    kind: ClassVar[str] = "spiking"
    settings: SpikingParameters

    def __init__(
        self,
        parameters: SpikingParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p = parameters or SpikingParameters(**fields)
        g = generator or torch.Generator().manual_seed(0)
        n = p.n_units
        self.settings = p
        self._spike = _surrogate_spike(p)
        self.recurrent_weights = nn.Parameter(p.gain / math.sqrt(n) * normal(n, n, generator=g))
        self.input_weights = nn.Parameter(normal(n, p.n_inputs, generator=g))
        # Alone, two of three units fire, at all rates.
        rheobase = p.threshold * (1 - self._decay(p.time_constant_ms))
        self.biases = nn.Parameter(3 * rheobase * uniform(n, generator=g))
        self.output_weights = self.draw_readout(g)

    @property
    def dimension(self) -> int:
        """Number of variables: U, and the outputs y."""
        return self.settings.n_units + self.settings.n_outputs

    def drive(self, inputs: Tensor) -> Tensor:
        """B u + b."""
        return inputs @ self.input_weights.T + self.biases

    def sent(self, states: Tensor) -> Tensor:
        """Spikes, 0 or 1."""
        above = super().sent(states) - self.settings.threshold
        return self._spike(above).to(states.dtype)

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states: y."""
        outputs = states[..., self.settings.n_units :]
        return outputs.squeeze(-1) if self.settings.n_outputs == 1 else outputs

    def stepper(self) -> Advance:
        """One step."""
        p, n = self.settings, self.settings.n_units
        decay, kept = self._decay(p.time_constant_ms), self._decay(p.readout_time_constant_ms)
        recurrent = self.recurrent_weights.T
        readout = (1 - kept) * self.output_weights.reshape(n, p.n_outputs)

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            spikes = self.sent(states)
            membrane = decay * states[..., :n] + spikes @ recurrent + drive
            membrane = membrane - p.threshold * spikes.detach()
            outputs = kept * states[..., n:] + spikes @ readout
            return torch.cat([membrane, outputs], dim=-1)

        return advance

    def float64_step(self) -> "SpikingStep":
        """One step, in float64."""
        return SpikingStep(self)

    def _decay(self, time_constant_ms: float) -> float:
        return math.exp(-self.settings.step_ms / time_constant_ms)


class SpikingStep(TorchStep):
    """A step of a spiking net, which jumps where a unit begins to spike and has no derivative.

    Of the analysis, everything that follows states serves: orbits, rasters, phase, locking,
    spectra, similarity. What needs a Jacobian does not: cycles by Newton's method, Floquet
    multipliers, Lyapunov exponents. (The surrogate is a derivative of another net.)
    """

    smooth = False

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Refused.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "The map of a spiking net jumps with every spike and has no Jacobian. Follow its "
            "orbits instead: TrainedMap.advance without tangents, orbit, respond."
        )


def _surrogate_spike(p: SpikingParameters) -> Callable[[Tensor], Tensor]:
    """1 where its argument is positive, else 0, with a surrogate for the derivative."""
    try:
        surrogates = importlib.import_module("snntorch.surrogate")
    except ImportError as error:
        raise ImportError(
            "Spiking nets need snntorch. To install it: pip install 'isochron[surrogate]'"
        ) from error
    return getattr(surrogates, p.surrogate)(**{SURROGATES[p.surrogate]: p.steepness})
