"""Joins of the vendored tables: nothing is dropped without being listed."""

from importlib import import_module
from pathlib import Path

import pytest

from isochron import connectome

DATA = Path(connectome.__file__).parent / "data"


@pytest.fixture
def readers(monkeypatch):
    monkeypatch.syspath_prepend(DATA)
    return import_module("readers.joins"), import_module("readers.tabulate")


def test_a_row_that_matches_no_cell_fails_the_build(readers):
    joins, _ = readers
    assert joins.check_unmatched("x", ["hyp", "hyp", "int"], ["hyp", "int"]) == {
        "hyp": 2,
        "int": 1,
    }
    with pytest.raises(ValueError, match=r"Wang: 3 rows match no cell: CP0 \(1\), XY1 \(2\)"):
        joins.check_unmatched("Wang", ["XY1", "CP0", "hyp", "XY1"], ["hyp"])


def test_a_cell_with_two_entries_fails_the_build(readers):
    joins, _ = readers
    assert joins.unique("x", [("DX1", "a"), ("DX1", "a"), ("DX2", "b")]) == {
        "DX1": "a",
        "DX2": "b",
    }
    with pytest.raises(ValueError, match="Wang: EF1 is 'GABA' and also ''"):
        joins.unique("Wang", [("EF1", "GABA"), ("EF1", "")])


def test_cells_of_other_kinds_are_counted_and_named(readers):
    _, tabulate = readers
    rows = [
        tabulate.Connection("AVA_L", "DD01", "chemical", 2),
        tabulate.Connection("DD1", "BWM-DL01", "chemical", 3),
        tabulate.Connection("DD1", "hyp", "chemical", 1),
        tabulate.Connection("int", "hyp", "gap", 1),
    ]
    neurons, muscles = {"AVAL", "DD1"}, {"MDL01"}
    arrays, left_out = tabulate.tabulate("x", rows, neurons, muscles, ["hyp", "int"])
    assert arrays["neurons"].tolist() == ["AVAL", "DD1"]
    assert arrays["chemical"].tolist() == [[1, 0, 2]]
    assert arrays["neuromuscular"].tolist() == [[0, 1, 3]]
    assert left_out.endswith("neuron to other cell; 1 gap-junction entries other cell and other "
                             "cell; the other cells are hyp, int")  # fmt: skip
    with pytest.raises(ValueError, match=r"x: 2 rows match no cell: hyp \(2\)"):
        tabulate.tabulate("x", rows, neurons, muscles, ["int"])
