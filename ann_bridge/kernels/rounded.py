"""Compiled parts of a leaky tanh recurrence whose products with W are computed by torch.

    x[t+1] = (1 - a) x[t] + a (W tanh(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'tanh(x[t+1])

W tanh(x), its transpose in the backward run and the gradient of W are products in bfloat16. All
the rest is here, in float32: between two products, `advance` and `retreat` pass once over the
trials of a tile. A bfloat16 number is the upper half of a float32 number; arrays contain its bits.
"""

from typing import NamedTuple

import numpy as np

from isochron.ann_bridge.kernels.elementwise import fill_normal, fill_tanh, steps_at_once
from isochron.ann_bridge.kernels.thin import add_multiple, add_through_slope, decay, dot, shrink
from isochron.kernels.arithmetic import compiled, multiply_add

HALF_OF_LAST, UPPER = np.uint32(0x7FFF), np.uint32(16)
LAST = np.uint32(1)


class RoundedNet(NamedTuple):
    """A network without its matrix.

    Attributes
    ----------
    weights, readout : ndarray, shapes (n_inputs, n), (n_outputs, n)
        B' and C'.
    alpha : float
        a.
    read_rates : bool
        Whether the readout reads tanh(x) instead of x.
    """

    weights: np.ndarray
    readout: np.ndarray
    alpha: float
    read_rates: bool


class RoundedTile(NamedTuple):
    """Arrays of the trials of a tile.

    Attributes
    ----------
    state : ndarray, shape (trials, n)
        x forwards; the derivative of the loss by x backwards.
    noise : ndarray, shape (trials, steps, n)
        Noise of some steps; forwards only.
    change : ndarray, shape (n,)
        Room for one trial.
    """

    state: np.ndarray
    noise: np.ndarray
    change: np.ndarray


@compiled
def round_to_bfloat16(numbers, out):
    """Write float32 numbers, rounded to nearest even, as bits; both of shape (n,)."""
    bits = numbers.view(np.uint32)
    for i in range(bits.shape[0]):
        even = (bits[i] >> UPPER) & LAST
        out[i] = np.uint16((bits[i] + (HALF_OF_LAST + even)) >> UPPER)


@compiled
def widen(bits, out):
    """Write bfloat16 numbers as float32; both of shape (n,)."""
    wide = out.view(np.uint32)
    for i in range(bits.shape[0]):
        wide[i] = np.uint32(bits[i]) << UPPER


@compiled
def start(first, net, trials, tile, record, sent):
    """Rates of the initial states of a tile; the first trial is `first`."""
    rates = record.rates
    for k in range(tile.state.shape[0]):
        tile.state[k] = trials.initial[first + k]
        fill_tanh(tile.state[k], rates[0, first + k])
        round_to_bfloat16(rates[0, first + k], sent[k])


@compiled
def advance(t, first, net, trials, tile, record, received, sent):
    """Step t of a tile; `received` is W tanh(x), and `sent` becomes tanh of the new x, as bits."""
    weights, readout, alpha, read_rates = net
    inputs, _, noise_std, key = trials
    state, noise, change = tile
    batch, n = inputs.shape[1], state.shape[1]
    some = steps_at_once(n)
    for k in range(state.shape[0]):
        b, x = first + k, state[k]
        if noise_std > 0 and t % some == 0:
            fill_normal(key, t // some * batch + b, noise_std, noise[k].reshape(-1))
        widen(received[k], change)
        for i in range(n):
            change[i] = multiply_add(alpha, change[i], noise[k, t % some, i])
        for s in range(weights.shape[0]):
            add_multiple(change, alpha * inputs[t, b, s], weights[s])
        decay(x, alpha, change)
        rate = record.rates[t + 1, b]
        fill_tanh(x, rate)
        round_to_bfloat16(rate, sent[k])
        if record.states.shape[0] > 0:
            record.states[t, b] = x
        for o in range(readout.shape[0]):
            record.outputs[t, b, o] = dot(readout[o], rate if read_rates else x)


@compiled
def retreat(t, first, net, tile, replay, gradients, returned):
    """Adjoint of the states after step t - 1, from that of the states after step t.

    `returned` is W' times the adjoint of the later states, as bits; it is not read after the last
    step. Gradients of the input weights and the readout are those of this tile.
    """
    weights, readout, alpha, read_rates = net
    by_outputs, by_rates, inputs, rates, seen, _ = replay
    by_inputs, _, by_weights, by_readout = gradients
    n_steps = inputs.shape[0]
    for k in range(tile.state.shape[0]):
        b, adjoint, back = first + k, tile.state[k], tile.change
        if t < n_steps:
            widen(returned[k], back)
            for i in range(back.shape[0]):
                back[i] *= alpha
            shrink(adjoint, alpha)
            add_through_slope(adjoint, back, rates[t, b])
        if t == 0:
            continue
        if read_rates or by_rates.shape[0] > 0:
            back[:] = 0
            if by_rates.shape[0] > 0:
                back[:] = by_rates[t - 1, b]
            for o in range(readout.shape[0] if read_rates else 0):
                add_multiple(back, by_outputs[t - 1, b, o], readout[o])
            add_through_slope(adjoint, back, rates[t, b])
        for o in range(readout.shape[0] if seen.shape[0] > 0 else 0):
            add_multiple(by_readout[o], by_outputs[t - 1, b, o], seen[t - 1, b])
        for o in range(0 if read_rates else readout.shape[0]):
            add_multiple(adjoint, by_outputs[t - 1, b, o], readout[o])
        for s in range(weights.shape[0]):
            add_multiple(by_weights[s], alpha * inputs[t - 1, b, s], adjoint)
            if by_inputs.shape[0] > 0:
                by_inputs[t - 1, b, s] = alpha * dot(weights[s], adjoint)


@compiled
def keep_factors(t, first, tile, rates, adjoints, sent):
    """Write the adjoint of the states after step t, and tanh of those before it, as bits."""
    for k in range(tile.state.shape[0]):
        round_to_bfloat16(tile.state[k], adjoints[k])
        round_to_bfloat16(rates[t, first + k], sent[k])
