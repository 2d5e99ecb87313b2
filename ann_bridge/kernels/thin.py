"""Compiled leaky tanh recurrence of low rank: one trial at a time, its state in the cache.

    x[t+1] = (1 - a) x[t] + a (L R' tanh(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'tanh(x[t+1])

Factors are transposed, so that every pass runs along the units. The backward run has its
adjoint in the cache too, and accumulates the gradients of the weights.
"""

from typing import NamedTuple

import numpy as np

from isochron.ann_bridge.kernels.elementwise import fill_normal, fill_tanh, steps_at_once
from isochron.ann_bridge.kernels.vectors import long_dot
from isochron.kernels.arithmetic import compiled, multiply_add


class ThinNet(NamedTuple):
    """A network of low rank, in the form of the compiled code.

    Attributes
    ----------
    weights, left, right, readout : ndarray, shapes (n_inputs, n), (k, n), (k, n), (n_outputs, n)
        B', L', R' and C'.
    alpha : float
        a.
    read_rates : bool
        Whether the readout reads tanh(x) instead of x.
    """

    weights: np.ndarray
    left: np.ndarray
    right: np.ndarray
    readout: np.ndarray
    alpha: float
    read_rates: bool


class Trials(NamedTuple):
    """Initial states and inputs; trials are the first axis here, the last in `lanes`.

    Attributes
    ----------
    inputs : ndarray, shape (n_steps, batch, n_inputs)
    initial : ndarray, shape (batch, n)
    noise_std : float
    noise_key : ndarray of uint32, shape (2,)
    """

    inputs: np.ndarray
    initial: np.ndarray
    noise_std: float
    noise_key: np.ndarray


class ThinRecord(NamedTuple):
    """Arrays that a run writes.

    Attributes
    ----------
    rates, sent, outputs : ndarray, (n_steps + 1, batch, n), (n_steps, batch, k or n_outputs)
        tanh(x), R'tanh(x) and y.
    states : ndarray, shape (n_steps, batch, n)
        x after each step; without steps if it is not needed.
    """

    rates: np.ndarray
    states: np.ndarray
    sent: np.ndarray
    outputs: np.ndarray


class ThinReplay(NamedTuple):
    """Arrays that a backward run reads.

    Attributes
    ----------
    by_outputs, by_rates : ndarray
        Gradients by the results; `by_rates` is empty if the loss does not depend on the rates.
    inputs, rates, sent : ndarray
        As in the forward run.
    seen : ndarray, shape (n_steps, batch, n)
        The states or rates that are read after each step; without steps if the readout is not
        trained.
    """

    by_outputs: np.ndarray
    by_rates: np.ndarray
    inputs: np.ndarray
    rates: np.ndarray
    seen: np.ndarray
    sent: np.ndarray


class ThinGradients(NamedTuple):
    """Gradients that a backward run writes, in the shapes of their variables.

    `inputs`, without steps if no gradient of the inputs is needed, and `initial` are overwritten
    for the trials of the run; the others are accumulated.
    """

    inputs: np.ndarray
    initial: np.ndarray
    weights: np.ndarray
    left: np.ndarray
    right: np.ndarray
    readout: np.ndarray


@compiled
def run_thin(first, last, net, trials, record):
    """Run trials `first` to `last` - 1 of a `ThinNet` from `Trials`; fill a `ThinRecord`."""
    weights, left, right, readout, alpha, read_rates = net
    inputs, initial, noise_std, key = trials
    rates, states, sent, outputs = record
    n_steps, batch, _ = inputs.shape
    n = initial.shape[1]
    x, change = np.empty(n, initial.dtype), np.empty(n, initial.dtype)
    some = steps_at_once(n)
    noise = np.zeros((some, n), initial.dtype)
    for b in range(first, last):
        x[:] = initial[b]
        for t in range(n_steps + 1):
            rate = rates[t, b]
            fill_tanh(x, rate)
            if t > 0:
                if states.shape[0] > 0:
                    states[t - 1, b] = x
                for o in range(readout.shape[0]):
                    outputs[t - 1, b, o] = dot(readout[o], rate if read_rates else x)
            if t == n_steps:
                break
            if noise_std > 0 and t % some == 0:
                fill_normal(key, t // some * batch + b, noise_std, noise.reshape(-1))
            change[:] = noise[t % some]
            for s in range(weights.shape[0]):
                add_multiple(change, alpha * inputs[t, b, s], weights[s])
            for r in range(left.shape[0]):
                sent[t, b, r] = dot(right[r], rate)
                add_multiple(change, alpha * sent[t, b, r], left[r])
            decay(x, alpha, change)


@compiled
def vjp_thin(first, last, net, replay, gradients):
    """Run trials backwards: from a `ThinReplay` to `ThinGradients`."""
    weights, left, right, readout, alpha, read_rates = net
    by_outputs, by_rates, inputs, rates, seen, sent = replay
    by_inputs, by_initial, by_weights, by_left, by_right, by_readout = gradients
    n_steps = inputs.shape[0]
    n = weights.shape[1]
    adjoint, back = np.empty(n, weights.dtype), np.empty(n, weights.dtype)
    for b in range(first, last):
        adjoint[:] = 0
        for t in range(n_steps - 1, -1, -1):
            if read_rates or by_rates.shape[0] > 0:
                back[:] = 0
                if by_rates.shape[0] > 0:
                    back[:] = by_rates[t, b]
                for o in range(readout.shape[0] if read_rates else 0):
                    add_multiple(back, by_outputs[t, b, o], readout[o])
                add_through_slope(adjoint, back, rates[t + 1, b])
            for o in range(readout.shape[0] if seen.shape[0] > 0 else 0):
                add_multiple(by_readout[o], by_outputs[t, b, o], seen[t, b])
            for o in range(0 if read_rates else readout.shape[0]):
                add_multiple(adjoint, by_outputs[t, b, o], readout[o])
            rate = rates[t, b]
            for s in range(weights.shape[0]):
                add_multiple(by_weights[s], alpha * inputs[t, b, s], adjoint)
                if by_inputs.shape[0] > 0:
                    by_inputs[t, b, s] = alpha * dot(weights[s], adjoint)
            back[:] = 0
            for r in range(left.shape[0]):
                add_multiple(by_left[r], alpha * sent[t, b, r], adjoint)
                received = alpha * dot(left[r], adjoint)
                add_multiple(by_right[r], received, rate)
                add_multiple(back, received, right[r])
            shrink(adjoint, alpha)
            add_through_slope(adjoint, back, rate)
        by_initial[b] = adjoint


@compiled
def dot(x, y):
    """x'y, in the order of `long_dot`."""
    return long_dot(x, y)


@compiled
def add_multiple(x, factor, y):
    """x += factor y"""
    for i in range(x.shape[0]):
        x[i] = multiply_add(factor, y[i], x[i])


@compiled
def shrink(x, alpha):
    """x -= alpha x"""
    for i in range(x.shape[0]):
        x[i] = multiply_add(-alpha, x[i], x[i])


@compiled
def decay(x, alpha, change):
    """x += change - alpha x"""
    for i in range(x.shape[0]):
        x[i] += multiply_add(-alpha, x[i], change[i])


@compiled
def add_through_slope(x, gradient, rate):
    """x += gradient tanh', with rate = tanh"""
    for i in range(x.shape[0]):
        x[i] += multiply_add(-gradient[i] * rate[i], rate[i], gradient[i])
