"""GraphML of igraph, networkx, Gephi and others."""

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import from_graphml

IGRAPH = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="v_name" for="node" attr.name="{label}" attr.type="string"/>
  <key id="e_weight" for="edge" attr.name="{weight}" attr.type="double"/>
  <graph id="G" edgedefault="directed">
    <node id="n0"><data key="v_name">AVAL</data></node>
    <node id="n1"><data key="v_name">DD01</data></node>
    <node id="n2"><data key="v_name">VB2</data></node>
    <edge source="n0" target="n1"><data key="e_weight">3</data></edge>
    <edge source="n1" target="n2"><data key="e_weight">2</data></edge>
  </graph>
</graphml>"""


def graph(nodes="", edges="", kind="directed", keys=()):
    """GraphML with attributes named by their keys."""
    declared = "".join(f'<key id="{k}" for="{of}" attr.name="{k}"/>' for of, k in keys)
    return f'<graphml>{declared}<graph edgedefault="{kind}">{nodes}{edges}</graph></graphml>'


def node(identity, **data):
    inner = "".join(f'<data key="{k}">{v}</data>' for k, v in data.items())
    return f'<node id="{identity}">{inner}</node>'


def edge(source, target, more="", **data):
    inner = "".join(f'<data key="{k}">{v}</data>' for k, v in data.items())
    return f'<edge source="{source}" target="{target}" {more}>{inner}</edge>'


@pytest.mark.parametrize("label", ["name", "cell_name", "label", "Name", "dn_name"])
def test_names_in_an_attribute(file, label):
    read = from_graphml(file(IGRAPH.format(label=label, weight="weight"), "x.graphml"))
    assert read.neurons == ("AVAL", "DD1", "VB2")
    assert read.chemical[1, 0] == 3
    assert connectome.gaba_inhibitory(read)[2, 1] == -1
    assert read.history == (f"names are the node attribute {label!r}",)


def test_names_that_must_be_chosen(file):
    path = file(IGRAPH.format(label="cell", weight="weight").replace("n0", "one"))
    with pytest.raises(ValueError, match=r"label='id' or label='cell'"):
        from_graphml(path)
    assert from_graphml(path, label="cell").neurons[0] == "AVAL"
    assert from_graphml(path, label="id").neurons == ("one", "n1", "n2")
    with pytest.raises(ValueError, match="no node attribute 'names'. Did you mean 'cell'|It has"):
        from_graphml(path, label="names")
    unknown = file(IGRAPH.format(label="nickname of it", weight="weight"))
    with pytest.raises(ValueError, match="label='id' or label='nickname of it'"):
        from_graphml(unknown)
    two = graph(
        node("0", name="a", cell="b") + node("1", name="c", cell="d"),
        keys=(("node", "name"), ("node", "cell")),
    )
    with pytest.raises(ValueError, match="label='name', label='cell'"):
        from_graphml(file(two))
    assert from_graphml(file(two), label="cell").neurons == ("b", "d")


@pytest.mark.parametrize("more", [{}, {"label": "id"}])
def test_ids_that_igraph_saves_as_an_attribute(file, more):
    """igraph writes node ids n0, n1, …, and those of the file that it read as attribute id."""
    text = IGRAPH.format(label="id", weight="weight")
    read = from_graphml(file(text, "x.graphml"), **more)
    assert read.neurons == ("AVAL", "DD1", "VB2")
    assert read.history == ("names are the node attribute 'id'",)


def test_saved_ids_that_are_generated_too_are_not_names(file):
    nodes = node("n0", id="0", label="RIS") + node("n1", id="1", label="DVB")
    text = graph(nodes, edge("n0", "n1"), keys=(("node", "id"), ("node", "label")))
    assert from_graphml(file(text)).neurons == ("RIS", "DVB")
    assert from_graphml(file(text), label="id").neurons == ("n0", "n1")


def test_saved_ids_and_names_that_differ_must_be_chosen(file):
    nodes = node("n0", id="ris", label="r") + node("n1", id="dvb", label="d")
    text = graph(nodes, edge("n0", "n1"), keys=(("node", "id"), ("node", "label")))
    with pytest.raises(ValueError, match="label='id' or label='label'"):
        from_graphml(file(text))
    assert from_graphml(file(text), label="id").neurons == ("ris", "dvb")


def test_a_label_must_name_every_node_once(file):
    keys = (("node", "name"),)
    some = graph(node("n0", name="a") + node("n1"), keys=keys)
    with pytest.raises(ValueError, match="node n1 does not have the attribute 'name'"):
        from_graphml(file(some))
    same = graph(node("n0", name="a") + node("n1", name="a"), keys=keys)
    with pytest.raises(ValueError, match="nodes n0 and n1 have one name, 'a'"):
        from_graphml(file(same))


@pytest.mark.parametrize(
    "weight", ["weight", "Weight", "WEIGHT", "synapses", "number_of_fibers", "n_synapses", "count"]
)
def test_weights_by_their_usual_names(file, weight):
    read = from_graphml(file(IGRAPH.format(label="name", weight=weight)))
    np.testing.assert_array_equal(read.chemical, [[0, 0, 0], [3, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("weight", ["w", "FA_mean", "conductance", "wheight", "e_val"])
def test_an_attribute_that_may_be_the_weight_is_not_replaced_by_1(file, weight):
    path = file(IGRAPH.format(label="name", weight=weight))
    with pytest.raises(ValueError, match=rf"edge attribute '{weight}' may be the weight.*weight="):
        from_graphml(path)
    assert from_graphml(path, weight=weight).chemical[1, 0] == 3
    ignored = from_graphml(path, ignore=(weight,))
    assert ignored.chemical[1, 0] == 1
    assert "every connection has weight 1" in ignored.history[1]
    assert ignored.source.left_out == f"edge attributes not read: {weight}"
    assert from_graphml(path, weight=7).chemical[1, 0] == 7


@pytest.mark.parametrize(
    ("attribute", "role"),
    [
        ("sgn", "sign"),
        ("inhibitory", "sign"),
        ("junction", "layer"),
        ("kind of layer", "layer"),
    ],
)
def test_an_attribute_that_may_be_sign_or_layer_is_refused(file, attribute, role):
    text = graph(
        edges=edge("a", "b", w="2").replace("</edge>", '<data key="k">inh</data></edge>'),
        keys=(("edge", "w"), ("edge", "k")),
    )
    text = text.replace('attr.name="k"', f'attr.name="{attribute}"')
    text = text.replace('attr.name="w"', 'attr.name="weight"')
    with pytest.raises(ValueError, match=f"'{attribute}' may be the {role}.*{role}="):
        from_graphml(file(text))


def test_a_graph_without_attributes(file):
    read = from_graphml(file(graph(edges=edge("a", "b"))))
    np.testing.assert_array_equal(read.chemical, [[0, 0], [1, 0]])
    assert read.history == ("every connection has weight 1",)


def test_a_graph_of_one_layer(file):
    path = file(graph(edges=edge("a", "b", weight="2"), keys=(("edge", "weight"),)))
    read = from_graphml(path, default_layer="gap")
    np.testing.assert_array_equal(read.gap, [[0, 2], [2, 0]])
    assert not read.chemical.any()


def test_undirected_and_mixed_edges(file):
    keys = (("edge", "weight"),)
    edges = edge("a", "b", 'directed="false"', weight="2") + edge("b", "c", weight="3")
    read = from_graphml(file(graph(edges=edges, keys=keys)))
    np.testing.assert_array_equal(read.chemical, [[0, 2, 0], [2, 0, 0], [0, 3, 0]])
    edges = edge("a", "b", weight="2") + edge("b", "c", 'directed="true"', weight="3")
    read = from_graphml(file(graph(edges=edges, kind="undirected", keys=keys)))
    np.testing.assert_array_equal(read.chemical, [[0, 2, 0], [2, 0, 0], [0, 3, 0]])


def test_parallel_edges(file):
    edges = edge("a", "b", weight="2") + edge("a", "b", weight="3")
    path = file(graph(edges=edges, keys=(("edge", "weight"),)))
    with pytest.raises(ValueError, match="edge a to b: .*listed twice"):
        from_graphml(path)
    assert from_graphml(path, duplicates="sum").chemical[1, 0] == 5


def test_unequal_gap_junctions(file):
    edges = edge("a", "b", weight="2", layer="gap") + edge("b", "a", weight="3", layer="gap")
    path = file(graph(edges=edges, keys=(("edge", "weight"), ("edge", "layer"))))
    with pytest.raises(ValueError, match="unequal_gap="):
        from_graphml(path)
    assert from_graphml(path, unequal_gap="larger").gap[0, 1] == 3


def test_kinds_and_types_of_nodes(file):
    keys = (("node", "kind"), ("node", "type"), ("node", "cell_class"), ("edge", "weight"))
    nodes = node("a", kind="Neuron", type="Motor neuron", cell_class="A") + node("b", type="inter")
    nodes += node("m", kind="MUSCLE") + node("k", type="muscle")
    edges = edge("a", "b", weight="1") + edge("a", "m", weight="2") + edge("b", "k", weight="3")
    text = graph(nodes, edges, keys=keys)
    read = from_graphml(file(text))
    assert read.neurons == ("a", "b")
    assert read.muscles == ("m", "k")
    assert [(cell.type, cell.cell_class) for cell in read.cells] == [
        ("motor", "A"),
        ("interneuron", "b"),
    ]
    np.testing.assert_array_equal(read.neuromuscular, [[2, 0], [0, 3]])
    assert from_graphml(file(text), types={"a": "sensory"}).cells[0].type == "sensory"
    with pytest.raises(ValueError, match="node a: kind must be neuron or muscle, got 'glia'"):
        from_graphml(file(text.replace("Neuron<", "glia<")))
    with pytest.raises(ValueError, match=r"node b: the cell type must be one of.*types="):
        from_graphml(file(text.replace("inter<", "Kenyon<")))
    assert from_graphml(file(text.replace("inter<", "Kenyon<")), types={"b": "unknown"})


def test_kinds_and_types_under_any_name(file):
    keys = (("node", "category"), ("node", "tissue"), ("node", "color"), ("edge", "weight"))
    nodes = node("a", category="motor", tissue="neuron", color="red")
    nodes += node("b", category="Sensory neuron", tissue="neuron") + node("m", tissue="muscle")
    edges = edge("a", "b", weight="1") + edge("a", "m", weight="2")
    read = from_graphml(file(graph(nodes, edges, keys=keys)))
    assert [cell.type for cell in read.cells] == ["motor", "sensory"]
    assert read.muscles == ("m",)
    assert read.source.left_out == "node attributes not read: color"


def test_labels_of_yed(file):
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
    xmlns:y="http://www.yworks.com/xml/graphml"><key for="node" id="d6" yfiles.type="nodegraphics"/>
    <key for="edge" id="d10" yfiles.type="edgegraphics"/><graph edgedefault="directed">
    <node id="n0"><data key="d6"><y:ShapeNode><y:NodeLabel>AVAL</y:NodeLabel></y:ShapeNode></data>
    </node><node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>DB2</y:NodeLabel></y:ShapeNode>
    </data></node><edge source="n0" target="n1"><data key="d10"><y:PolyLineEdge>
    <y:EdgeLabel>5</y:EdgeLabel></y:PolyLineEdge></data></edge></graph></graphml>"""
    with pytest.raises(ValueError, match="label='nodegraphics'"):
        from_graphml(file(text))
    with pytest.raises(ValueError, match="weight='edgegraphics'"):
        from_graphml(file(text), label="nodegraphics")
    read = from_graphml(file(text), label="nodegraphics", weight="edgegraphics")
    assert read.neurons == ("AVAL", "DB2")
    assert read.chemical[1, 0] == 5


