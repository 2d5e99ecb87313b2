"""Options of the readers of files: how a file is written, and what else is known of the animal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from isochron.connectome.gap_junctions import UnequalGap
from isochron.connectome.importers.assembly import INFER
from isochron.connectome.importers.links import Duplicates


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FileOptions:
    """Options that tables of connections and graphs share.

    Attributes
    ----------
    ignore : sequence of str
        Columns, or attributes of edges, that are not read.
    default_layer : str, optional
        Layer of a file that does not state it, such as ``"gap"`` for a list of gap
        junctions. Chemical by default.
    signs : {"from_weights"}, optional
        Signs of the weights as signs of the connections: negative weights inhibit, positive ones
        excite. By default a negative weight is an error.
    muscles : iterable of str
        Names of muscles; those of C. elegans and the receivers of neuromuscular
        connections are known.
    extrasynaptic : sequence of str
        Names of further layers of signaling without synapses.
    unequal_gap : {"error", "larger", "mean"}
        Weight of a gap junction that is listed with a different weight in each direction.
    duplicates : {"error", "sum"}
        Treatment of a connection that is listed again: an error, or its weights add up.
    types : mapping of str to str, optional
        Cell type of neurons by name, of `connectome.CELL_TYPES`; prevails over the file.
    species : str or None
        Animal, as for `from_matrices`; prevails over the file. ``"infer"``: as the file states
        or the names show.
    name : str, optional
        Name of the connectome. By default the name of the file.
    weight_unit : str, optional
        Unit of the weights. By default as the file states, else ``weight``.
    """

    ignore: Sequence[str] = ()
    default_layer: str | None = None
    signs: Literal["from_weights"] | None = None
    muscles: Iterable[str] = ()
    extrasynaptic: Sequence[str] = ()
    unequal_gap: UnequalGap = "error"
    duplicates: Duplicates = "error"
    types: Mapping[str, str] | None = None
    species: str | None = INFER
    name: str | None = None
    weight_unit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TableOptions(FileOptions):
    """Options of `from_csv`: those of every file, and how a table is written.

    Attributes
    ----------
    columns : mapping of str to str or None, optional
        Header of the column of pre, post, weight, layer or sign, where it is not a usual one:
        ``{"pre": "Sender"}``; None for a column that the file does not have. ``{"weight":
        None}`` gives each connection the weight 1.
    separator : str, optional
        One character, ``"tab"`` or ``"whitespace"``. By default found from the header: comma,
        semicolon, tab, ``|`` or white space.
    decimal : {".", ","}, optional
        Decimal separator of the weights. By default found from them.
    directed : bool
        False: each chemical or extrasynaptic connection counts in both directions.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("edges.txt").write_text("Sender;post;n\\nA;B;3\\n")
    >>> options = connectome.TableOptions(columns={"pre": "Sender", "weight": "n"})
    >>> connectome.from_csv("edges.txt", options=options).chemical.tolist()
    [[0, 0], [3, 0]]
    """

    columns: Mapping[str, str | None] | None = None
    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    directed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GraphOptions(FileOptions):
    """Options of `from_graphml`: those of every file, and names of attributes.

    Attributes
    ----------
    label : str, optional
        Node attribute with the names, or ``"id"``. By default the ids, or the only attribute
        with names (``name``, ``label``, ``cell_name``) where ids are numbers such as ``n0``.
    weight : str or float, optional
        Edge attribute with the weights, or one weight for all edges. By default the
        attribute called ``weight`` or by a usual name, such as ``synapses``; 1 if edges have
        no attribute that can be a weight.
    layer, sign : str, optional
        Edge attributes with the layer (by default chemical) and with the sign.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("A", "B", contacts=3, area=0.5)
    >>> nx.write_graphml(graph, "pair.graphml")
    >>> options = connectome.GraphOptions(weight="area", ignore=["contacts"])
    >>> connectome.from_graphml("pair.graphml", options=options).chemical.tolist()
    [[0.0, 0.0], [0.5, 0.0]]
    """

    label: str | None = None
    weight: str | float | None = None
    layer: str | None = None
    sign: str | None = None
