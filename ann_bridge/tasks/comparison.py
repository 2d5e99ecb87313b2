"""Delayed comparison: was the second of two values the larger?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import uniform
from isochron.ann_bridge.tasks.delay import DelayTask
from isochron.ann_bridge.tasks.task import Trials, check_range, random_signs
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayedComparison(DelayTask):
    """Two pulses with a delay between them; then +1 if the second was higher, -1 if lower.

    Both pulses are on one input. Their difference is uniform between `smallest_difference` and
    the width of the range, and each order is equally likely, so a constant output scores 1.

    References
    ----------
    Romo, Brody, Hernández and Lemus (1999), Nature 399:470.

    Examples
    --------
    The answer is the sign of the difference between the two pulses:

    >>> import torch
    >>> task = ann_bridge.tasks.DelayedComparison()
    >>> trials = task.sample(4, torch.Generator().manual_seed(0))
    >>> first, second = (part[..., 0].amax(0) for part in trials.inputs.split([15, 60]))
    >>> (second - first).numpy().round(2)
    array([ 0.45,  0.71,  0.59, -0.92], dtype=float32)
    >>> (trials.targets.sum(0) / trials.mask.sum(0)).tolist()
    [1.0, 1.0, 1.0, -1.0]
    """

    heights: tuple[float, float] = setting((0.5, 1.5), "Range of the heights of the pulses")
    smallest_difference: float = setting(0.2, "Smallest difference of the two heights")

    def __post_init__(self) -> None:
        DelayTask.__post_init__(self)
        check_range(self, "heights")
        width = self.heights[1] - self.heights[0]
        if not 0 < self.smallest_difference <= width:
            raise ValueError(
                f"smallest_difference must lie in (0, {width:g}], the width of heights, "
                f"got {self.smallest_difference!r}."
            )

    @property
    def n_inputs(self) -> int:
        """Number of inputs, 1."""
        return 1

    @property
    def chance(self) -> float:
        """Loss of the best constant output, 0."""
        return 1.0

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

        epochs = self.draw_epochs(batch_size, generator)
        low, high = self.heights
        u, v = uniform(2, batch_size, generator=generator)
        difference = self.smallest_difference + (high - low - self.smallest_difference) * u
        lower = low + (high - low - difference) * v
        answer = random_signs(batch_size, generator=generator)
        first = lower + difference * (answer < 0)
        second = lower + difference * (answer > 0)
        inputs = epochs.samples[0] * first + epochs.test * second
        return Trials(inputs[..., None], epochs.response * answer, epochs.response)
