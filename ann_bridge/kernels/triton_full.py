"""The kernels of `gpu_full`, in Triton: one program runs 16 trials of one network over all steps.

The state of the trials and the matrix stay in the program. With W the matrix times alpha,

    x[t+1] = d x[t] + W tanh(x[t]) + drive[t],  d = 1 - alpha

where the drive contains inputs and noise. Products are on tensor cores: each float32 number is
split into two of the type tf32, whose products are summed in float32 ("tf32x3").

Arrays are contiguous: drive, states, adjoint and gradients (n_nets, n_steps, batch, n), rates
(n_nets, n_steps + 1, batch, n), matrix (n_nets, n, n), indexed [post, pre]. N is n rounded up to a
power of two. The matrix of the backward run is transposed, [pre, post]: both runs then read the sum
of a product along memory.
"""

from typing import Any

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from isochron.ann_bridge.kernels.triton_thin import tanh

jit: Any = triton.jit


@jit
def _multiply(x, matrix, total):
    """Total + x matrix, for the rows of x."""
    return tl.dot(x, matrix, total, input_precision="tf32x3", out_dtype=x.dtype)


@jit
def _tile(net, batch, n, TRIALS: tl.constexpr, N: tl.constexpr):
    """Places of the units of some trials in one step, and which of them exist."""
    trial, unit = (
        tl.program_id(0) * TRIALS + tl.arange(0, TRIALS)[:, None],
        tl.arange(0, N)[None, :],
    )
    return trial * n + unit, (trial < batch) & (unit < n)


@jit
def run_full(
    initial, drive, matrix, decay, rates, states, n_steps, batch, n,
    KEEP_STATES: tl.constexpr, TRIALS: tl.constexpr, N: tl.constexpr,
):  # fmt: skip
    """Run; `states` are not written without KEEP_STATES."""
    net = tl.program_id(1).to(tl.int64)
    place, here = _tile(net, batch, n, TRIALS, N)
    pre, post = tl.arange(0, N)[:, None], tl.arange(0, N)[None, :]
    W = tl.load(matrix + (net * n + post) * n + pre, (pre < n) & (post < n), other=0)
    keep = tl.load(decay + net)
    one_step = batch * n
    driven, kept = (
        drive + net * n_steps * one_step + place,
        states + net * n_steps * one_step + place,
    )
    sent = rates + net * (n_steps + 1) * one_step + place
    x = tl.load(initial + net * one_step + place, here, other=0)
    now = tl.load(driven, here, other=0)
    rate = tanh(x)
    tl.store(sent, rate, here)
    for t in range(n_steps):
        # Early, so that the next step does not wait for it.
        driven += tl.where(t + 1 < n_steps, one_step, 0)
        later = tl.load(driven, here, other=0)
        x = _multiply(rate, W, keep * x + now)
        if KEEP_STATES:
            tl.store(kept, x, here)
            kept += one_step
        rate = tanh(x)
        sent += one_step
        tl.store(sent, rate, here)
        now = later


@jit
def vjp_full(
    by_states, by_rates, transposed, decay, rates, by_initial, adjoint, n_steps, batch, n,
    BY_STATES: tl.constexpr, BY_RATES: tl.constexpr, TRIALS: tl.constexpr, N: tl.constexpr,
):  # fmt: skip
    """Run backwards; `adjoint` of step t is the derivative of the loss by x[t+1] and by drive[t].

    `by_states` and `by_rates` are the derivatives by these as results of the run; they are not
    read without BY_STATES or BY_RATES.
    """
    net = tl.program_id(1).to(tl.int64)
    place, here = _tile(net, batch, n, TRIALS, N)
    post, pre = tl.arange(0, N)[:, None], tl.arange(0, N)[None, :]
    W = tl.load(transposed + (net * n + pre) * n + post, (pre < n) & (post < n), other=0)
    keep = tl.load(decay + net)
    one_step = batch * n
    last = (net * n_steps + n_steps - 1) * one_step + place
    by_state, by_rate, found = by_states + last, by_rates + last, adjoint + last
    sent = rates + (net * (n_steps + 1) + n_steps) * one_step + place
    after = tl.load(sent, here, other=0)
    sent -= one_step
    rate = tl.load(sent, here, other=0)
    total = tl.zeros_like(after)
    for back in range(n_steps):
        sent -= tl.where(back + 1 < n_steps, one_step, 0)
        earlier = tl.load(sent, here, other=0)
        if BY_STATES:
            total += tl.load(by_state, here, other=0)
            by_state -= one_step
        if BY_RATES:
            total += tl.load(by_rate, here, other=0) * (1 - after * after)
            by_rate -= one_step
        tl.store(found, total, here)
        found -= one_step
        returned = _multiply(total, W, tl.zeros_like(total))
        total = keep * total + returned * (1 - rate * rate)
        after, rate = rate, earlier
    tl.store(by_initial + net * one_step + place, total, here)
