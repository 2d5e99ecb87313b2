"""The figures of `isochron study adaptation`."""

from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.adaptation.claims import called, hows, rows_of
from isochron.studies.adaptation.results import FULL, AdaptationResults

MARKERS = "osD^vPX"


def draw_overview(results: AdaptationResults) -> Any:
    """Loss on the second task (left) and on the first (middle), and share of the stable cycles of
    the first task that survive (right), against the rank of the term. Points are networks, lines
    means, gray crosses random changes of the same rank and size. The dashed line is the loss on
    the first task before adaptation.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12.3, 3.5), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        _draw(results, left, "second_loss", "loss on the second task")
        _draw(results, middle, "first_loss", "loss on the first task")
        _draw(results, right, "surviving_share", "share of cycles that survive")
        before = float(np.mean([row.loss for row in results.bases]))
        middle.axhline(before, color=REFERENCE, linestyle="--", linewidth=1)
        right.set_ylim(-0.03, 1.03)
        left.legend(fontsize="small")
    return figure


def _draw(results: AdaptationResults, ax: Any, name: str, label: str) -> None:
    kinds = hows(results)
    substrates = list(dict.fromkeys(row.substrate for row in results.bases))
    for k, substrate in enumerate(substrates):
        shift = 0.12 * (k - (len(substrates) - 1) / 2)
        color, means = SERIES_COLORS[k % len(SERIES_COLORS)], []
        for x, how in enumerate(kinds):
            values = _values(results, substrate, how, name, control=False)
            controls = _values(results, substrate, how, name, control=True)
            ax.plot(np.full(len(controls), x + shift + 0.05), controls, linestyle="none",
                    marker="x", markersize=4, color="0.6")  # fmt: skip
            ax.plot(np.full(len(values), x + shift), values, linestyle="none",
                    marker=MARKERS[k], markersize=4, color=color, alpha=0.6)  # fmt: skip
            means.append(np.mean(values) if values else np.nan)
        ax.plot(np.arange(len(kinds)) + shift, means, color=color, linewidth=1.2, label=substrate)
    ax.set_xticks(range(len(kinds)), [called(how) if how == FULL else how for how in kinds])
    ax.set_xlabel("rank of the term")
    ax.set_ylabel(label)
    ax.set_ylim(bottom=0)


def _values(
    results: AdaptationResults, substrate: str, how: str, name: str, *, control: bool
) -> list[float]:
    rows = rows_of(results, substrate, how, control=control)
    return [value for row in rows if (value := getattr(row, name)) is not None]


def draw_losses_of_cycles(results: AdaptationResults) -> Any:
    """Fraction of the path from the first to the adapted weights at which a stable cycle of the
    first task is lost, and how; those that survive are at 1.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    kinds, substrates = hows(results), list(dict.fromkeys(row.substrate for row in results.bases))
    reasons = sorted({c.how for row in results.adapted for c in row.cycles if not row.control})
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.1 * len(substrates), 3.2), layout="constrained")
        panels = figure.subplots(1, len(substrates), squeeze=False, sharey=True)[0]
        for substrate, ax in zip(substrates, panels, strict=True):
            for k, reason in enumerate(reasons):
                places = [
                    (x, 1.0 if cycle.lost_at is None else cycle.lost_at)
                    for x, how in enumerate(kinds)
                    for row in rows_of(results, substrate, how)
                    for cycle in row.cycles
                    if cycle.how == reason
                ]
                spread = np.linspace(-0.2, 0.2, len(places)) if len(places) > 1 else [0.0]
                ax.plot([x + s for (x, _), s in zip(places, spread, strict=False)],
                        [y for _, y in places], linestyle="none", marker=MARKERS[k % len(MARKERS)],
                        markersize=4, color=SERIES_COLORS[k % len(SERIES_COLORS)],
                        label=reason)  # fmt: skip
            ax.set_xticks(range(len(kinds)), [called(how) if how == FULL else how for how in kinds])
            ax.set_xlabel("rank of the term")
            ax.set_title(substrate)
        panels[0].set_ylabel("fraction of the path")
        panels[0].legend(fontsize="small")
    return figure
