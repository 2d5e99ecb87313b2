"""Draw orbits, their multipliers, and their branches in a parameter."""

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
    trajectories : sequence of ndarray, shape (n_times, 2)
        Orbits that are not periodic: thin gray lines.
    stable_cycles, unstable_cycles : sequence of ndarray, shape (n_times, 2)
        Periodic orbits: blue lines, and dashed red ones.
    stable_points, unstable_points : ndarray, shape (n_points, 2), optional
        Fixed points: black, and white with a black edge.
    labels : tuple of str
        Labels of the two axes, with units.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> phase = np.linspace(0, 2 * np.pi, 100)
    >>> circle = np.c_[np.cos(phase), np.sin(phase)]
    >>> ax = plotting.plot_phase_portrait(
    ...     stable_cycles=[circle], unstable_points=np.zeros((1, 2)), labels=("V (mV)", "w")
    ... )
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['stable cycle', 'unstable fixed point']
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
        Multipliers of each cycle, shape (n_multipliers,), and whether it is stable: filled
        marks for stable cycles, open ones for unstable. A multiplier of a modulus above 1.6 is
        drawn at the edge, as a triangle.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> stable, unstable = np.array([1.0, 0.4 + 0.3j, 0.4 - 0.3j]), np.array([1.0, 3.0])
    >>> ax = plotting.plot_multipliers([(stable, True), (unstable, False)])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('real part', 'imaginary part')
    """
    ax = axes_or_new(ax)
    angle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), color="black", linewidth=1)
    ax.axhline(0, color="#cccccc", linewidth=0.6, zorder=0)
    ax.axvline(0, color="#cccccc", linewidth=0.6, zorder=0)
    limit = 1.6
    for multipliers, stable in groups:
        color = STABLE if stable else UNSTABLE
        inside = np.abs(multipliers) <= limit
        near = multipliers[inside]
        far = multipliers[~inside] / np.abs(multipliers[~inside]) * (limit - 0.1)
        face = color if stable else "none"
        ax.scatter(near.real, near.imag, s=26, facecolors=face, edgecolors=color, zorder=3)
        ax.scatter(far.real, far.imag, s=40, marker="^", facecolors=face, edgecolors=color)
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
        Parameter, value of a variable or amplitude, and bool, in the order of the continuation,
        so that a branch may turn back at a fold.
    special_points : sequence of (str, float, float)
        Name, parameter and value of folds, Hopf points and so on, named in the diagram.
    labels : tuple of str
        Labels of the two axes, with units.
    ax : matplotlib axes, optional
        Axes to draw in; those of a new figure by default.

    Returns
    -------
    matplotlib axes
        The axes drawn in.

    Examples
    --------
    >>> from isochron.analysis import plotting
    >>> x = np.linspace(-1, 1, 41)
    >>> branch = (x**2, x, x > 0)  # fixed points of x' = p - x²
    >>> ax = plotting.plot_bifurcation_diagram([branch], special_points=[("fold", 0.0, 0.0)])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['unstable', 'stable']
    """
    ax = axes_or_new(ax)
    named = set()
    for parameters, values, stable in branches:
        stable = np.asarray(stable, dtype=bool)
        changes = np.flatnonzero(stable[1:] != stable[:-1]) + 1
        starts, ends = np.append(0, changes), np.append(changes, stable.size)
        for start, end in zip(starts, ends, strict=True):
            kind = "stable" if stable[start] else "unstable"
            part = slice(max(start - 1, 0), end)  # joins the part before
            color, style = (STABLE, "-") if stable[start] else (UNSTABLE, "--")
            label = None if kind in named else kind
            named.add(kind)
            ax.plot(parameters[part], values[part], style, color=color, label=label)
    for name, parameter, value in special_points:
        ax.plot(parameter, value, "o", color="black", markerfacecolor="white", zorder=4)
        ax.annotate(name, (parameter, value), (6, 6), textcoords="offset points")
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    place_legend_below(ax)
    return ax
