"""Signs onto muscles, and labels of several neurons."""

import pytest

from isochron.connectome import TransmitterSigns, from_csv, from_graphml, from_matrices

from .test_graphml import edge, graph


@pytest.mark.parametrize(
    ("header", "line", "options"),
    [
        ("layer", "MNa,mus1,-3,nmj", {"signs": "from_weights", "species": "Drosophila"}),
        ("layer,sign", "MNa,mus1,3,nmj,inh", {}),
        ("sign", "VB1,MDL05,3,-1", {"species": "C. elegans"}),
    ],
)
def test_an_inhibited_muscle_is_not_excited(file, header, line, options):
    path = file(f"pre,post,weight,{header}\n{line}\n")
    with pytest.raises(ValueError, match=r"line 2: (MNa|VB1) inhibits the muscle.*inhibitory="):
        from_csv(path, **options)


def test_an_inhibited_muscle_in_graphml(file):
    edges = edge("a", "m", weight="2", layer="nmj", sign="-1")
    keys = [("edge", name) for name in ("weight", "layer", "sign")]
    with pytest.raises(ValueError, match="edge a to m: a inhibits the muscle m"):
        from_graphml(file(graph(edges=edges, keys=keys)))


def test_what_models_do_anyway_is_accepted(file):
    read = from_csv(
        file("pre,post,weight,sign\nDD1,MDL05,3,-1\nVB1,MDL05,2,1\n"), species="C. elegans"
    )
    assert read.neuromuscular.tolist() == [[3, 2]]
    assert read.source.left_out == "2 signs of neuromuscular connections"


@pytest.mark.parametrize(
    ("label", "kind", "sign"),
    [("EF1/2", "interneuron", -1), ("VC4/5", "motor", 1), ("DX1/2", "interneuron", 1)],
)
def test_a_joint_label_has_what_its_cells_share(file, label, kind, sign):
    """EF1 and EF2 release GABA: so does their label."""
    read = from_csv(
        file(f"pre,post,weight\n{label},AVAL,1\nAVAL,{label},1\n"), species="C. elegans"
    )
    cell = read.cells[0]
    assert cell.type == kind
    assert TransmitterSigns()(read)[1, 0] == sign
    assert any("labels of several neurons" in text for text in read.history)
    matrix = [[0, 1], [1, 0]]
    same = from_matrices([label, "AVAL"], matrix, rows="postsynaptic", species="C. elegans")
    assert same.cells == read.cells
    assert (
        from_csv(
            file(f"pre,post,weight\n{label},AVAL,1\n"),
            species="C. elegans",
            types={label: "unknown"},
        )
        .cells[0]
        .transmitters
        == ()
    )
