"""Clustering coefficients by several definitions, and the small-world coefficient."""

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import connections, undirected
from isochron.connectome.statistics.null_comparison import NullComparison, compare_with_null
from isochron.connectome.statistics.paths import giant_component, mean_path_length

Definition = Literal["out-neighbor", "in-neighbor", "undirected", "directed", "transitivity"]


def local_clustering(
    weights: ArrayLike,
    *,
    definition: Literal["out-neighbor", "in-neighbor", "undirected", "directed"] = "undirected",
) -> np.ndarray:
    """Clustering coefficient of each neuron. Weights, signs and self-connections are ignored.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    definition : {"undirected", "out-neighbor", "in-neighbor", "directed"}
        - ``undirected``: share of the pairs of partners (in either direction) that are connected
          in either direction (Watts and Strogatz).
        - ``out-neighbor``: share of the ordered pairs of postsynaptic partners with a
          connection from the first to the second (Varshney et al.).
        - ``in-neighbor``: the same for presynaptic partners.
        - ``directed``: share of the possible directed triangles, given the connections of the
          neuron, that exist (Fagiolo).

    Returns
    -------
    ndarray of float, shape (n,)
        From 0 to 1; 0 for a neuron with fewer than two such partners.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers or `definition` is unknown.

    References
    ----------
    Watts and Strogatz (1998), Nature 393:440. Varshney et al. (2011), PLoS Computational
    Biology 7:e1001066. Fagiolo (2007), Physical Review E 76:026107, equation 8.

    Examples
    --------
    A triangle 0, 1, 2; neuron 3 is connected to neuron 0 only.

    >>> from isochron.connectome import statistics
    >>> weights = [[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    >>> statistics.local_clustering(weights)
    array([0.333, 1. , 1. , 0. ])
    """
    found = connections(weights).astype(float)
    if definition == "directed":
        return _fagiolo(found)
    if definition == "undirected":
        found = undirected(weights).astype(float)
        links, partners = np.einsum("ji,ji->i", found @ found, found), found.sum(axis=0)
    elif definition == "out-neighbor":
        links, partners = np.einsum("ji,ji->i", found @ found, found), found.sum(axis=0)
    elif definition == "in-neighbor":
        links, partners = np.einsum("ij,ij->i", found @ found, found), found.sum(axis=1)
    else:
        raise ValueError(_unknown(definition))
    return _share(links, partners * (partners - 1))


def clustering(weights: ArrayLike, *, definition: Definition = "undirected") -> float:
    """Clustering coefficient of a layer, by a named definition.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    definition : str
        A definition of `local_clustering`: the mean over all neurons, where neurons with fewer
        than two partners count as 0. Or ``transitivity``: three times the number of triangles
        over the number of connected triples, of the undirected network.

    Returns
    -------
    float
        From 0 to 1; NaN without neurons, and for transitivity without connected triples.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers or `definition` is unknown.

    References
    ----------
    As in `local_clustering`. Newman (2003), SIAM Review 45:167, equation 3.

    Examples
    --------
    A triangle 0, 1, 2; neuron 3 is connected to neuron 0 only.

    >>> from isochron.connectome import statistics
    >>> weights = [[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    >>> round(statistics.clustering(weights), 3)  # (1/3 + 1 + 1 + 0) / 4
    0.583
    >>> statistics.clustering(weights, definition="transitivity")  # 3 triangles / 5 triples
    0.6
    """
    if definition == "transitivity":
        found = undirected(weights).astype(float)
        partners = found.sum(axis=0)
        triples = (partners * (partners - 1)).sum()
        return float(np.trace(found @ found @ found) / triples) if triples else float("nan")
    local = local_clustering(weights, definition=definition)
    return float(local.mean()) if local.size else float("nan")


def small_worldness(
    weights: ArrayLike,
    random_layers: Iterable[ArrayLike],
    *,
    definition: Definition = "undirected",
) -> NullComparison:
    r"""Small-world coefficient :math:`S = (C / C_{rand}) / (L / L_{rand})`.

    C is `clustering` and L `mean_path_length`, both within the largest strongly connected
    component. A small world has S > 1.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    random_layers : iterable of array_like, each of shape (n, n)
        Random networks of as many connections, such as those of `null_models.erdos_renyi`.
    definition : str
        Definition of C, as in `clustering`.

    Returns
    -------
    NullComparison
        Comparison of C / L: `observed` of the layer and `samples` of the random layers. S is
        its `ratio`.

    Raises
    ------
    ValueError
        If there are fewer than two random layers; and as in `clustering`.

    References
    ----------
    Humphries and Gurney (2008), PLoS ONE 3:e0002051.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> from isochron.connectome.null_models import erdos_renyi
    >>> worm, rng = connectome.load("varshney2011"), np.random.default_rng(0)
    >>> random = (erdos_renyi(worm, rng).gap for _ in range(5))
    >>> round(float(statistics.small_worldness(worm.gap, random).ratio))
    18
    """

    def clustering_per_step(layer: np.ndarray) -> float:
        giant = giant_component(layer)
        within = layer[np.ix_(giant, giant)]
        return clustering(within, definition=definition) / mean_path_length(within)

    return compare_with_null(clustering_per_step, weights, random_layers)


def _fagiolo(found: np.ndarray) -> np.ndarray:
    both = found + found.T
    total = both.sum(axis=0)
    mutual = (found * found.T).sum(axis=0)
    triangles = np.einsum("ij,ji->i", both @ both, both) / 2
    return _share(triangles, total * (total - 1) - 2 * mutual)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _unknown(definition: str) -> str:
    return f"definition must be one of {', '.join(get_args(Definition))}, got {definition!r}."
