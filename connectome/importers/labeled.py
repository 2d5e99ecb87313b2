"""A connectome from labeled matrices, as `Connectome.to_xarray` makes them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from isochron.connectome.cells import Cell, cells
from isochron.connectome.importers.vocabulary import CORE_LAYERS
from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import C_ELEGANS

if TYPE_CHECKING:
    import xarray as xr

_SHAPES = {"neuromuscular": ("muscle", "pre")}
_SQUARE = ("post", "pre")


def from_xarray(dataset: "xr.Dataset") -> Connectome:
    """The connectome of labeled matrices.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `Connectome.to_xarray` returns it, or as `isochron connectome export` writes it to
        a .nc file. Variables: chemical, gap and other layers of dimensions (post, pre);
        neuromuscular (muscle, pre); sign, if the connections have signs.

    Raises
    ------
    ValueError
        If it has other dimensions, labels of post and pre differ, or no layer chemical.
    """
    missing = [name for name in ("post", "pre") if name not in dataset.coords]
    if missing or "chemical" not in dataset:
        raise ValueError(
            "These are not the labeled matrices of a connectome: there is no "
            f"{missing[0] if missing else 'chemical'}. Connectome.to_xarray makes such."
        )
    neurons = tuple(map(str, dataset["pre"].values))
    muscles = tuple(map(str, dataset["muscle"].values)) if "muscle" in dataset.coords else ()
    if set(map(str, dataset["post"].values)) != set(neurons):
        raise ValueError("The labels of post and pre are not the same neurons.")
    matrices = {str(name): _matrix(dataset, str(name)) for name in dataset.data_vars}
    species = str(dataset.attrs.get("species", "")) or None
    n = len(neurons)
    return Connectome(
        name=str(dataset.attrs.get("name", "connectome")),
        neurons=neurons,
        muscles=muscles,
        chemical=matrices.pop("chemical"),
        gap=matrices.pop("gap", np.zeros((n, n), dtype=np.int32)),
        neuromuscular=matrices.pop("neuromuscular", np.zeros((len(muscles), n), dtype=np.int32)),
        signs=matrices.pop("sign", None),
        extrasynaptic=matrices,
        cells=tuple(_cell(dataset.sel(pre=name), name, species) for name in neurons),
        species=species,
        source=Source(
            **{key: str(dataset.attrs.get(key, "")) for key in ("doi", "content_sha256")},
            weight_unit=str(dataset.attrs.get("weight_unit", "weight")),
        ),
        history=tuple(filter(None, str(dataset.attrs.get("history", "")).split("; "))),
    )


def _matrix(dataset: "xr.Dataset", name: str) -> np.ndarray:
    dims = _SHAPES.get(name, _SQUARE)
    if set(dataset[name].dims) != set(dims):
        known = ", ".join((*CORE_LAYERS, "sign"))
        raise ValueError(
            f"{name} has the dimensions {dataset[name].dims}, not {dims}. Known variables: "
            f"{known}, and extrasynaptic layers."
        )
    matrix = dataset[name].transpose(*dims)
    return (matrix.sel(post=dataset["pre"].values) if dims == _SQUARE else matrix).values


def _cell(marks: Any, name: str, species: str | None) -> Cell:
    """The cell of the table of *C. elegans*, or what the coordinates state."""
    kind = str(marks["cell_type"].values) if "cell_type" in marks.coords else "unknown"
    table = cells().get(name) if species == C_ELEGANS else None
    if table is not None and table.type == kind:
        return table
    place = marks["position"].values if "position" in marks.coords else np.full(3, np.nan)
    position = None if np.isnan(place).any() else tuple(map(float, place))
    group = str(marks["cell_class"].values) if "cell_class" in marks.coords else name
    return Cell(name, group, kind, position=position)  # type: ignore[arg-type]
