"""Progress of a training: step, loss, remaining time."""

import time
from collections.abc import Callable


def training_progress(
    report: Callable[[float, str], None], n_steps: int
) -> Callable[[int, float], None]:
    """A callback for `isochron.ann_bridge.train`.

    It reports the step, the loss, and the time that the remaining steps take at the mean rate
    since its first call.

    Parameters
    ----------
    report : callable
        Called as ``report(fraction, text)``.
    n_steps : int
        Largest number of steps.
    """
    first: tuple[int, float] | None = None

    def tell(step: int, loss: float) -> None:
        nonlocal first
        now = time.perf_counter()
        first = first or (step, now)
        text = f"step {step}/{n_steps}, loss {loss:.3f}"
        if step > first[0]:
            seconds = (now - first[1]) / (step - first[0]) * (n_steps - step)
            text += f", {describe_duration(seconds)} left"
        report(step / n_steps, text)

    return tell


def describe_duration(seconds: float) -> str:
    """A duration in the unit that suits it.

    >>> describe_duration(45.2), describe_duration(754), describe_duration(9000)
    ('45 s', '13 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"
