"""The compiled step of neurons, muscles and body in a closed loop.

The state is (V, s, A, kappa): potentials in mV, activations of synapses, activations of muscles
and curvatures of joints in 1/mm. It contains neither position nor heading, on which nothing
depends; those are added up along the way. One step is the composition

    A      over h/2, s fixed                 exact: the equation is linear in A
    kappa  over h, A fixed                   `isochron.sims.body.chain`
    V, s   over h, with the mean of kappa    `isochron.sims.engines.strang`
    A      over h/2, s fixed

which is of order 2. Tangent vectors are propagated with the exact derivative of the step.
"""

from typing import NamedTuple

import numpy as np

from isochron.compilation import compiled as compiled_with
from isochron.sims.body.chain import Chain, find_joint_jacobian, find_velocity
from isochron.sims.engines.strang import make_work, take_step

compiled = compiled_with(
    error_model="numpy", nogil=True, calls=("isochron.sims.body", "isochron.sims.engines")
)


class Rows(NamedTuple):
    """A sparse matrix in compressed rows."""

    start: np.ndarray
    place: np.ndarray
    value: np.ndarray


class Loop(NamedTuple):
    """Constants of muscles, body and proprioception, for compiled code.

    Attributes
    ----------
    chain : Chain
        Mechanics of the body.
    rest : float
        Activation of synapses at rest: muscles follow (s - rest).
    time_constant : float
        Time constant of muscles, ms.
    drive : Rows
        Activation of muscles per activation of synapses, shape (n_muscles, n_neurons).
    bend : Rows
        Preferred curvature of joints per activation of muscles, shape (N - 1, n_muscles), 1/mm.
    sense : Rows
        Current per curvature, shape (n_neurons, N - 1), pA mm.
    """

    chain: Chain
    rest: float
    time_constant: float
    drive: Rows
    bend: Rows
    sense: Rows


def rows_of(matrix: np.ndarray) -> Rows:
    """The sparse form of a dense matrix."""
    row, column = np.nonzero(matrix)
    start = np.searchsorted(row, np.arange(len(matrix) + 1))
    return Rows(start, column, matrix[row, column].astype(float))


@compiled
def apply_rows(rows, vector, out):
    """Overwrite `out`, shape (n_rows,), with the product of a matrix and a vector."""
    for i in range(out.size):
        total = 0.0
        for e in range(rows.start[i], rows.start[i + 1]):
            total += rows.value[e] * vector[rows.place[e]]
        out[i] = total


@compiled
def add_rows(rows, factor, vectors, out):
    """Add `factor` times the product of a matrix and vectors, shape (n, k), to `out`."""
    for i in range(out.shape[0]):
        for e in range(rows.start[i], rows.start[i + 1]):
            weight = factor * rows.value[e]
            for c in range(out.shape[1]):
                out[i, c] += weight * vectors[rows.place[e], c]


@compiled
def relax_muscles(rows, rest, keep, output, activation):
    """A becomes drive + keep (A - drive)."""
    for i in range(activation.size):
        drive = 0.0
        for e in range(rows.start[i], rows.start[i + 1]):
            drive += rows.value[e] * (output[rows.place[e]] - rest)
        activation[i] = drive + keep * (activation[i] - drive)


@compiled
def bend_body(chain, curvature, preferred, step, pose, work):
    """Take one step of the body in place; `pose` is (x, y, heading) of the head."""
    angles, middle, velocity, factor, front = work
    angles[0] = 0.0
    for i in range(curvature.size):
        angles[i + 1] = angles[i] + chain.link * curvature[i]
    find_velocity(chain, angles, preferred, step, middle, velocity, factor, front)
    for i in range(curvature.size):
        curvature[i] += step * (velocity[3 + i] - velocity[2 + i]) / chain.link
    c, s = np.cos(pose[2]), np.sin(pose[2])
    pose[0] += step * (c * velocity[0] - s * velocity[1])
    pose[1] += step * (s * velocity[0] + c * velocity[1])
    pose[2] += step * velocity[2]


@compiled
def body_work(n):
    """Work arrays of `bend_body` for n links: angles, middle, velocity, factor, front."""
    return np.empty(n), np.empty(n), np.empty(n + 2), np.empty((n, 5)), np.empty(3)


