"""Kernel of the engine "triton": the second-order step of `strang`, one worm to a lane.

One launch takes many steps. Arrays have members last, so that the lanes of a program read
neighboring numbers; lists of connections are read as scalars, the same for all lanes. A lane reads
and writes only its own column of the state and of the work arrays.

Contacts are signed: positive for excitatory synapses, negative for inhibitory ones. PER_MEMBER
states whether contacts and gap junctions have one column for each member, or one for all.
"""

from typing import Any

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

jit: Any = triton.jit


@jit
def _constant(constants, which: tl.constexpr, members, lane, here):
    return tl.load(constants + which * members + lane, here, other=1)


@jit
def _weight(weights, e, members, lane, here, PER_MEMBER: tl.constexpr):
    if PER_MEMBER:
        found = tl.load(weights + e * members + lane, here, other=0)
    else:  # one number for all lanes
        found = tl.load(weights + e) + tl.zeros(lane.shape, weights.dtype.element_ty)
    return found


@jit
def _relax(v, s, threshold, constants, half, n, members, lane, here):
    """Synapses over half a step at constant potentials."""
    a_r = _constant(constants, 7, members, lane, here)
    a_d = _constant(constants, 8, members, lane, here)
    steepness = _constant(constants, 9, members, lane, here)
    for i in range(n):
        at = i * members + lane
        distance = tl.load(v + at, here, other=0) - tl.load(threshold + at, here, other=0)
        opening = a_r / (1 + tl.exp(-steepness * distance))
        rate = opening + a_d
        target = opening / rate
        before = tl.load(s + at, here, other=0)
        tl.store(s + at, target + tl.exp(-rate * half) * (before - target), here)


@jit
def _sum_synapses(
    s, conductance, pull, constants, start, pre, contacts, n, members, lane, here,
    PER_MEMBER: tl.constexpr,
):  # fmt: skip
    """Conductance into each neuron, and the current that it drives towards 0 mV."""
    scale = _constant(constants, 4, members, lane, here)
    excitatory = _constant(constants, 5, members, lane, here)
    inhibitory = _constant(constants, 6, members, lane, here)
    for i in range(n):
        opens, closes = tl.zeros_like(scale), tl.zeros_like(scale)
        for e in range(tl.load(start + i), tl.load(start + i + 1)):
            signed = _weight(contacts, e, members, lane, here, PER_MEMBER)
            gate = tl.load(s + tl.load(pre + e) * members + lane, here, other=0)
            opens += tl.maximum(signed, 0) * gate
            closes += tl.maximum(-signed, 0) * gate
        at = i * members + lane
        tl.store(conductance + at, scale * (opens + closes), here)
        tl.store(pull + at, scale * (opens * excitatory + closes * inhibitory), here)


@jit
def _factorize(
    diagonal, factor, conductance, constants, inertia, order, gap_sum, gap, start, row, place,
    n, n_entries, members, lane, here, PER_MEMBER: tl.constexpr,
):  # fmt: skip
    """L D L' of inertia + G_c + Laplacian + diag(conductance), in elimination order."""
    passive = inertia + _constant(constants, 1, members, lane, here)
    scale = _constant(constants, 3, members, lane, here)
    for j in range(n):
        base = passive + tl.load(conductance + tl.load(order + j) * members + lane, here, other=0)
        total = base + scale * _weight(gap_sum, j, members, lane, here, PER_MEMBER)
        tl.store(diagonal + j * members + lane, total, here)
    for e in range(n_entries):
        entry = -scale * _weight(gap, e, members, lane, here, PER_MEMBER)
        tl.store(factor + e * members + lane, entry, here)
    update = 0
    for j in range(n):
        pivot = tl.load(diagonal + j * members + lane, here, other=1)
        stop = tl.load(start + j + 1)
        for e in range(tl.load(start + j), stop):
            at = factor + e * members + lane
            entry = tl.load(at, here, other=0)
            ratio = entry / pivot
            below = diagonal + tl.load(row + e) * members + lane
            tl.store(below, tl.load(below, here, other=1) - ratio * entry, here)
            for f in range(e + 1, stop):
                later = tl.load(factor + f * members + lane, here, other=0)
                hit = factor + tl.load(place + update) * members + lane
                tl.store(hit, tl.load(hit, here, other=0) - ratio * later, here)
                update += 1
            tl.store(at, ratio, here)


