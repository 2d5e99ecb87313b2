"""The compiled multistep method for worms side by side in the vector lanes of the processor.

The steps are those of `one_worm`; every row has the numbers of all members. A member does not
depend on the others: its matrix is factorized again when its own conductances have moved.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from isochron.kernels.arithmetic import compiled
from isochron.sims.engines.multistep.coefficients import (
    CHECK_EVERY,
    LARGEST_SHIFT,
    coefficients,
)
from isochron.sims.engines.multistep.lane_vectors import (
    multiply_members,
    subtract_members,
    subtract_product,
    sum_members,
)
from isochron.sims.engines.multistep.one_worm import (
    Inputs,
    balance,
    correct,
    hermite,
    lagrange,
    predict,
)
from isochron.sims.engines.strang import INDEX, Pattern

MEMBERS = {"float64": 8, "float32": 16}


class Networks(NamedTuple):
    """Constants of the members in elimination order, per unit of capacitance: rates in 1/ms.

    Weights have the shape (n_entries,) if all members share them, else (n_entries, n_members).
    """

    diagonal: np.ndarray  # (n_neurons, n_members)
    synapse_start: np.ndarray
    synapse_pre: np.ndarray
    synapse_weight: np.ndarray
    synapse_pull: np.ndarray
    factor_start: np.ndarray
    factor_row: np.ndarray
    factor_value: np.ndarray  # (n_entries, n_members)
    factor_entry: np.ndarray  # 0, 1, ...
    update_place: np.ndarray
    row_start: np.ndarray  # the same entries by rows
    row_column: np.ndarray
    row_entry: np.ndarray


class ManyWorms:
    """Members that are advanced together.

    Parameters
    ----------
    networks : sequence of GradedNetwork
        One of each member, as many as fit into a vector.
    pattern : Pattern
        Places of the connections of all of them.
    reference : ndarray, shape (n_neurons, n_members)
        Potentials from which those of the neurons are counted, mV.
    dtype : str
        "float64" or "float32".
    """

    def __init__(
        self, networks: Sequence, pattern: Pattern, reference: np.ndarray, dtype: str
    ) -> None:
        self.dtype, self.lanes = np.dtype(dtype), len(networks)
        self.order, self.n_neurons = pattern.order, pattern.order.size
        self.size = self.n_neurons * self.lanes
        self.networks = _side_by_side(networks, pattern, reference, self.dtype)

    def rows(self, values: np.ndarray, fill: np.ndarray) -> np.ndarray:  # noqa: ARG002
        """Values of neurons, shape (..., n_neurons, n_members), as rows, shape (..., size)."""
        ordered = values[..., self.order, :].astype(self.dtype)
        return np.ascontiguousarray(ordered.reshape(*values.shape[:-2], self.size))

    def neurons(self, row: np.ndarray) -> np.ndarray:
        """Values of neurons, shape (n_neurons, n_members), of a row."""
        values = np.empty((self.n_neurons, self.lanes), dtype=self.dtype)
        values[self.order] = row.reshape(self.n_neurons, self.lanes)
        return values

    def advance(self, rates, step, order, history, inputs: Inputs, n_steps, samples) -> np.ndarray:
        """Take steps; whether each member was stopped by the guard. See `one_worm.advance`."""
        number = self.dtype.type
        stopped = np.zeros(self.lanes, dtype=bool)
        _advance(
            self.networks, rates, number(step), coefficients(order, step, number), history, inputs,
            n_steps, samples, (self.order, stopped),
        )  # fmt: skip
        return stopped


def _side_by_side(
    networks: Sequence, at: Pattern, reference: np.ndarray, dtype: np.dtype
) -> Networks:
    place = np.argsort(at.order)
    post, pre = place[at.post], place[at.pre]
    by_post = np.argsort(post, kind="stable")
    by_row = np.lexsort((at.factor_column, at.factor_row))
    rows = np.arange(at.order.size + 1)
    diagonal, weight, pull, value = [], [], [], []
    for n, counted_from in zip(networks, reference.T, strict=True):
        c = n.parameters.capacitance
        diagonal.append((np.diag(n.laplacian)[at.order] + n.parameters.leak_conductance) / c)
        of_member = n.synapses[at.post, at.pre][by_post] / c
        weight.append(of_member)
        driving = n.reversal[at.post, at.pre] - counted_from[at.post]
        pull.append(of_member * driving[by_post])
        value.append(n.laplacian[at.order[at.factor_row], at.order[at.factor_column]] / c)

    def stacked(values):
        return np.stack(values, axis=-1).astype(dtype)

    def weights(values):
        same = all(np.array_equal(one, values[0]) for one in values[1:])
        return values[0].astype(dtype) if same else stacked(values)

    return Networks(
        stacked(diagonal),
        np.searchsorted(post[by_post], rows),
        pre[by_post].astype(INDEX),
        weights(weight),
        weights(pull),
        at.factor_start,
        at.factor_row.astype(INDEX),
        stacked(value),
        np.arange(at.factor_row.size, dtype=INDEX),
        at.update_place,
        np.searchsorted(at.factor_row[by_row], rows),
        at.factor_column[by_row].astype(INDEX),
        by_row.astype(INDEX),
    )


@compiled
def _advance(networks, rates, step, coefficients, history, inputs, n_steps, samples, result):
    """As `one_worm.advance`; writes which members the guard stops."""
    order, stopped = result
    size, lanes = history.activation.size, stopped.size
    kind = history.activation
    v, f = np.empty((4, size), kind.dtype), np.empty((4, size), kind.dtype)
    s = np.empty((2, size), kind.dtype)
    v[:3], f[:3], s[0] = history.potentials, history.rates, history.activation
    predicted, correction = np.empty_like(kind), np.empty_like(kind)
    conductance, pull = np.empty_like(kind), np.empty_like(kind)
    factored, scale = np.zeros_like(kind), np.zeros_like(kind)
    inverse, diagonal = np.empty_like(networks.diagonal), np.empty_like(networks.diagonal)
    factor = np.empty_like(networks.factor_value)
    moved = np.ones(lanes, np.bool_)
    known, taken = samples.n_known, 0
    rows, old = (3, 0, 1, 2), 0
    moving = 1 if inputs.drive.shape[0] > 1 else 0
    moving_threshold = 1 if inputs.threshold.shape[0] > 1 else 0
    for i in range(n_steps):
        predict(s, old, f, rows, coefficients.predicted, predicted)
        _sum_synapses(networks, predicted, conductance, pull)
        if i == 0 and samples.factored[0] >= 0:
            _renew(samples.factored, coefficients.inertia, moved, factored, scale)
            _factorize(networks, coefficients.inertia, factored, diagonal, inverse, factor)
            _find_moved(conductance, factored, scale, moved)
        if i > 0 and i % CHECK_EVERY == 0:
            _find_moved(conductance, factored, scale, moved)
        if moved.any():
            _renew(conductance, coefficients.inertia, moved, factored, scale)
            _factorize(networks, coefficients.inertia, factored, diagonal, inverse, factor)
            moved[:] = False
        balance(coefficients, v, rows, (conductance, factored, pull), (inputs.drive, i * moving))
        _solve(networks, inverse, factor, v, rows[0])
        threshold = inputs.threshold, i * moving_threshold
        correct(
            rates, coefficients.corrected, (v, f), rows, threshold, (s, old),
            (predicted, correction),
        )  # fmt: skip
        known = min(known + 1, 4)
        while taken < samples.times.size and samples.times[taken] <= i + 1:
            at = samples.times[taken] - i
            _sample(order, at, known, step, (v, f), rows, (s, old), (samples.states, taken))
            taken += 1
        traced = i - n_steps + samples.trace.shape[0]
        if traced >= 0:
            samples.trace[traced, 0], samples.trace[traced, 1] = v[rows[0]], f[rows[0]]
        if (i + 1) % CHECK_EVERY == 0 or i + 1 == n_steps:
            _find_stopped(correction, rates.largest_correction, stopped)
            if stopped.all():
                return
        rows, old = (rows[3], rows[0], rows[1], rows[2]), 1 - old
    for k in range(3):
        history.potentials[k], history.rates[k] = v[rows[k + 1]], f[rows[k + 1]]
    history.activation[:], samples.factored[:] = s[old], factored


@compiled
def _sum_synapses(networks, s, conductance, pull):
    start = networks.synapse_start
    for i in range(start.size - 1):
        sum_members(
            s, conductance, pull, i, networks.synapse_pre, networks.synapse_weight,
            networks.synapse_pull, start[i], start[i + 1],
        )  # fmt: skip


@compiled
def _find_moved(conductance, factored, scale, moved):
    """Members whose conductances have moved from those of the factor."""
    lanes = moved.size
    for j in range(conductance.size):
        if abs(conductance[j] - factored[j]) * scale[j] > LARGEST_SHIFT:
            moved[j % lanes] = True


@compiled
def _renew(conductance, inertia, moved, factored, scale):
    lanes = moved.size
    for j in range(conductance.size):
        if moved[j % lanes]:
            factored[j] = conductance[j]
            scale[j] = 1 / (inertia + conductance[j])


@compiled
def _find_stopped(correction, largest, stopped):
    """Members in which predicted and corrected activations differ."""
    lanes = stopped.size
    for c in range(lanes):
        total = 0.0
        for j in range(c, correction.size, lanes):
            total += correction[j] * correction[j]
        # A comparison with NaN is false.
        if not total * lanes / correction.size <= largest[c] ** 2:
            stopped[c] = True


@compiled
def _factorize(networks, inertia, conductance, diagonal, inverse, factor):
    """L D L' of inertia + G_c + Laplacian + diag(conductance) of each member; D is inverted."""
    n, lanes = diagonal.shape
    for j in range(n):
        for c in range(lanes):
            diagonal[j, c] = inertia + networks.diagonal[j, c] + conductance[j * lanes + c]
    for e in range(factor.shape[0]):
        for c in range(lanes):
            factor[e, c] = networks.factor_value[e, c]
    start, row = networks.factor_start, networks.factor_row
    ratio, update = np.empty((1, lanes), diagonal.dtype), 0
    for j in range(n):
        for c in range(lanes):
            inverse[j, c] = 1 / diagonal[j, c]
        for e in range(start[j], start[j + 1]):
            multiply_members(ratio, 0, factor, e, inverse, j)
            subtract_product(diagonal, row[e], ratio, 0, factor, e)
            for f in range(e + 1, start[j + 1]):
                subtract_product(factor, networks.update_place[update], ratio, 0, factor, f)
                update += 1
            for c in range(lanes):
                factor[e, c] = ratio[0, c]


