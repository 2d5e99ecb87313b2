"""Trials with a delay: lead, sample, delay, test, response."""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from isochron.ann_bridge.tasks.task import (
    check_batch,
    check_durations,
    check_range,
    random_steps,
    whole_steps,
)


class Epochs(NamedTuple):
    """When what happens in a batch; 1 or 0, shape (n_steps, batch).

    Attributes
    ----------
    samples : tuple of Tensor
        One for each sample, in order.
    test, response : Tensor
    """

    samples: tuple[torch.Tensor, ...]
    test: torch.Tensor
    response: torch.Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayTask:
    """Timing of a task with a delay. The delay is drawn anew for each trial."""

    lead_ms: float = 100.0
    sample_ms: float = 200.0  # each of the samples
    delay_ms: tuple[float, float] = (400.0, 800.0)
    test_ms: float = 200.0
    response_ms: float = 200.0
    step_ms: float = 20.0

    def __post_init__(self) -> None:
        check_durations(self, "lead_ms", "sample_ms", "test_ms", "response_ms")
        check_range(self, "delay_ms")

    @property
    def n_samples(self) -> int:
        """How many samples come one after the other."""
        return 1

    @property
    def n_outputs(self) -> int:
        """One."""
        return 1

    @property
    def n_steps(self) -> int:
        """Time steps in a trial, enough for the longest delay."""
        first = self.lead_ms, self.delay_ms[1], self.test_ms, self.response_ms
        return sum(whole_steps(self, part) for part in first) + self.n_samples * whole_steps(
            self, self.sample_ms
        )

    def draw_epochs(self, batch_size: int, generator: torch.Generator) -> Epochs:
        """Draw the delays and lay out the trials.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        check_batch(batch_size)
        lead, sample, test, response = (
            whole_steps(self, part)
            for part in (self.lead_ms, self.sample_ms, self.test_ms, self.response_ms)
        )
        step = torch.arange(self.n_steps, device=generator.device)[:, None]
        delay = random_steps(self, self.delay_ms, batch_size, generator)

        def window(start: torch.Tensor, length: int) -> torch.Tensor:
            return ((step >= start) & (step < start + length)).float()

        starts = [lead + k * sample + torch.zeros_like(delay) for k in range(self.n_samples)]
        tested = starts[-1] + sample + delay
        return Epochs(
            tuple(window(start, sample) for start in starts),
            window(tested, test),
            window(tested + test, response),
        )
