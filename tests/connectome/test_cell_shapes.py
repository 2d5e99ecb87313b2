"""The shapes of the neurons: complete, where the somata are, and read as the file says."""

from importlib import import_module
from importlib.resources import files

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.cell_shapes import load_cell_shapes

MICROMETERS = 0.05  # rounding of coordinates


@pytest.fixture(scope="module")
def shapes():
    return load_cell_shapes()


def test_every_neuron_of_the_hermaphrodite_has_a_shape(shapes):
    expected = {name for name, cell in connectome.cells().items() if cell.sex != "male"}
    assert set(shapes.neurons) == expected
    assert len(shapes.neurons) == len(set(shapes.neuron)) == 302
    assert shapes.length.sum() == len(shapes.points) == len(shapes.diameters)
    assert shapes.length.min() >= 2
    assert (np.diff(shapes.neuron) >= 0).all()


def test_processes_start_at_the_soma(shapes):
    """The nearest point of each cell to its soma, which comes from the table of cells."""
    owner = np.repeat(shapes.neuron, shapes.length)
    for number, name in enumerate(shapes.neurons):
        soma = np.array(connectome.cells()[name].position)
        gaps = np.linalg.norm(shapes.points[owner == number] - soma, axis=1)
        assert gaps.min() < 12, name


def test_a_branching_cell_is_read_as_lines(monkeypatch):
    """A stem of two segments, a branch that starts at its first, and a soma of length 0."""

    def segment(number, parent, end, start=None):
        place = "{0} x='{1}' y='{2}' z='{3}' diameter='{4}'"
        parts = [f"<parent segment='{parent}'/>"] if parent is not None else []
        parts += [f"<{place.format('proximal', *start)}/>"] if start else []
        return f"<segment id='{number}'>{''.join(parts)}<{place.format('distal', *end)}/></segment>"

    cell = "".join([
        segment(0, None, (0, 0, 0, 4), (0, 0, 0, 4)),
        segment(1, 0, (1, 0, 0, 1), (0, 0, 0, 1)),
        segment(2, 1, (2, 0, 0, 0.5)),
        segment(3, 1, (1, -3, 0, 0.3)),
    ])  # fmt: skip
    text = f"<neuroml xmlns='http://www.neuroml.org/schema/neuroml2'><cell>{cell}</cell></neuroml>"
    monkeypatch.syspath_prepend(str(files("isochron.connectome.data")))
    pytest.importorskip("lxml")
    read = import_module("readers.shapes").read_shapes(
        {"AVAL": text.encode(), "MDL08": b""}, {"AVAL"}
    )
    assert read["length"].tolist() == [3, 2]
    assert read["soma_diameters"].tolist() == [40]
    points = MICROMETERS * np.cumsum(read["points"], axis=0, dtype=int)
    expected = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [1, 0, 0], [1, -3, 0]]
    np.testing.assert_allclose(points, expected, atol=1e-9)
    assert read["diameters"].tolist() == [10, 10, 5, 10, 3]
