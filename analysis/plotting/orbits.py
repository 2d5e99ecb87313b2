"""Draw orbits, their multipliers, and how they change with a parameter."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.analysis.plotting.style import (
    STABLE,
    TRAJECTORY,
    UNSTABLE,
    axes_or_new,
    place_legend_below,
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
    ax = axes_or_new(ax)
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


def plot_multipliers(groups: Sequence[tuple[Any, bool]], *, ax: Any = None) -> Any:
    """Draw Floquet multipliers in the complex plane, with the unit circle.

    Parameters
    ----------
    groups : sequence of (ndarray of complex, bool)
        The multipliers of each cycle, and whether it is stable. What lies beyond a modulus
        of 1.6 is drawn at the edge, as a triangle.
    """
    ax = axes_or_new(ax)
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


def plot_bifurcation_diagram(
    branches: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    special_points: Sequence[tuple[str, float, float]] = (),
    labels: tuple[str, str] = ("parameter", "value"),
    ax: Any = None,
) -> Any:
    """Draw branches of a continuation: solid where stable, dashed where not.

    Parameters
    ----------
    branches : sequence of (parameters, values, stable), each of shape (m,)
        In the order of the continuation, so that a branch may turn back at a fold.
    special_points : sequence of (name, parameter, value)
        Folds, Hopf points and so on, named in the diagram.
    labels : tuple of str
        Of the two axes.
    """
    ax = axes_or_new(ax)
    named = set()
    for parameters, values, stable in branches:
        stable = np.asarray(stable, dtype=bool)
        changes = np.flatnonzero(stable[1:] != stable[:-1]) + 1
        starts, ends = np.append(0, changes), np.append(changes, stable.size)
        for begin, end in zip(starts, ends, strict=True):
            kind = "stable" if stable[begin] else "unstable"
            part = slice(max(begin - 1, 0), end)  # joins the part before
            colour, style = (STABLE, "-") if stable[begin] else (UNSTABLE, "--")
            label = None if kind in named else kind
            named.add(kind)
            ax.plot(parameters[part], values[part], style, color=colour, label=label)
    for name, parameter, value in special_points:
        ax.plot(parameter, value, "o", color="black", markerfacecolor="white", zorder=4)
        ax.annotate(name, (parameter, value), (6, 6), textcoords="offset points")
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    place_legend_below(ax)
    return ax
