import dataclasses
import hashlib
import tomllib
from importlib.resources import files

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import null_models
from isochron.connectome.datasets import content_digest

DATA = files("isochron.connectome.data")
EXPECTED = tomllib.loads(DATA.joinpath("expected", "varshney2011.toml").read_text())


@pytest.fixture(scope="module")
def worm():
    return connectome.load("varshney2011")


def test_the_counts_are_those_of_the_paper(worm):
    upper = np.triu(worm.gap, 1)
    found = {
        "neurons": len(worm.neurons),
        "chemical_edges": np.count_nonzero(worm.chemical),
        "chemical_weight": worm.chemical.sum(),
        "chemical_autapses": np.count_nonzero(np.diag(worm.chemical)),
        "gap_pairs": np.count_nonzero(upper),
        "gap_weight": upper.sum(),
        "gap_self_weight": np.diag(worm.gap).sum(),
        "neuromuscular_edges": np.count_nonzero(worm.neuromuscular),
        "neuromuscular_weight": worm.neuromuscular.sum(),
    }
    assert found == EXPECTED["counts"]


def test_rows_are_postsynaptic(worm):
    """Known one-way synapses: AVAL drives VA8, PVDL drives AVAL, AFDL drives AIYL."""
    for post, pre, weight in EXPECTED["one_way"]["synapses"]:
        i, j = worm.index([post, pre])
        assert worm.chemical[i, j] == weight
        assert worm.chemical[j, i] == 0


def test_every_vendored_array_has_the_digest_of_its_provenance():
    table = tomllib.loads(DATA.joinpath("PROVENANCE.toml").read_text())
    cells = hashlib.sha256(DATA.joinpath("cells.csv").read_bytes()).hexdigest()
    assert table["cells"]["content_sha256"] == cells
    arrays = dict(np.load(str(DATA.joinpath("varshney2011.npz")), allow_pickle=False))
    assert table["varshney2011"]["content_sha256"] == content_digest(arrays)
    arrays["chemical"][0, 2] += 1
    assert table["varshney2011"]["content_sha256"] != content_digest(arrays)


def test_a_damaged_file_is_refused(monkeypatch):
    from isochron.connectome import datasets

    monkeypatch.setattr(datasets, "content_digest", lambda arrays: "0" * 64)
    with pytest.raises(ValueError, match="damaged"):
        datasets.load("varshney2011")


def test_the_302_neurons_and_their_types():
    cells = connectome.cells()
    kinds = [cell.type for cell in cells.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == EXPECTED["types"]
    assert len({cell.cell_class for cell in cells.values()}) == 118
    assert cells["IL1DL"].cell_class == "IL1"
    assert cells["RID"].cell_class == "RID"
    assert cells["VB11"].cell_class == "VB"
    assert len(connectome.GABAERGIC) == 26
    assert set(connectome.GABAERGIC) <= set(cells)


def test_gaba_neurons_inhibit(worm):
    signs = connectome.gaba_inhibitory(worm)
    assert (signs == -1).sum() == 26
    assert signs[worm.index(["DD1"])[0]] == -1
    assert signs[worm.index(["AVAL"])[0]] == 1


def test_names_aliases_and_selection(worm):
    assert worm.neurons[worm.index(["VB01"])[0]] == "VB1"
    assert worm.select("AVA") == ("AVAL", "AVAR")
    assert len(worm.select("VB*")) == 11
    assert len(worm.select("sensory")) == 83
    assert "279 neurons" in repr(worm)


@pytest.mark.parametrize("name", ["AVAl", "PLMX", ""])
def test_an_unknown_neuron_is_refused_with_the_nearest(worm, name):
    with pytest.raises(ValueError, match="varshney2011 has no neuron"):
        worm.index([name])
    with pytest.raises(ValueError, match="Did you mean AVAL"):
        worm.index(["AVAl"])


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="Did you mean varshney2011"):
        connectome.load("varshney2012")
    assert connectome.available() == ("varshney2011",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neurons": ("A", "A")}, "named twice"),
        ({"chemical": np.ones((3, 3))}, "shape"),
        ({"chemical": -np.ones((2, 2))}, "negative"),
        ({"gap": np.array([[0, np.nan], [0, 0]])}, "not finite"),
        ({"gap": np.array([[0, 1], [0, 0]])}, "symmetric"),
    ],
)
def test_a_wrong_wiring_is_refused(worm, change, message):
    two = {
        "name": "two",
        "neurons": ("A", "B"),
        "muscles": (),
        "chemical": np.zeros((2, 2)),
        "gap": np.zeros((2, 2)),
        "neuromuscular": np.zeros((0, 2)),
        "source": worm.source,
    }
    connectome.Connectome(**two)
    with pytest.raises(ValueError, match=message):
        connectome.Connectome(**{**two, **change})


def test_a_wiring_cannot_be_changed(worm):
    with pytest.raises(ValueError, match="read-only"):
        worm.chemical[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        worm.name = "x"


def test_rewiring_keeps_degrees_and_weights_and_loses_the_rest(worm):
    rewired = connectome.rewire(worm, np.random.default_rng(0))
    for layer in ("chemical", "gap"):
        before, after = getattr(worm, layer), getattr(rewired, layer)
        for axis in (0, 1):
            np.testing.assert_array_equal((after > 0).sum(axis), (before > 0).sum(axis))
        np.testing.assert_array_equal(np.diag(after), np.diag(before))
        np.testing.assert_array_equal(np.sort(after.ravel()), np.sort(before.ravel()))
    np.testing.assert_array_equal(rewired.chemical.sum(0), worm.chemical.sum(0))
    np.testing.assert_array_equal(rewired.gap, rewired.gap.T)
    # What is left of the original is what random wirings of these degrees share anyway.
    overlap = ((rewired.chemical > 0) & (worm.chemical > 0)).sum() / (worm.chemical > 0).sum()
    more = connectome.rewire(worm, np.random.default_rng(1), swaps_per_edge=40)
    floor = ((more.chemical > 0) & (worm.chemical > 0)).sum() / (worm.chemical > 0).sum()
    assert overlap < 0.15
    assert abs(overlap - floor) < 0.03


def test_rewiring_is_the_same_for_the_same_seed(worm):
    first, again = (connectome.rewire(worm, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.chemical, again.chemical)
    np.testing.assert_array_equal(first.gap, again.gap)


@pytest.mark.parametrize("swaps", [-1, np.nan, np.inf])
def test_rewiring_refuses_a_bad_number_of_swaps(worm, swaps):
    with pytest.raises(ValueError, match="swaps_per_edge"):
        null_models.rewire(worm, np.random.default_rng(0), swaps_per_edge=swaps)
