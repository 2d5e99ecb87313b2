"""Closed vocabularies: layers, kinds of nodes, cell types; names of the worm and of others."""

from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import from_csv, from_graphml, from_matrices
from isochron.connectome.importers.vocabulary import read_layer

WORDS = {
    "chemical": ["chemical", "Chemical synapse", "chem", "Send", "S", "synapse", "C"],
    "gap": ["gap", "electrical", "Electrical", "gap junction", "gap_junction", "GapJunction"],
    "neuromuscular": ["neuromuscular", "NMJ", "neuromuscular junction"],
    "serotonin": ["serotonin", "5-HT"],
    "neuropeptide": ["neuropeptide", "Peptide"],
}
WORDS["gap"] += ["gap-junctions", "EJ", "elec", "electrical synapse", "GJ", "E"]


@pytest.mark.parametrize(
    ("layer", "word"), [(k, word) for k, given in WORDS.items() for word in given]
)
def test_words_of_published_lists(layer, word):
    assert read_layer(word, extrasynaptic=(), where="x") == layer


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("electrcial", "gap"),
        ("chemcal", "chemical"),
        ("gap juntion", "gap"),
        ("serotonine", "sero"),
    ],
)
def test_a_misspelled_layer_is_refused_with_the_nearest(file, word, hint):
    path = file(f"pre,post,weight,layer\nA,B,1,{word}\n")
    with pytest.raises(ValueError, match=rf"line 2: '{word}' is not a layer. Did you mean {hint}"):
        from_csv(path)


@pytest.mark.parametrize("word", ["GABA", "acetylcholine", "glutamate", "volume"])
def test_a_layer_is_not_made_of_any_word(file, word):
    """The transmitter of a synapse is not a layer without synapses."""
    path = file(f"pre,post,weight,layer\nA,B,1,{word}\n")
    with pytest.raises(ValueError, match=rf"line 2: '{word}' is not a layer.*extrasynaptic=\("):
        from_csv(path)


def test_a_transmitter_is_told_from_a_layer(file):
    path = file("pre,post,weight,layer\nA,B,1,GABA\n")
    with pytest.raises(ValueError, match="synapses with this transmitter is chemical"):
        from_csv(path)
    assert from_csv(path, extrasynaptic=("gaba",)).layer("gaba")[1, 0] == 1


def test_a_new_layer_is_declared(file):
    path = file("pre,post,weight,layer\nA,B,1,Serotonin Volume\nA,B,2,dopamine\n")
    read = from_csv(path, extrasynaptic=("serotonin-volume",))
    assert set(read.extrasynaptic) == {"serotonin-volume", "dopamine"}
    for wrong, message in (
        ("electrical", "a word for the layer gap"),
        (" ", "contains an empty name"),
    ):
        with pytest.raises(ValueError, match=message):
            from_csv(path, extrasynaptic=(wrong,))
    with pytest.raises(ValueError, match="must be a list"):
        from_csv(path, extrasynaptic="serotonin-volume")
    with pytest.raises(ValueError, match="muscles must be a list of names, got 'MDL05'"):
        from_csv(path, muscles="MDL05", extrasynaptic=("serotonin-volume",))
    with pytest.raises(ValueError, match="neurons must be a list"):
        from_matrices("AB", np.eye(2), rows="postsynaptic")


def test_electrical_connections_are_gap_junctions(file):
    path = file("pre,post,weight,layer\nAVAL,AVAR,2,electrical\nAVAR,AVAL,2,electrical\n")
    read = from_csv(path)
    np.testing.assert_array_equal(read.gap, [[0, 2], [2, 0]])
    assert not read.extrasynaptic


PADDED = """pre,post,weight,layer
DD01,VB01,3,chemical
AVAL,DD01,2,chemical
AVAL,VB01,1,gap
VB01,BWM-VL05,4,chemical
DD01,MDL05,2,chemical
DD01,MDL5,1,neuromuscular
"""


def test_names_of_the_worm_are_canonical(file):
    read = from_csv(file(PADDED))
    assert read.species == "C. elegans"
    assert read.neurons == ("DD1", "VB1", "AVAL")
    assert set(read.muscles) == {"MVL05", "MDL05"}
    onto = dict(zip(read.muscles, read.neuromuscular.tolist(), strict=True))
    assert onto == {"MDL05": [3, 0, 0], "MVL05": [0, 4, 0]}
    assert read.select("motor") == ("DD1", "VB1")
    assert connectome.gaba_inhibitory(read)[1, 0] == -1
    assert "MDL05 (MDL5, MDL05)" in read.history[0]


