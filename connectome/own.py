"""Wirings of a user: another animal, another count, a model."""

import csv
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from isochron.connectome.cells import Cell, cells_of
from isochron.connectome.export import Connection
from isochron.connectome.files import read_text, read_xml, reads_data
from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import C_ELEGANS, infer_species


def from_matrices(
    neurons: Iterable[str],
    chemical: ArrayLike,
    gap: ArrayLike | None = None,
    neuromuscular: ArrayLike | None = None,
    *,
    rows: Literal["postsynaptic", "presynaptic"],
    muscles: Iterable[str] = (),
    types: Mapping[str, str] | None = None,
    name: str = "own wiring",
    weight_unit: str = "weight",
) -> Connectome:
    """A wiring from matrices.

    Parameters
    ----------
    neurons : iterable of str
        Names, in the order of the matrices.
    chemical : array_like, shape (n_neurons, n_neurons)
        Weights, not negative. An entry that is not zero is a connection.
    gap : array_like, shape (n_neurons, n_neurons), optional
        Symmetric. None for no gap junctions.
    neuromuscular : array_like, optional
        Shape (n_muscles, n_neurons) if `rows` are postsynaptic, else its transpose.
    rows : {"postsynaptic", "presynaptic"}
        Who the rows of the matrices are. Half of the published files have one, half the
        other, so it must be said.
    muscles : iterable of str
        Names of the muscles.
    types : mapping of str to str, optional
        Cell type of neurons by name, of `connectome.CELL_TYPES`; the others are known from
        the table of the worm, or unknown.
    name, weight_unit : str
        What to call it, and what a weight counts.

    Raises
    ------
    ValueError
        If `rows` is neither, a shape does not fit, names repeat, weights are negative or
        not finite, gap junctions are not symmetric, or a type does not exist.
    """
    if rows not in ("postsynaptic", "presynaptic"):
        raise ValueError(f"rows must be 'postsynaptic' or 'presynaptic', got {rows!r}.")
    names, muscle_names = tuple(map(str, neurons)), tuple(map(str, muscles))
    turn = np.transpose if rows == "presynaptic" else np.asarray
    n, m = len(names), len(muscle_names)
    species = infer_species((*names, *muscle_names))
    return Connectome(
        name=name,
        neurons=names,
        muscles=muscle_names,
        chemical=turn(np.asarray(chemical)),
        gap=np.zeros((n, n), dtype=np.int32) if gap is None else np.asarray(gap),
        neuromuscular=np.zeros((m, n), dtype=np.int32)
        if neuromuscular is None
        else turn(np.asarray(neuromuscular)),
        cells=_cells(names, types or {}, species),
        species=species,
        source=Source(weight_unit=weight_unit),
    )


@reads_data
def from_csv(
    path: str | os.PathLike,
    *,
    types: Mapping[str, str] | None = None,
    name: str | None = None,
    weight_unit: str = "weight",
) -> Connectome:
    """A wiring from a list of connections.

    Parameters
    ----------
    path : str or path
        CSV with a header. Columns: pre, post, weight; layer (chemical if the column is
        missing; else chemical, gap, neuromuscular or the name of a transmitter) and sign
        (-1, 0 or 1) may follow. A gap junction stands once, or twice with one weight.
    types : mapping of str to str, optional
        As for `from_matrices`.
    name : str, optional
        The name of the file unless given.
    weight_unit : str
        What a weight counts.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing or unknown, or in a line a name is empty, a weight is not a
        number or negative, or a connection stands twice; the message names the line.
    """
    reader = csv.DictReader(read_text(path).splitlines(), strict=True)
    columns = reader.fieldnames or []
    for column in ("pre", "post", "weight"):
        if column not in columns:
            raise ValueError(
                f"{path} has no column {column!r}; it has {', '.join(columns) or 'nothing'}. "
                "Wanted: pre, post, weight, and perhaps layer, sign."
            )
    for column in columns:
        if column not in Connection._fields:
            near = get_close_matches(column, Connection._fields, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f"{path} has an unknown column {column!r}.{hint}")
    found = [_row(path, reader.line_num, row) for row in reader]
    return _assemble(path, found, (), types or {}, name or Path(path).stem, weight_unit)


