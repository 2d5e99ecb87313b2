"""The compiled multistep method for one worm."""

from typing import NamedTuple

import numpy as np

from isochron.kernels.arithmetic import compiled
from isochron.kernels.hyperbolic import tanh
from isochron.sims.engines.multistep.coefficients import (
    CHECK_EVERY,
    LARGEST_SHIFT,
    coefficients,
)
from isochron.sims.engines.multistep.layout import WIDTH, Layout, find_layout
from isochron.sims.engines.multistep.vectors import (
    CHAINS,
    add_rows,
    eliminate_all,
    eliminate_one,
    multiply_symmetric,
    sum_rows,
)


class Network(NamedTuple):
    """Constants of a network in the order of its layout, per unit of capacitance: rates in 1/ms.

    Rows that fill up vectors are isolated neurons whose synapses stay closed.
    """

    place: np.ndarray
    eliminated: int
    diagonal: np.ndarray
    factor_start: np.ndarray
    factor_row: np.ndarray
    update_place: np.ndarray
    entries: np.ndarray  # of the factor, then of the dense block
    synapse_row: np.ndarray
    synapse_start: np.ndarray
    synapse_column: np.ndarray
    synapse_weight: np.ndarray
    synapse_pull: np.ndarray
    forward_row: np.ndarray
    forward_start: np.ndarray
    forward_column: np.ndarray
    forward_source: np.ndarray
    backward_row: np.ndarray
    backward_start: np.ndarray
    backward_column: np.ndarray
    backward_source: np.ndarray


class Rates(NamedTuple):
    """Constants of the activations: a_r, a_d and beta / 2 of each row, and the limit of a step.

    Attributes
    ----------
    opening, closing, half_steepness : ndarray, shape (n_rows,)
        In 1/ms, 1/ms and 1/mV.
    largest_correction : ndarray, shape (n_members,)
        Largest root mean square of the difference of predicted and corrected activations.
    """

    opening: np.ndarray
    closing: np.ndarray
    half_steepness: np.ndarray
    largest_correction: np.ndarray


class History(NamedTuple):
    """The last three states, the newest first; overwritten by `advance`.

    Attributes
    ----------
    potentials : ndarray, shape (3, n_rows)
        Potentials, mV.
    rates : ndarray, shape (3, n_rows)
        Rates of change of the activations, 1/ms.
    activation : ndarray, shape (n_rows,)
        The newest activations.
    """

    potentials: np.ndarray
    rates: np.ndarray
    activation: np.ndarray


class Inputs(NamedTuple):
    """Input of each step, at its end; one row for all steps if it does not change.

    Attributes
    ----------
    drive : ndarray, shape (1 or n_steps, n_rows)
        Current of leak and stimulus per unit of capacitance, mV/ms.
    threshold : ndarray, shape (1 or n_steps, n_rows)
        Thresholds, mV.
    """

    drive: np.ndarray
    threshold: np.ndarray


class Samples(NamedTuple):
    """Where states are written.

    Attributes
    ----------
    times : ndarray, shape (n_samples,)
        Times in steps from the start, in order, above 0.
    states : ndarray, shape ([n_members,] n_samples, 2 n_neurons)
        Potentials in mV, then activations, in the order of the network.
    n_known : int
        Number of past states that are on the cubic curve of the potentials, at most 3.
    trace : ndarray, shape (n_traced, 2, n_rows)
        Potentials and rates after each of the last steps.
    factored : ndarray, shape (n_rows,)
        Conductances at which the matrix of the step before is factorized, mS/uF; overwritten.
        Negative if there was none.
    """

    times: np.ndarray
    states: np.ndarray
    n_known: int
    trace: np.ndarray
    factored: np.ndarray


def build_network(parameters, laplacian, synapses, reversal) -> Network:
    """Constants of a network; see `isochron.sims.graded.GradedNetwork` for the arguments."""
    at = find_layout(laplacian, synapses)
    capacitance = parameters.capacitance
    diagonal = np.ones(at.n_rows)
    diagonal[at.place] = (np.diag(laplacian) + parameters.leak_conductance) / capacitance
    weight = synapses[at.post, at.pre] / capacitance
    pull = weight * reversal[at.post, at.pre]
    return Network(
        at.place,
        at.eliminated,
        diagonal,
        at.factor_start,
        at.factor_row,
        at.update_place,
        factor_entries(at, laplacian) / capacitance,
        at.synapses.row,
        at.synapses.start,
        at.synapses.column,
        np.append(weight, 0.0)[at.synapses.source],
        np.append(pull, 0.0)[at.synapses.source],
        *at.forward,
        *at.backward,
    )


