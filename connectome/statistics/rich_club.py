"""Do the neurons with the most partners keep company?"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import undirected
from isochron.connectome.statistics.null_comparison import NullComparison, compare_with_null


def rich_club_coefficient(weights: ArrayLike) -> np.ndarray:
    r"""Rich-club coefficient :math:`\phi(k) = 2 E_{>k} / (N_{>k} (N_{>k} - 1))`.

    Among the N neurons with more than k partners, the share of pairs that are connected. The
    network is taken as undirected and unweighted: a connection in either direction counts
    once, self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``. For chemical synapses and gap junctions together, give their sum.

    Returns
    -------
    ndarray of float, shape (n,)
        φ(k) for k = 0 … n - 1; NaN where fewer than two neurons have more than k partners.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Zhou and Mondragón (2004), IEEE Communications Letters 8:180. Colizza et al. (2006),
    Nature Physics 2:110. Towlson et al. (2013), Journal of Neuroscience 33:6380.
    """
    found = undirected(weights)
    n = len(found)
    partners = found.sum(axis=0)
    poorer = np.minimum(partners[:, None], partners[None, :])[np.triu(found, 1)]
    edges = _above(poorer, n)
    members = _above(partners, n)
    pairs = members * (members - 1) / 2
    return np.divide(edges, pairs, out=np.full(n, np.nan), where=pairs > 0)


def rich_club(weights: ArrayLike, random_layers: Iterable[ArrayLike]) -> NullComparison:
    """Rich-club coefficient against random layers of the same degrees.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``.
    random_layers : iterable of array_like, each of shape (n, n)
        Random layers whose neurons have as many partners, such as those of
        `null_models.rewire_undirected`; otherwise the comparison means little.

    Returns
    -------
    NullComparison
        Of `rich_club_coefficient`; its `ratio` is φ_norm(k). There is a rich club at the k
        where ``observed > mean + deviation`` (or two or three times it).

    Raises
    ------
    ValueError
        If there are fewer than two random layers, or one has other numbers of partners.
    """
    expected = np.sort(undirected(weights).sum(axis=0))

    def checked() -> Iterable[ArrayLike]:
        for layer in random_layers:
            if not np.array_equal(np.sort(undirected(layer).sum(axis=0)), expected):
                raise ValueError(
                    "A random layer has other numbers of partners than the connectome. Rewire the "
                    "undirected network: null_models.rewire_undirected(weights, rng)."
                )
            yield layer

    return compare_with_null(rich_club_coefficient, weights, checked())


def _above(values: np.ndarray, n: int) -> np.ndarray:
    """How many values exceed 0, 1, … n - 1."""
    return len(values) - np.cumsum(np.bincount(values, minlength=n)[:n])
