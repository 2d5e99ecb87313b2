"""Null models: wirings that keep some of a connectome and shuffle the rest."""

from dataclasses import replace

import numpy as np

from isochron.connectome.model import Connectome


def rewire(
    wiring: Connectome, rng: np.random.Generator, *, swaps_per_edge: float = 10.0
) -> Connectome:
    """Degree-preserving rewiring of the chemical synapses and of the gap junctions.

    Repeatedly takes two connections a→b and c→d and makes them a→d and c→b, unless that
    would double a connection or make a self-connection. Every neuron keeps its number of
    incoming and outgoing chemical connections and of gap-junction partners; each weight
    stays with its presynaptic neuron. Self-connections and muscles are left as they are.

    Parameters
    ----------
    wiring : Connectome
        What to rewire.
    rng : numpy.random.Generator
        Source of randomness.
    swaps_per_edge : float
        Swaps tried, for each connection. At 10 the overlap with the original is at its floor.

    Raises
    ------
    ValueError
        If `swaps_per_edge` is negative or not finite.

    References
    ----------
    Maslov and Sneppen (2002), Science 296:910.
    """
    if not 0 <= swaps_per_edge < np.inf:
        raise ValueError(f"swaps_per_edge must be finite and not negative, got {swaps_per_edge!r}.")
    return replace(
        wiring,
        name=f"{wiring.name} rewired",
        chemical=_swap_directed(wiring.chemical, rng, swaps_per_edge),
        gap=_swap_undirected(wiring.gap, rng, swaps_per_edge),
    )


def _swap_directed(weights: np.ndarray, rng: np.random.Generator, per_edge: float) -> np.ndarray:
    post, pre = (index.tolist() for index in np.nonzero(weights * _off_diagonal(weights)))
    value = [weights[i, j] for i, j in zip(post, pre, strict=True)]
    present = set(zip(post, pre, strict=True))
    for e, f in _pairs(len(post), rng, per_edge):
        a, b, c, d = post[e], pre[e], post[f], pre[f]
        if b in (c, d) or d == a or a == c or (c, b) in present or (a, d) in present:
            continue
        present -= {(a, b), (c, d)}
        present |= {(c, b), (a, d)}
        post[e], post[f] = c, a
    rewired = weights * ~_off_diagonal(weights)
    rewired[post, pre] = value
    return rewired


def _swap_undirected(weights: np.ndarray, rng: np.random.Generator, per_edge: float) -> np.ndarray:
    left, right = (index.tolist() for index in np.nonzero(np.triu(weights, 1)))
    value = [weights[i, j] for i, j in zip(left, right, strict=True)]
    present = {frozenset(pair) for pair in zip(left, right, strict=True)}
    turned = rng.random(int(per_edge * len(left))) < 0.5
    for turn, (e, f) in zip(turned, _pairs(len(left), rng, per_edge), strict=True):
        a, b, c, d = left[e], right[e], left[f], right[f]
        if turn:
            c, d = d, c
        new = frozenset((a, d)), frozenset((c, b))
        if len({a, b, c, d}) < 4 or present.intersection(new):
            continue
        present -= {frozenset((a, b)), frozenset((c, d))}
        present.update(new)
        right[e], left[f], right[f] = d, c, b
    rewired = weights * ~_off_diagonal(weights)
    rewired[left, right] = value
    rewired[right, left] = value
    return rewired


def _pairs(n_edges: int, rng: np.random.Generator, per_edge: float) -> list[list[int]]:
    n_swaps = int(per_edge * n_edges)
    return rng.integers(max(n_edges, 1), size=(n_swaps, 2)).tolist()


def _off_diagonal(weights: np.ndarray) -> np.ndarray:
    return ~np.eye(len(weights), dtype=bool)
