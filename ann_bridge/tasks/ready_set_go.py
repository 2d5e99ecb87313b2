"""Ready-set-go: measure an interval and produce it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.tasks.task import (
    Trials,
    check_batch,
    check_durations,
    check_range,
    random_steps,
    whole_steps,
)
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadySetGo:
    """Two pulses, an interval apart; after the second the output rises from 0 to 1 in that time.

    Input 0 is "ready", input 1 "set", each of height 1. The output counts from set until
    go, where the ramp is at 1. The interval is uniform on the steps in its range.

    References
    ----------
    Jazayeri and Shadlen (2010), Nature Neuroscience 13:1020; the ramp as in Sohn et al.
    (2019), Neuron 103:934.

    Examples
    --------
    In two trials the intervals are 34 and 29 steps of 20 ms; the ramp takes as long:

    >>> import torch
    >>> task = ann_bridge.tasks.ReadySetGo()
    >>> trials = task.sample(2, torch.Generator().manual_seed(0))
    >>> trials.inputs.argmax(0).T.tolist()  # steps of ready, and of set
    [[15, 12], [49, 41]]
    >>> trials.targets.argmax(0).tolist()  # steps of go
    [83, 70]
    """

    ready_ms: tuple[float, float] = setting((100.0, 300.0), "Range of the time of ready", unit="ms")
    interval_ms: tuple[float, float] = setting((400.0, 800.0), "Range of the interval", unit="ms")
    pulse_ms: float = setting(60.0, "Duration of a pulse", unit="ms")
    step_ms: float = setting(20.0, "Time step of the task", unit="ms")

    def __post_init__(self) -> None:
        check_durations(self, "pulse_ms")
        check_range(self, "ready_ms")
        check_range(self, "interval_ms")
        if self.interval_ms[0] < self.pulse_ms:
            raise ValueError(
                f"interval_ms must start at pulse_ms={self.pulse_ms:g} or later, "
                f"got {self.interval_ms!r}."
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial, enough for the longest interval."""
        return whole_steps(self, self.ready_ms[1]) + 2 * whole_steps(self, self.interval_ms[1]) + 1

    @property
    def n_inputs(self) -> int:
        """Number of inputs, 2: ready and set."""
        return 2

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1."""
        return 1

    @property
    def chance(self) -> float:
        """Loss of the best constant output, 1/2.

        A ramp of n steps takes the n + 1 values k / n, of variance (n + 2) / (12 n), and
        counts n + 1 times. A ramp of the mean slope, the same in all trials, scores less.
        """
        import torch

        low, high = (whole_steps(self, value) for value in self.interval_ms)
        n = torch.arange(low, high + 1, dtype=torch.float64)
        return (((n + 1) * (n + 2) / (12 * n)).sum() / (n + 1).sum()).item()

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
        ready = random_steps(self, self.ready_ms, batch_size, generator)
        interval = random_steps(self, self.interval_ms, batch_size, generator)
        step = torch.arange(self.n_steps, device=generator.device)[:, None]
        since_ready, since_set = step - ready, step - ready - interval
        pulse = whole_steps(self, self.pulse_ms)
        inputs = torch.stack(
            [((since >= 0) & (since < pulse)).float() for since in (since_ready, since_set)], dim=2
        )
        mask = ((since_set >= 0) & (since_set <= interval)).float()
        return Trials(inputs, mask * since_set / interval, mask)
