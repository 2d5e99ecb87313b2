"""Compiled GRU and LSTM, `LANES` trials at a time.

    GRU:   h ← (1 - z) n + z h,   n = tanh(p + r q);   r, z, q from h and inputs, p from inputs
    LSTM:  h ← o tanh(c),   c ← f c + i g;   i, f, g, o from h and inputs

States are stored by unit, the trials of each in adjacent places of memory. The sources of a
product are the hidden states, the inputs and a 1 for the biases, in this order; the products with
all hidden states, `received`, and those with inputs only, `fed`, follow each other in the gates.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from isochron.ann_bridge.kernels.lanes import add_by_lane
from isochron.ann_bridge.kernels.products import (
    Dense,
    Sparse,
    add_products,
    copy_lanes,
    keep,
    multiply,
    whole,
)
from isochron.ann_bridge.kernels.vectors import CHUNK, LANES, LENGTH, ROWS
from isochron.kernels.arithmetic import compiled, multiply_add
from isochron.kernels.hyperbolic import tanh


class GRUNet(NamedTuple):
    """A GRU: `received` are r, z and q, `fed` is p.

    Attributes
    ----------
    received : Dense
        Shape (received, n + n_inputs + 1).
    fed : Dense
        Shape (fed, n_inputs + 1).
    returned : Dense
        Transposed part of `received`, shape (n, received).
    read, unread : Sparse
        C', shape (n_outputs, n), and C.
    unfed : Sparse
        Transposed part of both matrices, shape (n_inputs, received + fed).
    """

    received: Dense
    fed: Dense
    returned: Dense
    read: Sparse
    unread: Sparse
    unfed: Sparse


class LSTMNet(NamedTuple):
    """An LSTM: `received` are i, f, g and o, `fed` is empty; otherwise as `GRUNet`."""

    received: Dense
    fed: Dense
    returned: Dense
    read: Sparse
    unread: Sparse
    unfed: Sparse


class GatedRecord(NamedTuple):
    """Arrays that a run writes; the trials are the last axis.

    Attributes
    ----------
    gates : ndarray, shape (n_steps, 4 n, n_trials)
        r, z, q and n of a GRU; i, f, g and o of an LSTM.
    hidden : ndarray, shape (n_steps + 1, n, n_trials)
        h, the initial ones first.
    cells : ndarray
        c in the same way; without units for a GRU.
    outputs : ndarray, shape (n_steps, n_outputs, n_trials)
        C'h after each step.
    """

    gates: np.ndarray
    hidden: np.ndarray
    cells: np.ndarray
    outputs: np.ndarray


class GatedGradients(NamedTuple):
    """Arrays that a backward run writes.

    Attributes
    ----------
    inputs, initial : ndarray
        Overwritten for the trials of the run; `inputs` is empty if its gradient is not needed.
    received, fed : ndarray
        In the form of `add_products`; added to.
    readout : ndarray, shape (n_outputs, n, LANES)
        Added to; to be summed over lanes. Without outputs if the readout is not trained.
    """

    inputs: np.ndarray
    initial: np.ndarray
    received: np.ndarray
    fed: np.ndarray
    readout: np.ndarray


@compiled
def run_gated(first, net, inputs, initial, record):
    """Run `LANES` trials from `first` on; the number of trials is a multiple of it.

    `net` is a `GRUNet` or `LSTMNet`, `record` a `GatedRecord`; `inputs` and `initial` have the
    shapes (n_steps, n_inputs, n_trials) and (n, n_trials), of an LSTM (2 n, n_trials).
    """
    received, fed, _, read, _, _ = net
    gates, hidden, cells, outputs = record
    n_steps, n_inputs, _ = inputs.shape
    n, kind = hidden.shape[1], inputs.dtype
    sent = np.ones((n + n_inputs + 1, LANES), kind)
    h, c = sent[:n], np.empty((cells.shape[1], LANES), kind)
    copy_rows(initial[:n], first, h)
    copy_rows(initial[n:], first, c)
    wide = np.zeros((4 * n + 2 * ROWS, LANES), kind)  # products have whole ROWS
    n_fed = fed.panels.shape[0] > 0
    y = np.empty((outputs.shape[1], LANES), kind)
    for t in range(n_steps):
        copy_lanes(h, 0, hidden[t], first)
        copy_lanes(c, 0, cells[t], first)
        copy_lanes(inputs[t], first, sent[n:], 0)
        wide[:] = 0
        multiply(wide, received, sent)
        if n_fed:
            multiply(wide[3 * n :], fed, sent[n:])
        advance(net, n, wide, h, c)
        copy_lanes(wide[: 4 * n], 0, gates[t], first)
        y[:] = 0
        multiply(y, read, h)
        copy_lanes(y, 0, outputs[t], first)
    copy_lanes(h, 0, hidden[n_steps], first)
    copy_lanes(c, 0, cells[n_steps], first)


@compiled
def vjp_gated(first, net, by_outputs, by_hidden, inputs, record, gradients):
    """Run trials backwards, from gradients by the outputs and, unless empty, by hidden states."""
    received, fed, returned, _, unread, unfed = net
    gates, hidden, cells, _ = record
    by_inputs, by_initial, by_received, by_fed, by_readout = gradients
    n_steps, n_inputs, _ = inputs.shape
    n, kind, n_received = hidden.shape[1], inputs.dtype, returned.panels.shape[1]
    n_fed = 4 * n - n_received
    adjoint, h = np.zeros((n, LANES), kind), np.empty((n, LANES), kind)
    by_c, c = np.zeros((cells.shape[1], LANES), kind), np.empty((cells.shape[1], LANES), kind)
    g, by_g = np.empty((4 * n, LANES), kind), np.empty((4 * n, LANES), kind)
    back, direct = np.zeros((whole(n, ROWS), LANES), kind), np.empty((n, LANES), kind)
    by_output = np.empty((by_outputs.shape[1], LANES), kind)
    entered, one = np.empty((n_inputs, LANES), kind), np.ones((1, LANES), kind)
    taken = np.zeros((whole(n_received, ROWS), LENGTH), kind)
    taken_fed = np.zeros((whole(n_fed, ROWS), LENGTH), kind)
    sent = np.zeros((by_received.shape[0], LENGTH, LANES), kind)
    sent_fed = np.zeros((by_fed.shape[0], LENGTH, LANES), kind)
    kept = 0
    for t in range(n_steps - 1, -1, -1):
        copy_rows(by_outputs[t], first, by_output)
        if by_readout.shape[0] > 0:
            copy_rows(hidden[t + 1], first, direct)
            add_by_lane(by_readout, by_output, direct)
        multiply(adjoint, unread, by_output)
        if by_hidden.shape[0] > 0:
            copy_rows(by_hidden[t], first, direct)
            adjoint += direct
        copy_rows(gates[t], first, g)
        copy_rows(hidden[t], first, h)
        copy_rows(cells[t], first, c)
        keep(sent, received, 0, h, 0, kept)
        retreat(net, n, g, h, c, adjoint, by_c, by_g)
        if by_inputs.shape[0] > 0:
            entered[:] = 0
            multiply(entered, unfed, by_g)
            copy_lanes(entered, 0, by_inputs[t], first)
        copy_lanes(by_g[:n_received], 0, taken, kept * LANES)
        keep(sent, received, n, inputs[t], first, kept)
        keep(sent, received, n + n_inputs, one, 0, kept)
        if n_fed > 0:
            copy_lanes(by_g[n_received:], 0, taken_fed, kept * LANES)
            keep(sent_fed, fed, 0, inputs[t], first, kept)
            keep(sent_fed, fed, n_inputs, one, 0, kept)
        back[:] = 0
        multiply(back, returned, by_g[:n_received])
        adjoint += back[:n]
        kept += 1
        if kept == CHUNK or t == 0:
            add_products(by_received, received, taken, sent, kept)
            add_products(by_fed, fed, taken_fed, sent_fed, kept)
            kept = 0
    copy_lanes(adjoint, 0, by_initial[:n], first)
    copy_lanes(by_c, 0, by_initial[n:], first)


@compiled
def copy_rows(source, start, out):
    """out = source[:, start:start + LANES]"""
    copy_lanes(source, start, out, 0)


def advance(net, n, wide, h, c):
    """From sums in `wide` to the gates, there, and the next `h` and `c`."""


@overload(advance)
def _advance(net, n, wide, h, c):  # noqa: ARG001
    def gru(net, n, wide, h, c):  # noqa: ARG001
        become_sigmoid(wide[: 2 * n].reshape(-1))
        r, z, q, new, state = (
            gate(wide, 0, n),
            gate(wide, 1, n),
            gate(wide, 2, n),
            gate(wide, 3, n),
            h.reshape(-1),
        )
        for i in range(state.shape[0]):
            new[i] = multiply_add(r[i], q[i], new[i])
        become_tanh(new)
        for i in range(state.shape[0]):
            state[i] = multiply_add(z[i], state[i] - new[i], new[i])

    def lstm(net, n, wide, h, c):  # noqa: ARG001
        i, f, g, o = gate(wide, 0, n), gate(wide, 1, n), gate(wide, 2, n), gate(wide, 3, n)
        state, cell = h.reshape(-1), c.reshape(-1)
        become_sigmoid(i)
        become_sigmoid(f)
        become_tanh(g)
        become_sigmoid(o)
        for k in range(cell.shape[0]):
            cell[k] = multiply_add(f[k], cell[k], i[k] * g[k])
        for k in range(cell.shape[0]):
            state[k] = o[k] * tanh(cell[k])

    return gru if net.instance_class is GRUNet else lstm


def retreat(net, n, g, h, c, adjoint, by_c, by_g):
    """From gradients by the states after a step to those by gates, and the direct ones before.

    `g` are the gates of the step, `h` and `c` the states before it; `adjoint` and `by_c` are
    overwritten with the gradients that do not pass through the gates, and `h` is lost.
    """


@overload(retreat)
def _retreat(net, n, g, h, c, adjoint, by_c, by_g):  # noqa: ARG001
    def gru(net, n, g, h, c, adjoint, by_c, by_g):  # noqa: ARG001
        r, z, q, new = gate(g, 0, n), gate(g, 1, n), gate(g, 2, n), gate(g, 3, n)
        by_r, by_z, by_q, by_new = (
            gate(by_g, 0, n),
            gate(by_g, 1, n),
            gate(by_g, 2, n),
            gate(by_g, 3, n),
        )
        a, state = adjoint.reshape(-1), h.reshape(-1)
        for i in range(a.shape[0]):
            by_z[i] = a[i] * (state[i] - new[i]) * slope(z[i])
        for i in range(a.shape[0]):
            by_new[i] = multiply_add(-a[i], z[i], a[i]) * tanh_slope(new[i])
        for i in range(a.shape[0]):
            by_q[i] = by_new[i] * r[i]
        for i in range(a.shape[0]):
            by_r[i] = by_new[i] * q[i] * slope(r[i])
        for i in range(a.shape[0]):
            a[i] *= z[i]

    def lstm(net, n, g, h, c, adjoint, by_c, by_g):  # noqa: ARG001
        i, f, new, o = gate(g, 0, n), gate(g, 1, n), gate(g, 2, n), gate(g, 3, n)
        by_i, by_f, by_new, by_o = (
            gate(by_g, 0, n),
            gate(by_g, 1, n),
            gate(by_g, 2, n),
            gate(by_g, 3, n),
        )
        a, cell, by_cell, seen = adjoint.reshape(-1), c.reshape(-1), by_c.reshape(-1), h.reshape(-1)
        for k in range(a.shape[0]):
            seen[k] = tanh(multiply_add(f[k], cell[k], i[k] * new[k]))
        for k in range(a.shape[0]):
            by_o[k] = a[k] * seen[k] * slope(o[k])
        for k in range(a.shape[0]):
            by_cell[k] = multiply_add(a[k] * o[k], tanh_slope(seen[k]), by_cell[k])
        for k in range(a.shape[0]):
            by_i[k] = by_cell[k] * new[k] * slope(i[k])
        for k in range(a.shape[0]):
            by_new[k] = by_cell[k] * i[k] * tanh_slope(new[k])
        for k in range(a.shape[0]):
            by_f[k] = by_cell[k] * cell[k] * slope(f[k])
        for k in range(a.shape[0]):
            by_cell[k] *= f[k]
        a[:] = 0

    return gru if net.instance_class is GRUNet else lstm


@compiled
def gate(rows, k, n):
    """Numbers of the k-th of several gates with n units."""
    return rows[k * n : (k + 1) * n].reshape(-1)


@compiled
def slope(x):
    """Derivative of the sigmoid, from its value."""
    return multiply_add(-x, x, x)


@compiled
def tanh_slope(x):
    """Derivative of tanh, from its value."""
    return multiply_add(-x, x, type(x)(1))


@compiled
def become_tanh(x):
    """x ← tanh(x)"""
    for i in range(x.shape[0]):
        x[i] = tanh(x[i])


@compiled
def become_sigmoid(x):
    """x ← 1 / (1 + exp(-x)); it errs by the rounding of numbers around 1."""
    half = x.dtype.type(0.5)
    for i in range(x.shape[0]):
        x[i] = multiply_add(half, tanh(half * x[i]), half)
