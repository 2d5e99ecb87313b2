"""The figures of `isochron study twin`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.twin.claims import networks_of
from isochron.studies.twin.contrasts import best_filter
from isochron.studies.twin.descriptions import describe
from isochron.studies.twin.results import ACCEPTED, FILTER, EmulationRow, SummaryRow, TwinResults

MARKERS = "osD^vPX"


def draw_overview(results: TwinResults) -> Any:
    """Share of the variance of the potential in trials held out that is not explained, against the
    number of parameters. Points are single networks and filters, lines medians; networks below the
    dashed line are twins. Lower is better.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.2), layout="constrained")
        ax = figure.subplots()
        for k, kind in enumerate(_kinds(results)):
            color, marker = _color(results, kind), MARKERS[k % len(MARKERS)]
            rows = [row for row in results.emulations if row.kind == kind]
            _plot(ax, rows, color=color, marker=marker, markersize=4, linestyle="none", alpha=0.5)
            table = [row for row in results.summaries if row.kind == kind]
            _plot(ax, sorted(table, key=lambda row: row.n_parameters), color=color, marker=marker,
                  linewidth=1.2, label="linear filter" if kind == FILTER else kind)  # fmt: skip
        ax.axhline(1 - ACCEPTED, color=REFERENCE, linestyle="--", linewidth=1)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("number of parameters")
        ax.set_ylabel("1 − R², trials held out")
        ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _kinds(results: TwinResults) -> list[str]:
    return list(dict.fromkeys(row.kind for row in results.summaries))


def _color(results: TwinResults, kind: str) -> str:
    return SERIES_COLORS[_kinds(results).index(kind) % len(SERIES_COLORS)]


def _plot(ax: Any, rows: Sequence[EmulationRow] | Sequence[SummaryRow], **style: Any) -> None:
    ax.plot([row.n_parameters for row in rows], [1 - row.r2 for row in rows], **style)


def draw_traces(results: TwinResults) -> Any:
    """Potential in one trial held out (gray), and the outputs of the best linear filter, of the
    smallest network and of the best one. Trials start before what is shown.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = _shown(results)
    rows = {row.emulator: (row, row.trace) for row in results.emulations if row.trace is not None}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 1.7 * len(names)), layout="constrained")
        panels = figure.subplots(len(names), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
        for name, ax in zip(names, panels, strict=True):
            row, trace = rows[name]
            times = trace.step_ms * np.arange(len(trace.target_mV)) / 1e3
            ax.plot(times, trace.target_mV, color="0.6", linewidth=3)
            ax.plot(times, trace.output_mV, color=_color(results, row.kind), linewidth=1.2)
            if results.neuron.threshold_mV is not None:
                unstable = results.neuron.threshold_mV - results.neuron.rest_mV
                ax.axhline(unstable, color=REFERENCE, linestyle="--", linewidth=1)
            ax.set_title(f"{name}: R² {row.r2:.4f}", loc="left", fontsize="small")
            ax.set_ylabel(f"{describe(results).output} (mV)")
        panels[-1].set_xlabel("time (s)")
    return figure


def _shown(results: TwinResults) -> list[str]:
    rows = networks_of(results)
    smallest = min(rows, key=lambda row: row.n_parameters)
    best = max(rows, key=lambda row: row.r2)
    chosen = [best_filter(results.summaries).emulator, smallest.emulator, best.emulator]
    return list(dict.fromkeys(chosen))
