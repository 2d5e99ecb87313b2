"""A connectome as a table, a graph, labeled matrices, or a file."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isochron.connectome.model import Connectome
from isochron.files import write_bytes

_VARIABLES = {
    *("chemical", "gap", "neuromuscular", "sign", "signs", "post", "pre", "muscle", "axis"),
    *("cell_class", "cell_type", "position"),
}

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import xarray as xr


class Connection(NamedTuple):
    """One connection. A gap junction is listed once, with the names in the order of neurons.

    Attributes
    ----------
    pre, post : str
        Sender and receiver.
    layer : str
        One of `Connectome.layers`.
    weight : float
        In the unit of the connectome.
    sign : int or None
        None if no sign rule has been applied; 0 for a connection that the rule has left
        without a sign, and in layers other than chemical.
    """

    pre: str
    post: str
    layer: str
    weight: float
    sign: int | None


def connections(connectome: Connectome) -> Iterator[Connection]:
    """Every connection of a connectome, layer by layer."""
    for layer in connectome.layers:
        weights = connectome.layer(layer)
        posts = connectome.muscles if layer == "neuromuscular" else connectome.neurons
        if layer == "gap":
            weights = np.triu(weights).T
        for i, j in np.argwhere(weights):
            sign = None
            if connectome.signs is not None:
                sign = int(connectome.signs[i, j]) if layer == "chemical" else 0
            yield Connection(connectome.neurons[j], posts[i], layer, weights[i, j].item(), sign)


def to_pandas(connectome: Connectome) -> "pd.DataFrame":
    """Columns pre, post, layer, weight, sign, as `connections`.

    The sign is a nullable integer, missing if no sign rule has been applied.
    """
    import pandas as pd

    table = pd.DataFrame(list(connections(connectome)), columns=list(Connection._fields))
    return table.astype({"sign": "Int64"})


def to_networkx(connectome: Connectome) -> "nx.MultiDiGraph":
    """A graph with an edge from sender to receiver for each connection.

    Edges have the attributes layer, weight and, if a sign rule has been applied, sign. A gap
    junction is a pair of edges, one each way, so that a walk may pass it in both directions;
    one of a neuron with itself is a single edge. Nodes have kind (neuron or muscle), class
    and type. The graph has name, weight_unit, species (empty if it is not known) and the
    names of extrasynaptic layers.
    """
    import networkx as nx

    graph = nx.MultiDiGraph(
        name=connectome.name,
        weight_unit=connectome.source.weight_unit,
        species=connectome.species or "",
        extrasynaptic=_as_text(tuple(connectome.extrasynaptic)),
    )
    for cell in connectome.cells:
        graph.add_node(cell.name, kind="neuron", cell_class=cell.cell_class, type=cell.type)
    graph.add_nodes_from(connectome.muscles, kind="muscle")
    for pre, post, layer, weight, sign in connections(connectome):
        marks = {"layer": layer, "weight": weight} | ({} if sign is None else {"sign": sign})
        graph.add_edge(pre, post, **marks)
        if layer == "gap" and pre != post:
            graph.add_edge(post, pre, **marks)
    return graph


def _as_text(names: tuple[str, ...]) -> str:
    """Names between commas, or a JSON list if one contains a comma."""
    plain = not any("," in name or name.startswith("[") for name in names)
    return ", ".join(names) if plain else json.dumps(names)


def to_xarray(connectome: Connectome) -> "xr.Dataset":
    """Layers as variables: (post, pre), and (muscle, pre) for neuromuscular.

    Class, type and position of the presynaptic neurons are coordinates; the unit, the
    source and the history are attributes. Extrasynaptic layers have the attribute `layer`.

    Raises
    ------
    ValueError
        If an extrasynaptic layer has the name of a variable or coordinate, such as ``sign``.
    """
    import xarray as xr

    taken = sorted(_VARIABLES & set(connectome.extrasynaptic))
    if taken:
        raise ValueError(
            f"{connectome.name} has a layer {taken[0]!r}, which is the name of a variable or "
            "coordinate of labeled matrices. Rename the layer."
        )
    square = ("post", "pre")
    variables = {
        "chemical": (square, connectome.chemical),
        "gap": (square, connectome.gap),
        "neuromuscular": (("muscle", "pre"), connectome.neuromuscular),
    }
    marks = {"layer": "extrasynaptic"}
    further = {
        name: (square, weights.copy(), marks) for name, weights in connectome.extrasynaptic.items()
    }
    if connectome.signs is not None:
        variables["sign"] = (square, connectome.signs)
    places = [cell.position or (np.nan,) * 3 for cell in connectome.cells]
    return xr.Dataset(
        {name: (dims, values.copy()) for name, (dims, values) in variables.items()} | further,
        coords={
            "post": list(connectome.neurons),
            "pre": list(connectome.neurons),
            "muscle": np.array(connectome.muscles, dtype=str),
            "axis": ["x", "y", "z"],
            "cell_class": ("pre", [cell.cell_class for cell in connectome.cells]),
            "cell_type": ("pre", [cell.type for cell in connectome.cells]),
            "position": (("pre", "axis"), np.array(places).reshape(-1, 3), {"units": "µm"}),
        },
        attrs={
            "name": connectome.name,
            "species": connectome.species or "",
            "weight_unit": connectome.source.weight_unit,
            "doi": connectome.source.doi,
            "content_sha256": connectome.source.content_sha256,
            "history": "; ".join(connectome.history),
        },
    )


def write_csv(connectome: Connectome, path: str | os.PathLike) -> None:
    """Write `connections` with a header line; `connectome.from_csv` reads it back.

    Cells without a connection, the species and the names of layers that are not known
    (``extrasynaptic=`` of `from_csv`) are not in such a file. The sign is empty if no sign rule
    has been applied.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` is left as it was.
    """
    write_bytes(Path(path), to_pandas(connectome).to_csv(index=False, lineterminator="\n").encode())


def write_graphml(connectome: Connectome, path: str | os.PathLike) -> None:
    """Write `to_networkx` as GraphML; `connectome.from_graphml` reads it back.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` is left as it was.
    """
    import networkx as nx

    buffer = io.BytesIO()
    nx.write_graphml_xml(to_networkx(connectome), buffer)
    write_bytes(Path(path), buffer.getvalue())
