"""Classes of pairs of neurons; a null model preserves the number of connections of each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.model import Connectome
from isochron.real_numbers import require_real
from isochron.wording import counted, shown


def all_alike(connectome: Connectome) -> np.ndarray:
    """One class for every pair, shape (n, n)."""
    return np.zeros((len(connectome.neurons),) * 2, dtype=np.int64)


def by_distance(connectome: Connectome, bin_um: float, positions: ArrayLike | None) -> np.ndarray:
    """The bin of the distance between two somata, shape (n, n), symmetric.

    Raises
    ------
    ValueError
        If `bin_um` is not positive, or a neuron does not have a position.
    """
    if not 0 < bin_um < np.inf:
        raise ValueError(f"bin_um must be positive and finite (in um), got {shown(bin_um)}.")
    places = _places(connectome, positions)
    length = np.sqrt(((places[:, None] - places[None, :]) ** 2).sum(axis=-1))
    return (length // bin_um).astype(np.int64)


def by_group(connectome: Connectome, groups: Sequence[str] | None) -> np.ndarray:
    """The ordered pair of groups, ``[post, pre]``, shape (n, n).

    Raises
    ------
    ValueError
        If there is not one group for each neuron, or no type is known.
    """
    labels = [cell.type for cell in connectome.cells] if groups is None else list(groups)
    if groups is None and set(labels) == {"unknown"}:
        raise ValueError(
            f"No type of a neuron of {connectome.name} is known (species "
            f"{connectome.species or 'not given'}), so there are no groups. Give groups, or types "
            "when you make the connectome."
        )
    if len(labels) != len(connectome.neurons):
        raise ValueError(
            f"groups must have one label for each of the {len(connectome.neurons)} neurons of "
            f"{connectome.name}, in their order, got {len(labels)}."
        )
    _, number = np.unique(np.array(labels, dtype=str), return_inverse=True)
    return number[:, None] * (number.max(initial=0) + 1) + number[None, :]


def of_unordered(kind: np.ndarray) -> np.ndarray:
    """Classes of unordered pairs from those of ordered ones, shape (n, n), symmetric."""
    return np.minimum(kind, kind.T)


def _places(connectome: Connectome, positions: ArrayLike | None) -> np.ndarray:
    if positions is not None:
        require_real("positions", positions)
        places = np.asarray(positions, dtype=float)
        if places.shape != (len(connectome.neurons), 3) or not np.isfinite(places).all():
            raise ValueError(
                f"positions must be finite, one (x, y, z) in um for each of the "
                f"{len(connectome.neurons)} neurons of {connectome.name}, got shape {places.shape}."
            )
        return places
    missing = [cell.name for cell in connectome.cells if cell.position is None]
    if missing:
        raise ValueError(
            f"{connectome.name}: the position of {counted(len(missing), 'neuron')} is not "
            f"known, such as {', '.join(missing[:3])}. Give positions, or remove the neurons: "
            "connectome.ablate(...)."
        )
    return np.array([cell.position for cell in connectome.cells], dtype=float).reshape(-1, 3)
