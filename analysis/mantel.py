"""Correlation of two matrices over the same units, with a test that permutes the units."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from isochron.analysis.arrays import real_array
from isochron.analysis.statistics import Alternative, SignificanceTest, permutation_p
from isochron.arguments import require_rng
from isochron.wording import counted, shown

_LEAST = 4  # fewer units have too few permutations for a p-value below 0.05


def mantel_test(
    first: ArrayLike,
    second: ArrayLike,
    *,
    n_permutations: int = 999,
    alternative: Alternative = "greater",
    rng: np.random.Generator,
) -> SignificanceTest:
    """Test the rank correlation of two matrices of the same units against relabeled units.

    The entries of a matrix are not independent: a unit has a whole row and a whole column. So a
    permutation exchanges units, rows and columns of `second` together, and keeps all that its
    entries have in common except to which unit they belong. The matrices need not be symmetric;
    entries (i, j) and (j, i) then count separately. The diagonal does not count.

    Parameters
    ----------
    first : array_like, shape (n, n)
        Values of n >= 4 units, such as measured responses; NaN where a pair is not known.
    second : array_like, shape (n, n)
        Values of the same units in the same order, such as those of a model; finite off the
        diagonal, because every permutation needs all of them.
    n_permutations : int
        Number of permutations, at least 1.
    alternative : {"less", "greater", "two-sided"}
        Direction in which a correlation is significant.
    rng : numpy.random.Generator
        Source of the permutations.

    Returns
    -------
    SignificanceTest
        The statistic is Spearman's correlation of the pairs that `first` has.

    Raises
    ------
    ValueError
        If the matrices are not square, of one shape and at least 4 by 4, an entry of `first` is
        infinite or one of `second` not finite, all known pairs of a matrix are equal, or
        `n_permutations` is below 1.

    References
    ----------
    Mantel (1967), Cancer Research 27:209. Krackhardt (1988), Social Networks 10:359.

    Examples
    --------
    Responses of 12 units that follow those of a model, with noise, of which one is not known:

    >>> rng = np.random.default_rng(0)
    >>> model = rng.normal(size=(12, 12))
    >>> measured = np.exp(model) + rng.normal(size=(12, 12))
    >>> measured[2, 5] = np.nan
    >>> test = analysis.mantel_test(measured, model, rng=rng)
    >>> round(test.statistic, 2), test.p_value
    (0.66, 0.001)
    >>> test.method
    '131 pairs of 12 units, Spearman, 999 permutations of the units, greater'
    """
    require_rng(rng)
    if not n_permutations >= 1:
        raise ValueError(f"n_permutations must be at least 1, got {shown(n_permutations)}.")
    one = real_array(first, "first", n_axes=2, finite=False)
    two = real_array(second, "second", n_axes=2, finite=False)
    known = _known_pairs(one, two)
    ranks = _centered_ranks(one[known], "first")
    _centered_ranks(two[known], "second")

    def correlation(order: np.ndarray) -> float:
        other = rankdata(two[np.ix_(order, order)][known])
        other -= other.mean()
        size = np.sqrt(np.sum(ranks**2) * np.sum(other**2))
        return float(np.sum(ranks * other) / size) if size else 0.0

    n = len(one)
    found = correlation(np.arange(n))
    null = [correlation(rng.permutation(n)) for _ in range(n_permutations)]
    test = permutation_p(found, null, alternative=alternative)
    return SignificanceTest(
        statistic=found,
        p_value=test.p_value,
        null=test.null,
        method=f"{counted(int(known.sum()), 'pair')} of {n} units, Spearman, "
        f"{counted(n_permutations, 'permutation')} of the units, {alternative}",
    )


def _known_pairs(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Whether a pair of different units is known."""
    n = len(one)
    if one.shape != (n, n) or two.shape != one.shape or n < _LEAST:
        raise ValueError(
            f"first and second must be square matrices of one shape, {_LEAST} by {_LEAST} or "
            f"more, got {one.shape} and {two.shape}."
        )
    apart = ~np.eye(n, dtype=bool)
    if np.isinf(one[apart]).any():
        raise ValueError("first has infinite entries; mark pairs that are not known as NaN.")
    if not np.isfinite(two[apart]).all():
        raise ValueError(
            "second must be finite off the diagonal. Omit the units that it does not know."
        )
    return apart & ~np.isnan(one)


def _centered_ranks(values: np.ndarray, name: str) -> np.ndarray:
    if values.size < 2 or np.ptp(values) == 0:
        raise ValueError(
            f"The {counted(values.size, 'known pair')} of {name} must have different values."
        )
    ranks = rankdata(values)
    return ranks - ranks.mean()
