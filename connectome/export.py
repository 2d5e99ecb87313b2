"""A connectome as a table, a graph, labeled matrices, or a file."""

import io
import json
import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isochron.connectome.cells import Cell, cells
from isochron.connectome.importers.assembly import describe_cells
from isochron.connectome.importers.cell_text import write_cells
from isochron.connectome.importers.stated import facts_to_state
from isochron.connectome.model import Connectome, check_connectome
from isochron.connectome.signs import say
from isochron.connectome.table_text import table_text
from isochron.files import write_bytes
from isochron.wording import counted

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
    check_connectome(connectome)
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
    check_connectome(connectome)
    import pandas as pd

    table = pd.DataFrame(list(connections(connectome)), columns=list(Connection._fields))
    return table.astype({"sign": "Int64"})


def to_networkx(connectome: Connectome) -> "nx.MultiDiGraph":
    """A graph with an edge from sender to receiver for each connection.

    Edges have the attributes layer, weight and, if a sign rule has been applied, sign. A gap
    junction is a pair of edges, one each way, so that a walk may pass it in both directions;
    one of a neuron with itself is a single edge. Nodes have kind (neuron or muscle), class
    and type. The graph has name, weight_unit, species (empty if it is not known) and the
    names of extrasynaptic layers; and, where class and type do not state all that is known of
    a neuron, the other facts as a JSON list (cells).
    """
    check_connectome(connectome)
    import networkx as nx

    graph = nx.MultiDiGraph(
        name=connectome.name,
        weight_unit=connectome.source.weight_unit,
        species=connectome.species or "",
        extrasynaptic=_as_text(tuple(connectome.extrasynaptic)),
    )
    if told := write_cells(connectome.cells, _known_by_class_and_type(connectome)):
        graph.graph["cells"] = told
    for cell in connectome.cells:
        graph.add_node(cell.name, kind="neuron", cell_class=cell.cell_class, type=cell.type)
    graph.add_nodes_from(connectome.muscles, kind="muscle")
    for pre, post, layer, weight, sign in connections(connectome):
        marks = {"layer": layer, "weight": weight} | ({} if sign is None else {"sign": sign})
        graph.add_edge(pre, post, **marks)
        if layer == "gap" and pre != post:
            graph.add_edge(post, pre, **marks)
    return graph


def _known_by_class_and_type(connectome: Connectome) -> tuple[Cell, ...]:
    """The cells of a reader who knows names, species, classes and types."""
    types = {cell.name: cell.type for cell in connectome.cells}
    classes = {cell.name: cell.cell_class for cell in connectome.cells}
    return describe_cells(connectome.neurons, connectome.species, types, classes)


def _as_text(names: tuple[str, ...]) -> str:
    """Names between commas, or a JSON list if one contains a comma."""
    plain = not any("," in name or name.startswith("[") for name in names)
    return ", ".join(names) if plain else json.dumps(names)


def to_xarray(connectome: Connectome) -> "xr.Dataset":
    """Layers as variables: (post, pre), and (muscle, pre) for neuromuscular.

    Class, type and position of the presynaptic neurons are coordinates; the unit, the
    source, the history and, as a JSON list, other facts of the neurons (cells) are attributes.
    Extrasynaptic layers have the attribute `layer`.

    Raises
    ------
    ValueError
        If an extrasynaptic layer has the name of a variable or coordinate, such as ``sign``.
    """
    check_connectome(connectome)
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
    told = write_cells(connectome.cells, _known_by_coordinates(connectome))
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
        }
        | ({"cells": told} if told else {}),
    )


def _known_by_coordinates(connectome: Connectome) -> tuple[Cell, ...]:
    """The cells of a reader who knows names, species, classes, types and positions."""
    table = cells()
    return tuple(
        known if known == table.get(known.name)
        else replace(known, cell_class=cell.cell_class, position=cell.position)
        for known, cell in zip(
            describe_cells(
                connectome.neurons,
                connectome.species,
                {cell.name: cell.type for cell in connectome.cells},
            ),
            connectome.cells,
            strict=True,
        )
    )  # fmt: skip


