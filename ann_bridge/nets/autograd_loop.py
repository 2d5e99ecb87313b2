"""Networks that step in a loop over time, through which autograd finds the gradient."""

import copy
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.net import RecurrentNet

Advance = Callable[[Tensor, Tensor], Tensor]


class SteppedNet(RecurrentNet):
    """Base class of networks with a trained readout that define one step: `drive` and `stepper`."""

    settings: Any
    output_weights: Tensor

    @property
    def dimension(self) -> int:
        """Number of variables of a state; the first n_units are the outputs of the units."""
        return self.settings.n_units

    @property
    def bounded(self) -> bool | None:
        """Whether states stay in a ball under bounded inputs; None if unknown."""
        return None

    @abstractmethod
    def drive(self, inputs: Tensor) -> Tensor:
        """Contribution of inputs, shape (..., n_inputs), to a step, shape (..., k)."""

    @abstractmethod
    def stepper(self) -> Advance:
        """One step: states (..., dimension) and drives (..., k) to states.

        Quantities that do not change over time are computed here, once.
        """

    def sent(self, states: Tensor) -> Tensor:
        """Outputs of the units in states (firing rates or spikes), shape (..., n_units)."""
        return states[..., : self.settings.n_units]

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states, shape (...) or (..., n_outputs)."""
        return self.sent(states) @ self.output_weights

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states."""
        shape = (batch_size, self.dimension)
        states = normal(*shape, generator=generator)
        return self.settings.initial_std * states.to(self.output_weights.dtype)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs of the network and of its units."""
        advance, state = self.stepper(), self.initial_states(inputs.shape[1], generator)
        states = []
        for drive in self.drive(inputs).unbind(0):
            state = advance(state, drive)
            states.append(state)
        after = torch.stack(states)
        return self.read(after), self.sent(after)

    def float64_step(self) -> "TorchStep":
        """One step, in float64."""
        return TorchStep(self)

    def draw_readout(self, generator: torch.Generator) -> nn.Parameter:
        """Normal weights over √n_units, shape (n_units,), or (n_units, n_outputs) if several."""
        p = self.settings
        shape = (p.n_units,) if p.n_outputs == 1 else (p.n_units, p.n_outputs)
        return nn.Parameter(normal(*shape, generator=generator) / math.sqrt(p.n_units))


class TorchStep:
    """The `Step` of a network in float64, which torch differentiates.

    Parameters
    ----------
    net : SteppedNet
        Network; it is copied.
    """

    noise_gain = 1.0

    def __init__(self, net: SteppedNet) -> None:
        self._net = copy.deepcopy(net).cpu().double().requires_grad_(False)
        self._advance = self._net.stepper()
        self.dimension, self.bounded = net.dimension, net.bounded

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """Contribution of inputs to a step."""
        return self._net.drive(_tensor(inputs)).numpy()

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        return self._advance(_tensor(state), _tensor(drive)).numpy()

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        # One copy of the state for each row of the Jacobian, all rows at once.
        with torch.enable_grad():  # also where a caller has switched gradients off
            copies = _tensor(state).repeat(self.dimension, 1).requires_grad_()
            after = self._advance(copies, _tensor(drive))
            rows = torch.eye(self.dimension, dtype=after.dtype)
            (jacobian,) = torch.autograd.grad(after, copies, rows)
        return after[0].detach().numpy(), jacobian.numpy() @ tangents

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        return self._net.read(_tensor(states)).numpy()


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=float))
