"""Statistics of phases and of time series: circular tests, surrogates, intervals.

Circular means and spreads are `scipy.stats.circmean`, `circvar` and `circstd`; a fit of the
von Mises distribution is `scipy.stats.vonmises.fit`. Here is what SciPy has not.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import as_angles, real_array, unlabeled
from isochron.analysis.results import short_repr


@short_repr
@dataclass(frozen=True, kw_only=True)
class SignificanceTest:
    """A statistic, how likely one as large is under the null hypothesis, and how it was tested.

    Attributes
    ----------
    statistic : float
    p_value : float
    null : ndarray, shape (n,)
        The statistic of every surrogate; empty for a formula.
    method : str
    """

    statistic: float
    p_value: float
    null: np.ndarray
    method: str


def rayleigh_test(phases: ArrayLike) -> SignificanceTest:
    """Test of independent phases against uniformity, with one preferred phase as alternative.

    Parameters
    ----------
    phases : array_like, shape (n,)
        Radians; independent of each other, which the samples of a time series are not. A complex
        array is taken as analytic signals, by its angle.

    Returns
    -------
    SignificanceTest
        The statistic is the mean resultant length. The approximation of the p-value is good
        to three digits from n = 10.

    References
    ----------
    Zar (2010), Biostatistical Analysis, 5th edition, equation 27.4.
    """
    phases = as_angles(phases, "phases")
    n = phases.size
    if phases.ndim != 1 or n < 2:
        raise ValueError(f"phases must be at least 2 in one axis, got shape {phases.shape}.")
    length = float(abs(np.exp(1j * phases).mean()))
    p_value = math.exp(math.sqrt(1 + 4 * n + 4 * (n**2) * (1 - length**2)) - (1 + 2 * n))
    return SignificanceTest(
        statistic=length, p_value=min(1.0, p_value), null=np.empty(0), method="Rayleigh test"
    )


def phase_randomized(series: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Surrogate with the same power spectrum and random Fourier phases: a linear Gaussian null.

    Parameters
    ----------
    series : array_like, shape (n_times,) or (n_times, n)
        The columns get the same random phases, so that their cross-spectra stay too.
    rng : numpy.random.Generator

    References
    ----------
    Theiler et al. (1992), Physica D 58:77; Prichard and Theiler (1994), Physical Review
    Letters 73:951 for several columns.
    """
    series = _real_series(series, least=4)
    spectrum = np.fft.rfft(series, axis=0)
    turns = np.exp(2j * np.pi * rng.random(len(spectrum)))
    turns[0] = 1
    if len(series) % 2 == 0:
        turns[-1] = rng.choice([-1, 1])
    turns = turns.reshape(-1, *[1] * (series.ndim - 1))
    return np.fft.irfft(spectrum * turns, n=len(series), axis=0)


def amplitude_adjusted(
    series: ArrayLike, rng: np.random.Generator, *, max_iterations: int = 200
) -> np.ndarray:
    """Surrogate with the same values in a different order and nearly the same spectrum (IAAFT).

    Parameters
    ----------
    series : array_like, shape (n_times,)
    rng : numpy.random.Generator
    max_iterations : int
        It ends when the order no longer changes.

    References
    ----------
    Schreiber and Schmitz (1996), Physical Review Letters 77:635.
    """
    series = _real_series(series, least=4)
    if series.ndim != 1:
        raise ValueError(f"series must have one axis, got shape {series.shape}.")
    ordered, amplitudes = np.sort(series), np.abs(np.fft.rfft(series))
    surrogate, last = rng.permutation(series), None
    for _ in range(max_iterations):
        turns = np.exp(1j * np.angle(np.fft.rfft(surrogate)))
        ranks = np.argsort(np.argsort(np.fft.irfft(amplitudes * turns, n=series.size)))
        surrogate = ordered[ranks]
        if last is not None and np.array_equal(ranks, last):
            break
        last = ranks
    return surrogate


