"""Reference oscillations for the phase memory other than pure sines: synthetic and recorded."""

import math
import os
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike

from isochron.ann_bridge.draws import normal, uniform
from isochron.ann_bridge.tasks.recording_quality import (
    Stretches,
    check_time_columns,
    find_dead,
    find_jumps,
    find_usable,
    list_stretches,
)
from isochron.ann_bridge.tasks.task import check_sampled
from isochron.connectome.arrays import load_npy
from isochron.files import reads_data, sha256
from isochron.settings import check_types
from isochron.wording import counted

Signal = tuple[torch.Tensor, torch.Tensor]


class Reference(Protocol):
    """A source of reference signals."""

    def draw(
        self, n_steps: int, step_ms: float, batch_size: int, generator: torch.Generator
    ) -> Signal:
        """Signals and their phases φ (radians; the signal is near sin φ), (n_steps, batch)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticTheta:
    """Synthetic theta oscillation: A(t) sin φ(t) + noise, with random amplitude and phase.

    The amplitude is an Ornstein-Uhlenbeck process. The phase advances with the frequency and
    diffuses with coefficient D, so that φ(t) - 2π f t has the variance 2 D t. With the default
    D, the mean frequency over 0.8 s has the standard deviation of 0.32 Hz that Pals et al.
    (2024) state. The power spectrum of the noise is proportional to 1/f above a lowest
    frequency and 0 below it.

    Parameters
    ----------
    frequency_Hz : float
        Mean frequency f, in Hz, positive.
    phase_diffusion : float
        Diffusion coefficient D of the phase, in rad²/s, >= 0.
    amplitude : float
        Mean amplitude, >= 0.
    amplitude_std : float
        Standard deviation of the amplitude, >= 0.
    amplitude_time_ms : float
        Correlation time of the amplitude, in ms, positive.
    noise_std : float
        Standard deviation of the noise, >= 0.
    noise_above_Hz : float
        Lowest frequency of the noise, in Hz, positive.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    The standard deviation of the mean frequency over 512 signals of 0.8 s:

    >>> import torch
    >>> theta = ann_bridge.tasks.SyntheticTheta()
    >>> generator = torch.Generator().manual_seed(0)
    >>> signal, phase = theta.draw(400, step_ms=2.0, batch_size=512, generator=generator)
    >>> frequency = (phase[-1] - phase[0]) / (2 * np.pi * 399 * 0.002)
    >>> round(frequency.mean().item(), 1), round(frequency.std().item(), 2)
    (8.4, 0.32)
    """

    frequency_Hz: float = 8.4
    phase_diffusion: float = 1.6
    amplitude: float = 1.0
    amplitude_std: float = 0.17
    amplitude_time_ms: float = 500.0
    noise_std: float = 0.1
    noise_above_Hz: float = 7.0

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("frequency_Hz", "amplitude_time_ms", "noise_above_Hz"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        for name in ("phase_diffusion", "amplitude", "amplitude_std", "noise_std"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be >= 0 and finite, got {getattr(self, name)!r}.")

    def draw(
        self, n_steps: int, step_ms: float, batch_size: int, generator: torch.Generator
    ) -> Signal:
        """Draw signals and their phases φ.

        Parameters
        ----------
        n_steps : int
            Number of time steps of each signal.
        step_ms : float
            Time step, in ms.
        batch_size : int
            Number of signals.
        generator : torch.Generator
            Source of randomness; the result is on its device.

        Returns
        -------
        tuple of Tensor
            Signals and phases in radians, each of shape (n_steps, batch_size), float32.

        Raises
        ------
        ValueError
            If a step is too long for `frequency_Hz` or `noise_above_Hz`.
        """
        check_sampled(self.frequency_Hz, step_ms)
        device, shape = generator.device, (n_steps, batch_size)
        first = 2 * math.pi * uniform(batch_size, generator=generator)
        steps = normal(*shape, generator=generator)
        steps *= math.sqrt(2e-3 * self.phase_diffusion * step_ms)
        steps[0] = 0
        time = 1e-3 * step_ms * torch.arange(n_steps, device=device).float()[:, None]
        phase = first + 2 * math.pi * self.frequency_Hz * time + steps.cumsum(dim=0)
        memory = math.exp(-step_ms / self.amplitude_time_ms)
        amplitude = self.amplitude + self.amplitude_std * autoregressive(shape, memory, generator)
        noise = self.noise_std * _pink(shape, step_ms, self.noise_above_Hz, generator)
        return amplitude * torch.sin(phase) + noise, phase


def autoregressive(
    shape: tuple[int, int], memory: float, generator: torch.Generator
) -> torch.Tensor:
    """Stationary Gaussian processes of unit variance and correlation memory^lag, time first.

    One product with the lower triangular matrix of the recursion x[t] = memory x[t-1] + ....
    """
    device, n_steps = generator.device, shape[0]
    step = torch.arange(n_steps, device=device)
    kernel = memory ** (step[:, None] - step).clamp(min=0).float()
    kernel = kernel.tril()
    kernel[:, 1:] *= math.sqrt(1 - memory**2)
    return kernel @ normal(*shape, generator=generator)


def _pink(
    shape: tuple[int, int], step_ms: float, lowest_Hz: float, generator: torch.Generator
) -> torch.Tensor:
    """Noise of unit variance with power 1/f from a lowest frequency on, time first."""
    n_steps, batch_size = shape
    n_drawn = 2 * n_steps  # the transform is periodic; half a period is not
    frequency = torch.fft.rfftfreq(
        n_drawn, d=1e-3 * step_ms, dtype=torch.float32, device=generator.device
    )
    heard = frequency >= lowest_Hz
    heard[-1] = False  # the Nyquist frequency is real
    if not heard.any():
        raise ValueError(
            f"Noise above {lowest_Hz:g} Hz needs a step below {500 / lowest_Hz:g} ms, "
            f"got {step_ms:g} ms, or a longer trial."
        )
    spread = torch.where(heard, frequency.clamp(min=lowest_Hz) ** -0.5, 0.0)
    spread *= n_drawn / 2 / spread.square().sum().sqrt()
    drawn = normal(2, len(frequency), batch_size, generator=generator)
    return torch.fft.irfft(torch.complex(*drawn) * spread[:, None], n_drawn, dim=0)[:n_steps]


@dataclass(frozen=True, eq=False, repr=False)
class RecordedReference:
    """Recorded oscillation as a reference: each trial is a random piece of it.

    Attributes
    ----------
    signal : ndarray, shape (n_samples,)
        Band-passed signal, one sample per step; its mean amplitude is 1 where it is usable.
    phase : ndarray, shape (n_samples,)
        Phase in radians, unwrapped; the signal is approximately sin(phase).
    step_ms : float
        Time between samples, in ms.
    usable : ndarray of bool, shape (n_samples,), optional
        True where the recording oscillates. Trials contain no other samples. None: everywhere.
    first_s : float
        Time of the first sample in the recording, in s.

    Examples
    --------
    A recording of 10 s at 8 Hz; its first and last second are cut off:

    >>> times = np.arange(10_000) / 1000
    >>> recording = ann_bridge.tasks.prepare_recording(
    ...     3 * np.sin(2 * np.pi * 8 * times), sampling_Hz=1000
    ... )
    >>> recording.first_s, round(recording.frequency_Hz, 2), recording.usable_share
    (1.0, 8.0, 1.0)
    >>> task = ann_bridge.tasks.PhaseMemory(reference=recording)
    >>> round(task.reference_input.frequency_Hz, 2)
    8.0
    """

    signal: np.ndarray
    phase: np.ndarray
    step_ms: float
    usable: np.ndarray | None = None
    first_s: float = 0.0

    @property
    def unusable_stretches(self) -> Stretches:
        """First and last time in s of each part of the recording that no trial contains.

        Parts less than a second apart are joined.
        """
        if self.usable is None:
            return ()
        return list_stretches(~self.usable, 1e-3 * self.step_ms, self.first_s)

    @property
    def frequency_Hz(self) -> float:
        """Mean frequency over the usable steps: those between two usable samples."""
        advance = np.diff(self.phase)
        if self.usable is not None:
            advance = advance[self.usable[1:] & self.usable[:-1]]
        if not advance.size:
            raise ValueError(
                "The recording does not have a frequency: no two neighboring samples are usable."
            )
        return float(1e3 * advance.mean() / (2 * math.pi * self.step_ms))

    @property
    def amplitude(self) -> float:
        """Mean amplitude, which is 1."""
        return 1.0

    def __repr__(self) -> str:
        content = np.concatenate([self.signal, self.phase]).tobytes()
        text = f"sha256={sha256(content)[:16]}"
        if self.usable_share < 1:
            text += f", usable_share={self.usable_share:.3g}"
        return f"RecordedReference({text})"

    @property
    def usable_share(self) -> float:
        """Fraction of the samples at which the recording oscillates."""
        return 1.0 if self.usable is None else float(np.mean(self.usable))

    def draw(
        self, n_steps: int, step_ms: float, batch_size: int, generator: torch.Generator
    ) -> Signal:
        """Draw pieces of the recording and their phases φ, wrapped to [0, 2π).

        Parameters
        ----------
        n_steps : int
            Number of time steps of each signal.
        step_ms : float
            Time step, in ms; that of the recording.
        batch_size : int
            Number of signals.
        generator : torch.Generator
            Source of randomness; the result is on its device.

        Returns
        -------
        tuple of Tensor
            Signals and phases in radians, each of shape (n_steps, batch_size), float32.

        Raises
        ------
        ValueError
            If the recording has a different step, or no usable stretch as long as a trial.
        """
        if not math.isclose(step_ms, self.step_ms):
            raise ValueError(
                f"The recording was prepared for steps of {self.step_ms:g} ms, the task has "
                f"{step_ms:g} ms. Prepare it again with prepare_recording(step_ms={step_ms:g})."
            )
        starts = self._starts(n_steps)
        device = generator.device
        chosen = torch.randint(len(starts), (batch_size,), generator=generator, device=device)
        first = torch.from_numpy(starts).to(device)[chosen]
        index = first + torch.arange(n_steps, device=device)[:, None]
        wrapped = np.remainder(self.phase, 2 * np.pi)
        signal, phase = (
            torch.from_numpy(values).float().to(device)[index] for values in (self.signal, wrapped)
        )
        return signal, phase

    def _starts(self, n_steps: int) -> np.ndarray:
        """Places at which a trial may start."""
        places = len(self.signal) - n_steps + 1
        if places < 1:
            raise ValueError(
                f"The recording has {counted(len(self.signal), 'step')}, a trial needs {n_steps}."
            )
        if self.usable is None or self.usable.all():
            return np.arange(places)
        lost = np.concatenate([[0], np.cumsum(~self.usable)])
        starts = np.flatnonzero(lost[n_steps:] == lost[:places])
        if not starts.size:
            raise ValueError(
                f"The recording oscillates for {100 * self.usable_share:.3g} % of its length, but "
                f"nowhere for the {n_steps} steps of a trial. Choose a shorter trial, a different "
                "band_Hz or a different recording."
            )
        return starts


def prepare_recording(
    values: ArrayLike,
    *,
    sampling_Hz: float,
    step_ms: float = 2.0,
    band_Hz: tuple[float, float] = (5.0, 12.0),
    channel: int | None = None,
) -> RecordedReference:
    """Prepare a local field potential as a reference: band-pass filter and Hilbert phase.

    A Butterworth filter of order 4 runs forward and backward, so it does not shift the phase.
    The first and last second, where filter and transform are not accurate, are cut off.
    Stretches that are missing, constant or saturated, steps, artifacts and phase slips are
    marked as not usable, and no trial contains them (`RecordedReference.usable_share` reports
    what remains, `unusable_stretches` the times); the limits are those of
    `isochron.ann_bridge.tasks.recording_quality`. Gaps of missing samples that are shorter than
    a tenth of the shortest period of the band are interpolated and usable.

    Parameters
    ----------
    values : array_like, shape (n_samples,) or (n_samples, n_channels)
        Recording in any unit. A missing sample is NaN, or masked in a masked array.
    sampling_Hz : float
        Sampling frequency, in Hz; more than twice the upper edge of the band.
    step_ms : float
        Time step of the task, in ms.
    band_Hz : tuple of float
        Lower and upper edge of the pass band, in Hz.
    channel : int, optional
        Column of `values`, from 0; required if there are several.

    Returns
    -------
    RecordedReference
        Signal and phase at the steps of the task.

    Raises
    ------
    ValueError
        If the recording is too short, not one of real numbers, flat, sampled too slowly, or
        does not oscillate in the band; if `band_Hz` is not two frequencies; or if a different
        column of `values` increases throughout, as times do, and is not even or has a different
        rate.

    Examples
    --------
    The phase of a sine of 8 Hz is a straight line that starts at 0; time starts at 1 s, after
    8 periods:

    >>> times = np.arange(10_000) / 1000
    >>> values = 3 * np.sin(2 * np.pi * 8 * times)
    >>> reference = ann_bridge.tasks.prepare_recording(values, sampling_Hz=1000, step_ms=5)
    >>> cycles = (reference.phase - reference.phase[0]) / (2 * np.pi)
    >>> cycles[[0, 25, 250]].round(3)  # after 0, 125 and 1250 ms
    array([ 0.,  1., 10.])
    """
    from scipy import signal as filters

    low, high = band_Hz = _checked_band(band_Hz, sampling_Hz)
    if not 0 < step_ms < 500 / high:
        raise ValueError(f"step_ms must lie in (0, {500 / high:g}) for {high:g} Hz: {step_ms!r}.")
    recorded = one_channel(values, channel)
    check_time_columns(values, channel, sampling_Hz)
    if len(recorded) < 3 * sampling_Hz:
        raise ValueError(
            f"A recording must last 3 s or longer, got {len(recorded) / sampling_Hz:g} s."
        )
    dead = find_dead(recorded, sampling_Hz, band_Hz)
    band: Any = filters.butter(4, band_Hz, "bandpass", fs=sampling_Hz, output="sos")
    filled = _bridged(recorded)
    passed = filters.sosfiltfilt(band, filled)
    analytic = np.asarray(filters.hilbert(passed))
    edge = math.ceil(sampling_Hz)
    inner = slice(edge, -edge)
    seconds = np.arange(len(recorded))[inner] / sampling_Hz
    level = float(np.median(np.abs(analytic)[~dead])) if not dead.all() else 0.0
    jumps = find_jumps(filled, level, sampling_Hz, band_Hz)[inner]
    analytic, dead = analytic[inner], dead[inner]
    if not np.abs(analytic).mean() > 1e-9 * np.nanmax(np.abs(recorded)):
        raise ValueError(f"The recording does not oscillate between {low:g} and {high:g} Hz.")
    usable = find_usable(analytic, dead, jumps, band, sampling_Hz, band_Hz)
    _refuse_empty(usable, low, high)
    amplitude = np.abs(analytic)[usable].mean()
    steps = np.arange(seconds[0], seconds[-1], 1e-3 * step_ms)
    # sin φ = Re(analytic): φ is a quarter of a cycle ahead of the angle.
    phase = np.interp(steps, seconds, np.unwrap(np.angle(analytic))) + np.pi / 2
    level = np.interp(steps, seconds, np.abs(analytic)) / amplitude
    usable_steps = np.interp(steps, seconds, usable.astype(float)) == 1
    _refuse_empty(usable_steps, low, high)
    return RecordedReference(level * np.sin(phase), phase, step_ms, usable_steps, float(seconds[0]))


def _refuse_empty(usable: np.ndarray, low: float, high: float) -> None:
    if not (usable[1:] & usable[:-1]).any():
        raise ValueError(
            f"The recording does not have a usable stretch between {low:g} and {high:g} Hz: all "
            "of it is missing, constant, an artifact or a phase slip, or near one. Choose a "
            "different band_Hz or stretch of the recording."
        )


def _checked_band(band_Hz: Any, sampling_Hz: float) -> tuple[float, float]:
    """The band as two numbers, in order and below half of the sampling rate."""
    if not isinstance(sampling_Hz, Real) or not 0 < sampling_Hz < math.inf:
        raise ValueError(f"sampling_Hz must be a positive number of Hz, got {sampling_Hz!r}.")
    try:
        low, high = (float(edge) for edge in band_Hz)
    except (TypeError, ValueError):
        raise ValueError(
            f"band_Hz must be two frequencies in Hz, such as (5.0, 12.0), got {band_Hz!r}."
        ) from None
    if not 0 < low < high < sampling_Hz / 2:
        raise ValueError(
            f"band_Hz must be (low, high) with 0 < low < high < {sampling_Hz / 2:g}, half of "
            f"sampling_Hz={sampling_Hz!r}; got {band_Hz!r}."
        )
    return low, high


def one_channel(values: ArrayLike, channel: int | None) -> np.ndarray:
    """One channel of a recording, shape (n_samples,), float64; NaN where a sample is missing.

    Raises
    ------
    ValueError
        If the shape is not (n_samples,) or (n_samples, n_channels), there are several channels
        and `channel` does not choose one, or it has infinite values or only missing ones.
    """
    hidden = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    recorded = np.array(values)
    if recorded.dtype.kind not in "biuf":
        raise ValueError(f"A recording is one real number a sample, got {recorded.dtype}.")
    recorded = recorded.astype(float)
    if hidden is not None:
        recorded[hidden] = np.nan
    if recorded.ndim == 1:
        recorded = recorded[:, None]
    if recorded.ndim != 2 or recorded.shape[0] < recorded.shape[1]:
        raise ValueError(
            "A recording is one finite number a sample, shape (n_samples,) or (n_samples, "
            f"n_channels); got {np.shape(values)}. Time is the first dimension: use values.T if it "
            "is the last one."
        )
    n = recorded.shape[1]
    if channel is None and n > 1:
        raise ValueError(
            f"The recording has {n} channels, shape {recorded.shape}; choose one: channel=0 to "
            f"{n - 1}."
        )
    recorded = recorded[:, _column(channel, n)]
    if np.isinf(recorded).any() or np.isnan(recorded).all():
        raise ValueError(
            "A recording is one finite number a sample; mark missing samples as NaN. Got "
            f"{np.isinf(recorded).sum()} infinite and {np.isnan(recorded).sum()} missing of "
            f"{recorded.size}."
        )
    return recorded


def _column(channel: int | None, n_channels: int) -> int:
    whole = isinstance(channel, Integral) and not isinstance(channel, bool)
    if channel is not None and not (whole and 0 <= channel < n_channels):
        raise ValueError(
            f"channel must be a whole number from 0 to {n_channels - 1}, got {channel!r}."
        )
    return 0 if channel is None else int(channel)


def _bridged(recorded: np.ndarray) -> np.ndarray:
    """Missing samples on straight lines between their neighbors; zero mean."""
    known = np.flatnonzero(~np.isnan(recorded))
    filled = recorded
    if known.size < recorded.size:
        filled = np.interp(np.arange(recorded.size), known, recorded[known])
    return filled - filled.mean()


@reads_data
def load_recording(
    path: str | os.PathLike,
    *,
    sampling_Hz: float,
    step_ms: float = 2.0,
    band_Hz: tuple[float, float] = (5.0, 12.0),
    channel: int | None = None,
) -> RecordedReference:
    """Prepare a recording in a .npy file as a reference; see `prepare_recording`.

    Parameters
    ----------
    path : path-like
        File of an array of shape (n_samples,) or (n_samples, n_channels).
    sampling_Hz : float
        Sampling frequency, in Hz; more than twice the upper edge of the band.
    step_ms : float
        Time step of the task, in ms.
    band_Hz : tuple of float
        Lower and upper edge of the pass band, in Hz.
    channel : int, optional
        Column of the array, from 0; required if there are several.

    Returns
    -------
    RecordedReference
        Signal and phase at the steps of the task.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not a .npy file of numbers, or `prepare_recording` rejects it.

    Examples
    --------
    >>> times = np.arange(10_000) / 1000
    >>> np.save("theta.npy", np.sin(2 * np.pi * 8 * times))
    >>> reference = ann_bridge.tasks.load_recording("theta.npy", sampling_Hz=1000)
    >>> round(reference.frequency_Hz, 2)
    8.0
    """
    return prepare_recording(
        load_npy(path), sampling_Hz=sampling_Hz, step_ms=step_ms, band_Hz=band_Hz, channel=channel
    )
