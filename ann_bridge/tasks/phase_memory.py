"""Phase-coded working memory: the phase of an oscillation encodes which stimulus was shown."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import normal, uniform, zeros
from isochron.ann_bridge.tasks.task import (
    ReferenceInput,
    Trials,
    check_batch,
    check_count,
    check_sampled,
)
from isochron.settings import setting
from isochron.wording import shown

if TYPE_CHECKING:
    import torch

    from isochron.ann_bridge.tasks.references import Reference, Signal


REFERENCES = ("sines", "theta")


def even_offsets(n_stimuli: int, first: float = -0.1) -> tuple[float, ...]:
    """Phase offsets of stimuli, evenly spaced: first - l / n, l = 0 ... n - 1.

    Parameters
    ----------
    n_stimuli : int
        Number n of stimuli.
    first : float
        Offset of stimulus 0 in cycles; that of the paper by default.

    Returns
    -------
    tuple of float
        Offsets in cycles, one for each stimulus.

    References
    ----------
    Pals, Macke and Barak (2024), who use 2 and 4 stimuli.

    Examples
    --------
    >>> ann_bridge.tasks.even_offsets(4)
    (-0.1, -0.35, -0.6, -0.85)
    """
    return tuple(first - stimulus / n_stimuli for stimulus in range(n_stimuli))


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseMemorySettings:
    """Settings of `PhaseMemory` in files and on the command line: numbers and names alone."""

    n_stimuli: int = setting(2, "Number of stimuli")
    reference: str = setting("sines", "Reference oscillation: sines, theta, or a .npy file")
    sampling_Hz: float = setting(0.0, "Sampling frequency of the reference file", unit="Hz")
    channel: int = setting(
        -1, "Column of the reference file, counted from 0; -1: the file has one channel"
    )

    def __post_init__(self) -> None:
        check_count(self, "n_stimuli", 1)
        if not self.recorded and self.reference not in REFERENCES:
            raise ValueError(
                f"reference must be one of {', '.join(REFERENCES)}, or a .npy file, got "
                f"{self.reference!r}."
            )
        if self.recorded != bool(self.sampling_Hz):
            raise ValueError(
                "sampling_Hz goes with a reference file, and that needs it, got "
                f"{self.sampling_Hz:g} and {self.reference}."
            )
        if self.channel != -1 and not (self.recorded and self.channel >= 0):
            raise ValueError(
                "channel is a number from 0 on and goes with a reference file, got "
                f"{self.channel} and {self.reference}."
            )
        if self.recorded:
            path = Path(self.reference).resolve()
            if not path.is_file():
                raise ValueError(f"The reference file {self.reference} does not exist.")
            object.__setattr__(self, "reference", str(path))

    @property
    def recorded(self) -> bool:
        """Whether the reference is a file."""
        return self.reference.endswith(".npy")

    def task(self) -> "PhaseMemory":
        """The task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        return PhaseMemory(offsets=even_offsets(self.n_stimuli), reference=self._load_reference())

    def _load_reference(self) -> "Reference | None":
        if self.reference == "sines":
            return None
        from isochron.ann_bridge.tasks.references import SyntheticTheta, load_recording

        if self.reference == "theta":
            return SyntheticTheta()
        return load_recording(
            self.reference,
            sampling_Hz=self.sampling_Hz,
            step_ms=PhaseMemory().step_ms,
            channel=None if self.channel < 0 else self.channel,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseMemory:
    """The task of Pals, Macke and Barak (2024), with pure sines as the reference by default.

    Input 0 is the reference A sin(φ(t)), φ(t) = 2π f t + φ0. Each trial has random f and A,
    which are correlated, and a uniform φ0. Input 1 + l has a rectangular pulse of height 1 if
    stimulus l is shown. After it, the target is sin(φ(t) + 2π offset_l).

    The statistics of f and A are those of the rat hippocampal theta used in the paper. With a
    `reference`, input 0 and φ are drawn from it, and the settings of the sines (frequency,
    amplitude, their standard deviations and correlation) are not used.

    Parameters
    ----------
    offsets : tuple of float
        Phase offset of the target for each stimulus, in cycles; see `even_offsets`.
    duration_ms : float
        Duration of a trial, in ms.
    step_ms : float
        Time step, in ms; less than half a period of the reference.
    frequency_Hz : float
        Mean frequency of the reference, in Hz.
    frequency_std_Hz : float
        Standard deviation of the frequency over trials, in Hz.
    amplitude : float
        Mean amplitude of the reference.
    amplitude_std : float
        Standard deviation of the amplitude over trials.
    frequency_amplitude_correlation : float
        Correlation coefficient of frequency and amplitude over trials, in [-1, 1].
    onset_ms : tuple of float
        Range of the stimulus onset (low, high), in ms; uniform.
    pulse_ms : tuple of float
        Range of the stimulus duration (low, high), in ms; uniform.
    reference : SyntheticTheta or RecordedReference, optional
        Source of input 0 and φ in place of the sines, or any object with their `draw`.

    Raises
    ------
    ValueError
        If a number is out of range, a stimulus may last until the end of the trial, or a period
        of the reference has two time steps or fewer.

    References
    ----------
    Pals, Macke and Barak (2024).

    Examples
    --------
    Three inputs: the reference and two stimuli. The target has unit amplitude, so the output 0
    has a loss of 1/2, the mean of sin²:

    >>> import torch
    >>> task = ann_bridge.tasks.PhaseMemory()
    >>> trials = task.sample(512, torch.Generator().manual_seed(0))
    >>> tuple(trials.inputs.shape), task.reference_input.frequency_Hz
    ((400, 512, 3), 8.4)
    >>> loss = ann_bridge.tasks.masked_loss(0 * trials.targets, trials)
    >>> round(loss.item(), 2), task.chance
    (0.5, 0.5)
    """

    offsets: tuple[float, ...] = (-0.1, -0.6)
    duration_ms: float = 800.0
    step_ms: float = 2.0
    frequency_Hz: float = 8.4
    frequency_std_Hz: float = 0.32
    amplitude: float = 1.0
    amplitude_std: float = 0.17
    frequency_amplitude_correlation: float = 0.19
    onset_ms: tuple[float, float] = (125.0, 250.0)
    pulse_ms: tuple[float, float] = (125.0, 175.0)
    reference: "Reference | None" = None

    def __post_init__(self) -> None:
        if len(self.offsets) < 1 or not all(map(math.isfinite, self.offsets)):
            raise ValueError(
                f"offsets must be finite cycles, at least one, got {shown(self.offsets)}."
            )
        for name, unit in (("duration_ms", "ms"), ("step_ms", "ms"), ("frequency_Hz", "Hz")):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be positive (in {unit}), got {shown(getattr(self, name))}."
                )
        if self.reference is None:
            check_sampled(self.frequency_Hz, self.step_ms)
        for name in ("frequency_std_Hz", "amplitude", "amplitude_std"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be >= 0 and finite, got {shown(getattr(self, name))}."
                )
        if not -1 <= self.frequency_amplitude_correlation <= 1:
            raise ValueError(
                "frequency_amplitude_correlation must lie in [-1, 1], got "
                f"{shown(self.frequency_amplitude_correlation)}."
            )
        for name in ("onset_ms", "pulse_ms"):
            low, high = getattr(self, name)
            if not 0 <= low <= high < math.inf:
                raise ValueError(
                    f"{name} must be a range 0 <= low <= high, got {shown((low, high))}."
                )
        if self.onset_ms[1] + self.pulse_ms[1] + self.step_ms >= self.duration_ms:
            raise ValueError(
                f"A stimulus may last until {self.onset_ms[1] + self.pulse_ms[1]:g} ms, so "
                f"duration_ms={self.duration_ms:g} leaves nothing to remember. Raise duration_ms."
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial."""
        return round(self.duration_ms / self.step_ms)

    @property
    def n_inputs(self) -> int:
        """Number of inputs: the reference, and one for each stimulus."""
        return 1 + len(self.offsets)

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1."""
        return 1

    @property
    def reference_input(self) -> ReferenceInput:
        """Input 0, with the frequency and amplitude of the reference."""
        source = self if self.reference is None else self.reference
        return ReferenceInput(
            channel=0,
            frequency_Hz=float(getattr(source, "frequency_Hz", self.frequency_Hz)),
            amplitude=float(getattr(source, "amplitude", self.amplitude)),
        )

    @property
    def chance(self) -> float:
        """Loss of the best constant output, 0: the mean of sin²."""
        return 0.5

    def sample(self, batch_size: int, generator: "torch.Generator") -> Trials:
        """Draw trials, on the device of the generator.

        Parameters
        ----------
        batch_size : int
            Number of trials, at least 1.
        generator : torch.Generator
            Source of randomness.

        Returns
        -------
        Trials
            Inputs, shape (n_steps, batch_size, n_inputs); targets and mask, shape
            (n_steps, batch_size). All float32.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        import torch

        check_batch(batch_size)
        device = generator.device
        if self.reference is None:
            signal, phase = self._sines(batch_size, generator)
        else:
            signal, phase = self.reference.draw(self.n_steps, self.step_ms, batch_size, generator)
        stimulus = torch.randint(
            len(self.offsets), (batch_size,), generator=generator, device=device
        )
        onset = _uniform(*self.onset_ms, batch_size, generator)
        offset = onset + _uniform(*self.pulse_ms, batch_size, generator)
        time = self._time(device)
        inputs = zeros(self.n_steps, batch_size, self.n_inputs, device=device)
        inputs[:, :, 0] = signal
        pulse = ((time >= onset) & (time < offset)).to(inputs.dtype)
        channel = (1 + stimulus).expand(self.n_steps, batch_size)
        inputs.scatter_(2, channel[..., None], pulse[..., None])
        shift = torch.tensor(self.offsets, dtype=torch.float32, device=device)[stimulus]
        return Trials(inputs, torch.sin(phase + 2 * math.pi * shift), (time >= offset).float())

    def _time(self, device: "torch.device") -> "torch.Tensor":
        import torch

        return (
            self.step_ms * torch.arange(self.n_steps, dtype=torch.float32, device=device)[:, None]
        )

    def _sines(self, batch_size: int, generator: "torch.Generator") -> "Signal":
        """Pure sines, and their phases."""
        import torch

        rho = self.frequency_amplitude_correlation
        z = normal(2, batch_size, generator=generator)
        frequency = self.frequency_Hz + self.frequency_std_Hz * z[0]
        other = rho * z[0] + math.sqrt(1 - rho**2) * z[1]
        amplitude = self.amplitude + self.amplitude_std * other
        first = _uniform(0, 2 * math.pi, batch_size, generator)
        phase = 2e-3 * math.pi * frequency * self._time(generator.device) + first
        return amplitude * torch.sin(phase), phase


def _uniform(
    low: float, high: float, batch_size: int, generator: "torch.Generator"
) -> "torch.Tensor":
    drawn = uniform(batch_size, generator=generator)
    return low + (high - low) * drawn
