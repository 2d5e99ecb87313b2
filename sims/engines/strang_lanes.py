"""The step of `strang` for several worms at once, in the vector lanes of the processor.

The members share the pattern of their connectome, so that an index is loaded once for all of
them, and every operation runs over `LANES` adjacent numbers. The lanes are the last dimension.

The compiler makes vector instructions only where all lanes are read before any is written, as
arrays might overlap; hence the operations that are written out at the end, and `compile_lanes`,
which enables that pass of the compiler.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import config

from isochron.compilation import compiled as compiled_with
from isochron.connectome._arrays import check_array
from isochron.sims.engines.strang import INDEX, Kernel, check_steps, cyclic_rows

LANES = 8
# Without the global interpreter lock, so that groups of lanes run in threads.
compiled = compiled_with(error_model="numpy", nogil=True)


class Lanes(NamedTuple):
    """As `strang.Kernel`, each constant and weight of shape (..., LANES)."""

    capacitance: np.ndarray
    leak_conductance: np.ndarray
    leak_reversal: np.ndarray
    activation_rate: np.ndarray
    decay_rate: np.ndarray
    steepness: np.ndarray
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


def side_by_side(kernels: list[Kernel]) -> Lanes:
    """Lanes of `LANES` kernels with the same pattern."""
    shared = {"synapse_start", "synapse_pre", "order", "factor_start", "factor_row",
              "update_place"}  # fmt: skip
    return Lanes(
        **{
            name: getattr(kernels[0], name)
            if name in shared
            else np.stack([np.asarray(getattr(k, name), dtype=float) for k in kernels], axis=-1)
            for name in Lanes._fields
        }
    )


@cache
def compile_lanes() -> None:
    """Compile with vector instructions, once per process, before the first step."""
    one = np.ones((1, 1, LANES))
    with joining_lanes():
        no_record = np.empty((0, 2, LANES))
        advance_lanes(smallest_lanes(), np.ones((2, LANES)), one, one, 0, 1.0, 1, no_record)


def smallest_lanes() -> Lanes:
    """Lanes of one neuron without connections, for compilation."""
    one = np.ones((1, LANES))
    start, none, first = np.zeros(2, dtype=np.int64), np.zeros(0, INDEX), np.zeros(1, INDEX)
    return Lanes(
        capacitance=one[0],
        leak_conductance=one[0],
        leak_reversal=one[0],
        activation_rate=one[0],
        decay_rate=one[0],
        steepness=one[0],
        synapse_start=start,
        synapse_pre=none,
        synapse_weight=one[:0],
        synapse_reversal=one[:0],
        order=first,
        diagonal=one,
        factor_start=start,
        factor_row=none,
        factor_value=one[:0],
        update_place=none,
    )


@contextmanager
def joining_lanes() -> Iterator[None]:
    """Within it, functions are compiled with vector instructions for adjacent lanes."""
    before = config.SLP_VECTORIZE  # pyright: ignore[reportAttributeAccessIssue]
    config.SLP_VECTORIZE = 1  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        config.SLP_VECTORIZE = before  # pyright: ignore[reportAttributeAccessIssue]


def advance_lanes(
    lanes: Lanes,
    state: np.ndarray,
    thresholds: np.ndarray,
    currents: np.ndarray,
    n_steps: int,
    step: float,
    record_every: int,
    record: np.ndarray,
) -> None:
    """Take steps in place, as `strang.advance`; a lane that is not finite continues.

    Parameters
    ----------
    lanes : Lanes
        Constants of the members.
    state : ndarray, shape (2 n, LANES)
        Potentials in mV, then activations; overwritten.
    thresholds, currents : ndarray, shape (1 or n_steps, n, LANES)
        Values in the middle of each step; mV, pA.
    n_steps : int
        Number of steps.
    step : float
        Time step, ms.
    record_every : int
        Number of steps between recorded states, at least 1.
    record : ndarray, shape (n_steps // record_every, 2 n, LANES)

    Raises
    ------
    ValueError
        If an array has a wrong shape, data type or memory layout, or a number of steps is out
        of range.
    """
    n = lanes.order.size
    n_steps, record_every = check_steps(n_steps, record_every)
    if not record_every:
        raise ValueError("record_every must be at least 1, got 0.")
    check_array("state", state, (2 * n, LANES))
    check_array("record", record, (n_steps // record_every, 2 * n, LANES))
    _advance_lanes(
        lanes,
        state,
        cyclic_rows("thresholds", thresholds, (n, LANES)),
        cyclic_rows("currents", currents, (n, LANES)),
        n_steps,
        float(step),
        record_every,
        record,
    )


@compiled
def _advance_lanes(lanes, state, thresholds, currents, n_steps, step, record_every, record):
    """As `advance_lanes`, without checks."""
    work = make_lane_work(lanes)
    moving = thresholds.shape[0] > 1
    for i in range(n_steps):
        threshold = thresholds[i % thresholds.shape[0]]
        current = currents[i % currents.shape[0]]
        take_lane_step(lanes, state, threshold, current, step, i > 0 and not moving, work)
        if (i + 1) % record_every == 0:
            record[(i + 1) // record_every - 1] = state


class LaneWork(NamedTuple):
    """Arrays that a step overwrites, reused from step to step."""

    diagonal: np.ndarray
    factor: np.ndarray
    conductance: np.ndarray
    pull: np.ndarray
    target: np.ndarray
    keep: np.ndarray


@compiled
def make_lane_work(lanes):
    """Work arrays of `take_lane_step`."""
    n = lanes.order.size
    return LaneWork(
        np.empty((n, LANES)),
        np.empty(lanes.factor_value.shape),
        np.empty((n, LANES)),
        np.empty((n, LANES)),
        np.empty((n, LANES)),
        np.empty((n, LANES)),
    )


@compiled
def take_lane_step(lanes, state, threshold, current, step, relaxed, work):
    """Take one step in place, as `strang.take_step` does without tangents."""
    n = lanes.order.size
    v, s = state[:n], state[n:]
    if not relaxed:
        _relaxation(lanes, v, threshold, 0.5 * step, work.target, work.keep)
    _relax(s, work.target, work.keep)
    _synaptic_sums(lanes, s, work.conductance, work.pull)
    _factorize(lanes, work.conductance, step, work.diagonal, work.factor)
    midpoint = work.conductance  # no longer needed
    _move_voltage(lanes, v, work.pull, current, step, work.diagonal, work.factor, midpoint)
    _relaxation(lanes, v, threshold, 0.5 * step, work.target, work.keep)
    _relax(s, work.target, work.keep)


@compiled
def _relaxation(lanes, v, threshold, duration, target, keep):
    for j in range(v.shape[0]):
        for c in range(LANES):
            phi = 1 / (1 + np.exp(-lanes.steepness[c] * (v[j, c] - threshold[j, c])))
            rate = lanes.activation_rate[c] * phi + lanes.decay_rate[c]
            target[j, c] = lanes.activation_rate[c] * phi / rate
            keep[j, c] = np.exp(-rate * duration)


@compiled
def _relax(s, target, keep):
    for j in range(s.shape[0]):
        for c in range(LANES):
            s[j, c] = target[j, c] + keep[j, c] * (s[j, c] - target[j, c])


@compiled
def _synaptic_sums(lanes, s, conductance, pull):
    conductance[:] = 0
    pull[:] = 0
    opened = np.empty((1, LANES))
    for i in range(s.shape[0]):
        for e in range(lanes.synapse_start[i], lanes.synapse_start[i + 1]):
            _multiply(opened, 0, lanes.synapse_weight, e, s, lanes.synapse_pre[e])
            _add(conductance, i, opened, 0)
            add_product(pull, i, opened, 0, lanes.synapse_reversal, e)


@compiled
def _factorize(lanes, conductance, step, diagonal, factor):
    n = diagonal.shape[0]
    for j in range(n):
        i = lanes.order[j]
        for c in range(LANES):
            base = 2 * lanes.capacitance[c] / step + lanes.leak_conductance[c] + conductance[i, c]
            diagonal[j, c] = base + lanes.diagonal[j, c]
    factor[:] = lanes.factor_value
    ratio = np.empty((1, LANES))
    update = 0
    for j in range(n):
        stop = lanes.factor_start[j + 1]
        for e in range(lanes.factor_start[j], stop):
            _divide(ratio, 0, factor, e, diagonal, j)
            _subtract_product(diagonal, lanes.factor_row[e], ratio, 0, factor, e)
            for f in range(e + 1, stop):
                _subtract_product(factor, lanes.update_place[update], ratio, 0, factor, f)
                update += 1
            factor[e] = ratio[0]


@compiled
def _move_voltage(lanes, v, pull, current, step, diagonal, factor, midpoint):
    n = v.shape[0]
    for j in range(n):
        i = lanes.order[j]
        for c in range(LANES):
            inertia = 2 * lanes.capacitance[c] / step
            rest = lanes.leak_conductance[c] * lanes.leak_reversal[c]
            midpoint[j, c] = inertia * v[i, c] + rest + pull[i, c] + current[i, c]
    for j in range(n):
        for e in range(lanes.factor_start[j], lanes.factor_start[j + 1]):
            _subtract_product(midpoint, lanes.factor_row[e], factor, e, midpoint, j)
    for j in range(n - 1, -1, -1):
        _divide(midpoint, j, midpoint, j, diagonal, j)
        for e in range(lanes.factor_start[j], lanes.factor_start[j + 1]):
            _subtract_product(midpoint, j, factor, e, midpoint, lanes.factor_row[e])
    for j in range(n):
        i = lanes.order[j]
        for c in range(LANES):
            v[i, c] = 2 * midpoint[j, c] - v[i, c]


@compiled
def _multiply(x, i, y, j, z, k):
    """x[i] = y[j] * z[k]"""
    a0 = y[j, 0] * z[k, 0]
    a1 = y[j, 1] * z[k, 1]
    a2 = y[j, 2] * z[k, 2]
    a3 = y[j, 3] * z[k, 3]
    a4 = y[j, 4] * z[k, 4]
    a5 = y[j, 5] * z[k, 5]
    a6 = y[j, 6] * z[k, 6]
    a7 = y[j, 7] * z[k, 7]
    x[i, 0] = a0
    x[i, 1] = a1
    x[i, 2] = a2
    x[i, 3] = a3
    x[i, 4] = a4
    x[i, 5] = a5
    x[i, 6] = a6
    x[i, 7] = a7


@compiled
def _divide(x, i, y, j, z, k):
    """x[i] = y[j] / z[k]"""
    a0 = y[j, 0] / z[k, 0]
    a1 = y[j, 1] / z[k, 1]
    a2 = y[j, 2] / z[k, 2]
    a3 = y[j, 3] / z[k, 3]
    a4 = y[j, 4] / z[k, 4]
    a5 = y[j, 5] / z[k, 5]
    a6 = y[j, 6] / z[k, 6]
    a7 = y[j, 7] / z[k, 7]
    x[i, 0] = a0
    x[i, 1] = a1
    x[i, 2] = a2
    x[i, 3] = a3
    x[i, 4] = a4
    x[i, 5] = a5
    x[i, 6] = a6
    x[i, 7] = a7


@compiled
def _add(x, i, y, j):
    """x[i] += y[j]"""
    a0 = x[i, 0] + y[j, 0]
    a1 = x[i, 1] + y[j, 1]
    a2 = x[i, 2] + y[j, 2]
    a3 = x[i, 3] + y[j, 3]
    a4 = x[i, 4] + y[j, 4]
    a5 = x[i, 5] + y[j, 5]
    a6 = x[i, 6] + y[j, 6]
    a7 = x[i, 7] + y[j, 7]
    x[i, 0] = a0
    x[i, 1] = a1
    x[i, 2] = a2
    x[i, 3] = a3
    x[i, 4] = a4
    x[i, 5] = a5
    x[i, 6] = a6
    x[i, 7] = a7


@compiled
def add_product(x, i, y, j, z, k):
    """x[i] += y[j] * z[k]"""
    a0 = x[i, 0] + y[j, 0] * z[k, 0]
    a1 = x[i, 1] + y[j, 1] * z[k, 1]
    a2 = x[i, 2] + y[j, 2] * z[k, 2]
    a3 = x[i, 3] + y[j, 3] * z[k, 3]
    a4 = x[i, 4] + y[j, 4] * z[k, 4]
    a5 = x[i, 5] + y[j, 5] * z[k, 5]
    a6 = x[i, 6] + y[j, 6] * z[k, 6]
    a7 = x[i, 7] + y[j, 7] * z[k, 7]
    x[i, 0] = a0
    x[i, 1] = a1
    x[i, 2] = a2
    x[i, 3] = a3
    x[i, 4] = a4
    x[i, 5] = a5
    x[i, 6] = a6
    x[i, 7] = a7


@compiled
def _subtract_product(x, i, y, j, z, k):
    """x[i] -= y[j] * z[k]"""
    a0 = x[i, 0] - y[j, 0] * z[k, 0]
    a1 = x[i, 1] - y[j, 1] * z[k, 1]
    a2 = x[i, 2] - y[j, 2] * z[k, 2]
    a3 = x[i, 3] - y[j, 3] * z[k, 3]
    a4 = x[i, 4] - y[j, 4] * z[k, 4]
    a5 = x[i, 5] - y[j, 5] * z[k, 5]
    a6 = x[i, 6] - y[j, 6] * z[k, 6]
    a7 = x[i, 7] - y[j, 7] * z[k, 7]
    x[i, 0] = a0
    x[i, 1] = a1
    x[i, 2] = a2
    x[i, 3] = a3
    x[i, 4] = a4
    x[i, 5] = a5
    x[i, 6] = a6
    x[i, 7] = a7
