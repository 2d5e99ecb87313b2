"""Connected components and path lengths."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, shortest_path

from isochron.connectome.statistics._matrix import connections


class Components(NamedTuple):
    """The components of a layer, the largest first.

    Attributes
    ----------
    sizes : ndarray of int, shape (n_components,)
        Number of neurons in each; isolated neurons are components of size 1.
    labels : ndarray of int, shape (n,)
        For each neuron, the position of its component in `sizes`.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> worm = connectome.load("varshney2011")
    >>> statistics.components(worm.gap).sizes[:4]
    array([248, 3, 2, 1])
    """

    sizes: np.ndarray
    labels: np.ndarray


def components(
    weights: ArrayLike, *, connection: Literal["weak", "strong"] = "strong"
) -> Components:
    """Connected components.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    connection : {"weak", "strong"}
        Weak: joined by connections followed in either direction. Strong: each neuron reaches
        each other one along connections from pre to post. Both are the same in a symmetric layer.

    Returns
    -------
    Components
        Components of equal size are in the order of their first neuron.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers or `connection` is unknown.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> chain = [[0, 0, 0], [1, 0, 1], [0, 1, 0]]  # 0 to 1, 1 to 2, 2 to 1
    >>> statistics.components(chain)
    Components(sizes=array([2, 1]), labels=array([1, 0, 0]))
    >>> statistics.components(chain, connection="weak").sizes
    array([3])
    """
    if connection not in ("weak", "strong"):
        raise ValueError(f"connection must be 'weak' or 'strong', got {connection!r}.")
    found = connections(weights)
    if not len(found):
        return Components(np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    _, labels = connected_components(csr_array(found.T), directed=True, connection=connection)
    _, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))
    return Components(sizes[order], np.argsort(order)[inverse])


def giant_component(
    weights: ArrayLike, *, connection: Literal["weak", "strong"] = "strong"
) -> np.ndarray:
    """Positions of the neurons of the largest component.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.
    connection : {"weak", "strong"}
        As in `components`.

    Returns
    -------
    ndarray of int, shape (n_members,)
        Positions in ascending order.

    Raises
    ------
    ValueError
        As in `components`.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.giant_component([[0, 0, 0], [1, 0, 1], [0, 1, 0]])  # 0 to 1, 1 to 2, 2 to 1
    array([1, 2])
    """
    return np.flatnonzero(components(weights, connection=connection).labels == 0)


def path_lengths(weights: ArrayLike) -> np.ndarray:
    """Smallest number of connections on a path between two neurons, from pre to post.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.

    Returns
    -------
    ndarray of float, shape (n, n)
        ``[target, start]``; 0 on the diagonal, infinite where no path exists.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.path_lengths([[0, 0, 0], [1, 0, 0], [0, 1, 0]])  # 0 to 1 to 2
    array([[ 0., inf, inf],
           [ 1.,  0., inf],
           [ 2.,  1.,  0.]])
    """
    found = connections(weights)
    if not len(found):
        return np.zeros((0, 0))
    return shortest_path(csr_array(found.T), unweighted=True).T


def mean_path_length(weights: ArrayLike) -> float:
    """Mean path length within the largest strongly connected component.

    The mean of `path_lengths` over all ordered pairs of different neurons of that component.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.

    Returns
    -------
    float
        Mean number of connections, >= 1; NaN if the component has fewer than two neurons.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Varshney et al. (2011), PLoS Computational Biology 7:e1001066, "Small world properties".

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.mean_path_length([[0, 0, 1], [1, 0, 0], [0, 1, 0]])  # a cycle: (1 + 2) / 2
    1.5
    >>> round(statistics.mean_path_length(connectome.load("varshney2011").gap), 2)
    4.52
    """
    giant = giant_component(weights)
    n = giant.size
    if n < 2:
        return float("nan")
    lengths = path_lengths(np.asarray(weights)[np.ix_(giant, giant)])
    return float(lengths.sum() / (n * (n - 1)))
