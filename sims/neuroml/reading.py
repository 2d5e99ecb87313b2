"""read_neuroml(): a NeuroML network back to a wiring."""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from isochron.connectome import Connectome, Source, muscles
from isochron.connectome.names import canonical_name
from isochron.sims.neuroml.includes import NAMESPACES, read_documents

MOST_CELLS = 5_000
_PROJECTIONS = ("projection", "electricalProjection", "continuousProjection")
_PATH = re.compile(r"(?:\.\./)?(\w+)(?:/(\d+)(?:/\w+)?|\[(\d+)\])")


def read_neuroml(path: str | os.PathLike) -> Connectome:
    """The wiring of a NeuroML 2 network, of ours or of others such as c302.

    Each cell of a population is a neuron or a muscle; it is a muscle if the property
    ``role`` of the population says so or its name is that of a muscle of the worm. Weights
    of connections between the same cells add up; one without a weight counts 1. Event-driven
    and continuous projections are chemical synapses, electrical ones gap junctions, and so
    are those of c302 whose synapse is an ``elec_syn``. A synapse excites or inhibits if the
    id of its component has ``exc`` or ``inh`` in it, and is unsigned otherwise.

    Parameters
    ----------
    path : str or path
        NeuroML 2, 64 MB at most. Files that it includes must lie beside or below it.

    Returns
    -------
    Connectome
        Connections that it has no place for (from muscles, gap junctions with muscles) are
        counted in ``source.left_out``.

    Raises
    ------
    FileNotFoundError
        If the file, or one that it includes, does not exist.
    ValueError
        If a file is not NeuroML 2 or includes one from outside; if there is not one network;
        or if a projection names an unknown population or cell, or has an unsound weight.
    """
    documents = list(read_documents(path))
    network = _only_network(path, documents)
    properties = _properties(documents[0])
    cells = _Cells(path, network)
    found, left_out = _layers(path, cells, network)
    return Connectome(
        name=properties.get("dataset") or network.get("id") or Path(path).stem,
        neurons=tuple(cells.names["neuron"]),
        muscles=tuple(cells.names["muscle"]),
        chemical=_whole(found["chemical"]),
        gap=_whole(_both_ways(path, cells, found["gap"])),
        neuromuscular=_whole(found["neuromuscular"]),
        signs=found["signs"] if found["signs"].any() else None,
        source=Source(
            weight_unit=properties.get("weight_unit") or "weight",
            file=Path(path).name,
            left_out=", ".join(f"{count} {kind}" for kind, count in left_out.items()),
        ),
    )


class _Place(NamedTuple):
    """A cell: what it is, and its number among those of its role."""

    role: str
    number: int


@dataclass(frozen=True)
class _Connection:
    pre: _Place
    post: _Place
    layer: str
    sign: int
    weight: float


