"""simulate_body(): from muscles, or from a prescribed curvature, to the motion of a body."""

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.real_numbers import require_real
from isochron.sims.body.parameters import BodyParameters, require_positive
from isochron.sims.muscles import compute_bending

Array = np.ndarray
N_ROWS = 24  # of muscles in each quadrant of C. elegans


def joint_positions(n_links: int) -> Array:
    """Positions of the joints, shape (n_links - 1,), in body lengths from the head."""
    return np.arange(1, n_links) / n_links


def row_positions(rows: Any) -> Array:
    """Positions of the centers of rows of muscles (from 1), in body lengths from the head."""
    return (np.asarray(rows, dtype=float) - 0.5) / N_ROWS


def interpolation_matrix(positions: Array, places: Array) -> Array:
    """Linear interpolation from `positions` to `places`, constant beyond the ends.

    Returns
    -------
    ndarray, shape (n_places, n_positions)
    """
    return np.stack([np.interp(places, positions, unit) for unit in np.eye(len(positions))], axis=1)


def simulate_body(
    drive: xr.Dataset | xr.DataArray,
    body: BodyParameters | None = None,
    *,
    step_ms: float = 8.0,
    record_every_ms: float = 40.0,
    initial_angles: Any = None,
) -> xr.Dataset:
    """Motion of a body under its muscles, or under a prescribed curvature.

    Nothing of the motion returns to the muscles; for the closed loop see `simulate_worm`.

    Parameters
    ----------
    drive : xarray.Dataset or xarray.DataArray
        Result of `simulate_muscles`; or the preferred curvature (time, position) in 1/mm, positive
        to the dorsal side, with times in ms and positions in body lengths from the head. It is
        linear between samples.
    body : BodyParameters, optional
        Body and medium.
    step_ms : float
        Time step, ms. The step is of order 2.
    record_every_ms : float
        Time between recorded samples, ms, rounded to a whole number of steps.
    initial_angles : array_like, shape (n_links,), optional
        Angles of the links at the first time, in radians, from the head; straight by default. The
        direction of a link is from its front to its rear.

    Returns
    -------
    xarray.Dataset
        ``x`` and ``y`` (time, node) in mm, nodes from the head to the tail, and ``curvature``
        (time, joint) in 1/mm.

    Raises
    ------
    ValueError
        If the drive is not finite, has fewer than two times, or an argument is out of range.
    TypeError
        If the drive is neither a Dataset nor a DataArray.

    Examples
    --------
    A wave that travels from head to tail moves a stiff body forward, to the head. With K = 40, it
    slips little:

    >>> import xarray as xr
    >>> time, position = np.arange(0, 5001, 20.0), np.linspace(0, 1, 33)
    >>> wave = 4 * np.sin(2 * np.pi * (0.4 * time[:, None] / 1e3 - position / 0.65))
    >>> drive = xr.DataArray(
    ...     wave, dims=("time", "position"), coords={"time": time, "position": position}
    ... )
    >>> run = sims.simulate_body(drive, sims.BodyParameters(stiffness=10.0))
    >>> gait = sims.describe_gait(run)
    >>> print(f"{gait.frequency_Hz:.1f} Hz, {gait.wavelength:.2f} L, {gait.speed:.1f} mm/s")
    0.4 Hz, 0.65 L, 0.2 mm/s
    """
    from isochron.sims.body.chain import chain_of, move

    body = BodyParameters() if body is None else body
    require_positive(step_ms=step_ms, record_every_ms=record_every_ms)
    times, preferred = _preferred_curvature(drive, body)
    n_steps = math.floor((times[-1] - times[0]) / step_ms * (1 + 1e-12))
    every = max(1, round(record_every_ms / step_ms))
    if n_steps < every:
        raise ValueError(
            f"The drive lasts {times[-1] - times[0]:g} ms, less than one sample of "
            f"{every * step_ms:g} ms. Lower record_every_ms, or give a longer drive."
        )
    angles = _checked_angles(initial_angles, body.n_links)
    poses = np.empty((n_steps // every + 1, body.n_links + 2))
    poses[0] = [0, 0, *angles]
    middles = times[0] + (np.arange(n_steps) + 0.5) * step_ms
    between = np.stack([np.interp(middles, times, column) for column in preferred.T], axis=1)
    move(chain_of(body), np.zeros(2), angles, between, step_ms * 1e-3, every, poses[1:])
    if not np.isfinite(poses).all():
        raise ValueError(
            f"The body does not stay finite at a step of {step_ms:g} ms. Lower step_ms."
        )
    return body_dataset(
        times[0] + np.arange(len(poses)) * every * step_ms, poses, body
    ).assign_attrs(step_ms=step_ms)


def body_dataset(times: Array, poses: Array, body: BodyParameters) -> xr.Dataset:
    """Dataset of a body from its poses: head x, head y (mm) and angles, shape (n_times, N + 2)."""
    dataset = bodies_dataset(times, poses, body.link_length, ("time",))
    return dataset.assign_attrs(
        {
            "body": json.dumps(asdict(body)),
            "body_length_mm": float(body.length),
            "isochron_version": __version__,
        }
    )


def bodies_dataset(
    times: Array, poses: Array, link_length: Any, dimensions: tuple[str, ...]
) -> xr.Dataset:
    """Dataset of bodies from their poses, shape (..., n_times, N + 2), over named dimensions."""
    angles = poses[..., 2:]
    n = angles.shape[-1]
    found = {"units": "1/mm", "long_name": "curvature, positive to the dorsal side"}
    variables: dict[str, Any] = {
        "curvature": ((*dimensions, "joint"), np.diff(angles) / link_length, found)
    }
    for k, (name, component) in enumerate((("x", np.cos(angles)), ("y", np.sin(angles)))):
        steps = np.concatenate([poses[..., k : k + 1], component * link_length], axis=-1)
        variables[name] = ((*dimensions, "node"), np.cumsum(steps, axis=-1), {"units": "mm"})
    return xr.Dataset(
        variables,
        coords={
            "time": ("time", times, {"units": "ms"}),
            "node": ("node", np.arange(n + 1) / n, {"units": "body length"}),
            "joint": ("joint", joint_positions(n), {"units": "body length"}),
        },
    )


def _preferred_curvature(drive: Any, body: BodyParameters) -> tuple[Array, Array]:
    """Times, and the preferred curvature of each joint, (time, joint)."""
    if isinstance(drive, xr.Dataset):
        bending = compute_bending(drive)
        values = body.curvature_gain * bending.values
        positions = row_positions(bending["row"].values)
    elif isinstance(drive, xr.DataArray):
        if set(drive.dims) != {"time", "position"}:
            raise ValueError(
                f"The curvature must have dimensions (time, position), got {drive.dims}."
            )
        values = drive.transpose("time", "position").values.astype(float)
        positions = drive["position"].values.astype(float)
        if len(positions) < 2 or not np.all(np.diff(positions) > 0):
            raise ValueError("The positions of the curvature must be two or more and increase.")
    else:
        raise TypeError(
            "The drive must be the result of simulate_muscles or a DataArray of curvatures, got "
            f"{type(drive).__name__}."
        )
    times = drive["time"].values.astype(float)
    if len(times) < 2 or not np.all(np.diff(times) > 0):
        raise ValueError("The times of the drive must be two or more and increase.")
    if not np.isfinite(values).all():
        raise ValueError("The drive contains values that are not finite.")
    return times, values @ interpolation_matrix(positions, joint_positions(body.n_links)).T


def _checked_angles(angles: Any, n_links: int) -> Array:
    require_real("initial_angles", angles)
    found = np.zeros(n_links) if angles is None else np.array(angles, dtype=float)
    if found.shape != (n_links,) or not np.isfinite(found).all():
        raise ValueError(
            f"initial_angles must be {n_links} finite numbers, one for each link, got shape "
            f"{found.shape}."
        )
    return found
