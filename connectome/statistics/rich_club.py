"""Rich club: connections among the neurons with the most partners."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import require_layers, undirected
from isochron.connectome.statistics.null_comparison import NullComparison, compare_with_null


def rich_club_coefficient(weights: ArrayLike) -> np.ndarray:
    r"""Rich-club coefficient :math:`\phi(k) = 2 E_{>k} / (N_{>k} (N_{>k} - 1))`.

    It is the share of connected pairs among the N neurons with more than k partners. The
    network is taken as undirected and unweighted: a connection in either direction counts
    once, self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``. For chemical synapses and gap junctions together, give their sum.

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

    Examples
    --------
    A triangle 0, 1, 2; neuron 3 is connected to neuron 0 only. Above k = 1 the triangle
    is left, whose three pairs are all connected.

    >>> from isochron.connectome import statistics
    >>> weights = [[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    >>> statistics.rich_club_coefficient(weights)
    array([0.667, 1. , nan, nan])
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
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    random_layers : iterable of array_like, each of shape (n, n)
        Random layers with the same numbers of partners, such as those of
        `null_models.rewire_undirected`; at least two.

    Returns
    -------
    NullComparison
        Comparison of `rich_club_coefficient`; its `ratio` is φ_norm(k). A rich club exists at
        the k where ``observed > mean + deviation`` (or two or three deviations).

    Raises
    ------
    ValueError
        If there are fewer than two random layers, or one has different numbers of partners.

    References
    ----------
    Towlson et al. (2013), Journal of Neuroscience 33:6380.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> from isochron.connectome.null_models import rewire_undirected
    >>> worm, rng = connectome.load("varshney2011"), np.random.default_rng(0)
    >>> weights = worm.chemical + worm.chemical.T + worm.gap
    >>> found = statistics.rich_club(weights, (rewire_undirected(weights, rng) for _ in range(10)))
    >>> found.ratio[[20, 40]].round(1)
    array([1.1, 1.4])
    """
    require_layers(random_layers)
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
    """Number of values that exceed 0, 1, … n - 1."""
    return len(values) - np.cumsum(np.bincount(values, minlength=n)[:n])
