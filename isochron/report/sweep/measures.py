"""The numbers of the runs of a sweep: which there are, their names, and their null models."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

NULL, DRAW = "null_model", "draw"
REAL = "none"  # the null model that is the connectome itself
MOST_PARTS = 4
UNITS = ("Hz", "mV", "pA", "ms", "nS", "pF", "s")


def measures_of(found: xr.Dataset) -> list[str]:
    """The variables that are one number for each run, and known for some run."""
    dims = found["status"].dims
    return [
        str(name)
        for name, values in found.data_vars.items()
        if name not in ("status", "reason")
        and values.dims == dims
        and np.issubdtype(values.dtype, np.floating)
        and bool(np.isfinite(values).any())
    ]


def is_share(values: xr.DataArray) -> bool:
    """Whether each known value is 0 or 1: a property that a run has or does not have."""
    known = values.values[np.isfinite(values.values)]
    return bool(np.isin(known, (0.0, 1.0)).all())


def null_axis(found: xr.Dataset, values: xr.DataArray) -> str | None:
    """The axis of the null models, if there is one."""
    axes = [dim for dim in values.dims if NULL in found.coords and found[NULL].dims == (dim,)]
    return str(axes[0]) if axes else None


def parts_of(found: xr.Dataset, values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """A part for each of a few values of one axis next to that of null models; else everything."""
    null = null_axis(found, values)
    others = [dim for dim in values.dims if dim != null and values.sizes[dim] > 1]
    if null is None or len(others) != 1 or values.sizes[others[0]] > MOST_PARTS:
        yield "", values
        return
    for label in values[others[0]].values if others[0] in values.coords else ():
        shown = f"{label:.4g}" if isinstance(label, float) else str(label)
        part = values.sel({others[0]: label})
        if np.isfinite(part).any():
            yield f"{label_of(str(others[0]), found)} {shown}", part


def mean_over_others(values: xr.DataArray, kept: list) -> tuple[xr.DataArray, str]:
    """The mean over all axes but some, and a sentence that states it."""
    others = [str(dim) for dim in values.dims if dim not in kept and values.sizes[dim] > 1]
    note = f" Each value is the mean over {', '.join(others)}." if others else ""
    rest = [dim for dim in values.dims if dim not in kept]
    return values.mean(rest, skipna=True), note


def label_of(name: str, found: xr.Dataset | None = None) -> str:
    """A name with its unit in parentheses: that of its values in a dataset, or of its ending."""
    given = found[name].attrs.get("units", "") if found is not None and name in found else ""
    for unit in UNITS:
        if name.endswith(f"_{unit}"):
            return f"{name.removesuffix(f'_{unit}').replace('_', ' ')} ({unit})"
    return name.replace("_", " ") + (f" ({given})" if given else "")


def title_of(name: str) -> str:
    """The label, with a capital letter."""
    text = label_of(name)
    return text[:1].upper() + text[1:]


def short(value: float, digits: int = 3) -> str:
    """A number with a few digits, and without an exponent below a million."""
    text = f"{value:.{digits}g}"
    return f"{value:.6g}" if "e+0" in text and abs(value) < 1e6 else text
