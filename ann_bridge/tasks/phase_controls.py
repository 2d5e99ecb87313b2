"""Controls of the phase memory: the same trials, with targets that need other dynamics."""

import math
from dataclasses import dataclass
from statistics import pvariance
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import constants
from isochron.ann_bridge.tasks.phase_memory import PhaseMemory, even_offsets, shifted_sine
from isochron.ann_bridge.tasks.stimulus_task import StimulusSettings, StimulusTask
from isochron.ann_bridge.tasks.task import ReferenceInput, check_count
from isochron.settings import LARGEST, check_types
from isochron.wording import shown

if TYPE_CHECKING:
    import torch


def even_levels(n_stimuli: int) -> tuple[float, ...]:
    """Levels of stimuli, evenly spaced around 0, with the mean square of a sine, 1/2.

    Parameters
    ----------
    n_stimuli : int
        Number n of stimuli, at least 2.

    Returns
    -------
    tuple of float
        Levels, highest first, one for each stimulus.

    Raises
    ------
    ValueError
        If there are fewer than two stimuli: one level is not a memory.

    Examples
    --------
    >>> [round(level, 4) for level in ann_bridge.tasks.even_levels(2)]
    [0.7071, -0.7071]
    """
    if n_stimuli < 2:
        raise ValueError(f"Levels need n_stimuli of at least 2, got {n_stimuli!r}.")
    places = [n_stimuli - 1 - 2 * stimulus for stimulus in range(n_stimuli)]
    scale = math.sqrt(0.5 / pvariance(places))
    return tuple(scale * place for place in places)


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelMemorySettings(StimulusSettings):
    """Settings of `LevelMemory` in files and on the command line."""

    def __post_init__(self) -> None:
        check_count(self, "n_stimuli", 2)
        StimulusSettings.__post_init__(self)

    def task(self) -> "LevelMemory":
        """The task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        return LevelMemory(levels=even_levels(self.n_stimuli), reference=self.load_reference())


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelMemory(StimulusTask):
    """The trials of `PhaseMemory`, with a constant level as the target after each stimulus.

    A memory of a rate under the same reference: the network needs a stable state for each
    stimulus, but no phase. With the default levels, the loss at chance is that of `PhaseMemory`.

    Parameters
    ----------
    levels : tuple of float
        Target after each stimulus, not all equal; see `even_levels`.
    duration_ms, step_ms, frequency_Hz, frequency_std_Hz, amplitude, amplitude_std
        As in `PhaseMemory`.
    frequency_amplitude_correlation, onset_ms, pulse_ms, reference
        As in `PhaseMemory`.

    Raises
    ------
    ValueError
        If the levels are not finite or all equal, and as `PhaseMemory`.

    Examples
    --------
    >>> import torch
    >>> tasks = ann_bridge.tasks
    >>> level, phase = (
    ...     task.sample(3, torch.Generator().manual_seed(1))
    ...     for task in (tasks.LevelMemory(), tasks.PhaseMemory())
    ... )
    >>> torch.equal(level.inputs, phase.inputs), level.targets[-1].numpy().round(2)
    (True, array([ 0.71,  0.71, -0.71], dtype=float32))
    """

    levels: tuple[float, ...] = even_levels(2)

    def __post_init__(self) -> None:
        check_types(self, LARGEST)
        if len(set(self.levels)) < 2:
            raise ValueError(
                f"levels must be at least two different ones, got {shown(self.levels)}."
            )
        StimulusTask.__post_init__(self)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return len(self.levels)

    @property
    def chance(self) -> float:
        """Loss of the best constant output: the variance of the levels."""
        return pvariance(self.levels)

    def _targets(
        self, phase: "torch.Tensor", stimulus: "torch.Tensor", mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """The level of the stimulus."""
        return constants(self.levels, phase.device)[stimulus].expand_as(phase).clone()


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedPhaseSettings(StimulusSettings):
    """Settings of `FixedPhase` in files and on the command line."""

    def task(self) -> "FixedPhase":
        """The task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        return FixedPhase(n_stimuli=self.n_stimuli, reference=self.load_reference())


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedPhase(StimulusTask):
    """The trials of `PhaseMemory`, with one phase of the reference as the target of all stimuli.

    It needs no memory: a filter that shifts the phase of the reference solves it.

    Parameters
    ----------
    n_stimuli : int
        Number of stimuli, all of which are to be ignored.
    offset : float
        Phase offset of the target, in cycles; by default that of stimulus 0 of `PhaseMemory`.
    duration_ms, step_ms, frequency_Hz, frequency_std_Hz, amplitude, amplitude_std
        As in `PhaseMemory`.
    frequency_amplitude_correlation, onset_ms, pulse_ms, reference
        As in `PhaseMemory`.

    Raises
    ------
    ValueError
        If `n_stimuli` is not a positive whole number or `offset` not finite, and as
        `PhaseMemory`.

    Examples
    --------
    Without a phase shift the target is the reference:

    >>> import torch
    >>> task = ann_bridge.tasks.FixedPhase(offset=0.0, amplitude_std=0.0)
    >>> trials = task.sample(3, torch.Generator().manual_seed(0))
    >>> torch.equal(trials.inputs[..., 0], trials.targets), task.chance
    (True, 0.5)
    """

    n_stimuli: int = 2  # type: ignore[assignment]
    offset: float = -0.1

    def __post_init__(self) -> None:
        check_count(self, "n_stimuli", 1)
        StimulusTask.__post_init__(self)

    def _targets(
        self, phase: "torch.Tensor", stimulus: "torch.Tensor", mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """sin(φ + 2π offset), the same for all stimuli."""
        return shifted_sine(phase, (self.offset,), 0 * stimulus)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceFreeSettings(StimulusSettings):
    """Settings of `ReferenceFreeMemory` in files and on the command line."""

    def task(self) -> "ReferenceFreeMemory":
        """The task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        return ReferenceFreeMemory(
            offsets=even_offsets(self.n_stimuli), reference=self.load_reference()
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceFreeMemory(PhaseMemory):
    """The stimuli of `PhaseMemory` without the reference: the network has to oscillate by itself.

    Input 0 is 0. From the first step after the stimulus, at t0, the target is
    sin(2π f (t - t0) + 2π offset_l), with the fixed frequency f = `frequency_Hz`. The phase is
    relative to the end of the stimulus, which the network sees, and the frequency is the same in
    all trials, so that the target is determined by the inputs. It needs an intrinsic cycle, and
    each stimulus has to leave the network in a different phase of it.

    Parameters
    ----------
    offsets : tuple of float
        Phase of the target at the end of each stimulus, in cycles; see `even_offsets`.
    frequency_Hz : float
        Frequency of the target, in Hz.
    duration_ms, step_ms, frequency_std_Hz, amplitude, amplitude_std
        As in `PhaseMemory`. Those of the reference, and `reference` itself, do not change the
        target: they are drawn, so that the stimuli are those of the same trials of a task with
        that reference, and not shown to the network.
    frequency_amplitude_correlation, onset_ms, pulse_ms, reference
        As in `PhaseMemory`.

    Raises
    ------
    ValueError
        As `PhaseMemory`.

    Examples
    --------
    >>> import torch
    >>> task = ann_bridge.tasks.ReferenceFreeMemory(offsets=(0.0, 0.5))
    >>> trials = task.sample(3, torch.Generator().manual_seed(0))
    >>> trials.inputs[..., 0].abs().max().item(), task.reference_input
    (0.0, None)
    >>> first = trials.mask.argmax(dim=0)  # first step after the stimulus
    >>> abs(trials.targets[first, torch.arange(3)]).max().item() < 1e-6
    True
    """

    @property
    def reference_input(self) -> ReferenceInput | None:
        """None: the network is analyzed without forcing."""
        return None

    def _shown(self, inputs: "torch.Tensor") -> "torch.Tensor":
        """The stimuli, without the reference."""
        inputs[:, :, 0].zero_()
        return inputs

    def _targets(
        self, phase: "torch.Tensor", stimulus: "torch.Tensor", mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """sin(2π f (t - t0) + 2π offset); before t0 it stays at the first value."""
        steps = (mask.cumsum(dim=0) - 1).clamp(min=0)
        elapsed = 2e-3 * math.pi * self.frequency_Hz * self.step_ms * steps
        return shifted_sine(elapsed, self.offsets, stimulus)
