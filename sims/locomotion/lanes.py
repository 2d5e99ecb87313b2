"""The step of `isochron.sims.locomotion.kernel` for several worms at once.

Neurons and muscles are in the vector lanes of the processor, as in
`isochron.sims.engines.strang_lanes`; the bodies, a tenth of the work, move one after the other.
Every member has the operations of a worm that runs alone, in the same order.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from isochron.compilation import compiled as compiled_with
from isochron.sims.body.chain import Chain
from isochron.sims.engines.strang_lanes import (
    LANES,
    add_product,
    joining_lanes,
    make_lane_work,
    smallest_lanes,
    take_lane_step,
)
from isochron.sims.locomotion.kernel import Loop, Rows, bend_body, body_work

compiled = compiled_with(
    error_model="numpy", nogil=True, calls=("isochron.sims.engines", "isochron.sims.body")
)


class LoopLanes(NamedTuple):
    """As `kernel.Loop`; values of sparse matrices have shape (n_entries, LANES).

    Attributes
    ----------
    chain : ndarray, shape (LANES, 5)
    rest, time_constant : ndarray, shape (LANES,)
    drive, bend, sense : Rows
        Matrices with an entry wherever a member has one.
    """

    chain: np.ndarray
    rest: np.ndarray
    time_constant: np.ndarray
    drive: Rows
    bend: Rows
    sense: Rows


def loops_side_by_side(loops: Sequence[Loop]) -> LoopLanes:
    """Lanes of `LANES` loops over the same neurons, muscles and joints."""
    return LoopLanes(
        chain=np.array([loop.chain for loop in loops]),
        rest=np.array([loop.rest for loop in loops]),
        time_constant=np.array([loop.time_constant for loop in loops]),
        drive=_join([loop.drive for loop in loops]),
        bend=_join([loop.bend for loop in loops]),
        sense=_join([loop.sense for loop in loops]),
    )


def _join(matrices: Sequence[Rows]) -> Rows:
    """Rows with the entries of all matrices: additional zeros do not change a sum."""
    n_rows = matrices[0].start.size - 1
    wide = max((int(one.place.max(initial=-1)) + 1 for one in matrices), default=0)
    keys = [np.repeat(np.arange(n_rows), np.diff(one.start)) * wide + one.place for one in matrices]
    union = np.unique(np.concatenate(keys))
    values = np.zeros((union.size, len(matrices)))
    for lane, (key, one) in enumerate(zip(keys, matrices, strict=True)):
        values[np.searchsorted(union, key), lane] = one.value
    row, place = np.divmod(union, max(wide, 1))
    return Rows(np.searchsorted(row, np.arange(n_rows + 1)), place, values)


@cache
def compile_worm_lanes() -> None:
    """Compile with vector instructions, once per process, before the first step."""
    rows = Rows(np.zeros(2, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((0, LANES)))
    wide = Rows(np.zeros(4, dtype=np.int64), rows.place, rows.value)
    loops = LoopLanes(np.ones((LANES, 5)), np.ones(LANES), np.ones(LANES), rows, wide, rows)
    state, one = np.zeros((6, LANES)), np.ones((1, 1, LANES))
    with joining_lanes():
        advance_loops(
            smallest_lanes(), loops, state, np.zeros((LANES, 3)), one, one, 0, 1.0, 1,
            np.empty((0, 9, LANES)),
        )  # fmt: skip


@compiled
def advance_loops(lanes, loops, state, pose, thresholds, currents, n_steps, step, every, record):
    """Take steps in place, without checks; a lane that is not finite continues.

    Parameters
    ----------
    lanes : Lanes
        Constants of the neurons.
    loops : LoopLanes
        Constants of all else.
    state : ndarray, shape (2 n + n_muscles + N - 1, LANES)
        (V, s, A, kappa); overwritten.
    pose : ndarray, shape (LANES, 3)
        Position (mm) and heading (radians) of each head; overwritten.
    thresholds, currents : ndarray, shape (1 or n_steps, n, LANES)
        Values in the middle of each step; mV, pA.
    n_steps, every : int
        Number of steps, and number of steps between rows of `record`.
    step : float
        Time step, ms.
    record : ndarray, shape (n_steps // every, 2 n + n_muscles + N - 1 + 3, LANES)
        States, each with its pose.
    """
    n, m = lanes.order.size, loops.drive.start.size - 1
    joints = loops.bend.start.size - 1
    neurons, activation, curvature = state[: 2 * n], state[2 * n : 2 * n + m], state[2 * n + m :]
    keep = np.exp(-0.5 * step / loops.time_constant)
    work, bodies = make_lane_work(lanes), body_work(joints + 1)
    preferred, mean = np.empty((joints, LANES)), np.empty((joints, LANES))
    moved, bent = np.empty(joints), np.empty(joints)
    shifted, drive = np.empty((n, LANES)), np.empty((m, LANES))
    current = np.empty((n, LANES))
    moving = thresholds.shape[0] > 1
    for i in range(n_steps):
        given = currents[i % currents.shape[0]]
        _relax_muscles(loops, keep, neurons[n:], shifted, drive, activation)
        _apply_rows(loops.bend, activation, preferred)
        for c in range(LANES):
            _bend_one(loops, c, curvature, preferred, step * 1e-3, pose, (moved, bent), bodies)
            for j in range(joints):
                mean[j, c] = 0.5 * (curvature[j, c] + moved[j])
                curvature[j, c] = moved[j]
        _apply_rows(loops.sense, mean, current)
        for j in range(n):
            for c in range(LANES):
                current[j, c] += given[j, c]
        threshold = thresholds[i % thresholds.shape[0]]
        take_lane_step(lanes, neurons, threshold, current, step, i > 0 and not moving, work)
        _relax_muscles(loops, keep, neurons[n:], shifted, drive, activation)
        if (i + 1) % every == 0:
            row = record[(i + 1) // every - 1]
            row[: state.shape[0]] = state
            row[state.shape[0] :] = pose.T


@compiled
def _bend_one(loops, c, curvature, preferred, step, pose, joints, bodies):
    """Move the body of lane `c`; its curvature afterwards is in `joints[0]`."""
    moved, bent = joints
    for j in range(moved.size):
        moved[j], bent[j] = curvature[j, c], preferred[j, c]
    k = loops.chain[c]
    bend_body(Chain(k[0], k[1], k[2], k[3], k[4]), moved, bent, step, pose[c], bodies)


@compiled
def _apply_rows(rows, vectors, out):
    """Overwrite `out`, shape (n_rows, LANES), with a product in each lane."""
    out[:] = 0.0
    for i in range(out.shape[0]):
        for e in range(rows.start[i], rows.start[i + 1]):
            add_product(out, i, rows.value, e, vectors, rows.place[e])


@compiled
def _relax_muscles(loops, keep, output, shifted, drive, activation):
    for j in range(output.shape[0]):
        for c in range(LANES):
            shifted[j, c] = output[j, c] - loops.rest[c]
    _apply_rows(loops.drive, shifted, drive)
    for j in range(activation.shape[0]):
        for c in range(LANES):
            activation[j, c] = drive[j, c] + keep[c] * (activation[j, c] - drive[j, c])
