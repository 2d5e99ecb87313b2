"""The figures of `isochron study energy`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from isochron.analysis.plotting import REFERENCE, SERIES_COLORS
from isochron.report import STYLE
from isochron.studies.energy.claims import split_worms
from isochron.studies.energy.recall import CRITICAL_LOAD
from isochron.studies.energy.results import EnergyResults

MARKERS = "osD^vPX"


def draw_overview(results: EnergyResults) -> Any:
    """Left: mean number of attractors of random networks by symmetry degree, with standard
    errors; the line is the exact mean number of fixed points. Middle: share of memories that are
    recalled; the dashed line is the theoretical load of many neurons. Right: share of the change
    of the energy that is upwards, on the way to the attractor.
    """
    return _draw(results, (_draw_counts, _draw_recall, _draw_energy))


def draw_asymmetry(results: EnergyResults) -> Any:
    """Left: attractors of networks with memories and an antisymmetric part of weight a. Middle:
    what is left of the memories. Right: share of the starts from which trained networks still
    move, if the symmetric and antisymmetric parts of their weights are mixed.
    """
    return _draw(results, (_draw_mixture, _draw_overlap, _draw_paths))


def _draw(results: EnergyResults, parts: tuple[Callable[..., None], ...]) -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.1 * len(parts), 3.5), layout="constrained")
        for part, ax in zip(parts, figure.subplots(1, len(parts)), strict=True):
            part(results, ax)
    return figure


def _draw_attractors(rows: Any, x: np.ndarray, ax: Any) -> None:
    kinds = (("fixed_points", "fixed points"), ("two_cycles", "cycles of 2"),
             ("longer_cycles", "longer cycles"))  # fmt: skip
    for k, (name, label) in enumerate(kinds):
        mean = np.array([getattr(row, name).mean for row in rows])
        error = np.array([getattr(row, name).error for row in rows])
        ax.errorbar(
            x, mean, error, marker=MARKERS[k], markersize=4, color=SERIES_COLORS[k], label=label,
            linestyle="none" if name == "fixed_points" and hasattr(rows[0], "longest") else "-",
            linewidth=1,
        )  # fmt: skip
    ax.set_yscale("symlog", linthresh=1)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("number in a network")
    ax.legend(fontsize="small")


def _draw_counts(results: EnergyResults, ax: Any) -> None:
    rows = sorted(results.ensembles, key=lambda row: row.symmetry)
    x = np.array([row.symmetry for row in rows])
    _draw_attractors(rows, x, ax)
    ax.plot(x, [row.exact_fixed_points for row in rows], color=SERIES_COLORS[0], linewidth=1)
    ax.set_xlabel("symmetry degree")


def _draw_recall(results: EnergyResults, ax: Any) -> None:
    sizes = sorted({row.n_neurons for row in results.recalls})
    for k, size in enumerate(sizes):
        rows = [row for row in results.recalls if row.n_neurons == size]
        ax.plot(
            [row.load for row in rows], [row.n_recalled / row.n for row in rows],
            marker=MARKERS[k % len(MARKERS)], markersize=4, linewidth=1,
            color=SERIES_COLORS[k % len(SERIES_COLORS)], label=f"{size} neurons",
        )  # fmt: skip
    ax.axvline(CRITICAL_LOAD, color=REFERENCE, linestyle="--", linewidth=1)
    ax.set_xlabel("memories per neuron")
    ax.set_ylabel("share recalled")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(fontsize="small")


def _draw_energy(results: EnergyResults, ax: Any) -> None:
    rows = sorted(results.ensembles, key=lambda row: row.symmetry)
    known = [row for row in rows if row.uphill_share is not None]
    ax.plot(
        [row.symmetry for row in known], [row.uphill_share for row in known],
        marker="o", markersize=4, linewidth=1, color=SERIES_COLORS[0], label="random sign networks",
    )  # fmt: skip
    for k, name in enumerate(dict.fromkeys(row.substrate for row in results.networks)):
        nets = [row for row in results.networks if row.substrate == name]
        for part, filled in (("before", False), ("after", True)):
            places = [getattr(row, part) for row in nets]
            places = [place for place in places if place.uphill_share is not None]
            color = SERIES_COLORS[(k + 1) % len(SERIES_COLORS)]
            ax.plot(
                [place.symmetry_degree for place in places],
                [place.uphill_share for place in places],
                marker=MARKERS[k + 1], markersize=5, linestyle="none", color=color,
                markerfacecolor=color if filled else "none", label=f"{name}, {part} training",
            )  # fmt: skip
    real, draws = split_worms(results)
    ax.plot([it.symmetry_degree for it in draws], [it.uphill_share for it in draws],
            marker=".", linestyle="none", color="0.6", label="connectome, null model")  # fmt: skip
    ax.plot([real.symmetry_degree], [real.uphill_share], marker="*", markersize=11,
            linestyle="none", color=REFERENCE, label="connectome")  # fmt: skip
    ax.set_xlabel("symmetry degree")
    ax.set_ylabel("upward share of the energy's change")
    ax.set_ylim(bottom=-0.02)
    ax.legend(fontsize="x-small")


def _draw_mixture(results: EnergyResults, ax: Any) -> None:
    rows = sorted(results.mixtures, key=lambda row: row.asymmetry)
    _draw_attractors(rows, np.array([row.asymmetry for row in rows]), ax)
    ax.set_xlabel("weight a of the antisymmetric part")


def _draw_overlap(results: EnergyResults, ax: Any) -> None:
    rows = sorted(results.mixtures, key=lambda row: row.asymmetry)
    x = [row.asymmetry for row in rows]
    ax.errorbar(x, [row.overlap.mean for row in rows], [row.overlap.error for row in rows],
                marker="o", markersize=4, color=SERIES_COLORS[0], linewidth=1,
                label="overlap after recall")  # fmt: skip
    ax.plot(x, [row.stable_share for row in rows], marker="s", markersize=4, linewidth=1,
            color=SERIES_COLORS[1], label="memories that are fixed points")  # fmt: skip
    ax.set_xlabel("weight a of the antisymmetric part")
    ax.set_ylabel("share, or overlap")
    ax.set_ylim(-0.02, 1.05)
    ax.legend(fontsize="small")


def _draw_paths(results: EnergyResults, ax: Any) -> None:
    a = np.array(results.config.mixture.asymmetries)
    order = np.argsort(a)
    for k, name in enumerate(dict.fromkeys(row.substrate for row in results.networks)):
        color = SERIES_COLORS[(k + 1) % len(SERIES_COLORS)]
        for j, row in enumerate(it for it in results.networks if it.substrate == name):
            shares = np.array([place.moving_share for place in row.path])
            ax.plot(a[order], shares[order], color=color, linewidth=1, marker=MARKERS[k + 1],
                    markersize=4, label=None if j else name)  # fmt: skip
    ax.set_xlabel("weight a of the antisymmetric part")
    ax.set_ylabel("share of starts that still move")
    ax.set_ylim(-0.02, 1.05)
    ax.legend(fontsize="small")
