"""Where units are drawn: neurons along the worm, others on a plane."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from isochron.analysis import principal_components
from isochron.connectome import cells
from isochron.connectome.cell_shapes import CellShapes, load_cell_shapes

Array = np.ndarray
BIN_UM = 20.0


@dataclass(frozen=True, eq=False)
class Midline:
    """The curve along which the published shapes lie; the animal was not straight.

    Attributes
    ----------
    points : ndarray, shape (m, 2)
        Position along the body and dorsoventral position, µm.
    arc : ndarray, shape (m,)
        Length from the head, as a fraction of the whole.
    length : float
        In µm.
    """

    points: Array
    arc: Array
    length: float


@cache
def midline() -> Midline:
    """Middle between the dorsal and the ventral processes, in slices of the body, smoothed."""
    shapes = load_cell_shapes()
    y, z = shapes.points[:, 1], shapes.points[:, 2]
    edges = np.arange(y.min(), y.max() + BIN_UM, BIN_UM)
    slices = [z[(y >= low) & (y < low + BIN_UM)] for low in edges[:-1]]
    middles = [np.percentile(part, [2, 98]).mean() for part in slices]
    fine = np.linspace(edges[0], edges[-1], 401)
    heights = np.interp(fine, (edges[:-1] + edges[1:]) / 2, middles)
    points = np.stack([fine, _smoothed(heights)], axis=1)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    return Midline(points, arc / arc[-1], float(arc[-1]))


def _smoothed(values: Array) -> Array:
    """Running mean over 50 µm, twice; the ends are continued by their value."""
    width = 25
    for _ in range(2):
        padded = np.pad(values, width // 2, mode="edge")
        values = np.convolve(padded, np.ones(width) / width, mode="valid")
    return values


def straightened(points: Array) -> Array:
    """Points in µm in the coordinates of a straight body that is 1 mm long.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
        As `Cell.position`.

    Returns
    -------
    ndarray, shape (n, 3)
        Fraction of the body from the head; to the left and to the dorsal side, in body lengths.
    """
    from scipy.spatial import KDTree

    line = midline()
    flat = points[:, 1:]
    nearest = KDTree(line.points).query(flat)[1]
    tangent = np.gradient(line.points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    along, gap = tangent[nearest], flat - line.points[nearest]
    place = line.arc[nearest] + (gap * along).sum(axis=1) / line.length
    dorsal = along[:, 0] * gap[:, 1] - along[:, 1] * gap[:, 0]
    scaled = np.stack([points[:, 0], dorsal], axis=1) / line.length
    return np.column_stack([np.clip(place, 0, 1), scaled])


@cache
def worm_shapes() -> tuple[CellShapes, Array]:
    """The shapes, and their points on the straight body."""
    shapes = load_cell_shapes()
    return shapes, straightened(shapes.points)


def worm_places(names: Sequence[str]) -> Array | None:
    """Somata on the straight body, NaN where not known; None if most names are not neurons."""
    table = cells()
    known = [table[name].position if name in table else None for name in names]
    there = np.array([place is not None for place in known])
    if there.mean() < 0.5:
        return None
    found = np.full((len(names), 3), np.nan)
    found[there] = straightened(np.array([place for place in known if place is not None]))
    return found


def plane_places(activity: Array, weights: Array | None = None) -> Array:
    """Units on a plane: by their loadings on two main components, or by their connections.

    Units that do not move are on a grid.

    Parameters
    ----------
    activity : ndarray, shape (n_times, n)
    weights : ndarray, shape (n, n), optional
        Connections; if given, units that are connected strongly are near each other.

    Returns
    -------
    ndarray, shape (n, 3)
        Between -0.5 and 0.5; the last coordinate is 0.
    """
    n = activity.shape[1]
    flat = np.zeros((n, 2))
    if weights is not None and n > 2:
        flat = _spectral_places(weights)
    elif len(activity) > 1 and np.ptp(activity, axis=0).any():
        _, components = principal_components(activity)
        found = components[:2].T
        flat[:, : found.shape[1]] = found
    if not np.ptp(flat):
        flat = np.stack(np.divmod(np.arange(n), math.ceil(math.sqrt(n)))[::-1], axis=1) * 1.0
        return np.column_stack([*map(_stretched, flat.T), np.zeros(n)])
    spread = np.apply_along_axis(_evened, 0, flat)
    return np.column_stack([spread, np.zeros(n)])


def _spectral_places(weights: Array) -> Array:
    """Eigenvectors 2 and 3 of the normalized Laplacian of the undirected graph."""
    strength = np.abs(weights) + np.abs(weights).T
    np.fill_diagonal(strength, 0)
    strength = strength + 1e-3 * strength.mean()  # so that parts that are apart have a place
    root = 1 / np.sqrt(np.maximum(strength.sum(axis=1), 1e-300))
    _, vectors = np.linalg.eigh(-root[:, None] * strength * root)
    return (root[:, None] * vectors)[:, 1:3]


def _evened(values: Array) -> Array:
    """Values between -0.5 and 0.5, halfway between their size and their rank, to fill the plane."""
    sized = _stretched(values)
    ranked = np.argsort(np.argsort(values, kind="stable")) / max(1, len(values) - 1) - 0.5
    return (sized + ranked) / 2


def _stretched(values: Array) -> Array:
    """Values between -0.5 and 0.5 in the same proportions; 0 if they are all the same."""
    width = np.ptp(values)
    return (values - values.min()) / width - 0.5 if width else np.zeros(len(values))
