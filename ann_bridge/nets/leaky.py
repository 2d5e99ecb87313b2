"""What all leaky rate nets share: the recurrence, the noise, the readout."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.nets.recurrence import LeakyRecurrence


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyParameters:
    """Settings of every leaky rate net."""

    n_units: int = 512
    n_inputs: int = 3
    time_constant_ms: float = 20.0
    step_ms: float = 2.0
    noise_std: float = 0.05  # of each unit's private noise
    output_scale: float = 4.0  # before training

    def __post_init__(self) -> None:
        for name in ("n_units", "n_inputs"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number, at least 1, got {value!r}.")
        if not 0 < self.step_ms <= self.time_constant_ms < math.inf:
            raise ValueError(
                f"Need 0 < step_ms <= time_constant_ms, got step_ms={self.step_ms!r} and "
                f"time_constant_ms={self.time_constant_ms!r}."
            )
        if not 0 <= self.noise_std < math.inf:
            raise ValueError(f"noise_std must be >= 0 and finite, got {self.noise_std!r}.")
        if not math.isfinite(self.output_scale):
            raise ValueError(f"output_scale must be finite, got {self.output_scale!r}.")


class LeakyRNN(nn.Module):
    """x[t+1] = (1-a) x[t] + a (W tanh x[t] + B u[t]) + √(2a) σ ξ[t],  a = step / time constant.

    The output is a weighted sum of the states, with fixed weights and a trained scale.
    """

    kind: ClassVar[str]
    settings: Any  # LeakyParameters, or what a net makes of it
    output_scale: Tensor
    output_weights: Tensor

    @property
    def leak(self) -> float:
        """The fraction a of a state that one step replaces."""
        return self.settings.step_ms / self.settings.time_constant_ms

    @abstractmethod
    def connectivity(self) -> tuple[Tensor, Tensor | None]:
        """Factors (left, right) of W = left right'; right is None for a full matrix."""

    @abstractmethod
    def input_matrix(self) -> Tensor:
        """B, shape (n_units, n_inputs)."""

    @abstractmethod
    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Random states from which trials start, shape (batch, n_units)."""

    def forward(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Output of the net on a batch of trials.

        Parameters
        ----------
        inputs : Tensor, shape (n_steps, batch, n_inputs)
        generator : torch.Generator
            Source of initial states and of noise, on the device of the net.

        Returns
        -------
        Tensor, shape (n_steps, batch)
            Sample t is read after the step that input t enters.
        """
        n_steps, batch, _ = inputs.shape
        initial = self.initial_states(batch, generator)
        shape = (n_steps + 1, batch, self.settings.n_units)
        noise = torch.zeros(shape, dtype=initial.dtype, device=initial.device)
        if self.settings.noise_std:
            std = math.sqrt(2 * self.leak) * self.settings.noise_std
            noise.normal_(0, std, generator=generator)
        left, right = self.connectivity()
        outputs = LeakyRecurrence.apply(
            inputs, noise, initial, self.input_matrix(), left, right,
            self.output_weights, self.leak,
        )  # fmt: skip
        assert isinstance(outputs, Tensor)
        return self.output_scale * outputs
