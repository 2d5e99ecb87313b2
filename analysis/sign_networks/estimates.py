"""What a sample says of what it has not seen."""

import math

import numpy as np
from numpy.typing import ArrayLike


def wilson_interval(
    hits: ArrayLike, trials: int, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Score interval of a probability that was met in `hits` of `trials` independent draws.

    Parameters
    ----------
    hits : array_like of int
    trials : int
        At least 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray
        Shape of `hits`.

    Raises
    ------
    ValueError
        If there are no trials, or `confidence` is not between 0 and 1.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22:209.
    """
    if trials < 1:
        raise ValueError(f"trials must be at least 1, got {trials!r}.")
    from scipy.special import ndtri

    z = ndtri(0.5 + _checked(confidence) / 2)
    p = np.asarray(hits) / trials
    center = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return np.maximum(0, center - half), np.minimum(1, center + half)


def unseen_mass(hits: ArrayLike) -> float:
    """Probability that the next draw is of a kind not yet seen: Good-Turing, f1 / n.

    Parameters
    ----------
    hits : array_like of int
        How often each kind was drawn.

    References
    ----------
    Good (1953), Biometrika 40:237.
    """
    hits = np.asarray(hits)
    return float(np.sum(hits == 1) / hits.sum()) if hits.size else 1.0


def unseen_mass_bound(hits: ArrayLike, *, confidence: float = 0.95) -> float:
    """An upper bound on the unseen mass, at some confidence and without assumptions.

    References
    ----------
    McAllester and Schapire (2000), COLT, theorem 1.
    """
    hits, delta = np.asarray(hits), 1 - _checked(confidence)
    if not hits.size:
        return 1.0
    spread = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / delta) / hits.sum())
    return min(1.0, unseen_mass(hits) + spread)


def chao1(hits: ArrayLike) -> float:
    """Lower bound on the number of kinds, seen and unseen, in its bias-corrected form.

    S + (n - 1) / n * f1 (f1 - 1) / (2 (f2 + 1)), f1 and f2 the kinds drawn once and twice.

    References
    ----------
    Chao (1984), Scandinavian Journal of Statistics 11:265.
    """
    hits = np.asarray(hits)
    if not hits.size:
        return 0.0
    once, twice, n = np.sum(hits == 1), np.sum(hits == 2), hits.sum()
    return float(hits.size + (n - 1) / n * once * (once - 1) / (2 * (twice + 1)))


def _checked(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}.")
    return confidence
