"""Statistics of phases and of time series: circular tests, surrogates, intervals.

Circular means and spreads are `scipy.stats.circmean`, `circvar` and `circstd`; a fit of the
von Mises distribution is `scipy.stats.vonmises.fit`. This module adds what SciPy lacks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import as_angles, real_array, unlabeled
from isochron.analysis.results import short_repr
from isochron.arguments import require_callable, require_rng
from isochron.wording import counted

Alternative = Literal["less", "greater", "two-sided"]


@short_repr
@dataclass(frozen=True, kw_only=True)
class SignificanceTest:
    """Result of a test: a statistic, its p-value, and the method.

    Attributes
    ----------
    statistic : float
        Value for the data.
    p_value : float
        Probability under the null hypothesis of a statistic at least as large, or at least as
        extreme in the direction that `method` states, in [0, 1].
    null : ndarray, shape (n,)
        Statistic of every surrogate or draw from the null model; empty for a formula.
    method : str
        Name of the test, or number and kind of the surrogates.

    Examples
    --------
    >>> test = analysis.rayleigh_test([0.1, 0.2, 0.3, 0.2])
    >>> test.method
    'Rayleigh test'
    >>> test.p_value < 0.05
    True
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

    Raises
    ------
    ValueError
        If there are fewer than 2 phases or several axes, or a phase is not finite.

    References
    ----------
    Zar (2010), Biostatistical Analysis, 5th edition, equation 27.4.

    Examples
    --------
    Phases around 1 rad, and phases evenly around the circle:

    >>> phases = np.random.default_rng(0).vonmises(1.0, 2.0, size=20)
    >>> test = analysis.rayleigh_test(phases)
    >>> test.statistic, test.p_value < 1e-4
    (0.653, True)
    >>> analysis.rayleigh_test(2 * np.pi * np.arange(20) / 20).p_value
    1.0
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
        Real, at least 4 times. The columns get the same random phases, so that their
        cross-spectra are preserved too.
    rng : numpy.random.Generator
        Source of the random phases.

    Returns
    -------
    ndarray, shape (n_times,) or (n_times, n)
        Surrogate in the unit of `series`, with the same mean.

    Raises
    ------
    ValueError
        If the series is complex, not finite, too short, or has more than two axes.

    References
    ----------
    Theiler et al. (1992), Physica D 58:77; Prichard and Theiler (1994), Physical Review
    Letters 73:951 for several columns.

    Examples
    --------
    >>> series = np.cumsum(np.random.default_rng(0).normal(size=64))
    >>> surrogate = analysis.phase_randomized(series, np.random.default_rng(1))
    >>> power, same = (np.abs(np.fft.rfft(x)) ** 2 for x in (series, surrogate))
    >>> np.allclose(power, same), np.allclose(series, surrogate)
    (True, False)
    """
    require_rng(rng)
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
        Real, at least 4 times.
    rng : numpy.random.Generator
        Source of the random order that is the start.
    max_iterations : int
        Largest number of iterations; they stop earlier when the order no longer changes.

    Returns
    -------
    ndarray, shape (n_times,)
        Surrogate, in the unit of `series`.

    Raises
    ------
    ValueError
        If the series is complex, not finite, too short, or has several axes.

    References
    ----------
    Schreiber and Schmitz (1996), Physical Review Letters 77:635.

    Examples
    --------
    The values are the same, in a different order:

    >>> series = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    >>> surrogate = analysis.amplitude_adjusted(series, np.random.default_rng(0))
    >>> np.sort(surrogate)
    array([1., 1., 2., 3., 4., 5., 6., 9.])
    >>> np.array_equal(surrogate, series)
    False
    """
    require_rng(rng)
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
    """Surrogate shifted in time by a random lag, its end moved to the start.

    Only the timing relative to other series changes.

    Parameters
    ----------
    series : array_like, shape (n_times, ...)
        At least 2 times.
    rng : numpy.random.Generator
        Source of the lag, from 1 to n_times - 1 samples.

    Returns
    -------
    ndarray, shape (n_times, ...)
        Surrogate, in the unit of `series`.

    Raises
    ------
    ValueError
        If there are fewer than 2 samples.

    Examples
    --------
    >>> analysis.cyclic_shift([0, 1, 2, 3, 4], np.random.default_rng(1))
    array([3, 4, 0, 1, 2])
    """
    require_rng(rng)
    series = _unlabeled_series(series)
    if len(series) < 2:
        raise ValueError("A shift needs at least two samples.")
    return np.roll(series, rng.integers(1, len(series)), axis=0)


