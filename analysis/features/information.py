"""Mutual information of features with a phase or a condition, less that of surrogates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import as_angles, real_array
from isochron.analysis.results import short_repr
from isochron.analysis.statistics import cyclic_shift
from isochron.arguments import require_rng
from isochron.wording import shown


@short_repr
@dataclass(frozen=True, kw_only=True)
class FeatureInformation:
    """Mutual information of each feature with a phase or a condition.

    Attributes
    ----------
    bits : ndarray, shape (m,)
        Mutual information of the sample, in bits, which is biased upwards.
    null_bits : ndarray, shape (m,)
        Mean of the surrogates, in bits: the bias.
    p_values : ndarray, shape (m,)
        (1 + number of surrogates at or above) / (1 + number of surrogates), not corrected for the
        number of features.
    entropy_bits : ndarray, shape (m,)
        Entropy of the levels of the feature, in bits: the largest possible information. 0 for a
        feature that does not vary.

    Examples
    --------
    >>> from isochron.analysis import features
    >>> phases = 0.1 * np.arange(2000) + np.cumsum(np.random.default_rng(0).normal(size=2000))
    >>> found = features.phase_information(
    ...     np.maximum(np.cos(phases), 0)[:, None], phases, rng=np.random.default_rng(1)
    ... )
    >>> print(found.excess.round(1), found.p_values)
    [1.6] [0.01]
    """

    bits: np.ndarray
    null_bits: np.ndarray
    p_values: np.ndarray
    entropy_bits: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """Information less the mean of the surrogates, in bits, shape (m,); 0 on average for an
        unrelated feature.
        """
        return self.bits - self.null_bits


def phase_information(
    features: ArrayLike,
    phases: ArrayLike,
    *,
    trials: ArrayLike | None = None,
    n_bins: int = 12,
    n_levels: int = 4,
    n_surrogates: int = 99,
    rng: np.random.Generator,
) -> FeatureInformation:
    """Mutual information of features with a phase, next to cyclic shifts of the features.

    A feature is divided into the level 0 and `n_levels` levels of other values that are equally
    frequent, the phase into `n_bins` equal bins. In a surrogate the features of each trial are
    shifted in time by a random lag. The shift of a strictly periodic feature changes its preferred
    phase only, not the information: a periodic system needs several trials, with different phases
    at their starts. With few trials the surrogates have too much information, so that the excess
    is too small.

    Parameters
    ----------
    features : array_like, shape (n_samples, m)
        Features, such as those of `Dictionary.encode`, time first, evenly sampled in each trial.
    phases : array_like, shape (n_samples,)
        Phase of each sample, in radians.
    trials : array_like, shape (n_samples,), optional
        Number of the trial of each sample; the samples of a trial are in one piece, at least 2.
        One trial by default.
    n_bins, n_levels : int
        Numbers of bins of the phase, at least 2, and of levels of a feature, at least 1.
    n_surrogates : int
        At least 1; the smallest p-value is 1 / (1 + n_surrogates).
    rng : numpy.random.Generator
        Source of the lags.

    Returns
    -------
    FeatureInformation
        In bits.

    Raises
    ------
    ValueError
        If the values are complex or not finite, differ in number, a trial has fewer than 2
        samples or is not in one piece, or a number is out of range.

    Examples
    --------
    A feature that is active in a part of the cycle, and noise:

    >>> from isochron.analysis import features
    >>> rng = np.random.default_rng(0)
    >>> phases = 0.1 * np.arange(2000) + np.cumsum(0.3 * rng.normal(size=2000))
    >>> values = np.c_[np.maximum(np.cos(phases), 0), np.maximum(rng.normal(size=2000), 0)]
    >>> found = features.phase_information(values, phases, rng=rng)
    >>> found.excess > 0.1
    array([ True, False])
    """
    require_rng(rng)
    if not n_bins >= 2:
        raise ValueError(f"n_bins must be at least 2, got {shown(n_bins)}.")
    angles = as_angles(phases, "phases")
    bins = np.floor(np.mod(angles, 2 * np.pi) * (n_bins / (2 * np.pi))).astype(int) % n_bins
    pieces = _pieces(trials, len(angles))

    def surrogate() -> np.ndarray:
        places = np.arange(len(angles))
        return np.concatenate([cyclic_shift(places[piece], rng) for piece in pieces])

    # The lags of features against phases are those of phases against features.
    return _information(features, bins, n_levels, n_surrogates, lambda: bins[surrogate()])


def condition_information(
    features: ArrayLike,
    conditions: ArrayLike,
    *,
    trials: ArrayLike,
    n_levels: int = 4,
    n_surrogates: int = 99,
    rng: np.random.Generator,
) -> FeatureInformation:
    """Mutual information of features with the condition of a trial, next to permuted trials.

    Parameters
    ----------
    features : array_like, shape (n_samples, m)
        As in `phase_information`.
    conditions : array_like of int, shape (n_samples,)
        Condition of each sample, such as the number of a stimulus; the same in a whole trial.
    trials : array_like, shape (n_samples,)
        Number of the trial of each sample, as in `phase_information`. In a surrogate the
        conditions of the trials are permuted.
    n_levels : int
        Number of levels of a feature, at least 1.
    n_surrogates : int
        At least 1.
    rng : numpy.random.Generator
        Source of the permutations.

    Returns
    -------
    FeatureInformation
        In bits.

    Raises
    ------
    ValueError
        As in `phase_information`, or if a trial has several conditions.

    Examples
    --------
    Twenty trials of ten samples; the feature is active in those of condition 1:

    >>> from isochron.analysis import features
    >>> trials = np.repeat(np.arange(20), 10)
    >>> conditions = trials % 2
    >>> found = features.condition_information(
    ...     conditions[:, None], conditions, trials=trials, rng=np.random.default_rng(0)
    ... )
    >>> found.bits, found.p_values
    (array([1.]), array([0.01]))
    """
    require_rng(rng)
    _, labels = np.unique(np.asarray(conditions), return_inverse=True)
    pieces = _pieces(trials, labels.size)
    if any(np.ptp(labels[piece]) for piece in pieces):
        raise ValueError("A trial has several conditions; give each part a separate number.")
    first, sizes = [piece.start for piece in pieces], [piece.stop - piece.start for piece in pieces]

    def surrogate() -> np.ndarray:
        return np.repeat(rng.permutation(labels[first]), sizes)

    return _information(features, labels, n_levels, n_surrogates, surrogate)


def _information(
    features: ArrayLike,
    labels: np.ndarray,
    n_levels: int,
    n_surrogates: int,
    surrogate: Callable[[], np.ndarray],
) -> FeatureInformation:
    """Information with labels, and with surrogates of them."""
    values = real_array(features, "features", n_axes=2)
    if labels.shape != values.shape[:1] or not values.size:
        raise ValueError(
            f"features must have shape ({labels.size}, m), one row for each sample; got "
            f"{values.shape}."
        )
    for name, count in (("n_levels", n_levels), ("n_surrogates", n_surrogates)):
        if not count >= 1:
            raise ValueError(f"{name} must be at least 1, got {shown(count)}.")
    levels = _levels(values, n_levels)
    bits = _bits(levels, labels)
    null = np.array([_bits(levels, surrogate()) for _ in range(n_surrogates)])
    above = (null >= bits - 1e-10).sum(axis=0)  # equal up to round-off counts as above
    return FeatureInformation(
        bits=bits,
        null_bits=null.mean(axis=0),
        p_values=(1 + above) / (1 + n_surrogates),
        entropy_bits=_entropy(levels.sum(axis=0) / len(values)),
    )


def _levels(values: np.ndarray, n_levels: int) -> np.ndarray:
    """Levels as indicators, shape (n_samples, m, n_levels + 1); level 0 is the value 0."""
    found = np.zeros((*values.shape, n_levels + 1))
    for k, column in enumerate(values.T):
        level, other = np.zeros(len(column), dtype=int), column != 0
        if other.any():
            edges = np.quantile(column[other], np.arange(1, n_levels) / n_levels)
            level[other] = 1 + np.searchsorted(edges, column[other], side="right")
        found[np.arange(len(column)), k, level] = 1
    return found


def _bits(levels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mutual information of each feature with labels, of the sample."""
    n, m, n_levels = levels.shape
    other = np.zeros((n, labels.max() + 1))
    other[np.arange(n), labels] = 1
    joint = (levels.reshape(n, -1).T @ other / n).reshape(m, n_levels, -1)
    both = _entropy(joint.reshape(m, -1))
    return _entropy(joint.sum(axis=2)) + _entropy(joint.sum(axis=1)) - both


def _entropy(shares: np.ndarray) -> np.ndarray:
    """Entropy over the last axis, in bits."""
    return -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def _pieces(trials: ArrayLike | None, n_samples: int) -> list[slice]:
    """The samples of each trial."""
    numbers = np.zeros(n_samples) if trials is None else np.asarray(trials)
    if numbers.shape != (n_samples,):
        raise ValueError(f"trials must have shape ({n_samples},), got {numbers.shape}.")
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    ends = np.r_[starts[1:], n_samples]
    if len(np.unique(numbers)) != len(starts):
        raise ValueError("The samples of a trial are not in one piece. Sort them by trial.")
    if (ends - starts).min() < 2:
        raise ValueError("A trial has a single sample, which cannot be shifted; give 2 or more.")
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
