"""Draw results: every function takes axes and returns them, and computes nothing.

Lines differ in style as well as in colour, so that figures hold in black and white.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

STABLE, UNSTABLE, TRAJECTORY, REFERENCE = "#1b5e9b", "#c1440e", "#9a9a9a", "#555555"
SERIES_COLOURS = ("#1b5e9b", "#c1440e", "#3a7d44", "#7a4b9d", "#555555", "#b8860b")


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


def place_legend_below(ax: Any) -> None:
    """A legend under the axes, where it hides nothing."""
    ax.legend(
        fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False
    )


def plot_phase_portrait(
    *,
    trajectories: Sequence[np.ndarray] = (),
    stable_cycles: Sequence[np.ndarray] = (),
    unstable_cycles: Sequence[np.ndarray] = (),
    stable_points: np.ndarray | None = None,
    unstable_points: np.ndarray | None = None,
    labels: tuple[str, str] = ("x", "y"),
    ax: Any = None,
) -> Any:
    """Draw orbits, cycles and fixed points in a plane.

    Parameters
    ----------
    trajectories, stable_cycles, unstable_cycles : sequence of ndarray, shape (n_times, 2)
    stable_points, unstable_points : ndarray, shape (n_points, 2), optional
    labels : tuple of str
        Of the two axes.
    ax : matplotlib axes, optional
    """
    ax = _axes(ax)
    for i, orbit in enumerate(trajectories):
        label = "trajectory" if i == 0 else None
        ax.plot(*orbit.T, color=TRAJECTORY, linewidth=0.6, label=label, zorder=1)
    for i, orbit in enumerate(stable_cycles):
        label = "stable cycle" if i == 0 else None
        ax.plot(*orbit.T, color=STABLE, linewidth=2, label=label, zorder=3)
    for i, orbit in enumerate(unstable_cycles):
        label = "unstable cycle" if i == 0 else None
        ax.plot(*orbit.T, color=UNSTABLE, linewidth=1.4, linestyle="--", label=label, zorder=2)
    for points, face, label in (
        (stable_points, "black", "stable fixed point"),
        (unstable_points, "white", "unstable fixed point"),
    ):
        if points is not None and len(points):
            ax.scatter(*points.T, s=28, c=face, edgecolors="black", label=label, zorder=4)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    place_legend_below(ax)
    return ax


def plot_series(
    times: np.ndarray,
    series: np.ndarray,
    *,
    names: Sequence[str],
    offset: float = 0.0,
    label: str = "",
    ax: Any = None,
) -> Any:
    """Draw several signals over time, each lowered by `offset` from the one before.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        s.
    series : ndarray, shape (n_times, n_series)
    names : sequence of str
        Of the signals; written in the legend, or beside the lines if they are set apart.
    """
    ax = _axes(ax)
    styles = ("-", "--", "-.", ":", "-", "--")
    for i, name in enumerate(names):
        colour, style = SERIES_COLOURS[i % 6], styles[i % 6] if not offset else "-"
        ax.plot(times, series[:, i] - i * offset, color=colour, linestyle=style, label=name)
    if offset:
        ax.set_yticks([-i * offset for i in range(len(names))], names)
    else:
        place_legend_below(ax)
    ax.set_xlabel("time (s)")
    ax.set_ylabel(label)
    ax.set_xlim(times[0], times[-1])
    return ax


def plot_multipliers(groups: Sequence[tuple[Any, bool]], *, ax: Any = None) -> Any:
    """Draw Floquet multipliers in the complex plane, with the unit circle.

    Parameters
    ----------
    groups : sequence of (ndarray of complex, bool)
        The multipliers of each cycle, and whether it is stable. What lies beyond a modulus
        of 1.6 is drawn at the edge, as a triangle.
    """
    ax = _axes(ax)
    angle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), color="black", linewidth=1)
    ax.axhline(0, color="#cccccc", linewidth=0.6, zorder=0)
    ax.axvline(0, color="#cccccc", linewidth=0.6, zorder=0)
    limit = 1.6
    for multipliers, stable in groups:
        colour = STABLE if stable else UNSTABLE
        inside = np.abs(multipliers) <= limit
        near = multipliers[inside]
        far = multipliers[~inside] / np.abs(multipliers[~inside]) * (limit - 0.1)
        face = colour if stable else "none"
        ax.scatter(near.real, near.imag, s=26, facecolors=face, edgecolors=colour, zorder=3)
        ax.scatter(far.real, far.imag, s=40, marker="^", facecolors=face, edgecolors=colour)
    ax.set_xlim(-limit, limit)
    ax.set_ylim(-limit, limit)
    ax.set_aspect("equal")
    ax.set_xlabel("real part")
    ax.set_ylabel("imaginary part")
    return ax


def plot_tongue(
    low: np.ndarray,
    high: np.ndarray,
    amplitudes: np.ndarray,
    *,
    low_open: np.ndarray,
    high_open: np.ndarray,
    reference: tuple[float, float] | None = None,
    own_frequency: float | None = None,
    label: str = "amplitude",
    ax: Any = None,
) -> Any:
    """Draw the region of 1:1 locking in frequency and amplitude of a drive.

    Parameters
    ----------
    low, high : ndarray, shape (n,)
        Edges in Hz, NaN where there is none.
    amplitudes : ndarray, shape (n,)
    low_open, high_open : ndarray of bool, shape (n,)
        Where the search ended before an edge: drawn as arrows.
    reference : tuple of float, optional
        Frequency and amplitude to be marked with a cross.
    own_frequency : float, optional
        Frequency without the drive, marked with a diamond where the tongue has its tip.
    label : str
        Of the amplitude axis.
    """
    ax = _axes(ax)
    known = np.isfinite(low)
    ax.fill_betweenx(amplitudes, low, high, where=known, color=STABLE, alpha=0.2)
    for edge, is_open, closed, arrow in ((low, low_open, "o-", "<"), (high, high_open, "s-", ">")):
        ax.plot(edge, amplitudes, closed, color=STABLE, markersize=4, linewidth=1)
        ax.plot(edge[is_open], amplitudes[is_open], arrow, color=STABLE, markersize=9)
    if reference is not None:
        ax.plot(*reference, marker="x", color="black", markersize=8, linestyle="none")
    if own_frequency is not None:
        ax.plot(own_frequency, 0, marker="D", color="black", markersize=6, clip_on=False)
    ax.set_xlabel("frequency of the reference (Hz)")
    ax.set_ylabel(label)
    ax.set_ylim(bottom=0)
    return ax
