"""The figures of `isochron study pruning`."""

from typing import Any

import numpy as np

from isochron.analysis.plotting import SERIES_COLORS
from isochron.connectome.statistics import TRIADS
from isochron.report import STYLE
from isochron.studies.pruning.claims import (
    NAMES,
    correlations,
    graphs_of,
    summaries_of,
    the_connectome,
)
from isochron.studies.pruning.contrasts import losses, tasks_of
from isochron.studies.pruning.graphs import IN_DEGREE, OUT_DEGREE, RECIPROCITY, profile
from isochron.studies.pruning.results import (
    CONNECTOME,
    DENSE,
    MAGNITUDE,
    METHODS,
    RANDOM,
    REWIRED,
    SPARSE,
    SYNFLOW,
    TICKET,
    GraphRow,
    PruningResults,
)

MARKERS = "osD^vPX"
GRAPHS = tuple(it for it in SPARSE if it != CONNECTOME)
COLORS = {
    DENSE: SERIES_COLORS[5],
    RANDOM: SERIES_COLORS[0],
    REWIRED: "0.6",
    CONNECTOME: "black",
    MAGNITUDE: SERIES_COLORS[2],
    TICKET: SERIES_COLORS[3],
    SYNFLOW: SERIES_COLORS[1],
}


def _marker(method: str) -> str:
    return "*" if method == CONNECTOME else MARKERS[METHODS.index(method)]


def draw_overview(results: PruningResults) -> Any:
    """Left: loss relative to chance, mean over the tasks; points are pairs, bars estimates with
    95 % intervals where there are enough pairs. Middle: reciprocity and standard deviation of the
    degrees of the graphs. Right: correlation of the standard scores of triads with those of the
    connectome; points are networks.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12.3, 3.9), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        _draw_losses(results, left)
        _draw_graphs(results, middle)
        _draw_correlations(results, right)
    return figure


def _name_methods(ax: Any, methods: tuple[str, ...]) -> None:
    names = [NAMES[it].replace(" ", "\n") for it in methods]
    ax.set_xticks(range(len(methods)), names, fontsize="small", rotation=30)


def _label_decades(axis: Any) -> None:
    """Ticks at 1, 2 and 5 times powers of ten, as plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _draw_losses(results: PruningResults, ax: Any) -> None:
    task = tasks_of(results.networks)[0]
    for x, row in enumerate(summaries_of(results, task)):
        color = COLORS[row.method]
        values = losses(results.networks, task, row.method)
        spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        ax.plot(x + spread, values, linestyle="none", marker="o", markersize=3.5, color=color,
                alpha=0.6)  # fmt: skip
        ax.plot([x - 0.3, x + 0.3], [row.estimate] * 2, color=color, linewidth=2)
        if row.interval is not None:
            ax.vlines(x, *row.interval, color=color, linewidth=1)
    _name_methods(ax, METHODS)
    ax.set_yscale("log")
    _label_decades(ax.yaxis)
    ax.set_ylabel("loss relative to chance")


def _spread_of_degrees(row: GraphRow, null: str) -> float:
    return float(np.mean([row.of(name, null).value or 0.0 for name in (IN_DEGREE, OUT_DEGREE)]))


def _draw_graphs(results: PruningResults, ax: Any) -> None:
    null = results.config.graphs.null_models[0]
    for method in (*GRAPHS, CONNECTOME):
        rows = graphs_of(results, method)
        ax.plot(
            [_spread_of_degrees(row, null) for row in rows],
            [row.of(RECIPROCITY, null).value for row in rows],
            linestyle="none", marker=_marker(method), markersize=12 if method == CONNECTOME else 5,
            color=COLORS[method], alpha=1 if method == CONNECTOME else 0.7, label=NAMES[method],
        )  # fmt: skip
    ax.set_xlabel("standard deviation of in- and out-degree")
    ax.set_ylabel("reciprocity")
    ax.set_xlim(left=0)
    ax.set_ylim(0, None)
    ax.legend(fontsize="small")


def _draw_correlations(results: PruningResults, ax: Any) -> None:
    for x, method in enumerate(GRAPHS):
        values = correlations(results, method)
        spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        ax.plot(x + spread[: len(values)], values, linestyle="none", marker=_marker(method),
                markersize=4, color=COLORS[method], alpha=0.7)  # fmt: skip
        if values:
            ax.plot([x - 0.3, x + 0.3], [np.median(values)] * 2, color=COLORS[method], linewidth=2)
    ax.axhline(0, color="0.7", linewidth=0.8)
    _name_methods(ax, GRAPHS)
    ax.set_ylim(-1.05, 1.05)
    ax.set_ylabel("correlation of triads with the connectome")


def draw_tasks(results: PruningResults) -> Any:
    """Loss relative to chance in each task: estimates, and 95 % intervals where there are enough
    pairs. The dashed line is chance.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(row.task for row in results.networks))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 1.3 + 0.62 * len(tasks)), layout="constrained")
        ax = figure.subplots()
        for y, task in enumerate(tasks):
            for k, row in enumerate(summaries_of(results, task)):
                height = y + 0.11 * (k - (len(METHODS) - 1) / 2)
                ax.plot([row.estimate], [height], linestyle="none", marker=_marker(row.method),
                        markersize=9 if row.method == CONNECTOME else 5, color=COLORS[row.method],
                        label=None if y else NAMES[row.method])  # fmt: skip
                if row.interval is not None:
                    ax.hlines(height, *row.interval, color=COLORS[row.method], linewidth=1)
        ax.axvline(1, color="0.6", linestyle="--", linewidth=1)
        ax.set_yticks(range(len(tasks)), tasks)
        ax.set_ylim(len(tasks) - 0.5, -0.5)
        ax.set_xscale("log")
        _label_decades(ax.xaxis)
        ax.set_xlabel("loss relative to chance")
        ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def draw_triads(results: PruningResults) -> Any:
    """Standard scores of the triads against draws from a null model of each graph; lines are means
    over networks, gray the range of ±2 of a graph that is a draw. Names: numbers of pairs connected
    both ways, one way and not at all.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    null = results.config.graphs.null_models[-1]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 3.6), layout="constrained")
        ax = figure.subplots()
        for method in (*GRAPHS, CONNECTOME):
            rows = [the_connectome(results)] if method == CONNECTOME else graphs_of(results, method)
            scores = np.array([profile(row, null) for row in rows])
            known = np.isfinite(scores)
            mean = np.where(known, scores, 0).sum(axis=0) / np.maximum(1, known.sum(axis=0))
            mean[~known.any(axis=0)] = np.nan
            ax.plot(range(len(TRIADS)), mean, marker=_marker(method), color=COLORS[method],
                    markersize=11 if method == CONNECTOME else 5, linewidth=1.2,
                    label=NAMES[method])  # fmt: skip
        ax.axhspan(-2, 2, color="0.92", zorder=0)
        ax.set_yscale("symlog", linthresh=2)
        ax.set_xticks(range(len(TRIADS)), TRIADS)
        ax.set_xlabel("triad")
        ax.set_ylabel(f"standard score against {null}")
        ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure
