"""Compiled: the states that are images, and the map among them.

Most states are not the successor of any state. They are counted at their successor, and not
stored. With `odd` tables, a state represents the pair s, -s, and the highest bit of a link is
1 if the representative changes sign.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import prange, types, uint8, uint32, uint64
from numba.extending import intrinsic

from isochron.analysis.sign_networks.successors import block_successors
from isochron.compilation import compiled

FLAG = np.uint32(1 << 31)
BELOW = np.uint32((1 << 31) - 1)


@intrinsic
def _ones(typing_context: Any, word: Any = None):
    """Number of bits that are 1."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _lowest(typing_context: Any, word: Any = None):
    """Position of the lowest bit that is 1."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@compiled()
def _nonzero_bytes(octets):
    """Eight bits: which of the eight bytes of a word are not 0."""
    low = uint64(0x7F7F7F7F7F7F7F7F)
    high = (((octets & low) + low) | octets) & ~low
    return ((high >> uint64(7)) * uint64(0x0102040810204080)) >> uint64(56)


@compiled()
def _canonical(tables, word):
    """The representative of s and -s, with FLAG if it is -s; s itself without symmetry."""
    if not tables.odd:
        return word, uint32(0)
    flipped = word >> uint32(tables.n - 1)
    mask = uint32((uint64(1) << uint64(tables.n)) - uint64(1))
    return uint32(word ^ uint32(mask & uint32(-np.int32(flipped)))), uint32(flipped << uint32(31))


@compiled()
def _count_part(tables, first, stop, hits, log, n_logged, doubtful):
    """Count hits of the blocks from `first` to `stop`. A full byte is logged and reset to 1."""
    out = np.empty((tables.middle.shape[0], tables.low.shape[1]), np.uint32)
    flat = out.reshape(-1)
    tie = False
    for block in range(first, stop):
        doubtful[block], zero = block_successors(tables, block, tables.slack >= 0, out)
        tie |= zero
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


@compiled(parallel=True)
def count_hits(tables, first, stop, hits, logs, n_logged, doubtful):
    """Count the predecessors of each state in the blocks from `first` to `stop`.

    Parameters
    ----------
    hits : ndarray of uint8, shape (n_parts, n_states or more)
        Increased; one row for each thread.
    logs : ndarray of uint32, shape (n_parts, n_states // 255 + 1)
        Overwritten: a state is listed once for each 255 hits that are not in `hits`.
    n_logged : ndarray of int64, shape (n_parts,)
    doubtful : ndarray of bool, shape (n_blocks,)
        Overwritten: whether a field in the block was too close to zero.

    Returns
    -------
    bool
        Whether a field was exactly zero.
    """
    parts = hits.shape[0]
    ties = np.zeros(parts, np.bool_)
    for part in prange(parts):
        start = first + (stop - first) * part // parts
        end = first + (stop - first) * (part + 1) // parts
        ties[part], n_logged[part] = _count_part(
            tables, start, end, hits[part], logs[part], n_logged[part], doubtful
        )
    return ties.any()


@compiled(parallel=True)
def index_images(hits, index):
    """Number the states that were hit.

    Parameters
    ----------
    hits : ndarray of uint64, shape (n_parts, 4 * n_words)
        One byte a state, padded with 0.
    index : ndarray of uint64, shape (n_words,)
        Overwritten: for 32 states, the number of images before them (high half), and one bit
        for each of them that is an image (low half).

    Returns
    -------
    int
        Number of images.
    """
    size = 4096
    n_chunks = (index.size + size - 1) // size
    totals = np.zeros(n_chunks + 1, np.int64)
    for chunk in prange(n_chunks):
        total = uint64(0)
        for w in range(chunk * size, min(index.size, (chunk + 1) * size)):
            word = uint64(0)
            for octet in range(4):
                hit = uint64(0)
                for part in range(hits.shape[0]):
                    hit |= hits[part, 4 * w + octet]
                word |= _nonzero_bytes(hit) << uint64(8 * octet)
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


@compiled()
def number_of(index, state):
    """Number of an image."""
    word = index[state >> uint32(5)]
    below = (uint64(1) << uint64(state & uint32(31))) - uint64(1)
    return uint32((word >> uint64(32)) + _ones(word & below))


@compiled()
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


@compiled(parallel=True)
def link_images(tables, first, stop, hits, doubtful, index, links, weights):
    """The successor of every image of the blocks from `first` to `stop`, as a number.

    Parameters
    ----------
    doubtful : ndarray of bool, shape (n_blocks,)
        Blocks with a field too close to zero; the others need not be checked again.
    links : ndarray of uint32, shape (n_images,)
        Overwritten: number of the successor; FLAG if the representative changes sign.
    weights : ndarray of uint32, shape (n_images,)
        Overwritten: the hits in `hits`.
    """
    for block in prange(first, stop):
        out = np.empty((tables.middle.shape[0], tables.low.shape[1]), np.uint32)
        block_successors(tables, block, doubtful[block], out)
        flat = out.reshape(-1)
        begin = uint64(block) * uint64(flat.size)
        number = uint64(number_of(index, uint32(begin)))
        count = _gather_images(index, begin, flat, hits, weights[number:])
        for k in range(count):
            state, flag = _canonical(tables, uint32(flat[k]))
            links[number + uint64(k)] = number_of(index, state) | flag


@compiled()
def _gather_images(index, begin, flat, hits, weights):
    """Move the successors of images to the front, add up their hits, and return their number."""
    count = 0
    for start in range(0, flat.size, 32):
        bits = index[(begin + uint64(start)) >> uint64(5)] & uint64(0xFFFFFFFF)
        while bits:
            x = uint64(start) + _lowest(bits)
            bits &= bits - uint64(1)
            flat[count] = flat[x]
            weight = uint32(0)
            for part in range(hits.shape[0]):
                weight += uint32(hits[part, begin + x])
            weights[count] = weight
            count += 1
    return count


@compiled()
def add_logged(index, log, weights):
    """Add the hits that did not fit in a byte."""
    for state in log:
        weights[number_of(index, state)] += uint32(255)