def factor_entries(at: Layout, laplacian: np.ndarray) -> np.ndarray:
    """Entries of the Laplacian at the places of the factor, then those of the dense block."""
    neuron = np.full(at.n_rows, len(laplacian))
    neuron[at.place] = np.arange(len(laplacian))
    # Rows that fill up vectors are zero.
    matrix = np.pad(laplacian, ((0, 1), (0, 1)))
    rest = neuron[at.eliminated :]
    dense = matrix[np.ix_(rest, rest)]
    np.fill_diagonal(dense, 0.0)
    return np.concatenate([matrix[neuron[at.factor_row], neuron[at.factor_column]], dense.ravel()])


class OneWorm:
    """One network, to be advanced alone; the arguments are those of `build_network`."""

    def __init__(self, parameters, laplacian, synapses, reversal) -> None:
        self.network = build_network(parameters, laplacian, synapses, reversal)
        self.dtype, self.size = np.dtype("float64"), self.network.diagonal.size

    def rows(self, values: np.ndarray, fill: np.ndarray) -> np.ndarray:
        """Values of neurons, shape (..., n_neurons, 1), in rows, (..., n_rows); else `fill`."""
        rows = np.full((*values.shape[:-2], self.size), fill)
        rows[..., self.network.place] = values[..., 0]
        return rows

    def neurons(self, row: np.ndarray) -> np.ndarray:
        """Values of neurons, shape (n_neurons, 1), of a row."""
        return row[self.network.place, None]

    def advance(self, rates, step, order, history, inputs: Inputs, n_steps, samples) -> np.ndarray:
        """Take steps; whether the guard stopped them, shape (1,). See the function `advance`."""
        weights, states = coefficients(order, step), samples.states[0]
        samples = samples._replace(states=states)
        done = advance(self.network, rates, step, weights, history, inputs, n_steps, samples)
        return np.array([not done])


@compiled
def advance(network, rates, step, weights, history, inputs, n_steps, samples):
    """Take steps.

    Parameters
    ----------
    network : Network
    rates : Rates
    step : float
        Time step, ms.
    weights : Coefficients
    history : History
        Overwritten.
    inputs : Inputs
    n_steps : int
    samples : Samples
        Overwritten.

    Returns
    -------
    bool
        Whether all steps were taken: False where predicted and corrected activations differ.
    """
    size = network.diagonal.size
    # Rows are chosen by index: views of arrays would be counted in every step.
    v, f, s = np.empty((4, size)), np.empty((4, size)), np.empty((2, size))
    v[:3], f[:3], s[0] = history.potentials, history.rates, history.activation
    predicted, correction = np.empty(size), np.empty(size)
    conductance, pull = np.zeros(size), np.zeros(size)
    factored, scale = np.zeros(size), np.zeros(size)
    factor = factor_arrays(network)
    known, taken, limit = samples.n_known, 0, rates.largest_correction[0] ** 2
    # Rows of `v` and `f`: the new state, and the last three.
    rows, old = (3, 0, 1, 2), 0
    moving = 1 if inputs.drive.shape[0] > 1 else 0
    moving_threshold = 1 if inputs.threshold.shape[0] > 1 else 0
    for i in range(n_steps):
        predict(s, old, f, rows, weights.predicted, predicted)
        sum_synapses(network, predicted, conductance, pull)
        fresh = i == 0 and not samples.factored[0] >= 0
        if i == 0 and not fresh:
            _renew(network, weights.inertia, samples.factored, (factored, scale), factor)
        if fresh or (
            i % CHECK_EVERY == 0 and largest_shift(conductance, factored, scale) > LARGEST_SHIFT
        ):
            _renew(network, weights.inertia, conductance, (factored, scale), factor)
        balance(weights, v, rows, (conductance, factored, pull), (inputs.drive, i * moving))
        solve(network, factor, v, rows[0])
        threshold = inputs.threshold, i * moving_threshold
        correct(
            rates,
            weights.corrected,
            (v, f),
            rows,
            threshold,
            (s, old),
            (predicted, correction),
        )
        known = min(known + 1, 4)
        while taken < samples.times.size and samples.times[taken] <= i + 1:
            at = samples.times[taken] - i
            _sample(network.place, at, known, step, (v, f), rows, (s, old), samples.states[taken])
            taken += 1
        traced = i - n_steps + samples.trace.shape[0]
        if traced >= 0:
            samples.trace[traced, 0], samples.trace[traced, 1] = v[rows[0]], f[rows[0]]
        checked = (i + 1) % CHECK_EVERY == 0 or i + 1 == n_steps
        # A comparison with NaN is false.
        if checked and not mean_square(correction) <= limit:
            return False
        rows, old = (rows[3], rows[0], rows[1], rows[2]), 1 - old
    for k in range(3):
        history.potentials[k], history.rates[k] = v[rows[k + 1]], f[rows[k + 1]]
    history.activation[:], samples.factored[:] = s[old], factored
    return True


