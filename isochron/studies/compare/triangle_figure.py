"""The figure of the triangle: cycles of worm, networks and recordings at their distances."""

import math
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from isochron.analysis import principal_components
from isochron.analysis.plotting import SERIES_COLORS
from isochron.report import STYLE
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.results import CompareResults, NetSystem
from isochron.studies.compare.similarity import worm_cycle
from isochron.studies.compare.triangle import cycle_of_network
from isochron.studies.compare.triangle_report import (
    Corner,
    CornerGroup,
    corner_groups,
    recordings_name,
)
from isochron.studies.compare.triangle_results import Triangle
from isochron.studies.entries import UNKNOWN_TASK

WORM_COLOR, ANIMAL_COLOR = SERIES_COLORS[1], "black"
NET_COLORS = (*SERIES_COLORS[:1], *SERIES_COLORS[2:])
MARKERS = "os^Dvp"
PLANE_INCHES, PORTRAIT_INCHES, HIGHEST = 5.8, 1.6, 5.0  # width of the plane; heights
THREE = """Distances (rad) between the cycles of the model of the worm, of trained networks and of
    the recording, as lengths in this plane: each network is at its distances from both. Filled:
    networks, a point for each pair; open: ellipses with their variances, what any rotation in a
    plane of this proportion achieves. Circles around the medians: distance between networks of
    successive pairs. Gray disc: distance between two halves of the recording; inside it a
    distance to the recording is as small as it can be. Below: the cycles in the plane of their
    first two components."""
TWO = """Distance (rad) of the cycle of each trained network to that of the model of the worm
    (filled, a point for each pair), and of an ellipse with its variances (open): what any
    rotation in a plane of this proportion achieves. Bars: median distance between networks of
    successive pairs. Dashed line: distance between two runs of the model. No animal was recorded,
    or none with a rhythm, so the triangle has two corners."""
Group = tuple[CornerGroup, str, str]


def draw_triangle(run: Path, results: CompareResults) -> tuple[str, Any] | None:
    """Caption and figure; None without a network or a cycle of the worm."""
    import matplotlib as mpl

    groups, triangle = corner_groups(results), results.triangle
    if triangle is None or not groups:
        return None
    styled = list(zip(groups, cycle(NET_COLORS), cycle(MARKERS), strict=False))
    with mpl.rc_context(STYLE):
        if triangle.corners:
            return THREE, _three_corners(run, results, triangle, styled)
        return TWO, _two_corners(triangle, styled)


def _three_corners(
    run: Path, results: CompareResults, triangle: Triangle, groups: Sequence[Group]
) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 6.6), layout="constrained")
    rows = figure.add_gridspec(2, 3, height_ratios=(3, 1))
    plane = figure.add_subplot(rows[0, :])
    _draw_plane(triangle, groups, plane)
    (left, right), (bottom, top) = plane.get_xlim(), plane.get_ylim()
    height = min(HIGHEST, PLANE_INCHES * (top - bottom) / (right - left))
    rows.set_height_ratios((height, PORTRAIT_INCHES))
    figure.set_size_inches(7.4, height + PORTRAIT_INCHES + 0.3)
    worm = worm_cycle(RunPaths(run))
    assert worm is not None  # each network has a distance to it
    name, states, color = _typical(run, results, groups)
    animal = np.array(triangle.corners[0].portrait)
    for k, (title, portrait, shade) in enumerate((
        ("model of the worm", _project(worm), WORM_COLOR),
        (name, _project(states), color),
        (triangle.corners[0].name, animal, ANIMAL_COLOR),
    )):  # fmt: skip
        _draw_portrait(title, portrait, shade, figure.add_subplot(rows[1, k]))
    return figure


