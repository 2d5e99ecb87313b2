"""What is told of a training while it goes on."""

import time
from collections.abc import Callable


def training_progress(
    report: Callable[[float, str], None], n_steps: int
) -> Callable[[int, float], None]:
    """A callback for `isochron.ann_bridge.train`: loss, and steps a second since its first call."""
    first: tuple[int, float] | None = None

    def tell(step: int, loss: float) -> None:
        nonlocal first
        now = time.perf_counter()
        first = first or (step, now)
        passed = now - first[1]
        rate = f", {(step - first[0]) / passed:.1f} steps/s" if passed > 0 else ""
        report(step / n_steps, f"loss {loss:.3f}{rate}")

    return tell
