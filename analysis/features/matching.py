"""Features of several dictionaries that correspond to each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from isochron.analysis.similarity import checked_states


def recovered_cosines(found: ArrayLike, truth: ArrayLike) -> np.ndarray:
    """Largest cosine of each planted direction with the directions that were found.

    Parameters
    ----------
    found : array_like, shape (m, n)
        Directions, such as `Dictionary.directions`; of any length but 0.
    truth : array_like, shape (k, n)
        Planted directions.

    Returns
    -------
    ndarray, shape (k,)
        Cosines, from -1 to 1; their mean is the mean maximum cosine.

    Raises
    ------
    ValueError
        If the directions are not finite, 0, or of different numbers of units.

    Examples
    --------
    >>> from isochron.analysis import features
    >>> features.recovered_cosines([[0, 2], [1, 1]], [[0, 1], [1, 0]]).round(3)
    array([1.   , 0.707])
    """
    return _cosines(truth, found).max(axis=1)


def feature_stability(dictionaries: Sequence[ArrayLike]) -> list[np.ndarray]:
    """Cosine of the features of each dictionary with the matched ones of the others.

    Two dictionaries are matched one to one, such that the sum of the cosines is largest. A
    feature without a partner, in the larger dictionary, has the cosine 0.

    Parameters
    ----------
    dictionaries : sequence of array_like, each of shape (m, n)
        Directions of two or more dictionaries, such as those of the same autoencoder from
        different seeds; the numbers m may differ. Omit features that are never active.

    Returns
    -------
    list of ndarray, each of shape (m,)
        For each dictionary, mean over the others of the matched cosine. In few dimensions even
        random directions have partners: compare with `random_dictionary`.

    Raises
    ------
    ValueError
        If there are fewer than two dictionaries, or as in `recovered_cosines`.

    Examples
    --------
    >>> from isochron.analysis import features
    >>> one, other = features.feature_stability([[[1, 0], [0, 1]], [[0, 2], [1, 1], [-1, 0]]])
    >>> one.round(3), other.round(3)
    (array([0.707, 1.   ]), array([1.   , 0.707, 0.   ]))
    """
    if len(dictionaries) < 2:
        raise ValueError(f"Stability needs at least 2 dictionaries, got {len(dictionaries)}.")
    sums = [np.zeros(len(np.asarray(it))) for it in dictionaries]
    for i in range(len(dictionaries)):
        for j in range(i):
            cosines = _cosines(dictionaries[i], dictionaries[j])
            rows, columns = linear_sum_assignment(cosines, maximize=True)
            sums[i][rows] += cosines[rows, columns]
            sums[j][columns] += cosines[rows, columns]
    return [it / (len(dictionaries) - 1) for it in sums]


def _cosines(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Cosines of all pairs of rows."""
    one, two = (_unit(checked_states(it, 1, "directions")) for it in (first, second))
    if one.shape[1] != two.shape[1]:
        raise ValueError(
            f"Directions must have the same number of units, got {one.shape[1]} and {two.shape[1]}."
        )
    return one @ two.T


def _unit(directions: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    if not norms.min() > 0:
        raise ValueError("A direction is 0. Omit features without a direction.")
    return directions / norms
