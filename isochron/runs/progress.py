"""The display of the progress of steps, wherever they run."""

from typing import Protocol


class Progress(Protocol):
    """Display of the progress of steps."""

    def begin(self, step: str) -> None:
        """Called when a step starts, if that is known."""

    def update(self, step: str, fraction: float, text: str) -> None:
        """Called with the finished fraction of a step, 0 to 1, and its state in words."""

    def end(self, step: str, seconds: float) -> None:
        """Called when a step is finished."""

    def fail(self, step: str, error: str) -> None:
        """Called when a step has failed."""

    def say(self, text: str) -> None:
        """Called with a remark, such as the number of a job."""
