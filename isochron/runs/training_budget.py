"""How much the networks of a study are trained: a section of its configuration. Light."""

from dataclasses import dataclass

from isochron.ann_bridge.training_parameters import TrainingParameters
from isochron.runs.configuration import check_positive
from isochron.settings import setting


@dataclass(frozen=True, kw_only=True)
class TrainingBudget:
    """How networks are trained.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    steps: int = setting(2000, "training steps, at most")
    batch_size: int = setting(128, "trials in a training step")
    learning_rate: float = setting(0.01, "of Adam")
    stop_below: float = setting(0.01, "stop when the mean loss of 20 steps is below; 0: never")

    def __post_init__(self) -> None:
        check_positive(self, "steps", "batch_size", "learning_rate")
        if not self.stop_below >= 0:
            raise ValueError(f"stop_below must be >= 0, got {self.stop_below!r}.")

    def parameters(self, *, trained: bool = True) -> TrainingParameters:
        """For `isochron.ann_bridge.train`; without steps if the network is not to be trained."""
        return TrainingParameters(
            steps=self.steps if trained else 0,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            stop_below=self.stop_below,
        )
