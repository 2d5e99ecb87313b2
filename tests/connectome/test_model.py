import dataclasses
import re
import shlex
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isochron import connectome


def test_names_aliases_and_selection(graph):
    assert graph.neurons[graph.index(["VB01"])[0]] == "VB1"
    assert graph.select("AVA") == ("AVAL", "AVAR")
    assert graph.select("VB01") == ("VB1",)
    assert len(graph.select("VB*")) == 11
    assert len(graph.select("sensory")) == 83
    assert graph.select("AVA", "AVAL", "ASIL") == ("ASIL", "AVAL", "AVAR")


@pytest.mark.parametrize("name", ["AVAX", "PLMX", ""])
def test_an_unknown_neuron_is_refused_with_the_nearest(graph, name):
    with pytest.raises(ValueError, match=r"varshney2011 has no neuron.*isochron connectome cells"):
        graph.index([name])
    with pytest.raises(ValueError, match="Did you mean .*AVAL"):
        graph.index(["AVAX"])
    with pytest.raises(ValueError, match="Types: sensory, interneuron"):
        graph.select("AVA", "sensoric")


def test_layers_by_name(graph):
    assert graph.layers == ("chemical", "gap", "neuromuscular")
    assert graph.layer("gap") is graph.gap
    with pytest.raises(ValueError, match="It has: chemical, gap, neuromuscular"):
        graph.layer("electrical")
    assert connectome.load("bentley2016-monoamine").layers == (
        *("dopamine", "octopamine", "serotonin", "tyramine"),
    )


def test_it_says_what_it_is(graph, small):
    assert "279 neurons, 1 muscle, 2194 chemical connections, 514 gap-junction" in repr(graph)
    assert "signs: SignTable" in repr(small)
    page = dataclasses.replace(
        graph, source=connectome.Source(weight_unit="<b>", notes="<script>")
    )._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neurons": ("A", "A", "C", "D")}, "neuron 'A' is named twice"),
        ({"muscles": ("M", "M"), "neuromuscular": np.zeros((2, 4))}, "muscle 'M' is named twice"),
        ({"chemical": np.ones((3, 3))}, r"shape \(3, 3\), not \(4, 4\)"),
        ({"chemical": -np.ones((4, 4))}, "negative"),
        ({"chemical": np.full((4, 4), "1")}, "not numbers"),
        ({"gap": np.full((4, 4), np.nan)}, "not finite"),
        ({"gap": np.diag([1, 1, 1], 1)}, r"symmetric, but gap\[A, B\] is 1 .* is 0"),
        ({"extrasynaptic": {"dopamine": np.zeros((2, 2))}}, "dopamine has shape"),
        ({"signs": np.zeros(4)}, "signs must be"),
        ({"signs": np.full((4, 4), 0.5)}, "signs must be"),
        ({"signs": np.ones((4, 4))}, "where there is no connection"),
        ({"cells": (connectome.Cell("X", "X", "motor"),)}, "the cells are not those"),
    ],
)
def test_a_wrong_wiring_is_refused(small, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(small, **change)


def test_a_wiring_cannot_be_changed(graph):
    with pytest.raises(ValueError, match="read-only"):
        graph.chemical[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.name = "x"
    layers: Any = connectome.load("bentley2016-monoamine").extrasynaptic
    with pytest.raises(TypeError):
        layers["x"] = 1


@pytest.mark.parametrize("word", ["Motor", "motor neurons", "Motoneuron"])
def test_words_for_types(graph, word):
    assert graph.select(word) == graph.select("motor")
    named = connectome.from_matrices(
        ["A", "B"], np.eye(2), rows="postsynaptic", types={"A": word, "B": "sensory"}
    )
    assert named.select("motor") == ("A",)
    with pytest.raises(ValueError, match="got 'motr'. Did you mean 'motor'"):
        connectome.from_matrices(["A"], np.eye(1), rows="postsynaptic", types={"A": "motr"})


@pytest.mark.parametrize("what", ["ava", "AVA", " Ava", "vb*", "rm[de]d", "aVaL", "MOTOR"])
def test_case_makes_no_difference_for_names_classes_and_patterns_of_the_worm(graph, what):
    assert graph.select(what) == graph.select(what.strip().upper())


def test_every_class_in_lower_case(graph):
    for group in {cell.cell_class for cell in graph.cells}:
        assert graph.select(group.lower()) == graph.select(group)


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("ava", "Did you mean the class AVA"),
        ("vb*", "VB1, VB10, VB11 would match"),
        ("aval", "Did you mean AVAL"),
    ],
)
def test_case_makes_a_difference_for_names_classes_and_patterns_of_other_animals(graph, what, hint):
    other = dataclasses.replace(graph, species="Pristionchus pacificus")
    with pytest.raises(ValueError, match=hint):
        other.select(what)


def test_what_became_of_a_neuron_that_is_not_there_any_more(graph):
    with pytest.raises(ValueError, match="no neuron 'PLM'. Its neurons were changed: without PLM"):
        graph.ablate("PLM").select("PLM")
    with pytest.raises(ValueError, match="changed: merged by class"):
        graph.by_class().index(["PLML"])