def _draw_plane(triangle: Triangle, groups: Sequence[Group], ax: Any) -> None:
    """Worm at the origin, recordings on the axis, networks above it."""
    from matplotlib.patches import Wedge

    base = fmean(it.to_worm or 0.0 for it in triangle.corners)
    halves = fmean(it.between_halves for it in triangle.corners)
    ax.add_patch(Wedge((base, 0), halves, 0, 180, color="#e9e9e9", linewidth=0, zorder=0))
    ax.plot([0, base], [0, 0], color="#b0b0b0", linewidth=1, zorder=1)
    points = [(0.0, 0.0), (base, 0.0), (base + min(halves, 0.5 * base), 0.0)]
    names, task = _names(groups)
    for (group, color, marker), name in zip(groups, names, strict=True):
        points += _draw_group(group, base, color, marker, name, ax)
    ellipse = Corner(
        fmean(it.ellipse_to_worm or 0.0 for it in triangle.corners),
        fmean(it.to_its_ellipse for it in triangle.corners),
    )
    points.append(place(ellipse, base))
    ax.plot(*points[-1], "*", ms=11, mfc="white", mec=ANIMAL_COLOR, mew=0.9, zorder=4)
    ax.plot(0, 0, "*", ms=15, color=WORM_COLOR, zorder=5)
    ax.plot(base, 0, "*", ms=15, color=ANIMAL_COLOR, zorder=5)
    ax.annotate("ellipse of the recording", points[-1], (8, 0), textcoords="offset points",
                va="center", fontsize="small", color=ANIMAL_COLOR)  # fmt: skip
    for x, text, color in (
        (0.0, "model of the worm", WORM_COLOR),
        (base, recordings_name(triangle), ANIMAL_COLOR),
    ):
        ax.annotate(text, (x, 0), (0, -10), textcoords="offset points", ha="center", va="top",
                    color=color, fontweight="bold")  # fmt: skip
    ax.annotate(f"{base:.3f} rad", (base / 2, 0), (0, 3), textcoords="offset points",
                ha="center", va="bottom", color="#666666", fontsize="small")  # fmt: skip
    _fit(ax, points, base)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, title=task,
              fontsize="small", title_fontsize="small")  # fmt: skip


def _fit(ax: Any, points: Sequence[tuple[float, float]], base: float) -> None:
    """Equal axes around all points, and a bar of a round length."""
    x, y = np.array(points).T
    margin = 0.05 * base
    top = y.max() + 3 * margin
    ax.set_xlim(x.min() - 3 * margin, x.max() + margin)
    ax.set_ylim(-3 * margin, top)
    ax.set_aspect("equal", adjustable="box")
    ax.set_axis_off()
    _draw_scale(ax, base, top)


def _draw_scale(ax: Any, base: float, top: float) -> None:
    """A bar of a round length in the upper left corner."""
    length = 10 ** math.floor(math.log10(base / 2))
    left, y = ax.get_xlim()[0] + 0.02 * base, top - 0.04 * base
    ax.plot([left, left + length], [y, y], color="black", linewidth=1.6, solid_capstyle="butt")
    ax.annotate(f"{length:g} rad", (left + length / 2, y), (0, -4), textcoords="offset points",
                ha="center", va="top", fontsize="small")  # fmt: skip


def _draw_group(
    group: CornerGroup, base: float, color: str, marker: str, name: str, ax: Any
) -> list[tuple[float, float]]:
    """The networks of a group, their ellipses, and the spread between pairs; their places."""
    from matplotlib.patches import Circle

    nets = [place(corner, base) for corner in group.corners]
    ellipses = [place(corner, base) for corner in group.ellipses]
    x, y = np.array(nets).T
    center = (median(x), median(y))
    radius = median(group.between_pairs) if group.between_pairs else 0.0
    ax.add_patch(Circle(center, radius, fill=False, edgecolor=color, linewidth=0.8, alpha=0.6,
                        zorder=2))  # fmt: skip
    for end in (0.0, base):
        ax.plot([end, center[0]], [0, center[1]], color=color, linewidth=0.7, alpha=0.5, zorder=1)
    ax.plot(*np.array(ellipses).T, marker, ms=5, mfc="none", mec=color, mew=0.9, ls="", zorder=3)
    ax.plot(x, y, marker, ms=5, color=color, ls="", label=name, zorder=4)
    edges = [
        (center[0] + dx, center[1] + dy) for dx in (-radius, radius) for dy in (-radius, radius)
    ]
    return [*nets, *ellipses, *edges]


