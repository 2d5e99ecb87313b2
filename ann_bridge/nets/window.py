"""Networks whose state is a window of inputs that moves with time."""

import copy
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.net import RecurrentNet


class WindowNet(RecurrentNet):
    """Base class of networks whose outputs are a function of the last `reach` + 1 inputs.

    A state is the window of these inputs, oldest first. The settings have `reach` and `feedback`.
    """

    settings: Any
    output_weights: Tensor

    @property
    def dimension(self) -> int:
        """Number of variables: the inputs in the window."""
        return (self.settings.reach + 1) * self.settings.n_inputs

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Windows of independent normal inputs."""
        states = normal(batch_size, self.dimension, generator=generator)
        return self.settings.initial_std * states.to(self.dtype)

    def history(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Random inputs before the first one of trials, shape (reach, batch_size, n_inputs)."""
        start = self.initial_states(batch_size, generator)
        return start.reshape(batch_size, -1, self.settings.n_inputs)[:, 1:].transpose(0, 1)

    @abstractmethod
    def units(self, states: Tensor) -> Tensor:
        """Units in given states.

        Parameters
        ----------
        states : Tensor, shape (..., dimension)
            Windows of inputs.

        Returns
        -------
        Tensor, shape (..., n_units)
            Units at the newest input.
        """

    def with_feedback(self, inputs: Tensor, units: Tensor) -> Tensor:
        """Inputs with the outputs added to the first of them.

        Parameters
        ----------
        inputs : Tensor, shape (..., n_inputs)
            Inputs u of a step.
        units : Tensor, shape (..., n_units)
            Units of the step before, of which y are the outputs.

        Returns
        -------
        Tensor, shape (..., n_inputs)
            u + g y.
        """
        p = self.settings
        outputs = (units @ self.output_weights).reshape(*units.shape[:-1], p.n_outputs)
        none = outputs.new_zeros(*outputs.shape[:-1], p.n_inputs - p.n_outputs)
        return inputs + p.feedback * torch.cat([outputs, none], dim=-1)

    def float64_step(self) -> "WindowStep":
        """One step, in float64."""
        return WindowStep(self)


class WindowStep:
    """The `Step` of a network with a window in float64: the window moves by one input.

    Without feedback it is linear and nilpotent: all eigenvalues of its derivative are exactly 0.

    Parameters
    ----------
    net : WindowNet
        Network; it is copied.
    """

    noise_gain = 1.0
    bounded = True  # inputs are bounded, and so are the outputs: their units are too

    def __init__(self, net: WindowNet) -> None:
        self._net = copy.deepcopy(net).cpu().double().requires_grad_(False)
        self.dimension = net.dimension

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """The inputs."""
        return inputs

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        p = self._net.settings
        if p.feedback:
            drive = self._net.with_feedback(_tensor(drive), self._net.units(_tensor(state))).numpy()
        token = np.broadcast_to(drive, (*state.shape[:-1], p.n_inputs))
        return np.concatenate([state[..., p.n_inputs :], token], axis=-1)

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        after = self.jvp_along(self.slope(state[None]), tangents)
        return self.advance(state, drive), after

    def slope(self, states: np.ndarray) -> np.ndarray:
        """Derivative of what is fed back by each of some states, shape (n, n_outputs, dimension).

        Without feedback its second axis is empty.
        """
        if not self._net.settings.feedback:
            return np.empty((len(states), 0, self.dimension))
        return np.stack([self._rows(state) for state in states])

    def _rows(self, state: np.ndarray) -> np.ndarray:
        """The slope of one state: of several at once, rounding would depend on their number."""
        p = self._net.settings
        with torch.enable_grad():  # also where a caller has switched gradients off
            copies = _tensor(state).repeat(p.n_outputs, 1).requires_grad_()
            fed = self._net.with_feedback(_tensor(np.zeros(p.n_inputs)), self._net.units(copies))
            (rows,) = torch.autograd.grad(fed.diagonal().sum(), copies)
        return rows.numpy()

    def jvp_along(self, slopes: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Tangent vectors, shape (dimension, k), after steps from states with these slopes."""
        n_inputs = self._net.settings.n_inputs
        for rows in slopes:
            new = np.zeros((n_inputs, tangents.shape[1]))
            new[: len(rows)] = rows @ tangents
            tangents = np.concatenate([tangents[n_inputs:], new])
        return tangents

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        return (self._net.units(_tensor(states)) @ self._net.output_weights).numpy()


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=float))