def write_csv(connectome: Connectome, path: str | os.PathLike) -> None:
    """Write a table of connections; `connectome.from_csv` reads it back.

    The columns are pre, post, layer, weight and sign (empty without a sign rule); and, if a reader
    could not know them, the cell types (``pre_type``, ``post_type``), the unit of the weights
    (``weight_unit``) and the species (``species``; ``not known``). A name that a spreadsheet would
    execute as a formula, such as ``=A1``, is in single quotes, which `from_csv` removes.

    Such a file does not contain the order of the cells, provenance, history, or names of new
    layers, which `from_csv` asks for (``extrasynaptic=``). A warning is logged if cells without a
    connection are lost, or facts of neurons such as transmitters; `write_graphml` writes them.

    Parameters
    ----------
    connectome : Connectome
        Connectome to write.
    path : str or path
        File to write, replaced if it exists.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file stays unchanged.

    Examples
    --------
    >>> chemical = [[0, 0], [3, 0]]
    >>> pair = connectome.from_matrices(["A", "B"], chemical, rows="postsynaptic")
    >>> connectome.write_csv(pair, "pair.csv")
    >>> from pathlib import Path
    >>> print(Path("pair.csv").read_text())
    pre,post,layer,weight,sign
    A,B,chemical,3,
    """
    check_connectome(connectome)
    table = to_pandas(connectome)
    names = dict.fromkeys([*table["pre"], *table["post"]])
    known = describe_cells(connectome.neurons, connectome.species, {})
    pairs = [(cell, other) for cell, other in zip(connectome.cells, known, strict=True)]
    typed = any(cell.type != other.type for cell, other in pairs)
    for column, fact in facts_to_state(connectome, names, types=typed).items():
        end = column.removesuffix("_type")
        table[column] = (
            fact if isinstance(fact, str) else [fact.get(name, "") for name in table[end]]
        )
    write_bytes(Path(path), table_text(table).encode())
    if lost := [*_unconnected(connectome, names), *_facts_of_cells(connectome, typed)]:
        say([f"{path} does not contain {'; nor '.join(lost)}. write_graphml writes them."])


def _unconnected(connectome: Connectome, names: Container[str]) -> Iterator[str]:
    """Cells that a list of connections does not contain."""
    for what, cells_here in (("neuron", connectome.neurons), ("muscle", connectome.muscles)):
        lost = [name for name in cells_here if name not in names]
        if lost:
            yield f"{counted(len(lost), what)} without a connection ({_some(lost)})"


def _facts_of_cells(connectome: Connectome, typed: bool) -> Iterator[str]:
    """Facts of neurons, other than their types, that a reader of a table does not know."""
    types = {cell.name: cell.type for cell in connectome.cells} if typed else {}
    known = describe_cells(connectome.neurons, connectome.species, types)
    for fact in ("cell_class", "sex", "transmitters", "position", "lineage", "merged"):
        words = {"cell_class": "class", "merged": "merged cells"}.get(fact, fact)
        lost = [
            cell.name
            for cell, other in zip(connectome.cells, known, strict=True)
            if getattr(cell, fact) != getattr(other, fact)
        ]
        if lost:
            yield f"{words} of {counted(len(lost), 'neuron')} ({_some(lost)})"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def write_graphml(connectome: Connectome, path: str | os.PathLike) -> None:
    """Write a GraphML file; `connectome.from_graphml` reads it back.

    The graph is that of `Connectome.to_networkx`. The file does not contain provenance and
    history.

    Parameters
    ----------
    connectome : Connectome
        Connectome to write.
    path : str or path
        File to write, replaced if it exists.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file stays unchanged.

    Examples
    --------
    >>> worm = connectome.load("varshney2011").subset("motor")
    >>> connectome.write_graphml(worm, "motor.graphml")
    >>> copy = connectome.from_graphml("motor.graphml")
    >>> copy.neurons == worm.neurons, int(abs(copy.gap - worm.gap).max())
    (True, 0)
    """
    check_connectome(connectome)
    import networkx as nx

    buffer = io.BytesIO()
    nx.write_graphml_xml(to_networkx(connectome), buffer)
    write_bytes(Path(path), buffer.getvalue())