def cyclic_shift(series: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Surrogate turned round in time by a random shift: keeps all but the timing to others.

    Parameters
    ----------
    series : array_like, shape (n_times, ...)
    rng : numpy.random.Generator
    """
    series = _unlabeled_series(series)
    if len(series) < 2:
        raise ValueError("A shift needs at least two samples.")
    return np.roll(series, rng.integers(1, len(series)), axis=0)


def permuted(series: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Rows in random order: a permutation test, for rows that are independent of each other.

    Parameters
    ----------
    series : array_like, shape (m, ...)
    rng : numpy.random.Generator
    """
    return rng.permutation(_unlabeled_series(series), axis=0)


def surrogate_test(
    statistic: Callable[[np.ndarray], float],
    series: ArrayLike,
    surrogate: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    *,
    n_surrogates: int = 199,
    rng: np.random.Generator,
) -> SignificanceTest:
    """Whether a statistic of a series is larger than that of its surrogates.

    p = (1 + number of surrogates at or above) / (1 + n_surrogates), never 0, and uniform under
    the null hypothesis if series and surrogates are exchangeable.

    Parameters
    ----------
    statistic : callable
        Series to number; for a comparison with a second series, close over that.
    series : array_like, shape (n_times, ...)
    surrogate : callable
        ``surrogate(series, rng)``, such as `phase_randomized` or `cyclic_shift`.
    n_surrogates : int
    rng : numpy.random.Generator

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39.
    """
    if not n_surrogates >= 1:
        raise ValueError(f"n_surrogates must be at least 1, got {n_surrogates!r}.")
    series = _unlabeled_series(series)
    value = float(statistic(series))
    null = np.array([statistic(surrogate(series, rng)) for _ in range(n_surrogates)], dtype=float)
    if not (math.isfinite(value) and np.isfinite(null).all()):
        raise ValueError("The statistic is not finite for the series or one of its surrogates.")
    # Surrogates with the same statistic up to round-off are ties and count as large.
    tie = 1e-10 * max(abs(value), float(np.abs(null).max()))
    name = getattr(surrogate, "__name__", "given")
    return SignificanceTest(
        statistic=value,
        p_value=(1 + int(np.sum(null >= value - tie))) / (1 + n_surrogates),
        null=null,
        method=f"{n_surrogates} surrogates, {name}",
    )


@short_repr
@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with a confidence interval.

    Attributes
    ----------
    value, low, high : float or ndarray
    confidence : float
    method : str
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    confidence: float
    method: str


def block_bootstrap(
    series: ArrayLike,
    statistic: Callable[[np.ndarray], ArrayLike],
    *,
    block_length: int,
    n_resamples: int = 999,
    confidence: float = 0.95,
    rng: np.random.Generator,
) -> Interval:
    """Percentile interval of a statistic of a stationary time series.

    Resamples are made of blocks of random geometric length, taken round the end of the series,
    so that they keep its correlations within blocks and are stationary themselves. For
    independent samples use `scipy.stats.bootstrap`, which is more accurate there.

    Parameters
    ----------
    series : array_like, shape (n_times, ...)
    statistic : callable
        Series to number or array.
    block_length : int
        Mean length of a block in samples: several correlation times, and few in the series.
    n_resamples : int
    confidence : float
    rng : numpy.random.Generator

    References
    ----------
    Politis and Romano (1994), Journal of the American Statistical Association 89:1303.
    """
    series = _unlabeled_series(series)
    n = len(series)
    if not 1 <= block_length <= n:
        raise ValueError(f"block_length must be from 1 to {n} samples, got {block_length!r}.")
    if not n_resamples >= 2:
        raise ValueError(f"n_resamples must be at least 2, got {n_resamples!r}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}.")
    values = np.array(
        [statistic(series[_stationary_blocks(n, block_length, rng)]) for _ in range(n_resamples)]
    )
    value = np.asarray(statistic(series))
    if not (np.isfinite(value).all() and np.isfinite(values).all()):
        raise ValueError("The statistic is not finite for the series or one of its resamples.")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return Interval(
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        method=f"stationary bootstrap, blocks of {block_length}, {n_resamples} resamples",
    )


def _stationary_blocks(n: int, block_length: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of one resample."""
    begins = rng.random(n) < 1 / block_length
    begins[0] = True
    first = np.flatnonzero(begins)
    block = np.cumsum(begins) - 1
    starts = rng.integers(n, size=first.size)
    return (starts[block] + np.arange(n) - first[block]) % n


def _real_series(series: ArrayLike, *, least: int) -> np.ndarray:
    values = real_array(series, "series", least=least)
    if values.ndim not in (1, 2):
        raise ValueError(f"series must have one or two axes, time first; got {values.shape}.")
    return values


def _unlabeled_series(series: ArrayLike) -> np.ndarray:
    values = unlabeled(series, "series")
    if not values.ndim or not len(values):
        raise ValueError(f"series must have at least one sample, got shape {values.shape}.")
    return values
