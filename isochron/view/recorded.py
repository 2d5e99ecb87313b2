"""What a page shows of a run: activity over time, names, body, muscles."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from isochron.wording import counted

Array = np.ndarray
ABOUT_MEAN = " − mean"
LARGEST = 1e30  # of the values; the page has numbers of 32 bits
LONGEST_NAME = 40  # characters in a message


@dataclass(frozen=True, eq=False)
class Recorded:
    """Samples of a run, thinned for a page.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
        In ms.
    names : tuple of str
        Units.
    activity : ndarray, shape (n_times, n)
        What is shown, relative to `offset`.
    offset : ndarray, shape (n,)
        Subtracted from the recorded variable: thresholds, or means.
    label, unit : str
        Name and unit of the activity.
    body : ndarray, shape (n_times, n_nodes, 2), or None
        Nodes from head to tail, mm.
    curvature : ndarray, shape (n_times, n_joints), or None
        1/mm, positive to the dorsal side.
    muscles : ndarray, shape (n_times, n_muscles), or None
        Activation from 0 to 1.
    muscle_names : tuple of str
    """

    times: Array
    names: tuple[str, ...]
    activity: Array
    offset: Array
    label: str
    unit: str
    body: Array | None = None
    curvature: Array | None = None
    muscles: Array | None = None
    muscle_names: tuple[str, ...] = field(default=())

    @property
    def means(self) -> Array:
        """What was subtracted to show the activity about 0, shape (n,); 0 of thresholds."""
        return self.offset if self.label.endswith(ABOUT_MEAN) else np.zeros(len(self.offset))


def read_run(run: xr.Dataset, max_frames: int) -> Recorded:
    """The samples of a run that a page shows.

    Raises
    ------
    ValueError
        If the run has no activity over time or no sample, an additional dimension, times that do
        not increase, several units of one name, or values that are not finite.
    """
    if "time" not in run.dims:
        raise ValueError("The run does not have the dimension time, so that nothing moves.")
    if not run.sizes["time"]:
        raise ValueError(
            "The run has no sample. Simulate longer, or choose a different part of it."
        )
    every = -(-run.sizes["time"] // max_frames)
    run = run.isel(time=slice(None, None, every))
    activity, offset, label = _activity(run)
    unit_dim = activity.dims[1]
    values = activity.values.astype(float)
    names = run[unit_dim].values if unit_dim in run.coords else np.arange(values.shape[1])
    names = tuple(str(name) for name in names)
    _check_times(run["time"].values, every)
    _check_values(values, names, label, every)
    body = _body(run)
    return Recorded(
        times=np.asarray(run["time"].values, dtype=float),
        names=names,
        activity=values,
        offset=offset,
        label=label,
        unit=str(activity.attrs.get("units", "")),
        body=body,
        curvature=_curvature(run, body),
        **_muscles(run),
    )


def _check_times(times: Array, every: int) -> None:
    if not np.issubdtype(times.dtype, np.number) or not np.isfinite(times).all():
        raise ValueError("time must be finite numbers (ms).")
    back = np.flatnonzero(np.diff(times) <= 0)
    if len(back):
        raise ValueError(
            f"time must increase from sample to sample, but it does not after sample "
            f"{every * back[0]}. Sort the run, as by run.sortby('time')."
        )


def _check_values(values: Array, names: tuple[str, ...], label: str, every: int) -> None:
    beyond = ~(np.abs(values) < LARGEST)  # NaN too
    if beyond.any():
        sample, unit = np.argwhere(beyond)[0]
        way_out = "Choose other units, or a member of the ensemble that did not fail"
        if sample:
            way_out = f"Show the part before, run.isel(time=slice(0, {every * sample}))"
        raise ValueError(
            f"{label} of {short_name(names[unit])} is {values[sample, unit]:g} at sample "
            f"{every * sample}, not a finite number below {LARGEST:g}. {way_out}."
        )
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise ValueError(
            f"Several units have the name {short_name(twice)}; names of units must differ."
        )


def short_name(name: str) -> str:
    """The beginning of a name, in quotes."""
    return repr(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…")


def _activity(run: xr.Dataset) -> tuple[xr.DataArray, Array, str]:
    """The variable that is shown, minus what; its label."""
    with xr.set_options(keep_attrs=True):
        if "V_minus_threshold" in run:
            values = _two_dimensional(run, "V_minus_threshold")
            return values, np.zeros(values.shape[1]), "V − Vth"
        if "V" in run and "threshold" in run:
            values = _two_dimensional(run, "V")
            shown = _over_time(values - run["threshold"])
            return shown, (values - shown).isel(time=0).values, "V − Vth"
        for name in _candidates(run):
            values = _two_dimensional(run, name)
            if name == "activity":
                return values, np.zeros(values.shape[1]), "activity"
            mean = values.mean("time")
            return values - mean, mean.values, f"{name.replace('_', ' ')}{ABOUT_MEAN}"
    found = ", ".join(f"{name} {values.dims}" for name, values in run.items()) or "none"
    raise ValueError(
        "The run has no variable of dimensions (time, neuron) or (time, unit) to show; its "
        f"variables: {found}. Record V, or make a dataset of states with isochron.view.from_states."
    )


def _candidates(run: xr.Dataset) -> list[str]:
    """Variables over time and units, those with usual names first."""
    not_units = {"node", "joint", "muscle", "position"}
    names = [
        str(name)
        for name, values in run.items()
        if "time" in values.dims and values.ndim > 1 and not not_units & set(values.dims)
    ]
    usual = ["activity", "V", "rate", "s"]
    return sorted(names, key=lambda name: usual.index(name) if name in usual else len(usual))


def _two_dimensional(run: xr.Dataset, name: str) -> xr.DataArray:
    if run[name].ndim != 2:
        raise ValueError(
            f"{name} must have the dimensions time and neuron (or unit), got {run[name].dims}. "
            "Choose one of each other dimension, as by run.isel(member=0)."
        )
    return _over_time(run[name])


def _over_time(values: xr.DataArray) -> xr.DataArray:
    return values.transpose("time", ...)


def _body(run: xr.Dataset) -> Array | None:
    if not {"x", "y"} <= set(run):
        return None
    x, y = (_two_dimensional(run, name).values for name in ("x", "y"))
    if x.shape != y.shape or x.shape[1] < 3:
        raise ValueError(
            f"x and y of the body must have equal shapes and 3 nodes or more, got {x.shape} and "
            f"{y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        missing = counted(int((~np.isfinite(x + y)).any(axis=1).sum()), "sample")
        raise ValueError(f"x or y of the body is not finite at {missing}; interpolate them first.")
    return np.stack([x, y], axis=-1).astype(float)


def _curvature(run: xr.Dataset, body: Array | None) -> Array | None:
    if "curvature" in run:
        return np.nan_to_num(_two_dimensional(run, "curvature").values.astype(float))
    return None if body is None else curvature_of(body)


def curvature_of(body: Array) -> Array:
    """Curvature of a line of nodes (time, node, 2) at its inner nodes: angle by length, 1/mm."""
    steps = np.diff(body, axis=1)
    angles = np.unwrap(np.arctan2(steps[..., 1], steps[..., 0]), axis=1)
    lengths = np.hypot(steps[..., 0], steps[..., 1])
    between = (lengths[:, 1:] + lengths[:, :-1]) / 2
    return np.diff(angles, axis=1) / np.where(between > 0, between, 1)


def _muscles(run: xr.Dataset) -> dict[str, Any]:
    if "activation" not in run or "muscle" not in run["activation"].dims:
        return {}
    values = _two_dimensional(run, "activation")
    names = tuple(str(name) for name in run["muscle"].values)
    known = np.nan_to_num(values.values.astype(float))
    return {"muscles": np.clip(known, 0, 1), "muscle_names": names}
