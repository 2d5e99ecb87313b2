"""Compiled: attractors of a map from states to states, held in memory as little as possible.

1. `count_hits`      how many states each state is the successor of, one byte a state;
2. `index_images`    only states that were hit can have a history: number them;
3. `link_images`     the map among them, and the hits of each;
4. `peel`            remove the states that no remaining state leads to, until cycles remain;
5. `trace_cycles`    name the cycles;
6. `colour`          back in reverse order: attractor and distance of every image;
7. `tally`           basins, longest transients and histogram, each image with its hits.

With `odd` tables, a state stands for the pair s, -s, and a link says in its highest bit
whether the representative changes sign.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, prange, types, uint8, uint32, uint64
from numba.extending import intrinsic

from isochron.analysis.attractors.successors import block_successors

FLAG = np.uint32(1 << 31)
BELOW = np.uint32((1 << 31) - 1)


@intrinsic
def _ones(typing_context: Any, word: Any):
    """Number of bits that are 1."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _lowest(typing_context: Any, word: Any):
    """Position of the lowest bit that is 1."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@njit(cache=True)
def _canonical(tables, word):
    """The one of s and -s that is kept, with FLAG if it is -s; s itself without symmetry."""
    if not tables.odd:
        return word, uint32(0)
    flipped = word >> uint32(tables.n - 1)
    mask = uint32((uint64(1) << uint64(tables.n)) - uint64(1))
    return uint32(word ^ uint32(mask & uint32(-np.int32(flipped)))), uint32(flipped << uint32(31))


@njit(cache=True)
def _count_part(tables, first, stop, hits, log, n_logged):
    """Count hits of the blocks from `first` to `stop`. A full byte goes back to 1 and is logged."""
    out = np.empty((tables.middle.shape[0], tables.low.shape[1]), np.uint32)
    flat = out.reshape(-1)
    tie = False
    for block in range(first, stop):
        tie |= block_successors(tables, block, out)
        for x in range(flat.size):
            flat[x] = _canonical(tables, uint32(flat[x]))[0]
        for x in range(flat.size):
            state = flat[x]
            count = uint8(hits[state] + uint8(1))
            if count == 0:
                count = uint8(1)
                log[n_logged] = state
                n_logged += 1
            hits[state] = count
    return tie, n_logged


@njit(cache=True, parallel=True)
def count_hits(tables, first, stop, hits, logs, n_logged):
    """Count, for the blocks from `first` to `stop`, how often each state is a successor.

    Parameters
    ----------
    hits : ndarray of uint8, shape (n_parts, n_states)
        Added to, one row for each thread.
    logs : ndarray of uint32, shape (n_parts, n_states // 255 + 1)
        A state stands here once for each 255 hits that are not in `hits`.
    n_logged : ndarray of int64, shape (n_parts,)

    Returns
    -------
    bool
        Whether a field was exactly zero.
    """
    parts = hits.shape[0]
    ties = np.zeros(parts, np.bool_)
    for part in prange(parts):
        begin = first + (stop - first) * part // parts
        end = first + (stop - first) * (part + 1) // parts
        ties[part], n_logged[part] = _count_part(
            tables, begin, end, hits[part], logs[part], n_logged[part]
        )
    return ties.any()


@njit(cache=True, parallel=True)
def index_images(hits, index):
    """Number the states that were hit.

    Parameters
    ----------
    index : ndarray of uint64, shape (ceil(n_states / 32),)
        Overwritten: for 32 states, how many images come before them (high half), and which
        of them are images (low half).

    Returns
    -------
    int
        Number of images.
    """
    parts, states = hits.shape
    size = 4096
    n_chunks = (index.size + size - 1) // size
    totals = np.zeros(n_chunks + 1, np.int64)
    for chunk in prange(n_chunks):
        total = uint64(0)
        for w in range(chunk * size, min(index.size, (chunk + 1) * size)):
            word = uint64(0)
            for x in range(w * 32, min(states, (w + 1) * 32)):
                hit = uint8(0)
                for part in range(parts):
                    hit |= hits[part, x]
                word |= uint64(hit != 0) << uint64(x & 31)
            index[w] = word | total << uint64(32)
            total += _ones(word)
        totals[chunk + 1] = total
    for chunk in range(n_chunks):
        totals[chunk + 1] += totals[chunk]
    for chunk in prange(n_chunks):
        before = uint64(totals[chunk]) << uint64(32)
        for w in range(chunk * size, min(index.size, (chunk + 1) * size)):
            index[w] += before
    return totals[n_chunks]


@njit(cache=True)
def number_of(index, state):
    """Number of an image."""
    word = index[state >> uint32(5)]
    below = (uint64(1) << uint64(state & uint32(31))) - uint64(1)
    return uint32((word >> uint64(32)) + _ones(word & below))


@njit(cache=True)
def states_of(index, numbers):
    """The states of numbered images, by bisection."""
    states = np.empty(numbers.size, np.uint32)
    for k in range(numbers.size):
        number = uint64(numbers[k])
        low, high = 0, index.size - 1
        while low < high:
            middle = (low + high + 1) // 2
            if index[middle] >> uint64(32) <= number:
                low = middle
            else:
                high = middle - 1
        bits = index[low] & uint64(0xFFFFFFFF)
        for _ in range(number - (index[low] >> uint64(32))):
            bits &= bits - uint64(1)
        states[k] = low * 32 + _lowest(bits)
    return states


@njit(cache=True, parallel=True)
def link_images(tables, first, stop, hits, index, links, weights):
    """The successor of every image of the blocks from `first` to `stop`, as a number.

    Parameters
    ----------
    links : ndarray of uint32, shape (n_images,)
        Overwritten: number of the successor; FLAG if the representative changes sign.
    weights : ndarray of uint32, shape (n_images,)
        Overwritten: the hits in `hits`.
    """
    for block in prange(first, stop):
        out = np.empty((tables.middle.shape[0], tables.low.shape[1]), np.uint32)
        block_successors(tables, block, out)
        flat = out.reshape(-1)
        begin = uint64(block) * uint64(flat.size)
        number = uint64(number_of(index, uint32(begin)))
        for start in range(0, flat.size, 32):
            bits = index[(begin + uint64(start)) >> uint64(5)] & uint64(0xFFFFFFFF)
            if flat.size < 32:  # the only block of a small network
                bits &= (uint64(1) << uint64(flat.size)) - uint64(1)
            while bits:
                x = uint64(start) + _lowest(bits)
                bits &= bits - uint64(1)
                state, flag = _canonical(tables, uint32(flat[x]))
                links[number] = number_of(index, state) | flag
                weight = uint32(0)
                for part in range(hits.shape[0]):
                    weight += uint32(hits[part, begin + x])
                weights[number] = weight
                number += uint64(1)


@njit(cache=True)
def add_logged(index, log, weights):
    """Add the hits that did not fit in a byte."""
    for state in log:
        weights[number_of(index, state)] += uint32(255)


@njit(cache=True)
def count_degrees(links, degrees):
    """How many images lead to each image; `degrees` starts at 0."""
    for x in range(links.size):
        degrees[links[x] & BELOW] += uint32(1)


@njit(cache=True)
def find_leaves(degrees, order):
    """Put the images that no image leads to first in the order; returns how many."""
    tail = 0
    for x in range(degrees.size):
        order[tail] = x  # overwritten by the next if x is no leaf
        tail += degrees[x] == 0
        if tail == order.size:
            break
    return tail


@njit(cache=True)
def peel(links, degrees, order, head, tail, limit):
    """Remove up to `limit` images in order, each making its successor free if it was the last.

    Returns
    -------
    tuple of int
        Where the order is to be continued, and its length; equal when all is done.
    """
    stop = head + limit
    while head < min(tail, stop):
        y = links[order[head]] & BELOW
        head += 1
        left = degrees[y] - uint32(1)
        degrees[y] = left
        if left == 0:
            order[tail] = y
            tail += 1
    return head, tail


@njit(cache=True)
def count_cycles(links, degrees):
    """Number of cycles; `degrees` of their images goes from 1 to FLAG."""
    cycles = 0
    for x in range(links.size):
        if degrees[x] == 1:
            cycles += 1
            y = uint32(x)
            while degrees[y] == 1:
                degrees[y] = FLAG
                y = links[y] & BELOW
    return cycles


@njit(cache=True)
def trace_cycles(links, labels, lengths, firsts, flips, mirror_low, mirror_high):
    """Describe every cycle, label its images, and set their links to 0, their distance.

    Parameters
    ----------
    labels : ndarray of uint32, shape (n_images,)
        FLAG on cycles; overwritten there by the number of the cycle.
    lengths, firsts : ndarray of int64, shape (n_cycles,)
        Overwritten: number of images, and the smallest of them.
    flips : ndarray of bool, shape (n_cycles,)
        Whether the representative has changed sign after one round: the cycle of pairs is
        then one cycle of twice its length, else two.
    mirror_low, mirror_high : ndarray of int64, shape (n_cycles,)
        Of the cycle through -s, s the smallest image: the smallest image it holds as it is,
        or -1; and the largest that it holds with the other sign.
    """
    cycle = 0
    for x in range(links.size):
        if labels[x] != FLAG:
            continue
        y, side, length = uint32(x), uint32(0), 0
        low, high = -1, np.int64(x)
        while labels[y] == FLAG:
            if side:
                low = np.int64(y) if low < 0 else min(low, np.int64(y))
            else:
                high = max(high, np.int64(y))
            labels[y] = cycle
            link = links[y]
            links[y] = 0
            side ^= link & FLAG
            y = link & BELOW
            length += 1
        lengths[cycle], firsts[cycle], flips[cycle] = length, x, side != 0
        mirror_low[cycle], mirror_high[cycle] = low, high
        cycle += 1


@njit(cache=True)
def colour(links, labels, order, stop, start):
    """Label the peeled images from `stop` down to `start`; their links become distances.

    Returns
    -------
    int
        The largest distance from a cycle.
    """
    longest = uint32(0)
    for k in range(stop - 1, start - 1, -1):
        x = order[k]
        y = links[x] & BELOW
        labels[x] = labels[y]
        distance = links[y] + uint32(1)
        links[x] = distance
        longest = max(longest, distance)
    return longest


@njit(cache=True)
def tally(labels, distances, weights, basins, transients, histogram):
    """Add up what leads to every image.

    Parameters
    ----------
    basins : ndarray of int64, shape (n_cycles,)
        Added to: states that come to each cycle.
    transients : ndarray of int64, shape (n_cycles,)
        Raised to: longest transient of each.
    histogram : ndarray of int64, shape (longest + 2,)
        Added to: states by the number of steps to their cycle.
    """
    for x in range(labels.size):
        label, distance = labels[x], distances[x]
        weight = np.int64(weights[x])
        basins[label] += weight
        if distance == 0:
            histogram[0] += 1
            weight -= 1
        if weight:
            histogram[distance + 1] += weight
            transients[label] = max(transients[label], np.int64(distance) + 1)
