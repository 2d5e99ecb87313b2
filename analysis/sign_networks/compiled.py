"""The backend of `enumerate_attractors` on a CPU: allocation, and work slab by slab."""

import os
from functools import cache
from typing import Any

import numpy as np

from isochron.analysis.sign_networks import cycles, images
from isochron.analysis.sign_networks.enumeration import (
    SLAB,
    Report,
    check_memory,
    limited_threads,
)
from isochron.analysis.sign_networks.network import SignNetwork
from isochron.analysis.sign_networks.successors import Tables, build_tables

BYTES_PER_IMAGE = 32  # weights 4, places 8, and links of all layers, each 0.8 of the last, 20
SMALL = 1 << 16  # states that are not worth a second thread
WORTHWHILE = 0.8  # a layer is removed as a whole if a smaller fraction remains
COUNTED, LINKED, PEELED = 0.45, 0.75, 0.9  # fractions of the time, for the progress bar


def find_cycles(
    network: SignNetwork,
    symmetric: bool,
    allowed: int,
    report: Report,
    n_threads: int | None = None,
) -> dict[str, np.ndarray] | None:
    """Columns of an `Enumeration`, or None if a tie breaks the symmetry that was assumed.

    Raises
    ------
    MemoryError
        Before the work if the states do not fit, or after counting if their images do not.
    """
    check_ties = symmetric and network.breaks_symmetry
    rows = network.plain_rows if check_ties else network.rows
    tables = build_tables(rows, odd=symmetric, check_ties=check_ties)
    states = tables.n_states
    threads = n_threads or os.cpu_count() or 1 if states > SMALL else 1
    threads = max(1, min(threads, allowed // 2 // states))
    fixed = states * threads + states // 4
    check_memory(fixed, allowed, f"Counting the images of 2**{network.n} states")
    with limited_threads(threads):
        counted = _count(tables, threads, report)
        if counted is None:
            return None
        hits, logs, doubtful = counted
        index = np.empty(hits.shape[1] // 32, dtype=np.uint64)
        n_images = int(images.index_images(hits.view(np.uint64), index))
        check_memory(
            fixed + BYTES_PER_IMAGE * n_images,
            allowed,
            f"Following the {n_images:,} images of 2**{network.n} states",
        )
        links, weights = _link(tables, hits, logs, doubtful, index, n_images, report)
        del hits, counted
        return _follow(tables, index, links, weights, report)


def _count(tables: Tables, threads: int, report: Report):
    """Hits of every state, one row a thread; hits that did not fit in a byte; blocks to check."""
    states = tables.n_states
    hits = np.zeros((threads, -(-states // 32) * 32), dtype=np.uint8)
    logs = np.empty((threads, states // 255 + 1), dtype=np.uint32)
    n_logged = np.zeros(threads, dtype=np.int64)
    doubtful = np.zeros(states // tables.block_size, dtype=bool)
    for first, stop in _slabs(tables):
        report(COUNTED * first * tables.block_size / states, "counting images")
        tie = images.count_hits(tables, first, stop, hits, logs, n_logged, doubtful)
        if tie and tables.odd:
            return None
    return hits, [log[:count] for log, count in zip(logs, n_logged, strict=True)], doubtful


def _link(tables: Tables, hits, logs, doubtful, index, n_images: int, report: Report):
    """The map among images, and the hits of each."""
    links = np.empty(n_images, dtype=np.uint32)
    weights = np.empty(n_images, dtype=np.uint32)
    for first, stop in _slabs(tables):
        done = first * tables.block_size / tables.n_states
        report(COUNTED + (LINKED - COUNTED) * done, "linking images")
        images.link_images(tables, first, stop, hits, doubtful, index, links, weights)
    for log in logs:
        images.add_logged(index, log, weights)
    return links, weights


@cache
def warm_up() -> None:
    """Compile, or load compiled code from the cache, once a process."""
    with_transients = SignNetwork.of([[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    for symmetric in (False, True):
        find_cycles(with_transients, symmetric, 1 << 20, lambda fraction, text: None)
    _describe(np.zeros(64, dtype=np.uint32), lambda fraction, text: None, small=1)


def _describe(
    links: np.ndarray, report: Report, small: int = SMALL
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Place of every image (see `cycles.spread`) and its cycles.

    While a layer of leaves is a large part of the remaining images, all threads remove it as a
    whole; then images are removed one by one.
    """
    if links.size < small:
        return _peel(links, report)
    marks = np.zeros(-(-links.size // 32) * 32, dtype=np.uint8)
    cycles.mark_targets(links, marks)
    index = np.empty(marks.size // 32, dtype=np.uint64)
    n_inner = images.index_images(marks.view(np.uint64)[None], index)
    del marks
    if n_inner > WORTHWHILE * links.size:
        return _peel(links, report)
    report(LINKED, "peeling transients")
    inner = np.empty(n_inner, dtype=np.uint32)
    cycles.renumber(links, index, inner)
    inner_places, found = _describe(inner, report, max(small, 2))
    del inner
    for name in ("firsts", "mirror_low", "mirror_high"):
        known = found[name] >= 0
        found[name][known] = images.states_of(index, found[name][known])
    places = np.empty(links.size, dtype=np.uint64)
    cycles.spread(links, index, inner_places, places)
    return places, found


def _peel(links: np.ndarray, report: Report) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Result of `_describe`, leaf by leaf."""
    labels = np.zeros(links.size, dtype=np.uint32)
    order = np.empty(links.size, dtype=np.uint32)
    cycles.count_degrees(links, labels)
    head, tail = 0, cycles.find_leaves(labels, order)
    while head < tail:
        report(LINKED + (PEELED - LINKED) * head / links.size, "peeling transients")
        head, tail = cycles.peel(links, labels, order, head, tail, SLAB)
    n_cycles = cycles.count_cycles(links, labels)
    found = {
        name: np.empty(n_cycles, dtype=np.int64)
        for name in ("lengths", "firsts", "flips", "mirror_low", "mirror_high")
    }
    cycles.trace_cycles(links, labels, *found.values())
    for stop in range(tail, 0, -SLAB):
        report(PEELED, "measuring basins")
        cycles.label_peeled(links, labels, order, stop, max(0, stop - SLAB))
    del order
    places = np.empty(links.size, dtype=np.uint64)
    cycles.join(links, labels, places)
    return places, found


def _follow(tables: Tables, index, links, weights, report: Report) -> dict[str, np.ndarray]:
    """Columns of the result from the map among images."""
    places, found = _describe(links, report)
    basins, transients = np.zeros((2, found["lengths"].size), dtype=np.int64)
    histogram = np.zeros(cycles.longest_distance(places) + 2, dtype=np.int64)
    cycles.tally(places, weights, basins, transients, histogram)
    if not histogram[-1]:
        histogram = histogram[:-1]
    report(1.0, "done")
    for name in ("firsts", "mirror_low", "mirror_high"):
        known = found[name] >= 0
        found[name][known] = images.states_of(index, found[name][known])
    if tables.odd:
        return _both_signs(tables.n, found, basins, transients, 2 * histogram)
    return _columns(found["lengths"], basins, found["firsts"], transients, histogram)


def _columns(lengths, basins, representatives, transients, histogram) -> dict[str, Any]:
    return {
        "lengths": lengths,
        "basins": basins,
        "representatives": representatives,
        "max_transients": transients,
        "transients": histogram,
    }


def _both_signs(n, found, basins, transients, histogram) -> dict[str, np.ndarray]:
    """Attractors of the states from those of the pairs s, -s.

    A cycle of pairs that changes sign is one cycle of twice the length. Otherwise there are
    two: one through the representative of the smallest pair, which starts with a bit of 0 and
    is the smallest state; and its mirror image.
    """
    one = found["flips"] != 0
    two = ~one
    lengths, first = found["lengths"], found["firsts"]
    highest = (1 << n) - 1 - found["mirror_high"]
    mirrored = np.where(found["mirror_low"] >= 0, found["mirror_low"], highest)
    return _columns(
        np.concatenate([2 * lengths[one], lengths[two], lengths[two]]),
        np.concatenate([2 * basins[one], basins[two], basins[two]]),
        np.concatenate([first[one], first[two], mirrored[two]]),
        np.concatenate([transients[one], transients[two], transients[two]]),
        histogram,
    )


def _slabs(tables: Tables):
    """Ranges of blocks of about SLAB states."""
    blocks = tables.n_states // tables.block_size
    step = max(1, SLAB // tables.block_size)
    return ((first, min(blocks, first + step)) for first in range(0, blocks, step))
