"""Tables open in spreadsheets, which execute cells that begin like a formula."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from isochron import connectome

HOSTILE = (
    "=cmd|' /C calc'!A0", "+A", "-1", "@SUM(1)", "\uff1dB", "=z'", "'=x", "''-y", "=", "b;=c",
    "d\t=e", "plain",
)  # fmt: skip
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def hostile():
    """A chain of the names, each of which is a neuron, with a layer and a unit of that kind."""
    n = len(HOSTILE)
    graph = connectome.from_matrices(HOSTILE, np.eye(n, k=1), rows="postsynaptic", name="x")
    source = replace(graph.source, weight_unit="=unit")
    layers = {"+volume": np.eye(n, k=2)}
    return graph.changed("hostile", extrasynaptic=layers, source=source, species="@species")


def test_the_names_come_back(tmp_path):
    connectome.write_csv(hostile(), tmp_path / "x.csv")
    again = connectome.from_csv(tmp_path / "x.csv", extrasynaptic=("+volume",))
    assert set(again.neurons) == set(hostile().neurons)
    assert (again.source.weight_unit, again.species) == ("=unit", "@species")
    order = again.index(hostile().neurons)
    np.testing.assert_array_equal(again.chemical[np.ix_(order, order)], hostile().chemical)
    np.testing.assert_array_equal(
        again.layer("+volume")[np.ix_(order, order)], hostile().layer("+volume")
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("names", [HOSTILE, HOSTILE[:9]])
def test_no_cell_is_a_formula(tmp_path, separator, names):
    """Also in a spreadsheet that splits lines at semicolons or tabs, unless the file says where."""
    graph = hostile()
    connectome.write_csv(graph.subset(*graph.neurons[: len(names)]), tmp_path / "x.csv")
    lines = (tmp_path / "x.csv").read_text().splitlines()
    if lines[0].startswith("sep="):
        separator, lines = lines[0][4:], lines[1:]
    cells = [cell for row in csv.reader(lines, delimiter=separator) for cell in row]
    assert len(cells) >= len(names)
    assert [cell for cell in cells if cell.startswith(STARTS)] == []