@compiled
def _renew(network, inertia, conductance, at, factor):
    """Factorize at conductances, which are saved with the scale of their changes."""
    factored, scale = at
    for j in range(conductance.size):
        factored[j] = conductance[j]
        scale[j] = 1 / (inertia + conductance[j])
    factorize(network, inertia, factored, factor)


@compiled
def predict(s, old, f, rows, weights, predicted):
    """Adams and Bashforth."""
    _, r0, r1, r2 = rows
    w0, w1, w2 = weights
    for j in range(predicted.size):
        predicted[j] = s[old, j] + w0 * f[r0, j] + w1 * f[r1, j] + w2 * f[r2, j]


@compiled
def balance(coefficients, v, rows, currents, driven):
    """The right-hand side of the linear equations of the potentials, in the row of the new ones."""
    new, r0, r1, r2 = rows
    conductance, factored, pull = currents
    drive, i = driven
    b0, b1, b2 = coefficients.past
    e0, e1, e2 = coefficients.extrapolated
    for j in range(pull.size):
        ahead = e0 * v[r0, j] + e1 * v[r1, j] + e2 * v[r2, j]
        past = b0 * v[r0, j] + b1 * v[r1, j] + b2 * v[r2, j]
        v[new, j] = past + pull[j] + drive[i, j] - (conductance[j] - factored[j]) * ahead


@compiled
def correct(rates, weights, moving, rows, thresholds, activations, change):
    """Adams and Moulton: the activations, their rates, and the change from the predicted ones."""
    v, f = moving
    new, r0, r1, r2 = rows
    threshold, i = thresholds
    s, old = activations
    predicted, correction = change
    w0, w1, w2, w3 = weights
    half = w0 / (w0 + w0)  # in the type of the numbers
    for j in range(predicted.size):
        opened = half + half * tanh(rates.half_steepness[j] * (v[new, j] - threshold[i, j]))
        phi = rates.opening[j] * opened
        total = phi + rates.closing[j]
        known = s[old, j] + w1 * f[r0, j] + w2 * f[r1, j] + w3 * f[r2, j]
        found = known + w0 * (phi - total * predicted[j])
        correction[j] = found - predicted[j]
        s[1 - old, j] = found
        f[new, j] = phi - total * found


@compiled
def largest_shift(conductance, factored, scale):
    """Largest share of the diagonal by which conductances differ from those of the factor."""
    worst = scale[0] * 0
    for j in range(scale.size):
        shift = abs(conductance[j] - factored[j]) * scale[j]
        worst = shift if shift > worst else worst
    return worst


@compiled
def mean_square(x):
    """Mean of the squares, in four sums; NaN or infinite if a number is."""
    a = b = c = d = 0.0
    for j in range(0, x.size, 4):
        a += x[j] * x[j]
        b += x[j + 1] * x[j + 1]
        c += x[j + 2] * x[j + 2]
        d += x[j + 3] * x[j + 3]
    return ((a + b) + (c + d)) / x.size


@compiled
def factor_arrays(network):
    """Arrays for a factor: inverse diagonal, slices forward and backward, dense inverse, work."""
    size = network.diagonal.size - network.eliminated
    return (
        np.empty(network.eliminated),
        np.empty(network.forward_source.shape),
        np.empty(network.backward_source.shape),
        np.empty((size, size)),
        np.empty(size),
    )


@compiled
def sum_synapses(network, s, conductance, pull):
    """Conductances and, with reversal potentials, currents of all synapses."""
    values = network.synapse_column, network.synapse_weight, network.synapse_pull
    start = network.synapse_start
    for k in range(start.size - 1):
        sum_rows(s, (conductance, pull), network.synapse_row, k, values, start[k], start[k + 1])