@compiled
def _solve(networks, inverse, factor, x, new):
    """Overwrite a row of x with the solution of the factorized equations of each member."""
    n = inverse.shape[0]
    base, start = new * n, networks.row_start
    column, entry = networks.row_column, networks.row_entry
    for i in range(n):
        subtract_members(x, base, i, column, entry, factor, start[i], start[i + 1])
    for i in range(n):
        multiply_members(x, base + i, x, base + i, inverse, i)
    start, row, entry = networks.factor_start, networks.factor_row, networks.factor_entry
    for i in range(n - 1, -1, -1):
        subtract_members(x, base, i, row, entry, factor, start[i], start[i + 1])


@compiled
def _sample(order, at, known, step, moving, rows, activations, out):
    """State at a time between two steps, 0 < `at` <= 1: cubic curves through the last states."""
    v, f = moving
    new, r0, r1, r2 = rows
    s, old = activations
    w, w0, w1, w2 = lagrange(at, known)
    a, a0, d, d0 = hermite(at, step)
    states, taken = out
    n, lanes = order.size, states.shape[0]
    for c in range(lanes):
        for k in range(n):
            j, i = order[k], k * lanes + c
            states[c, taken, j] = w * v[new, i] + w0 * v[r0, i] + w1 * v[r1, i] + w2 * v[r2, i]
            states[c, taken, n + j] = (
                a * s[1 - old, i] + a0 * s[old, i] + d * f[new, i] + d0 * f[r0, i]
            )
