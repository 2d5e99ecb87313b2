"""Similarity of two activities: in shape, in geometry and along a cycle.

For dynamics, see `isochron.analysis.delay_models`. A p-value for any of these is
`statistics.surrogate_test` with `permuted` rows (independent conditions) or a `cyclic_shift`
(samples of a time series).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from isochron.analysis.arrays import real_array, require_same_rows
from isochron.analysis.statistics import Interval
from isochron.arguments import require_callable, require_rng


def procrustes_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two sets of states after the best shift, scaling and rotation.

    0 for the same shape, at most π/2. It is a metric. The numbers of units may differ: the
    smaller space is padded with zeros.

    Parameters
    ----------
    first : array_like, shape (m, n)
        States under m >= 2 conditions or times, rows first. With fewer conditions than units,
        unrelated states are close, too: compare with surrogates.
    second : array_like, shape (m, k)
        The same conditions in the same order.

    Returns
    -------
    float
        Radians.

    Raises
    ------
    ValueError
        If the states are complex, not finite, of one axis or do not vary, or the conditions
        differ (also by their labels, in labeled arrays).

    References
    ----------
    Williams, Kunz, Kornblith and Linderman (2021), NeurIPS 34, equation 4.

    Examples
    --------
    A circle is the same shape wherever it is and whatever its size; an ellipse is not.

    >>> phase = 2 * np.pi * np.arange(40) / 40
    >>> circle = np.c_[np.cos(phase), np.sin(phase)]
    >>> other = np.c_[7 + 3 * np.sin(phase), 3 * np.cos(phase), np.ones(40)]
    >>> round(analysis.procrustes_distance(circle, other), 6)
    0.0
    >>> analysis.procrustes_distance(circle, circle * [1, 0.5])  # acos(1.5 / sqrt(2.5))
    0.3218
    """
    x, y = (_shape_of(states) for states in _paired(first, second, least=2))
    return _angle(float(np.linalg.norm(x.T @ y, ord="nuc")))


def linear_cka(first: ArrayLike, second: ArrayLike, *, debiased: bool = True) -> float:
    """Centered kernel alignment with the linear kernel.

    1 for the same geometry up to rotation and scaling. Without the correction of bias it grows
    with the ratio of the numbers of units and conditions, even between unrelated states; with
    it, unrelated states have 0 on average, and it may be negative.

    Parameters
    ----------
    first : array_like, shape (m, n)
        States under m >= 4 conditions or times, rows first.
    second : array_like, shape (m, k)
        The same conditions in the same order.
    debiased : bool
        Whether the bias is corrected.

    Returns
    -------
    float
        At most 1, dimensionless.

    Raises
    ------
    ValueError
        As in `procrustes_distance`, or if the states do not vary enough.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton (2019), ICML; Song, Smola, Gretton, Bedo and Borgwardt
    (2012), Journal of Machine Learning Research 13:1393, equation 5, for the unbiased HSIC.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> states = rng.normal(size=(40, 50))
    >>> rotation = np.linalg.qr(rng.normal(size=(50, 50)))[0]
    >>> analysis.linear_cka(states, 3 * states @ rotation)
    1.0

    Unrelated states of 50 units under 40 conditions:

    >>> other = rng.normal(size=(40, 50))
    >>> biased = analysis.linear_cka(states, other, debiased=False)
    >>> round(biased, 1), abs(analysis.linear_cka(states, other)) < 0.05
    (0.6, True)
    """
    x, y = _paired(first, second, least=4)
    covariance = _unbiased_hsic if debiased else _biased_hsic
    kernel, other = (z @ z.T for z in map(_shape_of, (x, y)))
    scale = covariance(kernel, kernel) * covariance(other, other)
    if not scale > 0:
        raise ValueError("The states do not vary enough for their alignment to be defined.")
    return covariance(kernel, other) / math.sqrt(scale)