@compiled
def factorize(network, inertia, conductance, factor):
    """L D L' of inertia + G_c + Laplacian + diag(conductance); the inverse of the dense block."""
    inverse, forward, backward, dense, _ = factor
    count, start = network.factor_start[-1], network.factor_start
    work = network.entries.copy()
    diagonal = network.diagonal + conductance + inertia
    update = 0
    for j in range(network.eliminated):
        inverse[j] = 1 / diagonal[j]
        for e in range(start[j], start[j + 1]):
            ratio = work[e] * inverse[j]
            diagonal[network.factor_row[e]] -= ratio * work[e]
            for f in range(e + 1, start[j + 1]):
                work[network.update_place[update]] -= ratio * work[f]
                update += 1
        for e in range(start[j], start[j + 1]):
            work[e] *= inverse[j]
    _take_slices(work[:count], network.forward_source, forward)
    _take_slices(work[:count], network.backward_source, backward)
    size = dense.shape[0]
    for i in range(size):
        for k in range(i):
            dense[i, k] = dense[k, i] = work[count + i * size + k]
        dense[i, i] = diagonal[network.eliminated + i]
    _invert(dense)


@compiled
def _take_slices(entries, source, out):
    """Negative entries of the factor in slices; 0 where a row is shorter than its slice."""
    for line in range(source.shape[0]):
        for k in range(WIDTH):
            e = source[line, k]
            out[line, k] = -entries[e] if e < entries.size else 0.0


@compiled
def _invert(matrix):
    """Replace a positive definite matrix by its inverse (Gauss, Jordan), `CHAINS` rows a time."""
    size = matrix.shape[0]
    for first in range(0, size, CHAINS):
        last = first + CHAINS
        for k in range(first, last):
            pivot = 1 / matrix[k, k]
            for c in range(size):
                matrix[k, c] *= pivot
            matrix[k, k] = pivot
            for i in range(first, last):
                if i != k:
                    eliminate_one(matrix, i, k)
        for i in range(size):
            if not first <= i < last:
                eliminate_all(matrix, i, first)


@compiled
def solve(network, factor, x, row):
    """Overwrite a row of x with the solution of the factorized equations."""
    inverse, forward, backward, dense, part = factor
    start, slices, column = network.forward_start, network.forward_row, network.forward_column
    for k in range(slices.shape[0]):
        add_rows(x, row, slices[k, 0], column, forward, start[k], start[k + 1])
    for at in range(0, part.size, WIDTH):
        multiply_symmetric(part, at, dense, x, row, network.eliminated)
    for j in range(part.size):
        x[row, network.eliminated + j] = part[j]
    for j in range(network.eliminated):
        x[row, j] *= inverse[j]
    start, slices, column = network.backward_start, network.backward_row, network.backward_column
    for k in range(slices.shape[0] - 1, -1, -1):
        add_rows(x, row, slices[k, 0], column, backward, start[k], start[k + 1])


@compiled
def _sample(place, at, known, step, moving, rows, activations, out):
    """State at a time between two steps, 0 < `at` <= 1: cubic curves through the last states."""
    v, f = moving
    new, r0, r1, r2 = rows
    s, old = activations
    w, w0, w1, w2 = lagrange(at, known)
    a, a0, d, d0 = hermite(at, step)
    n = place.size
    for j in range(n):
        k = place[j]
        out[j] = w * v[new, k] + w0 * v[r0, k] + w1 * v[r1, k] + w2 * v[r2, k]
        out[n + j] = a * s[1 - old, k] + a0 * s[old, k] + d * f[new, k] + d0 * f[r0, k]


@compiled
def hermite(at, step):
    """Weights of the values at 1 and 0, and of the rates of change there."""
    back = 1 - at
    value, before = at * at * (3 - 2 * at), back * back * (1 + 2 * at)
    return value, before, -step * at * at * back, step * at * back * back


@compiled
def lagrange(at, known):
    """Weights of the values at 1, 0, -1 and -2, of which the first `known` are used."""
    if known == 2:
        return at, 1 - at, 0.0, 0.0
    if known == 3:
        return at * (at + 1) / 2, (1 - at) * (1 + at), at * (at - 1) / 2, 0.0
    w = at * (at + 1) * (at + 2) / 6
    w0 = (1 - at) * (at + 1) * (at + 2) / 2
    w1 = at * (at - 1) * (at + 2) / 2
    return w, w0, w1, 1 - w - w0 - w1
