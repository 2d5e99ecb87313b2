"""A user-supplied connectome from a GraphML file."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isochron.connectome.importers.assembly import INFER, Facts, assemble, file_source
from isochron.connectome.importers.cell_text import read_cells
from isochron.connectome.importers.graphml_text import Edge, Graph, attribute_names, parse_graphml
from isochron.connectome.importers.links import Link, Rules
from isochron.connectome.importers.opened import remembers_its_file
from isochron.connectome.importers.options import GraphOptions
from isochron.connectome.importers.roles import WORDS, Roles, find_roles, suggest_role
from isochron.connectome.importers.suspects import role_by_values, unreadable
from isochron.connectome.importers.vocabulary import (
    as_names,
    check_extrasynaptic,
    check_layer_words,
    clean_name,
    default_layer_of,
    flag_history,
    flag_of,
    is_cell_type,
    is_kind,
    plain,
    read_cell_type,
    read_kind,
    read_layer,
    read_sign,
    read_weight,
    refuse_second_layer,
    unknown_signs,
    weight_and_sign,
)
from isochron.connectome.model import Connectome
from isochron.files import read_xml, reads_data
from isochron.settings import settings_from

EDGE_ROLES = ("weight", "layer", "sign")
_GENERATED_ID = re.compile(r"(n|v|node|vertex)?[_-]?\d+(\.0)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")


@reads_data
@remembers_its_file
def from_graphml(
    path: str | os.PathLike, *, options: GraphOptions | None = None, **fields: Any
) -> Connectome:
    """Read a connectome from a GraphML file, such as `connectome.write_graphml` writes.

    Edges run from sender to receiver; an undirected edge counts in both directions. Words
    for layers and signs are those of `from_csv`.

    Parameters
    ----------
    path : str or path
        GraphML file with one graph. Nodes whose attribute ``kind`` is muscle are muscles.
    options : GraphOptions, optional
        Names of the attributes, and what else is known of the animal. Instead, its fields may be
        given as keywords.
    **fields
        Fields of `GraphOptions`: label, weight, layer, sign, ignore, default_layer, signs,
        muscles, extrasynaptic, unequal_gap, duplicates, types, species, name, weight_unit. Types
        and species prevail over the file's node attributes ``type`` and the attribute
        ``species`` of its graph.

    Returns
    -------
    Connectome
        With history and ``source.left_out`` as for `from_csv`.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not GraphML, declares a document type, an attribute is missing or ambiguous,
        or a node or an edge has a wrong value; the message names it.
    TypeError
        If `options` and `fields` are both given, or a field does not exist.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("A", "B", weight=3)
    >>> nx.write_graphml(graph, "pair.graphml")
    >>> connectome.from_graphml("pair.graphml").chemical  # [post, pre]
    array([[0, 0],
           [3, 0]], dtype=int32)
    """
    path, given = Path(path), settings_from(GraphOptions, options, fields)
    graph = parse_graphml(read_xml(path), str(path))
    weight, species = given.weight, given.species
    chosen = {"weight": weight, "layer": given.layer, "sign": given.sign}
    declared = _declared_layers(graph.attributes.get("extrasynaptic", ""))
    layers = dict.fromkeys((*as_names(given.extrasynaptic, "extrasynaptic"), *declared))
    layers = check_extrasynaptic(layers)
    default = default_layer_of(given.default_layer, extrasynaptic=layers)
    names, named_by = _names(graph, given.label, str(path))
    roles, unread = _edge_roles(graph, chosen, as_names(given.ignore, "ignore"), str(path))
    refuse_second_layer(given.default_layer, roles.get("layer"), str(path))
    if "layer" in roles:
        check_layer_words(_edge_values(graph, roles["layer"]), roles["layer"], str(path))
    flags = _edge_values(graph, roles.get("sign", ""))
    flag = flag_of(roles.get("sign"), flags, str(path))
    reading = _Reading(str(path), default, given.signs, layers, flag)
    nodes = _Nodes(graph, names, given.types or {}, str(path))
    links = [reading.link(edge, roles, names, weight) for edge in graph.edges]
    history = (*named_by, *flag_history(roles.get("sign"), flag), *unknown_signs(flags))
    if links and "weight" not in roles:
        history += (f"every connection has weight {1 if weight is None else weight}",)
    if species == INFER and "species" in graph.attributes:
        species = graph.attributes["species"] or None
    unit = given.weight_unit or graph.attributes.get("weight_unit") or "weight"
    lost = [f"edge attributes not read: {', '.join(unread)}"] * bool(unread) + nodes.unread
    connectome = assemble(
        links,
        Facts(
            where=str(path),
            name=given.name or path.stem,
            source=file_source(path, path.read_bytes(), unit, "; ".join(lost)),
            species=species,
            order=tuple(names.values()),
            neurons=nodes.neurons,
            muscles=(*nodes.muscles, *as_names(given.muscles, "muscles")),
            types=nodes.types,
            classes=nodes.classes,
            history=history + (("signs: those of the weights",) if given.signs else ()),
            rules=Rules(given.unequal_gap, given.duplicates),
        ),
    )
    told = read_cells(graph.attributes.get("cells", ""), connectome.cells, where=str(path))
    stated = dict(given.types or {})
    return replace(
        connectome,
        cells=[
            known if known.name in stated else cell
            for known, cell in zip(connectome.cells, told, strict=True)
        ],
    )


def _declared_layers(text: str) -> list[str]:
    """Names of layers as `to_networkx` writes them: a JSON list, or between commas."""
    try:
        names = json.loads(text) if text.startswith("[") else text.split(",")
    except ValueError:
        names = text.split(",")
    return [name for name in (str(name).strip() for name in names) if name]


@dataclass(frozen=True)
class _Reading:
    """Conversion of edges to entries."""

    where: str
    layer: str
    signs: str | None
    extrasynaptic: tuple[str, ...]
    flag: int | None

    def link(
        self, edge: Edge, roles: dict[str, str], names: dict[str, str], constant: str | float | None
    ) -> Link:
        """An entry; `constant` is the weight of edges without one."""
        pre, post = names[edge.source], names[edge.target]
        where = f"{self.where}, edge {pre} to {post}"
        stated = {role: edge.attributes.get(name, "") for role, name in roles.items()}
        layer = self.layer
        if "layer" in stated:
            layer = read_layer(stated["layer"], extrasynaptic=self.extrasynaptic, where=where)
        text = stated.get("weight", 1 if constant is None else constant)
        if text == "":
            raise ValueError(
                f"{where}: {roles['weight']} is empty. Write a number, or leave the attribute "
                f"unread with ignore=({roles['weight']!r},)."
            )
        weight, sign = weight_and_sign(
            read_weight(text, where=where),
            read_sign(stated.get("sign"), where=where, flag=self.flag),
            self.signs,
            layer=layer,
            where=where,
        )
        return Link(pre, post, layer, weight, sign, where, edge.directed)


def _edge_roles(
    graph: Graph, given: Mapping[str, str | float | None], ignore: Sequence[str], where: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The attribute of each role, and attributes that are not read.

    Raises
    ------
    ValueError
        If an attribute may be a weight, a layer or a sign, and its name does not say it.
    """
    chosen = {
        role: name if isinstance(name, str) else None
        for role, name in given.items()
        if name is not None
    }
    stated = {name for edge in graph.edges for name in edge.attributes}
    with_values = attribute_names(edge.attributes for edge in graph.edges)
    named = (name for name in chosen.values() if name in stated)  # its values may all be empty
    attributes = tuple(name for name in dict.fromkeys([*with_values, *named]) if name not in ignore)
    roles = find_roles(
        attributes, EDGE_ROLES, given=chosen, what="edge attribute", say="ROLE=", where=where
    )
    for attribute in roles.unknown:
        if reason := unreadable(attribute, _edge_values(graph, attribute)):
            raise ValueError(
                f"{where}: the edge attribute {attribute!r} does not have a known role. {reason} "
                f"Or leave it unread with ignore=({attribute!r},)."
            )
        role = suggest_role(attribute, EDGE_ROLES)
        if role is None or role in roles.found or role in chosen:
            role = _role_by_values(graph, attribute, {*roles.found, *chosen})
        if role is not None and role not in roles.found and role not in chosen:
            raise ValueError(
                f"{where}: the edge attribute {attribute!r} may be the {role}. Name it with "
                f"{role}={attribute!r}, or leave it unread with ignore=({attribute!r},). The "
                f"edges have: {', '.join(attributes)}."
            )
    found = dict(roles.found)
    if "weight" not in {*found, *chosen} and (empty := _empty_weight(graph, ignore)) is not None:
        found["weight"] = empty
    return found, (*roles.unknown, *ignore)


