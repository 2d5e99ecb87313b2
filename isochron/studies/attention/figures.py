"""The figures of `isochron study attention`."""

from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.attention.claims import groups_of
from isochron.studies.attention.results import LEARNED, AttentionResults, NetworkRow

MARKERS = "osD^vPX"


def _look(k: int) -> tuple[str, str]:
    return SERIES_COLORS[k % len(SERIES_COLORS)], MARKERS[k % len(MARKERS)]


def draw_overview(results: AttentionResults) -> Any:
    """Loss on fresh trials (left; dashed: the loss that counts as learned) and difference of the
    outputs after two stimuli against the time after the stimulus (right; 1: opposite outputs of the
    size of the targets). Points are networks, lines means over networks. Dotted lines are the ends
    of the windows of transformers, gray the time after the stimulus that trials of the training
    have at most.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = groups_of(results)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 2))
        for k, rows in enumerate(groups.values()):
            color, marker = _look(k)
            losses = [row.training.loss for row in rows]
            left.plot(np.full(len(losses), k), losses, marker, color=color, markersize=5)
        left.axhline(LEARNED, color=REFERENCE, linestyle="--", linewidth=1)
        left.set_yscale("log")
        left.set_xticks(range(len(groups)), list(groups), rotation=30, ha="right")
        left.set_xlim(-0.5, len(groups) - 0.5)
        left.set_ylabel("loss")
        _draw_curves(groups, right, "memory")
        right.axvspan(0, _trained_ms(results), color="0.93", zorder=0)
    return figure


def _trained_ms(results: AttentionResults) -> float:
    """Longest time after a stimulus in a trial of the training."""
    from isochron.ann_bridge.registry import task_settings

    entry = results.config.tasks[0]
    task: Any = task_settings(entry.kind)(**entry.settings).task()
    return task.duration_ms - task.onset_ms[0] - task.pulse_ms[0]


def _draw_curves(groups: dict[str, list[NetworkRow]], ax: Any, name: str) -> None:
    for k, (group, rows) in enumerate(groups.items()):
        color, _ = _look(k)
        curves = [getattr(row, name) for row in rows]
        mean = np.mean([curve.differences for curve in curves], axis=0)
        ax.plot(curves[0].lags_ms, mean, color=color, linewidth=1.5, label=group)
        if rows[0].reach_ms is not None and rows[0].reach_ms < curves[0].lags_ms[-1]:
            ax.axvline(rows[0].reach_ms, color=color, linestyle=":", linewidth=1)
    ax.set_xlabel("time after the stimulus (ms)")
    ax.set_ylabel("difference of outputs")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.legend(fontsize="small")


def draw_brief(results: AttentionResults) -> Any:
    """The same after a brief stimulus, which a transformer reads once or a few times (left), and
    the largest modulus of a multiplier of the stable entrained cycles against their number (right):
    0 in a transformer, whose cycle is its window. Points are networks.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = groups_of(results)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(2, 1))
        _draw_curves(groups, left, "brief")
        for k, (group, rows) in enumerate(groups.items()):
            color, marker = _look(k)
            known = [row for row in rows if row.largest_multiplier is not None]
            shift = 0.12 * (k - (len(groups) - 1) / 2)
            right.plot(
                [row.n_stable + shift for row in known],
                [row.largest_multiplier for row in known],
                marker, color=color, markersize=5, label=group,
            )  # fmt: skip
        right.set_xlabel("stable entrained cycles")
        right.set_ylabel("largest multiplier")
        right.set_xticks(range(4))
        right.set_xlim(-0.5, max(3, *(row.n_stable for row in results.networks)) + 0.5)
        right.set_ylim(-0.05, 1.05)
    return figure