def test_signs_and_signed_weights(file):
    keys = (("edge", "weight"), ("edge", "sign"))
    edges = edge("a", "b", weight="1", sign="-1.0") + edge("b", "a", weight="1", sign="exc")
    np.testing.assert_array_equal(
        from_graphml(file(graph(edges=edges, keys=keys))).signs, [[0, 1], [-1, 0]]
    )
    signed = file(graph(edges=edge("a", "b", weight="-2"), keys=keys[:1]))
    with pytest.raises(ValueError, match="signs='from_weights'"):
        from_graphml(signed)
    read = from_graphml(signed, signs="from_weights")
    assert read.chemical[1, 0] == 2
    assert read.signs is not None
    assert read.signs[1, 0] == -1


def test_defaults_of_attributes_and_those_not_read(file):
    text = """<graphml><key id="w" for="edge" attr.name="weight"><default>4</default></key>
    <key id="x" for="node" attr.name="x"/><key id="c" for="edge" attr.name="color"/>
    <graph edgedefault="directed"><node id="a"><data key="x">0.1</data></node><node id="b"/>
    <edge source="a" target="b"/><edge source="b" target="a"><data key="w">5</data>
    <data key="c">red</data></edge></graph></graphml>"""
    read = from_graphml(file(text))
    np.testing.assert_array_equal(read.chemical, [[0, 5], [4, 0]])
    assert read.source.left_out == "edge attributes not read: color; node attributes not read: x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<graphml></graphml>", "contains 0 graphs"),
        ("<graphml><graph/><graph/></graphml>", "contains 2 graphs"),
        (graph("<node id='a'><graph/></node>"), "a graph inside a graph"),
        (graph("<hyperedge/>"), "a hyperedge inside a graph"),
        (graph(node("a") + node("a")), "node id 'a' is empty or repeated"),
        (graph("<node/>"), "node id '' is empty"),
        (
            graph(node("AVAL") + node("AVBL"), edge("AVAL", "AVBl")),
            "'AVBl', which is not declared.",
        ),
        (
            "<graphml><key id='w' for='edge' attr.name='weight'/><graph><node id='a'/><edge "
            "source='a' target='a'><data key='w'>3</data><data key='w'>4</data></edge></graph>"
            "</graphml>",
            "two values of 'weight' in one edge",
        ),
        (graph(edges="<edge source='a'/>"), "not have a source or a target"),
        (graph(kind="both"), "edgedefault must be"),
        ("<gexf/>", "its root is <gexf>"),
    ],
)
def test_what_is_not_one_graph_is_refused(file, text, message):
    with pytest.raises(ValueError, match=message):
        from_graphml(file(text))