@jit
def _move_voltage(
    v, middle, diagonal, factor, pull, current, constants, inertia, order, start, row,
    n, members, lane, here,
):  # fmt: skip
    """Implicit midpoint: solve for the midpoint, then reflect."""
    leak = _constant(constants, 1, members, lane, here)
    rest = leak * _constant(constants, 2, members, lane, here)
    for j in range(n):
        at = tl.load(order + j) * members + lane
        driven = tl.load(pull + at, here, other=0) + tl.load(current + at, here, other=0)
        right = inertia * tl.load(v + at, here, other=0) + rest + driven
        tl.store(middle + j * members + lane, right, here)
    for j in range(n):
        known = tl.load(middle + j * members + lane, here, other=0)
        for e in range(tl.load(start + j), tl.load(start + j + 1)):
            below = middle + tl.load(row + e) * members + lane
            part = tl.load(factor + e * members + lane, here, other=0) * known
            tl.store(below, tl.load(below, here, other=0) - part, here)
    for back in range(n):
        j = n - 1 - back
        solved = tl.load(middle + j * members + lane, here, other=0)
        solved /= tl.load(diagonal + j * members + lane, here, other=1)
        for e in range(tl.load(start + j), tl.load(start + j + 1)):
            below = tl.load(middle + tl.load(row + e) * members + lane, here, other=0)
            solved -= tl.load(factor + e * members + lane, here, other=0) * below
        tl.store(middle + j * members + lane, solved, here)
        at = v + tl.load(order + j) * members + lane
        tl.store(at, 2 * solved - tl.load(at, here, other=0), here)


@jit
def advance_members(
    state, work, constants, thresholds, currents, step_ms,
    synapse_start, synapse_pre, contacts, order, gap_sum, factor_start, factor_row, gap, place,
    n, n_entries, members, n_steps, n_thresholds, n_currents,
    PER_MEMBER: tl.constexpr, LANES: tl.constexpr,
):  # fmt: skip
    """Take steps in place.

    Rows of `state`: potentials, activations. Rows of `work`: conductance, pull, diagonal, midpoint
    (n each), factor (n_entries). Rows of `constants`: capacitance, leak conductance, leak
    reversal, gap conductance, synaptic conductance, excitatory and inhibitory reversal, opening
    and closing rate, steepness. Row t of `thresholds` and of `currents` is that of step t; the
    first follows the last.
    """
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    here = lane < members
    block = n * members
    v, s = state, state + block
    conductance, pull = work, work + block
    diagonal, middle, factor = work + 2 * block, work + 3 * block, work + 4 * block
    step = tl.load(step_ms)
    inertia = 2 * _constant(constants, 0, members, lane, here) / step
    for t in range(n_steps):
        threshold = thresholds + (t % n_thresholds) * block
        current = currents + (t % n_currents) * block
        _relax(v, s, threshold, constants, step / 2, n, members, lane, here)
        _sum_synapses(
            s, conductance, pull, constants, synapse_start, synapse_pre, contacts,
            n, members, lane, here, PER_MEMBER,
        )  # fmt: skip
        _factorize(
            diagonal, factor, conductance, constants, inertia, order, gap_sum, gap, factor_start,
            factor_row, place, n, n_entries, members, lane, here, PER_MEMBER,
        )  # fmt: skip
        _move_voltage(
            v, middle, diagonal, factor, pull, current, constants, inertia, order, factor_start,
            factor_row, n, members, lane, here,
        )  # fmt: skip
        _relax(v, s, threshold, constants, step / 2, n, members, lane, here)
