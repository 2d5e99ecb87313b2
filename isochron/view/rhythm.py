"""The common rhythm of a run: its period, and amplitude and phase of each unit."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
# A rhythm has this share of the variance at its frequency and the neighbors of it.
LEAST_SHARE = 0.5
LEAST_PERIODS = 2  # in the second half of the run
LEAST_CHANGE = 1e-3  # of the largest change in the run


@dataclass(frozen=True, eq=False)
class Rhythm:
    """One frequency in the activity of all units.

    Attributes
    ----------
    period_ms : float
    amplitude : ndarray, shape (n,)
        Of each unit at this frequency, in the unit of the activity.
    phase : ndarray, shape (n,)
        At time 0, radians: the unit is ``amplitude * cos(2 pi t / period + phase)``.
    share : float
        Of the variance of all units at this frequency.
    """

    period_ms: float
    amplitude: Array
    phase: Array
    share: float


def find_rhythm(times: Array, activity: Array, period_ms: float | None = None) -> Rhythm | None:
    """The strongest frequency in the second half of a run, or None if there is no rhythm.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        In ms, at equal intervals.
    activity : ndarray, shape (n_times, n)
    period_ms : float, optional
        Period that is known, as that of a limit cycle; found in the spectrum by default.
    """
    half, whole = len(times) // 2, np.ptp(activity, axis=0).max()
    times, activity = times[half:], activity[half:]
    steps = np.diff(times)
    if len(times) < 16 or not np.allclose(steps, steps[0], rtol=1e-3):
        return None
    moved = activity - activity.mean(axis=0)
    window = np.hanning(len(times) + 2)[1:-1, None]
    total = float((window * moved**2).sum())
    if not total > 0 or np.ptp(moved, axis=0).max() < LEAST_CHANGE * whole:
        return None
    period_ms = period_ms or _strongest_period(moved * window, float(steps[0]))
    if period_ms is None:
        return None
    turns = np.exp(-2j * np.pi * times / period_ms)[:, None]
    transform = (window * moved * turns).sum(axis=0) / window.sum()
    share = float((2 * np.abs(transform) ** 2).sum() * window.sum() / total)
    if share < LEAST_SHARE:
        return None
    return Rhythm(float(period_ms), 2 * np.abs(transform), np.angle(transform), min(share, 1.0))


def _strongest_period(windowed: Array, step: float) -> float | None:
    """Period of the largest peak of the summed power, between its bins by a parabola.

    None if the power is largest at the longest period that is considered, as in a slow drift.
    """
    n = 4 * len(windowed)  # padded with zeros: a finer grid of frequencies
    power = (np.abs(np.fft.rfft(windowed, n, axis=0)) ** 2).sum(axis=1)
    first = 4 * LEAST_PERIODS
    k = first + int(power[first:].argmax())
    if k == first or k == len(power) - 1:
        return None
    left, top, right = np.log(np.maximum(power[k - 1 : k + 2], 1e-300))
    bend = left - 2 * top + right
    offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return n * step / (k + float(np.clip(offset, -0.5, 0.5)))
