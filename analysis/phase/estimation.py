"""Phase of a signal, and the evenly growing phase from a protophase."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import maximum_filter1d, minimum_filter1d
from scipy.signal import fftconvolve, hilbert

from isochron.analysis.arrays import real_array
from isochron.analysis.phase.oscillation import (
    counted_crossings,
    evenness_p_value,
    oscillation_test,
    upward_crossings,
)
from isochron.settings import check_type
from isochron.wording import counted

SIGNIFICANCE = 5e-4
_LEAST_SHARE = 0.15
_LEAST_RANGE = 0.03  # range of the signal within 1.5 periods, over its upper quartile
_LEAST_AMPLITUDE = 0.25  # amplitude of the oscillation within 4 periods, likewise
_LEAST_LOCAL_SHARE = 0.5  # amplitude over standard deviation within 4 periods, likewise
_CLEAR_SHARE = 0.8  # likewise, where the amplitude is too low
_TRIED_FREQUENCIES = (0.5, 0.7, 1.0, 1.4, 2.0)  # times the frequency found


def compute_phase(signal: ArrayLike, *, significance: float = SIGNIFICANCE) -> np.ndarray:
    """Phase of an oscillating signal from its analytic signal, in radians, not unwrapped.

    A signal sin(φ) has phase φ, up to edge effects of about one period at either end. Every
    signal is tested first (`oscillation_test`), because noise has an analytic signal too: it
    must oscillate, with at least 15 % of its variance in the oscillation and its harmonics (in
    white noise the phase is then off by 1.4 rad rms at most; an unrelated phase, by 1.8),
    and must not be constant for longer than a period, or nearly constant (a range below 3 % of
    the upper quartile) for longer than 1.5. If the evidence is a spectral peak, no part longer
    than 4 periods may lack it (its ratio to the standard deviation is below 50 % of the upper
    quartile, or below 80 % where its amplitude is below 25 %); with fewer than about 16 samples
    per cycle, some parts of noise are not found. If there are several rhythms of similar
    amplitude, the result follows none of them: filter first, or use `fourier_protophase`.

    Measured on 400 sinusoids in noise for each number (SNR: ratio of standard deviations):
    signals of 10 and more cycles pass in 99 % at an SNR of 3 and above, in white and in 1/f
    noise. Signals of five cycles in white noise pass in 80, 94 and 99 % at an SNR of 3, 5 and 10
    (100 samples a cycle; with 20 samples, 36, 67 and 92 %), in 1/f noise in 20, 45 and 87 %:
    fewer cycles can seldom be distinguished from noise unless they are clean.

    Parameters
    ----------
    signal : array_like, shape (..., n_times)
        Evenly sampled, at least three periods long; time is the last axis.
    significance : float
        Largest p-value of the test. With the default, fewer than 1 in 1000 signals of white,
        pink, brown or autoregressive noise pass (2 of 110,000, of 60 to 400 samples). 1
        accepts every signal that varies.

    Returns
    -------
    ndarray, shape (..., n_times)
        Radians, in (-π, π].

    Raises
    ------
    ValueError
        If a signal is complex, not finite, constant, or does not oscillate, as a whole or in
        a part; the message states the samples of the part.

    Examples
    --------
    >>> truth = 2 * np.pi * np.arange(1000) / 50
    >>> phase = analysis.compute_phase(np.sin(truth))
    >>> np.allclose(analysis.difference_of_phases(phase, truth), 0, atol=1e-9)
    True

    Noise does not have a phase:

    >>> analysis.compute_phase(np.random.default_rng(0).normal(size=1000))
    Traceback (most recent call last):
    ValueError: The signal does not oscillate: p = ...
    """
    if not 0 < significance <= 1:
        raise ValueError(f"significance must be in (0, 1], got {significance!r}.")
    signal = real_array(signal, "signal", time_axis=-1, least=8)
    if not signal.ndim or not signal.size:
        raise ValueError(f"signal must have shape (..., n_times), got {signal.shape}.")
    for place in np.ndindex(signal.shape[:-1]):
        _require_oscillation(signal[place], significance, _where(place))
    centered = signal - signal.mean(axis=-1, keepdims=True)
    return np.angle(1j * np.asarray(hilbert(centered, axis=-1)))


def _require_oscillation(signal: np.ndarray, significance: float, where: str) -> None:
    if np.ptp(signal) <= 1e-12 * np.abs(signal).max():
        raise ValueError(f"The signal{where} is constant: it does not have a phase.")
    if significance == 1:
        return
    found = oscillation_test(signal)
    if found.p_value > significance:
        raise ValueError(
            f"The signal{where} does not oscillate: p = {found.p_value:.2g} ({found.method}), "
            f"above significance={significance:g}. Give a longer signal, filter it around the "
            "frequency of interest, or give significance=1 to take the phase of any signal."
        )
    if found.share < _LEAST_SHARE:
        raise ValueError(
            f"The signal{where} oscillates at {found.frequency:.3g} cycles per sample, but only "
            f"{100 * found.share:.2g} % of its variance does (at least {100 * _LEAST_SHARE:g} % "
            "are needed): the phase of the whole signal is not that of the oscillation. Remove "
            "its trend and filter it, or use fourier_protophase at this frequency."
        )
    _require_no_constant_part(signal, 1 / found.frequency, where)
    _require_no_dead_part(signal, 1 / found.frequency, where)
    if not found.method.startswith("evenness") or found.share < 1:
        _require_no_noise_part(signal, found.frequency, where)
    else:
        _require_cycles_to_the_ends(signal, significance, where)


def _require_no_constant_part(signal: np.ndarray, period: float, where: str) -> None:
    changes = np.flatnonzero(np.diff(signal)) + 1
    edges = np.concatenate([[0], changes, [signal.size]])
    longest = int(np.argmax(np.diff(edges)))
    first, after = int(edges[longest]), int(edges[longest + 1])
    if after - first > period + 1:
        raise ValueError(
            f"The signal{where} is constant from sample {first} to {after - 1}, longer than its "
            f"period of {period:.3g} samples: it does not have a phase there. Take the parts "
            "before and after it."
        )


def _require_no_dead_part(signal: np.ndarray, period: float, where: str, first: int = 0) -> None:
    """Raise if the range within 1.5 periods is small anywhere; `first` numbers the samples."""
    window = math.ceil(1.5 * period) + 1
    n_windows = signal.size - window + 1
    if n_windows < 1:
        return
    inner = slice(window // 2, window // 2 + n_windows)
    ranges = (maximum_filter1d(signal, window) - minimum_filter1d(signal, window))[inner]
    usual = float(np.quantile(ranges, 0.75))
    part = _longest_run(ranges < _LEAST_RANGE * usual)
    if part:
        begin, end = part[0], part[1] + window - 1
        raise ValueError(
            f"The signal{where} hardly varies from sample {first + begin} to {first + end - 1}, "
            f"longer than its period of {period:.3g} samples: its range there is at most "
            f"{ranges[slice(*part)].max():.2g} within 1.5 periods, in the whole signal "
            f"{usual:.2g} (upper quartile; at least {100 * _LEAST_RANGE:g} % of it are "
            "needed). It does not have a phase there. Take the parts before and after it."
        )


def _require_cycles_to_the_ends(signal: np.ndarray, significance: float, where: str) -> None:
    """Raise if the signal does not oscillate for 4 periods before or after the cycles counted.

    Cycles are counted above a hysteresis; an oscillation that is smaller there is one, too.
    """
    crossings = counted_crossings(signal - signal.mean())
    ends = (
        (0.0, crossings[0], crossings[1] - crossings[0]),
        (crossings[-1], float(signal.size), crossings[-1] - crossings[-2]),
    )
    for begin, end, period in ends:
        part = signal[math.ceil(begin) : math.floor(end)]
        if end - begin <= 4 * period or part.size < 8:
            continue
        if np.ptp(part) == 0 or oscillation_test(part).p_value > significance:
            raise ValueError(
                f"The signal{where} does not oscillate from sample {math.ceil(begin)} to "
                f"{math.floor(end) - 1}, for longer than 4 of its periods of {period:.3g} samples. "
                "It does not have a phase there. Take the rest of it."
            )


def _require_no_noise_part(signal: np.ndarray, frequency: float, where: str) -> None:
    """Raise if the oscillation is missing for longer than 4 periods."""
    half = math.ceil(2 / frequency)
    if signal.size < 4 * half:
        return
    part = _longest_run(_local_strength(signal, frequency, half) < 1)
    if part and part[1] - part[0] > 2 * half:
        raise ValueError(
            f"The signal{where} does not oscillate from sample {part[0] + half} to "
            f"{part[1] + half - 1}: near its frequency of {frequency:.3g} cycles per sample the "
            "amplitude there, or its share of the standard deviation, is far below that of the "
            "rest, for longer than 4 periods. It does not have a phase there. Take the parts "
            "before and after it."
        )


def _local_strength(signal: np.ndarray, frequency: float, half: int) -> np.ndarray:
    """Amplitude and share of an oscillation within 4 periods, over the least that is needed."""
    centered = signal - signal.mean()
    offsets = np.arange(-half, half + 1)
    window = np.hanning(offsets.size) / np.hanning(offsets.size).sum()
    amplitude = np.zeros(signal.size - 2 * half)
    for factor in _TRIED_FREQUENCIES:
        kernel = window * np.exp(2j * np.pi * factor * frequency * offsets)
        amplitude = np.maximum(amplitude, np.abs(fftconvolve(centered, kernel, mode="valid")))
    mean = fftconvolve(centered, window, mode="valid")
    variance = fftconvolve(centered**2, window, mode="valid") - mean**2
    share = amplitude / np.sqrt(np.maximum(variance, 1e-12 * centered.var()))
    amplitude = amplitude / np.quantile(amplitude, 0.75)
    share = share / np.quantile(share, 0.75)
    faint = np.maximum(amplitude / _LEAST_AMPLITUDE, share / _CLEAR_SHARE)
    return np.minimum(share / _LEAST_LOCAL_SHARE, faint)


def _longest_run(flags: np.ndarray) -> tuple[int, int] | None:
    """First index and index after the longest run of true values; None without one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not edges.size:
        return None
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return int(begins[longest]), int(ends[longest])


