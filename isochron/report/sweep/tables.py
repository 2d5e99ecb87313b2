"""Tables of a sweep: each number of a run by axis value, and against null models."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.stats import binomtest

from isochron.report.sweep.measures import (
    DRAW,
    NULL,
    REAL,
    is_share,
    label_of,
    mean_over_others,
    null_axis,
    parts_of,
)  # fmt: skip

MOST_VALUES = 12  # of an axis; more numbers are grouped
GROUPS = 4
MOST_COLUMNS = 6  # of half the width of the page
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A table: what it shows, the heads of its columns, and its rows as text."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def wide(self) -> bool:
        """Whether it needs the width of the page."""
        return len(self.head) > MOST_COLUMNS


def tables_of(found: xr.Dataset, name: str) -> Iterator[Table]:
    """The tables of one number: against null models, or one for each axis.

    Parameters
    ----------
    found : xarray.Dataset
        Results of a sweep.
    name : str
        Variable over the axes.
    """
    values = found[name]
    null = null_axis(found, values)
    if null is not None:
        yield _against_nulls(found, name, null)
        if len(list(parts_of(found, values))) > 1:
            return
        found = found.isel({null: found[NULL].values.astype(str) == REAL})
    for axis in _axes(found, found[name]):
        if found[axis].dims != (null,):
            yield _by_axis(found, name, axis)


def completeness(found: xr.Dataset) -> list[Table]:
    """Runs by status for each value of an axis at which a run is missing or failed."""
    status = found["status"]
    if (status == 1).all():
        return []
    tables = []
    for axis in _axes(found, status):
        rows = []
        for text, inside in groups(found[axis].values):
            part = _along(found, axis, status)[inside]
            counts = [int((part == kind).sum()) for kind in (1, 2, 3, 0)]
            if sum(counts[1:]):
                rows.append((text, *map(str, counts)))
        head = (label_of(axis, found), "done", "failed", "batch failed", "missing")
        tables.append(Table("Values at which a run failed or is missing.", head, tuple(rows)))
    return [table for table in tables if table.rows]


def _axes(found: xr.Dataset, values: xr.DataArray) -> list[str]:
    """Settings with several values along an axis, or among random points."""
    names = [
        str(key)
        for key, it in found.coords.items()
        if it.ndim == 1 and it.dims[0] in values.dims and len(np.unique(it.values)) > 1
    ]
    return [name for name in names if name != DRAW or NULL not in names]


def _along(found: xr.Dataset, axis: str, values: xr.DataArray) -> np.ndarray:
    """Values with the axis of a setting in front, shape (n, others)."""
    [dim] = found[axis].dims
    moved = values.transpose(dim, ...).values
    return moved.reshape(moved.shape[0], -1)


def groups(labels: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Values of an axis with their places; more than a few numbers as quarters of them.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Values of an axis.

    Returns
    -------
    list of (str, ndarray of bool, shape (n,))
        Text of a group, and which values are in it.
    """
    known = list(dict.fromkeys(labels.tolist()))
    if len(known) <= MOST_VALUES:
        return [(_text(value), labels == value) for value in known]
    if not np.issubdtype(labels.dtype, np.number):
        rest = np.isin(labels, known[MOST_VALUES:])
        first = [(_text(value), labels == value) for value in known[:MOST_VALUES]]
        return [*first, (f"{len(known) - MOST_VALUES} others", rest)]
    places = np.empty(len(labels), int)
    places[np.argsort(labels, kind="stable")] = np.arange(len(labels)) * GROUPS // len(labels)
    found = []
    for k in range(GROUPS):
        inside = places == k
        found.append((f"{_text(labels[inside].min())} to {_text(labels[inside].max())}", inside))
    return found


def _by_axis(found: xr.Dataset, name: str, axis: str) -> Table:
    values, share = _along(found, axis, found[name]), is_share(found[name])
    rows = []
    for text, inside in groups(found[axis].values):
        part = values[inside]
        rows.append((text, *summary(part[~np.isnan(part)], share)))
    head = (label_of(axis, found), *_head(share))
    others = "" if values.shape[1] == 1 else " over all values of the other axes"
    which = ", connectome only" if null_axis(found, found[name]) else ""
    return Table(f"By {label_of(axis, found)}{others}{which}.", head, tuple(rows))


