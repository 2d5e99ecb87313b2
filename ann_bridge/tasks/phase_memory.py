"""Phase-coded working memory: the phase of an oscillation encodes which stimulus was shown."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import constants
from isochron.ann_bridge.tasks.stimulus_task import StimulusSettings, StimulusTask
from isochron.settings import LARGEST, check_types

if TYPE_CHECKING:
    import torch


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
class PhaseMemorySettings(StimulusSettings):
    """Settings of `PhaseMemory` in files and on the command line."""

    def task(self) -> "PhaseMemory":
        """The task.

        Raises
        ------
        DataFileError
            If the reference file cannot be read.
        """
        return PhaseMemory(offsets=even_offsets(self.n_stimuli), reference=self.load_reference())


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseMemory(StimulusTask):
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

    def __post_init__(self) -> None:
        check_types(self, LARGEST)
        if not self.offsets:
            raise ValueError("offsets must be phases in cycles, at least one, got none.")
        StimulusTask.__post_init__(self)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return len(self.offsets)

    def _targets(
        self, phase: "torch.Tensor", stimulus: "torch.Tensor", mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """sin(φ + 2π offset)."""
        return shifted_sine(phase, self.offsets, stimulus)


def shifted_sine(
    phase: "torch.Tensor", offsets: tuple[float, ...], stimulus: "torch.Tensor"
) -> "torch.Tensor":
    """sin(φ + 2π offset), with the offset of the stimulus of each trial in cycles."""
    import torch

    shift = constants(offsets, phase.device)[stimulus]
    return torch.sin(phase + 2 * math.pi * shift)
