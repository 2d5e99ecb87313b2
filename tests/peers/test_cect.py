"""Every vendored array against what cect itself reads from the same files.

Needs the extra ``crosscheck``; ``make crosscheck`` installs it and runs this.
"""

import importlib

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.names import canonical_name

pytest.importorskip("cect", reason="make crosscheck installs it")
from openpyxl.worksheet._reader import WorksheetReader

READERS = {
    "cook2019-hermaphrodite": "Cook2019HermReader",
    "cook2019-male": "Cook2019MaleReader",
    "varshney2011": "VarshneyDataReader",
    "white1986-whole": "White_whole",
    "white1986-n2u": "White_A",
    "white1986-jsh": "White_L4",
    "cook2020-pharynx": "Cook2020DataReader",
    "yim2024-dauer": "Yim2024DataReader",
    "bentley2016-monoamine": "Bentley2016MAReader",
    "bentley2016-neuropeptide": "Bentley2016PepReader",
    **{f"witvliet2021-{i}": f"WitvlietDataReader{i}" for i in range(1, 9)},
    **{
        f"ripollsanchez2023-{kind}": f"RipollSanchez{kind.title()}RangeReader"
        for kind in ("short", "mid", "long")
    },
}
# Sheets of workbooks that have many; the others stay empty, as openpyxl reads all cells of all.
SHEETS = {
    "Cook2019HermReader": ("hermaphrodite chemical", "hermaphrodite gap jn symmetric"),
    "Cook2019MaleReader": ("male chemical", "male gap jn symmetric"),
    "Yim2024DataReader": ("Dauer_normalized",),
}
LAYERS = {
    "Generic_CS": "chemical",
    "Generic_GJ": "gap",
    "Dopamine": "dopamine",
    "Serotonin": "serotonin",
    "Octopamine": "octopamine",
    "Tyramine": "tyramine",
    "Generic_Pep": "neuropeptide",
    "Peptidergic": "neuropeptide",
}


@pytest.fixture
def read_sheets(monkeypatch):
    """A function after whose call openpyxl fills only the sheets of these names."""
    fill = WorksheetReader.bind_all

    def only(names):
        monkeypatch.setattr(
            WorksheetReader,
            "bind_all",
            lambda reader: fill(reader) if reader.ws.title in names else None,
        )

    return only


def read_by_cect(module_name):
    """cect's matrices, which are [pre, post], by our names of layers."""
    module = importlib.import_module(f"cect.readers.{module_name}")
    if module_name.startswith("White"):
        data = module.WhiteDataReader(module.filename)
    else:
        data = module.get_instance(from_cache=False)
    names = [canonical_name(name.removesuffix("_UNSPECIFIED")) for name in data.nodes]
    return names, {LAYERS.get(key, key): matrix for key, matrix in data.connections.items()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_cect_reads_the_same(name, read_sheets):
    worm = connectome.load(name)
    if READERS[name] in SHEETS:
        read_sheets(SHEETS[READERS[name]])
    names, matrices = read_by_cect(READERS[name])
    position = {}
    for i, cell in enumerate(names):
        position.setdefault(cell.upper() if cell in ("avfl", "avfr") else cell, []).append(i)

    def ours(cells, layer):
        """cect's matrix with rows postsynaptic, of these cells; spellings of one add up."""
        found = np.zeros((len(cells), len(worm.neurons)))
        for row, post in enumerate(cells):
            for column, pre in enumerate(worm.neurons):
                pairs = [(a, b) for a in position.get(pre, ()) for b in position.get(post, ())]
                found[row, column] = sum(matrices[layer][a, b] for a, b in pairs)
        return found

    for layer in worm.layers:
        if layer == "neuromuscular":
            if name != "varshney2011":  # cect leaves its muscles out
                np.testing.assert_array_equal(
                    ours(worm.muscles, "chemical"), worm.neuromuscular, layer
                )
        else:
            found = ours(worm.neurons, layer)
            if layer == "gap":  # some of its readers list a gap junction from one side
                found = np.maximum(found, found.T)
                if name == "cook2020-pharynx":  # those of a neuron with itself are added twice
                    found[np.diag_indices_from(found)] /= 2
            np.testing.assert_array_equal(found, worm.layer(layer), layer)
