"""Compiled leaky tanh recurrence with a full matrix or a sparse one: `LANES` trials at a time.

    x[t+1] = (1 - a) x[t] + a (W tanh(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'tanh(x[t+1])

States are stored by unit, the trials of each in adjacent places of memory. W and B are the
columns of one matrix. One thread does all steps of its trials without waiting for others, and the
sum over time in the gradient is computed while its terms are in the cache.
"""

from typing import NamedTuple

import numpy as np

from isochron.ann_bridge.kernels.elementwise import fill_normal, fill_tanh
from isochron.ann_bridge.kernels.products import (
    Dense,
    Sparse,
    add_products,
    copy_lanes,
    keep,
    multiply,
    whole,
)
from isochron.ann_bridge.kernels.thin import add_through_slope, decay, shrink
from isochron.ann_bridge.kernels.vectors import CHUNK, LANES, LENGTH, ROWS
from isochron.kernels.arithmetic import compiled, multiply_add


class LanesNet(NamedTuple):
    """A network with a matrix, in the form of the compiled code.

    Attributes
    ----------
    received : Sparse or Dense
        a (W, B), shape (n, n + n_inputs).
    returned : Sparse or Dense
        Its transposed part a W'.
    read, unread, unfed : Sparse
        C', shape (n_outputs, n); C; a B'.
    alpha : float
        a.
    read_rates : bool
        Whether the readout reads tanh(x) instead of x.
    """

    received: Sparse | Dense
    returned: Sparse | Dense
    read: Sparse
    unread: Sparse
    unfed: Sparse
    alpha: float
    read_rates: bool


class LanesRecord(NamedTuple):
    """Arrays that a run writes.

    Attributes
    ----------
    rates, outputs : ndarray, shapes (n_steps + 1, n, n_trials), (n_steps, n_outputs, n_trials)
        tanh(x) and y.
    states : ndarray, shape (n_steps, n, n_trials)
        x after each step; without steps if it is not needed.
    """

    rates: np.ndarray
    states: np.ndarray
    outputs: np.ndarray


class LanesReplay(NamedTuple):
    """Arrays that a backward run reads.

    Attributes
    ----------
    by_outputs, by_rates : ndarray
        Gradients by the results; `by_rates` is empty if the loss does not depend on the rates.
    inputs, rates : ndarray
        As in the forward run.
    seen : ndarray, shape (n_steps, n, n_trials)
        The states or rates that are read after each step; without steps if the readout is not
        trained.
    """

    by_outputs: np.ndarray
    by_rates: np.ndarray
    inputs: np.ndarray
    rates: np.ndarray
    seen: np.ndarray


class LanesGradients(NamedTuple):
    """Arrays that a backward run writes.

    Attributes
    ----------
    inputs, initial : ndarray
        Overwritten for the trials of the run; `inputs` is empty if its gradient is not needed.
    sent : ndarray
        Room for the lanes that `keep` copies.
    received : ndarray
        In the form of `add_products`; added to.
    readout : ndarray, shape (n_outputs, n, LANES)
        Added to; to be summed over lanes.
    """

    inputs: np.ndarray
    initial: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    readout: np.ndarray


@compiled
def run_lanes(first, net, trials, record):
    """Run `LANES` trials from `first` on; the number of trials is a multiple of it.

    `net` is a `LanesNet`, `record` a `LanesRecord`; the arrays of `trials`, of the type `Trials`,
    have the shapes (n_steps, n_inputs, n_trials) and (n, n_trials).
    """
    received, _, read, _, _, alpha, read_rates = net
    inputs, initial, noise_std, key = trials
    rates, states, outputs = record
    n_steps, n_inputs, n_trials = inputs.shape
    n = initial.shape[0]
    x = np.empty((n, LANES), initial.dtype)
    wide = np.zeros((whole(n, ROWS), LANES), initial.dtype)
    change = wide[:n]
    sent = np.empty((n + n_inputs, LANES), initial.dtype)
    y = np.empty((outputs.shape[1], LANES), initial.dtype)
    rate = sent[:n]
    copy_lanes(initial, first, x, 0)
    for t in range(n_steps + 1):
        fill_tanh(x.reshape(-1), rate.reshape(-1))
        copy_lanes(rate, 0, rates[t], first)
        if t > 0:
            y[:] = 0
            multiply(y, read, rate if read_rates else x)
            copy_lanes(y, 0, outputs[t - 1], first)
            if states.shape[0] > 0:
                copy_lanes(x, 0, states[t - 1], first)
        if t == n_steps:
            break
        if noise_std > 0:
            place = (t * n_trials + first) // LANES
            fill_normal(key, place, noise_std, change.reshape(-1))
        else:
            change[:] = 0
        copy_lanes(inputs[t], first, sent[n:], 0)
        multiply(wide, received, sent)
        decay(x.reshape(-1), alpha, change.reshape(-1))


@compiled
def vjp_lanes(first, net, replay, gradients):
    """Run trials backwards: from a `LanesReplay` to `LanesGradients`."""
    received, returned, _, unread, unfed, alpha, read_rates = net
    by_outputs, by_rates, inputs, rates, seen = replay
    by_inputs, by_initial, sent, by_received, by_readout = gradients
    n_steps, n_inputs, _ = inputs.shape
    n, kind = rates.shape[1], rates.dtype
    adjoint, rate = np.zeros((n, LANES), kind), np.empty((n, LANES), kind)
    back, direct = np.zeros((whole(n, ROWS), LANES), kind), np.zeros((n, LANES), kind)
    by_output = np.empty((by_outputs.shape[1], LANES), kind)
    entered = np.empty((n_inputs, LANES), kind)
    taken = np.zeros((whole(n, ROWS), LENGTH), kind)
    kept = 0
    copy_lanes(rates[n_steps], first, rate, 0)
    for t in range(n_steps - 1, -1, -1):
        copy_lanes(by_outputs[t], first, by_output, 0)
        if seen.shape[0] > 0:
            copy_lanes(seen[t], first, direct, 0)
            add_by_lane(by_readout, by_output, direct)
        if read_rates or by_rates.shape[0] > 0:
            direct[:] = 0
            if by_rates.shape[0] > 0:
                copy_lanes(by_rates[t], first, direct, 0)
            if read_rates:
                multiply(direct, unread, by_output)
            add_through_slope(adjoint.reshape(-1), direct.reshape(-1), rate.reshape(-1))
        if not read_rates:
            multiply(adjoint, unread, by_output)
        if by_inputs.shape[0] > 0:
            entered[:] = 0
            multiply(entered, unfed, adjoint)
            copy_lanes(entered, 0, by_inputs[t], first)
        copy_lanes(rates[t], first, rate, 0)
        keep(sent, received, 0, rate, 0, kept)
        keep(sent, received, n, inputs[t], first, kept)
        copy_lanes(adjoint, 0, taken, kept * LANES)
        back[:] = 0
        multiply(back, returned, adjoint)
        shrink(adjoint.reshape(-1), alpha)
        add_through_slope(adjoint.reshape(-1), back[:n].reshape(-1), rate.reshape(-1))
        kept += 1
        if kept == CHUNK or t == 0:
            add_products(by_received, received, taken, sent, kept)
            kept = 0
    copy_lanes(adjoint, 0, by_initial, first)


@compiled
def add_by_lane(by_readout, by_output, seen):
    """by_readout[o, i] += by_output[o] seen[i], lane by lane."""
    for o in range(by_output.shape[0]):
        for i in range(seen.shape[0]):
            for k in range(LANES):
                total = by_readout[o, i, k]
                by_readout[o, i, k] = multiply_add(by_output[o, k], seen[i, k], total)
