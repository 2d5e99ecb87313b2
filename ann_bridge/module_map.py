"""A module of torch as a map for `isochron.analysis`: cells, layers, and modules of users."""

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.real_numbers import require_count, require_real

ModuleStep: TypeAlias = Callable[[Any, Tensor, Tensor], Tensor]


class ModuleMap:
    """The step of a recurrent module, in float64, under inputs that repeat.

    One step of a cell (``RNNCell``, ``GRUCell``, ``LSTMCell``) or of a layer (``RNN``, ``GRU``,
    ``LSTM``, also of several layers) is known; its state is h, or (h, c) of an LSTM, as one
    vector, layer after layer. For any other module state the step and the number of variables::

        ModuleMap(module, step=lambda module, u, x: module.cell(u, x), dimension=20, inputs=u)

    The derivative is that of autograd. The module is copied, in evaluation mode.

    Parameters
    ----------
    module : Module
        Cell, layer or other module of torch; it is not changed.
    step : callable, optional
        ``step(module, u, x)``: states after a step, from inputs (batch, n_inputs) and states
        (batch, dimension), both tensors in float64. Trials of the batch must not affect each
        other.
    dimension : int, optional
        Number of variables of the state; needed with `step`.
    inputs : array_like, shape (n_inputs,) or (n_steps, n_inputs), optional
        Constant inputs, or inputs over one period of the map; 0 by default.
    step_ms : float
        Duration of a step in ms, > 0.
    forcing_cycles : int, optional
        Periods of the reference within the inputs; 1 by default if they change.

    Attributes
    ----------
    dimension, n_steps, step_ms, forcing_cycles
        As `isochron.analysis.ForcedMap`.
    bounded : bool or None
        Whether the map takes a ball into itself, so that the indices of all its cycles add up to
        1: true for tanh and gated modules of torch, false for ReLU, None if it is not known.

    Raises
    ------
    TypeError
        If `module` is not a module of torch.
    ValueError
        If the step of the module is not known, its state has a different shape, is not a
        function of the state before (noise, hidden memory), or inputs do not fit.

    Examples
    --------
    One unit that excites itself, h ← tanh(2 h): its fixed point, and the multiplier 2 (1 - h²).

    >>> import torch
    >>> cell = torch.nn.RNNCell(1, 1, bias=False)
    >>> weights = {"weight_ih": torch.tensor([[1.0]]), "weight_hh": torch.tensor([[2.0]])}
    >>> _ = cell.load_state_dict(weights)
    >>> system = ann_bridge.ModuleMap(cell)
    >>> h = system.advance([0.1], 100)
    >>> _, multiplier = system.advance(h, 1, tangents=[[1.0]])
    >>> print(h.round(4), multiplier.round(4), (2 * (1 - h**2)).round(4))
    [0.9575] [[0.1664]] [0.1664]
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        step: ModuleStep | None = None,
        dimension: int | None = None,
        inputs: ArrayLike | None = None,
        step_ms: float = 1.0,
        forcing_cycles: int | None = None,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise TypeError(
                f"module must be a torch.nn.Module, got {type(module).__name__}. For a function "
                "of arrays: isochron.analysis.SteppedMap(lambda k, x: ..., None, dimension)."
            )
        self.bounded = _is_bounded(module) if step is None else None
        if step is None:
            step, dimension = _known_step(module)
        if dimension is None or dimension < 1:
            raise ValueError(f"dimension, the number of variables, must be given, got {dimension}.")
        if not step_ms > 0:
            raise ValueError(f"step_ms must be positive, got {step_ms!r}.")
        self._module = copy.deepcopy(module).cpu().double().eval().requires_grad_(False)
        self._step, self.dimension, self.step_ms = step, dimension, step_ms
        self._inputs = _checked_inputs(inputs, getattr(module, "input_size", 0))
        self.n_steps = len(self._inputs)
        self.forcing_cycles = int(self.n_steps > 1) if forcing_cycles is None else forcing_cycles
        self._check_step()

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """States after some steps, and with `tangents` the tangent vectors too.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            States before the first step; one state, shape (dimension,), with `tangents`.
        n_steps : int
            Number of steps, >= 0.
        start : int
            Number of the first step, which selects its inputs.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors at the state, as columns.

        Returns
        -------
        ndarray, or tuple of ndarray
            States, shape (..., dimension); with `tangents` the pair of the state, shape
            (dimension,), and its tangent vectors, shape (dimension, k).

        Raises
        ------
        ValueError
            If `n_steps` is negative, `state` or `tangents` are masked or complex, or autograd
            cannot follow the step.
        """
        require_count("n_steps", n_steps)
        require_real("state", state)
        state = np.array(state, dtype=float)
        for k in range(start, start + n_steps):
            if tangents is None:
                state = self._after(k, state)
            else:
                state, jacobian = self._linearise(k, state)
                require_real("tangents", tangents)
                tangents = jacobian @ np.asarray(tangents, dtype=float)
        return state if tangents is None else (state, tangents)

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """States along a run, including the first.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            States before the first step.
        n_steps : int
            Number of steps.
        start : int
            Number of the first step, which selects its inputs.

        Returns
        -------
        ndarray, shape (n_steps + 1, ..., dimension)
            States before the first and after each step.

        Raises
        ------
        ValueError
            If `state` is masked or complex.
        """
        require_real("state", state)
        states = [np.array(state, dtype=float)]
        for k in range(start, start + n_steps):
            states.append(self._after(k, states[-1]))
        return np.stack(states)

    @torch.no_grad()
    def _after(self, k: int, state: np.ndarray) -> np.ndarray:
        """States after step k, shape (..., dimension)."""
        rows = torch.from_numpy(np.ascontiguousarray(state)).reshape(-1, self.dimension)
        return self._moved(k, rows).numpy().reshape(state.shape)

    def _linearise(self, k: int, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One state after step k, and the Jacobian, whose rows come from copies of the state."""
        with torch.enable_grad():
            copies = torch.from_numpy(state).repeat(self.dimension, 1).requires_grad_()
            after = self._moved(k, copies)
            if not after.requires_grad:
                raise ValueError(
                    "Autograd cannot follow the step (it detaches the state). Take differences: "
                    "isochron.analysis.SteppedMap(lambda k, x: ..., None, dimension)."
                )
            rows = torch.eye(self.dimension, dtype=after.dtype)
            (jacobian,) = torch.autograd.grad(after, copies, rows)
        return after[0].detach().numpy(), jacobian.numpy()

    def _moved(self, k: int, rows: Tensor) -> Tensor:
        given = self._inputs[k % self.n_steps].expand(len(rows), -1)
        return self._step(self._module, given, rows)

    def _check_step(self) -> None:
        """Check the shape of the state, and that it depends on nothing else."""
        state = 0.1 * np.random.default_rng(0).standard_normal((2, self.dimension))
        with torch.no_grad():
            first, again = (self._moved(0, torch.from_numpy(state)) for _ in range(2))
        if not isinstance(first, Tensor) or first.shape != state.shape:
            found = tuple(first.shape) if isinstance(first, Tensor) else type(first).__name__
            raise ValueError(
                f"A step must return the states after it, a tensor of shape {state.shape} for "
                f"these, got {found}. State step=lambda module, u, x: ... that does."
            )
        if not torch.equal(first, again):
            raise ValueError(
                "The same step from the same state gave two results: the module draws noise, or "
                "has a memory in addition to its state."
            )


