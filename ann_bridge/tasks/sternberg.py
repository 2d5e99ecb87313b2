"""Sternberg's task: was the probe among the items?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from isochron.ann_bridge.draws import one_hot, uniform, zeros
from isochron.ann_bridge.tasks.delay import DelayTask
from isochron.ann_bridge.tasks.task import Trials, check_count, random_signs
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Sternberg(DelayTask):
    """Different items one after the other, a delay, a probe; then +1 if it was an item, else -1.

    Each item has one input, and the last input marks the probe. The number of items shown is
    uniform in 1 ... `largest_set`; fewer items start later, so that the delay does not depend
    on their number. Both answers are equally likely, so a constant output scores 1.

    References
    ----------
    Sternberg (1966), Science 153:652.

    Examples
    --------
    In the first trial items 0 and 4 are shown and the probe is item 3; in the second, item 3
    is shown and is the probe:

    >>> import torch
    >>> task = ann_bridge.tasks.Sternberg()
    >>> trials = task.sample(2, torch.Generator().manual_seed(1))
    >>> items, probing = trials.inputs[..., :6], trials.inputs[..., 6:]
    >>> (items * (1 - probing)).amax(0).int().tolist()
    [[1, 0, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0]]
    >>> (items * probing).sum(0).argmax(1).tolist()
    [3, 3]
    >>> (trials.targets.sum(0) / trials.mask.sum(0)).tolist()
    [-1.0, 1.0]
    """

    usual_time_constant_ms: ClassVar[float] = 500.0  # items are remembered longer than 100 ms

    n_items: int = setting(6, "Number of items")
    largest_set: int = setting(3, "Largest number of items in a trial")

    def __post_init__(self) -> None:
        DelayTask.__post_init__(self)
        check_count(self, "largest_set", 1)
        check_count(self, "n_items", self.largest_set + 1)

    @property
    def n_samples(self) -> int:
        """Number of consecutive samples, that of the largest set."""
        return self.largest_set

    @property
    def n_inputs(self) -> int:
        """Number of inputs: one for each item, and one for the cue of the probe."""
        return self.n_items + 1

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
        import torch

        epochs = self.draw_epochs(batch_size, generator)
        n, largest, device = self.n_items, self.largest_set, generator.device
        # A random order of the items of which the last `size` of the first `largest` are shown.
        order = uniform(batch_size, n, generator=generator).argsort(dim=1)
        size = torch.randint(1, largest + 1, (batch_size,), generator=generator, device=device)
        answer = random_signs(batch_size, generator=generator)
        inputs = zeros(self.n_steps, batch_size, n + 1, device=device)
        for k, epoch in enumerate(epochs.samples):
            shown = epoch * (k >= largest - size)
            inputs[:, :, :n] += shown[..., None] * one_hot(order[:, k], n)
        pick = uniform(batch_size, generator=generator)
        inside = largest - 1 - (pick * size).long()
        outside = largest + (pick * (n - largest)).long()
        place = torch.where(answer > 0, inside, outside)[:, None]
        probe = order.gather(1, place)[:, 0]
        inputs[:, :, :n] += epochs.test[..., None] * one_hot(probe, n)
        inputs[:, :, n] = epochs.test
        return Trials(inputs, epochs.response * answer, epochs.response)
