"""Compiled leaky tanh recurrence with a full matrix: a few trials at a time, as a matrix product.

    x[t+1] = (1 - a) x[t] + a (W tanh(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'tanh(x[t+1])

The products are our own, so that one thread does all steps of its trials without waiting for
others, and the sum over time in the gradient of W is taken where its terms are in the cache.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from isochron.ann_bridge.nets.fused_math import compiled, fill_normal, fill_tanh, steps_at_once
from isochron.ann_bridge.nets.fused_thin import (
    add_multiple,
    add_through_slope,
    decay,
    dot,
    shrink,
)

ROWS, LANES, VECTORS = 4, 8, 3  # twelve accumulators, as many as sixteen registers leave
WIDTH = LANES * VECTORS
CHUNK = 16  # steps whose part in the gradient of W is taken at once


def packed(matrix: np.ndarray) -> np.ndarray:
    """A matrix in panels of `WIDTH` columns, filled up with zeros, shape (panels, rows, WIDTH)."""
    rows, columns = matrix.shape
    panels = -(-columns // WIDTH)
    wide = np.zeros((rows, panels * WIDTH), matrix.dtype)
    wide[:, :columns] = matrix
    return np.ascontiguousarray(wide.reshape(rows, panels, WIDTH).transpose(1, 0, 2))


any_intrinsic: Any = intrinsic


@any_intrinsic
def add_product(typing_context, c, c_at, c_row, a, a_at, a_row, a_term, b, b_at, b_term, terms):  # noqa: ARG001
    """C += A B of ROWS x terms and terms x WIDTH elements, in registers.

    Arrays are given with the place of the first element, the distance of rows, and that of
    terms of the sum (columns of A and rows of B); elements of a row of B and C are neighbours.
    """
    places = (types.intp,) * 10
    order = (c, *places[:2], a, *places[:3], b, *places[:2], types.intp)

    def generate(context, builder, signature, arguments):
        c_at, c_row, a_at, a_row, a_term, b_at, b_term, terms = (
            arguments[k] for k in (1, 2, 4, 5, 6, 8, 9, 10)
        )
        starts = [
            context.make_array(signature.args[k])(context, builder, arguments[k]).data
            for k in (0, 3, 7)
        ]
        number, index = context.get_value_type(c.dtype), terms.type
        vector = ir.VectorType(number, LANES)
        size = context.get_abi_sizeof(number)

        def vector_at(start, place):
            return builder.bitcast(builder.gep(start, [place]), vector.as_pointer())

        def times(place, factor):
            return builder.mul(place, index(factor))

        zero = ir.Constant(vector, None)
        before, loop, after = (
            builder.block,
            *(builder.append_basic_block(name) for name in ("terms", "summed")),
        )
        builder.cbranch(builder.icmp_signed(">", terms, index(0)), loop, after)
        builder.position_at_end(loop)
        term = builder.phi(index)
        term.add_incoming(index(0), before)
        sums = [builder.phi(vector) for _ in range(ROWS * VECTORS)]
        b_start = builder.add(b_at, builder.mul(term, b_term))
        row_of_b = []
        for v in range(VECTORS):
            loaded = builder.load(vector_at(starts[2], builder.add(b_start, index(v * LANES))))
            loaded.align = size
            row_of_b.append(loaded)
        a_start = builder.add(a_at, builder.mul(term, a_term))
        results = []
        for r in range(ROWS):
            factor = builder.load(builder.gep(starts[1], [builder.add(a_start, times(a_row, r))]))
            lane = builder.insert_element(ir.Constant(vector, ir.Undefined), factor, index(0))
            mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
            factor = builder.shuffle_vector(lane, lane, mask)
            for v in range(VECTORS):
                product = builder.fmul(factor, row_of_b[v], flags=("contract",))
                results.append(builder.fadd(sums[r * VECTORS + v], product, flags=("contract",)))
        following = builder.add(term, index(1))
        term.add_incoming(following, loop)
        for total, result in zip(sums, results, strict=True):
            total.add_incoming(zero, before)
            total.add_incoming(result, loop)
        builder.cbranch(builder.icmp_signed("<", following, terms), loop, after)
        builder.position_at_end(after)
        for place, result in enumerate(results):
            total = builder.phi(vector)
            total.add_incoming(zero, before)
            total.add_incoming(result, loop)
            results[place] = total
        for r in range(ROWS):
            for v in range(VECTORS):
                where = builder.add(c_at, builder.add(times(c_row, r), index(v * LANES)))
                pointer = vector_at(starts[0], where)
                loaded = builder.load(pointer)
                loaded.align = size
                stored = builder.store(builder.fadd(loaded, results[r * VECTORS + v]), pointer)
                stored.align = size
        return context.get_dummy_value()

    return types.void(*order), generate


@compiled
def multiply(out, a, panels):
    """out += a B; shapes (rows, wide), (rows, n) and B as `packed`, rows a multiple of ROWS."""
    n = panels.shape[1]
    for p in range(panels.shape[0]):
        for r in range(0, a.shape[0], ROWS):
            add_product(
                out, r * out.shape[1] + p * WIDTH, out.shape[1],
                a, r * a.shape[1], a.shape[1], 1,
                panels, p * n * WIDTH, WIDTH, n,
            )  # fmt: skip


@compiled
def add_outer(out, a, b, terms):
    """out[i, j] += sum over the first `terms` rows of a[:, i] b[:, j].

    The numbers of columns are multiples of ROWS and WIDTH.
    """
    for p in range(0, b.shape[1], WIDTH):
        for i in range(0, a.shape[1], ROWS):
            add_product(
                out, i * out.shape[1] + p, out.shape[1],
                a, i, 1, a.shape[1],
                b, p, b.shape[1], terms,
            )  # fmt: skip


@compiled
def whole(count, unit):
    """`count` rounded up to a multiple of `unit`."""
    return (count + unit - 1) // unit * unit


@compiled
def run_dense(
    first, last, inputs, initial, weights, panels, readout, leak, read_rates, noise_std, key,
    rates, outputs,
):  # fmt: skip
    """Run trials `first` to `last` - 1; arguments as `run_thin`, `panels` those of leak W'."""
    n_steps, batch, _ = inputs.shape
    n, rows = initial.shape[1], whole(last - first, ROWS)
    x, rate = np.zeros((rows, n), initial.dtype), np.zeros((rows, n), initial.dtype)
    change = np.zeros((rows, panels.shape[0] * WIDTH), initial.dtype)
    some = steps_at_once(n)
    noise = np.zeros((rows, some, n), initial.dtype)
    for b in range(first, last):
        x[b - first] = initial[b]
    for t in range(n_steps + 1):
        for b in range(first, last):
            row = b - first
            fill_tanh(x[row], rate[row])
            rates[t, b] = rate[row]
            if t > 0:
                for o in range(readout.shape[0]):
                    outputs[t - 1, b, o] = dot(readout[o], rate[row] if read_rates else x[row])
        if t == n_steps:
            break
        for b in range(first, last):
            row = b - first
            if noise_std > 0 and t % some == 0:
                fill_normal(key, t // some * batch + b, noise_std, noise[row].reshape(-1))
            change[row, :n] = noise[row, t % some]
            for s in range(weights.shape[0]):
                add_multiple(change[row, :n], leak * inputs[t, b, s], weights[s])
        multiply(change, rate, panels)
        for row in range(last - first):
            decay(x[row], leak, change[row, :n])


@compiled
def pull_dense(
    first, last, by_outputs, by_rates, inputs, weights, panels, readout, leak, read_rates,
    rates, by_initial, by_weights, by_matrix,
):  # fmt: skip
    """Run trials backwards; arguments as `pull_thin`, `panels` those of leak W.

    `by_matrix`, the gradient by leak W, has rows and columns filled up to multiples of ROWS
    and WIDTH.
    """
    n_steps, n = inputs.shape[0], weights.shape[1]
    rows, wide = whole(last - first, ROWS), by_matrix.shape[1]
    adjoint = np.zeros((rows, by_matrix.shape[0]), weights.dtype)
    sent = np.zeros((CHUNK * rows, wide), weights.dtype)
    taken = np.zeros((CHUNK * rows, by_matrix.shape[0]), weights.dtype)
    back, direct = np.zeros((rows, wide), weights.dtype), np.zeros(n, weights.dtype)
    kept = 0
    for t in range(n_steps - 1, -1, -1):
        for b in range(first, last):
            row = b - first
            mine, rate = adjoint[row, :n], rates[t, b]
            if read_rates or by_rates.shape[0] > 0:
                direct[:] = 0
                if by_rates.shape[0] > 0:
                    direct[:] = by_rates[t, b]
                for o in range(readout.shape[0] if read_rates else 0):
                    add_multiple(direct, by_outputs[t, b, o], readout[o])
                add_through_slope(mine, direct, rates[t + 1, b])
            for o in range(0 if read_rates else readout.shape[0]):
                add_multiple(mine, by_outputs[t, b, o], readout[o])
            for s in range(weights.shape[0]):
                add_multiple(by_weights[s], leak * inputs[t, b, s], mine)
            sent[kept + row, :n] = rate
            taken[kept + row] = adjoint[row]
        back[:] = 0
        multiply(back, adjoint, panels)
        for b in range(first, last):
            mine = adjoint[b - first, :n]
            shrink(mine, leak)
            add_through_slope(mine, back[b - first, :n], rates[t, b])
        kept += rows
        if kept == len(sent) or t == 0:
            add_outer(by_matrix, taken, sent, kept)
            kept = 0
    for b in range(first, last):
        by_initial[b] = adjoint[b - first, :n]