def _where(place: tuple[int, ...]) -> str:
    return f" at index {', '.join(map(str, place))}" if place else ""


def harmonic_phase(signal: ArrayLike, reference_phase: ArrayLike) -> tuple[float, float]:
    """Phase and amplitude of the part of a signal that follows a reference.

    Fits a·sin(φ(t) + 2π p): the first Fourier coefficient over whole cycles of φ.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
        Sampled at the times of the reference phase.
    reference_phase : array_like, shape (n_times,)
        φ(t) in radians, evenly spread over whole cycles.

    Returns
    -------
    phase : float
        p, in cycles, in [0, 1).
    amplitude : float
        a, in the unit of the signal. Where it is 0, p is arbitrary.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is complex or not finite.

    Examples
    --------
    A signal of amplitude 3 that leads its reference by a quarter of a cycle:

    >>> reference = 2 * np.pi * np.arange(200) / 100
    >>> analysis.harmonic_phase(3 * np.sin(reference + np.pi / 2) + 7, reference)
    (0.2500, 3.0000)
    """
    signal = real_array(signal, "signal", n_axes=1, least=1)
    reference_phase = real_array(reference_phase, "reference_phase")
    if reference_phase.shape != signal.shape:
        raise ValueError(
            f"signal and reference_phase must have one shape, got {signal.shape} and "
            f"{reference_phase.shape}."
        )
    coefficient = 2j * np.mean(signal * np.exp(-1j * reference_phase))
    return float(np.angle(coefficient) / (2 * np.pi) % 1.0), float(abs(coefficient))


