"""How often, and how strongly, a connection is answered."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import connections, square


def symmetry_degree(weights: ArrayLike, *, weighted: bool = True, centred: bool = False) -> float:
    r"""Symmetry degree :math:`\eta = \sum_{i \ne j} W_{ij} W_{ji} / \sum_{i \ne j} W_{ij}^2`.

    1 for a symmetric matrix, -1 for an antisymmetric one, about 0 where the two directions
    know nothing of each other. Absent connections count as 0, self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``. Signs matter: multiply them in where they belong.
    weighted : bool
        If false, every weight is replaced by its sign. Without negative weights that gives
        the reciprocity.
    centred : bool
        Subtract the mean of all pairs i ≠ j, absent ones included, from every pair first.
        This is the correlation of W_ij with W_ji, for unweighted unsigned networks the
        reciprocity ρ of Garlaschelli and Loffredo, 0 on average in a random network of any
        density.

    Returns
    -------
    float
        From -1 to 1; NaN where it is 0/0: without connections, or centred with all alike.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325. Garlaschelli and Loffredo (2004), Physical Review
    Letters 93:268701.
    """
    matrix = square(weights).astype(float)
    if not weighted:
        matrix = np.sign(matrix)
    apart = ~np.eye(len(matrix), dtype=bool)
    forth, back = matrix[apart], matrix.T[apart]
    if not np.any(forth != (forth[:1] if centred else 0)):
        return float("nan")
    if centred:
        forth, back = forth - forth.mean(), back - back.mean()
    largest = np.abs(forth).max()
    forth, back = forth / largest, back / largest
    return float(forth @ back / (forth @ forth))


def reciprocity(weights: ArrayLike) -> float:
    """Share of the connections that are answered: i→j with j→i too.

    Weights and their signs are not looked at, self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``.

    Returns
    -------
    float
        From 0 to 1; NaN without connections.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.
    """
    found = connections(weights)
    if not found.any():
        return float("nan")
    return float((found & found.T).sum() / found.sum())
