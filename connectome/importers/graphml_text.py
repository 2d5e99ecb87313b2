"""The content of a GraphML file: one graph, its nodes and edges with their attributes."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple
from xml.etree.ElementTree import Element

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


class Edge(NamedTuple):
    """An edge between the nodes of two ids."""

    source: str
    target: str
    directed: bool
    attributes: dict[str, str]


@dataclass(frozen=True)
class Graph:
    """A graph; the values of all attributes are text."""

    attributes: dict[str, str]
    nodes: dict[str, dict[str, str]]
    edges: tuple[Edge, ...]


class _Key(NamedTuple):
    domain: str
    name: str
    default: str | None


def parse_graphml(content: bytes, where: str) -> Graph:
    """Parse GraphML, with or without its namespace.

    Parameters
    ----------
    content : bytes
        As `isochron.files.read_xml` returns it.
    where : str
        The file.

    Raises
    ------
    ValueError
        If it is not GraphML, or has several graphs, hyperedges or a graph inside a node.
    """
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"{where} is not a GraphML file: {error}.") from None
    if _tag(root) != "graphml":
        raise ValueError(f"{where} is not a GraphML file: its root is <{_tag(root)}>.")
    graphs = [item for item in root if _tag(item) == "graph"]
    if len(graphs) != 1:
        raise ValueError(f"{where} contains {len(graphs)} graphs; it must contain one.")
    graph = graphs[0]
    for item in graph.iter():
        if item is not graph and _tag(item) in ("graph", "hyperedge"):
            raise ValueError(f"{where}: a {_tag(item)} inside a graph is not supported.")
    keys = {item.get("id", ""): _key(item) for item in root if _tag(item) == "key"}
    nodes = dict(_nodes(graph, keys, where))
    edges = tuple(_edges(graph, keys, where))
    ends = dict.fromkeys(end for edge in edges for end in (edge.source, edge.target))
    if nodes and (unknown := next((end for end in ends if end not in nodes), None)) is not None:
        near = get_close_matches(unknown, nodes, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"{where}: an edge is at node {unknown!r}, which is not declared.{hint} Declare all "
            "nodes, or none."
        )
    nodes = nodes or {end: {} for end in ends}
    return Graph(_attributes(graph, "graph", keys, where), nodes, edges)


def attribute_names(owners: Iterable[dict[str, str]]) -> tuple[str, ...]:
    """Attributes that have a value somewhere, in the order in which they occur."""
    found: dict[str, None] = {}
    for attributes in owners:
        found |= dict.fromkeys(name for name, value in attributes.items() if value)
    return tuple(found)


def _key(item: Element) -> _Key:
    default = next((child.text or "" for child in item if _tag(child) == "default"), None)
    name = item.get("attr.name") or item.get("yfiles.type") or ""
    return _Key(item.get("for", "all"), name, default)


def _nodes(
    graph: Element, keys: dict[str, _Key], where: str
) -> Iterator[tuple[str, dict[str, str]]]:
    seen: set[str] = set()
    for item in graph:
        if _tag(item) == "node":
            identity = (item.get("id") or "").strip()
            if not identity or identity in seen:
                raise ValueError(f"{where}: the node id {identity!r} is empty or repeated.")
            seen.add(identity)
            yield identity, _attributes(item, "node", keys, where)


def _edges(graph: Element, keys: dict[str, _Key], where: str) -> Iterator[Edge]:
    default = graph.get("edgedefault", "directed")
    if default not in ("directed", "undirected"):
        raise ValueError(f"{where}: edgedefault must be directed or undirected, got {default!r}.")
    for item in graph:
        if _tag(item) == "edge":
            ends = [(item.get(end) or "").strip() for end in ("source", "target")]
            if not all(ends):
                raise ValueError(f"{where}: an edge does not have a source or a target.")
            _refuse_turned(item, ends, where)
            directed = {"true": True, "false": False}.get(
                item.get("directed", "").lower(), default == "directed"
            )
            yield Edge(ends[0], ends[1], directed, _attributes(item, "edge", keys, where))


def _refuse_turned(item: Element, ends: list[str], where: str) -> None:
    """Raise for a drawing of yEd whose arrow is at the source of the edge."""
    for arrows in (x for x in item.iter() if _tag(x).rpartition("}")[2] == "Arrows"):
        if arrows.get("source", "none").lower() != "none":
            raise ValueError(
                f"{where}: the edge {' to '.join(ends)} has an arrow at its source. An edge is "
                "read from source to target: reverse it, draw one edge each way, or remove the "
                "arrow."
            )


def _attributes(owner: Element, domain: str, keys: dict[str, _Key], where: str) -> dict[str, str]:
    mine = {name: key for name, key in keys.items() if key.domain in (domain, "all") and key.name}
    found = {key.name: key.default.strip() for key in mine.values() if key.default is not None}
    given: set[str] = set()
    for item in owner:
        if _tag(item) == "data" and (key := mine.get(item.get("key", ""))) is not None:
            if key.name in given:
                raise ValueError(f"{where}: two values of {key.name!r} in one {domain}.")
            given.add(key.name)
            found[key.name] = _text(item)
    return found


def _text(data: Element) -> str:
    """The text of an attribute; that of the label in the drawings of yEd."""
    if not len(data):
        return (data.text or "").strip()
    labels = (x for x in data.iter() if _tag(x).rpartition("}")[2] in ("NodeLabel", "EdgeLabel"))
    return next(((label.text or "").strip() for label in labels), "")


def _tag(item: Element) -> str:
    return item.tag.removeprefix(NAMESPACE) if isinstance(item.tag, str) else ""