@pytest.mark.parametrize("kind", ["double", "int", "boolean", "Double", "string", None])
@pytest.mark.parametrize("default", ["<default>NaN</default>", "<default>2</default>", ""])
def test_an_empty_weight_is_not_the_weight_one(file, kind, default):
    """Edges with an empty weight had weight 1, whatever the default and the declared type."""
    declared = f'attr.type="{kind}"' if kind else ""
    text = f"""<graphml><key id="w" for="edge" attr.name="weight" {declared}>{default}</key>
    <graph edgedefault="directed"><edge source="a" target="b"><data key="w"> </data></edge>
    </graph></graphml>"""
    empty = "x.graphml, edge a to b: weight is empty.*ignore=.'weight',"
    with pytest.raises(ValueError, match=empty):
        from_graphml(file(text, "x.graphml"))
    with pytest.raises(ValueError, match=empty):
        from_graphml(file(text, "x.graphml"), weight="weight")
    assert from_graphml(file(text), ignore=["weight"]).chemical[1, 0] == 1
    assert from_graphml(file(text), weight=2).chemical[1, 0] == 2
    text = text.replace(default or "</key>", "<default/>" if default else "<default/></key>")
    with pytest.raises(ValueError, match=empty):
        from_graphml(file(text.replace('<data key="w"> </data>', ""), "x.graphml"))