class _Cells:
    """The cells of the populations of a network."""

    def __init__(self, path: str | os.PathLike, network: Element) -> None:
        self.path = path
        self.names: dict[str, list[str]] = {"neuron": [], "muscle": []}
        self._places: dict[str, list[_Place]] = {}
        for population in network.findall("n:population", NAMESPACES):
            self._add(population)

    def _add(self, population: Element) -> None:
        identity, properties = population.get("id", ""), _properties(population)
        size = self._size(population)
        if not identity or identity in self._places:
            raise ValueError(f"{self.path}: the population {identity!r} is nameless or doubled.")
        if size + sum(map(len, self.names.values())) > MOST_CELLS:
            raise ValueError(f"{self.path} has more than {MOST_CELLS} cells; that is too many.")
        label = properties.get("name") or canonical_name(identity)
        role = properties.get("role") or ("muscle" if label in muscles() else "neuron")
        if role not in self.names:
            raise ValueError(
                f"{self.path}: the role of {identity} is {role!r}, not neuron or muscle."
            )
        listed = self.names[role]
        self._places[identity] = [_Place(role, len(listed) + i) for i in range(size)]
        listed.extend([label] if size == 1 else [f"{label}[{i}]" for i in range(size)])

    def _size(self, population: Element) -> int:
        instances = population.findall("n:instance", NAMESPACES)
        text = population.get("size") or str(len(instances))
        if not text.isdecimal() or len(text) > 9:
            raise ValueError(f"{self.path}: a population has size {text!r}, which is no number.")
        return len(instances) or int(text)

    def find(self, reference: str, population: str) -> _Place:
        """The cell of a reference: ``../AVAL/0/cell``, ``../AVAL[0]``, or its number alone."""
        if reference.isdecimal():
            name, number = population, reference
        elif match := _PATH.fullmatch(reference):
            name, number = match[1], match[2] or match[3]
        else:
            raise ValueError(f"{self.path}: {reference!r} does not say which cell it means.")
        if name not in self._places:
            near = get_close_matches(name, self._places, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise ValueError(f"{self.path} has no population {name!r}.{hint}")
        cells = self._places[name]
        if int(number) >= len(cells):
            raise ValueError(f"{self.path}: {name} has {len(cells)} cells; there is no {number}.")
        return cells[int(number)]


def _layers(
    path: str | os.PathLike, cells: _Cells, network: Element
) -> tuple[dict[str, np.ndarray], Counter[str]]:
    """Matrices of the layers, gap junctions as they stand; and what has no place in them."""
    n, m = len(cells.names["neuron"]), len(cells.names["muscle"])
    found = {
        "chemical": np.zeros((n, n)),
        "gap": np.zeros((n, n)),
        "neuromuscular": np.zeros((m, n)),
        "signs": np.zeros((n, n), dtype=np.int8),
    }
    left_out: Counter[str] = Counter()
    for one in _connections(path, cells, network):
        if one.pre.role == "muscle" or (one.layer == "gap" and one.post.role == "muscle"):
            left_out[f"{one.layer} from {one.pre.role} to {one.post.role}"] += 1
            continue
        i, j = one.post.number, one.pre.number
        if one.post.role == "muscle":
            found["neuromuscular"][i, j] += one.weight
            continue
        found[one.layer][i, j] += one.weight
        if one.layer == "chemical" and one.weight:
            before = found["signs"][i, j]
            if before and one.sign != before:
                names = cells.names["neuron"]
                raise ValueError(f"{path}: synapses from {names[j]} to {names[i]} differ in sign.")
            found["signs"][i, j] = one.sign
    return found, left_out


def _connections(path: str | os.PathLike, cells: _Cells, network: Element) -> Iterator[_Connection]:
    for kind in _PROJECTIONS:
        for projection in network.findall(f"n:{kind}", NAMESPACES):
            pre, post = (projection.get(f"{end}synapticPopulation", "") for end in ("pre", "post"))
            for connection in projection:
                marks = connection.attrib
                if not ({"preCell", "preCellId"} & set(marks)):
                    continue
                component = marks.get("postComponent") or marks.get("synapse")
                component = component or projection.get("synapse", "")
                electrical = kind == "electricalProjection" or "elec_syn" in component
                yield _Connection(
                    pre=cells.find(marks.get("preCell") or marks.get("preCellId", ""), pre),
                    post=cells.find(marks.get("postCell") or marks.get("postCellId", ""), post),
                    layer="gap" if electrical else "chemical",
                    sign=_sign(component),
                    weight=_weight(path, marks),
                )


def _sign(component: str) -> int:
    if found := re.search(r"(?:^|_)(exc|inh)", component):
        return {"exc": 1, "inh": -1}[found[1]]
    return 0


def _weight(path: str | os.PathLike, marks: Mapping[str, str]) -> float:
    text = marks.get("weight", "1")
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise ValueError(f"{path}: a weight must be a number and not negative, got {text!r}.")
    return weight


def _both_ways(path: str | os.PathLike, cells: _Cells, gap: np.ndarray) -> np.ndarray:
    """Gap junctions that stand once, or in both directions with one weight, as symmetric."""
    unequal = (gap != gap.T) & (gap != 0) & (gap.T != 0)
    if unequal.any():
        i, j = np.argwhere(unequal)[0]
        names = cells.names["neuron"]
        raise ValueError(
            f"{path}: the gap junctions of {names[i]} and {names[j]} have weights "
            f"{gap[i, j]:g} and {gap[j, i]:g} in the two directions."
        )
    return np.maximum(gap, gap.T)


def _whole(matrix: np.ndarray) -> np.ndarray:
    """Integers if all weights are."""
    return matrix.astype(np.int32) if np.array_equal(matrix, np.rint(matrix)) else matrix


def _only_network(path: str | os.PathLike, documents: list[Element]) -> Element:
    networks = [found for root in documents for found in root.findall("n:network", NAMESPACES)]
    if len(networks) != 1:
        raise ValueError(f"{path} holds {len(networks)} networks; one is wanted.")
    return networks[0]


def _properties(of: Element) -> dict[str, str]:
    found = of.findall("n:property", NAMESPACES)
    return {prop.get("tag", ""): prop.get("value", "") for prop in found}
