"""Counts of the classes of connected pairs (dyads) and triples (triads) of neurons."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import connections

DYADS = ("none", "one way", "both ways")
TRIADS = (
    *("021D", "021U", "021C", "111D", "111U", "030T", "030C"),
    *("201", "120D", "120U", "120C", "210", "300"),
)


def dyad_counts(weights: ArrayLike) -> np.ndarray:
    """Number of unordered pairs of neurons of each of the `DYADS`.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; values, signs and self-connections are ignored.

    Returns
    -------
    ndarray of int, shape (3,)
        Not connected, one way, both ways.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.dyad_counts([[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    array([1, 1, 1])
    """
    found = connections(weights)
    n = len(found)
    both = int((found & found.T).sum()) // 2
    one_way = int(found.sum()) - 2 * both
    return np.array([n * (n - 1) // 2 - both - one_way, one_way, both])


def triad_counts(weights: ArrayLike) -> np.ndarray:
    """Number of sets of three neurons of each of the 13 connected classes, the `TRIADS`.

    Each set is counted once, for the class of all connections among the three (induced
    subgraphs). The names are those of Holland and Leinhardt and of
    `networkx.triadic_census`: pairs connected both ways, one way, not at all; then Down, Up,
    Cyclic or Transitive. Computed by products of n × n matrices.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; values, signs and self-connections are ignored.

    Returns
    -------
    ndarray of int, shape (13,)
        Numbers of triads in the order of `TRIADS`.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Holland and Leinhardt (1976), Sociological Methodology 7:1. Milo et al. (2002), Science
    298:824.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> cycle = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # 0 to 1 to 2 to 0
    >>> counts = statistics.triad_counts(cycle)
    >>> {name: int(n) for name, n in zip(statistics.TRIADS, counts) if n}
    {'030C': 1}
    """
    found = connections(weights).T
    mutual = (found & found.T).astype(float)
    single = (found & ~found.T).astype(float)
    apart = 1.0 - (found | found.T) - np.eye(len(found))
    diverge, converge, chain = single.T @ single, single @ single.T, single @ single
    pairs = mutual @ mutual
    count = {
        "021D": (apart * diverge).sum() / 2,
        "021U": (apart * converge).sum() / 2,
        "021C": (apart * chain).sum(),
        "111D": (apart * (mutual @ single.T)).sum(),
        "111U": (apart * (mutual @ single)).sum(),
        "030T": (single * chain).sum(),
        "030C": (single.T * chain).sum() / 3,
        "201": (apart * pairs).sum() / 2,
        "120D": (mutual * diverge).sum() / 2,
        "120U": (mutual * converge).sum() / 2,
        "120C": (mutual * chain).sum(),
        "210": (single * pairs).sum(),
        "300": (mutual * pairs).sum() / 6,
    }
    return np.array([round(count[name]) for name in TRIADS])
