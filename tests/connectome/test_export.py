from dataclasses import replace

import networkx as nx
import numpy as np

from isochron import connectome
from isochron.connectome import Source


def test_a_table_has_each_connection_once(graph):
    table = graph.with_signs(connectome.gaba_inhibitory).to_pandas()
    assert dict(table["layer"].value_counts()) == {
        "chemical": 2194,
        "gap": 517,
        "neuromuscular": 114,
    }
    row = table[
        (table["pre"] == "AVAL") & (table["post"] == "VA8") & (table["layer"] == "chemical")
    ]
    assert row[["weight", "sign"]].to_numpy().tolist() == [[9, 1]]
    assert table.loc[table["layer"] == "gap", "weight"].sum() == 890


def test_a_graph_can_be_walked(graph):
    digraph = graph.to_networkx()
    edges = nx.to_pandas_edgelist(digraph)
    assert (edges["layer"] == "chemical").sum() == 2194
    assert (edges["layer"] == "gap").sum() == 2 * 514 + 3
    assert digraph.nodes["AVAL"] == {"kind": "neuron", "cell_class": "AVA", "type": "interneuron"}
    assert digraph.nodes["BWM"]["kind"] == "muscle"
    gap = nx.to_numpy_array(
        nx.MultiDiGraph((a, b, d) for a, b, d in digraph.edges(data=True) if d["layer"] == "gap"),
        nodelist=[n for n in graph.neurons if graph.gap[graph.index([n])[0]].any()],
    )
    assert gap.sum() == graph.gap.sum()
    np.testing.assert_array_equal(gap, gap.T)


def test_labelled_matrices(graph):
    data = graph.with_signs(connectome.gaba_inhibitory).to_xarray()
    assert data["chemical"].sel(post="VA8", pre="AVAL") == 9
    assert data["sign"].sel(post="VA8", pre="AVAL") == 1
    assert data["neuromuscular"].dims == ("muscle", "pre")
    assert data["position"].sel(pre="PLML", axis="y") > 400
    assert data.attrs["weight_unit"] == "synaptic contacts"
    assert "GabaInhibitory" in data.attrs["history"]
    layers = connectome.load("bentley2016-monoamine").to_xarray()
    assert layers["dopamine"].sum() == 1176


def test_a_written_csv_is_sorted_out_by_layer(tmp_path, small):
    connectome.write_csv(small, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == (
        "pre,post,layer,weight,sign,pre_type,post_type\n"
        "A,B,chemical,3,1,sensory,unknown\nB,C,chemical,2,-1,unknown,unknown\n"
        "C,D,chemical,5,1,unknown,motor\nD,D,chemical,1,1,motor,motor\n"
        "B,C,gap,4,0,unknown,unknown\nD,M,neuromuscular,7,0,motor,\n"
    )


def test_a_table_has_no_more_columns_than_a_reader_needs(tmp_path, graph):
    connectome.write_csv(replace(graph, source=Source(weight_unit="weight")), tmp_path / "x.csv")
    header = (tmp_path / "x.csv").read_text().partition("\n")[0]
    assert header == "pre,post,layer,weight,sign"
