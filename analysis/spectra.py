"""Multitaper power spectrum with intervals, and a test for a line in it."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.signal.windows import dpss

from isochron.analysis.arrays import real_array
from isochron.analysis.results import short_repr
from isochron.settings import check_type


@short_repr
@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """One-sided power spectral density.

    Attributes
    ----------
    frequencies : ndarray, shape (n_frequencies,)
        Hz, from 0 to half of the sampling rate.
    density : ndarray, shape (n_frequencies,)
        Square of the unit of the signal per Hz; its integral is the variance about the mean.
    low, high : ndarray, shape (n_frequencies,)
        Confidence interval of the density, at each frequency by itself.
    line_p_values : ndarray, shape (n_frequencies,)
        P-values of a sinusoid at each frequency, against a smooth spectrum; not corrected for
        the number of frequencies. NaN at the two ends.
    half_bandwidth_Hz : float
        Resolution in Hz: two lines nearer than this are not resolved.
    n_tapers : int
        Number of tapers averaged.
    confidence : float
        Confidence of the interval at each frequency, between 0 and 1.
    method : str
        Number of tapers and kind of the interval.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=1000)
    >>> spectrum = analysis.multitaper_spectrum(noise, rate_Hz=100)
    >>> spectrum.method
    'multitaper, 7 tapers, chi2 interval'
    >>> spectrum.half_bandwidth_Hz
    0.4
    >>> spectrum.frequencies[[0, -1]]
    array([ 0., 50.])
    """

    frequencies: np.ndarray
    density: np.ndarray
    low: np.ndarray
    high: np.ndarray
    line_p_values: np.ndarray
    half_bandwidth_Hz: float
    n_tapers: int
    confidence: float
    method: str


def multitaper_spectrum(
    signal: ArrayLike,
    *,
    rate_Hz: float,
    time_bandwidth: float = 4.0,
    confidence: float = 0.95,
    interval: str = "chi2",
) -> Spectrum:
    """Power spectral density by averaging over Slepian tapers.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
        Real, at least 16 samples. Its mean is subtracted.
    rate_Hz : float
        Sampling rate in Hz.
    time_bandwidth : float
        Half-bandwidth times duration, from 1.5 to n_times / 4; 2 time_bandwidth - 1 tapers are
        used.
    confidence : float
        Confidence of the interval, between 0 and 1.
    interval : {"chi2", "jackknife"}
        Method of the interval. chi² is exact for a Gaussian signal whose spectrum is flat over
        the bandwidth; the jackknife over tapers, on the logarithm, requires neither.

    Returns
    -------
    Spectrum
        One-sided density with an interval and a test for a line at each frequency.

    Raises
    ------
    ValueError
        If the signal is complex, not finite or shorter than 16 samples, or an option is out of
        range.

    References
    ----------
    Thomson (1982), Proceedings of the IEEE 70:1055, section 13 for the line test; Thomson and
    Chave (1991) for the jackknife.

    Examples
    --------
    A sinusoid of 10 Hz in white noise of variance 0.25, sampled at 100 Hz for 10 s:

    >>> times = np.arange(1000) / 100
    >>> noise = 0.5 * np.random.default_rng(0).normal(size=1000)
    >>> spectrum = analysis.multitaper_spectrum(np.sin(20 * np.pi * times) + noise, rate_Hz=100)
    >>> print(spectrum.frequencies[np.nanargmin(spectrum.line_p_values)])
    10.0
    >>> spacing = spectrum.frequencies[1]
    >>> print(round(np.sum(spectrum.density) * spacing, 2))  # the variance, 0.5 + 0.25
    0.75
    """
    signal = real_array(signal, "signal", n_axes=1, least=16)
    check_type("rate_Hz", rate_Hz, float)
    if not 0 < rate_Hz < math.inf:
        raise ValueError(f"rate_Hz must be positive, got {rate_Hz!r}.")
    if not 1.5 <= time_bandwidth <= signal.size / 4:
        raise ValueError(
            f"time_bandwidth must be from 1.5 to {signal.size / 4:g}, got {time_bandwidth!r}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}.")
    if interval not in _INTERVALS:
        raise ValueError(f"interval must be one of {sorted(_INTERVALS)}, got {interval!r}.")
    n = signal.size
    n_tapers = int(2 * time_bandwidth) - 1
    tapers = _tapers(n, time_bandwidth, n_tapers)
    transforms = np.fft.rfft(tapers * (signal - signal.mean()), axis=1)
    sides = np.full(transforms.shape[1], 2.0)
    sides[0] = 1.0
    if n % 2 == 0:
        sides[-1] = 1.0
    each = sides * np.abs(transforms) ** 2 / rate_Hz
    density = each.mean(axis=0)
    low, high = _INTERVALS[interval](each, density, sides, confidence)
    return Spectrum(
        frequencies=np.fft.rfftfreq(n, 1 / rate_Hz),
        density=density,
        low=low,
        high=high,
        line_p_values=_line_p_values(tapers, transforms, sides),
        half_bandwidth_Hz=time_bandwidth * rate_Hz / n,
        n_tapers=n_tapers,
        confidence=confidence,
        method=f"multitaper, {n_tapers} tapers, {interval} interval",
    )


@functools.lru_cache(maxsize=4)
def _tapers(n: int, time_bandwidth: float, n_tapers: int) -> np.ndarray:
    tapers = np.asarray(dpss(n, time_bandwidth, n_tapers))
    tapers.setflags(write=False)
    return tapers


def _chi2_interval(each, density, sides, confidence):
    freedom = len(each) * sides  # two for every taper, one at frequency 0 and Nyquist
    high = stats.chi2.ppf((1 + confidence) / 2, freedom)
    low = stats.chi2.ppf((1 - confidence) / 2, freedom)
    return freedom * density / high, freedom * density / low


def _jackknife_interval(each, density, sides, confidence):
    k = len(each)
    with np.errstate(divide="ignore"):
        without_one = np.log((each.sum(axis=0) - each) / (k - 1))
    variance = (k - 1) * np.var(without_one, axis=0)
    reach = stats.t.ppf((1 + confidence) / 2, k - 1) * np.sqrt(variance)
    return density * np.exp(-reach), density * np.exp(reach)


_INTERVALS = {"chi2": _chi2_interval, "jackknife": _jackknife_interval}


def _line_p_values(tapers: np.ndarray, transforms: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Thomson's F: power of the sinusoid that fits all tapers, over the residual power."""
    weights = tapers.sum(axis=1)
    weights[1::2] = 0  # the mean of an odd taper is 0
    power = np.sum(weights**2)
    amplitude = weights @ transforms / power
    rest = np.sum(np.abs(transforms - np.outer(weights, amplitude)) ** 2, axis=0)
    k = len(tapers)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (k - 1) * np.abs(amplitude) ** 2 * power / rest
    p_values = stats.f.sf(ratio, 2, 2 * (k - 1))
    return np.where(sides == 2, p_values, math.nan)