def section_protophase(
    signal: ArrayLike,
    *,
    level: float | None = None,
    hysteresis: float = 0.1,
    significance: float = SIGNIFICANCE,
) -> np.ndarray:
    """Phase that grows by 2π, linearly in time, from one upward crossing of a level to the next.

    The times of crossing are interpolated linearly between samples. Noise crosses every level
    too: neighboring cycles must be of similar length, more so the fewer there are. Three cycles
    of a clean signal are enough; the lengths of many cycles may scatter by about 20 %. Between
    the first and the last crossing the signal must not be nearly constant for longer than 1.5
    periods, as in `compute_phase`.

    The signal is not smoothed. Noise that crosses the level several times a cycle needs a
    larger hysteresis. In white noise (SNR 5, a ratio of standard deviations; 100 samples a
    cycle), signals of 10 cycles pass in 20 % with the default and in all of 400 with 0.3;
    signals of 5 cycles in 54 %, and in 86 % at an SNR of 10.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
        Coordinate that crosses the section; evenly sampled.
    level : float, optional
        Level in the unit of the signal; the mean of the signal by default.
    hysteresis : float
        Fraction of the range of the signal by which it must fall below the level before the
        next crossing counts; from 0, below 1.
    significance : float
        Largest probability that cycles of noise are as even (see `oscillation_test`). With the
        default, fewer than 1 in 1000 signals of white, pink, brown or autoregressive noise
        pass. 1 accepts all cycles.

    Returns
    -------
    ndarray, shape (n_times,)
        Radians, unwrapped, 0 at the first crossing; NaN before it and after the last.

    Raises
    ------
    ValueError
        If the signal is complex, not finite or constant, a number is out of range, there are
        fewer than two crossings, the cycles are as uneven as those of noise, or a part of the
        signal hardly varies; the message states its samples.

    Examples
    --------
    A cycle of 50 samples with its first upward crossing at sample 7:

    >>> signal = np.sin(2 * np.pi * (np.arange(220) - 7) / 50)
    >>> phase = analysis.section_protophase(signal, level=0.0)
    >>> (phase[[0, 7, 32, 57, 219]] / np.pi).round(4)
    array([nan,  0.,  1.,  2., nan])
    """
    signal = _one_signal(signal)
    if not 0 <= hysteresis < 1:
        raise ValueError(f"hysteresis must be from 0, below 1, got {hysteresis!r}.")
    if not 0 < significance <= 1:
        raise ValueError(f"significance must be in (0, 1], got {significance!r}.")
    if level is not None and not signal.min() < level <= signal.max():
        raise ValueError(
            f"The signal does not cross level={level!r}: it is from {signal.min():.6g} to "
            f"{signal.max():.6g}."
        )
    height = signal - (signal.mean() if level is None else level)
    crossings = upward_crossings(height, hysteresis * float(np.ptp(signal)))
    if len(crossings) < 2:
        raise ValueError(
            f"The signal crosses the level upward {counted(len(crossings), 'time')}; a phase "
            "needs two. Give a longer signal, a different level, or a smaller hysteresis."
        )
    p_value = evenness_p_value(crossings, height)
    if p_value > significance:
        raise ValueError(
            f"The {len(crossings) - 1} cycles from crossing to crossing are as uneven as those of "
            f"noise (p = {p_value:.2g}, above significance={significance:g}). Filter the signal, "
            "raise the hysteresis, or choose a level that is crossed once a cycle; a longer "
            "signal helps, too. significance=1 accepts all cycles."
        )
    if significance < 1:
        first, last = math.floor(crossings[0]), math.ceil(crossings[-1])
        period = float(np.median(np.diff(crossings)))
        _require_no_dead_part(signal[first : last + 1], period, "", first)
    turns = 2 * np.pi * np.arange(len(crossings))
    return np.interp(np.arange(signal.size), crossings, turns, left=math.nan, right=math.nan)


