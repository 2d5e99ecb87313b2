"""Newton's method on several states of an orbit at once, for orbits that errors leave fast."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles.result import NotFoundError, orbit_size

_HALVINGS = 6


def segment_edges(back: ReturnMap, n_segments: int) -> np.ndarray:
    """Fractions of the period where segments meet; whole steps of a map."""
    edges = back.split(0.0, 1.0, n_segments)
    if len(edges) != n_segments + 1:
        raise ValueError(f"{n_segments} segments need as many steps, got {back.n_steps}.")
    return edges


def spread_nodes(back: ReturnMap, start: np.ndarray, n_segments: int) -> np.ndarray:
    """States at the beginnings of segments, along the orbit of the first."""
    nodes = [start]
    for begin, end in pairwise(segment_edges(back, n_segments)[:-1]):
        nodes.append(back.part(nodes[-1], begin, end))
    return np.array(nodes)


def shoot_segments(back: ReturnMap, nodes, tolerance, max_iterations, *, forced):
    """Newton on (x_1 … x_s, T): each segment ends where the next starts.

    Without a forcing, the first node moves in the plane normal to its velocity and the
    period of `back` is solved for. A step that does not reduce the largest gap is halved.

    References
    ----------
    Stoer and Bulirsch (2002), Introduction to Numerical Analysis, section 7.3.5.
    """
    nodes = np.array(nodes, dtype=float)
    anchor, size = nodes[0].copy(), orbit_size(nodes)
    normal = None if forced else back.velocity(anchor)
    period = back.period
    gaps, matrix = _linearise(back, nodes, normal)
    error = _largest(gaps) / size
    for iteration in range(max_iterations):
        if error <= tolerance:
            return nodes, iteration
        right = gaps.ravel()
        if normal is not None:
            right = np.append(right, normal @ (nodes[0] - anchor))
        try:
            move = splu(matrix).solve(-right)
        except RuntimeError:  # singular
            break
        for halving in range(_HALVINGS):
            fraction = 0.5**halving
            trial = nodes + fraction * move[: nodes.size].reshape(nodes.shape)
            if not forced:
                longer = period + fraction * move[-1]
                if not 0 < longer < math.inf:
                    continue
                back.period = longer
            try:
                gaps, matrix = _linearise(back, trial, normal)
            except ArithmeticError:
                continue
            if _largest(gaps) / size < error:
                break
        else:
            break
        nodes, period, error = trial, back.period, _largest(gaps) / size
    back.period = period
    raise NotFoundError(
        f"Multiple shooting stopped with gaps of {error:.1e} of the orbit's size. Start nearer "
        "to the cycle, use more segments, or raise max_iterations."
    )


def gaps_between(back: ReturnMap, nodes: np.ndarray) -> np.ndarray:
    """End of every segment minus the next node, shape (s, n)."""
    edges = pairwise(segment_edges(back, len(nodes)))
    ends = [back.part(x, a, b) for x, (a, b) in zip(nodes, edges, strict=True)]
    return np.array(ends) - np.roll(nodes, -1, axis=0)


def _largest(gaps: np.ndarray) -> float:
    return float(np.linalg.norm(gaps, axis=1).max())


def _linearise(back, nodes, normal):
    """Gaps, and the sparse matrix of their derivatives, bordered if there is a normal."""
    n_segments, n = nodes.shape
    edges = segment_edges(back, n_segments)
    gaps, last = [], []
    rows: list[list[Any]] = [[None] * n_segments for _ in range(n_segments)]
    for i, (begin, end) in enumerate(pairwise(edges)):
        state, tangents = back.part(nodes[i], begin, end, np.eye(n))
        following = (i + 1) % n_segments
        gaps.append(state - nodes[following])
        rows[i][i] = sparse.csc_array(tangents)
        rows[i][following] = -sparse.eye_array(n)
        if normal is not None:
            last.append(back.stretch(nodes[i], state, begin, end))
    blocks = sparse.block_array(rows, format="csc")
    if normal is not None:
        column = np.concatenate(last)[:, None]
        row = np.append(normal, np.zeros((n_segments - 1) * n))[None]
        blocks = sparse.block_array(
            [[blocks, sparse.csc_array(column)], [sparse.csc_array(row), None]], format="csc"
        )
    return np.array(gaps), blocks