def _biased_hsic(kernel: np.ndarray, other: np.ndarray) -> float:
    return float(np.sum(kernel * other)) / (len(kernel) - 1) ** 2


def _unbiased_hsic(kernel: np.ndarray, other: np.ndarray) -> float:
    m = len(kernel)
    kernel, other = (matrix - np.diag(np.diag(matrix)) for matrix in (kernel, other))
    inner = np.sum(kernel * other) + kernel.sum() * other.sum() / ((m - 1) * (m - 2))
    cross = kernel.sum(axis=0) @ other.sum(axis=0)
    return float(inner - 2 / (m - 2) * cross) / (m * (m - 3))


@dataclass(frozen=True, kw_only=True)
class CycleComparison:
    """Distance of two cycles, and the lag at which it is least.

    Attributes
    ----------
    distance : float
        Procrustes distance at the best shift, radians, from 0 to π/2.
    shift : float
        Fraction of a cycle by which the second lags behind the first, in [0, 1).

    Examples
    --------
    >>> phase = 2 * np.pi * np.arange(60) / 60
    >>> cycle = np.c_[np.cos(phase), np.sin(2 * phase)]
    >>> comparison = analysis.compare_cycles(cycle, np.roll(cycle, 15, axis=0))
    >>> comparison.shift
    0.25
    """

    distance: float
    shift: float


def compare_cycles(first: ArrayLike, second: ArrayLike) -> CycleComparison:
    """Procrustes distance of two periodic orbits, at the shift in time that makes it least.

    Each is a Fourier series in its phase, so the shift is not limited to the samples, the
    numbers of samples and units may differ, and periods do not matter.

    Parameters
    ----------
    first : array_like, shape (m, n)
        One period, evenly sampled in time, time first. A last state that repeats the first, as
        in `LimitCycle`, is omitted.
    second : array_like, shape (k, l)
        One period of the other cycle, likewise.

    Returns
    -------
    CycleComparison
        Distance in radians, and the shift as a fraction of a cycle.

    Raises
    ------
    ValueError
        If a cycle has fewer than 4 states, is constant, complex or not finite.

    Examples
    --------
    A figure eight, and the same one in three other units, sampled less often, a quarter of a
    cycle later:

    >>> def eight(n_times, lag):
    ...     phase = 2 * np.pi * (np.arange(n_times) / n_times - lag)
    ...     return np.c_[np.cos(phase), np.sin(2 * phase)]
    >>> to_units = np.array([[1, 2, 2], [2, 1, -2]])  # orthogonal rows of one length
    >>> comparison = analysis.compare_cycles(eight(100, 0), eight(64, 0.25) @ to_units)
    >>> round(comparison.distance, 6), comparison.shift
    (0.0, 0.25)
    """
    first, second = _open_cycle(first, "first"), _open_cycle(second, "second")
    n_phases = max(len(first), len(second))
    one, two = (_cycle_spectrum(states, n_phases) for states in (first, second))
    orders = np.arange(len(one))
    weight = np.where(orders > 0, 2.0, 0.0)  # order -k is the conjugate of order k

    def overlap(shift: float) -> float:
        turned = two * (weight * np.exp(2j * np.pi * orders * shift))[:, None]
        return float(np.linalg.norm(np.real(np.conj(one).T @ turned), ord="nuc"))

    grid = np.arange(n_phases) / n_phases
    best = grid[int(np.argmax([overlap(shift) for shift in grid]))]
    bounds = (best - 1 / n_phases, best + 1 / n_phases)
    refined = minimize_scalar(
        lambda shift: -overlap(shift), bounds=bounds, method="bounded", options={"xatol": 1e-10}
    ).x
    shift = max((best, refined), key=overlap)
    return CycleComparison(distance=_angle(overlap(shift)), shift=float(shift % 1.0))


