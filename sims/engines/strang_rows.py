"""The step of `strang` for one worm, with vector instructions.

The matrix of the potentials changes by its diagonal only, g(t). It is factorized at conductances
g' of an earlier step, and the equations (M' + diag(g - g')) x = b are solved by iterating

    M' x  <-  b - (g - g') x

from potentials extrapolated from the last steps, until x is known to round-off. M' is an
M-matrix with row sums of at least r = inertia + g', so every iteration multiplies the error in
the maximum norm by at most rho = max |g - g'| / r: the number of iterations follows from the last
change. The step is therefore that of `strang`, whatever the steps before it: a map.

A few tangent vectors are propagated one after the other in the same way. More of them are the
columns of blocks, `TANGENTS` side by side; the matrix is factorized in every step then, so that
each block needs one solution.
"""

from typing import NamedTuple

import numpy as np

from isochron.connectome._arrays import check_array
from isochron.kernels.arithmetic import compiled
from isochron.kernels.exponential import exponential
from isochron.sims.engines.multistep.layout import WIDTH, Layout, find_layout
from isochron.sims.engines.multistep.one_worm import (
    Network,
    build_network,
    factor_arrays,
    factorize,
    solve,
    sum_synapses,
)
from isochron.sims.engines.strang import INDEX, StepInputs, check_steps, cyclic_rows
from isochron.sims.engines.tangent_vectors import (
    SUMS,
    TANGENTS,
    add_lane,
    add_products,
    combine,
    multiply_dense,
    sum_squares,
)

FEW = 3  # tangent vectors
LARGEST_SHIFT = 0.03  # rho above which the matrix is factorized again
MOST_ITERATIONS = 12
ROUND_OFF = 1e-14  # bound of the error, as a share of the Euclidean norm of the solution
# Weights of the last 1, 2, ... values in the extrapolated one, the newest first.
EXTRAPOLATION = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [2.0, -1.0, 0.0, 0.0, 0.0],
        [3.0, -3.0, 1.0, 0.0, 0.0],
        [4.0, -6.0, 4.0, -1.0, 0.0],
        [5.0, -10.0, 10.0, -5.0, 1.0],
    ]
)
PAST = 5  # number of values from which is extrapolated


class Synapses(NamedTuple):
    """Synapses by postsynaptic row, for tangent vectors: rates in 1/ms and mV/ms."""

    start: np.ndarray
    post: np.ndarray
    pre: np.ndarray
    weight: np.ndarray
    pull: np.ndarray


class Kernel(NamedTuple):
    """Constants of a network, in the order and the types that the compiled code needs.

    Attributes
    ----------
    network : Network
        Rates per unit of capacitance, in rows.
    synapses : Synapses
        The same synapses for tangent vectors.
    capacitance, leak_drive : float
        In pF, and leak current per unit of capacitance in mV/ms.
    activation_rate, decay_rate, steepness : float
        In 1/ms, 1/ms and 1/mV.
    """

    network: Network
    synapses: Synapses
    capacitance: float
    leak_drive: float
    activation_rate: float
    decay_rate: float
    steepness: float


def build_kernel(parameters, laplacian, synapses, reversal) -> Kernel:
    """Kernel of a network; see `isochron.sims.graded.GradedNetwork` for the arguments."""
    n = len(laplacian)
    for name, matrix in (("laplacian", laplacian), ("synapses", synapses), ("reversal", reversal)):
        if matrix.shape != (n, n):
            raise ValueError(f"{name} must have shape ({n}, {n}), got {matrix.shape}.")
    p, at = parameters, find_layout(laplacian, synapses)
    return Kernel(
        build_network(parameters, laplacian, synapses, reversal),
        _by_row(at, synapses / p.capacitance, reversal),
        p.capacitance,
        p.leak_conductance * p.leak_reversal / p.capacitance,
        p.activation_rate,
        p.decay_rate,
        p.steepness,
    )


