"""Phase of a signal."""

import numpy as np
from scipy.signal import hilbert


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