def ellipse_of(states: ArrayLike, *, n_phases: int = 100) -> np.ndarray:
    """Ellipse with the variances of a cycle along its first two principal components.

    It is what remains of the shape of a cycle without harmonics and further dimensions: a cycle
    that resembles a second one only because both turn in a plane is no more similar to it than
    this ellipse.

    Parameters
    ----------
    states : array_like, shape (m, n)
        One period, evenly sampled in time, time first, of n >= 2 units. A last state that repeats
        the first is omitted.
    n_phases : int
        Number of states of the ellipse, at least 4.

    Returns
    -------
    ndarray, shape (n_phases, 2)
        One period, evenly sampled, centered, in the unit of `states`.

    Raises
    ------
    ValueError
        If the cycle has fewer than 4 states or 2 units, is constant, complex or not finite, or
        `n_phases` is below 4.

    Examples
    --------
    >>> phase = 2 * np.pi * np.arange(60) / 60
    >>> cycle = np.c_[3 * np.cos(phase), np.sin(phase), 0.5 * np.cos(2 * phase)]
    >>> ellipse = analysis.ellipse_of(cycle)
    >>> np.ptp(ellipse, axis=0).round(3)
    array([6., 2.])
    """
    if not n_phases >= 4:
        raise ValueError(f"n_phases must be at least 4, got {n_phases!r}.")
    states = _open_cycle(states, "states")
    if states.shape[1] < 2:
        raise ValueError("An ellipse needs a cycle of 2 or more units, got 1.")
    _shape_of(states)  # it must vary
    singular = np.linalg.svd(states - states.mean(axis=0), compute_uv=False)
    axes = singular[:2] * math.sqrt(2 / len(states))
    phases = 2 * np.pi * np.arange(n_phases) / n_phases
    return axes * np.c_[np.cos(phases), np.sin(phases)]


def distance_beyond_ellipse(states: ArrayLike, target: ArrayLike) -> float:
    """Distance of a cycle from a second one, less that of the ellipse of the first.

    Parameters
    ----------
    states : array_like, shape (m, n)
        One period of a cycle, as in `compare_cycles`, of n >= 2 units.
    target : array_like, shape (k, l)
        One period of the cycle that it is compared with.

    Returns
    -------
    float
        Radians. Negative: the cycle is more similar to the target than an ellipse with its
        variances (`ellipse_of`) is, so similarity is not only that of two planar rotations.

    Raises
    ------
    ValueError
        As in `compare_cycles` and `ellipse_of`.

    Examples
    --------
    A figure eight resembles a different one more than its ellipse does:

    >>> phase = 2 * np.pi * np.arange(60) / 60
    >>> one, two = (np.c_[np.cos(phase), a * np.sin(2 * phase)] for a in (1, 0.7))
    >>> round(analysis.distance_beyond_ellipse(one, two), 2)
    -0.78
    """
    ellipse = compare_cycles(ellipse_of(states), target)
    return compare_cycles(states, target).distance - ellipse.distance


def _open_cycle(states: ArrayLike, name: str) -> np.ndarray:
    """States of a cycle, without its end if that repeats the first one."""
    states = checked_states(states, 4, name)
    repeated = np.abs(states[-1] - states[0]).max() <= 1e-8 * np.ptp(states, axis=0).max()
    return states[:-1] if repeated else states