def _by_row(at: Layout, weights: np.ndarray, reversal: np.ndarray) -> Synapses:
    order = np.argsort(at.place[at.post], kind="stable")
    post, pre = at.post[order], at.pre[order]
    weight = weights[post, pre].astype(float)
    rows = at.place[post].astype(INDEX), at.place[pre].astype(INDEX)
    start = np.searchsorted(rows[0], np.arange(at.n_rows + 1))
    return Synapses(start, *rows, weight, weight * reversal[post, pre])


def advance(
    kernel: Kernel,
    state: np.ndarray,
    tangents: np.ndarray,
    inputs: StepInputs,
    n_steps: int,
    record_every: int,
    record: np.ndarray,
) -> int:
    """Take steps in place; arguments, result and errors are those of `strang.advance`."""
    place = kernel.network.place
    n = place.size
    start, n_steps, record_every = check_steps(inputs.start, n_steps, record_every)
    check_array("state", state, (2 * n,))
    check_array("tangents", tangents, (2 * n, "k"))
    check_array("record", record, (n_steps // record_every if record_every else 0, 2 * n))
    thresholds = cyclic_rows("thresholds", inputs.thresholds, (n,))
    currents = cyclic_rows("currents", inputs.currents, (n,))
    checked = StepInputs(
        _rows(kernel, thresholds),
        _rows(kernel, currents / kernel.capacitance + kernel.leak_drive),
        start,
        float(inputs.step),
    )
    few, blocks = _arrange(kernel, tangents)
    taken = _advance(kernel, state, few, blocks, checked, n_steps, record_every, record)
    _arrange_back(kernel, few, blocks, tangents)
    return taken


def _rows(kernel: Kernel, values: np.ndarray) -> np.ndarray:
    """Values of neurons, shape (n_steps, n), in rows; 0 in rows that fill up vectors."""
    rows = np.zeros((len(values), kernel.network.diagonal.size))
    rows[:, kernel.network.place] = values
    return rows


def _arrange(kernel: Kernel, tangents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tangents of potentials and of activations, by vectors or by blocks.

    The shapes are (2 n_few, n_rows) and (2 n_blocks, n_rows, TANGENTS); one of them is empty.
    """
    place, size, k = kernel.network.place, kernel.network.diagonal.size, tangents.shape[1]
    n_few, n_blocks = (k, 0) if k <= FEW else (0, -(-k // TANGENTS))
    few = np.zeros((2 * n_few, size))
    blocks = np.zeros((2 * n_blocks, size, TANGENTS))
    for half, part in enumerate(np.split(tangents, 2)):
        few[half::2, place] = part.T[:n_few]
        for number in range(n_blocks):
            columns = part[:, number * TANGENTS : (number + 1) * TANGENTS]
            blocks[2 * number + half, place, : columns.shape[1]] = columns
    return few, blocks


def _arrange_back(
    kernel: Kernel, few: np.ndarray, blocks: np.ndarray, tangents: np.ndarray
) -> None:
    """Overwrite the tangents, shape (2 n, k)."""
    place = kernel.network.place
    for half, part in enumerate(np.split(tangents, 2)):
        if len(few):
            part[:] = few[half::2, place].T
        for number in range(len(blocks) // 2):
            columns = part[:, number * TANGENTS : (number + 1) * TANGENTS]
            columns[:] = blocks[2 * number + half, place, : columns.shape[1]]


@compiled
def _advance(kernel, state, few, blocks, inputs, n_steps, record_every, record):
    """As `advance`, without checks."""
    thresholds, drives, start, step = inputs
    network, place = kernel.network, kernel.network.place
    size, n = network.diagonal.size, place.size
    n_few, n_blocks = few.shape[0] // 2, blocks.shape[0] // 2
    v, s, middle = np.zeros(size), np.zeros(size), np.zeros(size)
    for j in range(n):
        v[place[j]], s[place[j]] = state[j], state[n + j]
    # s becomes target + keep (s - target).
    relaxation = np.zeros(size), np.zeros(size)
    slopes = np.zeros(size), np.zeros(size)
    # Derivatives of the new s by the old one and by the potential, in both half steps.
    before, after = (np.zeros(size), np.zeros(size)), (np.zeros(size), np.zeros(size))
    moved, any_tangents = np.zeros(size), n_few > 0 or n_blocks > 0
    # Sums over synapses; rows without synapses stay 0.
    conductance, pull = np.zeros(size), np.zeros(size)
    sums = np.zeros(size), np.zeros(size)
    solver = _make_solver(network, n_few)
    parts = np.zeros((2, blocks.shape[1], TANGENTS))
    currents = np.zeros(kernel.synapses.pre.size)
    for i in range(n_steps):
        row, at = (start + i) % thresholds.shape[0], (start + i) % drives.shape[0]
        # With constant thresholds the last half step has relaxed for the same potentials.
        if i == 0 or thresholds.shape[0] > 1:
            _find_relaxation(kernel, v, thresholds, row, 0.5 * step, relaxation)
            if any_tangents:
                _find_slopes(kernel, 0.5 * step, relaxation, slopes)
        if any_tangents:
            _find_derivative(s, relaxation, slopes, before)
            _relax_few(few, before)
        _relax(s, relaxation)
        sum_synapses(network, s, conductance, pull)
        _begin(2 / step, v, drives, at, pull, solver)
        rho = _find_shift(network, 2 / step, i, n_blocks > 0, conductance, solver)
        rho = _solve(network, 2 / step, i, 0, rho, conductance, solver, middle)
        for k in range(n_few):
            _begin_tangent(network, 2 / step, few, k, middle, sums, solver)
            rho = _solve(network, 2 / step, i, (1 + k) * PAST, rho, conductance, solver, moved)
            _reflect_row(few, 2 * k, moved)
        for j in range(size):
            v[j] = 2 * middle[j] - v[j]
        _find_relaxation(kernel, v, thresholds, row, 0.5 * step, relaxation)
        if any_tangents:
            _find_slopes(kernel, 0.5 * step, relaxation, slopes)
            _find_derivative(s, relaxation, slopes, after)
            _relax_few(few, after)
        _relax(s, relaxation)
        if n_blocks:
            _find_currents(kernel.synapses, middle, currents)
        for k in range(n_blocks):
            dv, ds = blocks[2 * k], blocks[2 * k + 1]
            _relax_block(dv, ds, before)
            _move_block(kernel, 2 / step, dv, ds, currents, parts, solver)
            _relax_block(dv, ds, after)
        if record_every and (i + 1) % record_every == 0:
            _write(place, v, s, record[(i + 1) // record_every - 1])
            if not np.isfinite(v.sum() + s.sum()):
                _write(place, v, s, state)
                return i
    _write(place, v, s, state)
    return n_steps


@compiled
def _write(place, v, s, out):
    """The state of the neurons, in their order."""
    n = place.size
    for j in range(n):
        out[j], out[n + j] = v[place[j]], s[place[j]]


@compiled
def _find_relaxation(kernel, v, thresholds, row, duration, relaxation):
    """Flow of s' = a_r phi (1 - s) - a_d s, V fixed: s becomes `target + keep * (s - target)`."""
    opening, closing, steepness = kernel.activation_rate, kernel.decay_rate, kernel.steepness
    target, keep = relaxation
    # Two loops: in one of both exponentials the processor waits.
    for j in range(v.size):
        target[j] = exponential(-steepness * (v[j] - thresholds[row, j]))
    for j in range(v.size):
        phi = opening / (1 + target[j])
        rate = phi + closing
        target[j] = phi / rate
        keep[j] = exponential(-rate * duration)


@compiled
def _find_slopes(kernel, duration, relaxation, slopes):
    """Derivatives of `target` and, per distance of s from it, of `keep` by the potential."""
    opening, closing, steepness = kernel.activation_rate, kernel.decay_rate, kernel.steepness
    target, keep = relaxation
    of_target, of_keep = slopes
    for j in range(target.size):
        shut = 1 - target[j]  # closing / rate
        rate = closing / shut
        phi = (rate - closing) / opening
        slope = opening * steepness * phi * (1 - phi)
        of_target[j] = slope * shut / rate * (1 - keep[j])
        of_keep[j] = slope * duration * keep[j]


@compiled
def _find_derivative(s, relaxation, slopes, derivative):
    """Derivatives of the relaxation by s and by the potential, from s before it."""
    (target, keep), (of_target, of_keep), (by_s, by_potential) = relaxation, slopes, derivative
    for j in range(s.size):
        by_s[j] = keep[j]
        by_potential[j] = of_target[j] - of_keep[j] * (s[j] - target[j])


@compiled
def _relax(s, relaxation):
    target, keep = relaxation
    for j in range(s.size):
        s[j] = target[j] + keep[j] * (s[j] - target[j])


@compiled
def _relax_few(few, derivative):
    by_s, by_potential = derivative
    for k in range(0, few.shape[0], 2):
        for j in range(by_s.size):
            few[k + 1, j] = by_s[j] * few[k + 1, j] + by_potential[j] * few[k, j]


@compiled
def _relax_block(dv, ds, derivative):
    by_s, by_potential = derivative
    for j in range(by_s.size):
        combine(ds, j, by_s[j], ds, j, by_potential[j], dv, j)


@compiled
def _make_solver(network, n_few):
    """Iterates and the right-hand side; solutions of the last steps; conductances g' of the
    factor, 1 / r and g - g'; the factor."""
    size = network.diagonal.size
    lagged = np.zeros(size), np.zeros(size), np.zeros(size)
    past = np.zeros(((1 + n_few) * PAST, size))
    return np.zeros((3, size)), past, lagged, factor_arrays(network)


@compiled
def _begin(inertia, v, drives, at, pull, solver):
    """The right-hand side for the potentials in the middle of a step."""
    trial = solver[0]
    for j in range(v.size):
        trial[2, j] = inertia * v[j] + drives[at, j] + pull[j]


@compiled
def _begin_tangent(network, inertia, few, k, middle, sums, solver):
    """The right-hand side for a tangent vector."""
    trial, (opened, pulled) = solver[0], sums
    sum_synapses(network, few[2 * k + 1], opened, pulled)
    for j in range(middle.size):
        trial[2, j] = inertia * few[2 * k, j] + pulled[j] - middle[j] * opened[j]


@compiled
def _reflect_row(few, row, middle):
    for j in range(middle.size):
        few[row, j] = 2 * middle[j] - few[row, j]


@compiled
def _find_shift(network, inertia, i, always, conductance, solver):
    """rho of the factor, which is made again if it is too large."""
    factored, scale, shift = solver[2]
    if i > 0 and not always:
        a = b = c = d = 0.0
        for j in range(shift.size):
            shift[j] = conductance[j] - factored[j]
        for j in range(0, shift.size, 4):
            a = max(a, abs(shift[j]) * scale[j])
            b = max(b, abs(shift[j + 1]) * scale[j + 1])
            c = max(c, abs(shift[j + 2]) * scale[j + 2])
            d = max(d, abs(shift[j + 3]) * scale[j + 3])
        rho = max(max(a, b), max(c, d))
        if 0 < rho <= LARGEST_SHIFT:
            return rho
    _factorize_here(network, inertia, conductance, solver)
    return 0.0


@compiled
def _factorize_here(network, inertia, conductance, solver):
    factored, scale, _ = solver[2]
    for j in range(scale.size):
        factored[j] = conductance[j]
        total = inertia + conductance[j]
        scale[j] = 1 / total if total > 0 else np.inf
    factorize(network, inertia, factored, solver[3])


@compiled
def _solve(network, inertia, i, base, rho, conductance, solver, out):
    """Solve for the right-hand side in `trial`; returns rho of the factor after it.

    `base` is the first row of the earlier solutions in `past`, where the new one is added.
    """
    trial, past, lagged, factor = solver
    shift, new = lagged[2], 0
    settled = False
    if rho > 0:
        _extrapolate(past, base, i, trial)
        limit = (ROUND_OFF * (1 - rho) / rho) ** 2
        for k in range(MOST_ITERATIONS):
            old, new = k % 2, 1 - k % 2
            for j in range(out.size):
                trial[new, j] = trial[2, j] - shift[j] * trial[old, j]
            solve(network, factor, trial, new)
            change, size = sum_squares(trial, new, old)
            settled = change <= limit * size
            if settled:
                break
        if not settled:
            _factorize_here(network, inertia, conductance, solver)
    if not settled:
        rho, new = 0.0, 0
        for j in range(out.size):
            trial[0, j] = trial[2, j]
        solve(network, factor, trial, 0)
    for j in range(out.size):
        past[base + i % PAST, j] = out[j] = trial[new, j]
    return rho


@compiled
def _extrapolate(past, base, i, out):
    """Row 0 of `out`: the value of step i from those of the steps before it."""
    w = EXTRAPOLATION[min(i, PAST) - 1]
    a, b, c = base + (i - 1) % PAST, base + (i - 2) % PAST, base + (i - 3) % PAST
    d, e = base + (i - 4) % PAST, base + (i - 5) % PAST
    w0, w1, w2, w3, w4 = w[0], w[1], w[2], w[3], w[4]
    for j in range(out.shape[1]):
        near = w0 * past[a, j] + w1 * past[b, j]
        out[0, j] = near + w2 * past[c, j] + w3 * past[d, j] + w4 * past[e, j]


@compiled
def _find_currents(synapses, middle, currents):
    """Current of each synapse per activation."""
    for e in range(currents.size):
        currents[e] = synapses.pull[e] - synapses.weight[e] * middle[synapses.post[e]]


@compiled
def _move_block(kernel, inertia, dv, ds, currents, parts, solver):
    """Derivative of the change of the potentials, for a block."""
    x, start, pre = parts[0], kernel.synapses.start, kernel.synapses.pre
    for j in range(start.size - 1):
        combine(x, j, inertia, dv, j, 0.0, dv, j)
        add_products(x, j, currents, pre, ds, start[j], start[j + 1])
    _solve_block(kernel.network, solver[3], x, parts[1])
    for j in range(start.size - 1):
        combine(dv, j, 2.0, x, j, -1.0, dv, j)


@compiled
def _solve_block(network, factor, x, part):
    """Overwrite x, shape (n_rows, TANGENTS), with the solution of the factorized equations."""
    inverse, forward, backward, dense, _ = factor
    start, slices, column = network.forward_start, network.forward_row, network.forward_column
    for k in range(slices.shape[0]):
        for lane in range(WIDTH):
            add_lane(x, slices[k, lane], column, forward, lane, start[k], start[k + 1])
    eliminated = network.eliminated
    for row in range(0, dense.shape[0], SUMS):
        multiply_dense(part, row, dense, x, eliminated)
    for j in range(dense.shape[0]):
        combine(x, eliminated + j, 1.0, part, j, 0.0, part, j)
    for j in range(eliminated):
        combine(x, j, inverse[j], x, j, 0.0, x, j)
    start, slices, column = network.backward_start, network.backward_row, network.backward_column
    for k in range(slices.shape[0] - 1, -1, -1):
        for lane in range(WIDTH):
            add_lane(x, slices[k, lane], column, backward, lane, start[k], start[k + 1])