def fourier_protophase(signal: ArrayLike, *, frequency: float, n_cycles: float = 4.0) -> np.ndarray:
    """Phase of the part of a signal near one frequency, by a sliding Fourier coefficient.

    A signal sin(φ) has phase φ, as in `compute_phase`; unlike there, noise and other rhythms
    are filtered out, but time resolution is lost. Whether there is an oscillation at the
    frequency is not tested (see `oscillation_test`): filtered noise has a phase, too.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
        Evenly sampled.
    frequency : float
        Cycles per sample, between 0 and 1/2.
    n_cycles : float
        Length of the window (Hann) in cycles; at least 2.

    Returns
    -------
    ndarray, shape (n_times,)
        Radians, unwrapped; NaN where the window would reach beyond the signal.

    Raises
    ------
    ValueError
        If the signal is complex, not finite, constant or shorter than the window, or a number
        is out of range.

    Examples
    --------
    >>> truth = 2 * np.pi * np.arange(1000) / 50
    >>> noise = 0.5 * np.random.default_rng(0).normal(size=1000)
    >>> phase = analysis.fourier_protophase(np.sin(truth) + noise, frequency=1 / 50)
    >>> error = analysis.difference_of_phases(phase, truth)
    >>> print(np.nanmax(np.abs(error)) < 0.2, np.isnan(error).sum())
    True 200
    """
    signal = _one_signal(signal)
    check_type("frequency", frequency, float)
    if not 0 < frequency < 0.5:
        raise ValueError(f"frequency must be in (0, 0.5) cycles per sample, got {frequency!r}.")
    if not n_cycles >= 2:
        raise ValueError(f"n_cycles must be at least 2, got {n_cycles!r}.")
    half = math.ceil(n_cycles / frequency / 2)
    if signal.size < 2 * half + 1:
        raise ValueError(f"The signal has {signal.size} samples, the window {2 * half + 1}.")
    offsets = np.arange(-half, half + 1)
    kernel = np.hanning(offsets.size) * np.exp(2j * np.pi * frequency * offsets)
    filtered = fftconvolve(signal - signal.mean(), kernel, mode="same")
    phase = np.unwrap(np.angle(1j * filtered))
    phase[:half] = phase[signal.size - half :] = math.nan
    return phase