@compiled
def push_curvature(chain, angles, preferred, step, tangents, bent):
    """Overwrite tangents of the curvature, (N - 1, k), given those of the preferred curvature."""
    m = preferred.size
    by_curvature, by_preferred = np.empty((m, m)), np.empty((m, m))
    find_joint_jacobian(chain, angles, preferred, step, by_curvature, by_preferred)
    before = tangents.copy()
    tangents[:] = 0.0
    for i in range(m):
        for j in range(m):
            for c in range(tangents.shape[1]):
                tangents[i, c] += (
                    by_curvature[i, j] * before[j, c] + by_preferred[i, j] * bent[j, c]
                )


@compiled
def advance_loop(kernel, loop, state, tangents, pose, inputs, n_steps, every, record):
    """Take steps in place, without checks.

    Parameters
    ----------
    kernel : Kernel
        Constants of the neurons.
    loop : Loop
        Constants of all else.
    state : ndarray, shape (2 n + n_muscles + N - 1,)
        (V, s, A, kappa); overwritten.
    tangents : ndarray, shape (2 n + n_muscles + N - 1, k)
        Tangent vectors; overwritten. k may be 0.
    pose : ndarray, shape (3,)
        Position (mm) and heading (radians) of the head; overwritten.
    inputs : StepInputs
        Thresholds and currents of the neurons.
    n_steps, every : int
        Number of steps, and number of steps between rows of `record`; 0 for none.
    record : ndarray, shape (n_steps // every, 2 n + n_muscles + N - 1 + 3)
        States, each with its pose.

    Returns
    -------
    int
        Number of steps taken until the state was not finite, or `n_steps`.
    """
    n, m = loop.sense.start.size - 1, loop.drive.start.size - 1
    k = tangents.shape[1]
    neurons, activation, curvature = state[: 2 * n], state[2 * n : 2 * n + m], state[2 * n + m :]
    output = state[n : 2 * n]
    step = inputs.step
    keep = np.exp(-0.5 * step / loop.time_constant)
    work, bodies = make_work(kernel, n, k), body_work(curvature.size + 1)
    preferred, mean = np.empty(curvature.size), np.empty(curvature.size)
    current, pushed = np.empty(n), np.zeros((n, k))
    moving_thresholds = inputs.thresholds.shape[0] > 1
    for i in range(n_steps):
        threshold = inputs.thresholds[(inputs.start + i) % inputs.thresholds.shape[0]]
        given = inputs.currents[(inputs.start + i) % inputs.currents.shape[0]]
        relax_muscles(loop.drive, loop.rest, keep, output, activation)
        apply_rows(loop.bend, activation, preferred)
        mean[:] = curvature
        bend_body(loop.chain, curvature, preferred, step * 1e-3, pose, bodies)
        for j in range(mean.size):
            mean[j] = 0.5 * (mean[j] + curvature[j])
        apply_rows(loop.sense, mean, current)
        current += given
        if k > 0:
            pushed[:] = 0.0
            _push_body(loop, keep, tangents, n, m, (bodies[0], preferred, step * 1e-3), pushed)
        inflow = (threshold, current, pushed)
        relaxed = i > 0 and not moving_thresholds
        take_step(kernel, neurons, tangents[: 2 * n], inflow, step, relaxed, work)
        relax_muscles(loop.drive, loop.rest, keep, output, activation)
        if k > 0:
            _push_muscles(loop, keep, tangents, n, m)
        if every and (i + 1) % every == 0:
            row = record[(i + 1) // every - 1]
            row[: state.size] = state
            row[state.size :] = pose
            if not np.isfinite(state.sum()):
                return i
    return n_steps


@compiled
def _push_muscles(loop, keep, tangents, n, m):
    """Derivative of `relax_muscles`."""
    muscles = tangents[2 * n : 2 * n + m]
    muscles *= keep
    add_rows(loop.drive, 1 - keep, tangents[n : 2 * n], muscles)


@compiled
def _push_body(loop, keep, tangents, n, m, body, pushed):
    """Derivatives of the first half of the step; those of the mean current go to `pushed`."""
    angles, preferred, step = body
    curvatures = tangents[2 * n + m :]
    _push_muscles(loop, keep, tangents, n, m)
    bent = np.zeros(curvatures.shape)
    add_rows(loop.bend, 1.0, tangents[2 * n : 2 * n + m], bent)
    add_rows(loop.sense, 0.5, curvatures, pushed)
    push_curvature(loop.chain, angles, preferred, step, curvatures, bent)
    add_rows(loop.sense, 0.5, curvatures, pushed)
