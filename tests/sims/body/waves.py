"""Prescribed waves of curvature, and a dense formulation of the mechanics to compare with."""

import numpy as np
import xarray as xr


def wave(amplitude, frequency_Hz, wavelength, duration_s, *, direction=1, every_ms=4.0):
    """Preferred curvature that travels from head to tail (1), tail to head (-1), or stands (0)."""
    time = np.arange(0, duration_s * 1e3 + 1, every_ms)
    place = np.linspace(0, 1, 193)
    t, s = 2 * np.pi * frequency_Hz * time[:, None] / 1e3, 2 * np.pi * place / wavelength
    values = np.sin(t - direction * s) if direction else np.sin(t) * np.sin(s + 0 * t)
    return xr.DataArray(
        amplitude * values, dims=("time", "position"), coords={"time": time, "position": place}
    )


def drag_matrix(angles, chain):
    """D as the sum over links of J' C J and the drag of their rotation."""
    n, length = angles.size, chain.link
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    total = np.zeros((n + 2, n + 2))
    for k in range(n):
        jacobian = np.zeros((2, n + 2))
        jacobian[:, :2] = np.eye(2)
        jacobian[:, 2 : 2 + k] = length * normal[:k].T
        jacobian[:, 2 + k] = length / 2 * normal[k]
        drag = chain.tangential * np.outer(along[k], along[k])
        drag = length * (drag + chain.normal * np.outer(normal[k], normal[k]))
        total += jacobian.T @ drag @ jacobian
        total[2 + k, 2 + k] += chain.normal * length**3 / 12
    return total


def differences(n):
    """From angles of n links to their differences at the joints, shape (n - 1, n + 2)."""
    return np.eye(n - 1, n + 2, 3) - np.eye(n - 1, n + 2, 2)
