"""Reciprocity and symmetry of the connections of a layer."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.statistics._matrix import connections, square


def symmetry_degree(weights: ArrayLike, *, weighted: bool = True, centered: bool = False) -> float:
    r"""Symmetry degree :math:`\eta = \sum_{i \ne j} W_{ij} W_{ji} / \sum_{i \ne j} W_{ij}^2`.

    1 for a symmetric matrix, -1 for an antisymmetric one, about 0 if the two directions are
    independent. Absent connections count as 0, self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``, with their signs if the connectome has signs.
    weighted : bool
        If false, every weight is replaced by its sign. Without negative weights that gives
        the reciprocity.
    centered : bool
        Whether to subtract first the mean of all pairs i ≠ j, absent ones included, from every
        pair. The result is the correlation of W_ij with W_ji; for unweighted unsigned networks
        this is the reciprocity ρ of Garlaschelli and Loffredo, 0 on average in a random network
        of any density.

    Returns
    -------
    float
        From -1 to 1; NaN where it is 0/0: without connections, or if `centered` and all pairs
        are equal.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325. Garlaschelli and Loffredo (2004), Physical Review
    Letters 93:268701.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.symmetry_degree([[0, 2], [-2, 0]])  # antisymmetric
    -1.0
    >>> statistics.symmetry_degree([[0, 1], [3, 0]])  # 2 * 1 * 3 / (1**2 + 3**2)
    0.6
    """
    matrix = square(weights).astype(float)
    if not weighted:
        matrix = np.sign(matrix)
    apart = ~np.eye(len(matrix), dtype=bool)
    forth, back = matrix[apart], matrix.T[apart]
    if not np.any(forth != (forth[:1] if centered else 0)):
        return float("nan")
    if centered:
        forth, back = forth - forth.mean(), back - back.mean()
    largest = np.abs(forth).max()
    forth, back = forth / largest, back / largest
    # Sums, not products of BLAS, whose last bits depend on the number of its threads.
    return float(np.sum(forth * back) / np.sum(forth**2))


def reciprocity(weights: ArrayLike) -> float:
    """Share of the connections i→j for which j→i exists too.

    Self-connections do not count.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0, of either sign.

    Returns
    -------
    float
        From 0 to 1; NaN without connections.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> round(statistics.reciprocity([[0, 1, 0], [1, 0, 0], [0, 1, 0]]), 3)  # 2 of 3
    0.667
    """
    found = connections(weights)
    if not found.any():
        return float("nan")
    return float((found & found.T).sum() / found.sum())
