"""Learners whose outputs are fed back: networks, and a linear predictor."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from isochron.ann_bridge import GRUNet, RecurrentNet
from isochron.ann_bridge.activations import ACTIVATIONS
from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.leaky import LeakyRNN

INCREMENT = 0.3  # typical change of an output of variance 1 in a step
FIRST_READOUT = 0.1  # size of the correction before training

State = tuple[Tensor, ...]  # parts of states, each of shape (batch, size of the part)
Advance = Callable[[Tensor, Tensor], Tensor]
Move = Callable[[State, Tensor], State]


class Loop(nn.Module, ABC):
    """A learner that predicts the outputs one step later and can receive its predictions.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of variables of the parts of a state; the last part are the outputs.
    """

    sizes: tuple[int, ...]

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self.sizes[-1]

    @property
    def dimension(self) -> int:
        """Number of variables of a state."""
        return sum(self.sizes)

    @abstractmethod
    def mover(self) -> Move:
        """One step: parts of states, and inputs (batch, n_inputs), to parts of states."""

    def first(self, outputs: Tensor) -> State:
        """States from which a run starts: outputs that have not changed."""
        return (outputs,) * len(self.sizes)

    def advance(self, states: Tensor, inputs: Tensor) -> Tensor:
        """One step of whole states, shape (batch, dimension)."""
        return torch.cat(self.mover()(states.split(self.sizes, dim=-1), inputs), dim=-1)

    def read(self, states: Tensor) -> Tensor:
        """Outputs in whole states."""
        return states[..., -self.n_outputs :]

    def visit(self, inputs: Tensor, outputs: Tensor, n_forced: int) -> Iterator[State]:
        """States after each step.

        Parameters
        ----------
        inputs : Tensor, shape (batch, n_steps, n_inputs)
        outputs : Tensor, shape (batch, n_forced or more, n_outputs)
            True outputs before each step; those of the first `n_forced` steps are fed back.
        n_forced : int
            At least 1.
        """
        move, state = self.mover(), self.first(outputs[:, 0])
        for k, given in enumerate(inputs.unbind(1)):
            state = move((*state[:-1], outputs[:, k]) if k < n_forced else state, given)
            yield state

    def run(self, inputs: Tensor, outputs: Tensor, n_forced: int) -> Tensor:
        """Whole states after each step, shape (batch, n_steps, dimension); see `visit`."""
        visited = self.visit(inputs, outputs, n_forced)
        return torch.stack([torch.cat(state, dim=-1) for state in visited], dim=1)

    def predict(self, inputs: Tensor, outputs: Tensor, n_forced: int) -> Tensor:
        """Outputs after each step, shape (batch, n_steps, n_outputs); see `visit`."""
        return torch.stack([state[-1] for state in self.visit(inputs, outputs, n_forced)], dim=1)


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
        self.sizes = (len(weights),) * lags

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

    def mover(self) -> Move:
        """As `Loop.mover`."""

        def move(state: State, inputs: Tensor) -> State:
            return (*state[1:], torch.cat([*state, inputs], dim=-1) @ self.weights.T)

        return move


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
        self.net, self.linear = net, linear
        n_units = net.settings.n_units
        self.sizes = (n_units, *linear.sizes)
        drawn = normal(n_units, self.n_outputs, generator=generator)
        self.readout = nn.Parameter(FIRST_READOUT * drawn / n_units**0.5)

    def mover(self) -> Move:
        """As `Loop.mover`."""
        step, sent = _step_of(self.net)
        predict = self.linear.mover()

        def move(state: State, inputs: Tensor) -> State:
            units, *recent = state
            units = step(units, torch.cat([inputs, recent[-1]], dim=-1))
            *before, after = predict(tuple(recent), inputs)
            return (units, *before, after + INCREMENT * (sent(units) @ self.readout))

        return move

    def first(self, outputs: Tensor) -> State:
        """States in which units are 0 and the outputs have not changed."""
        units = outputs.new_zeros(*outputs.shape[:-1], self.sizes[0])
        return (units, *self.linear.first(outputs))


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