def _names(groups: Sequence[Group]) -> tuple[list[str], str | None]:
    """Names of the groups, and the task if it is the same for all."""
    tasks = {group.task for group, *_ in groups}
    if len(tasks) == 1 and UNKNOWN_TASK not in tasks:
        return [group.substrate for group, *_ in groups], tasks.pop()
    return [group.label for group, *_ in groups], None


def place(corner: Corner, base: float) -> tuple[float, float]:
    """Point above the axis with the distances of a corner to the origin and to (base, 0).

    Distances between cycles, and their means over recordings, satisfy the triangle inequality, so
    there is one; round-off is put on the axis.
    """
    x = (corner.to_worm**2 - corner.to_recordings**2 + base**2) / (2 * base)
    return x, math.sqrt(max(0.0, corner.to_worm**2 - x**2))


def _typical(
    run: Path, results: CompareResults, groups: Sequence[Group]
) -> tuple[str, np.ndarray, str]:
    """Name, cycle and color of a network with the median distance to the worm.

    It is one on a connectome, if there is one.
    """
    nets = {net.name: net for net in results.nets}
    on_worm = [it for it in groups if nets[it[0].names[0]].dataset is not None]
    group, color, _ = (on_worm or list(groups))[0]
    order = sorted(range(len(group.names)), key=lambda k: group.corners[k].to_worm)
    net: NetSystem = nets[group.names[order[len(order) // 2]]]
    return net.name, cycle_of_network(RunPaths(run), net), color


def _project(states: np.ndarray) -> np.ndarray:
    plane = (states - states.mean(axis=0)) @ principal_components(states)[1][:2].T
    return plane / np.abs(plane).max()


def _draw_portrait(title: str, portrait: np.ndarray, color: str, ax: Any) -> None:
    ax.plot(*portrait.T, color=color, linewidth=1.4)
    ax.set_title(title, fontsize="small", color=color)
    ax.set_aspect("equal")
    ax.set_xlim(-1.1, 1.1)
    ax.set_ylim(-1.1, 1.1)
    ax.set_axis_off()


def _two_corners(triangle: Triangle, groups: Sequence[Group]) -> Any:
    """Distances to the worm, a row for each group."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 1.1 + 0.5 * len(groups)), layout="constrained")
    ax = figure.subplots()
    for k, (group, color, marker) in enumerate(groups):
        n = len(group.corners)
        rows = k + 0.16 * (np.arange(n) - (n - 1) / 2) / max(1, n - 1) * 2
        if group.between_pairs:
            ax.barh(k, median(group.between_pairs), 0.66, color=color, alpha=0.15, zorder=0)
        ax.plot([it.to_worm for it in group.ellipses], rows, marker, ms=5, mfc="none", mec=color,
                mew=0.9, zorder=2)  # fmt: skip
        ax.plot([it.to_worm for it in group.corners], rows, marker, ms=5, color=color, zorder=3)
    if triangle.worm_between_runs is not None:
        ax.axvline(triangle.worm_between_runs, color=WORM_COLOR, linewidth=1.2, ls="--")
    ax.plot(0, -0.85, "*", ms=13, color=WORM_COLOR, clip_on=False, zorder=5)
    ax.annotate("model of the worm", (0, -0.85), (10, 0), textcoords="offset points",
                va="center", color=WORM_COLOR, fontweight="bold")  # fmt: skip
    names, task = _names(groups)
    ax.set_yticks(range(len(groups)), names)
    ax.set_title(task or "", loc="right", fontsize="small")
    ax.set_ylim(len(groups) - 0.5, -1.15)
    ax.set_xlim(left=0)
    ax.set_xlabel("distance to the cycle of the worm (rad)")
    return figure
