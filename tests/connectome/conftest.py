import tomllib
from importlib.resources import files

import pytest

from isochron import connectome


@pytest.fixture(scope="session")
def graph():
    return connectome.load("varshney2011")


@pytest.fixture(scope="session")
def expected():
    """Numbers of the papers: ``expected("counts")``."""

    def read(name):
        path = files("isochron.connectome.data").joinpath("expected", f"{name}.toml")
        return tomllib.loads(path.read_text(encoding="utf-8"))

    return read


@pytest.fixture
def small():
    """A to D: a chain of synapses, one gap junction, one muscle; B is inhibitory."""
    chemical = [[0, 0, 0, 0], [3, 0, 0, 0], [0, 2, 0, 0], [0, 0, 5, 1]]
    gap = [[0, 0, 0, 0], [0, 0, 4, 0], [0, 4, 0, 0], [0, 0, 0, 0]]
    return connectome.from_matrices(
        ["A", "B", "C", "D"],
        chemical,
        gap,
        [[0, 0, 0, 7]],
        rows="postsynaptic",
        muscles=["M"],
        types={"A": "sensory", "D": "motor"},
        name="small",
    ).with_signs(connectome.SignTable(senders={"B": -1}, others="excitatory"))
