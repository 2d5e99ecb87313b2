"""Trials with a delay: lead, sample, delay, test, response."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from isochron.ann_bridge.tasks.task import (
    check_batch,
    check_durations,
    check_range,
    random_steps,
    whole_steps,
)
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


class Epochs(NamedTuple):
    """Time courses of the epochs of a batch: 1 during the epoch, 0 otherwise.

    Attributes
    ----------
    samples : tuple of Tensor, each of shape (n_steps, batch)
        Time course of each sample, in order.
    test, response : Tensor, shape (n_steps, batch)
        Time courses of the test and of the response.
    """

    samples: "tuple[torch.Tensor, ...]"
    test: "torch.Tensor"
    response: "torch.Tensor"


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayTask:
    """Timing of a task with a delay, which is random in each trial."""

    lead_ms: float = setting(100.0, "Time before the first sample", unit="ms")
    sample_ms: float = setting(200.0, "Duration of each sample", unit="ms")
    delay_ms: tuple[float, float] = setting((400.0, 800.0), "Range of the delay", unit="ms")
    test_ms: float = setting(200.0, "Duration of the test", unit="ms")
    response_ms: float = setting(200.0, "Duration of the response", unit="ms")
    step_ms: float = setting(20.0, "Time step of the task", unit="ms")

    def __post_init__(self) -> None:
        check_durations(self, "lead_ms", "sample_ms", "test_ms", "response_ms")
        check_range(self, "delay_ms")

    @property
    def n_samples(self) -> int:
        """Number of consecutive samples."""
        return 1

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1."""
        return 1

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial, enough for the longest delay."""
        first = self.lead_ms, self.delay_ms[1], self.test_ms, self.response_ms
        return sum(whole_steps(self, part) for part in first) + self.n_samples * whole_steps(
            self, self.sample_ms
        )

    def draw_epochs(self, batch_size: int, generator: "torch.Generator") -> Epochs:
        """Draw the delays and lay out the trials.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        import torch

        check_batch(self, batch_size, generator)
        lead, sample, test, response = (
            whole_steps(self, part)
            for part in (self.lead_ms, self.sample_ms, self.test_ms, self.response_ms)
        )
        step = torch.arange(self.n_steps, device=generator.device)[:, None]
        delay = random_steps(self, self.delay_ms, batch_size, generator)

        def window(start: "torch.Tensor", length: int) -> "torch.Tensor":
            return ((step >= start) & (step < start + length)).float()

        starts = [lead + k * sample + torch.zeros_like(delay) for k in range(self.n_samples)]
        tested = starts[-1] + sample + delay
        return Epochs(
            tuple(window(start, sample) for start in starts),
            window(tested, test),
            window(tested + test, response),
        )
