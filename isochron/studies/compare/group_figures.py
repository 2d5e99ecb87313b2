"""Figures of groups: onsets and inputs against null models, cycles, tongues, distances."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from isochron.analysis.plotting import SERIES_COLORS
from isochron.report import STYLE
from isochron.runs.null_models import NO_NULL
from isochron.studies.compare.onsets import OnsetFound, OnsetGroup, short_names
from isochron.studies.compare.results import CompareResults, NetSystem
from isochron.studies.compare.table import Group, groups_of

WORM_COLOR, NULL_COLOR = SERIES_COLORS[1], SERIES_COLORS[0]
JITTER = 0.3
MOST_UPRIGHT = 3  # columns with upright names
LONGEST_NAME = 9  # that is not broken
Figure = tuple[str, Any]


def draw_groups(results: CompareResults) -> list[Figure]:
    """Caption and figure of each of them that the run has data for."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        drawn = [
            draw(results)
            for draw in (
                *(_onsets, _inputs, _tongue_widths),
                *(_cycles, _tongues, _distances, _driven),
            )
        ]
    return [figure for figure in drawn if figure is not None]


def _axes(n: int, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure as New

    columns = 2 if n == 4 else min(3, n)
    rows = -(-n // columns)
    figure = New(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[n:]:
        ax.remove()
    for letter, ax in zip("abcdefghijklmnopqr", axes[:n], strict=False):
        if n > 1:
            ax.set_title(letter, loc="left", fontweight="bold")
    return figure, axes[:n]


def _name_columns(ax: Any, names: Sequence[str]) -> None:
    """Names below the columns, slanted if there are many."""
    if len(names) > MOST_UPRIGHT:
        ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    else:
        ax.set_xticks(range(len(names)), [_broken(name) for name in names])


def _broken(name: str) -> str:
    """A long name in several lines."""
    return name.replace("-", "-\n") if len(name) > LONGEST_NAME else name


def _onsets(results: CompareResults) -> Figure | None:
    """Current at which the equilibrium becomes unstable, for each draw from a null model (points)
    and for the connectome (line, dashed if no rhythm starts). Filled: a rhythm starts there (Hopf
    bifurcation), circles if supercritical, triangles if subcritical. Open: a different state of
    rest. Points on the upper edge are stable up to the largest current."""
    parts = sorted({(it.dataset, it.leak_nS) for it in results.onsets if it.null_model != NO_NULL})
    if not parts:
        return None
    figure, axes = _axes(len(parts), (3.6, 3.2))
    top = results.config.onset.largest_pA / 1e3
    names = short_names(dataset for dataset, _ in parts)
    for (dataset, leak), ax in zip(parts, axes, strict=True):
        groups = [it for it in results.onsets if (it.dataset, it.leak_nS) == (dataset, leak)]
        _draw_onsets(groups, top, ax)
        ax.set_title(f"{names[dataset]}\nleak {leak:g} nS")
    axes[0].set_ylabel("onset of instability (nA)")
    return _onsets.__doc__ or "", figure


def _draw_onsets(groups: Sequence[OnsetGroup], top: float, ax: Any) -> None:
    nulls = [it for it in groups if it.null_model != NO_NULL]
    worm = next(it.onsets[0] for it in groups if it.null_model == NO_NULL)
    for k, group in enumerate(nulls):
        places = k + JITTER * np.linspace(-1, 1, group.n) if group.n > 1 else np.array([float(k)])
        for oscillates, subcritical, marker in (
            (True, False, "o"),
            (True, True, "^"),
            (False, False, "o"),
        ):
            chosen = [
                i for i, it in enumerate(group.onsets)
                if (it.oscillates, it.subcritical) == (oscillates, subcritical)
            ]  # fmt: skip
            ax.plot(
                places[chosen], [_height(group.onsets[i], top) for i in chosen], marker, ms=4,
                mfc=NULL_COLOR if oscillates else "none", mec=NULL_COLOR, mew=0.8,
            )  # fmt: skip
    ax.axhline(
        _height(worm, top), color=WORM_COLOR, linewidth=1.6, ls="-" if worm.oscillates else "--"
    )
    ax.set_yscale("log")
    lowest = min(_height(it, top) for group in groups for it in group.onsets)
    ax.set_ylim(0.8 * lowest, 1.12 * top)
    _name_columns(ax, [it.null_model for it in nulls])
    ax.set_xlim(-0.6, len(nulls) - 0.4)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if value in (0.5, 2, 5) else "")


def _height(onset: OnsetFound, top: float) -> float:
    return top if onset.current_pA is None else onset.current_pA / 1e3


def _inputs(results: CompareResults) -> Figure | None:
    """Number of left-right pairs of sensory neurons from which a current starts a rhythm, in each
    draw from the null model (points) and in the connectome (line)."""
    nulls = [it for it in results.inputs if it.null_model != NO_NULL]
    worms = {it.dataset: it for it in results.inputs if it.null_model == NO_NULL}
    shown = [it for it in nulls if it.dataset in worms]
    if not shown:
        return None
    figure, (ax,) = _axes(1, (1.6 + 1.4 * len(shown), 3.2))
    for k, null in enumerate(shown):
        for count in sorted(set(null.counts)):
            n = null.counts.count(count)
            ax.plot(k + 0.06 * (np.arange(n) - (n - 1) / 2), n * [count], "o", ms=4,
                    color=NULL_COLOR)  # fmt: skip
        ax.hlines(worms[null.dataset].counts[0], k - 0.4, k + 0.4, color=WORM_COLOR, linewidth=1.6)
    names = short_names(it.dataset for it in shown)
    ax.set_xticks(range(len(shown)), [f"{names[it.dataset]}\n{it.null_model}" for it in shown])
    ax.set_xlim(-0.7, len(shown) - 0.3)
    ax.set_ylim(bottom=-0.5)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_ylabel("pairs that start a rhythm")
    return _inputs.__doc__ or "", figure


def _tongue_widths(results: CompareResults) -> Figure | None:
    """Width of the 1:1 tongue for a sinusoidal current whose amplitude is 0.1 % of the constant
    current, in percent of the intrinsic frequency, from the phase response, at 1.2 times the
    current at which the rhythm starts: draws from the null model (points) and the connectome
    (line). Draws without a rhythm there are counted below."""
    nulls = [it for it in results.tongue_widths if it.null_model != NO_NULL]
    worms = {it.dataset: it for it in results.tongue_widths if it.null_model == NO_NULL}
    if not any(it.widths for it in results.tongue_widths):
        return None
    figure, (ax,) = _axes(1, (1.6 + 1.7 * len(nulls), 3.4))
    names, short = [], short_names(it.dataset for it in nulls)
    for k, null in enumerate(nulls):
        n = len(null.widths)
        ax.plot(k + JITTER * np.linspace(-1, 1, n) if n > 1 else [k] * n, null.widths, "o", ms=4,
                color=NULL_COLOR)  # fmt: skip
        for width in worms[null.dataset].widths:
            ax.hlines(width, k - 0.4, k + 0.4, color=WORM_COLOR, linewidth=1.6)
        without = len(null.found) - n
        names.append(
            f"{short[null.dataset]}\n{null.null_model}\n"
            f"{without} of {len(null.found)} without a rhythm"
        )
    ax.set_xticks(range(len(nulls)), names)
    ax.set_xlim(-0.7, len(nulls) - 0.3)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("width of the tongue (%)")
    return _tongue_widths.__doc__ or "", figure


def _cycles(results: CompareResults) -> Figure | None:
    """Number of stable cycles under the reference before training and after training on each
    task. A line is a pair: the same initial weights and trials, or the same number in a run that
    was trained elsewhere. Networks on a task without a reference do not have such cycles. Open
    circles did not reach the loss, or did not learn. Points are moved apart by up to a tenth, so
    that equal ones are seen."""
    groups = groups_of(results)
    names = list(dict.fromkeys(group.substrate for group in groups))
    if not any(group.trained for group in groups):
        return None
    figure, axes = _axes(len(names), (3.0, 3.0))
    for name, ax in zip(names, axes, strict=True):
        here = [group for group in groups if group.substrate == name]
        tasks = [group.task for group in here]
        _draw_cycles(here, ax)
        ax.set_title(name)
        ax.set_xticks(range(1 + len(tasks)), ["before", *map(_broken, tasks)])
        ax.set_xlim(-0.4, len(tasks) + 0.4)
    axes[0].set_ylabel("stable cycles under the reference")
    return _cycles.__doc__ or "", figure


def _draw_cycles(groups: Sequence[Group], ax: Any) -> None:
    pairs = sorted({net.pair for group in groups for net in (*group.trained, *group.untrained)})
    highest = 1
    for k, pair in enumerate(pairs):
        shift = 0.1 * (k / max(1, len(pairs) - 1) - 0.5) if len(pairs) > 1 else 0.0
        color = SERIES_COLORS[k % len(SERIES_COLORS)]
        for known in _lines_of(groups, pair):
            heights = [len(net.stable_cycles) + 2 * shift for _, net in known]
            ax.plot([x + shift for x, _ in known], heights, color=color, linewidth=0.8)
            for (x, net), y in zip(known, heights, strict=True):
                full = not net.failed or not net.trained
                ax.plot(x + shift, y, "o", ms=5, mfc=color if full else "white", mec=color)
            highest = max([highest, *heights])
    ax.set_ylim(-0.3, highest + 0.5)
    ax.yaxis.get_major_locator().set_params(integer=True)


def _lines_of(groups: Sequence[Group], pair: int) -> list[list[tuple[int, NetSystem]]]:
    """Places and networks of a pair: a line for each network before training, if they differ."""
    lines: dict[str, list[tuple[int, NetSystem]]] = {}
    for place, group in enumerate(groups, start=1):
        before = [net for net in group.untrained if net.pair == pair]
        line = lines.setdefault(before[0].name if before else "", [(0, net) for net in before])
        line += [(place, net) for net in group.trained if net.pair == pair]
    forced = [[(place, net) for place, net in line if net.forced] for line in lines.values()]
    return [line for line in forced if line]


def _tongues(results: CompareResults) -> Figure | None:
    """1:1 tongues in common units: frequency relative to the middle of the tongue at the largest
    amplitude, amplitude relative to the largest. Only tongues of which both edges were found.
    Networks: the stable cycle with the largest basin."""
    systems = [("worm", results.worm.tongue, WORM_COLOR)]
    colors = dict(
        zip(dict.fromkeys(net.substrate for net in results.nets), cycle(SERIES_COLORS[2:]))
    )
    systems += [
        (net.substrate, net.tongue, colors[net.substrate])
        for net in results.nets
        if net.trained and not net.failed
    ]
    figure, (ax,) = _axes(1, (4.6, 3.4))
    labeled: set[str] = set()
    for name, rows, color in systems:
        found = [row for row in rows if row.found and not (row.low_open or row.high_open)]
        if len(found) < 2:
            continue
        last = found[-1]
        middle = ((last.low_Hz or 0) + (last.high_Hz or 0)) / 2
        heights = [row.amplitude / last.amplitude for row in found]
        for k, edge in enumerate(("low_Hz", "high_Hz")):
            first = name not in labeled and not k
            ax.plot(
                [getattr(row, edge) / middle for row in found], heights, color=color,
                linewidth=1, label=name if first else None,
            )  # fmt: skip
        labeled.add(name)
    if not labeled:
        return None
    ax.set_xlabel("frequency / middle of the tongue")
    ax.set_ylabel("amplitude / largest amplitude")
    ax.legend(frameon=False, fontsize="small")
    return _tongues.__doc__ or "", figure


def _distances(results: CompareResults) -> Figure | None:
    """Distance of the cycle of each network to that of the worm (filled), and of an ellipse with
    the variances of the first two components of the same network (open). Only what lies below
    its ellipse resembles the worm by more than two components in the right proportion."""
    drawn = _draw_by_task(results, ((_distance, NULL_COLOR), (_of_ellipse, "none")))
    if drawn is None:
        return None
    figure, axes = drawn
    axes[0].set_ylabel("distance to the worm's cycle (rad)")
    return _distances.__doc__ or "", figure


def _driven(results: CompareResults) -> Figure | None:
    """Distance of each network to the worm when both receive the same irregular reference
    (filled), and between two halves of the same network (open). Solid line: between two halves
    of the worm. Dashed: a passive filter."""
    drawn = _draw_by_task(results, ((_driven_distance, NULL_COLOR), (_between_halves, "none")))
    if drawn is None:
        return None
    figure, axes = drawn
    worm = results.worm.driven
    for ax in axes:
        if worm is None:
            break
        ax.axhline(worm.between_halves, color=WORM_COLOR, linewidth=1.2)
        ax.axhline(worm.of_filter, color=WORM_COLOR, linewidth=1.2, ls="--")
        ax.set_ylim(0, 1.08 * max(ax.get_ylim()[1], worm.of_filter))
    axes[0].set_ylabel("distance to the driven worm")
    return _driven.__doc__ or "", figure


def _draw_by_task(
    results: CompareResults, values: Sequence[tuple[Callable[[NetSystem], float | None], str]]
) -> tuple[Any, Any] | None:
    """Values of each network that reached the loss, by task and substrate, with face colors."""
    first = values[0][0]
    known = [
        (group, [net for net in group.reached if first(net) is not None])
        for group in groups_of(results)
    ]
    known = [(group, nets) for group, nets in known if nets]
    if not known:
        return None
    tasks = list(dict.fromkeys(group.task for group, _ in known))
    figure, axes = _axes(len(tasks), (3.4, 3.0))
    for task, ax in zip(tasks, axes, strict=True):
        here = [(group.substrate, nets) for group, nets in known if group.task == task]
        for k, (_, nets) in enumerate(here):
            for value, face in values:
                ax.plot(
                    k + 0.12 * np.linspace(-1, 1, len(nets)), [value(net) for net in nets], "o",
                    ms=5, mfc=face, mec=NULL_COLOR,
                )  # fmt: skip
        ax.set_title(task)
        _name_columns(ax, [name for name, _ in here])
        ax.set_xlim(-0.5, max(1, len(here)) - 0.5)
        ax.set_ylim(bottom=0)
    return figure, axes


def _distance(net: NetSystem) -> float | None:
    return None if net.similarity is None else net.similarity.distance


def _of_ellipse(net: NetSystem) -> float | None:
    return None if net.similarity is None else net.similarity.of_ellipse


def _driven_distance(net: NetSystem) -> float | None:
    return None if net.driven is None else net.driven.distance


def _between_halves(net: NetSystem) -> float | None:
    return None if net.driven is None else net.driven.between_halves
