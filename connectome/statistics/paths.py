"""Who reaches whom, and in how many steps."""

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
        ``[post, pre]``.
    connection : {"weak", "strong"}
        Weak: joined by connections followed in either direction. Strong: each neuron reaches
        each other one along connections from pre to post. The same in a symmetric layer.

    Returns
    -------
    Components
        Components of equal size are in the order of their first neuron.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers or `connection` is unknown.
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
    """Positions of the neurons of the largest component, in rising order.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``.
    connection : {"weak", "strong"}
        As in `components`.

    Returns
    -------
    ndarray of int, shape (size of the component,)

    Raises
    ------
    ValueError
        As in `components`.
    """
    return np.flatnonzero(components(weights, connection=connection).labels == 0)


def path_lengths(weights: ArrayLike) -> np.ndarray:
    """Smallest number of connections from one neuron to another, from pre to post.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``. Only whether a weight is 0 counts.

    Returns
    -------
    ndarray of float, shape (n, n)
        ``[target, start]``; 0 on the diagonal, infinite where there is no way.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.
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
        ``[post, pre]``.

    Returns
    -------
    float
        NaN if the component has fewer than two neurons.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Varshney et al. (2011), PLoS Computational Biology 7:e1001066, "Small world properties".
    """
    giant = giant_component(weights)
    n = giant.size
    if n < 2:
        return float("nan")
    lengths = path_lengths(np.asarray(weights)[np.ix_(giant, giant)])
    return float(lengths.sum() / (n * (n - 1)))
