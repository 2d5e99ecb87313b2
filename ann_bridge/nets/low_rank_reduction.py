"""The exact reduced form of a low-rank network: one variable for each rank and each input."""

from dataclasses import dataclass, fields
from typing import Any, TypeGuard

import numpy as np

from isochron.ann_bridge.compiled_steps import ReducedStep
from isochron.ann_bridge.float64_steps import LeakyStep, RateStep
from isochron.ann_bridge.nets.low_rank import LowRankParameters, LowRankRNN
from isochron.ann_bridge.nets.net import RecurrentNet, check_network


@dataclass(frozen=True, eq=False)
class ReducedNet:
    """A low-rank network in the variables (κ, v), in which it moves without private noise.

    With m̃ orthogonal and of unit variance, κ_r = m̃_r·x / N, and v_s the low-pass filtered
    input s::

        x = Σ_r κ_r m̃_r + Σ_s v_s I⊥_s

    where I⊥_s is the part of the input weights outside the space of m̃. `TrainedMap` takes it in
    the place of the network. The part of a state of the network outside of this space decays and is
    not followed.

    Attributes
    ----------
    settings : LowRankParameters
        Settings of the network.
    step : LeakyStep
        One step of the reduced form, in float64.
    embedding : ndarray, shape (n_units, rank + n_inputs)
        Columns m̃ and I⊥.

    Examples
    --------
    200 units move in 5 variables: two of the rank, three of the inputs.

    >>> net = ann_bridge.LowRankRNN(n_units=200, rank=2, n_inputs=3)
    >>> reduced = ann_bridge.reduce_low_rank(net)
    >>> reduced.embedding.shape
    (200, 5)
    >>> print(abs(reduced.reduce(reduced.expand(np.eye(5))) - np.eye(5)).max() < 1e-12)
    True
    """

    settings: LowRankParameters
    step: LeakyStep
    embedding: np.ndarray

    def float64_step(self) -> LeakyStep:
        """One step."""
        return self.step

    def expand(self, reduced: np.ndarray) -> np.ndarray:
        """States of the network from reduced states.

        Parameters
        ----------
        reduced : ndarray, shape (..., rank + n_inputs)
            Reduced states (κ, v).

        Returns
        -------
        ndarray, shape (..., n_units)
            States x.
        """
        return reduced @ self.embedding.T

    def reduce(self, states: np.ndarray) -> np.ndarray:
        """Reduced states of states of the network.

        Parameters
        ----------
        states : ndarray, shape (..., n_units)
            States x; their part outside of the space of the embedding is lost.

        Returns
        -------
        ndarray, shape (..., rank + n_inputs)
            Reduced states (κ, v).
        """
        return states @ np.linalg.pinv(self.embedding).T


def is_reducible(net: Any) -> TypeGuard[LowRankRNN]:
    """Whether `reduce_low_rank` takes a network: low rank, in current form.

    Parameters
    ----------
    net : RecurrentNet
        Network of any kind.

    Returns
    -------
    bool
        False too for a network of low rank in rate form.

    Examples
    --------
    >>> [
    ...     ann_bridge.is_reducible(ann_bridge.LowRankRNN(n_units=4, form=form))
    ...     for form in ("current", "rate")
    ... ]
    [True, False]
    """
    return isinstance(net, LowRankRNN) and net.settings.form == "current"


def reduce_low_rank(net: RecurrentNet) -> ReducedNet:
    """The exact reduced form of a low-rank network without noise.

    Parameters
    ----------
    net : LowRankRNN
        Network in current form.

    Returns
    -------
    ReducedNet
        The network in rank + n_inputs variables, in float64.

    Raises
    ------
    TypeError
        If it is not a low-rank network.
    ValueError
        If the network is in rate form; see `is_reducible`.

    References
    ----------
    Mastrogiuseppe and Ostojic (2018), Neuron 99:609; Pals, Macke and Barak (2024). Here for
    the map that is trained, not for the differential equation.

    Examples
    --------
    The reduced network has the same outputs after 100 steps:

    >>> net = ann_bridge.LowRankRNN(n_units=200, rank=2, n_inputs=1, activation="relu")
    >>> reduced = ann_bridge.reduce_low_rank(net)
    >>> whole, small = ann_bridge.TrainedMap(net), ann_bridge.TrainedMap(reduced)
    >>> start = np.array([0.5, -0.2, 0.0])
    >>> whole.dimension, small.dimension
    (200, 3)
    >>> after = whole.advance(reduced.expand(start), 100)
    >>> print(abs(whole.outputs(after) - small.outputs(small.advance(start, 100))) < 1e-12)
    True
    """
    check_network(net)
    if not isinstance(net, LowRankRNN):
        raise TypeError(f"Only a LowRankRNN has a reduced form, got {type(net).__name__}.")
    step = net.float64_step()
    if isinstance(step, RateStep):
        raise ValueError(
            "A network in rate form does not have an exact reduced form: its rates fill all "
            "dimensions. Analyze the network itself, TrainedMap(net)."
        )
    assert step.right is not None
    n_units, rank = step.left.shape
    # W = left right' = U S V', of thin factors.
    (q_left, r_left), (q_right, r_right) = np.linalg.qr(step.left), np.linalg.qr(step.right)
    u, s, vt = np.linalg.svd(r_left @ r_right.T)
    loadings = np.sqrt(n_units) * (q_left @ u)
    selection = q_right @ (vt.T * s) / np.sqrt(n_units)  # κ' = (1/√N) S V' φ(x)
    along = loadings.T @ step.input_matrix / n_units
    across = step.input_matrix - loadings @ along
    n_inputs = across.shape[1]
    embedding = np.concatenate([loadings, across], axis=1)
    changed: dict[str, Any] = {
        "left": np.concatenate([np.eye(rank), np.zeros((n_inputs, rank))]),
        "right": selection,
        "input_matrix": np.concatenate([along, np.eye(n_inputs)]),
        "noise_gain": None,
        "embedding": embedding,
    }
    kept = {field.name: getattr(step, field.name) for field in fields(step)}
    kind = ReducedStep if step.activation == "tanh" else LeakyStep
    reduced = kind(**(kept | changed))
    return ReducedNet(net.settings, reduced, embedding)
