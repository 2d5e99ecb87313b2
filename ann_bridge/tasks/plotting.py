"""Figure of a trial."""

from typing import Any

import numpy as np

from isochron.ann_bridge.tasks.task import Trials


def plot_trial(
    trials: Trials, *, index: int = 0, step_ms: float | None = None, ax: Any = None
) -> Any:
    """Draw inputs and targets of one trial over time; gray where the output does not count.

    Parameters
    ----------
    trials : Trials
        Batch, as from ``task.sample(batch_size, generator)``.
    index : int
        Position of the trial in the batch, from 0.
    step_ms : float, optional
        Time step of the task, in ms. If it is not given, the time axis counts steps.
    ax : matplotlib Axes, optional
        Axes to draw into; the current ones by default.

    Returns
    -------
    matplotlib Axes
        The axes that were drawn into.

    Raises
    ------
    IndexError
        If `index` is outside the batch.

    Examples
    --------
    Three inputs (dashed) and one target:

    >>> import torch
    >>> task = ann_bridge.tasks.PhaseMemory()
    >>> trials = task.sample(1, torch.Generator().manual_seed(0))
    >>> ax = ann_bridge.tasks.plot_trial(trials, step_ms=task.step_ms)
    >>> [line.get_label() for line in ax.lines]
    ['input 0', 'input 1', 'input 2', 'target 0']
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
