"""Checks of the matrix of a layer, and its connected pairs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from isochron.arguments import what_it_is
from isochron.real_numbers import require_real


def require_layers(random_layers: object) -> None:
    """Check that matrices of a null model are a list or a generator.

    Raises
    ------
    TypeError
        If they are not.
    """
    if not isinstance(random_layers, Iterable):
        raise TypeError(
            f"random_layers must be a list of matrices, got {what_it_is(random_layers)}. Example: "
            "[connectome.rewire(worm, rng).chemical for _ in range(20)]."
        )


def square(weights: ArrayLike) -> np.ndarray:
    """The weights as an array of numbers.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        ``[post, pre]``; 0 where there is no connection.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.
    """
    require_real("weights", weights)
    matrix = np.asarray(weights)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"weights must be a square matrix [post, pre], got shape {matrix.shape}. "
            "Give one layer of a connectome, such as connectome.chemical."
        )
    if matrix.dtype.kind not in "biuf":
        raise ValueError(f"weights must be real numbers, got an array of {matrix.dtype}.")
    if not np.isfinite(matrix).all():
        raise ValueError("weights must be finite; put 0 where there is no connection.")
    return matrix


def connections(weights: ArrayLike) -> np.ndarray:
    """Connected pairs, without self-connections.

    Returns
    -------
    ndarray of bool, shape (n, n)
        ``[post, pre]``, true where the weight is not 0.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.
    """
    found = square(weights) != 0
    np.fill_diagonal(found, False)
    return found


def undirected(weights: ArrayLike) -> np.ndarray:
    """Pairs connected in either direction, without self-connections.

    Returns
    -------
    ndarray of bool, shape (n, n)
        Symmetric.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.
    """
    found = connections(weights)
    return found | found.T
