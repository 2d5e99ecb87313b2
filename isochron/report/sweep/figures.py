"""Figures of a sweep: maps over two axes, curves over one, and null distributions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import binomtest

from isochron.report.drawing import STYLE
from isochron.report.sweep.measures import (
    NULL,
    REAL,
    is_share,
    label_of,
    mean_over_others,
    measures_of,
    null_axis,
    parts_of,
    short,
    title_of,
)  # fmt: skip

WIDE = 3  # panels; a figure with as many takes the width of the page
RATIO = 30  # of the ends of a random setting from which its axis is logarithmic


@dataclass(frozen=True)
class Figure:
    """A figure with its title and what to see in it."""

    name: str
    title: str
    caption: str
    figure: Any
    wide: bool = False


def draw_figures(found: xr.Dataset) -> Iterator[Figure]:
    """The figures of each number that a run has."""
    import matplotlib.pyplot as plt

    for name in measures_of(found):
        for part, values in parts_of(found, found[name]):
            with plt.rc_context(STYLE):
                drawn = _draw(found, name, values.where(np.isfinite(values)))
            if drawn is not None:
                title = f"{drawn.title}, {part}" if part else drawn.title
                beyond = " Infinite values are not shown." if np.isinf(values).any() else ""
                yield Figure(name, title, f"{drawn.caption}{beyond}", drawn.figure, drawn.wide)
                plt.close(drawn.figure)


def _draw(found: xr.Dataset, name: str, values: xr.DataArray) -> Figure | None:
    null = null_axis(found, values)
    if null is not None:
        return _distributions(found, name, values, null)
    if values.dims == ("run",):
        return _scatter(found, name, values)
    wide = sorted(
        (dim for dim in values.dims if values.sizes[dim] > 1), key=lambda d: -values.sizes[d]
    )
    if len(wide) >= 2:
        return _map(found, name, values, [dim for dim in values.dims if dim in wide[:2]])
    return _curve(found, name, values, str(wide[0])) if wide else None


def _map(found: xr.Dataset, name: str, values: xr.DataArray, kept: list) -> Figure:
    import matplotlib.pyplot as plt

    mean, note = mean_over_others(values, kept)
    y, x = kept
    figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
    shown = mean.transpose(y, x).values
    share = is_share(values)
    binary = share and not note
    colors = plt.get_cmap("viridis", 2 if binary else None).with_extremes(bad="0.85")
    image = ax.imshow(shown, origin="lower", aspect="auto", cmap=colors)
    if share:
        image.set_clim(0, 1)
    bar = figure.colorbar(image, label=label_of(name))
    if binary:
        bar.set_ticks([0.25, 0.75], labels=["no", "yes"])
    for axis, dim in ((ax.xaxis, x), (ax.yaxis, y)):
        _ticks(axis, mean[dim].values if dim in mean.coords else np.arange(mean.sizes[dim]))
    ax.set(xlabel=label_of(str(x), found), ylabel=label_of(str(y), found))
    gray = " Gray: no value." if np.isnan(shown).any() else ""
    caption = f"Values over {label_of(str(x), found)} and {label_of(str(y), found)}.{note}{gray}"
    return Figure(name, title_of(name), caption, figure)


def _ticks(axis: Any, labels: np.ndarray) -> None:
    places = np.unique(np.linspace(0, len(labels) - 1, min(6, len(labels))).round().astype(int))
    numbers = np.issubdtype(labels.dtype, np.number)
    axis.set_ticks(places, [short(float(labels[k])) if numbers else str(labels[k]) for k in places])


def _curve(found: xr.Dataset, name: str, values: xr.DataArray, dim: str) -> Figure:
    import matplotlib.pyplot as plt

    mean, note = mean_over_others(values, [dim])
    figure, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    labels = mean[dim].values if dim in mean.coords else np.arange(mean.sizes[dim])
    if np.issubdtype(labels.dtype, np.number):
        ax.plot(labels, mean.values, "o-", ms=4)
        _scale(ax, labels)
    else:
        ax.plot(np.arange(len(labels)), mean.values, "o")
        _ticks(ax.xaxis, labels)
    ax.set(xlabel=label_of(dim, found), ylabel=label_of(name))
    _mark_shares(ax, values)
    return Figure(name, title_of(name), f"Values along {label_of(dim, found)}.{note}", figure)


def _scatter(found: xr.Dataset, name: str, values: xr.DataArray) -> Figure:
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    axes = [str(key) for key, coord in found.coords.items() if coord.dims == ("run",)]
    share = is_share(values)
    figure, panels = plt.subplots(
        1, len(axes), figsize=(1.2 + 3.2 * len(axes), 2.0 if share else 3.2), sharey=True,
        squeeze=False, layout=ConstrainedLayoutEngine(wspace=0.06),
    )  # fmt: skip
    jitter = 0.12 * np.random.default_rng(0).uniform(-1, 1, values.size) * share
    for ax, axis in zip(panels[0], axes, strict=True):
        ax.plot(found[axis], values + jitter, ".", ms=5, alpha=0.6)
        _scale(ax, found[axis].values)
        ax.set(xlabel=label_of(axis, found))
    panels[0, 0].set(ylabel=label_of(name))
    _mark_shares(panels[0, 0], values)
    text = "Each point is a run, over each setting that varies."
    return Figure(name, title_of(name), text, figure, wide=len(axes) >= WIDE)


def _scale(ax: Any, labels: np.ndarray) -> None:
    """A logarithmic axis for positive numbers over a large range with most at its lower end."""
    positive = np.issubdtype(labels.dtype, np.number) and labels.min() > 0
    if positive and np.median(labels) < 0.4 * (labels.min() + labels.max()):
        ax.set_xscale("log")
        if labels.max() < RATIO * labels.min():
            ends = np.geomspace(labels.min(), labels.max(), 4)
            ax.set_xticks(ends, [short(value, 2) for value in ends])
            ax.xaxis.minorticks_off()


def _mark_shares(ax: Any, values: xr.DataArray) -> None:
    """No and yes instead of 0 and 1."""
    if is_share(values):
        ax.set_ylim(-0.25, 1.25)
        if values.dims == ("run",) or values.ndim == 1:
            ax.set_yticks([0, 1], ["no", "yes"])


def _distributions(found: xr.Dataset, name: str, values: xr.DataArray, dim: str) -> Figure:
    import matplotlib.pyplot as plt

    models = found[NULL].values.astype(str)
    mean, note = mean_over_others(values, [dim])
    share = is_share(found[name]) and not note
    rest = [model for model in dict.fromkeys(models) if model != REAL]
    figure, ax = plt.subplots(figsize=(5.6, 1.3 + 0.6 * len(rest)), layout="constrained")
    draw = _draw_share if share else _draw_values
    for row, model in enumerate(reversed(rest)):
        drawn = mean.values[models == model]
        draw(ax, row, drawn[np.isfinite(drawn)])
    real = mean.values[models == REAL]
    if len(real) and np.isfinite(real[0]):
        ax.axvline(real[0], color="C1", lw=2, label="connectome")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, borderpad=0)
    ax.set_yticks(range(len(rest)), rest[::-1])
    label = f"share: {label_of(name)}" if share else label_of(name)
    ax.set(xlabel=label, ylim=(-0.6, len(rest) - 0.4))
    if share:
        ax.set_xlim(-0.04, 1.04)
    what = (
        "Share of the draws from each null model with its exact 95 % interval; the line is the "
        "connectome." if share else
        "Each point is a draw from a null model, the bar its median, the line the connectome."
    )  # fmt: skip
    return Figure(name, title_of(name), f"{what}{note}", figure)


def _draw_values(ax: Any, row: int, drawn: np.ndarray) -> None:
    spread = 0.18 * np.random.default_rng(row).uniform(-1, 1, len(drawn))
    ax.plot(drawn, row + spread, ".", ms=5, alpha=0.5, color="C0")
    if len(drawn):
        ax.plot(np.median(drawn), row, "|", ms=22, mew=2, color="C0")


def _draw_share(ax: Any, row: int, drawn: np.ndarray) -> None:
    if len(drawn):
        interval = binomtest(int(drawn.sum()), len(drawn)).proportion_ci(0.95, method="exact")
        ax.plot([interval.low, interval.high], [row, row], color="C0", lw=2)
        ax.plot(drawn.mean(), row, "o", color="C0")
