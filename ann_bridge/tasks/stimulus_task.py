"""Stimuli under a reference oscillation: trials of the tasks that differ in their target alone."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import normal, uniform, zeros
from isochron.ann_bridge.tasks.task import (
    ReferenceInput,
    Trials,
    check_batch,
    check_count,
    check_durations,
    check_range,
    check_sampled,
)
from isochron.settings import LARGEST, check_choices, check_effect, check_types, setting
from isochron.wording import shown

if TYPE_CHECKING:
    import torch

    from isochron.ann_bridge.tasks.references import Reference, Signal

STEP_MS = 2.0
REFERENCES = ("sines", "theta")


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneratedReferenceSettings:
    """Reference oscillation that is generated: sines, or theta with its parameters."""

    reference: str = setting("sines", "Reference oscillation", choices=REFERENCES)
    theta_phase_diffusion: float = setting(
        1.6, "Diffusion coefficient of the phase of theta", unit="rad²/s", needs="reference=theta"
    )
    theta_amplitude_std: float = setting(
        0.17, "Standard deviation of the amplitude of theta", needs="reference=theta"
    )
    theta_noise_std: float = setting(
        0.1, "Standard deviation of the noise of theta", needs="reference=theta"
    )

    def __post_init__(self) -> None:
        check_types(self, LARGEST)
        check_choices(self)
        check_effect(self)
        for name in ("theta_phase_diffusion", "theta_amplitude_std", "theta_noise_std"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)!r}.")

    def load_reference(self) -> "Reference | None":
        """The source of the reference; None for the sines of a task."""
        if self.reference == "sines":
            return None
        from isochron.ann_bridge.tasks.references import SyntheticTheta

        return SyntheticTheta(
            phase_diffusion=self.theta_phase_diffusion,
            amplitude_std=self.theta_amplitude_std,
            noise_std=self.theta_noise_std,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceSettings(GeneratedReferenceSettings):
    """Reference oscillation that is generated, or a recording in a file."""

    reference: str = setting("sines", "Reference oscillation: sines, theta, or a .npy file")
    sampling_Hz: float = setting(0.0, "Sampling frequency of the reference file", unit="Hz")
    channel: int = setting(
        -1, "Column of the reference file, counted from 0; -1: the file has one channel"
    )

    def __post_init__(self) -> None:
        check_types(self, LARGEST)
        if not self.recorded and self.reference not in REFERENCES:
            raise ValueError(
                f"reference must be one of {', '.join(REFERENCES)}, or a .npy file, got "
                f"{self.reference!r}."
            )
        GeneratedReferenceSettings.__post_init__(self)
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

    def load_reference(self) -> "Reference | None":
        """The source of the reference; None for the sines of a task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        if not self.recorded:
            return GeneratedReferenceSettings.load_reference(self)
        from isochron.ann_bridge.tasks.references import load_recording

        return load_recording(
            self.reference,
            sampling_Hz=self.sampling_Hz,
            step_ms=STEP_MS,
            channel=None if self.channel < 0 else self.channel,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StimulusSettings(ReferenceSettings):
    """Settings of a task with stimuli under a reference."""

    n_stimuli: int = setting(2, "Number of stimuli")

    def __post_init__(self) -> None:
        check_count(self, "n_stimuli", 1)
        ReferenceSettings.__post_init__(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class StimulusTask(ABC):
    """Trials with a reference and one of several stimuli; subclasses define the target.

    Tasks of one reference, timing and number of stimuli draw the same trials from the same
    generator, bit for bit: only their targets differ.
    """

    duration_ms: float = 800.0
    step_ms: float = STEP_MS
    frequency_Hz: float = 8.4
    frequency_std_Hz: float = 0.32
    amplitude: float = 1.0
    amplitude_std: float = 0.17
    frequency_amplitude_correlation: float = 0.19
    onset_ms: tuple[float, float] = (125.0, 250.0)
    pulse_ms: tuple[float, float] = (125.0, 175.0)
    reference: "Reference | None" = None

    def __post_init__(self) -> None:
        check_durations(self, "duration_ms")
        if not self.frequency_Hz > 0:
            raise ValueError(f"frequency_Hz must be positive, got {shown(self.frequency_Hz)}.")
        if self.reference is None:
            check_sampled(self.frequency_Hz, self.step_ms)
        for name in ("frequency_std_Hz", "amplitude", "amplitude_std"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {shown(getattr(self, name))}.")
        if not -1 <= self.frequency_amplitude_correlation <= 1:
            raise ValueError(
                "frequency_amplitude_correlation must lie in [-1, 1], got "
                f"{shown(self.frequency_amplitude_correlation)}."
            )
        for name in ("onset_ms", "pulse_ms"):
            check_range(self, name)
        if self.onset_ms[1] + self.pulse_ms[1] + self.step_ms >= self.duration_ms:
            raise ValueError(
                f"A stimulus may last until {self.onset_ms[1] + self.pulse_ms[1]:g} ms, so "
                f"duration_ms={self.duration_ms:g} leaves nothing to remember. Raise duration_ms."
            )

    @property
    @abstractmethod
    def n_stimuli(self) -> int:
        """Number of stimuli."""

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial."""
        return round(self.duration_ms / self.step_ms)

    @property
    def n_inputs(self) -> int:
        """Number of inputs: the reference, and one for each stimulus."""
        return 1 + self.n_stimuli

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1."""
        return 1

    @property
    def reference_input(self) -> ReferenceInput | None:
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

        check_batch(self, batch_size, generator)
        device = generator.device
        if self.reference is None:
            signal, phase = self._sines(batch_size, generator)
        else:
            signal, phase = self.reference.draw(self.n_steps, self.step_ms, batch_size, generator)
        stimulus = torch.randint(self.n_stimuli, (batch_size,), generator=generator, device=device)
        onset = _uniform(*self.onset_ms, batch_size, generator)
        offset = onset + _uniform(*self.pulse_ms, batch_size, generator)
        time = self._time(device)
        inputs = zeros(self.n_steps, batch_size, self.n_inputs, device=device)
        inputs[:, :, 0] = signal
        pulse = ((time >= onset) & (time < offset)).to(inputs.dtype)
        channel = (1 + stimulus).expand(self.n_steps, batch_size)
        inputs.scatter_(2, channel[..., None], pulse[..., None])
        mask = (time >= offset).float()
        return Trials(self._shown(inputs), self._targets(phase, stimulus, mask), mask)

    def _shown(self, inputs: "torch.Tensor") -> "torch.Tensor":
        """The inputs of the network."""
        return inputs

    @abstractmethod
    def _targets(
        self, phase: "torch.Tensor", stimulus: "torch.Tensor", mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """Outputs after the stimulus, shape (n_steps, batch_size).

        Parameters
        ----------
        phase : Tensor, shape (n_steps, batch_size)
            Phase of the reference, in radians.
        stimulus : Tensor of int, shape (batch_size,)
            Number of the stimulus.
        mask : Tensor, shape (n_steps, batch_size)
            1 after the stimulus, else 0.
        """

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
