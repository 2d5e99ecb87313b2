"""Draw attractor counts: every function takes axes and returns them; none computes results."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting import SERIES_COLORS, STABLE, UNSTABLE, place_legend_below
from isochron.analysis.sign_networks.complexity_theory import Complexity
from isochron.analysis.sign_networks.ensembles import EnsembleCount

MARKERS = ("o", "s", "^", "D", "v", "P")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))


def plot_mean_numbers(
    ensembles: Sequence[EnsembleCount],
    *,
    lengths: Sequence[int] = (1, 2, 3, 4),
    exact: Mapping[int, tuple[np.ndarray, np.ndarray]] | None = None,
    ax: Any = None,
) -> Any:
    """Draw mean numbers of cycles against the symmetry degree, with standard errors.

    Parameters
    ----------
    ensembles : sequence of EnsembleCount
        One for each symmetry degree.
    lengths : sequence of int
        Lengths of the cycles that are drawn.
    exact : mapping of int to (ndarray, ndarray), optional
        Symmetry degrees and exact means of a length, each of shape (n_points,).
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.
    """
    ax = _axes(ax)
    symmetry = [one.symmetry for one in ensembles]
    smallest = np.inf
    for k, length in enumerate(lengths):
        means, errors = np.transpose([one.of_length(length) for one in ensembles])
        drawn = means > 0
        smallest = min(smallest, means[drawn].min(initial=np.inf))
        ax.errorbar(
            np.array(symmetry)[drawn], means[drawn], errors[drawn], marker=MARKERS[k % 6],
            color=SERIES_COLORS[k % 6], linestyle="none", markersize=5, capsize=2,
            label=f"L = {length}",
        )  # fmt: skip
        if exact is not None and length in exact:
            ax.plot(
                *exact[length], color=SERIES_COLORS[k % 6], linestyle=STYLES[k % 6],
                label=f"L = {length}, exact",
            )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(bottom=smallest / 3)  # an error bar down to 0 would use the whole height
    ax.set_xlabel("symmetry degree η")
    ax.set_ylabel(f"mean number of cycles, n = {ensembles[0].n}")
    place_legend_below(ax)
    return ax


def plot_complexity(curves: Mapping[int, Sequence[Complexity]], *, ax: Any = None) -> Any:
    """Draw exponents of the mean number of cycles: interior saddles thick, boundary ones thin.

    Parameters
    ----------
    curves : mapping of int to sequence of Complexity
        Exponents of each length, in order of symmetry.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.
    """
    ax = _axes(ax)
    for k, (length, points) in enumerate(curves.items()):
        symmetry = np.array([point.symmetry for point in points])
        color, style = SERIES_COLORS[k % 6], STYLES[k % 6]
        interior = np.array([point.interior for point in points])
        ax.plot(
            symmetry, interior, color=color, linestyle=style, linewidth=2,
            label=f"L = {length}, annealed saddle",
        )  # fmt: skip
        boundary = np.array([point.boundary for point in points])
        if np.isfinite(boundary).any():
            ax.plot(
                symmetry, boundary, color=color, linewidth=0.8, marker=MARKERS[k % 6],
                markersize=3.5, markevery=2, label=f"L = {length}, boundary",
            )  # fmt: skip
    ax.axhline(0, color="#cccccc", linewidth=0.8, zorder=0)
    ax.set_xlabel("symmetry degree η")
    ax.set_ylabel("exponent Σ of the mean number")
    place_legend_below(ax)
    return ax


def plot_basins(ensembles: Sequence[EnsembleCount], *, ax: Any = None) -> Any:
    """Draw the share of attractors with a basin larger than a fraction of all states.

    Parameters
    ----------
    ensembles : sequence of EnsembleCount
        One curve for each.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.
    """
    ax = _axes(ax)
    for k, one in enumerate(ensembles):
        sizes = np.sort(one.basins)
        share = 1 - np.arange(sizes.size) / sizes.size
        ax.step(
            sizes, share, where="pre", color=SERIES_COLORS[k % 6], linestyle=STYLES[k % 6],
            label=f"η = {one.symmetry:g}",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("fraction of states in the basin")
    ax.set_ylabel("share of attractors with a larger one")
    place_legend_below(ax)
    return ax


def plot_against_nulls(
    own: Mapping[str, float],
    nulls: Mapping[str, Sequence[float]],
    *,
    label: str = "attractors, at least (Chao1)",
    name: str = "connectome",
    ax: Any = None,
) -> Any:
    """Draw a number of a connectome next to those of its rewirings, for several conditions.

    Parameters
    ----------
    own : mapping of str to float
        Number of the connectome in each condition.
    nulls : mapping of str to sequence of float
        Numbers of the rewirings in each condition.
    label : str
        Label of the vertical axis.
    name : str
        Name of the connectome, for the legend.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.
    """
    ax = _axes(ax)
    for k, (condition, value) in enumerate(own.items()):
        others = nulls.get(condition, ())
        ax.plot(
            np.full(len(others), k), others, "o", color=UNSTABLE, markerfacecolor="none",
            label="rewired" if k == 0 else None,
        )  # fmt: skip
        ax.plot(k, value, "D", color=STABLE, markersize=8, label=name if k == 0 else None)
    ax.set_xticks(range(len(own)), list(own))
    ax.set_xlim(-0.5, len(own) - 0.5)
    ax.set_yscale("log")
    ax.set_ylabel(label)
    place_legend_below(ax)
    return ax


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
