"""Compiled leaky tanh recurrence with few weights: a row of trials for each unit.

    x[t+1] = (1 - a) x[t] + a (W tanh(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'tanh(x[t+1])

A weight is multiplied with `LANES` trials at once, which are neighbours in memory. What a unit
receives, W and B side by side, is one sparse matrix; so are C and all transposes.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from isochron.ann_bridge.nets.fused_math import compiled, fill_normal, fill_tanh
from isochron.ann_bridge.nets.fused_thin import add_through_slope, decay, shrink

LANES = 16  # trials
CHUNK = 8  # steps whose part in the gradient of the weights is taken at once


class Sparse(NamedTuple):
    """A matrix by rows: row i has ``values[starts[i]:starts[i + 1]]`` in `columns`."""

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def sparse(matrix: np.ndarray, pattern: np.ndarray) -> Sparse:
    """The entries of a matrix where a pattern of the same shape is true."""
    rows, columns = np.nonzero(pattern)
    starts = np.searchsorted(rows, np.arange(len(matrix) + 1))
    return Sparse(starts, np.ascontiguousarray(columns), matrix[rows, columns])


any_intrinsic: Any = intrinsic


def _neighbours(*arrays):
    """Refuse, when compiling, arrays with gaps between elements: pointers run over them."""
    if not all(array.layout == "C" for array in arrays):
        raise TypingError(f"Contiguous arrays are needed, got {arrays}.")


def _data(context, builder, signature, arguments, place):
    """Pointer to the first element of an array argument, and the type of its elements."""
    kind = signature.args[place]
    start = context.make_array(kind)(context, builder, arguments[place]).data
    return start, context.get_value_type(kind.dtype)


def _lanes(builder, start, place, number):
    """Pointer to `LANES` neighbours from a place on."""
    vector = ir.VectorType(number, LANES)
    return builder.bitcast(builder.gep(start, [place]), vector.as_pointer())


def _load(builder, start, place, number):
    loaded = builder.load(_lanes(builder, start, place, number))
    loaded.align = 4
    return loaded


def _store(builder, value, start, place, number):
    builder.store(value, _lanes(builder, start, place, number)).align = 4


def _spread(builder, value):
    """A number in all lanes."""
    index = ir.IntType(32)
    undefined = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    one = builder.insert_element(undefined, value, index(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, LANES), None))


def _sum_over(builder, first, last, vector, term):
    """Sum of the vectors ``term(k)`` for k from first to last - 1."""
    before = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("terms", "summed"))
    zero = ir.Constant(vector, None)
    builder.cbranch(builder.icmp_signed("<", first, last), loop, after)
    builder.position_at_end(loop)
    k, total = builder.phi(first.type), builder.phi(vector)
    product = builder.fmul(*term(k), flags=("contract",))
    result = builder.fadd(total, product, flags=("contract",))
    following = builder.add(k, first.type(1))
    for phi, initial, next_one in ((k, first, following), (total, zero, result)):
        phi.add_incoming(initial, before)
        phi.add_incoming(next_one, loop)
    builder.cbranch(builder.icmp_signed("<", following, last), loop, after)
    builder.position_at_end(after)
    found = builder.phi(vector)
    found.add_incoming(zero, before)
    found.add_incoming(result, loop)
    return found


@any_intrinsic
def _add_row(typing_context, out, at, columns, values, first, last, sources):  # noqa: ARG001
    """out[at:at + LANES] += sum over entries k of values[k] sources[columns[k]], by lane."""
    _neighbours(out, columns, values, sources)
    order = (out, types.intp, columns, values, types.intp, types.intp, sources)

    def generate(context, builder, signature, arguments):
        at, first, last = (arguments[k] for k in (1, 4, 5))
        pointers = [_data(context, builder, signature, arguments, k) for k in (0, 2, 3, 6)]
        (out, number), (columns, _), (values, _), (sources, _) = pointers

        def term(k):
            row = builder.mul(builder.load(builder.gep(columns, [k])), at.type(LANES))
            factor = builder.load(builder.gep(values, [k]))
            return _spread(builder, factor), _load(builder, sources, row, number)

        total = _sum_over(builder, first, last, ir.VectorType(number, LANES), term)
        total = builder.fadd(_load(builder, out, at, number), total)
        _store(builder, total, out, at, number)
        return context.get_dummy_value()

    return types.void(*order), generate


@any_intrinsic
def _dot(typing_context, x, x_at, y, y_at, terms):  # noqa: ARG001
    """Sum of products of `terms` times LANES neighbours."""
    _neighbours(x, y)
    order = (x, types.intp, y, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        x_at, y_at, terms = (arguments[k] for k in (1, 3, 4))
        (x, number), (y, _) = (_data(context, builder, signature, arguments, k) for k in (0, 2))
        vector = ir.VectorType(number, LANES)

        def term(k):
            along = builder.mul(k, terms.type(LANES))
            places = ((x, x_at), (y, y_at))
            return [_load(builder, a, builder.add(at, along), number) for a, at in places]

        total = _sum_over(builder, terms.type(0), terms, vector, term)
        name = f"llvm.vector.reduce.fadd.v{LANES}{number.intrinsic_name}"
        kind = ir.FunctionType(number, (number, vector))
        add_lanes = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(add_lanes, (number(0), total), fastmath=("reassoc",))

    return x.dtype(*order), generate


@any_intrinsic
def _copy_lanes(typing_context, source, source_at, out, out_at):  # noqa: ARG001
    """out[out_at:out_at + LANES] = source[source_at:source_at + LANES]"""
    _neighbours(source, out)
    order = (source, types.intp, out, types.intp)

    def generate(context, builder, signature, arguments):
        (source, number), (out, _) = (
            _data(context, builder, signature, arguments, k) for k in (0, 2)
        )
        loaded = _load(builder, source, arguments[1], number)
        _store(builder, loaded, out, arguments[3], number)
        return context.get_dummy_value()

    return types.void(*order), generate


@compiled
def multiply_sparse(out, matrix, sources):
    """out += matrix sources; shapes (rows, LANES) and (columns, LANES)."""
    starts, columns, values = matrix
    for i in range(starts.shape[0] - 1):
        _add_row(out, i * LANES, columns, values, starts[i], starts[i + 1], sources)


@compiled
def add_products(by_values, starts, columns, taken, sources, terms):
    """by_values[k] += the sum of taken[i] sources[j], for each entry k at (i, j).

    Of `taken` and `sources`, shape (rows, CHUNK * LANES), the first ``terms * LANES`` columns.
    """
    row = CHUNK * LANES
    for i in range(starts.shape[0] - 1):
        for k in range(starts[i], starts[i + 1]):
            by_values[k] += _dot(taken, i * row, sources, columns[k] * row, terms)


@compiled
def gather(trials, first, out):
    """out[i] = trials[i, first:first + LANES]"""
    for i in range(trials.shape[0]):
        _copy_lanes(trials, i * trials.shape[1] + first, out, i * LANES)


@compiled
def scatter(rows, out, first):
    """out[i, first:first + LANES] = rows[i]"""
    for i in range(out.shape[0]):
        _copy_lanes(rows, i * LANES, out, i * out.shape[1] + first)


@compiled
def run_sparse(
    first, inputs, initial, received, read, leak, read_rates, noise_std, key, rates, outputs
):
    """Run `LANES` trials from `first` on; the number of trials is a multiple of it.

    Parameters
    ----------
    inputs : ndarray, shape (n_steps, n_inputs, n_trials)
    initial : ndarray, shape (n, n_trials)
    received, read : Sparse
        leak (W, B), shape (n, n + n_inputs), and C', shape (n_outputs, n).
    leak, noise_std : float
    key : ndarray of uint32, shape (2,)
        Of the noise.
    rates, outputs : ndarray, shapes (n_steps + 1, n, n_trials), (n_steps, n_outputs, n_trials)
        Overwritten with tanh(x) and y.
    """
    n_steps, n_inputs, n_trials = inputs.shape
    n = initial.shape[0]
    x, change = np.empty((n, LANES), initial.dtype), np.empty((n, LANES), initial.dtype)
    sent = np.empty((n + n_inputs, LANES), initial.dtype)
    y = np.empty((outputs.shape[1], LANES), initial.dtype)
    rate = sent[:n]
    gather(initial, first, x)
    for t in range(n_steps + 1):
        fill_tanh(x.reshape(-1), rate.reshape(-1))
        scatter(rate, rates[t], first)
        if t > 0:
            y[:] = 0
            multiply_sparse(y, read, rate if read_rates else x)
            scatter(y, outputs[t - 1], first)
        if t == n_steps:
            break
        if noise_std > 0:
            place = (t * n_trials + first) // LANES
            fill_normal(key, place, noise_std, change.reshape(-1))
        else:
            change[:] = 0
        gather(inputs[t], first, sent[n:])
        multiply_sparse(change, received, sent)
        decay(x.reshape(-1), leak, change.reshape(-1))


@compiled
def pull_sparse(
    first, by_outputs, by_rates, inputs, received, returned, unread, leak, read_rates, rates,
    by_initial, by_received,
):  # fmt: skip
    """Run trials backwards; arrays as in `run_sparse`, gradients of the shapes of their names.

    `returned` and `unread` are the transposes leak W' and C. `by_rates` has no steps if the
    loss does not depend on the rates. `by_initial` is overwritten for these trials,
    `by_received`, of the values of leak (W, B), is added to.
    """
    n_steps, n_inputs, _ = inputs.shape
    n, kind = rates.shape[1], rates.dtype
    adjoint, rate = np.zeros((n, LANES), kind), np.empty((n, LANES), kind)
    back, direct = np.empty((n, LANES), kind), np.zeros((n, LANES), kind)
    given, pulled = np.empty((n_inputs, LANES), kind), np.empty((by_outputs.shape[1], LANES), kind)
    sent = np.empty((n + n_inputs, CHUNK * LANES), kind)
    taken = np.empty((n, CHUNK * LANES), kind)
    starts, columns, _ = received
    kept = 0
    gather(rates[n_steps], first, rate)
    for t in range(n_steps - 1, -1, -1):
        gather(by_outputs[t], first, pulled)
        if read_rates or by_rates.shape[0] > 0:
            direct[:] = 0
            if by_rates.shape[0] > 0:
                gather(by_rates[t], first, direct)
            if read_rates:
                multiply_sparse(direct, unread, pulled)
            add_through_slope(adjoint.reshape(-1), direct.reshape(-1), rate.reshape(-1))
        if not read_rates:
            multiply_sparse(adjoint, unread, pulled)
        gather(rates[t], first, rate)
        gather(inputs[t], first, given)
        scatter(rate, sent[:n], kept * LANES)
        scatter(given, sent[n:], kept * LANES)
        scatter(adjoint, taken, kept * LANES)
        back[:] = 0
        multiply_sparse(back, returned, adjoint)
        shrink(adjoint.reshape(-1), leak)
        add_through_slope(adjoint.reshape(-1), back.reshape(-1), rate.reshape(-1))
        kept += 1
        if kept == CHUNK or t == 0:
            add_products(by_received, starts, columns, taken, sent, kept)
            kept = 0
    scatter(adjoint, by_initial, first)