def test_edges_without_any_weight_have_weight_one(file):
    text = graph(edges=edge("a", "b"), keys=[("edge", "weight")])
    assert from_graphml(file(text)).history == ("every connection has weight 1",)


def test_empty_values_that_are_not_used_are_accepted(file):
    """An empty number is a missing value: of nodes, of the graph, and of edges except weights."""
    keys = [("node", "weight"), ("node", "cell_type"), ("graph", "year"), ("all", "version")]
    keys += [("edge", "synapses"), ("edge", "sign"), ("edge", "count"), ("edge", "length")]
    text = graph(
        '<data key="year"/><data key="version"/>'
        + node("a", weight="", cell_type="", version="")
        + node("b"),
        edge("a", "b", synapses=3, sign="", count="", length=""),
        keys=keys,
    ).replace(" attr.name", ' attr.type="double" attr.name')
    read = from_graphml(file(text))
    assert (read.chemical[1, 0], read.signs, read.cells[0].type) == (3, None, "unknown")
    assert read.source.left_out == ""
    partly = text.replace("</graph>", edge("b", "a", synapses=2, length=0.5) + "</graph>")
    assert from_graphml(file(partly), ignore=["length"]).chemical.tolist() == [[0, 2], [3, 0]]


def test_a_default_that_is_not_a_number_names_the_edge(file):
    text = """<graphml><key id="w" for="edge" attr.name="weight" attr.type="double">
    <default>NaN</default></key><graph edgedefault="directed"><node id="a"/><node id="b"/>
    <edge source="a" target="b"/></graph></graphml>"""
    with pytest.raises(ValueError, match="edge a to b: weight must be finite .*, got nan"):
        from_graphml(file(text))
