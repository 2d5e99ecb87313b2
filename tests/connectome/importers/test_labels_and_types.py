"""Matrices with labels, in narrow data types; names that look the same."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from isochron import connectome

MATRIX = [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
TWINS = ["AVAL", "AVAR", "AVBL", "AVBR"]


def array(rows, columns, dims=("pre", "post")):
    return xr.DataArray(MATRIX, dims=dims, coords={dims[0]: list(rows), dims[1]: list(columns)})


def test_labels_of_xarray_are_read_as_those_of_pandas():
    read = connectome.from_matrices(["A", "B", "C"], array("ABC", "ABC"), rows="presynaptic")
    np.testing.assert_array_equal(read.chemical, np.transpose(MATRIX))
    for matrix in (array("ABC", "BCA"), array("CBA", "ABC"), array("ABC", "ABD")):
        with pytest.raises(ValueError, match=r"labels of '(pre|post)' of chemical are .*\.sel\("):
            connectome.from_matrices(["A", "B", "C"], matrix, rows="presynaptic")
    unlabeled = xr.DataArray(MATRIX, dims=("x", "y"))
    connectome.from_matrices(["A", "B", "C"], unlabeled, rows="presynaptic")


@pytest.mark.parametrize("side", ["chemical", "gap", "signs"])
def test_every_matrix_has_its_labels_checked(side):
    matrices = {"chemical": np.ones((3, 3)), side: array("ABC", "CAB", ("x", "y"))}
    with pytest.raises(ValueError, match=rf"labels of 'y' of {side}"):
        connectome.from_matrices(["A", "B", "C"], **matrices, rows="presynaptic")


def test_axes_that_are_named_after_the_other_side_are_refused():
    names = ["A", "B", "C"]
    frame = pd.DataFrame(MATRIX, index=pd.Index(names, name="Postsynaptic"), columns=names)
    for matrix in (array("ABC", "ABC", ("post", "pre")), frame):
        with pytest.raises(ValueError, match=r"rows of chemical are named .* rows='presyn"):
            connectome.from_matrices(names, matrix, rows="presynaptic")
        read = connectome.from_matrices(names, matrix, rows="postsynaptic")
        np.testing.assert_array_equal(read.chemical, MATRIX)
    columns = pd.DataFrame(MATRIX, index=names, columns=pd.Index(names, name="pre"))
    with pytest.raises(ValueError, match="columns of chemical are named 'pre'"):
        connectome.from_matrices(names, columns, rows="presynaptic")


def test_names_without_an_order_are_refused():
    for names in ({"A", "B", "C"}, frozenset("ABC")):
        with pytest.raises(ValueError, match="set is not ordered"):
            connectome.from_matrices(names, MATRIX, rows="presynaptic")
    read = connectome.from_matrices(dict.fromkeys("ABC"), MATRIX, rows="presynaptic")
    assert read.neurons == ("A", "B", "C")


def test_signs_that_are_truth_values_are_refused():
    with pytest.raises(ValueError, match="true or false"):
        connectome.from_matrices(
            ["A", "B", "C"], MATRIX, rows="presynaptic", signs=np.array(MATRIX) > 3
        )


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int16", "uint32", "uint64", "int64"])
def test_sums_of_weights_do_not_overflow(dtype):
    largest = 1 if dtype == "bool" else min(np.iinfo(dtype).max, 2**60)
    weights = np.full((4, 4), largest, dtype=dtype)
    graph = connectome.from_matrices(TWINS, weights, weights, rows="presynaptic")
    for merged in (graph.by_class(), graph.merge_left_right()):
        np.testing.assert_array_equal(merged.chemical, np.full((2, 2), 4.0 * largest))
        np.testing.assert_array_equal(merged.gap, np.array([[3.0, 4], [4, 3]]) * largest)


def test_sums_of_large_weights_of_a_file_do_not_overflow(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_text("pre,post,weight\nAVAL,AVBL,2000000000\nAVAR,AVBL,2000000000\n")
    assert connectome.from_csv(path).by_class().chemical[1, 0] == 4_000_000_000


def test_the_lowest_negative_weight_of_a_type_inhibits():
    matrix = np.array([[0, -128, 2], [3, 0, 4], [5, 6, 0]], dtype=np.int8)
    read = connectome.from_matrices(
        ["A", "B", "C"], matrix, rows="postsynaptic", signs="from_weights"
    )
    assert read.signs is not None
    assert (read.chemical[0, 1], read.signs[0, 1]) == (128, -1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("e\u0301", "\u00e9"),  # an accent as a separate character
        ("KC\u00a01", "KC 1"),  # a no-break space
        ("KC  1", "KC 1"),
        ("A\t1", "A 1"),
        ("\u1112\u1161\u11ab", "\ud55c"),  # letters of a syllable of Hangul
    ],
)
def test_spellings_that_look_the_same_are_one_neuron(tmp_path, one, other):
    path = tmp_path / "x.csv"
    path.write_text(f"pre,post,weight\n{one},B,1\n{other},C,2\n", encoding="utf-8")
    table = connectome.from_csv(path)
    assert table.neurons == (other, "B", "C")
    with pytest.raises(ValueError, match="twice"):
        connectome.from_matrices([one, other], [[0, 1], [1, 0]], rows="presynaptic")
    xml = connectome.from_matrices([one, "B"], [[0, 1], [1, 0]], rows="presynaptic")
    assert xml.neurons == (other, "B")


def test_a_name_that_looks_like_a_pattern_is_that_neuron():
    names = ["Mi[1]", "Mi1", "T*", "Tm"]
    graph = connectome.from_matrices(names, np.eye(4), rows="presynaptic")
    assert graph.select("Mi[1]") == ("Mi[1]",)
    assert graph.select("T*") == ("T*",)
    assert graph.ablate("T*").neurons == ("Mi[1]", "Mi1", "Tm")
    assert graph.select("Mi*") == ("Mi[1]", "Mi1")


def test_a_neuron_is_found_in_each_spelling_that_looks_the_same():
    graph = connectome.from_matrices(["\u00e9 1", "B"], np.eye(2), rows="presynaptic")
    assert graph.select("e\u0301\u00a01") == ("\u00e9 1",)
    assert graph.index(["e\u0301  1"]).tolist() == [0]
