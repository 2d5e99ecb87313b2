"""Number of dimensions that an activity spans."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import real_array
from isochron.analysis.results import short_repr


def principal_components(states: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of samples of a state.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        Samples (times) first. They span at most n_samples - 1 dimensions.

    Returns
    -------
    variance_ratio : ndarray, shape (min(n_samples, n),)
        Fraction of the variance along each component, largest first; zeros if nothing varies.
    components : ndarray, shape (min(n_samples, n), n)
        Unit vectors; the entry of largest modulus of each is positive.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, is empty, complex or not finite.

    Examples
    --------
    Two variables that vary together, and a third one that varies independently:

    >>> states = [[1, 1, 0], [-1, -1, 0], [0, 0, 1], [0, 0, -1]]
    >>> ratio, components = analysis.principal_components(states)
    >>> ratio.round(3)
    array([0.667, 0.333, 0.   ])
    >>> components[0].round(3)
    array([0.707, 0.707, 0.   ])
    """
    states = real_array(states, "states")
    if states.ndim != 2 or not states.size:
        hint = " For one unit, give states[:, None]." if states.ndim == 1 else ""
        raise ValueError(f"states must have shape (n_samples, n); got {states.shape}.{hint}")
    centered = _centered(states)
    _, singular, components = np.linalg.svd(centered, full_matrices=False)
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    variance = singular**2
    return variance / (variance.sum() or 1.0), components * signs[:, None]


def participation_ratio(states: ArrayLike) -> float:
    """Effective dimension (sum λ)² / sum λ² of the covariance eigenvalues λ; 0 if nothing varies.

    Parameters
    ----------
    states : array_like, shape (n_samples, n)
        As in `principal_components`.

    Returns
    -------
    float
        From 1 (all variance along one line) to the smaller of n and n_samples - 1; 0 if nothing
        varies.

    Raises
    ------
    ValueError
        As in `principal_components`.

    References
    ----------
    Gao et al. (2017), bioRxiv 214262.

    Examples
    --------
    A circle in five dimensions, and a line:

    >>> phase = 2 * np.pi * np.arange(100) / 100
    >>> plane = np.random.default_rng(0).normal(size=(2, 5))
    >>> circle = np.c_[np.cos(phase), np.sin(phase)] @ np.linalg.qr(plane.T)[0].T
    >>> analysis.participation_ratio(circle)
    2.0
    >>> analysis.participation_ratio(np.outer(phase, [1, 2, 3]))
    1.0
    """
    ratio, _ = principal_components(states)
    total = float((ratio**2).sum())
    return float(ratio.sum() ** 2 / total) if total else 0.0


@short_repr
@dataclass(frozen=True, kw_only=True)
class CycleDimension:
    """Number of dimensions that a cycle spans.

    Attributes
    ----------
    participation_ratio : float
        2 for a circle, 1 for a line.
    n_components : int
        Least number of principal components that contain `share` of the variance.
    share : float
        Fraction of the variance, between 0 and 1.
    variance_ratio : ndarray, shape (min(m - 1, n),)
        Fraction of the variance along each component, largest first; m and n as in
        `compute_cycle_dimension`.

    Examples
    --------
    >>> phase = np.linspace(0, 2 * np.pi, 101)
    >>> ellipse = np.c_[np.cos(phase), 0.1 * np.sin(phase)]
    >>> dimension = analysis.compute_cycle_dimension(phase, ellipse)
    >>> dimension.n_components, dimension.variance_ratio.round(2)
    (1, array([0.99, 0.01]))
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
        From 0 to the period, ascending, in any unit; they need not be evenly spaced.
    states : array_like, shape (m, n)
        The last equal to the first, as in `LimitCycle`, within 1 % of the size of the cycle.
    share : float
        Fraction of the variance that `n_components` have to contain, between 0 and 1.

    Returns
    -------
    CycleDimension
        With zeros if the cycle does not move.

    Raises
    ------
    ValueError
        If the times do not ascend, the states are complex, not finite or do not close, or
        `share` is out of range.

    Examples
    --------
    A circle, with most of the samples in its first quarter:

    >>> times = np.append(np.linspace(0, 0.25, 200), np.linspace(0.26, 1, 75))
    >>> circle = np.c_[np.cos(2 * np.pi * times), np.sin(2 * np.pi * times)]
    >>> dimension = analysis.compute_cycle_dimension(times, circle)
    >>> dimension.participation_ratio, dimension.n_components
    (2.00, 2)
    """
    times, states = real_array(times, "times", n_axes=1), real_array(states, "states", n_axes=2)
    if times.shape != states.shape[:1] or times.size < 3 or not np.all(np.diff(times) > 0):
        raise ValueError(
            f"times must ascend, one for each state; got {times.shape} and {states.shape}."
        )
    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, got {share!r}.")
    gap = float(np.abs(states[-1] - states[0]).max())
    if gap > 0.01 * np.ptp(states, axis=0).max():
        raise ValueError(
            f"The states do not close: the last differs from the first by {gap:.3g}. Give a whole "
            "period with both ends."
        )
    gaps = np.diff(times)
    weights = (gaps + np.roll(gaps, 1)) / (2 * gaps.sum())
    states = _centered(states[:-1])
    mean = weights @ states
    _, singular, _ = np.linalg.svd(np.sqrt(weights)[:, None] * (states - mean), full_matrices=False)
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


def _centered(states: np.ndarray) -> np.ndarray:
    """States less their mean, over the largest deviation; 0 where only round-off deviates."""
    centered = states - states.mean(axis=0)
    size = np.abs(centered).max()
    if size <= 1e-14 * np.abs(states).max():
        return np.zeros_like(states)
    return centered / size
