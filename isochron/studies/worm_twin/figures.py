"""The figures of `isochron study worm-twin`."""

from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.worm_twin.claims import errors_of, groups_of
from isochron.studies.worm_twin.results import (
    CYCLE,
    MULTIPLIER,
    ONE_STEP_R2,
    ONSET,
    PERIOD,
    RESPONSE,
    Curve,
    LearnerRow,
    WormTwinResults,
)

LEAST = 1e-4  # errors below it are drawn there
ABSENT = 3.0  # in the place of the error of a loop without a cycle or onset
HEIGHT = 0.7  # of the points of a learner, in distances of learners
PANELS = {
    "period": ("period, relative", PERIOD),
    "multiplier": ("multiplier", MULTIPLIER),
    "response": ("1 − correlation of responses", 1 - RESPONSE),
    "onset": ("onset, relative", ONSET),
}


def draw_overview(results: WormTwinResults) -> Any:
    """Errors of each learner, one point for each pair: changes in a step with the true outputs
    fed back (left), and of the rhythm with its predictions fed back. Lower is better. Dashed:
    accepted error. Crosses at the right: no cycle, or no onset.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = groups_of(results)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 0.34 * len(groups) + 1.3), layout="constrained")
        panels = figure.subplots(1, 1 + len(PANELS), sharey=True)
        for k, rows in enumerate(groups.values()):
            color = SERIES_COLORS[k % len(SERIES_COLORS)]
            _points(panels[0], k, [1 - row.r2_changes for row in rows], color)
            for ax, name in zip(panels[1:], PANELS, strict=True):
                _points(ax, k, [errors_of(results, row)[name] for row in rows], color)
        for ax, (title, accepted) in zip(
            panels, [("1 − R² of changes", 1 - ONE_STEP_R2), *PANELS.values()], strict=True
        ):
            ax.axvline(accepted, color=REFERENCE, linestyle="--", linewidth=1)
            ax.set_xscale("log")
            ax.set_xlim(LEAST / 1.5, 2 * ABSENT)
            ax.set_title(title, fontsize="small", loc="left")
            ax.set_xticks([1e-4, 1e-2, 1])
            ax.grid(axis="y", color="0.93")
        panels[0].set_yticks(range(len(groups)), list(groups))
        panels[0].set_ylim(len(groups) - 0.5, -0.5)
    return figure


def _points(ax: Any, k: int, values: list[float | None], color: str) -> None:
    apart = min(0.12, HEIGHT / len(values))
    places = k + apart * (np.arange(len(values)) - (len(values) - 1) / 2)
    for place, value in zip(places, values, strict=True):
        if value is None:
            ax.plot(ABSENT, place, "x", color=color, markersize=5)
        else:
            ax.plot(np.clip(abs(value), LEAST, ABSENT), place, "o", color=color, markersize=4)


def draw_free_runs(results: WormTwinResults) -> Any:
    """The first output of the worm (gray) and of each learner in the trial held out whose constant
    current is nearest to that of the comparison. Up to the dotted line the true outputs are fed
    back, after it those of the learner.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = [row for row in results.learners if row.free_run is not None]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 1.05 * len(rows) + 0.4), layout="constrained")
        panels = figure.subplots(len(rows), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
        for k, (row, ax) in enumerate(zip(rows, panels, strict=True)):
            run = row.free_run
            if run is None:
                continue
            times = run.step_ms * np.arange(1, len(run.worm) + 1) / 1e3
            ax.plot(times, np.array(run.worm)[:, 0], color="0.7", linewidth=3)
            color = SERIES_COLORS[k % len(SERIES_COLORS)]
            ax.plot(times, np.array(run.learner)[:, 0], color=color, linewidth=1)
            ax.axvline(run.forced_ms / 1e3, color=REFERENCE, linestyle=":", linewidth=1)
            ax.set_title(f"{row.learner}: {row.horizon_s:g} s", loc="left", fontsize="small")
            ax.set_ylim(-4, 4)
            ax.set_xlim(0, times[-1])
        panels[-1].set_xlabel("time (s)")
    return figure


def draw_cycles(results: WormTwinResults) -> Any:
    """Cycles of the worm (gray) and of the learners that have one, pair 0: the first two outputs
    (left), and the phase shift by a unit of each noise current during a step, against the phase.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    p, shown = results.config.worm, _with_cycles(results)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 3.2), layout="constrained")
        left, *panels = figure.subplots(1, 1 + len(p.perturbed))
        _draw_cycle(left, panels, results.worm.curve, color="0.7", linewidth=3, label="worm")
        for name, color, curve in shown:
            _draw_cycle(left, panels, curve, color=color, linewidth=1.2, label=name)
        left.set_xlabel("output 1")
        left.set_ylabel("output 2")
        for ax, name in zip(panels, p.perturbed, strict=True):
            ax.axhline(0, color="0.85", linewidth=0.8, zorder=0)
            ax.set_title(f"current into {name}", loc="left", fontsize="small")
            ax.set_xlabel("phase (cycles)")
        panels[0].set_ylabel("phase shift (rad)")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize="small")
    return figure


def _with_cycles(results: WormTwinResults) -> list[tuple[str, str, Curve]]:
    rows: list[LearnerRow] = [row for row in results.learners if row.pair == 0]
    return [
        (row.learner, SERIES_COLORS[k % len(SERIES_COLORS)], row.closed.curve)
        for k, row in enumerate(rows)
        if row.closed.motion == CYCLE and row.closed.curve is not None
    ]


def _draw_cycle(left: Any, panels: list[Any], curve: Curve, **style: Any) -> None:
    outputs, response = np.array(curve.outputs), np.array(curve.response)
    closed = np.concatenate([outputs, outputs[:1]])
    left.plot(closed[:, 0], closed[:, 1], **style)
    phases = np.arange(len(response)) / len(response)
    for ax, column in zip(panels, response.T, strict=True):
        ax.plot(phases, column, **style)
