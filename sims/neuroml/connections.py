"""The connections of a NeuroML network, and a count of its other elements."""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from isochron.sims.neuroml.populations import Cells, Place
from isochron.sims.neuroml.xml import NEUROML_NAMESPACE

_PROJECTIONS = ("projection", "electricalProjection", "continuousProjection")
_SINGLE = ("synapticConnection", "synapticConnectionWD")
_IN_PROJECTIONS = (
    *("connection", "connectionWD"),
    *("electricalConnection", "electricalConnectionInstance", "electricalConnectionInstanceW"),
    *("continuousConnection", "continuousConnectionInstance", "continuousConnectionInstanceW"),
)
_TEXT = ("notes", "property", "annotation")
_INPUTS = ("explicitInput", "input", "inputW")
_ENDS = {"from", "to", "preCell", "postCell", "preCellId", "postCellId"}
_ENDS |= {"presynapticPopulation", "postsynapticPopulation"}


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as a file states it.

    Attributes
    ----------
    pre, post : Place
        Presynaptic and postsynaptic cell.
    synapse : str
        Id of the component that acts on the cell `post`.
    weight : float
        Weight, finite; 1 if the file does not state it. It is multiplied by a number of
        connections in the id of the synapse, as c302 writes it
        (``neuron_to_neuron_exc_syn_6conns``).
    electrical : bool
        Whether it is a gap junction by the element or the id of its synapse.
    backward : bool
        Whether it is the effect of a continuous connection on its first cell.
    """

    pre: Place
    post: Place
    synapse: str
    weight: float
    electrical: bool
    backward: bool = False

    def __str__(self) -> str:
        return f"the connection from {self.pre.identity} to {self.post.identity}"


def read_connections(
    path: str | os.PathLike, network: Element, cells: Cells
) -> tuple[list[Connection], Counter[str]]:
    """The connections of a network, and the number of other elements by kind.

    Raises
    ------
    ValueError
        If a connection names an unknown population or cell, has a weight that is not valid, or is
        stated by an element that NeuroML 2 does not have.
    """
    connections, others = [], Counter()
    for element in network:
        tag = _name(element)
        if tag in _SINGLE:
            connections.append(_single(path, element, cells))
        elif tag in _PROJECTIONS:
            found = list(_projection(path, element, cells, others))
            others[f"{tag} element(s) without connections"] += not found
            connections += found
        elif tag == "inputList":
            others["input"] += sum(_name(child) in _INPUTS for child in element)
        elif tag != "population" and tag not in _TEXT:
            _count(path, element, others)
    return connections, others


def _single(path: str | os.PathLike, element: Element, cells: Cells) -> Connection:
    synapse = element.get("synapse", "")
    return Connection(
        pre=cells.find(_end(path, element, "from")),
        post=cells.find(_end(path, element, "to")),
        synapse=synapse,
        weight=_weight(path, element.attrib) * connections_in_id(synapse),
        electrical="elec_syn" in synapse,
    )


def _projection(
    path: str | os.PathLike, projection: Element, cells: Cells, others: Counter[str]
) -> Iterator[Connection]:
    populations = [projection.get(f"{end}synapticPopulation", "") for end in ("pre", "post")]
    for element in projection:
        if _name(element) not in _IN_PROJECTIONS:
            if _name(element) not in _TEXT:
                _count(path, element, others)
            continue
        pre, post = (
            cells.find(_end(path, element, f"{end}Cell", f"{end}CellId"), population)
            for end, population in zip(("pre", "post"), populations, strict=True)
        )
        marks = element.attrib
        weight = _weight(path, marks)
        synapse = marks.get("postComponent") or marks.get("synapse") or projection.get("synapse")
        electrical = _name(projection) == "electricalProjection"
        yield _connection(pre, post, synapse, weight, electrical)
        # A continuous connection may act on its first cell too, through this component.
        back = marks.get("preComponent", "")
        if back:
            yield _connection(post, pre, back, weight, electrical, backward=True)


def _connection(
    pre: Place,
    post: Place,
    synapse: str | None,
    weight: float,
    electrical: bool,
    *,
    backward: bool = False,
) -> Connection:
    synapse = synapse or ""
    weight *= connections_in_id(synapse)
    electrical = electrical or "elec_syn" in synapse
    return Connection(pre, post, synapse, weight, electrical, backward)


def connections_in_id(synapse: str) -> int:
    """Number of connections that c302 joins in one synapse, by its id; 1 if it has none.

    The conductance of ``neuron_to_neuron_exc_syn_6conns`` is six times that of
    ``neuron_to_neuron_exc_syn``, and its connections do not have a weight.
    """
    found = re.search(r"_(\d{1,6})conns$", synapse)
    return int(found[1]) if found else 1


def _end(path: str | os.PathLike, element: Element, *names: str) -> str:
    for name in names:
        if name in element.attrib:
            return element.attrib[name]
    raise ValueError(
        f"{path}: a {_name(element)} lacks {' or '.join(names)}; it has "
        f"{', '.join(element.attrib) or 'no attributes'}."
    )


def _weight(path: str | os.PathLike, marks: Mapping[str, str]) -> float:
    text = marks.get("weight", "1")
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight):
        ends = " to ".join(value for key, value in marks.items() if key in _ENDS)
        raise ValueError(f"{path}: the weight of {ends} must be a finite number, got {text!r}.")
    return weight


def _count(path: str | os.PathLike, element: Element, others: Counter[str]) -> None:
    """Count an element that is not a connection; one that resembles a connection is an error."""
    tag = _name(element)
    if tag in _INPUTS:
        others["input"] += 1
        return
    looks = any(word in tag.lower() for word in ("connection", "projection"))
    if looks or _ENDS & set(element.attrib):
        known = ", ".join((*_PROJECTIONS, *_SINGLE, *_IN_PROJECTIONS))
        marks = " ".join(f'{key}="{value}"' for key, value in element.attrib.items())
        raise ValueError(
            f"{path}: <{tag} {marks}> is not a connection of NeuroML 2 here, and would be lost. "
            f"Known are {known}."
        )
    others[f"{tag} element"] += 1


def _name(element: Element) -> str:
    """Tag without the namespace of NeuroML 2; a different namespace stays in it."""
    return element.tag.removeprefix(f"{{{NEUROML_NAMESPACE}}}")
