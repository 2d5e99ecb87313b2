"""The report of the controls of a crawl: one HTML file."""

import textwrap
from typing import Any

import numpy as np

from isochron.report import STYLE, fill_template, to_data_uri
from isochron.workflows.crawl_controls.summary import (
    MEASURES,
    ControlSummary,
    ControlTest,
    Measure,
)

NOTHING = "–"
TITLE_WIDTH = 28  # characters


def build_page(summary: ControlSummary) -> str:
    """The report as HTML.

    Parameters
    ----------
    summary : ControlSummary
        Controls.

    Returns
    -------
    str
        Page with all figures.
    """
    texts = {measure.name: measure for measure in MEASURES}
    return fill_template(
        "isochron.workflows.crawl_controls",
        summary=summary,
        figure=to_data_uri(_figure(summary)),
        tests=[(texts[test.measure], test) for test in summary.tests],
        rows=[("connectome", summary.worm), ("no connections", summary.unconnected)],
        kinds=[_of_kind(summary, kind) for kind in summary.kinds],
        number=number,
        share=share_text,
    )


def number(value: float | None) -> str:
    """A number of a table."""
    return NOTHING if value is None else f"{value:.3g}"


def share_text(test: ControlTest) -> str:
    """Share of the draws at or beyond the connectome, with its interval."""
    return (
        f"{test.n_beyond} of {test.n} ({100 * test.share_low:.0f} to {100 * test.share_high:.0f} %)"
    )


def _of_kind(summary: ControlSummary, kind: str) -> dict[str, Any]:
    drawn = [one for one in summary.draws if one.null_model == kind]
    again = [one for one in drawn if one.repeated_converged is not None]
    return {
        "kind": kind,
        "n": len(drawn),
        "crawl": sum(one.n_forward > 0 for one in drawn),
        "head_to_tail": sum(one.reference_head_to_tail is True for one in drawn),
        "converged": f"{sum(one.repeated_converged is True for one in again)} of {len(again)}",
        "total": sum(one.n_forward for one in drawn),
        "sets": sum(one.n_sets for one in drawn),
    }


def _figure(summary: ControlSummary) -> Any:
    """Draws of each kind, the connectome and the worm without connections, in each measure."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 2.8), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(MEASURES))
        for measure, ax in zip(MEASURES, axes, strict=True):
            _draw_measure(summary, measure, ax)
        labelled = next((ax for ax in axes if ax.get_legend_handles_labels()[0]), None)
        if labelled is not None:
            labelled.legend(fontsize=7, loc="best")
    return figure


def _draw_measure(summary: ControlSummary, measure: Measure, ax: Any) -> None:
    rng = np.random.default_rng(0)  # places of the points only
    for k, kind in enumerate(summary.kinds):
        values = [one.value(measure.name) for one in summary.draws if one.null_model == kind]
        values = [value for value in values if np.isfinite(value)]
        ax.plot(k + rng.uniform(-0.25, 0.25, len(values)), values, "o", color="0.6", markersize=3)
    for one, color, label in (
        (summary.worm, "tab:red", "connectome"),
        (summary.unconnected, "tab:blue", "no connections"),
    ):
        if np.isfinite(one.value(measure.name)):
            ax.axhline(one.value(measure.name), color=color, linewidth=1, label=label)
    unit = f" ({measure.unit})" if measure.unit else ""
    ax.set_title(textwrap.fill(f"{measure.text}{unit}", TITLE_WIDTH), fontsize=8)
    names = [kind.replace("rewire-", "") for kind in summary.kinds]
    ax.set_xticks(range(len(names)), names, rotation=20, fontsize=7)
