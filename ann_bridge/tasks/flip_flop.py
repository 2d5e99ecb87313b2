"""The n-bit flip-flop: each output stays at the sign of the last pulse on its input."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isochron.ann_bridge.draws import uniform
from isochron.ann_bridge.tasks.task import (
    Trials,
    check_batch,
    check_count,
    check_durations,
    random_signs,
    whole_steps,
)
from isochron.settings import setting

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class FlipFlop:
    """Pulses of +1 or -1 at random times; each output stays at the sign of its last pulse.

    Every input starts with a pulse, and in each later step a new pulse starts with probability
    step / mean interval. The outputs count while no pulse is on.

    References
    ----------
    Sussillo and Barak (2013), Neural Computation 25:626.

    Examples
    --------
    One bit: the input, and below it the target, which changes at the second pulse.

    >>> import torch
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1)
    >>> trials = task.sample(1, torch.Generator().manual_seed(0))
    >>> trials.inputs[:16, 0, 0].int().tolist()
    [-1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]
    >>> trials.targets[:16, 0].int().tolist()
    [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1]
    """

    n_bits: int = setting(3, "Number of bits")
    duration_ms: float = setting(2000.0, "Duration of a trial", unit="ms")
    pulse_ms: float = setting(60.0, "Duration of a pulse", unit="ms")
    mean_interval_ms: float = setting(500.0, "Mean interval between pulses of a bit", unit="ms")
    step_ms: float = setting(20.0, "Time step of the task", unit="ms")

    def __post_init__(self) -> None:
        check_count(self, "n_bits", 1)
        check_durations(self, "pulse_ms", "duration_ms", "mean_interval_ms")
        if not 2 * self.pulse_ms <= self.duration_ms:
            raise ValueError(
                f"duration_ms must be at least twice pulse_ms={self.pulse_ms:g}, "
                f"got {self.duration_ms!r}."
            )
        if self.n_bits * self.pulse_ms > 2 * self.mean_interval_ms:
            raise ValueError(
                f"With {self.n_bits} bits, pulses of {self.pulse_ms:g} ms and a mean interval of "
                f"{self.mean_interval_ms:g} ms some pulse is nearly always on. Raise "
                "mean_interval_ms."
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial."""
        return whole_steps(self, self.duration_ms)

    @property
    def n_inputs(self) -> int:
        """Number of inputs, one for each bit."""
        return self.n_bits

    @property
    def n_outputs(self) -> int:
        """Number of outputs, one for each bit."""
        return self.n_bits

    @property
    def chance(self) -> float:
        """Loss of the best constant output: the variance of a random sign."""
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
            Inputs, shape (n_steps, batch_size, n_inputs); targets, shape (n_steps, batch_size,
            n_outputs), without the last dimension if there is one output; mask, shape
            (n_steps, batch_size). All float32.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        import torch

        check_batch(self, batch_size, generator)
        shape, device = (self.n_steps, batch_size, self.n_bits), generator.device
        drawn = uniform(*shape, generator=generator)
        signs = random_signs(*shape, generator=generator)
        begins = drawn < self.step_ms / self.mean_interval_ms
        begins[0].fill_(True)
        step = torch.arange(self.n_steps, device=device)[:, None, None]
        last = torch.where(begins, step, 0).cummax(dim=0).values
        held = signs.gather(0, last)
        on = step - last < whole_steps(self, self.pulse_ms)
        targets = held if self.n_bits > 1 else held[..., 0]
        return Trials(held * on, targets, (~on).all(dim=2).float())
