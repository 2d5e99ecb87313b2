"""Figures of a sweep: maps over two axes, curves over one, and null distributions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from isochron.analysis.sign_networks import wilson_interval
from isochron.report.drawing import STYLE

NULL, DRAW = "null_model", "draw"
MOST_PARTS = 4
REAL = "none"  # the null model that is the connectome itself


@dataclass(frozen=True)
class Figure:
    """A figure with its title and what to see in it."""

    name: str
    title: str
    caption: str
    figure: Any


def draw_figures(found: xr.Dataset) -> Iterator[Figure]:
    """One figure for each number that a run has."""
    import matplotlib.pyplot as plt

    dims = found["status"].dims
    for name, values in found.data_vars.items():
        numeric = np.issubdtype(values.dtype, np.floating)
        if name in ("status", "reason") or values.dims != dims or not numeric:
            continue
        if not np.isfinite(values).any():
            continue
        for title, part in _parts(found, str(name), values):
            with plt.rc_context(STYLE):
                drawn = _draw(found, str(name), part)
            if drawn is not None:
                yield Figure(str(name), f"{drawn.title}{title}", drawn.caption, drawn.figure)
                plt.close(drawn.figure)


def _parts(
    found: xr.Dataset, name: str, values: xr.DataArray
) -> Iterator[tuple[str, xr.DataArray]]:
    """A null distribution for each of a few values of one further axis; else everything."""
    null = _null_axis(found, values)
    others = [dim for dim in values.dims if dim != null and values.sizes[dim] > 1]
    if null is None or len(others) != 1 or values.sizes[others[0]] > MOST_PARTS:
        yield "", values
        return
    for label in values[others[0]].values if others[0] in values.coords else ():
        shown = f"{label:.4g}" if isinstance(label, float) else str(label)
        yield f", {_label(str(others[0]))} {shown}", values.sel({others[0]: label})


def _null_axis(found: xr.Dataset, values: xr.DataArray) -> str | None:
    """The axis of the null models, if there is one."""
    axes = [dim for dim in values.dims if NULL in found.coords and found[NULL].dims == (dim,)]
    return str(axes[0]) if axes else None


def _draw(found: xr.Dataset, name: str, values: xr.DataArray) -> Figure | None:
    null = _null_axis(found, values)
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


def _mean_over_others(values: xr.DataArray, kept: list) -> tuple[xr.DataArray, str]:
    others = [str(dim) for dim in values.dims if dim not in kept and values.sizes[dim] > 1]
    note = f" Each value is the mean over {', '.join(others)}." if others else ""
    rest = [dim for dim in values.dims if dim not in kept]
    return values.mean(rest, skipna=True), note


def _map(found: xr.Dataset, name: str, values: xr.DataArray, kept: list) -> Figure:
    import matplotlib.pyplot as plt

    mean, note = _mean_over_others(values, kept)
    y, x = kept
    figure, ax = plt.subplots(figsize=(5.6, 4), layout="constrained")
    shown = mean.transpose(y, x).values
    colors = plt.get_cmap("viridis").with_extremes(bad="0.85")
    image = ax.imshow(shown, origin="lower", aspect="auto", cmap=colors)
    figure.colorbar(image, label=_label(name))
    for axis, dim in ((ax.xaxis, x), (ax.yaxis, y)):
        _ticks(axis, mean[dim].values if dim in mean.coords else np.arange(mean.sizes[dim]))
    ax.set(xlabel=_label(str(x)), ylabel=_label(str(y)))
    gray = " Gray: no value." if np.isnan(shown).any() else ""
    return Figure(name, _title(name), f"Values over {_label(str(x))} and {_label(str(y))}.{note}"
                  f"{gray}", figure)  # fmt: skip


def _ticks(axis: Any, labels: np.ndarray) -> None:
    places = np.unique(np.linspace(0, len(labels) - 1, min(6, len(labels))).round().astype(int))
    numbers = np.issubdtype(labels.dtype, np.number)
    axis.set_ticks(places, [f"{labels[k]:.4g}" if numbers else str(labels[k]) for k in places])


def _curve(found: xr.Dataset, name: str, values: xr.DataArray, dim: str) -> Figure:
    import matplotlib.pyplot as plt

    mean, note = _mean_over_others(values, [dim])
    figure, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    labels = mean[dim].values if dim in mean.coords else np.arange(mean.sizes[dim])
    if np.issubdtype(labels.dtype, np.number):
        ax.plot(labels, mean.values, "o-", ms=4)
    else:
        ax.plot(np.arange(len(labels)), mean.values, "o")
        _ticks(ax.xaxis, labels)
    ax.set(xlabel=_label(dim), ylabel=_label(name))
    return Figure(name, _title(name), f"Values along {_label(dim)}.{note}", figure)


def _scatter(found: xr.Dataset, name: str, values: xr.DataArray) -> Figure:
    import matplotlib.pyplot as plt

    axes = [str(key) for key, coord in found.coords.items() if coord.dims == ("run",)]
    figure, panels = plt.subplots(
        1, len(axes), figsize=(2.2 + 2.4 * len(axes), 3), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for ax, axis in zip(panels[0], axes, strict=True):
        ax.plot(found[axis], values, ".", ms=3, alpha=0.6)
        ax.set(xlabel=_label(axis))
    panels[0, 0].set(ylabel=_label(name))
    return Figure(name, _title(name), "Each point is a run, over each setting that varies.", figure)


def _distributions(found: xr.Dataset, name: str, values: xr.DataArray, dim: str) -> Figure:
    import matplotlib.pyplot as plt

    models = found[NULL].values.astype(str)
    mean, note = _mean_over_others(values, [dim])
    rest = [model for model in dict.fromkeys(models) if model != REAL]
    figure, ax = plt.subplots(figsize=(5.6, 0.9 + 0.7 * len(rest)), layout="constrained")
    texts = []
    real = mean.values[models == REAL]
    rng = np.random.default_rng(0)
    for row, model in enumerate(rest):
        drawn = mean.values[models == model]
        drawn = drawn[np.isfinite(drawn)]
        ax.plot(
            drawn, row + 0.18 * rng.uniform(-1, 1, len(drawn)), ".", ms=4, alpha=0.5, color="C0"
        )
        if len(drawn):
            ax.plot(np.median(drawn), row, "|", ms=22, mew=2, color="C0")
        texts.append(_compared(model, drawn, real))
    if len(real) and np.isfinite(real[0]):
        ax.axvline(real[0], color="C1", lw=2, label="connectome")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    ax.set_yticks(range(len(rest)), rest)
    ax.set(xlabel=_label(name), ylim=(-0.6, len(rest) - 0.4))
    return Figure(
        name,
        _title(name),
        f"Each point is a draw from a null model, the bar its median, the line the connectome. "
        f"{' '.join(texts)}{note}",
        figure,
    )


def _compared(model: str, drawn: np.ndarray, real: np.ndarray) -> str:
    """How often draws are at least as large as the connectome, with an interval."""
    if not len(drawn) or not len(real) or not np.isfinite(real[0]):
        return f"{model}: {len(drawn)} draws with a value."
    count = int((drawn >= real[0]).sum())
    low, high = wilson_interval([count], len(drawn))
    p = (1 + count) / (1 + len(drawn))
    return (
        f"{model}: {count} of {len(drawn)} draws are at least as large "
        f"({count / len(drawn):.2f}, 95 % interval {float(low[0]):.2f} to {float(high[0]):.2f}; "
        f"one-sided p = {p:.3g})."
    )


def _label(name: str) -> str:
    """A name with its unit in parentheses."""
    for unit in ("Hz", "mV", "pA", "ms", "nS", "pF", "s"):
        if name.endswith(f"_{unit}"):
            return f"{name.removesuffix(f'_{unit}').replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def _title(name: str) -> str:
    text = _label(name)
    return text[:1].upper() + text[1:]