def permuted(series: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Surrogate with the rows in random order, for rows that are independent of each other.

    Parameters
    ----------
    series : array_like, shape (m, ...)
        Independent rows, such as conditions or trials.
    rng : numpy.random.Generator
        Source of the order.

    Returns
    -------
    ndarray, shape (m, ...)
        The same rows, in the unit of `series`.

    Raises
    ------
    ValueError
        If the series is empty.

    Examples
    --------
    >>> analysis.permuted([[1, 10], [2, 20], [3, 30]], np.random.default_rng(0))
    array([[ 3, 30],
           [ 1, 10],
           [ 2, 20]])
    """
    require_rng(rng)
    return rng.permutation(_unlabeled_series(series), axis=0)


def surrogate_test(
    statistic: Callable[[np.ndarray], float],
    series: ArrayLike,
    surrogate: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    *,
    n_surrogates: int = 199,
    rng: np.random.Generator,
) -> SignificanceTest:
    """Test whether a statistic of a series is larger than that of its surrogates.

    p = (1 + number of surrogates at or above) / (1 + n_surrogates), never 0, and uniform under
    the null hypothesis if series and surrogates are exchangeable.

    Parameters
    ----------
    statistic : callable
        ``statistic(series)``: maps an array of shape (n_times, ...) to a number. It may contain
        a second series, with which the first one is compared.
    series : array_like, shape (n_times, ...)
        Time series, or independent rows for `permuted`.
    surrogate : callable
        ``surrogate(series, rng)``, such as `phase_randomized` or `cyclic_shift`; returns an
        array of shape (n_times, ...).
    n_surrogates : int
        At least 1; the smallest p-value is 1 / (1 + n_surrogates).
    rng : numpy.random.Generator
        Source of the surrogates.

    Returns
    -------
    SignificanceTest
        One-sided: only a large statistic is significant.

    Raises
    ------
    ValueError
        If `n_surrogates` is below 1, the series is empty, or a statistic is not finite.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39.

    Examples
    --------
    Correlation of a noisy ramp with time, against orders drawn at random:

    >>> times = np.arange(30)
    >>> series = 0.1 * times + np.random.default_rng(0).normal(size=30)
    >>> test = analysis.surrogate_test(
    ...     lambda x: np.corrcoef(x, times)[0, 1],
    ...     series,
    ...     analysis.permuted,
    ...     rng=np.random.default_rng(1),
    ... )
    >>> test.statistic, test.p_value
    (0.719, 0.005)
    """
    require_rng(rng)
    require_callable("statistic", statistic, "np.std")
    require_callable("surrogate", surrogate, "analysis.permuted")
    if not n_surrogates >= 1:
        raise ValueError(f"n_surrogates must be at least 1, got {n_surrogates!r}.")
    series = _unlabeled_series(series)
    value = float(statistic(series))
    null = np.array([statistic(surrogate(series, rng)) for _ in range(n_surrogates)], dtype=float)
    if not (math.isfinite(value) and np.isfinite(null).all()):
        raise ValueError("The statistic is not finite for the series or one of its surrogates.")
    # Surrogates with the same statistic up to round-off are ties and count as at or above.
    tie = 1e-10 * max(abs(value), float(np.abs(null).max()))
    name = getattr(surrogate, "__name__", "given")
    return SignificanceTest(
        statistic=value,
        p_value=(1 + int(np.sum(null >= value - tie))) / (1 + n_surrogates),
        null=null,
        method=f"{n_surrogates} surrogates, {name}",
    )


def permutation_p(
    value: float, nulls: ArrayLike, *, alternative: Alternative = "less"
) -> SignificanceTest:
    """Test of a value against those of draws from a null model.

    p = (1 + number of draws at or beyond the value) / (1 + number of draws): never 0, and uniform
    if the value is a further draw from the null model. Draws that equal the value count as
    beyond it, in either direction.

    Parameters
    ----------
    value : float
        What was observed, such as the onset current of a connectome; infinite if it is
        censored: above all that could be measured (such as no onset up to the largest current).
    nulls : array_like, shape (n_draws,)
        The same for independent draws. Censored values rank above all others and are ties among
        themselves.
    alternative : {"less", "greater", "two-sided"}
        Direction in which a value is significant. Two-sided: twice the smaller p-value, at most 1.

    Returns
    -------
    SignificanceTest
        `method` states the direction, the number of draws and how many are censored.

    Raises
    ------
    ValueError
        If there are no draws, `alternative` is unknown, or a value is NaN or negative infinity.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39.

    Examples
    --------
    Onset currents in nA of a connectome and of four random ones, one of which has none:

    >>> test = analysis.permutation_p(1.4, [2.1, 3.5, float("inf"), 1.9])
    >>> test.p_value
    0.2
    >>> test.method
    '4 draws from the null model (1 censored), less'
    """
    if alternative not in get_args(Alternative):
        known = ", ".join(get_args(Alternative))
        raise ValueError(f"alternative must be one of {known}, got {alternative!r}.")
    null = real_array(nulls, "nulls", n_axes=1, finite=False)
    if not null.size or not (value > -math.inf and np.all(null > -math.inf)):
        raise ValueError(
            "value and nulls must be numbers or, if censored, infinity, with one draw or more; "
            f"got {value!r} and {null.size} draws of which {np.sum(~(null > -math.inf))} are NaN "
            "or negative infinity."
        )
    measured = np.abs(null[np.isfinite(null)])
    largest = float(max([abs(value) if math.isfinite(value) else 0.0, *measured]))
    tie = 1e-10 * largest  # equal up to round-off
    counts = {"less": np.sum(null <= value + tie), "greater": np.sum(null >= value - tie)}
    p_values = {side: (1 + int(count)) / (1 + null.size) for side, count in counts.items()}
    p_values["two-sided"] = min(1.0, 2 * min(p_values.values()))
    censored = int(np.sum(np.isinf(null)))
    return SignificanceTest(
        statistic=float(value),
        p_value=p_values[alternative],
        null=null,
        method=f"{counted(null.size, 'draw')} from the null model"
        + (f" ({censored} censored), " if censored else ", ")
        + alternative,
    )


@short_repr
@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with a confidence interval.

    Attributes
    ----------
    value : ndarray, shape of the statistic
        Estimate from the data.
    low, high : ndarray, shape of the statistic
        Ends of the interval.
    confidence : float
        Probability that such an interval contains the true value, between 0 and 1.
    method : str
        Kind of resampling, and number of resamples.

    Examples
    --------
    >>> interval = analysis.block_bootstrap(
    ...     [4.0, 5.0, 6.0], np.mean, block_length=1, rng=np.random.default_rng(0)
    ... )
    >>> float(interval.value), float(interval.low), float(interval.high)
    (5.0, 4.0, 6.0)
    >>> interval.method
    'stationary bootstrap, blocks of 1, 999 resamples'
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

    Resamples consist of blocks of random geometric length; a block that reaches the end of the
    series continues at its start. Correlations within blocks are preserved, and the resamples
    are stationary themselves. For independent samples use `scipy.stats.bootstrap`, which is
    more accurate there.

    Parameters
    ----------
    series : array_like, shape (n_times, ...)
        Evenly sampled, stationary.
    statistic : callable
        ``statistic(series)``: maps an array of shape (n_times, ...) to a number or an array.
    block_length : int
        Mean length of a block in samples: several correlation times, but a small part of the
        series.
    n_resamples : int
        At least 2.
    confidence : float
        Between 0 and 1.
    rng : numpy.random.Generator
        Source of the blocks.

    Returns
    -------
    Interval
        `value` is the statistic of the series itself.

    Raises
    ------
    ValueError
        If a number is out of range, the series is empty, or a statistic is not finite.

    References
    ----------
    Politis and Romano (1994), Journal of the American Statistical Association 89:1303.

    Examples
    --------
    Mean of an autocorrelated series: single samples as blocks give an interval that is much too
    narrow.

    >>> series = np.random.default_rng(0).normal(size=400)
    >>> for t in range(1, 400):
    ...     series[t] += 0.8 * series[t - 1]
    >>> widths = []
    >>> for length in (1, 30):
    ...     interval = analysis.block_bootstrap(
    ...         series, np.mean, block_length=length, rng=np.random.default_rng(1)
    ...     )
    ...     widths.append(interval.high - interval.low)
    >>> np.round(widths, 2)
    array([0.31, 0.78])
    """
    require_rng(rng)
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
    is_first = rng.random(n) < 1 / block_length
    is_first[0] = True
    first = np.flatnonzero(is_first)
    block = np.cumsum(is_first) - 1
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