def test_a_muscle_is_called_a_muscle():
    worm = connectome.load("cook2019-hermaphrodite")
    for choose in (worm.select, lambda name: worm.index([name]), worm.ablate, worm.subset):
        with pytest.raises(ValueError, match="MDL01 is a muscle of cook2019-hermaphrodite, not"):
            choose("dBWML1")


def test_where_names_are_listed(tmp_path, small):
    with pytest.raises(ValueError, match="All 4 names: the attribute neurons"):
        small.index(["Z"])
    loaded = connectome.load("varshney2011")
    for changed in (loaded.subset("AVA"), loaded.by_class()):  # of which no command lists the names
        with pytest.raises(ValueError, match="the attribute neurons"):
            changed.index(["Z"])
    path = tmp_path / "two words" / "it's $HOME.csv"
    path.parent.mkdir()
    connectome.write_csv(small, path)
    command = f"isochron connectome cells {shlex.quote(str(path))}"
    read = connectome.from_csv(path)
    with pytest.raises(ValueError, match=re.escape(command)):
        read.index(["Z"])
    with pytest.raises(ValueError, match=re.escape(command)):
        read.binarize().select("Z")
    with pytest.raises(ValueError, match="the attribute neurons"):  # a command has no such option
        connectome.from_csv(path, species=None).index(["Z"])
    assert str(path.parent) not in repr(read) + repr(read.source)


def test_one_of_a_kind_is_singular():
    one = connectome.from_matrices(
        ["A", "B"],
        [[0, 0], [1, 0]],
        [[0, 1], [1, 0]],
        [[1, 0]],
        rows="postsynaptic",
        muscles=["M"],
    )
    assert (
        "2 neurons, 1 muscle, 1 chemical connection, 1 gap-junction pair, "
        "1 neuromuscular connection;"
    ) in repr(one)


def test_the_repr_states_signs(graph):
    fly = connectome.from_matrices(["x", "y"], [[0, 1], [1, 0]], rows="presynaptic")
    assert "no signs: in models all connections excite unless" in repr(fly)
    assert "no signs: in models all connections excite" in fly._repr_html_()
    assert "no signs: models inhibit by the GABAergic senders" in repr(graph)
    signed = connectome.from_matrices(
        ["x", "y"], [[0, -2], [1, 0]], rows="presynaptic", signs="from_weights"
    )
    assert "1 of 2 chemical connections inhibitory;" in repr(signed)
    silent = dataclasses.replace(fly, signs=np.zeros((2, 2)))
    assert "0 of 2 chemical connections inhibitory, 2 without a sign" in repr(silent)
    bare = connectome.from_matrices(["x", "y"], np.zeros((2, 2)), rows="presynaptic")
    assert "sign" not in repr(bare)


def test_weights_of_true_and_false_add_up():
    both = np.array([[False, True], [True, False]])
    pair = connectome.from_matrices(["AVAL", "AVAR"], both, both, rows="presynaptic")
    np.testing.assert_array_equal(pair.chemical, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(pair.merge_left_right().chemical, [[2]])


def test_integers_of_pandas_are_numbers():
    frame = pd.DataFrame([[0, 1], [2, 0]], dtype="Int64")
    found = connectome.from_matrices(["A", "B"], frame, rows="postsynaptic")
    np.testing.assert_array_equal(found.chemical, [[0, 1], [2, 0]])
    frame.iloc[0, 1] = pd.NA
    with pytest.raises(ValueError, match="chemical contains object, not numbers. Write 0 where"):
        connectome.from_matrices(["A", "B"], frame, rows="postsynaptic")


def test_arrays_are_kept_by_rows():
    """Compiled code and files of weights take rows in order; a transposed table is copied."""
    weights = np.arange(9).reshape(3, 3)
    graph = connectome.from_matrices(["A", "B", "C"], weights.T, rows="postsynaptic")
    assert graph.chemical.flags.c_contiguous
    signs = np.asfortranarray(np.sign(graph.chemical))
    signed = connectome.from_matrices(["A", "B", "C"], weights.T, rows="postsynaptic", signs=signs)
    assert np.asarray(signed.signs).flags.c_contiguous


def test_a_sign_that_is_none_is_stated_with_its_pair():
    with pytest.raises(ValueError, match=r"signs must be -1, 0 or 1, got .*0\.5.* from B to A"):
        connectome.from_matrices(
            ["A", "B"], [[0, 2], [0, 0]], rows="postsynaptic", signs=[[0, 0.5], [0, 0]]
        )


@pytest.mark.parametrize("names", [["AVAL", "VB2"], ("RIS",), 3, np.array(["AVAL"])])
@pytest.mark.parametrize("method", ["select", "ablate"])
def test_names_given_as_one_list(method, names):
    with pytest.raises(TypeError, match=r"one by one.*select\(\*names\)"):
        getattr(connectome.load("varshney2011"), method)(names)
