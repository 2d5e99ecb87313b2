"""Sternberg's task: was the probe among the items?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from isochron.ann_bridge.draws import uniform, zeros
from isochron.ann_bridge.tasks.delay import DelayTask
from isochron.ann_bridge.tasks.task import Trials, check_count, random_signs
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Sternberg(DelayTask):
    """Different items one after the other, a delay, a probe; then +1 if it was an item, else -1.

    Each item has an input of its own, and the last input says that the probe is one. The
    number of items is uniform in 1 ... `largest_set`; fewer come later, so that the delay
    is the same. Item or not is equally likely, so a constant output scores 1.

    References
    ----------
    Sternberg (1966), Science 153:652.
    """

    usual_time_constant_ms: ClassVar[float] = 500.0  # items are held for longer than 100 ms

    n_items: int = setting(6, "Number of items")
    largest_set: int = setting(3, "Largest number of items in a trial")

    def __post_init__(self) -> None:
        DelayTask.__post_init__(self)
        check_count(self, "largest_set", 1)
        check_count(self, "n_items", self.largest_set + 1)

    @property
    def n_samples(self) -> int:
        """The largest set."""
        return self.largest_set

    @property
    def n_inputs(self) -> int:
        """One for each item, and the probe's cue."""
        return self.n_items + 1

    @property
    def chance(self) -> float:
        """Loss of a constant output."""
        return 1.0

    def sample(self, batch_size: int, generator: "torch.Generator") -> Trials:
        """Draw trials, on the device of the generator.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        import torch
        from torch.nn.functional import one_hot

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
