"""Delayed match-to-sample: is the second stimulus the same as the first?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import one_hot
from isochron.ann_bridge.tasks.delay import DelayTask
from isochron.ann_bridge.tasks.task import Trials, check_count, random_signs
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayedMatchToSample(DelayTask):
    """A sample, a delay, a test; then +1 if they are the same stimulus, -1 if not.

    Each stimulus has one input, with pulses of height 1. A test that differs from the sample
    is any of the other stimuli, equally likely.

    References
    ----------
    Miyashita and Chang (1988), Nature 331:68.

    Examples
    --------
    Three stimuli: the number of the sample, that of the test, and the answer.

    >>> import torch
    >>> task = ann_bridge.tasks.DelayedMatchToSample(n_stimuli=3)
    >>> trials = task.sample(4, torch.Generator().manual_seed(0))
    >>> [part.sum(0).argmax(1).tolist() for part in trials.inputs.split([15, 60])]
    [[1, 0, 1, 1], [1, 0, 1, 2]]
    >>> (trials.targets.sum(0) / trials.mask.sum(0)).tolist()
    [1.0, 1.0, 1.0, -1.0]
    """

    n_stimuli: int = setting(2, "Number of stimuli")
    match_probability: float = setting(0.5, "Probability that the test is the sample")

    def __post_init__(self) -> None:
        DelayTask.__post_init__(self)
        check_count(self, "n_stimuli", 2)
        if not 0 < self.match_probability < 1:
            raise ValueError(
                f"match_probability must lie in (0, 1), got {self.match_probability!r}."
            )

    @property
    def n_inputs(self) -> int:
        """Number of inputs, one for each stimulus."""
        return self.n_stimuli

    @property
    def chance(self) -> float:
        """Loss of the best constant output: the variance of the answer, 4 p (1 - p)."""
        return 4 * self.match_probability * (1 - self.match_probability)

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
        n, device = self.n_stimuli, generator.device
        first = torch.randint(n, (batch_size,), generator=generator, device=device)
        shift = torch.randint(1, n, (batch_size,), generator=generator, device=device)
        answer = random_signs(batch_size, generator=generator, chance=self.match_probability)
        second = torch.where(answer > 0, first, (first + shift) % n)
        inputs = epochs.samples[0][..., None] * one_hot(first, n)
        inputs += epochs.test[..., None] * one_hot(second, n)
        return Trials(inputs, epochs.response * answer, epochs.response)
