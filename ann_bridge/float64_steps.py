"""One time step of each kind of network, in float64, with its exact derivative."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from isochron.ann_bridge.activations import ACTIVATIONS


def float64(tensor: Any) -> np.ndarray:
    """A tensor as a NumPy array in float64."""
    return tensor.detach().cpu().double().numpy()


class Step(Protocol):
    """A step of a network; states have shape (..., dimension).

    Attributes
    ----------
    dimension : int
        Number of variables of a state.
    noise_gain : float or None
        Private noise of standard deviation s adds s times this to a state in each step; None
        if noise would leave the space of the states.

    If it is known whether the map takes a ball into itself under bounded inputs, a step has an
    attribute ``bounded``, true or false.
    """

    @property
    def dimension(self) -> int: ...  # noqa: D102
    @property
    def noise_gain(self) -> float | None: ...  # noqa: D102

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """Contribution of inputs, shape (..., n_inputs), to the step."""
        ...

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        ...

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it, shape (dimension, k)."""
        ...

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states, shape (...) or (..., n_outputs)."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class LeakyStep:
    """z ← (1 - a) z + a (L R' φ(x) + B u + b), with x = z or, in a reduced network, x = E z.

    Attributes
    ----------
    alpha : float, or ndarray, shape (n_units,)
        a, the fraction of a state that one step replaces.
    left : ndarray, shape (dimension, k)
        L.
    right : ndarray, shape (n_units, k), or None
        R; None for the identity.
    input_matrix : ndarray, shape (dimension, n_inputs)
        B.
    bias : ndarray, shape (dimension,), or None
        b; None for 0.
    output : ndarray, shape (n_units,) or (n_units, n_outputs)
        Output weights.
    activation : str
        Name of φ.
    read_rates : bool
        Whether the output reads φ(x) instead of x.
    noise_gain : float or None
        As in `Step`.
    embedding : ndarray, shape (n_units, dimension), or None
        E; None for the identity.
    """

    alpha: Any
    left: np.ndarray
    right: np.ndarray | None
    input_matrix: np.ndarray
    bias: np.ndarray | None
    output: np.ndarray
    activation: str
    read_rates: bool
    noise_gain: float | None
    embedding: np.ndarray | None = None

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return len(self.left)

    @property
    def bounded(self) -> bool:
        """Whether the rates are bounded, so that states do not grow without limit."""
        return math.isfinite(ACTIVATIONS[self.activation].limit)

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """a (B u + b)."""
        driven = inputs @ (self.alpha * self.input_matrix.T)
        return driven if self.bias is None else driven + self.alpha * self.bias

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        return self._update(state, self._rate(state), drive)

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        rate = self._rate(state)
        slope = ACTIVATIONS[self.activation].slope(rate)
        return self._update(state, rate, drive), self.jvp(slope, tangents)

    def slope(self, state: np.ndarray) -> np.ndarray:
        """φ' in states, shape (..., n_units)."""
        return ACTIVATIONS[self.activation].slope(self._rate(state))

    def jvp_along(self, slopes: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Tangent vectors after steps from states in which φ' was taken, (n_steps, n_units)."""
        for slope in slopes:
            tangents = self.jvp(slope, tangents)
        return tangents

    def jvp(self, slope: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Tangent vectors one step later, of the state in which φ' was taken."""
        moved = tangents if self.embedding is None else self.embedding @ tangents
        sent = slope[:, None] * moved
        if self.right is not None:
            sent = self.right.T @ sent
        alpha = np.asarray(self.alpha)[..., None]
        return (1 - alpha) * tangents + alpha * (self.left @ sent)

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        read = self._rate(states) if self.read_rates else self._units(states)
        return read @ self.output

    def _units(self, states: np.ndarray) -> np.ndarray:
        return states if self.embedding is None else states @ self.embedding.T

    def _rate(self, states: np.ndarray) -> np.ndarray:
        return ACTIVATIONS[self.activation].rate(self._units(states))

    def _update(self, state: np.ndarray, rate: np.ndarray, drive: np.ndarray) -> np.ndarray:
        sent = rate if self.right is None else rate @ self.right
        return (1 - self.alpha) * state + self.alpha * (sent @ self.left.T) + drive


@dataclass(frozen=True, kw_only=True, eq=False)
class RateStep:
    """r ← (1 - a) r + a φ(L R' r + B u + b); attributes as in `LeakyStep`."""

    alpha: Any
    left: np.ndarray
    right: np.ndarray | None
    input_matrix: np.ndarray
    bias: np.ndarray | None
    output: np.ndarray
    activation: str
    noise_gain: float | None

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return len(self.left)

    @property
    def bounded(self) -> bool:
        """Whether the map takes a ball into itself, as it does for a bounded φ."""
        return ACTIVATIONS[self.activation].limit < math.inf

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """B u + b."""
        driven = inputs @ self.input_matrix.T
        return driven if self.bias is None else driven + self.bias

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        return (1 - self.alpha) * state + self.alpha * self._rate(state, drive)

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        rate = self._rate(state, drive)
        sent = tangents if self.right is None else self.right.T @ tangents
        slope = ACTIVATIONS[self.activation].slope(rate)[:, None]
        alpha = np.asarray(self.alpha)[..., None]
        moved = (1 - alpha) * tangents + alpha * slope * (self.left @ sent)
        return (1 - self.alpha) * state + self.alpha * rate, moved

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        return states @ self.output

    def _rate(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """φ of the input current of the units."""
        sent = state if self.right is None else state @ self.right
        return ACTIVATIONS[self.activation].rate(sent @ self.left.T + drive)


@dataclass(frozen=True, kw_only=True, eq=False)
class GatedStep:
    """Base class of the steps of GRU and LSTM: weights in the order of torch, a linear readout."""

    input_weights: np.ndarray  # (n_gates n_units, n_inputs)
    recurrent_weights: np.ndarray  # (n_gates n_units, n_units)
    input_bias: np.ndarray
    recurrent_bias: np.ndarray
    output: np.ndarray  # (n_units,) or (n_units, n_outputs)
    noise_gain: float = 1.0
    # |h| never grows beyond 1, and |c| shrinks by a forget gate below 1 before it gains at most 1.
    bounded = True

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.recurrent_weights.shape[1]

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.n_units

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        """Contribution of the inputs to the gates."""
        return inputs @ self.input_weights.T + self.input_bias

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs in states."""
        return states[..., : self.n_units] @ self.output


class GRUStep(GatedStep):
    """h ← (1 - z) n + z h, with n = tanh(i_n + r (W_n h + b_n)); gates r, z (Cho et al., 2014)."""

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        _, update, new, _ = self._gates(state, drive)
        return (1 - update) * new + update * state

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        reset, update, new, sent = self._gates(state, drive)
        by_reset, by_update, by_new = np.split(self.recurrent_weights @ tangents, 3)
        d_reset = (reset * (1 - reset))[:, None] * by_reset
        d_update = (update * (1 - update))[:, None] * by_update
        d_new = (1 - new**2)[:, None] * (sent[:, None] * d_reset + reset[:, None] * by_new)
        after = (1 - update) * new + update * state
        return after, (
            (1 - update)[:, None] * d_new
            + update[:, None] * tangents
            + (state - new)[:, None] * d_update
        )

    def _gates(self, state: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, ...]:
        """r, z, n and W_n h + b_n."""
        own = np.split(state @ self.recurrent_weights.T + self.recurrent_bias, 3, axis=-1)
        given = np.split(drive, 3, axis=-1)
        reset, update = (_sigmoid(a + b) for a, b in zip(own[:2], given[:2], strict=True))
        return reset, update, np.tanh(given[2] + reset * own[2]), own[2]


class LSTMStep(GatedStep):
    """c ← f c + i g, h ← o tanh c; the state is (h, c) (Hochreiter and Schmidhuber, 1997)."""

    @property
    def dimension(self) -> int:
        """Number of variables: h and c."""
        return 2 * self.n_units

    def advance(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later."""
        enter, forget, new, out = self._gates(state, drive)
        cell = forget * state[..., self.n_units :] + enter * new
        return np.concatenate([out * np.tanh(cell), cell], axis=-1)

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state one step later, and tangent vectors of it."""
        enter, forget, new, out = (gate[:, None] for gate in self._gates(state, drive))
        hidden, cells = tangents[: self.n_units], tangents[self.n_units :]
        by_enter, by_forget, by_new, by_out = np.split(self.recurrent_weights @ hidden, 4)
        before = state[self.n_units :, None]
        seen = np.tanh(forget * before + enter * new)
        d_cell = (
            forget * cells
            + before * forget * (1 - forget) * by_forget
            + new * enter * (1 - enter) * by_enter
            + enter * (1 - new**2) * by_new
        )
        d_hidden = seen * out * (1 - out) * by_out + out * (1 - seen**2) * d_cell
        return self.advance(state, drive), np.concatenate([d_hidden, d_cell])

    def _gates(self, state: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, ...]:
        """i, f, g, o."""
        own = state[..., : self.n_units] @ self.recurrent_weights.T + self.recurrent_bias
        enter, forget, new, out = np.split(own + drive, 4, axis=-1)
        return _sigmoid(enter), _sigmoid(forget), np.tanh(new), _sigmoid(out)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))