def protophase_to_phase(protophase: ArrayLike, *, n_harmonics: int = 24) -> np.ndarray:
    """Phase that grows evenly in time, from any angle that grows by 2π in each cycle.

    φ = θ + 2 Im Σ S_k / k (exp(i k θ) - 1) with S_k = mean of exp(-i k θ): the density of φ is
    flat to `n_harmonics`. The means are over whole turns.

    Parameters
    ----------
    protophase : array_like, shape (n_times,)
        θ in radians, unwrapped, evenly sampled over two or more turns; NaN is allowed at the
        ends and remains.
    n_harmonics : int
        Order of the Fourier series of the density, at least 1; too high an order follows the
        noise of few turns.

    Returns
    -------
    ndarray, shape (n_times,)
        φ in radians; equal to θ where θ is a multiple of 2π.

    Raises
    ------
    ValueError
        If the protophase is complex, has NaN inside, turns back beyond half a turn or spans
        less than two turns, if `n_harmonics` is below 1, or if the corrected phase would not
        grow with the protophase.

    References
    ----------
    Kralemann, Cimponeriu, Rosenblum, Pikovsky and Mrowka (2008), Physical Review E 77:066205,
    equations 15 to 17.

    Examples
    --------
    θ = φ + 0.5 sin φ of an even phase φ over ten cycles:

    >>> phase = 2 * np.pi * np.arange(1001) / 100
    >>> protophase = phase + 0.5 * np.sin(phase)
    >>> found = analysis.protophase_to_phase(protophase)
    >>> print(np.abs(protophase - phase).max().round(4), np.abs(found - phase).max() < 1e-5)
    0.5 True
    """
    protophase = np.array(real_array(protophase, "protophase", n_axes=1, finite=False))
    if n_harmonics < 1:
        raise ValueError(f"n_harmonics must be at least 1, got {n_harmonics!r}.")
    known = np.isfinite(protophase)
    theta = protophase[known]
    if theta.size < 2 or np.any(np.diff(np.flatnonzero(known)) != 1):
        raise ValueError("protophase must be finite, except for NaN at its ends.")
    _require_turning(theta)
    coefficients = _density_coefficients(theta, n_harmonics)
    orders = np.arange(1, n_harmonics + 1)

    grid = np.exp(1j * np.outer(np.linspace(0, 2 * np.pi, 16 * n_harmonics), orders))
    density = 1 + 2 * np.real(grid @ coefficients)
    if density.min() <= 0:
        raise ValueError(
            f"The correction is not monotone with n_harmonics={n_harmonics}. Lower n_harmonics, "
            "give more turns, or use an angle that grows at every time."
        )
    waves = np.exp(1j * np.outer(theta, orders)) - 1
    protophase[known] = theta + 2 * np.imag(waves @ (coefficients / orders))
    return protophase


def _require_turning(theta: np.ndarray) -> None:
    back = float(np.max(np.maximum.accumulate(theta) - theta))
    if back > np.pi:
        raise ValueError(
            f"The protophase is not monotone: it turns back by {back:.2g} rad. Change its sign "
            "if it falls, smooth the signal, or use a different coordinate."
        )
    if theta[-1] - theta[0] < 4 * np.pi:
        raise ValueError(
            f"The protophase spans {(theta[-1] - theta[0]) / (2 * np.pi):.2g} turns; it needs two."
        )


def _density_coefficients(theta: np.ndarray, n_harmonics: int) -> np.ndarray:
    """S_k for k from 1, by the trapezoidal rule in time over whole turns."""
    turns = math.floor((theta[-1] - theta[0]) / (2 * np.pi))
    goal = theta[0] + 2 * np.pi * turns
    last = int(np.flatnonzero(theta < goal)[-1]) if theta[-1] > goal else theta.size - 2
    fraction = (goal - theta[last]) / (theta[last + 1] - theta[last])
    times = np.append(np.arange(last + 1.0), last + fraction)
    within = np.append(theta[: last + 1], goal)
    waves = np.exp(-1j * np.outer(np.arange(1, n_harmonics + 1), within))
    return np.trapezoid(waves, times, axis=1) / times[-1]


def _one_signal(signal: ArrayLike) -> np.ndarray:
    signal = real_array(signal, "signal", n_axes=1, least=2)
    if np.ptp(signal) <= 1e-12 * np.abs(signal).max():
        raise ValueError("A phase needs a signal that varies; this one is constant.")
    return signal