def test_two_spellings_of_one_neuron_are_refused(file):
    path = file("pre,post,weight\nAVAL,DB01,1\nDB1,AVAL,2\n")
    with pytest.raises(ValueError, match=r"'DB01' and 'DB1' are the same"):
        from_csv(path)
    assert from_csv(path, species=None).neurons == ("AVAL", "DB01", "DB1")
    with pytest.raises(ValueError, match="'DB01' and 'DB1'"):
        from_matrices(["AVAL", "DB01", "DB1"], np.eye(3), rows="postsynaptic")


def test_names_of_other_animals_stay(file):
    glomeruli = ["DA1", "VA2", "VC1", "VD01", "DL5"]
    text = "pre,post,weight\n" + "".join(f"{pre},DL5,1\n" for pre in glomeruli)
    read = from_csv(file(text))
    assert read.species is None
    assert read.neurons[3:] == ("VC1", "VD01")
    assert {cell.type for cell in read.cells} == {"unknown"}
    fly = from_csv(file(text), species="Drosophila melanogaster")
    assert "Drosophila melanogaster" in repr(fly)
    worm = from_csv(file("pre,post,weight\nDA01,VD1,1\n"), species="C. elegans")
    assert [cell.type for cell in worm.cells] == ["motor", "motor"]
    assert worm.neurons == ("DA1", "VD1")


def test_types_of_names_as_the_file_writes_them(file):
    path = file("pre,post,weight\nAVAL,DB01,1\n")
    read = from_csv(path, types={"DB01": "sensory"})
    assert read.cells[1].type == "sensory"
    for word in ("Sensory", "sensory neuron"):
        assert from_csv(path, types={"DB01": word}).cells[1].type == "sensory"
    with pytest.raises(ValueError, match="types names 'DB02'.*Did you mean"):
        from_csv(path, types={"DB02": "sensory"})


def test_what_has_no_place_is_counted(file):
    """Gap junctions between muscles, synapses from muscles, signs onto muscles."""
    text = PADDED.replace("layer\n", "layer,sign\n").replace("chemical\n", "chemical,1\n")
    text = text.replace("gap\n", "gap,\n").replace("neuromuscular\n", "neuromuscular,-1\n")
    text += "MDL05,MDL06,2,electrical,\nMDL05,VB01,1,chemical,1\nVB01,MDL06,1,gap,\n"
    read = from_csv(file(text))
    assert read.source.left_out == (
        "2 signs of neuromuscular connections, 1 gap connection from muscle to muscle, "
        "1 chemical connection from muscle to neuron, 1 gap connection from neuron to muscle"
    ) or set(read.source.left_out.split(", ")) == {
        "3 signs of neuromuscular connections",
        "1 gap connection from muscle to muscle",
        "1 chemical connection from muscle to neuron",
        "1 gap connection from neuron to muscle",
    }


def test_muscles_of_other_animals_are_named(file):
    path = file("pre,post,weight\nA,M,1\nM,A,1\n")
    read = from_csv(path, muscles=("M",))
    assert read.muscles == ("M",)
    assert read.neuromuscular[0, 0] == 1
    assert read.source.left_out == "1 chemical connection from muscle to neuron"
    neuron = file("pre,post,weight,layer\nAVAL,AVAR,1,nmj\n")
    with pytest.raises(ValueError, match="'AVAR' is a neuron and a muscle"):
        from_csv(neuron)


def test_matrices_with_signs_and_unequal_gaps():
    signed = [[0, -2], [3, 0]]
    with pytest.raises(ValueError, match=r"B to A has the negative weight -2. signs='from_"):
        from_matrices(["A", "B"], signed, rows="postsynaptic")
    read: Any
    for rows, matrix in (("postsynaptic", signed), ("presynaptic", np.transpose(signed))):
        rows: Any
        read = from_matrices(["A", "B"], matrix, rows=rows, signs="from_weights")
        np.testing.assert_array_equal(read.chemical, np.abs(signed))
        np.testing.assert_array_equal(read.signs, np.sign(signed))
        given = from_matrices(["A", "B"], np.abs(matrix), rows=rows, signs=np.sign(matrix))
        np.testing.assert_array_equal(given.signs, read.signs)
    gap = [[0, 2], [5, 0]]
    with pytest.raises(ValueError, match=r"gap junction of A and B.*unequal_gap='larger'"):
        from_matrices(["A", "B"], signed, gap, rows="postsynaptic", signs="from_weights")
    read = from_matrices(
        ["A", "B"], np.abs(signed), gap, rows="postsynaptic", unequal_gap="mean",
        extrasynaptic={"serotonin-volume": [[0, 1], [0, 0]]},
    )  # fmt: skip
    np.testing.assert_array_equal(read.gap, [[0, 3.5], [3.5, 0]])
    assert read.history == ("unequal gap junctions take the mean weight (1)",)
    assert read.layer("serotonin-volume")[0, 1] == 1


