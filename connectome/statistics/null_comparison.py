"""Comparison of a statistic with its values in random connectomes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.arguments import what_it_is
from isochron.connectome.statistics._matrix import require_layers
from isochron.real_numbers import require_real


@dataclass(frozen=True, slots=True)
class NullComparison:
    """A statistic of a connectome and of random connectomes.

    Attributes
    ----------
    observed : ndarray of float, shape s
        The statistic of the connectome; shape () for a number.
    samples : ndarray of float, shape (n_samples,) + s
        The statistic of each random connectome.

    Examples
    --------
    >>> from isochron.connectome.statistics import NullComparison
    >>> found = NullComparison(np.array(5.0), np.array([1.0, 2.0, 3.0]))
    >>> float(found.mean), float(found.ratio), float(found.z), float(found.p)  # p: 2 / (3 + 1)
    (2.0, 2.5, 3.0, 0.5)
    """

    observed: np.ndarray
    samples: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean over the random connectomes, shape s."""
        return self.samples.mean(axis=0)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation over the random connectomes (n - 1 in the denominator), shape s."""
        return self.samples.std(axis=0, ddof=1)

    @property
    def ratio(self) -> np.ndarray:
        """Observed over mean, shape s; NaN where the mean is 0."""
        return _divide(self.observed, self.mean)

    @property
    def z(self) -> np.ndarray:
        """Standard score, (observed - mean) / deviation; NaN where the deviation is 0."""
        deviation = self.deviation
        varies = deviation > _round_off(self.observed, self.samples)
        return _divide(self.observed - self.mean, np.where(varies, deviation, 0.0))

    @property
    def p(self) -> np.ndarray:
        """Two-sided Monte-Carlo p-value, never below 2 / (n_samples + 1), shape s.

        Twice the smaller share of the n_samples + 1 values, the observed one included, that
        are at least, or at most, as large as the observed one (Davison and Hinkley, 1997,
        section 4.2.5). NaN where a value is NaN.
        """
        tie = _round_off(self.observed, self.samples)
        above = 1 + (self.samples >= self.observed - tie).sum(axis=0)
        below = 1 + (self.samples <= self.observed + tie).sum(axis=0)
        share = np.minimum(1.0, 2 * np.minimum(above, below) / (len(self.samples) + 1))
        known = np.isfinite(self.samples).all(axis=0) & np.isfinite(self.observed)
        return np.where(known, share, np.nan)


def compare_with_null(
    statistic: Callable[[np.ndarray], ArrayLike],
    weights: ArrayLike,
    random_layers: Iterable[ArrayLike],
) -> NullComparison:
    """Compare a statistic of a layer with that of random layers.

    Parameters
    ----------
    statistic : callable
        ``statistic(weights)``, a number or an array whose shape is always the same.
    weights : array_like, shape (n, n)
        Weights ``[post, pre]`` of the observed layer.
    random_layers : iterable of array_like, each of shape (n, n)
        At least two, such as ``(rewire(worm, rng).chemical for _ in range(100))``. They are used
        one at a time, so a generator saves memory.

    Returns
    -------
    NullComparison
        Observed and random values, with ratio, z-score and p-value.

    Raises
    ------
    ValueError
        If there are fewer than two random layers, or the statistic changes its shape.

    Examples
    --------
    >>> from isochron.connectome.statistics import compare_with_null, reciprocity
    >>> worm, rng = connectome.load("varshney2011"), np.random.default_rng(0)
    >>> random = (connectome.rewire(worm, rng).chemical for _ in range(20))
    >>> found = compare_with_null(reciprocity, worm.chemical, random)
    >>> round(float(found.observed), 3), round(float(found.ratio), 1)
    (0.212, 3.7)
    """
    require_real("weights", weights)
    if not callable(statistic):
        raise TypeError(f"statistic must be a function, got {what_it_is(statistic)}.")
    require_layers(random_layers)
    observed = np.asarray(statistic(np.asarray(weights)), dtype=float)
    samples = []
    for layer in random_layers:
        require_real("random_layers", layer)
        sample = np.asarray(statistic(np.asarray(layer)), dtype=float)
        if sample.shape != observed.shape:
            raise ValueError(
                f"The statistic has shape {observed.shape} for the connectome, {sample.shape} for "
                "a random one; it must not depend on the connectome."
            )
        samples.append(sample)
    if len(samples) < 2:
        raise ValueError(f"At least 2 random layers are needed, got {len(samples)}.")
    return NullComparison(observed, np.array(samples))


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)


def _round_off(observed: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Differences up to which values count as equal: they were summed in a different order."""
    return 1e-10 * np.maximum(np.abs(observed), np.abs(samples).max(axis=0))