def _checked_inputs(inputs: ArrayLike | None, n_inputs: int) -> Tensor:
    """Inputs over one period, shape (n_steps, n_inputs)."""
    require_real("inputs", inputs)
    given = np.zeros((1, n_inputs)) if inputs is None else np.atleast_2d(np.array(inputs, float))
    if given.ndim != 2 or not len(given) or (n_inputs and given.shape[1] != n_inputs):
        wanted = n_inputs or "n_inputs"
        raise ValueError(
            f"inputs must have the shape ({wanted},) or (n_steps, {wanted}), got {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError("inputs must be finite.")
    return torch.from_numpy(given)


def _known_step(module: nn.Module) -> tuple[ModuleStep, int]:
    """The step of a cell or layer of torch, and the number of its variables."""
    if isinstance(module, nn.RNNCellBase):
        parts = 2 if isinstance(module, nn.LSTMCell) else 1
        return _step_of_cell, parts * module.hidden_size
    if isinstance(module, nn.RNNBase):
        if module.bidirectional or module.proj_size:
            raise ValueError("A bidirectional or projected layer is not a map of a state.")
        parts = 2 if isinstance(module, nn.LSTM) else 1
        return _step_of_layer, parts * module.num_layers * module.hidden_size
    raise ValueError(
        f"The step of {type(module).__name__} is not known. State it, with the number of "
        "variables: ModuleMap(module, step=lambda module, u, x: ..., dimension=...)."
    )


def _is_bounded(module: nn.Module) -> bool | None:
    """Whether the step takes a ball into itself, by bounded rates and gates; None if unknown."""
    if isinstance(module, nn.RNNCell | nn.RNN):
        return module.nonlinearity == "tanh"
    return True if isinstance(module, nn.GRUCell | nn.GRU | nn.LSTMCell | nn.LSTM) else None


def _step_of_cell(cell: Any, inputs: Tensor, states: Tensor) -> Tensor:
    if not isinstance(cell, nn.LSTMCell):
        return cell(inputs, states)
    return torch.cat(cell(inputs, states.chunk(2, dim=1)), dim=1)


def _step_of_layer(layer: Any, inputs: Tensor, states: Tensor) -> Tensor:
    """All layers, one step: h of each, then c of each."""
    parts = 2 if isinstance(layer, nn.LSTM) else 1
    shape = len(states), parts, layer.num_layers, layer.hidden_size
    by_part = [part.transpose(0, 1).contiguous() for part in states.reshape(shape).unbind(1)]
    sequence = inputs[:, None] if layer.batch_first else inputs[None]
    _, after = layer(sequence, tuple(by_part) if parts == 2 else by_part[0])
    found = after if parts == 2 else (after,)
    return torch.cat([part.transpose(0, 1).flatten(1) for part in found], dim=1)
