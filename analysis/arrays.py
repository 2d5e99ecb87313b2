"""How an array of the caller enters an analysis: what would be misread is an error."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.wording import counted


def real_array(
    values: ArrayLike,
    name: str,
    *,
    n_axes: int | None = None,
    least: int = 0,
    time_axis: int = 0,
    finite: bool = True,
) -> np.ndarray:
    """Real float64 numbers of an array, list, torch tensor or labeled array.

    Parameters
    ----------
    values : array_like
        A labeled array (xarray) must have ``time``, if it has it, along `time_axis`.
    name : str
        For messages.
    n_axes : int, optional
        Required number of axes.
    least : int
        Required length along `time_axis`.
    time_axis : int
    finite : bool
        Whether NaN and infinity are errors.

    Returns
    -------
    ndarray of float

    Raises
    ------
    ValueError
        If the values are not numbers, complex, masked, ragged, not finite or of a different shape.
    """
    array = unlabeled(values, name, time_axis)
    if np.iscomplexobj(array):
        raise ValueError(
            f"{name} is complex. Give its real part, its modulus or np.angle({name}), whichever "
            "is meant."
        )
    try:
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be numbers, got dtype {array.dtype}.") from None
    if n_axes is not None and array.ndim != n_axes:
        raise ValueError(f"{name} must have {n_axes} axes, got shape {array.shape}.")
    if array.ndim and array.shape[time_axis] < least:
        raise ValueError(
            f"{name} must have at least {least} samples along axis {time_axis}, got shape "
            f"{array.shape}."
        )
    if finite:
        require_finite(array, name)
    return array


def require_finite(array: np.ndarray, name: str) -> None:
    """Raise ValueError that states how many values are not finite, and where the first one is."""
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        where = place[0] if len(place) == 1 else place
        raise ValueError(
            f"{name} must be finite: {int(bad.sum())} of its {array.size} values are not, the "
            f"first at index {where if place else 0}. Remove or interpolate them."
        )


def unlabeled(values: Any, name: str, time_axis: int = 0) -> np.ndarray:
    """Array of any dtype without labels and gradient; an error if time is in a different place."""
    dims = getattr(values, "dims", None)
    if isinstance(dims, tuple) and "time" in dims:
        place = dims.index("time")
        if place != time_axis % len(dims):
            wanted = 'transpose("time", ...)' if time_axis == 0 else 'transpose(..., "time")'
            raise ValueError(
                f"{name} has dimensions {dims}; time must be "
                f"{'first' if time_axis == 0 else 'last'}. Give {name}.{wanted}."
            )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        number = counted(int(np.ma.count_masked(values)), "masked value")
        raise ValueError(f"{name} has {number}. Remove or interpolate what is masked.")
    detach = getattr(values, "detach", None)
    if detach is not None:  # torch, on any device, with or without a gradient
        tensor = detach().cpu()
        values = tensor.float().numpy() if "bfloat16" in str(tensor.dtype) else tensor.numpy()
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array; its rows have different lengths.") from None


def require_same_rows(first: Any, second: Any) -> None:
    """Raise ValueError if the labels of the first dimension of two labeled arrays differ.

    Times may differ: two recordings do not start at the same clock.
    """
    rows = [(getattr(values, "dims", None) or [None])[0] for values in (first, second)]
    if None in rows:
        return
    if rows[0] != rows[1]:
        raise ValueError(
            f"The rows of the first array are {rows[0]!r}, of the second {rows[1]!r}. Transpose "
            "one of them."
        )
    if rows[0] == "time" or not all(rows[0] in values.coords for values in (first, second)):
        return
    labels = [np.asarray(values.coords[rows[0]]) for values in (first, second)]
    if labels[0].shape == labels[1].shape and not np.array_equal(labels[0], labels[1]):
        raise ValueError(
            f"The labels along {rows[0]!r} differ or are in a different order. Align the arrays, "
            f"as by second.sel({rows[0]}=first.{rows[0]})."
        )


def circular_pair(first: ArrayLike, second: ArrayLike, names=("phase", "reference")):
    """Two series of phases in radians of one length; complex ones count by their angle.

    Raises
    ------
    ValueError
        If the shapes differ or do not have one axis, a value is not finite, or a complex one is
        0 (it does not have an angle).
    """
    angles = [as_angles(values, name) for values, name in zip((first, second), names, strict=True)]
    if angles[0].shape != angles[1].shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one shape, got {angles[0].shape} and "
            f"{angles[1].shape}. For a constant {names[1]} give np.full_like({names[0]}, value)."
        )
    if angles[0].ndim != 1:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one axis (n_times,), got shape "
            f"{angles[0].shape}: their rows would be pooled. Give one pair of rows at a time, or, "
            f"if all samples belong to one pair, {names[0]}.ravel() and {names[1]}.ravel()."
        )
    return angles


def as_angles(values: ArrayLike, name: str, *, finite: bool = True) -> np.ndarray:
    """Phases in radians; a complex array is taken as an analytic signal, by its angle."""
    array = unlabeled(values, name)
    if np.iscomplexobj(array):
        if finite:
            require_finite(array, name)
        if not np.all(array):
            raise ValueError(f"{name} is complex and 0 at some samples: it has no phase there.")
        array = np.angle(array)
    return real_array(array, name, finite=finite)
