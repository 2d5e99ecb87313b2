"""Parts of a band-passed recording that oscillate, and parts without a usable phase.

A sample is not usable if

- the recording is missing there (NaN) for longer than a tenth of the shortest period of the
  band, or constant for longer than half a period of the lowest frequency of the band, as an
  electrode that is dead or an amplifier at its limit is;
- the recording jumps there, from one sample to the next, to a level that differs by more than
  four amplitudes of the oscillation;
- its amplitude is below 0.12 or above 4.1 times the median: the amplitude of noise is lower
  for 1 % of the time, and higher for 0.001 %;
- the phase turns faster or slower than the band allows, as in a phase slip, or does so near
  the sample for half as much of the time as the phase of noise does.

Samples within the impulse response of the filter around missing and constant samples, jumps and
samples that are too large are not usable either. All limits are dimensionless.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

Stretches = tuple[tuple[float, float], ...]

# Quantiles of the Rayleigh distribution, that of the amplitude of Gaussian noise, to its median.
LOWEST = math.sqrt(-math.log1p(-0.01) / math.log(2))
HIGHEST = math.sqrt(-math.log(1e-5) / math.log(2))
# A recording does not oscillate if its phase leaves the band for more than this fraction of the
# time for which that of noise does.
SHARE_OF_NOISE = 0.5
BRIDGED = 0.1  # longest gap that is interpolated, in periods of the band's highest frequency
NEAR = 20.0  # length of the window around a sample, times the width of the band
SILENCE = 0.3  # of the lowest amplitude: slips below this level do not count for their neighbors
JUMP = 4.0  # of the median amplitude: least difference of the levels after and before a step
OUTLIER = 6.2  # of the mean difference of neighboring samples nearby; Gaussian ones: 1 of 10⁶
_FORGOTTEN = 1e-3  # of the energy of the filter's response to an impulse


def find_dead(recorded: np.ndarray, sampling_Hz: float, band_Hz: tuple[float, float]) -> np.ndarray:
    """Samples that belong to a missing or constant stretch.

    A missing stretch counts if the samples around it are more than `BRIDGED` of the shortest
    period apart: a straight line over a time g departs from sin(2π f t) by (2π f g)²/8 or less,
    5 % of the amplitude, and its part in the band by less.

    Parameters
    ----------
    recorded : ndarray, shape (n_samples,)
        Recording; NaN where a sample is missing.
    sampling_Hz : float
        Sampling frequency, in Hz.
    band_Hz : tuple of float
        Lower and upper edge of the band, in Hz.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
    """
    dead = np.zeros(recorded.size, dtype=bool)
    for first, end in _runs(np.isnan(recorded)):
        inside = first > 0 and end < recorded.size
        if not inside or (end - first + 1) / sampling_Hz > BRIDGED / band_Hz[1]:
            dead[first:end] = True
    for first, last in _runs(np.diff(recorded) == 0):
        if (last - first) / sampling_Hz > 0.5 / band_Hz[0]:
            dead[first : last + 1] = True
    return dead


def find_jumps(
    filled: np.ndarray, amplitude: float, sampling_Hz: float, band_Hz: tuple[float, float]
) -> np.ndarray:
    """Mark the samples at which the level of a recording changes suddenly, as when a plug moves.

    In a band of an octave, a step of height h has an amplitude of about h/3, with a phase that
    is not that of the oscillation. A spike returns to its level and does not count. The levels
    are means over a quarter of the shortest period of the band after and before a sample, which
    differ by less than 1.6 amplitudes for the oscillation itself.

    Parameters
    ----------
    filled : ndarray, shape (n_samples,)
        Without missing samples.
    amplitude : float
        Typical amplitude of the oscillation.
    sampling_Hz : float
    band_Hz : tuple of float

    Returns
    -------
    ndarray of bool, shape (n_samples,)
    """
    from scipy.ndimage import uniform_filter1d

    width = max(1, round(sampling_Hz / band_Hz[1] / 4))
    steps = np.abs(np.diff(filled, prepend=filled[0]))
    total = np.concatenate([[0.0], np.cumsum(filled)])
    places = np.arange(filled.size)
    first, last = np.maximum(places - width, 0), np.minimum(places + width, filled.size)
    before = (total[places] - total[first]) / np.maximum(places - first, 1)
    after = (total[last] - total[places]) / (last - places)
    near = 2 * math.ceil(sampling_Hz / band_Hz[0]) + 1
    others = (near * uniform_filter1d(steps, near) - steps) / (near - 1)
    sudden = steps > np.maximum(JUMP / 2 * amplitude, OUTLIER * others)
    return sudden & (np.abs(after - before) > JUMP * amplitude) & (places > 0)


def _runs(marked: np.ndarray) -> np.ndarray:
    """First place of each run of marks, and the place behind its last, shape (n_runs, 2)."""
    return np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]))).reshape(-1, 2)


def find_usable(
    analytic: np.ndarray,
    dead: np.ndarray,
    jumps: np.ndarray,
    sections: np.ndarray,
    sampling_Hz: float,
    band_Hz: tuple[float, float],
) -> np.ndarray:
    """Samples at which a band-passed recording has a phase.

    Parameters
    ----------
    analytic : ndarray of complex, shape (n_samples,)
        Analytic signal of the band-passed recording.
    dead : ndarray of bool, shape (n_samples,)
        As from `find_dead`.
    jumps : ndarray of bool, shape (n_samples,)
        As from `find_jumps`.
    sections : ndarray, shape (n_sections, 6)
        Second-order sections of the filter.
    sampling_Hz : float
    band_Hz : tuple of float

    Returns
    -------
    ndarray of bool, shape (n_samples,)

    Raises
    ------
    ValueError
        If the recording does not oscillate: all samples are missing or constant, or the phase
        leaves the band as often as that of noise.
    """
    memory = filter_memory(sections, sampling_Hz)
    usable = ~widen(dead, memory)
    if not usable.any():
        raise ValueError(
            f"The recording does not oscillate: {100 * dead.mean():.3g} % of it is missing for "
            f"{1e3 * BRIDGED / band_Hz[1]:.3g} ms or longer, or constant, and the rest is within "
            f"{memory / sampling_Hz:.2g} s of such a place. Interpolate the missing samples, or "
            "choose a different channel or stretch of the recording."
        )
    level = np.abs(analytic)
    level = level / np.median(level[usable])
    usable &= ~widen(level > HIGHEST, memory) & ~widen(jumps, memory)
    # Noise slips most where its amplitude is low, so samples of low amplitude count in the share
    # of slips, but silent ones do not.
    heard = usable & (level > SILENCE * LOWEST)
    usable &= level > LOWEST
    turning = np.angle(analytic[1:] * np.conj(analytic[:-1])) * sampling_Hz / (2 * np.pi)
    turning = np.append(turning, turning[-1:])
    slips = heard & ((turning < band_Hz[0]) | (turning > band_Hz[1]))
    noise = noise_share(sections, sampling_Hz, band_Hz)
    _refuse_noise((slips & usable).sum() / max(1, usable.sum()), noise, band_Hz)
    window = NEAR / (band_Hz[1] - band_Hz[0]) * sampling_Hz
    return usable & ~slips & (_share_near(slips, heard, window) <= SHARE_OF_NOISE * noise)


def _share_near(marked: np.ndarray, among: np.ndarray, window: float) -> np.ndarray:
    """Share of marked samples among others, in a window around each sample."""
    half = math.ceil(window / 2)
    counts = []
    for flags in (marked, among):
        total = np.concatenate([[0], np.cumsum(flags)])
        first = np.maximum(np.arange(flags.size) - half, 0)
        last = np.minimum(np.arange(flags.size) + half + 1, flags.size)
        counts.append(total[last] - total[first])
    return counts[0] / np.maximum(counts[1], 1)


def _refuse_noise(share: float, noise: float, band_Hz: tuple[float, float]) -> None:
    if share > SHARE_OF_NOISE * noise:
        raise ValueError(
            f"The recording does not oscillate between {band_Hz[0]:g} and {band_Hz[1]:g} Hz: its "
            f"phase leaves this band for {100 * share:.0f} % of the time, that of white noise for "
            f"{100 * noise:.0f} %. Choose a different band_Hz or stretch of the recording."
        )


def noise_share(sections: np.ndarray, sampling_Hz: float, band_Hz: tuple[float, float]) -> float:
    """Share of the time for which the phase of filtered white noise turns outside the band.

    The instantaneous frequency of Gaussian noise with spectral moments m_k exceeds f with
    probability (1 - (f - m)/sqrt((f - m)² + s²))/2, where m = m_1/m_0 and s² = m_2/m_0 - m².

    References
    ----------
    Rice (1948), Bell System Technical Journal 27:109, section 1.
    """
    from scipy.signal import sosfreqz

    frequency, response = sosfreqz(sections, 1 << 16, fs=sampling_Hz)
    power = np.abs(response) ** 4  # forward and backward
    power /= power.sum()
    mean = float(power @ frequency)
    width = math.sqrt(float(power @ (frequency - mean) ** 2))
    low, high = (abs(edge - mean) / math.hypot(edge - mean, width) for edge in band_Hz)
    return 1 - (low + high) / 2


def filter_memory(sections: np.ndarray, sampling_Hz: float) -> int:
    """Length in samples of each side of the impulse response of the filter, run both ways."""
    from scipy.signal import sosfiltfilt

    half = 1 << math.ceil(math.log2(4 * sampling_Hz))
    impulse = np.zeros(2 * half + 1)
    impulse[half] = 1
    energy = sosfiltfilt(sections, impulse, padlen=0)[half:] ** 2
    beyond = energy[::-1].cumsum()[::-1] / energy.sum()
    return int(np.argmax(beyond < _FORGOTTEN))


def widen(marked: np.ndarray, by: int) -> np.ndarray:
    """Marked samples and all within `by` samples of one."""
    places = np.flatnonzero(marked)
    change = np.zeros(marked.size + 1, dtype=int)
    np.add.at(change, np.maximum(places - by, 0), 1)
    np.add.at(change, np.minimum(places + by + 1, marked.size), -1)
    return change[:-1].cumsum() > 0


def list_stretches(marked: np.ndarray, step_s: float, first_s: float) -> Stretches:
    """First and last time in s of each run of marks; runs less than a second apart are joined."""
    found: list[tuple[float, float]] = []
    for begin, end in _runs(marked):
        first, last = first_s + begin * step_s, first_s + (end - 1) * step_s
        if found and first - found[-1][1] < 1:
            first = found.pop()[0]
        found.append((float(first), float(last)))
    return tuple(found)


def check_time_columns(values: ArrayLike, channel: int | None, sampling_Hz: float) -> None:
    """Check the columns next to the recorded one that can only be times.

    A column that increases from each sample to the next is one of times, in s, ms, µs or ns, or
    of sample numbers.

    Raises
    ------
    ValueError
        If a step differs by more than a half from the median, its mean over an eighth of the
        recording changes by more than 1 %, or its rate differs by more than 1 % from
        `sampling_Hz`.
    """
    table = np.asarray(values, dtype=float)
    for column in range(table.shape[1] if table.ndim == 2 else 0):
        steps = np.diff(table[:, column])
        if column == channel or not (steps > 0).all():
            continue
        usual = float(np.median(steps))
        uneven = np.flatnonzero(np.abs(steps - usual) > 0.5 * usual)
        if uneven.size:
            place = int(uneven[0])
            raise ValueError(
                f"Column {column} increases like times, but not evenly: from sample {place} to "
                f"{place + 1} it is {table[place, column]:g} to {table[place + 1, column]:g}, the "
                f"usual step is {usual:g}. Resample the recording, or put NaN where samples are "
                "missing."
            )
        mean, parts = float(steps.mean()), [part.mean() for part in np.array_split(steps, 8)]
        if np.ptp(parts) > 0.01 * mean:
            raise ValueError(
                f"Column {column} increases like times, but its step changes from {min(parts):g} "
                f"to {max(parts):g}: the sampling rate is not constant. Resample the recording."
            )
        units = np.array([1.0, 1e3, 1e6, 1e9])
        if np.abs(mean * sampling_Hz / units - 1).min() > 0.01 and abs(mean - 1) > 0.01:
            rates = ", ".join(f"{unit / mean:.4g}" for unit in units[:3])
            raise ValueError(
                f"Column {column} increases like times, by {mean:.6g} a sample: {rates} Hz if "
                f"they are in s, ms, µs. sampling_Hz={sampling_Hz:g} is none of these. Give the "
                "rate of the recording, or its column alone."
            )
