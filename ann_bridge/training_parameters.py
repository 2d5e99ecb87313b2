"""Settings of the training. Light: no torch, so that help is instant."""

import math
from dataclasses import dataclass

from isochron.settings import check_types, setting

PRECISIONS = ("float32", "bfloat16")
DECAYS = ("none", "cosine")
PENALTIES = ("weight_penalty", "rate_penalty", "oscillation_penalty")
MOST_STEPS = 10_000_000


LARGEST_RATE = 1e30  # steps of Adam are below the largest float32


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingParameters:
    """Settings of the training.

    The learning rate rises linearly over `warmup_steps`, then stays (decay "none") or falls
    along half a cosine to `final_learning_rate` at the last step (decay "cosine").

    With `precision` "bfloat16", products of rates and of gradients with a full matrix of
    weights are computed in that type; states, sums, noise, readout, weights and optimizer stay
    in float32.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> settings = ann_bridge.TrainingParameters(
    ...     steps=101, learning_rate=0.01, decay="cosine", final_learning_rate=0.002
    ... )
    >>> print(*(round(settings.learning_rate_at(step), 4) for step in (0, 50, 100)))
    0.01 0.006 0.002
    """

    steps: int = setting(2000, "Largest number of training steps, up to 10 million")
    batch_size: int = setting(128, "Number of trials in each step")
    learning_rate: float = setting(1e-2, "Learning rate of Adam")
    gradient_clip: float = setting(1.0, "Largest norm of the gradient")
    stop_below: float = setting(
        0.0, "Mean loss of 20 steps below which the training stops; 0: it does not"
    )
    warmup_steps: int = setting(0, "Number of steps in which the learning rate rises")
    decay: str = setting("none", "Decay of the learning rate", choices=DECAYS)
    final_learning_rate: float = setting(
        0.0, "Learning rate after a cosine decay", needs="decay=cosine"
    )
    weight_penalty: float = setting(0.0, "L2 penalty on all trained weights")
    rate_penalty: float = setting(0.0, "L2 penalty on firing rates")
    oscillation_penalty: float = setting(
        0.0, "Penalty on the variance of the output while it does not count"
    )
    precision: str = setting(
        "float32", "Precision of products with a full weight matrix", choices=PRECISIONS
    )

    def __post_init__(self) -> None:
        check_types(self)
        for name, least in (("steps", 0), ("batch_size", 1), ("warmup_steps", 0)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}.")
        for name in ("steps", "warmup_steps"):
            if getattr(self, name) > MOST_STEPS:
                raise ValueError(
                    f"{name} must be at most {MOST_STEPS}, got {getattr(self, name)!r}."
                )
        for name in ("learning_rate", "gradient_clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        for name in ("learning_rate", "final_learning_rate"):
            if getattr(self, name) > LARGEST_RATE:
                raise ValueError(
                    f"{name} must be at most {LARGEST_RATE:g}, got {getattr(self, name)!r}."
                )
        for name in ("stop_below", "final_learning_rate", *PENALTIES):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)!r}.")
        if self.decay not in ("none", "cosine"):
            raise ValueError(f"decay must be none or cosine, got {self.decay!r}.")
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}."
            )

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of a step.

        Parameters
        ----------
        step : int
            Number of the step, from 0.

        Returns
        -------
        float
            Learning rate of Adam, after warm-up and decay.
        """
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        if self.decay == "none":
            return self.learning_rate
        done = (step - self.warmup_steps) / max(1, self.steps - 1 - self.warmup_steps)
        fall = (1 + math.cos(math.pi * done)) / 2
        return self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * fall
