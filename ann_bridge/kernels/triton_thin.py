"""The kernels of `gpu`, in Triton: one program runs one trial of one network over all its steps.

The state stays in registers. Factors are transposed and scaled by alpha: with their rows
L, R, B and C,

    x[t+1] = d x[t] + L'(R tanh(x[t])) + B'u[t] + noise[t],  d = 1 - alpha
    y[t] = C x[t+1], or C tanh(x[t+1])

Arrays are contiguous: inputs (n_nets, batch, n_steps, n_inputs), sent (n_nets, batch, n_steps, k),
outputs (n_nets, batch, n_steps, n_outputs), rates (n_nets, n_steps + 1, batch, n), factors
(n_nets, rows, n). N, K, S and O are n, k, n_inputs and n_outputs rounded up to powers of two.
"""

from typing import Any

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

jit: Any = triton.jit


@jit
def tanh(x):
    """The hyperbolic tangent, without overflow."""
    small = tl.exp(-2 * tl.abs(x))
    size = (1 - small) / (1 + small)
    return tl.where(x < 0, -size, size)


@jit
def _rows(pointer, net, count, n, COUNT: tl.constexpr, N: tl.constexpr):
    """The rows of one network, padded with zeros."""
    row, unit = tl.arange(0, COUNT)[:, None], tl.arange(0, N)[None, :]
    return tl.load(pointer + (net * count + row) * n + unit, (row < count) & (unit < n), other=0)


@jit
def _store_rows(pointer, rows, count, n, COUNT: tl.constexpr, N: tl.constexpr):
    row, unit = tl.arange(0, COUNT)[:, None], tl.arange(0, N)[None, :]
    tl.store(pointer + row * n + unit, rows, (row < count) & (unit < n))


@jit
def run_thin(
    inputs, initial, weights, left, right, readout, decay, rates, sent, outputs,
    n_steps, batch, n, k, n_inputs, n_outputs,
    READ_RATES: tl.constexpr,
    N: tl.constexpr, K: tl.constexpr, S: tl.constexpr, O: tl.constexpr,  # noqa: E741
):  # fmt: skip
    """Run; `rates` contain the noise of step t at t + 1 and are overwritten with tanh(x)."""
    trial, net = tl.program_id(0), tl.program_id(1).to(tl.int64)
    unit, factor = tl.arange(0, N), tl.arange(0, K)
    channel, output = tl.arange(0, S), tl.arange(0, O)
    here = unit < n
    L, R = _rows(left, net, k, n, K, N), _rows(right, net, k, n, K, N)
    B, C = _rows(weights, net, n_inputs, n, S, N), _rows(readout, net, n_outputs, n, O, N)
    keep = tl.load(decay + net)
    place = net * batch + trial
    said = inputs + place * n_steps * n_inputs + channel
    told = sent + place * n_steps * k + factor
    heard = outputs + place * n_steps * n_outputs + output
    one_step = batch * n
    at = rates + (net * (n_steps + 1) * batch + trial) * n + unit
    x = tl.load(initial + place * n + unit, here, other=0)
    rate = tanh(x)
    tl.store(at, rate, here)
    noise = tl.load(at + one_step, here, other=0)
    for t in range(n_steps):
        # Early, so that the next step does not wait for it.
        later = tl.load(at + 2 * one_step, unit < tl.where(t + 1 < n_steps, n, 0), other=0)
        u = tl.load(said, channel < n_inputs, other=0)
        message = tl.sum(R * rate[None, :], axis=1)
        tl.store(told, message, factor < k)
        x = keep * x + noise + tl.sum(B * u[:, None], axis=0)
        x += tl.sum(L * message[:, None], axis=0)
        rate = tanh(x)
        at += one_step
        tl.store(at, rate, here)
        seen = rate if READ_RATES else x
        tl.store(heard, tl.sum(C * seen[None, :], axis=1), output < n_outputs)
        said += n_inputs
        told += k
        heard += n_outputs
        noise = later


