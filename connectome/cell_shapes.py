"""Shapes of the neurons of the hermaphrodite: where their processes run."""

from dataclasses import dataclass

import numpy as np

from isochron.connectome.datasets import vendored_arrays

STEP_UM = 0.05
DIAMETER_STEP_UM = 0.1


@dataclass(frozen=True, eq=False)
class CellShapes:
    """Processes of neurons as polylines.

    Attributes
    ----------
    neurons : tuple of str
        Names.
    neuron : ndarray of int, shape (n_lines,)
        Index in `neurons` of each polyline; the lines of a neuron follow each other.
    length : ndarray of int, shape (n_lines,)
        Number of points of each polyline, at least 2.
    points : ndarray, shape (n_points, 3)
        Points of all polylines, one after the other, in µm: x grows to the left, y from head
        to tail, z from ventral to dorsal, as in `Cell.position`.
    diameters : ndarray, shape (n_points,)
        Diameters in µm.
    soma_diameters : ndarray, shape (n_neurons,)
        Diameters of the somata in µm.
    """

    neurons: tuple[str, ...]
    neuron: np.ndarray
    length: np.ndarray
    points: np.ndarray
    diameters: np.ndarray
    soma_diameters: np.ndarray


def load_cell_shapes() -> CellShapes:
    """Shapes of the 302 neurons of the hermaphrodite (Virtual Worm, in NeuroML by OpenWorm).

    Raises
    ------
    ValueError
        If the file is not the one that was shipped.
    """
    arrays = vendored_arrays("cell_shapes")
    return CellShapes(
        neurons=tuple(arrays["neurons"].tolist()),
        neuron=arrays["neuron"].astype(int),
        length=arrays["length"].astype(int),
        points=STEP_UM * np.cumsum(arrays["points"], axis=0, dtype=int),
        diameters=DIAMETER_STEP_UM * arrays["diameters"],
        soma_diameters=DIAMETER_STEP_UM * arrays["soma_diameters"],
    )
