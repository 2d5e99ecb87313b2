"""Compiled: cycles, basins and transients of a map from numbers to numbers.

The map is given as links; see `isochron.analysis.sign_networks.images`. Numbers without a
predecessor are removed in layers until only cycles remain. Then attractor and distance are
spread back in reverse order. In both directions the reads are independent of each other, so
that the processor can do many at a time; a walk along links would wait for each.
"""

import numpy as np
from numba import prange, uint8, uint32, uint64

from isochron.analysis.sign_networks.images import BELOW, FLAG, number_of
from isochron.compilation import compiled

CHUNK = 1 << 14


@compiled(parallel=True)
def mark_targets(links, marks):
    """Set the byte of every number that a link leads to.

    Threads may write the same byte, but they write the same value.
    """
    for x in prange(links.size):
        marks[links[x] & BELOW] = uint8(1)


@compiled(parallel=True)
def renumber(links, index, inner):
    """Replace links by the number of their target among the targets of all links.

    Parameters
    ----------
    links : ndarray of uint32, shape (n,)
        Overwritten.
    index : ndarray of uint64
        Index of the targets; see `index_images`.
    inner : ndarray of uint32, shape (n_targets,)
        Overwritten: the links of the targets.
    """
    for chunk in prange((links.size + CHUNK - 1) // CHUNK):
        start, stop = chunk * CHUNK, min(links.size, (chunk + 1) * CHUNK)
        for x in range(start, stop):
            link = links[x]
            links[x] = number_of(index, uint32(link & BELOW)) | (link & FLAG)
        number = number_of(index, uint32(start))
        for x in range(start, stop):
            if (index[x >> 5] >> uint64(x & 31)) & uint64(1):
                inner[number] = links[x]
                number += uint32(1)


@compiled(parallel=True)
def spread(links, index, inner, places):
    """Places of all numbers from those of the targets.

    Parameters
    ----------
    links : ndarray of uint32, shape (n,)
        Made by `renumber`.
    inner : ndarray of uint64, shape (n_targets,)
        For each target, the distance from its cycle (high half) and the label of the cycle (low
        half), in one word because they are read together, in random order.
    places : ndarray of uint64, shape (n,)
        Overwritten.
    """
    for chunk in prange((links.size + CHUNK - 1) // CHUNK):
        start, stop = chunk * CHUNK, min(links.size, (chunk + 1) * CHUNK)
        for x in range(start, stop):
            places[x] = inner[links[x] & BELOW] + (uint64(1) << uint64(32))
        number = number_of(index, uint32(start))
        for x in range(start, stop):
            if (index[x >> 5] >> uint64(x & 31)) & uint64(1):
                places[x] = inner[number]  # at distance 0 on a cycle
                number += uint32(1)


@compiled()
def count_degrees(links, degrees):
    """Count the images that lead to each image; `degrees` starts at 0."""
    for x in range(links.size):
        degrees[links[x] & BELOW] += uint32(1)


@compiled()
def find_leaves(degrees, order):
    """Put the images without a predecessor first in the order, and return their number."""
    tail = 0
    for x in range(degrees.size):
        order[tail] = x  # overwritten by the next one unless x is a leaf
        tail += degrees[x] == 0
        if tail == order.size:
            break
    return tail


@compiled()
def peel(links, degrees, order, head, tail, limit):
    """Remove up to `limit` images in order, and append each successor that loses its last one.

    Returns
    -------
    tuple of int
        Position at which the order continues, and its length; equal at the end.
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


@compiled()
def count_cycles(links, degrees):
    """Number of cycles; `degrees` of their images changes from 1 to FLAG."""
    cycles = 0
    for x in range(links.size):
        if degrees[x] == 1:
            cycles += 1
            y = uint32(x)
            while degrees[y] == 1:
                degrees[y] = FLAG
                y = links[y] & BELOW
    return cycles


@compiled()
def trace_cycles(links, labels, lengths, firsts, flips, mirror_low, mirror_high):
    """Describe every cycle, label its images, and set their links to 0, their distance.

    Parameters
    ----------
    labels : ndarray of uint32, shape (n_images,)
        FLAG on cycles; overwritten there by the number of the cycle.
    lengths, firsts : ndarray of int64, shape (n_cycles,)
        Overwritten: number of images, and the smallest of them.
    flips : ndarray of int64, shape (n_cycles,)
        1 or 0: whether the representative has changed sign after one round: the cycle of pairs is
        then one cycle of twice its length, otherwise two cycles.
    mirror_low, mirror_high : ndarray of int64, shape (n_cycles,)
        For the cycle through -s, where s is the smallest image: its smallest image with
        unchanged sign, or -1; and its largest image with the other sign.
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


@compiled()
def label_peeled(links, labels, order, stop, start):
    """Label the peeled images from `stop` down to `start`; their links become distances."""
    for k in range(stop - 1, start - 1, -1):
        x = order[k]
        y = links[x] & BELOW
        labels[x] = labels[y]
        links[x] = links[y] + uint32(1)


@compiled()
def join(distances, labels, places):
    """Put distance and label in one word; see `spread`."""
    for x in range(places.size):
        places[x] = uint64(distances[x]) << uint64(32) | uint64(labels[x])


@compiled()
def longest_distance(places):
    """The largest distance of a number from its cycle."""
    longest = uint64(0)
    for x in range(places.size):
        longest = max(longest, places[x])
    return longest >> uint64(32)


@compiled()
def tally(places, weights, basins, transients, histogram):
    """Add up basins and transients over all images.

    Parameters
    ----------
    places : ndarray of uint64, shape (n_images,)
        See `spread`.
    weights : ndarray of uint32, shape (n_images,)
        Number of hits of each image.
    basins : ndarray of int64, shape (n_cycles,)
        Increased by the number of states that converge to each cycle.
    transients : ndarray of int64, shape (n_cycles,)
        Raised to the longest transient of each cycle.
    histogram : ndarray of int64, shape (longest + 2,)
        Increased by the number of states at each number of steps from their cycle.
    """
    for x in range(places.size):
        label = places[x] & uint64(0xFFFFFFFF)
        distance = np.int64(places[x] >> uint64(32))
        weight = np.int64(weights[x])
        basins[label] += weight
        if distance == 0:
            histogram[0] += 1
            weight -= 1
        if weight:
            histogram[distance + 1] += weight
            transients[label] = max(transients[label], distance + 1)