def _cycle_spectrum(states: np.ndarray, n_phases: int) -> np.ndarray:
    """Fourier coefficients, shape (n_phases // 2 + 1, rank), of a cycle of unit size."""
    left, singular, _ = np.linalg.svd(_shape_of(states), full_matrices=False)
    kept = singular > 1e-12 * singular[0]
    shape = left[:, kept] * singular[kept] / np.linalg.norm(singular)
    spectrum = np.zeros((n_phases // 2 + 1, shape.shape[1]), dtype=complex)
    coefficients = np.fft.rfft(shape, axis=0) / math.sqrt(len(shape))
    if len(shape) % 2 == 0:
        coefficients[-1] /= math.sqrt(2)  # counted twice with its conjugate
    spectrum[: len(coefficients)] = coefficients
    return spectrum


def noise_ceiling(
    similarity: Callable[[np.ndarray, np.ndarray], float],
    repeats: ArrayLike,
    *,
    n_splits: int = 100,
    confidence: float = 0.95,
    rng: np.random.Generator,
) -> Interval:
    """Similarity of a system to itself: between the means of random halves of its repeats.

    It is the similarity of a perfect model to a mean over half of the repeats.

    Parameters
    ----------
    similarity : callable
        ``similarity(first, second)`` of two arrays of shape (m, n); returns a number.
    repeats : array_like, shape (n_repeats, m, n)
        At least 2 repeats of m conditions or times.
    n_splits : int
        Number of random splits into halves, at least 1.
    confidence : float
        Confidence of the interval, between 0 and 1. It covers the splits, not new repeats.
    rng : numpy.random.Generator
        Source of the splits.

    Returns
    -------
    Interval
        The value is the mean over splits.

    Raises
    ------
    ValueError
        If a number is out of range, or `repeats` does not have three axes and two repeats, is
        complex or not finite.

    Examples
    --------
    Ten noisy repeats of a circle:

    >>> phase = 2 * np.pi * np.arange(40) / 40
    >>> circle = np.c_[np.cos(phase), np.sin(phase)]
    >>> repeats = circle + 0.3 * np.random.default_rng(0).normal(size=(10, 40, 2))
    >>> ceiling = analysis.noise_ceiling(
    ...     analysis.linear_cka, repeats, rng=np.random.default_rng(1)
    ... )
    >>> print(ceiling.value.round(2))
    0.93
    """
    require_rng(rng)
    if not (n_splits >= 1 and 0 < confidence < 1):
        raise ValueError(
            f"Need n_splits >= 1 and confidence in (0, 1), got {n_splits!r} and {confidence!r}."
        )
    require_callable("similarity", similarity, "analysis.linear_cka")
    repeats = real_array(repeats, "repeats", n_axes=3)
    if repeats.ndim != 3 or len(repeats) < 2:
        raise ValueError(f"repeats must be (n_repeats >= 2, m, n), got shape {repeats.shape}.")
    values = []
    for _ in range(n_splits):
        halves = np.array_split(rng.permutation(len(repeats)), 2)
        values.append(similarity(*(repeats[half].mean(axis=0) for half in halves)))
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value=np.asarray(np.mean(values)),
        low=low,
        high=high,
        confidence=confidence,
        method=f"{n_splits} random halves of {len(repeats)} repeats",
    )


def _shape_of(states: np.ndarray) -> np.ndarray:
    """States less their mean, of unit norm."""
    largest = np.abs(states).max()
    centered = states - states.mean(axis=0)
    span = np.abs(centered).max()
    if not span > 1e-13 * largest:  # beyond round-off of the mean
        raise ValueError("The states do not vary: their shape is not defined.")
    centered = centered / span
    return centered / np.linalg.norm(centered)


def _angle(cosine: float) -> float:
    return math.acos(min(1.0, max(-1.0, cosine)))


def _paired(first: ArrayLike, second: ArrayLike, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = checked_states(first, least, "first"), checked_states(second, least, "second")
    require_same_rows(first, second)
    if len(x) != len(y):
        raise ValueError(f"Both need the same conditions in rows, got {len(x)} and {len(y)}.")
    return x, y


def checked_states(states: ArrayLike, least: int, name: str = "states") -> np.ndarray:
    """Real states with rows first, at least `least`; an error if they are not."""
    states = real_array(states, name)
    if states.ndim != 2 or len(states) < least or not states.shape[1]:
        hint = f" For one unit, give {name}[:, None]." if states.ndim == 1 else ""
        raise ValueError(
            f"{name} must have shape (m, n) with m >= {least}, rows (times, conditions) first; "
            f"got {states.shape}.{hint}"
        )
    return states
