"""A connectome from labeled matrices, as `Connectome.to_xarray` makes them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isochron.arguments import require_instance
from isochron.connectome.cells import Cell, cells
from isochron.connectome.gap_junctions import UnequalGap
from isochron.connectome.importers.assembly import INFER
from isochron.connectome.importers.cell_text import read_cells
from isochron.connectome.importers.matrices import from_matrices
from isochron.connectome.importers.vocabulary import (
    CORE_LAYERS,
    check_extrasynaptic,
    plain,
    read_cell_type,
    read_layer,
)
from isochron.connectome.model import Connectome, Source

if TYPE_CHECKING:
    import xarray as xr

_SQUARE, _ONTO_MUSCLES = ("post", "pre"), ("muscle", "pre")
_SIGNS = ("sign", "signs")


def from_xarray(
    dataset: "xr.Dataset",
    *,
    extrasynaptic: Iterable[str] = (),
    signs: Literal["from_weights"] | None = None,
    unequal_gap: UnequalGap = "error",
    species: str | None = INFER,
) -> Connectome:
    """Make a connectome from labeled matrices.

    Parameters
    ----------
    dataset : xarray.Dataset
        As `Connectome.to_xarray` returns it, or as `isochron connectome export` writes it to
        a .nc file. Variables: chemical, gap and other layers, in any word that `from_csv` knows
        (``electrical`` is gap), of dimensions (post, pre); neuromuscular (muscle, pre); sign or
        signs, if the connections have signs.
    extrasynaptic : iterable of str
        Names of further layers of signaling without synapses; those that `to_xarray` writes are
        marked as such.
    signs, unequal_gap
        As for `from_matrices`; signs of the dataset are its variable sign.
    species : str or None
        ``"infer"``: that of the attribute `species` (empty: not known), or, without one, as the
        names show. Names of C. elegans become canonical.

    Returns
    -------
    Connectome
        Its name, unit of the weights and facts of neurons are those of the attributes.

    Raises
    ------
    ValueError
        If it has other dimensions, labels of post and pre differ, the layer chemical is missing,
        a variable is not a layer, or two variables are the same layer; and as `from_matrices`.

    Examples
    --------
    >>> worm = connectome.load("varshney2011")
    >>> copy = connectome.from_xarray(worm.to_xarray())
    >>> int(abs(copy.chemical - worm.chemical).max()), copy.cells == worm.cells
    (0, True)
    """
    import xarray as xr

    require_instance("dataset", dataset, xr.Dataset, "graph.to_xarray()")
    missing = [name for name in ("post", "pre") if name not in dataset.coords]
    if missing:
        raise ValueError(_NOT_LABELED.format(missing[0]))
    written = tuple(map(str, dataset["pre"].values))
    if sorted(map(str, dataset["post"].values)) != sorted(written):
        raise ValueError("The labels of post and pre are not the same neurons.")
    if twice := [name for name in written if written.count(name) > 1]:
        raise ValueError(f"The neuron {twice[0]!r} is named twice.")
    matrices = _layers(dataset, check_extrasynaptic(extrasynaptic))
    if signs is not None and "sign" in matrices:
        raise ValueError(f"The dataset states its signs, so signs={signs!r} must not be given.")
    if "chemical" not in matrices:
        raise ValueError(_NOT_LABELED.format("chemical"))
    attributes = {key: str(value) for key, value in dataset.attrs.items()}
    if species == INFER and "species" in attributes:
        species = attributes["species"] or None
    connectome = from_matrices(
        written,
        matrices.pop("chemical"),
        matrices.pop("gap", None),
        matrices.pop("neuromuscular", None),
        rows="postsynaptic",
        muscles=map(str, dataset["muscle"].values) if "muscle" in dataset.coords else (),
        signs=matrices.pop("sign", None) if signs is None else signs,
        unequal_gap=unequal_gap,
        extrasynaptic=matrices,
        types=_types(dataset, written),
        species=species,
        name=attributes.get("name", "connectome"),
        weight_unit=attributes.get("weight_unit", "weight"),
    )
    facts = {key: attributes.get(key, "") for key in ("doi", "content_sha256")}
    history = filter(None, attributes.get("history", "").split("; "))
    known = [_cell(cell, dataset.isel(pre=i)) for i, cell in enumerate(connectome.cells)]
    return replace(
        connectome,
        cells=read_cells(attributes.get("cells", ""), known, where="labeled matrices"),
        source=Source(**facts, weight_unit=connectome.source.weight_unit),
        history=(*history, *connectome.history),
    )


_NOT_LABELED = (
    "These are not the labeled matrices of a connectome: {} is missing. Connectome.to_xarray "
    "makes labeled matrices."
)


def _layers(dataset: "xr.Dataset", declared: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Matrices by layer, and the signs as ``sign``."""
    found: dict[str, str] = {}
    for name in map(str, dataset.data_vars):
        marked = (name,) if dataset[name].attrs.get("layer") == "extrasynaptic" else ()
        layer = "sign"
        if marked or plain(name) not in _SIGNS:
            layer = read_layer(name, extrasynaptic=(*declared, *marked), where="labeled matrices")
        if layer in found:
            raise ValueError(
                f"The variables {found[layer]!r} and {name!r} are both the {layer} "
                f"{'of the connections' if layer == 'sign' else 'layer'}; leave one out."
            )
        found[layer] = name
    return {layer: _matrix(dataset, name, layer) for layer, name in found.items()}


def _matrix(dataset: "xr.Dataset", name: str, layer: str) -> np.ndarray:
    dims = _ONTO_MUSCLES if layer == "neuromuscular" else _SQUARE
    if set(dataset[name].dims) != set(dims):
        known = ", ".join((*CORE_LAYERS, "sign"))
        raise ValueError(
            f"{name} has the dimensions {dataset[name].dims}, not {dims}. Known variables: "
            f"{known}, and extrasynaptic layers."
        )
    matrix = dataset[name].transpose(*dims)
    return (matrix.sel(post=dataset["pre"].values) if dims == _SQUARE else matrix).values


def _types(dataset: "xr.Dataset", names: tuple[str, ...]) -> Mapping[str, str]:
    if "cell_type" not in dataset.coords:
        return {}
    words = dataset["cell_type"].values
    return {
        name: read_cell_type(word, where=f"cell_type of {name}")
        for name, word in zip(names, words, strict=True)
    }


def _cell(cell: Cell, marks: Any) -> Cell:
    """The cell of the table of C. elegans, or what the coordinates state."""
    if cell == cells().get(cell.name):
        return cell
    place = marks["position"].values if "position" in marks.coords else np.full(3, np.nan)
    position = (
        None if np.isnan(place).any() else (float(place[0]), float(place[1]), float(place[2]))
    )
    group = str(marks["cell_class"].values) if "cell_class" in marks.coords else cell.name
    return replace(cell, cell_class=group, position=position)
