"""Nets of coupled oscillators: coRNN."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import uniform
from isochron.ann_bridge.nets.stepped import Advance, SteppedNet, SteppedParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class CoupledOscillatorParameters(SteppedParameters):
    """Settings of a net of coupled oscillators, in a time of its own without unit.

    A unit without its neighbours oscillates with √(γ - ε² / 4) Δt / (2π step_ms) cycles per
    ms: 8 Hz with the defaults and steps of 2 ms, and is damped away within a cycle or two.
    """

    time_step: float = 0.1  # Δt
    stiffness: float = 1.3  # γ
    friction: float = 1.0  # ε
    input_gain: float = 1.0  # input weights are uniform within it before training

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        for name in ("time_step", "stiffness", "friction"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        if not 0 <= self.input_gain < math.inf:
            raise ValueError(f"input_gain must be >= 0 and finite, got {self.input_gain!r}.")


class CoupledOscillatorNet(SteppedNet):
    """y'' = tanh(W y + W~ y' + V u + b) - γ y - ε y', in steps Δt; a state is (y, z = y').

    Each step takes the friction at its end (IMEX) and y from the new z:

        z ← (z + Δt (tanh(W y + W~ z + V u + b) - γ y)) / (1 + ε Δt)
        y ← y + Δt z

    The output reads y.

    Parameters
    ----------
    parameters : CoupledOscillatorParameters, optional
        Or its fields as keywords.
    generator : torch.Generator, optional
        Source of the initial weights, uniform within 1 / √n_units but those of the inputs;
        one with seed 0 by default.

    References
    ----------
    Rusch and Mishra (2021), ICLR, arXiv 2010.00951, equation 3 with n̄ = n.
    """

    kind: ClassVar[str] = "coupled-oscillators"
    settings: CoupledOscillatorParameters

    def __init__(
        self,
        parameters: CoupledOscillatorParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p = parameters or CoupledOscillatorParameters(**fields)
        g = generator or torch.Generator().manual_seed(0)
        bound, n = 1 / math.sqrt(p.n_units), p.n_units

        def within(limit: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(limit * (2 * uniform(*shape, generator=g) - 1))

        self.settings = p
        self.recurrent_weights = within(bound, n, 2 * n)  # W beside W~
        self.input_weights = within(p.input_gain, n, p.n_inputs)  # V
        self.biases = within(bound, n)  # b
        self.output_weights = self.draw_readout(g)

    @property
    def dimension(self) -> int:
        """Number of variables: y and z."""
        return 2 * self.settings.n_units

    @property
    def bounded(self) -> bool:
        """Whether a step without the tanh, whose determinant is d = 1 / (1 + ε h), contracts."""
        p = self.settings
        determinant = 1 / (1 + p.friction * p.time_step)
        pull = determinant * p.stiffness * p.time_step**2
        return determinant < 1 and 0 < pull < 2 * (1 + determinant)

    def drive(self, inputs: Tensor) -> Tensor:
        """V u + b."""
        return inputs @ self.input_weights.T + self.biases

    def stepper(self) -> Advance:
        """One step."""
        p, weights = self.settings, self.recurrent_weights.T

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            y, z = states.split(p.n_units, dim=-1)
            pushed = torch.tanh(states @ weights + drive) - p.stiffness * y
            z = (z + p.time_step * pushed) / (1 + p.friction * p.time_step)
            return torch.cat([y + p.time_step * z, z], dim=-1)

        return advance
