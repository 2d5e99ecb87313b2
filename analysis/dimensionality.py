"""How many dimensions an activity fills."""

from dataclasses import dataclass

import numpy as np


def principal_components(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of samples of a state.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)

    Returns
    -------
    variance_ratio : ndarray, shape (min(n_samples, n),)
        Fraction of the variance along each component, largest first; zeros if nothing varies.
    components : ndarray, shape (min(n_samples, n), n)
        Unit vectors; the entry of largest modulus of each is positive.

    Raises
    ------
    ValueError
        If the array is not two-dimensional or not finite.
    """
    states = np.asarray(states, dtype=float)
    if states.ndim != 2 or not np.isfinite(states).all():
        raise ValueError(f"states must be finite, of shape (n_samples, n); got {states.shape}.")
    _, singular, components = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    variance = singular**2
    return variance / (variance.sum() or 1.0), components * signs[:, None]


def participation_ratio(states: np.ndarray) -> float:
    """Effective dimension (sum λ)² / sum λ² of the covariance eigenvalues λ; 0 if nothing varies.

    References
    ----------
    Gao et al. (2017), bioRxiv 214262.
    """
    ratio, _ = principal_components(states)
    total = float((ratio**2).sum())
    return float(ratio.sum() ** 2 / total) if total else 0.0


@dataclass(frozen=True, kw_only=True)
class CycleDimension:
    """How many dimensions a cycle fills.

    Attributes
    ----------
    participation_ratio : float
        2 for a circle, 1 for a line.
    n_components : int
        Principal components that hold `share` of the variance.
    share : float
    variance_ratio : ndarray
        Fraction of the variance along each component, largest first.
    """

    participation_ratio: float
    n_components: int
    share: float
    variance_ratio: np.ndarray


def compute_cycle_dimension(
    times: np.ndarray, states: np.ndarray, *, share: float = 0.95
) -> CycleDimension:
    """Effective dimension of a periodic orbit, every part weighted by the time spent there.

    Parameters
    ----------
    times : array_like, shape (m,)
        From 0 to the period, ascending; they need not be evenly spaced.
    states : array_like, shape (m, n)
        The last equal to the first, as in `LimitCycle`.
    share : float
        Between 0 and 1.

    Returns
    -------
    CycleDimension
        With zeros if the cycle does not move.
    """
    times, states = np.asarray(times, dtype=float), np.asarray(states, dtype=float)
    if times.shape != states.shape[:1] or times.size < 3 or not np.all(np.diff(times) > 0):
        raise ValueError(
            f"times must ascend, one for each state; got {times.shape} and {states.shape}."
        )
    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, got {share!r}.")
    gaps = np.diff(times)
    weights = (gaps + np.roll(gaps, 1)) / (2 * gaps.sum())
    mean = weights @ states[:-1]
    _, singular, _ = np.linalg.svd(
        np.sqrt(weights)[:, None] * (states[:-1] - mean), full_matrices=False
    )
    variance = singular**2
    total = float(variance.sum())
    if not total:
        return CycleDimension(
            participation_ratio=0.0, n_components=0, share=share, variance_ratio=variance
        )
    ratio = variance / total
    return CycleDimension(
        participation_ratio=float(1 / np.sum(ratio**2)),
        n_components=1 + int(np.searchsorted(np.cumsum(ratio), share * (1 - 1e-12))),
        share=share,
        variance_ratio=ratio,
    )
