"""A second-order step for graded networks, compiled.

One step is the symmetric (Strang) composition

    s over h/2 with V held     exact: the equation is linear in s
    V over h   with s held     implicit midpoint: the equation is linear in V
    s over h/2 with V held

The matrix of the middle part, 2C/h + G_c + Laplacian + diag(synaptic conductance), is
symmetric positive definite and as sparse as the gap junctions. It is factorised as L D L'
in every step, on a pattern found once by minimum-degree ordering, so the step is stable
for any h however strong the gap junctions are. A tangent vector rides along with the
exact derivative of the step.
"""

from typing import NamedTuple

import numpy as np
from numba import njit


class Kernel(NamedTuple):
    """Constants of a network, in the order and the types that the compiled code wants.

    Sparse matrices are in compressed rows (start, index, value) except for the factor L,
    which is in compressed columns, of the permuted neurons.
    """

    capacitance: float
    leak_conductance: float
    leak_reversal: float
    activation_rate: float
    decay_rate: float
    steepness: float
    synapse_start: np.ndarray
    synapse_pre: np.ndarray
    synapse_weight: np.ndarray
    synapse_reversal: np.ndarray
    order: np.ndarray
    diagonal: np.ndarray
    factor_start: np.ndarray
    factor_row: np.ndarray
    factor_value: np.ndarray


def build_kernel(parameters, laplacian, synapses, reversal) -> Kernel:
    """Kernel of a network; see `isochron.sims.graded.GradedNetwork` for the arguments."""
    order, pattern = minimum_degree(laplacian)
    permuted = laplacian[np.ix_(order, order)]
    factor_start = np.cumsum([0, *map(len, pattern)])
    factor_row = np.concatenate([*pattern, []]).astype(np.int64)
    factor_column = np.repeat(np.arange(len(order)), np.diff(factor_start))
    post, pre = np.nonzero(synapses)
    return Kernel(
        parameters.capacitance,
        parameters.leak_conductance,
        parameters.leak_reversal,
        parameters.activation_rate,
        parameters.decay_rate,
        parameters.steepness,
        np.searchsorted(post, np.arange(len(synapses) + 1)),
        pre,
        synapses[post, pre].astype(float),
        reversal[post, pre].astype(float),
        order,
        np.diag(permuted).copy(),
        factor_start,
        factor_row,
        permuted[factor_row, factor_column],
    )


