"""Learners whose outputs are fed back: networks, and a linear predictor."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from isochron.ann_bridge import GRUNet, RecurrentNet
from isochron.ann_bridge.activations import ACTIVATIONS
from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.leaky import LeakyRNN

INCREMENT = 0.3  # typical change of an output of variance 1 in a step
FIRST_READOUT = 0.1  # size of the correction before training

Advance = Callable[[Tensor, Tensor], Tensor]


class Loop(nn.Module, ABC):
    """A learner that predicts the outputs one step later and can receive its predictions.

    The last variables of its state are the outputs.

    Attributes
    ----------
    dimension, n_outputs : int
        Numbers of variables of a state, and of outputs.
    """

    dimension: int
    n_outputs: int

    @abstractmethod
    def stepper(self) -> Advance:
        """One step: states (batch, dimension) and inputs (batch, n_inputs) to states."""

    def first(self, outputs: Tensor) -> Tensor:
        """States from which a run starts: outputs that have not changed."""
        return outputs.repeat(*(1 for _ in outputs.shape[:-1]), self.dimension // self.n_outputs)

    def forced(self, states: Tensor, outputs: Tensor) -> Tensor:
        """The same states with the true outputs in the place of the predicted ones."""
        return torch.cat([states[..., : -self.n_outputs], outputs], dim=-1)

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states."""
        return states[..., -self.n_outputs :]

    def run(self, inputs: Tensor, outputs: Tensor, n_forced: int) -> Tensor:
        """States after each step, shape (batch, n_steps, dimension).

        Parameters
        ----------
        inputs : Tensor, shape (batch, n_steps, n_inputs)
        outputs : Tensor, shape (batch, n_steps or more, n_outputs)
            True outputs before each step; those of the first `n_forced` steps are fed back.
        n_forced : int
            At least 1.
        """
        advance, state, states = self.stepper(), self.first(outputs[:, 0]), []
        for k, given in enumerate(inputs.unbind(1)):
            if 0 < k < n_forced:
                state = self.forced(state, outputs[:, k])
            state = advance(state, given)
            states.append(state)
        return torch.stack(states, dim=1)


class LinearLoop(Loop):
    """The outputs of the last steps and the inputs, times a matrix.

    Parameters
    ----------
    weights : Tensor, shape (n_outputs, lags n_outputs + n_inputs)
        Oldest outputs first.
    lags : int
    """

    weights: Tensor

    def __init__(self, weights: Tensor, lags: int) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.n_outputs = len(weights)
        self.dimension = lags * self.n_outputs

    @classmethod
    def persistent(cls, n_outputs: int, n_inputs: int) -> "LinearLoop":
        """The predictor that nothing changes."""
        return cls(torch.eye(n_outputs, n_outputs + n_inputs, dtype=torch.float64), 1)

    @classmethod
    def fit(cls, inputs: Tensor, outputs: Tensor, lags: int) -> "LinearLoop":
        """The linear predictor with the smallest error one step ahead.

        Parameters
        ----------
        inputs : Tensor, shape (n_trials, n_steps, n_inputs)
        outputs : Tensor, shape (n_trials, n_steps + 1, n_outputs)
        lags : int
            Number of steps that it reads back.
        """
        n_steps = inputs.shape[1]
        before = [outputs[:, k : n_steps - lags + 1 + k] for k in range(lags)]
        known = torch.cat([*before, inputs[:, lags - 1 :]], dim=2).flatten(0, 1).double()
        targets = outputs[:, lags:].flatten(0, 1).double()
        # The normal equations are bit-identical from process to process; lstsq is not.
        weights = torch.linalg.solve(known.T @ known, known.T @ targets)
        return cls(weights.T.contiguous(), lags)

    def stepper(self) -> Advance:
        """As `Loop.stepper`."""

        def advance(states: Tensor, inputs: Tensor) -> Tensor:
            known = torch.cat([states, inputs], dim=-1)
            return torch.cat([states[..., self.n_outputs :], known @ self.weights.T], dim=-1)

        return advance


class NetLoop(Loop):
    """A network that corrects a linear predictor; it receives the inputs and the last outputs.

    The linear part is not trained. Without the network the loop is that predictor.

    Parameters
    ----------
    net : RecurrentNet
        GRU, or leaky network in the form ``current`` without time constants that are trained.
    linear : LinearLoop
        The linear predictor.
    generator : torch.Generator
        Source of the readout.

    Raises
    ------
    ValueError
        If the network is of a different kind.
    """

    def __init__(self, net: RecurrentNet, linear: "LinearLoop", generator: torch.Generator) -> None:
        super().__init__()
        if not (isinstance(net, GRUNet) or _is_plain(net)):
            raise ValueError(
                f"substrates: a network of kind {net.kind} with these settings cannot be closed to "
                "a loop here. Use gru, or low-rank, full-rank or connectome with form = "
                '"current" and without learns_class_parameters.'
            )
        self.net, self.linear, self.n_outputs = net, linear, linear.n_outputs
        n_units = net.settings.n_units
        self.dimension = n_units + linear.dimension
        drawn = normal(n_units, self.n_outputs, generator=generator)
        self.readout = nn.Parameter(FIRST_READOUT * drawn / n_units**0.5)

    def stepper(self) -> Advance:
        """As `Loop.stepper`."""
        move, sent = _step_of(self.net)
        predict, n_units = self.linear.stepper(), self.net.settings.n_units

        def advance(states: Tensor, inputs: Tensor) -> Tensor:
            units, recent = states[..., :n_units], states[..., n_units:]
            units = move(units, torch.cat([inputs, self.read(recent)], dim=-1))
            after, change = predict(recent, inputs), INCREMENT * (sent(units) @ self.readout)
            return torch.cat([units, self.forced(after, self.read(after) + change)], dim=-1)

        return advance

    def first(self, outputs: Tensor) -> Tensor:
        """States in which units are 0 and the outputs have not changed."""
        units = outputs.new_zeros(*outputs.shape[:-1], self.net.settings.n_units)
        return torch.cat([units, self.linear.first(outputs)], dim=-1)


def _is_plain(net: RecurrentNet) -> bool:
    return (
        isinstance(net, LeakyRNN) and net.settings.form == "current" and net.unit_alphas() is None
    )


def _step_of(net: RecurrentNet) -> tuple[Advance, Callable[[Tensor], Tensor]]:
    """Step of the units without noise, and their outputs."""
    if isinstance(net, LeakyRNN):
        return _leaky(net)
    cells: Any = net.cells
    weights = cells.weight_ih_l0, cells.weight_hh_l0, cells.bias_ih_l0, cells.bias_hh_l0
    return lambda units, inputs: torch.gru_cell(inputs, units, *weights), lambda units: units


def _leaky(net: LeakyRNN) -> tuple[Advance, Callable[[Tensor], Tensor]]:
    (left, right), matrix, bias = net.connectivity(), net.input_matrix(), net.bias()
    function, alpha = ACTIVATIONS[net.settings.activation].of, net.alpha

    def move(units: Tensor, inputs: Tensor) -> Tensor:
        rates = function(units)
        recurrent = (rates if right is None else rates @ right) @ left.T
        driven = inputs @ matrix.T if bias is None else inputs @ matrix.T + bias
        return units + alpha * (recurrent + driven - units)

    return move, function
