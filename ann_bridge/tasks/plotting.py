"""A trial drawn."""

from typing import Any

import numpy as np

from isochron.ann_bridge.tasks.task import Trials


def plot_trial(
    trials: Trials, *, index: int = 0, step_ms: float | None = None, ax: Any = None
) -> Any:
    """Draw inputs and targets of one trial over time; grey where the output does not count.

    Parameters
    ----------
    trials : Trials
    index : int
        Which of the batch.
    step_ms : float, optional
        Of the task; without it time is in steps.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    IndexError
        If there is no such trial.
    """
    batch_size = trials.mask.shape[1]
    if not 0 <= index < batch_size:
        raise IndexError(f"index must lie between 0 and {batch_size - 1}, got {index!r}.")
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.gca()
    inputs, targets, mask = (part[:, index].detach().float().cpu().numpy() for part in trials)
    targets, counts = targets.reshape(len(inputs), -1), mask > 0
    time = (1.0 if step_ms is None else step_ms) * np.arange(len(inputs))
    for channel in range(inputs.shape[1]):
        ax.plot(time, inputs[:, channel], "--", linewidth=1, label=f"input {channel}")
    for output in range(targets.shape[1]):
        ax.plot(time, targets[:, output], linewidth=2, label=f"target {output}")
    ax.fill_between(
        time, 0, 1, where=~counts, step="mid", transform=ax.get_xaxis_transform(),
        color="0.9", linewidth=0, label="does not count",
    )  # fmt: skip
    ax.set_xlabel("time (step)" if step_ms is None else "time (ms)")
    return ax