def minimum_degree(matrix: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """Elimination order of a symmetric matrix that keeps its factor sparse.

    Returns
    -------
    order : ndarray of int, shape (n,)
        Which row is eliminated when.
    pattern : list of list of int
        For each column of the factor, its rows below the diagonal, in the new order.
    """
    neighbours = [set(np.flatnonzero(row).tolist()) - {i} for i, row in enumerate(matrix)]
    waiting, order, columns = set(range(len(matrix))), [], []
    while waiting:
        chosen = min(waiting, key=lambda i: (len(neighbours[i]), i))
        waiting.remove(chosen)
        order.append(chosen)
        columns.append(neighbours[chosen])
        for other in neighbours[chosen]:
            neighbours[other] |= neighbours[chosen]
            neighbours[other] -= {chosen, other}
    position = np.argsort(order)
    return np.array(order), [sorted(position[list(rows)].tolist()) for rows in columns]


@njit(cache=True)
def advance(kernel, state, tangents, thresholds, currents, step, record_every, record):
    """Take ``len(currents)`` steps in place.

    Parameters
    ----------
    kernel : Kernel
    state : ndarray, shape (2 n,)
        Potentials in mV, then activations; overwritten.
    tangents : ndarray, shape (2 n, k)
        Tangent vectors; overwritten. k may be 0.
    thresholds : ndarray, shape (n,)
        mV.
    currents : ndarray, shape (n_steps, n)
        Input in the middle of each step, pA.
    step : float
        ms.
    record_every : int
        Write the state to `record` after every so many steps; 0 for never.
    record : ndarray, shape (n_steps // record_every, 2 n)

    Returns
    -------
    int
        Number of steps taken before the state was no longer finite; all, if it always was.
    """
    n = thresholds.size
    v, s = state[:n], state[n:]
    dv, ds = tangents[:n], tangents[n:]
    k = tangents.shape[1]
    diagonal = np.empty(n)
    factor = np.empty(kernel.factor_value.size)
    conductance, pull = np.empty(n), np.empty(n)
    work, tangent_work = np.empty((n, 1)), np.empty((n, k))
    for i in range(currents.shape[0]):
        _relax_synapses(kernel, v, s, dv, ds, thresholds, 0.5 * step)
        _synaptic_sums(kernel, s, conductance, pull)
        _factorise(kernel, conductance, 2 * kernel.capacitance / step, diagonal, factor)
        _move_voltage(
            kernel, v, dv, ds, conductance, pull, currents[i], step, diagonal, factor,
            work, tangent_work,
        )  # fmt: skip
        _relax_synapses(kernel, v, s, dv, ds, thresholds, 0.5 * step)
        if record_every and (i + 1) % record_every == 0:
            record[(i + 1) // record_every - 1] = state
            if not np.isfinite(state.sum()):
                return i
    return currents.shape[0]


@njit(cache=True)
def _relax_synapses(kernel, v, s, dv, ds, thresholds, duration):
    """Exact flow of s' = a_r phi (1 - s) - a_d s, and its derivative, with V held."""
    for j in range(s.size):
        phi = 1 / (1 + np.exp(-kernel.steepness * (v[j] - thresholds[j])))
        rate = kernel.activation_rate * phi + kernel.decay_rate
        target = kernel.activation_rate * phi / rate
        keep = np.exp(-rate * duration)
        slope = kernel.activation_rate * kernel.steepness * phi * (1 - phi)
        by_v = slope * (
            kernel.decay_rate / rate**2 * (1 - keep) - duration * keep * (s[j] - target)
        )
        for c in range(ds.shape[1]):
            ds[j, c] = keep * ds[j, c] + by_v * dv[j, c]
        s[j] = target + keep * (s[j] - target)


@njit(cache=True)
def _synaptic_sums(kernel, s, conductance, pull):
    for i in range(conductance.size):
        total, driven = 0.0, 0.0
        for e in range(kernel.synapse_start[i], kernel.synapse_start[i + 1]):
            open_ = kernel.synapse_weight[e] * s[kernel.synapse_pre[e]]
            total += open_
            driven += open_ * kernel.synapse_reversal[e]
        conductance[i], pull[i] = total, driven


@njit(cache=True)
def _factorise(kernel, conductance, inertia, diagonal, factor):
    """L D L' of inertia + G_c + Laplacian + diag(conductance), in elimination order.

    Right-looking: as the pattern is that of elimination, every update finds its place by
    walking down the target column.
    """
    n = diagonal.size
    for j in range(n):
        base = inertia + kernel.leak_conductance + conductance[kernel.order[j]]
        diagonal[j] = base + kernel.diagonal[j]
    factor[:] = kernel.factor_value
    for j in range(n):
        start, stop = kernel.factor_start[j], kernel.factor_start[j + 1]
        for e in range(start, stop):
            i = kernel.factor_row[e]
            ratio = factor[e] / diagonal[j]
            diagonal[i] -= ratio * factor[e]
            place = kernel.factor_start[i]
            for f in range(e + 1, stop):
                row = kernel.factor_row[f]
                while kernel.factor_row[place] != row:
                    place += 1
                factor[place] -= ratio * factor[f]
        for e in range(start, stop):
            factor[e] /= diagonal[j]


@njit(cache=True)
def _move_voltage(
    kernel, v, dv, ds, conductance, pull, current, step, diagonal, factor, work, tangent_work
):
    """Implicit midpoint for C V' = -(A + diag g) V + b: solve for the midpoint, reflect."""
    n, k = tangent_work.shape
    inertia = 2 * kernel.capacitance / step
    rest = kernel.leak_conductance * kernel.leak_reversal
    for j in range(n):
        i = kernel.order[j]
        work[j, 0] = inertia * v[i] + rest + pull[i] + current[i]
    _solve(kernel, diagonal, factor, work)
    for j in range(n):
        i = kernel.order[j]
        v[i] = 2 * work[j, 0] - v[i]
    if k == 0:
        return
    for j in range(n):
        i = kernel.order[j]
        for c in range(k):
            tangent_work[j, c] = inertia * dv[i, c]
        for e in range(kernel.synapse_start[i], kernel.synapse_start[i + 1]):
            pre = kernel.synapse_pre[e]
            slope = kernel.synapse_weight[e] * (kernel.synapse_reversal[e] - work[j, 0])
            for c in range(k):
                tangent_work[j, c] += slope * ds[pre, c]
    _solve(kernel, diagonal, factor, tangent_work)
    for j in range(n):
        i = kernel.order[j]
        for c in range(k):
            dv[i, c] = 2 * tangent_work[j, c] - dv[i, c]


@njit(cache=True)
def _solve(kernel, diagonal, factor, x):
    """Overwrite x, shape (n, k), with the solution of L D L' y = x."""
    n, k = x.shape
    for j in range(n):
        for e in range(kernel.factor_start[j], kernel.factor_start[j + 1]):
            i = kernel.factor_row[e]
            for c in range(k):
                x[i, c] -= factor[e] * x[j, c]
    for j in range(n - 1, -1, -1):
        for c in range(k):
            x[j, c] /= diagonal[j]
        for e in range(kernel.factor_start[j], kernel.factor_start[j + 1]):
            i = kernel.factor_row[e]
            for c in range(k):
                x[j, c] -= factor[e] * x[i, c]
