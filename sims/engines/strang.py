"""A compiled second-order method for graded networks.

One step is the symmetric (Strang) composition

    s over h/2 with V fixed    exact: the equation is linear in s
    V over h   with s fixed    implicit midpoint: the equation is linear in V
    s over h/2 with V fixed

The matrix of the middle part, 2C/h + G_c + Laplacian + diag(synaptic conductance), is
symmetric positive definite and as sparse as the gap junctions. It is factorized as L D L'
in every step, on a pattern computed once by minimum-degree ordering, so the step is stable
for any h, however strong the gap junctions are. Tangent vectors are propagated with the exact
derivative of the step.
"""

import operator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from isochron.compilation import compiled as compiled_with
from isochron.connectome._arrays import check_array, contiguous

# Division by zero follows IEEE 754, as in NumPy; a check would cost a branch each time.
INDEX = np.uint32  # half the bytes, and no check for indices that count from the end
compiled = compiled_with(error_model="numpy", nogil=True)


class Kernel(NamedTuple):
    """Constants of a network, in the order and the types that the compiled code needs.

    Sparse matrices are in compressed rows (start, index, value) except for the factor L,
    which is in compressed columns, of the permuted neurons. `update_place` is the entry of the
    factor from which each product of two entries of a column is subtracted, in order of use.
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
    update_place: np.ndarray


class Pattern(NamedTuple):
    """Places of the connections of a connectome, and the elimination order of its neurons."""

    post: np.ndarray
    pre: np.ndarray
    order: np.ndarray
    factor_start: np.ndarray
    factor_row: np.ndarray
    factor_column: np.ndarray
    update_place: np.ndarray


def find_pattern(gap: np.ndarray, synapses: np.ndarray) -> Pattern:
    """Pattern of matrices that may differ from zero where the given ones do."""
    return _pattern(len(gap), (gap != 0).tobytes(), (synapses != 0).tobytes())


@lru_cache(maxsize=16)
def _pattern(n: int, gap: bytes, synapses: bytes) -> Pattern:
    """The pattern; cached, as a sweep needs it repeatedly."""

    def matrix(places: bytes) -> np.ndarray:
        return np.frombuffer(places, dtype=bool).reshape(n, n)

    order, columns = minimum_degree(matrix(gap))
    start = np.cumsum([0, *map(len, columns)])
    row = np.concatenate([*columns, []]).astype(np.int64)
    column = np.repeat(np.arange(len(order)), np.diff(start))
    post, pre = np.nonzero(matrix(synapses))
    return Pattern(post, pre, order, start, row, column, _update_places(columns, start))


def build_kernel(parameters, laplacian, synapses, reversal, pattern=None) -> Kernel:
    """Kernel of a network; see `isochron.sims.graded.GradedNetwork` for the arguments.

    `pattern`, if given, may have more places than the matrices need.
    """
    n = len(laplacian)
    for name, matrix in (("laplacian", laplacian), ("synapses", synapses), ("reversal", reversal)):
        if matrix.shape != (n, n):
            raise ValueError(f"{name} must have shape ({n}, {n}), got {matrix.shape}.")
    at = find_pattern(laplacian, synapses) if pattern is None else pattern
    return Kernel(
        parameters.capacitance,
        parameters.leak_conductance,
        parameters.leak_reversal,
        parameters.activation_rate,
        parameters.decay_rate,
        parameters.steepness,
        np.searchsorted(at.post, np.arange(len(synapses) + 1)),
        at.pre.astype(INDEX),
        synapses[at.post, at.pre].astype(float),
        reversal[at.post, at.pre].astype(float),
        at.order.astype(INDEX),
        np.diag(laplacian)[at.order].astype(float),
        at.factor_start,
        at.factor_row.astype(INDEX),
        laplacian[at.order[at.factor_row], at.order[at.factor_column]].astype(float),
        at.update_place,
    )


def _update_places(pattern, factor_start):
    place = {
        (row, j): factor_start[j] + e
        for j, rows in enumerate(pattern)
        for e, row in enumerate(rows)
    }
    places = [
        place[row, column]
        for rows in pattern
        for e, column in enumerate(rows)
        for row in rows[e + 1 :]
    ]
    return np.array(places, dtype=INDEX)


def minimum_degree(matrix: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """Elimination order of a symmetric matrix for which its factor is sparse.

    Returns
    -------
    order : ndarray of int, shape (n,)
        Rows in the order in which they are eliminated.
    pattern : list of list of int
        Rows below the diagonal of each column of the factor, in the new order.
    """
    neighbors = [set(np.flatnonzero(row).tolist()) - {i} for i, row in enumerate(matrix)]
    waiting, order, columns = set(range(len(matrix))), [], []
    while waiting:
        chosen = min(waiting, key=lambda i: (len(neighbors[i]), i))
        waiting.remove(chosen)
        order.append(chosen)
        columns.append(neighbors[chosen])
        for other in neighbors[chosen]:
            neighbors[other] |= neighbors[chosen]
            neighbors[other] -= {chosen, other}
    position = np.argsort(order)
    return np.array(order), [sorted(position[list(rows)].tolist()) for rows in columns]


class StepInputs(NamedTuple):
    """Thresholds and currents of each step.

    Attributes
    ----------
    thresholds : ndarray, shape (n_thresholds, n)
        Thresholds in the middle of each step, mV; the first row follows the last one.
    currents : ndarray, shape (n_currents, n)
        Input in the middle of each step, pA; the first row follows the last one.
    start : int
        Row of the first step in `thresholds` and `currents`.
    step : float
        Time step, ms.
    """

    thresholds: np.ndarray
    currents: np.ndarray
    start: int
    step: float


def advance(
    kernel: Kernel,
    state: np.ndarray,
    tangents: np.ndarray,
    inputs: StepInputs,
    n_steps: int,
    record_every: int,
    record: np.ndarray,
) -> int:
    """Take steps in place.

    Parameters
    ----------
    kernel : Kernel
    state : ndarray, shape (2 n,)
        Potentials in mV, then activations; overwritten.
    tangents : ndarray, shape (2 n, k)
        Tangent vectors; overwritten. k may be 0.
    inputs : StepInputs
    n_steps : int
    record_every : int
        Number of steps between states that are written to `record`; 0 for none.
    record : ndarray, shape (n_steps // record_every, 2 n)

    Returns
    -------
    int
        Number of steps taken until the state was not finite, or `n_steps`.

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout, or a number of steps is
        negative.
    """
    n = kernel.order.size
    start, n_steps, record_every = check_steps(inputs.start, n_steps, record_every)
    check_array("state", state, (2 * n,))
    check_array("tangents", tangents, (2 * n, "k"))
    check_array("record", record, (n_steps // record_every if record_every else 0, 2 * n))
    checked = StepInputs(
        cyclic_rows("thresholds", inputs.thresholds, (n,)),
        cyclic_rows("currents", inputs.currents, (n,)),
        start,
        float(inputs.step),
    )
    return _advance(kernel, state, tangents, checked, n_steps, record_every, record)


def check_steps(*counts: int) -> list[int]:
    """Numbers of steps as int; none may be negative."""
    found = [operator.index(count) for count in counts]
    if min(found) < 0:
        raise ValueError(f"Numbers of steps must not be negative, got {found}.")
    return found


def cyclic_rows(name: str, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of a given shape, at least one; compiled code uses one for each step."""
    rows = contiguous(rows)
    check_array(name, rows, ("n_steps", *shape))
    if not len(rows):
        raise ValueError(f"{name} must have at least one row, got shape {rows.shape}.")
    return rows


class StepWork(NamedTuple):
    """Arrays that a step overwrites, reused from step to step."""

    diagonal: np.ndarray
    factor: np.ndarray
    conductance: np.ndarray
    pull: np.ndarray
    midpoint: np.ndarray
    target: np.ndarray
    keep: np.ndarray
    tangents: np.ndarray


@compiled
def make_work(kernel, n, k):
    """Work arrays of `take_step` for n neurons and k tangent vectors."""
    return StepWork(
        np.empty(n),
        np.empty(kernel.factor_value.size),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.empty((n, k)),
    )


@compiled
def _advance(kernel, state, tangents, inputs, n_steps, record_every, record):
    """As `advance`, without checks."""
    thresholds, currents, start, step = inputs
    n = state.size // 2
    work = make_work(kernel, n, tangents.shape[1])
    no_current = np.empty((n, 0))
    moving_thresholds = thresholds.shape[0] > 1
    for i in range(n_steps):
        threshold = thresholds[(start + i) % thresholds.shape[0]]
        current = currents[(start + i) % currents.shape[0]]
        # With constant thresholds the last half step has relaxed for the same potentials.
        relaxed = i > 0 and not moving_thresholds
        take_step(kernel, state, tangents, (threshold, current, no_current), step, relaxed, work)
        if record_every and (i + 1) % record_every == 0:
            record[(i + 1) // record_every - 1] = state
            if not np.isfinite(state.sum()):
                return i
    return n_steps


@compiled
def take_step(kernel, state, tangents, inputs, step, relaxed, work):
    """Take one step in place, without checks.

    Parameters
    ----------
    kernel : Kernel
    state, tangents : ndarray, shape (2 n,), (2 n, k)
        As in `advance`.
    inputs : tuple of ndarray
        Thresholds, shape (n,); currents in the middle of the step, shape (n,), and their tangents,
        shape (n, k), or (n, 0) if they do not depend on the state.
    step : float
        Time step, ms.
    relaxed : bool
        Whether `work` is from the step before, with the same thresholds.
    work : StepWork
    """
    threshold, current, pushed = inputs
    n = threshold.size
    v, s = state[:n], state[n:]
    dv, ds = tangents[:n], tangents[n:]
    k = tangents.shape[1]
    target, keep = work.target, work.keep
    if not relaxed:
        _relaxation(kernel, v, threshold, 0.5 * step, target, keep)
    if k > 0:
        _relax_tangents(kernel, (v, s), (dv, ds), threshold, 0.5 * step, target, keep)
    _relax(s, target, keep)
    _synaptic_sums(kernel, s, work.conductance, work.pull)
    inertia = 2 * kernel.capacitance / step
    _factorize(kernel, work.conductance, inertia, work.diagonal, work.factor)
    _move_voltage(kernel, v, work.pull, current, step, work.diagonal, work.factor, work.midpoint)
    if k > 0:
        # A current acts as a shift of the potential by current / inertia before and after.
        for c in range(pushed.shape[1]):
            for j in range(n):
                dv[j, c] += pushed[j, c] / inertia
        _move_tangents(
            kernel, work.midpoint, dv, ds, step, work.diagonal, work.factor, work.tangents
        )
        for c in range(pushed.shape[1]):
            for j in range(n):
                dv[j, c] += pushed[j, c] / inertia
    _relaxation(kernel, v, threshold, 0.5 * step, target, keep)
    if k > 0:
        _relax_tangents(kernel, (v, s), (dv, ds), threshold, 0.5 * step, target, keep)
    _relax(s, target, keep)


@compiled
def _relaxation(kernel, v, threshold, duration, target, keep):
    """Flow of s' = a_r phi (1 - s) - a_d s, V fixed: s becomes `target + keep * (s - target)`."""
    for j in range(v.size):
        phi = 1 / (1 + np.exp(-kernel.steepness * (v[j] - threshold[j])))
        rate = kernel.activation_rate * phi + kernel.decay_rate
        target[j] = kernel.activation_rate * phi / rate
        keep[j] = np.exp(-rate * duration)


@compiled
def _relax(s, target, keep):
    for j in range(s.size):
        s[j] = target[j] + keep[j] * (s[j] - target[j])


@compiled
def _relax_tangents(kernel, state, tangents, threshold, duration, target, keep):
    """Derivative of the relaxation of s, from s before it."""
    (v, s), (dv, ds) = state, tangents
    for j in range(s.size):
        phi = 1 / (1 + np.exp(-kernel.steepness * (v[j] - threshold[j])))
        rate = kernel.activation_rate * phi + kernel.decay_rate
        slope = kernel.activation_rate * kernel.steepness * phi * (1 - phi)
        by_v = slope * (
            kernel.decay_rate / rate**2 * (1 - keep[j]) - duration * keep[j] * (s[j] - target[j])
        )
        for c in range(ds.shape[1]):
            ds[j, c] = keep[j] * ds[j, c] + by_v * dv[j, c]


@compiled
def _synaptic_sums(kernel, s, conductance, pull):
    for i in range(conductance.size):
        total, driven = 0.0, 0.0
        for e in range(kernel.synapse_start[i], kernel.synapse_start[i + 1]):
            open_ = kernel.synapse_weight[e] * s[kernel.synapse_pre[e]]
            total += open_
            driven += open_ * kernel.synapse_reversal[e]
        conductance[i], pull[i] = total, driven


@compiled
def _factorize(kernel, conductance, inertia, diagonal, factor):
    """L D L' of inertia + G_c + Laplacian + diag(conductance), in elimination order.

    Right-looking: each finished column is subtracted from the columns that depend on it.
    """
    n = diagonal.size
    for j in range(n):
        base = inertia + kernel.leak_conductance + conductance[kernel.order[j]]
        diagonal[j] = base + kernel.diagonal[j]
    factor[:] = kernel.factor_value
    update = 0
    for j in range(n):
        stop = kernel.factor_start[j + 1]
        for e in range(kernel.factor_start[j], stop):
            ratio = factor[e] / diagonal[j]
            diagonal[kernel.factor_row[e]] -= ratio * factor[e]
            for f in range(e + 1, stop):
                factor[kernel.update_place[update]] -= ratio * factor[f]
                update += 1
            factor[e] = ratio


@compiled
def _move_voltage(kernel, v, pull, current, step, diagonal, factor, midpoint):
    """Implicit midpoint for C V' = -(A + diag g) V + b: solve for the midpoint, reflect.

    `midpoint` is in elimination order afterwards.
    """
    n = v.size
    inertia = 2 * kernel.capacitance / step
    rest = kernel.leak_conductance * kernel.leak_reversal
    for j in range(n):
        i = kernel.order[j]
        midpoint[j] = inertia * v[i] + rest + pull[i] + current[i]
    for j in range(n):
        for e in range(kernel.factor_start[j], kernel.factor_start[j + 1]):
            midpoint[kernel.factor_row[e]] -= factor[e] * midpoint[j]
    for j in range(n - 1, -1, -1):
        solved = midpoint[j] / diagonal[j]
        for e in range(kernel.factor_start[j], kernel.factor_start[j + 1]):
            solved -= factor[e] * midpoint[kernel.factor_row[e]]
        midpoint[j] = solved
    for j in range(n):
        i = kernel.order[j]
        v[i] = 2 * midpoint[j] - v[i]


@compiled
def _move_tangents(kernel, midpoint, dv, ds, step, diagonal, factor, work):
    """Derivative of the change of the potentials."""
    n, k = work.shape
    inertia = 2 * kernel.capacitance / step
    for j in range(n):
        i = kernel.order[j]
        for c in range(k):
            work[j, c] = inertia * dv[i, c]
        for e in range(kernel.synapse_start[i], kernel.synapse_start[i + 1]):
            pre = kernel.synapse_pre[e]
            slope = kernel.synapse_weight[e] * (kernel.synapse_reversal[e] - midpoint[j])
            for c in range(k):
                work[j, c] += slope * ds[pre, c]
    _solve(kernel, diagonal, factor, work)
    for j in range(n):
        i = kernel.order[j]
        for c in range(k):
            dv[i, c] = 2 * work[j, c] - dv[i, c]


@compiled
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
