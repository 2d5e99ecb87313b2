"""The road of `enumerate_attractors` on a CPU: what is allocated when, slab by slab."""

import os
from typing import Any

import numpy as np

from isochron.analysis.attractors import graph
from isochron.analysis.attractors.enumeration import (
    SLAB,
    Report,
    check_memory,
    limited_threads,
)
from isochron.analysis.attractors.network import SignNetwork
from isochron.analysis.attractors.successors import Tables, build_tables

BYTES_PER_IMAGE = 16
SMALL = 1 << 16  # states that are not worth a second thread
SHARES = (0.45, 0.2, 0.2, 0.15)  # of the time: counting, linking, peeling, colouring


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
    watch = symmetric and network.breaks_symmetry
    rows = network.plain_rows if watch else network.rows
    tables = build_tables(rows, odd=symmetric, watch_ties=watch)
    states = tables.n_states
    threads = n_threads or len(os.sched_getaffinity(0)) if states > SMALL else 1
    threads = max(1, min(threads, allowed // 2 // states))
    fixed = states * threads + states // 4
    check_memory(fixed, allowed, f"Counting the images of 2**{network.n} states")
    with limited_threads(threads):
        counted = _count(tables, threads, report)
        if counted is None:
            return None
        hits, logs = counted
        index = np.empty(-(-states // 32), dtype=np.uint64)
        images = graph.index_images(hits, index)
        check_memory(
            fixed + BYTES_PER_IMAGE * images,
            allowed,
            f"Following the {images:,} images of 2**{network.n} states",
        )
        links, weights = _link(tables, hits, logs, index, images, report)
        del hits
        return _follow(tables, index, links, weights, report)


def _count(tables: Tables, threads: int, report: Report):
    hits = np.zeros((threads, tables.n_states), dtype=np.uint8)
    logs = np.empty((threads, tables.n_states // 255 + 1), dtype=np.uint32)
    n_logged = np.zeros(threads, dtype=np.int64)
    for first, stop in _slabs(tables):
        report(SHARES[0] * first * tables.block_size / tables.n_states, "counting images")
        if graph.count_hits(tables, first, stop, hits, logs, n_logged) and _ties_matter(tables):
            return None
    return hits, [log[:count] for log, count in zip(logs, n_logged, strict=True)]


def _ties_matter(tables: Tables) -> bool:
    """Rows with a term that breaks ties have no fields of zero; plain ones are for symmetry."""
    return tables.odd


def _link(tables: Tables, hits, logs, index, images: int, report: Report):
    links = np.empty(images, dtype=np.uint32)
    weights = np.empty(images, dtype=np.uint32)
    for first, stop in _slabs(tables):
        done = first * tables.block_size / tables.n_states
        report(SHARES[0] + SHARES[1] * done, "linking images")
        graph.link_images(tables, first, stop, hits, index, links, weights)
    for log in logs:
        graph.add_logged(index, log, weights)
    return links, weights


def _follow(tables: Tables, index, links, weights, report: Report) -> dict[str, np.ndarray]:
    labels = np.zeros(links.size, dtype=np.uint32)
    order = np.empty(links.size, dtype=np.uint32)
    before = SHARES[0] + SHARES[1]
    report(before, "peeling transients")
    graph.count_degrees(links, labels)
    head, tail = 0, graph.find_leaves(labels, order)
    while head < tail:
        report(before + SHARES[2] * head / links.size, "peeling transients")
        head, tail = graph.peel(links, labels, order, head, tail, SLAB)
    n_cycles = graph.count_cycles(links, labels)
    lengths, firsts, mirror_low, mirror_high = np.empty((4, n_cycles), dtype=np.int64)
    flips = np.empty(n_cycles, dtype=bool)
    graph.trace_cycles(links, labels, lengths, firsts, flips, mirror_low, mirror_high)
    longest = 0
    for stop in range(tail, 0, -SLAB):
        done = 1 - stop / max(1, links.size)
        report(before + SHARES[2] + SHARES[3] * done, "measuring basins")
        longest = max(longest, graph.colour(links, labels, order, stop, max(0, stop - SLAB)))
    basins, transients = np.zeros((2, n_cycles), dtype=np.int64)
    histogram = np.zeros(longest + 2, dtype=np.int64)
    graph.tally(labels, links, weights, basins, transients, histogram)
    if not histogram[-1]:
        histogram = histogram[:-1]
    report(1.0, "done")
    if not tables.odd:
        representatives = graph.states_of(index, firsts).astype(np.int64)
        return _columns(lengths, basins, representatives, transients, histogram)
    return _both_signs(
        tables.n, index, lengths, firsts, flips, mirror_low, mirror_high, basins, transients,
        histogram,
    )  # fmt: skip


def _columns(lengths, basins, representatives, transients, histogram) -> dict[str, Any]:
    return {
        "lengths": lengths,
        "basins": basins,
        "representatives": representatives,
        "max_transients": transients,
        "transients": histogram,
    }


def _both_signs(
    n, index, lengths, firsts, flips, mirror_low, mirror_high, basins, transients, histogram
) -> dict[str, np.ndarray]:
    """Attractors of the states from those of the pairs s, -s.

    A cycle of pairs that changes sign is one cycle of twice the length. Otherwise there are
    two: one through the smallest pair as it is kept, which starts with a bit of 0 and is
    the smallest state; and its mirror image.
    """
    one, two = flips, ~flips
    plain = graph.states_of(index, firsts).astype(np.int64)
    kept = mirror_low >= 0
    mirrored = graph.states_of(index, np.where(kept, mirror_low, mirror_high)).astype(np.int64)
    mirrored = np.where(kept, mirrored, (1 << n) - 1 - mirrored)
    return _columns(
        np.concatenate([2 * lengths[one], lengths[two], lengths[two]]),
        np.concatenate([2 * basins[one], basins[two], basins[two]]),
        np.concatenate([plain[one], plain[two], mirrored[two]]),
        np.concatenate([transients[one], transients[two], transients[two]]),
        2 * histogram,
    )


def _slabs(tables: Tables):
    """Ranges of blocks of about SLAB states."""
    blocks = tables.n_states // tables.block_size
    step = max(1, SLAB // tables.block_size)
    return ((first, min(blocks, first + step)) for first in range(0, blocks, step))