@reads_data
def from_graphml(
    path: str | os.PathLike, *, name: str | None = None, weight_unit: str | None = None
) -> Connectome:
    """A wiring from a GraphML file, such as `connectome.write_graphml` makes.

    Edges run from sender to receiver. Read are: weight (1 if missing), layer (chemical if
    missing) and sign of the edges, kind (neuron if missing) and type of the nodes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not GraphML, declares a document type, or an edge is not sound.
    """
    import xml.etree.ElementTree as ElementTree

    import networkx as nx

    text = read_xml(path).decode()
    try:
        graph = nx.parse_graphml(text, force_multigraph=True)
    except (ElementTree.ParseError, nx.NetworkXError, KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a GraphML file: {error}.") from None
    found = [
        _row(path, None, {"pre": pre, "post": post, **{"weight": 1, **marks}})
        for pre, post, marks in graph.edges(data=True)
    ]
    if not graph.is_directed():
        found += [row._replace(pre=row.post, post=row.pre) for row in found if row.pre != row.post]
    nodes = dict(graph.nodes(data=True))
    muscles = [str(node) for node, marks in nodes.items() if marks.get("kind") == "muscle"]
    types = {str(node): marks["type"] for node, marks in nodes.items() if "type" in marks}
    unit = weight_unit or str(graph.graph.get("weight_unit", "weight"))
    neurons = [str(node) for node in nodes if str(node) not in muscles]
    return _assemble(path, found, muscles, types, name or Path(path).stem, unit, neurons)


def _row(path: str | os.PathLike, line: int | None, row: Mapping[str, Any]) -> Connection:
    where = f"{path}, line {line}" if line else f"{path}, edge {row['pre']} to {row['post']}"
    if None in row or None in row.values():
        raise ValueError(f"{where}: it has not as many fields as the header.")
    pre, post = str(row["pre"]).strip(), str(row["post"]).strip()
    if not pre or not post:
        raise ValueError(f"{where}: a name is empty.")
    try:
        weight = float(row["weight"])
        sign = int(row.get("sign", 0))
    except ValueError:
        raise ValueError(
            f"{where}: weight must be a number and sign -1, 0 or 1, got "
            f"{row['weight']!r} and {row.get('sign', 0)!r}."
        ) from None
    if not 0 <= weight < math.inf:
        raise ValueError(f"{where}: weight must be finite and not negative, got {weight!r}.")
    if sign not in (-1, 0, 1):
        raise ValueError(f"{where}: sign must be -1, 0 or 1, got {sign!r}.")
    layer = str(row.get("layer", "chemical")).strip()
    if not re.fullmatch(r"[a-z][a-z0-9 _-]*", layer):
        raise ValueError(f"{where}: layer must be a word in small letters, got {layer!r}.")
    return Connection(pre, post, layer, weight, sign)


def _assemble(
    path: str | os.PathLike,
    rows: Sequence[Connection],
    muscles: Sequence[str],
    types: Mapping[str, str],
    name: str,
    weight_unit: str,
    neurons: Sequence[str] = (),
) -> Connectome:
    onto = [row.post for row in rows if row.layer == "neuromuscular"]
    muscle_names = tuple(dict.fromkeys([*muscles, *onto]))
    ends = [x for row in rows for x in (row.pre, row.post) if x not in set(muscle_names)]
    names = tuple(dict.fromkeys([*neurons, *ends]))
    if both := set(names) & set(muscle_names):
        raise ValueError(f"{path}: {min(both)!r} is a neuron and a muscle.")
    layers = {
        layer: _matrix(
            path, rows, layer, muscle_names if layer == "neuromuscular" else names, names
        )
        for layer in dict.fromkeys(["chemical", "gap", "neuromuscular", *(r.layer for r in rows)])
    }
    signs = _matrix(
        path, [r._replace(weight=r.sign) for r in rows if r.sign], "chemical", names, names
    )
    species = infer_species((*names, *muscle_names))
    return Connectome(
        name=name,
        neurons=names,
        muscles=muscle_names,
        chemical=layers.pop("chemical"),
        gap=layers.pop("gap"),
        neuromuscular=layers.pop("neuromuscular"),
        extrasynaptic=layers,
        signs=signs if signs.any() else None,
        cells=_cells(names, types, species),
        species=species,
        source=Source(weight_unit=weight_unit, file=Path(path).name),
    )


def _matrix(
    path: str | os.PathLike,
    rows: Iterable[Connection],
    layer: str,
    posts: Sequence[str],
    pres: Sequence[str],
) -> np.ndarray:
    """One layer, symmetric if it is the gap junctions, of integers if all weights are."""
    row_of = {name: i for i, name in enumerate(posts)}
    column_of = {name: j for j, name in enumerate(pres)}
    matrix = np.full((len(posts), len(pres)), np.nan)
    for row in (row for row in rows if row.layer == layer):
        if row.pre not in column_of or row.post not in row_of:
            raise ValueError(f"{path}: {row.pre} to {row.post} cannot be a {layer} connection.")
        i, j = row_of[row.post], column_of[row.pre]
        same_gap = layer == "gap" and matrix[i, j] == row.weight
        if not (np.isnan(matrix[i, j]) or same_gap):
            raise ValueError(
                f"{path}: the {layer} connection {row.pre} to {row.post} stands twice."
            )
        matrix[i, j] = row.weight
        if layer == "gap":
            matrix[j, i] = row.weight
    matrix = np.nan_to_num(matrix)
    return matrix.astype(np.int32) if np.array_equal(matrix, np.rint(matrix)) else matrix


def _cells(names: Sequence[str], types: Mapping[str, str], species: str | None) -> tuple[Cell, ...]:
    for name in types:
        if name not in names:
            near = get_close_matches(name, names, n=3)
            raise ValueError(f"types names {name!r}, which is no neuron here. Near: {near}.")
    return cells_of(names, of_the_worm=species == C_ELEGANS, types=types)
