"""Estimates, from a sample of kinds, of those that were not drawn."""

import math

import numpy as np
from numpy.typing import ArrayLike


def wilson_interval(
    hits: ArrayLike, trials: int, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Score interval of the probability of an event that occurred in `hits` of `trials` draws.

    Parameters
    ----------
    hits : array_like of int, shape (...)
        Number of draws with the event, from 0 to `trials`.
    trials : int
        Number of independent draws, at least 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray, shape (...)
        Ends of the interval, from 0 to 1.

    Raises
    ------
    ValueError
        If `trials` is below 1, or `confidence` is not between 0 and 1.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22:209.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> low, high = sign_networks.wilson_interval([0, 5], 10)
    >>> low.round(3), high.round(3)
    (array([0.   , 0.237]), array([0.278, 0.763]))
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
    """Estimated probability that the next draw is of a new kind: Good-Turing, f1 / n.

    Parameters
    ----------
    hits : array_like of int, shape (n_kinds,)
        Number of draws of each kind, at least 1.

    Returns
    -------
    float
        From 0 to 1; 1 if nothing was drawn.

    References
    ----------
    Good (1953), Biometrika 40:237.

    Examples
    --------
    Two of ten draws are of a kind that was drawn once:

    >>> from isochron.analysis import sign_networks
    >>> sign_networks.unseen_mass([5, 3, 1, 1])
    0.2
    """
    hits = np.asarray(hits)
    return float(np.sum(hits == 1) / hits.sum()) if hits.size else 1.0


def unseen_mass_bound(hits: ArrayLike, *, confidence: float = 0.95) -> float:
    """Upper bound on the probability that the next draw is of a new kind.

    It requires nothing but independent draws.

    Parameters
    ----------
    hits : array_like of int, shape (n_kinds,)
        Number of draws of each kind, at least 1.
    confidence : float
        Probability that the bound is true, between 0 and 1.

    Returns
    -------
    float
        From 0 to 1; 1 if nothing was drawn.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    McAllester and Schapire (2000), COLT, theorem 1.

    Examples
    --------
    The bound shrinks with the square root of the number of draws:

    >>> from isochron.analysis import sign_networks
    >>> for n_draws in (1_000, 100_000):
    ...     print(round(sign_networks.unseen_mass_bound([n_draws // 2, n_draws // 2]), 3))
    0.292
    0.029
    """
    hits, delta = np.asarray(hits), 1 - _checked(confidence)
    if not hits.size:
        return 1.0
    spread = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / delta) / hits.sum())
    return min(1.0, unseen_mass(hits) + spread)


def chao1(hits: ArrayLike) -> float:
    """Lower bound on the number of kinds, seen and unseen, in its bias-corrected form.

    S + (n - 1) / n * f1 (f1 - 1) / (2 (f2 + 1)), where S is the number of kinds drawn, and f1
    and f2 are the numbers of those drawn once and twice.

    Parameters
    ----------
    hits : array_like of int, shape (n_kinds,)
        Number of draws of each kind, at least 1.

    Returns
    -------
    float
        Estimate, at least n_kinds; 0 if nothing was drawn.

    References
    ----------
    Chao (1984), Scandinavian Journal of Statistics 11:265.

    Examples
    --------
    4 + 0.9 · 2 · 1 / 2 kinds:

    >>> from isochron.analysis import sign_networks
    >>> sign_networks.chao1([5, 3, 1, 1])
    4.9
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
