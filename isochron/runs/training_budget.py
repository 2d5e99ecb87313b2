"""Training budget of the networks of a study: a section of its configuration. Light."""

from dataclasses import dataclass

from isochron.ann_bridge.training_parameters import MOST_STEPS, TrainingParameters
from isochron.runs.configuration import check_positive, check_range
from isochron.settings import setting

LEARNING_RATE = "Learning rate of Adam, > 0"
STOP_BELOW = "Mean loss of 20 steps below which the training stops; 0: it does not stop early"


@dataclass(frozen=True, kw_only=True)
class TrainingBudget:
    """Length and learning rate of a training.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    steps: int = setting(2000, "Largest number of training steps, 1 to 10 million")
    batch_size: int = setting(128, "Number of trials in each training step")
    learning_rate: float = setting(0.01, LEARNING_RATE)
    stop_below: float = setting(0.01, STOP_BELOW)

    def __post_init__(self) -> None:
        check_positive(self, "batch_size", "learning_rate")
        check_range(self, "steps", 1, MOST_STEPS)
        if not self.stop_below >= 0:
            raise ValueError(f"stop_below must be >= 0, got {self.stop_below!r}.")

    @property
    def budget(self) -> dict[str, float]:
        """Settings of `isochron train` but the learning rate, which a substrate has."""
        return {name: getattr(self, name) for name in ("steps", "batch_size", "stop_below")}

    def parameters(self, *, trained: bool = True) -> TrainingParameters:
        """Parameters for `isochron.ann_bridge.train`; 0 steps if `trained` is false."""
        return TrainingParameters(
            steps=self.steps if trained else 0,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            stop_below=self.stop_below,
        )