def test_labels_of_matrices_must_be_the_names():
    import pandas as pd

    frame = pd.DataFrame([[0, 2], [0, 0]], index=["B", "A"], columns=["B", "A"])
    with pytest.raises(ValueError, match=r"the index of chemical is B, A, …, not the names A, B"):
        from_matrices(["A", "B"], frame, rows="postsynaptic")
    read = from_matrices(["A", "B"], frame.loc[["A", "B"], ["A", "B"]], rows="postsynaptic")
    np.testing.assert_array_equal(read.chemical, [[0, 0], [2, 0]])
    plain = pd.DataFrame([[0, 2], [0, 0]])
    assert from_matrices(["A", "B"], plain, rows="postsynaptic").chemical[0, 1] == 2


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["AVAL", "MDL05"], np.eye(2)), {"species": "C. elegans"}, "MDL05 is a muscle"),
        ((["A", "B"], np.eye(3)), {}, r"chemical has shape \(3, 3\)"),
        ((["A"], [["x"]]), {}, "chemical contains <U1, not numbers"),
        ((["A"], [[1]], None, [[1]]), {}, "muscles="),
        ((["A"], [[1]], [[-1]]), {}, "gap connection A to A has the negative weight -1"),
        ((["A"], [[1]]), {"signs": "weights"}, "signs must be a matrix or 'from_weights'"),
        ((["A"], [[0]]), {"signs": [[1]]}, "signs where there is no connection"),
        ((["A"], [[np.nan]]), {"signs": "from_weights"}, "not finite"),
        ((["A"], [[1]]), {"extrasynaptic": {"electrical": [[1]]}}, "a word for the layer gap"),
    ],
)
def test_matrices_that_cannot_be_read(arguments: Any, options: Any, message):
    with pytest.raises(ValueError, match=message):
        from_matrices(*arguments, rows="postsynaptic", **options)


def test_graphml_has_the_same_words(file):
    text = """<graphml><key id="l" for="edge" attr.name="synapse_type"/>
    <key id="w" for="edge" attr.name="Weight"/><graph edgedefault="directed">
    <edge source="A" target="B"><data key="l">E</data><data key="w">2</data></edge>
    <edge source="A" target="B"><data key="l">C</data><data key="w">3</data></edge>
    </graph></graphml>"""
    read = from_graphml(file(text))
    assert read.gap[0, 1] == read.gap[1, 0] == 2
    assert read.chemical[1, 0] == 3
    with pytest.raises(ValueError, match="'volume' is not a layer"):
        from_graphml(file(text.replace(">E<", ">volume<")))


def test_an_entry_that_is_not_a_number_is_named():
    for rows, matrix in (
        ("postsynaptic", [[0, np.nan], [1, 0]]),
        ("presynaptic", [[0, 1], [np.inf, 0]]),
    ):
        rows: Any
        with pytest.raises(
            ValueError, match="the chemical connection B to A is (nan|inf), not finite"
        ):
            from_matrices(["A", "B"], matrix, rows=rows)


def test_sparse_matrices():
    from scipy import sparse

    matrix: Any = sparse.csr_matrix([[0, 2], [0, 0]])
    read = from_matrices(["A", "B"], matrix, rows="postsynaptic")
    assert read.chemical[0, 1] == 2


def test_a_weight_below_the_smallest_number_is_no_zero(tmp_path):
    path = tmp_path / "tiny.csv"
    path.write_text("pre,post,weight\na,b,1e-400\nb,a,2\n")
    with pytest.raises(ValueError, match="weight 1e-400 is too small for a float"):
        from_csv(path)
    path.write_text("pre,post,weight\na,b,0.000\nb,a,2\n")
    assert np.count_nonzero(from_csv(path).chemical) == 1