@jit
def vjp_thin(
    by_outputs, by_rates, inputs, weights, left, right, readout, decay, rates, sent, by_initial,
    by_inputs, parts, n_steps, batch, n, k, n_inputs, n_outputs,
    READ_RATES: tl.constexpr, BY_RATES: tl.constexpr, BY_INPUTS: tl.constexpr,
    N: tl.constexpr, K: tl.constexpr, S: tl.constexpr, O: tl.constexpr,  # noqa: E741
):  # fmt: skip
    """Run backwards; `parts`, shape (n_nets, batch, 2 k + n_inputs, n): gradients of each trial.

    They are by the rows L, R and B. `by_rates`, shape (n_nets, n_steps, batch, n), is not
    read without BY_RATES, and `by_inputs`, of the shape of `inputs`, not written without BY_INPUTS.
    """
    trial, net = tl.program_id(0), tl.program_id(1).to(tl.int64)
    unit, factor = tl.arange(0, N), tl.arange(0, K)
    channel, output = tl.arange(0, S), tl.arange(0, O)
    here = unit < n
    L, R = _rows(left, net, k, n, K, N), _rows(right, net, k, n, K, N)
    B = _rows(weights, net, n_inputs, n, S, N)  # the compiler drops it if it is not used
    C = _rows(readout, net, n_outputs, n, O, N)
    keep = tl.load(decay + net)
    place = net * batch + trial
    last_input = (place * n_steps + n_steps - 1) * n_inputs + channel
    said = inputs + last_input
    entered = by_inputs + last_input
    told = sent + (place * n_steps + n_steps - 1) * k + factor
    heard = by_outputs + (place * n_steps + n_steps - 1) * n_outputs + output
    one_step = batch * n
    at = rates + ((net * (n_steps + 1) + n_steps) * batch + trial) * n + unit
    by_rate = by_rates + ((net * n_steps + n_steps - 1) * batch + trial) * n + unit
    after = tl.load(at, here, other=0)
    adjoint = tl.zeros_like(after)
    by_left, by_right = tl.zeros_like(L), tl.zeros_like(R)
    by_weights = tl.zeros([S, N], after.dtype)
    at -= one_step
    rate = tl.load(at, here, other=0)
    for back in range(n_steps):
        earlier = tl.load(at - one_step, unit < tl.where(back + 1 < n_steps, n, 0), other=0)
        by_y = tl.load(heard, output < n_outputs, other=0)
        direct = tl.sum(C * by_y[:, None], axis=0)
        slope = 1 - after * after
        if READ_RATES:
            direct *= slope
        if BY_RATES:
            direct += tl.load(by_rate, here, other=0) * slope
            by_rate -= one_step
        adjoint += direct
        u = tl.load(said, channel < n_inputs, other=0)
        by_weights += u[:, None] * adjoint[None, :]
        if BY_INPUTS:
            tl.store(entered, tl.sum(B * adjoint[None, :], axis=1), channel < n_inputs)
            entered -= n_inputs
        message = tl.load(told, factor < k, other=0)
        by_left += message[:, None] * adjoint[None, :]
        received = tl.sum(L * adjoint[None, :], axis=1)
        by_right += received[:, None] * rate[None, :]
        returned = tl.sum(R * received[:, None], axis=0)
        adjoint = keep * adjoint + returned * (1 - rate * rate)
        said -= n_inputs
        told -= k
        heard -= n_outputs
        at -= one_step
        after, rate = rate, earlier
    tl.store(by_initial + place * n + unit, adjoint, here)
    part = parts + place * (2 * k + n_inputs) * n
    _store_rows(part, by_left, k, n, K, N)
    _store_rows(part + k * n, by_right, k, n, K, N)
    _store_rows(part + 2 * k * n, by_weights, n_inputs, n, S, N)
