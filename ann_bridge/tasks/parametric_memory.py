"""Parametric working memory: remember a value and reproduce it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import uniform
from isochron.ann_bridge.tasks.delay import DelayTask
from isochron.ann_bridge.tasks.task import Trials, check_range
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class ParametricWorkingMemory(DelayTask):
    """A pulse of random height, a delay, a go cue; then the target is the height of the pulse.

    Input 0 is the pulse, its height uniform in a range; input 1 is the cue, of height 1.

    Examples
    --------
    The target of the response is the height of the pulse. The best constant output is the mean
    height; its loss is the variance of a uniform distribution, width² / 12:

    >>> import torch
    >>> task = ann_bridge.tasks.ParametricWorkingMemory(heights=(0.5, 1.5))
    >>> trials = task.sample(3, torch.Generator().manual_seed(0))
    >>> trials.inputs[..., 0].amax(0).numpy().round(3)
    array([0.632, 0.807, 1.134], dtype=float32)
    >>> trials.targets.amax(0).numpy().round(3)
    array([0.632, 0.807, 1.134], dtype=float32)
    >>> round(task.chance, 4)
    0.0833
    """

    heights: tuple[float, float] = setting((0.5, 1.5), "Range of the height of the pulse")

    def __post_init__(self) -> None:
        DelayTask.__post_init__(self)
        check_range(self, "heights")
        if self.heights[0] == self.heights[1]:
            raise ValueError(
                f"heights must differ, or there is nothing to remember: {self.heights!r}."
            )

    @property
    def n_inputs(self) -> int:
        """Number of inputs, 2: the pulse and the cue."""
        return 2

    @property
    def chance(self) -> float:
        """Loss of the best constant output: the variance of the height, width² / 12."""
        return (self.heights[1] - self.heights[0]) ** 2 / 12

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

        epochs = self.draw_epochs(batch_size, generator)
        low, high = self.heights
        drawn = uniform(batch_size, generator=generator)
        height = low + (high - low) * drawn
        inputs = torch.stack([epochs.samples[0] * height, epochs.test], dim=2)
        return Trials(inputs, epochs.response * height, epochs.response)