def _empty_weight(graph: Graph, ignore: Sequence[str]) -> str | None:
    """An attribute that is the weight by its name, and whose values are all empty."""
    names = dict.fromkeys(name for edge in graph.edges for name in edge.attributes)
    weights = [name for name in names if plain(name) in WORDS["weight"] and name not in ignore]
    return next((name for name in weights if not any(_edge_values(graph, name))), None)


def _is_numeric(graph: Graph, attribute: str) -> bool:
    return all(_NUMBER.fullmatch(value) for value in _edge_values(graph, attribute) if value)


def _edge_values(graph: Graph, attribute: str) -> list[str]:
    return [edge.attributes.get(attribute, "") for edge in graph.edges]


def _role_by_values(graph: Graph, attribute: str, taken: set[str]) -> str | None:
    """The role that an edge attribute of any name may have."""
    if "weight" not in taken and _is_numeric(graph, attribute):
        return "weight"
    return role_by_values(_edge_values(graph, attribute))


def _names(graph: Graph, label: str | None, where: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The name of each node by its id, and where it is from if not the id.

    Raises
    ------
    ValueError
        If the attribute does not name every node, names repeat, or it must be chosen.
    """
    if label is None:
        label = _find_label(graph, where)
    if label == "id" and not _saves_ids(graph):
        names = {identity: clean_name(identity) for identity in graph.nodes}
        _check_one_node_each(names, where)
        return names, ()
    attributes = attribute_names(graph.nodes.values())
    label = find_roles(
        attributes, ("name",), given={"name": label}, what="node attribute", where=where
    ).found["name"]
    names = {node: clean_name(values.get(label, "")) for node, values in graph.nodes.items()}
    nameless = [identity for identity, name in names.items() if not name]
    if nameless:
        raise ValueError(f"{where}: the node {nameless[0]} does not have the attribute {label!r}.")
    _check_one_node_each(names, where)
    return names, (f"names are the node attribute {label!r}",)


def _check_one_node_each(names: Mapping[str, str], where: str) -> None:
    owner: dict[str, str] = {}
    for identity, name in names.items():
        if owner.setdefault(name, identity) != identity:
            raise ValueError(
                f"{where}: the nodes {owner[name]} and {identity} have one name, {name!r}."
            )


def _find_label(graph: Graph, where: str) -> str:
    """The node attribute with the names, or ``"id"``."""
    ids = list(graph.nodes)
    named, other = {}, []
    for attribute in attribute_names(graph.nodes.values()):
        values = [node.get(attribute, "") for node in graph.nodes.values()]
        word = plain(attribute)
        if word in WORDS["name"] or word.endswith(("name", "label")):
            if values != ids:
                named[attribute] = values
        elif len(set(values)) == len(ids) > 1 and not any(map(_NUMBER.fullmatch, values)):
            other.append(attribute)
    if _saves_ids(graph):
        named["id"] = [node.get("id", "") for node in graph.nodes.values()]
    generated = all(map(_GENERATED_ID.fullmatch, ids))
    if not named and not (generated and other):
        return "id"
    if generated and named:
        first = next(iter(named))
        if all(values == named[first] for values in named.values()):
            return first
    choices = ", ".join(f"label={a!r}" for a in named or other if a != "id")
    raise ValueError(
        f"{where}: the names of the cells may be the node ids ({', '.join(ids[:3])}, …) or an "
        f"attribute. Choose with label='id' or {choices}."
    )


def _saves_ids(graph: Graph) -> bool:
    """Whether generated ids hide those of an earlier file, which igraph saves as attribute id."""
    saved = [node.get("id", "") for node in graph.nodes.values()]
    return all(map(_GENERATED_ID.fullmatch, graph.nodes)) and not any(
        not value or _GENERATED_ID.fullmatch(value) for value in saved
    )


class _Nodes:
    """Facts in the attributes of the nodes: neuron or muscle, type and class."""

    def __init__(
        self, graph: Graph, names: dict[str, str], types: Mapping[str, str], where: str
    ) -> None:
        attributes = attribute_names(graph.nodes.values())
        roles = find_roles(
            attributes, ("kind", "type", "class"), given={}, what="node attribute", where=where
        )
        found = roles.found | _roles_by_value(graph, roles)
        stated = {
            names[identity]: {role: values.get(name, "") for role, name in found.items()}
            for identity, values in graph.nodes.items()
        }
        kinds = {name: _kind(values, f"{where}, node {name}") for name, values in stated.items()}
        self.neurons = tuple(name for name, kind in kinds.items() if kind == "neuron")
        self.muscles = tuple(name for name, kind in kinds.items() if kind == "muscle")
        self.types = {
            name: read_cell_type(values["type"], where=f"{where}, node {name}")
            for name, values in stated.items()
            if kinds[name] != "muscle" and name not in types and _is_type(values.get("type", ""))
        } | dict(types)
        self.classes = {
            name: values["class"] for name, values in stated.items() if "class" in values
        }
        labels = list(names.values())
        left = [
            attribute
            for attribute in roles.unknown
            if attribute not in found.values() and _values(graph, attribute) != labels
        ]
        self.unread = [f"node attributes not read: {', '.join(left)}"] if left else []


def _values(graph: Graph, attribute: str) -> list[str]:
    return [node.get(attribute, "") for node in graph.nodes.values()]


def _roles_by_value(graph: Graph, roles: Roles) -> dict[str, str]:
    """The attribute of any name whose values are all kinds of cells, or all cell types."""
    found: dict[str, str] = {}
    for role, is_word in (("kind", is_kind), ("type", is_cell_type)):
        fitting = [
            attribute
            for attribute in roles.unknown
            if len(words := set(filter(None, _values(graph, attribute)))) > 1
            and all(map(is_word, words))
        ]
        if len(fitting) == 1 and role not in roles.found:
            found[role] = fitting[0]
    return found


def _kind(values: Mapping[str, str], where: str) -> str | None:
    """Neuron, muscle, or None if the node does not say it, in its kind or its type."""
    if values.get("kind"):
        return read_kind(values["kind"], where=where)
    return read_kind(values["type"], where=where) if is_kind(values.get("type", "")) else None


def _is_type(word: str) -> bool:
    return bool(word) and not is_kind(word)
