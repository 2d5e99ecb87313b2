"""Phase of a signal, and the phase proper from a protophase."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import fftconvolve, hilbert


def compute_phase(signal: np.ndarray) -> np.ndarray:
    """Phase of an oscillating signal from its analytic signal, in radians, not unwrapped.

    A signal sin(φ) has phase φ, up to edge effects of about one period at either end.

    Parameters
    ----------
    signal : array_like, shape (..., n_times)

    Returns
    -------
    ndarray, shape (..., n_times)

    Raises
    ------
    ValueError
        If the signal is not finite or does not vary: it has no phase.
    """
    signal = np.asarray(signal, dtype=float)
    centred = signal - signal.mean(axis=-1, keepdims=True)
    scale = np.abs(signal).max(initial=0.0)
    if not np.isfinite(scale) or np.any(np.ptp(signal, axis=-1) <= 1e-12 * scale):
        raise ValueError("The signal is constant or not finite; it has no phase.")
    return np.angle(1j * np.asarray(hilbert(centred, axis=-1)))


def harmonic_phase(signal: np.ndarray, reference_phase: np.ndarray) -> tuple[float, float]:
    """Phase and amplitude of the part of a signal that follows a reference.

    Fits a·sin(φ(t) + 2π p): the first Fourier coefficient over whole cycles of φ.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
    reference_phase : array_like, shape (n_times,)
        φ(t) in radians, evenly spread over whole cycles.

    Returns
    -------
    phase : float
        p, in cycles, in [0, 1).
    amplitude : float
        a, in the unit of the signal.
    """
    signal = np.asarray(signal, dtype=float)
    coefficient = 2j * np.mean(signal * np.exp(-1j * np.asarray(reference_phase)))
    return float(np.angle(coefficient) / (2 * np.pi) % 1.0), float(abs(coefficient))


def section_protophase(
    signal: ArrayLike, *, level: float | None = None, hysteresis: float = 0.1
) -> np.ndarray:
    """Phase that grows by 2π, linearly in time, from one upward crossing of a level to the next.

    The times of crossing are interpolated linearly between samples.

    Parameters
    ----------
    signal : array_like, shape (n_times,)
        Coordinate that crosses the section; evenly sampled.
    level : float, optional
        By default the mean of the signal.
    hysteresis : float
        Fraction of the range of the signal that it must fall below the level before the next
        crossing counts.

    Returns
    -------
    ndarray, shape (n_times,)
        Radians, unwrapped, 0 at the first crossing; NaN before it and after the last.

    Raises
    ------
    ValueError
        If there are fewer than two crossings.
    """
    signal = _one_signal(signal)
    height = signal - (signal.mean() if level is None else level)
    low = -hysteresis * np.ptp(signal)
    crossings = []
    armed = False
    for k in np.flatnonzero((height[:-1] < 0) & ((height[1:] >= 0) | (height[:-1] <= low))):
        armed = armed or height[k] <= low
        if armed and height[k + 1] >= 0:
            crossings.append(k + height[k] / (height[k] - height[k + 1]))
            armed = False
    if len(crossings) < 2:
        raise ValueError(
            f"The signal crosses the level upward {len(crossings)} times; a phase needs two. "
            "Give a longer signal, another level, or a smaller hysteresis."
        )
    turns = 2 * np.pi * np.arange(len(crossings))
    return np.interp(np.arange(signal.size), crossings, turns, left=math.nan, right=math.nan)


def fourier_protophase(signal: ArrayLike, *, frequency: float, n_cycles: float = 4.0) -> np.ndarray:
    """Phase of the part of a signal near one frequency, by a sliding Fourier coefficient.

    A signal sin(φ) has phase φ, as in `compute_phase`; unlike there, noise and other rhythms
    are kept out, at the price of time resolution.

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
        If the frequency is out of range, or the signal shorter than the window.
    """
    signal = _one_signal(signal)
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
    """Phase that grows evenly in time, from any angle that goes round with the cycle.

    φ = θ + 2 Im Σ S_k / k (exp(i k θ) - 1) with S_k = mean of exp(-i k θ): the density of φ is
    flat to `n_harmonics`. The means are over whole turns.

    Parameters
    ----------
    protophase : array_like, shape (n_times,)
        θ in radians, unwrapped, evenly sampled over several turns; NaN at the ends is kept.
    n_harmonics : int
        Too many follow the noise of few turns.

    Returns
    -------
    ndarray, shape (n_times,)
        φ in radians; equal to θ where θ is a multiple of 2π.

    Raises
    ------
    ValueError
        If the protophase turns back beyond half a turn, spans less than two turns, or the
        corrected phase would not grow with it.

    References
    ----------
    Kralemann, Cimponeriu, Rosenblum, Pikovsky and Mrowka (2008), Physical Review E 77:066205,
    equations 15 to 17.
    """
    protophase = np.array(protophase, dtype=float)
    known = np.isfinite(protophase)
    theta = protophase[known]
    if theta.size < 2 or np.any(np.diff(np.flatnonzero(known)) != 1):
        raise ValueError("protophase must be finite but for NaN at its ends.")
    _require_turning(theta)
    coefficients = _density_coefficients(theta, n_harmonics)
    orders = np.arange(1, n_harmonics + 1)

    grid = np.exp(1j * np.outer(np.linspace(0, 2 * np.pi, 16 * n_harmonics), orders))
    density = 1 + 2 * np.real(grid @ coefficients)
    if density.min() <= 0:
        raise ValueError(
            f"The correction is not monotone with n_harmonics={n_harmonics}. Lower n_harmonics, "
            "give more turns, or take an angle that does not stand still or turn back."
        )
    waves = np.exp(1j * np.outer(theta, orders)) - 1
    protophase[known] = theta + 2 * np.imag(waves @ (coefficients / orders))
    return protophase


def _require_turning(theta: np.ndarray) -> None:
    back = float(np.max(np.maximum.accumulate(theta) - theta))
    if back > np.pi:
        raise ValueError(
            f"The protophase is not monotone: it turns back by {back:.2g} rad. Turn it round if "
            "it falls, smooth the signal, or take another coordinate."
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
    signal = np.asarray(signal, dtype=float)
    if signal.ndim != 1 or not np.isfinite(signal).all() or np.ptp(signal) == 0:
        raise ValueError(
            f"A phase needs one finite signal that varies, shape (n_times,); got {signal.shape}."
        )
    return signal