def _head(share: bool) -> tuple[str, ...]:
    if share:
        return ("n", "share", "95 % interval")
    return ("n", "median", "lower quartile", "upper quartile")


def summary(values: np.ndarray, share: bool) -> tuple[str, ...]:
    """Number of values, then median and quartiles, or the share of 1 with its exact interval.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values, none NaN.
    share : bool
        Whether they are all 0 or 1.
    """
    n = len(values)
    if n == 0:
        return ("0", *[NOTHING] * (2 if share else 3))
    if share:
        return (str(n), f"{values.mean():.2f}", share_interval(int(values.sum()), n))
    median, low, high = _quantiles(values, (0.5, 0.25, 0.75))
    return (str(n), f"{median:.4g}", f"{low:.4g}", f"{high:.4g}")


def _quantiles(values: np.ndarray, levels: tuple[float, ...]) -> list[float]:
    """Quantiles; between a finite and an infinite value there is no other."""
    method = "linear" if np.isfinite(values).all() else "higher"
    return np.quantile(values, levels, method=method).tolist()


def share_interval(count: int, n: int) -> str:
    """The exact 95 % interval of Clopper and Pearson of a share, as text."""
    interval = binomtest(count, n).proportion_ci(0.95, method="exact")
    return f"{interval.low:.2f} to {interval.high:.2f}"


def _against_nulls(found: xr.Dataset, name: str, null: str) -> Table:
    values, share = found[name], is_share(found[name])
    models = found[NULL].values.astype(str)
    rows, parts, note = [], list(parts_of(found, values)), ""
    for label, part in parts:
        mean, note = mean_over_others(part, [null])
        numbers = mean.values
        real = numbers[models == REAL]
        original = float(real[0]) if len(real) and not np.isnan(real[0]) else None
        start = (label,) if len(parts) > 1 else ()
        if original is not None:
            text = f"{original:.4g}"
            rows.append((*start, "connectome", "1", text, NOTHING, NOTHING, NOTHING))
        for model in dict.fromkeys(models[models != REAL].tolist()):
            drawn = numbers[models == model]
            drawn = drawn[~np.isnan(drawn)]
            rows.append((*start, model, *_null_row(drawn, original, share and not note)))
    axis = ("at",) if len(parts) > 1 else ()
    middle = "share" if share and not note else "median"
    p = ("p (null ≤ connectome)", "p (null ≥ connectome)")
    caption = (
        f"Draws from null models; {_interval_name(share and not note)}. p = (1 + number of draws "
        f"on that side) / (1 + n), one-sided.{note}"
    )
    return Table(caption, (*axis, "network", "n", middle, "95 % interval", *p), tuple(rows))


def _interval_name(share: bool) -> str:
    if share:
        return "the interval is that of Clopper and Pearson"
    return "the interval contains the central 95 % of the draws"


def _null_row(drawn: np.ndarray, original: float | None, share: bool) -> tuple[str, ...]:
    n = len(drawn)
    if n == 0:
        return ("0", *[NOTHING] * 4)
    if share:
        middle, interval = f"{drawn.mean():.2f}", share_interval(int(drawn.sum()), n)
    else:
        median, low, high = _quantiles(drawn, (0.5, 0.025, 0.975))
        middle, interval = f"{median:.4g}", f"{low:.4g} to {high:.4g}"
    if original is None:
        return (str(n), middle, interval, NOTHING, NOTHING)
    return (str(n), middle, interval, *(f"{p:.3g}" for p in p_values(drawn, original)))


def p_values(drawn: np.ndarray, original: float) -> tuple[float, float]:
    """One-sided p-values of a connectome among draws from a null model, low and high side.

    Parameters
    ----------
    drawn : ndarray, shape (n,)
        Values of the draws.
    original : float
        Value of the connectome.

    Returns
    -------
    low, high : float
        (1 + number of draws that are at most, or at least, as large) / (1 + n).
    """
    below, above = int((drawn <= original).sum()), int((drawn >= original).sum())
    return (1 + below) / (1 + len(drawn)), (1 + above) / (1 + len(drawn))


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return str(value) or "none"
