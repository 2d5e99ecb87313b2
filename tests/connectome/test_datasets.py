import hashlib
import runpy
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import datasets
from isochron.files import DataFileError

DATA = files("isochron.connectome.data")
PROVENANCE = tomllib.loads(DATA.joinpath("PROVENANCE.toml").read_text(encoding="utf-8"))


def entries(weights):
    return [np.count_nonzero(weights), round(weights.sum().item(), 1)]


def counted(worm):
    if worm.extrasynaptic:
        layers = {layer: entries(weights) for layer, weights in worm.extrasynaptic.items()}
        return {"neurons": len(worm.neurons), "extrasynaptic": layers}
    found = {
        "neurons": len(worm.neurons),
        "muscles": len(worm.muscles),
        "chemical": entries(worm.chemical),
        "autapses": np.count_nonzero(np.diag(worm.chemical)),
        "gap": entries(np.triu(worm.gap, 1)),
        "gap_self": entries(np.diag(worm.gap)),
        "neuromuscular": entries(worm.neuromuscular),
    }
    table = connectome.muscles()
    body_wall = [
        i
        for i, name in enumerate(worm.muscles)
        if table[name].kind == "body wall" and name != "BWM"
    ]
    if worm.name == "cook2019-hermaphrodite":
        onto = worm.neuromuscular[body_wall]
        found["body_wall"] = entries(onto)
        found["body_wall_senders"] = np.count_nonzero(onto.any(axis=0))
    return found


def test_every_data_set_has_the_numbers_of_its_paper(expected):
    assert set(expected("counts")) == set(connectome.available())
    for name, numbers in expected("counts").items():
        assert counted(connectome.load(name)) == numbers, name


def test_rows_are_postsynaptic(expected):
    for name, synapses in expected("cells")["one_way"].items():
        worm = connectome.load(name)
        for post, pre, weight in synapses:
            i, j = worm.index([post, pre])
            assert worm.chemical[i, j] == weight
            assert worm.chemical[j, i] == 0
    for name, (layer, post, pre, weight) in expected("cells")["one_way_extrasynaptic"].items():
        worm = connectome.load(name)
        i, j = worm.index([post, pre])
        assert worm.layer(layer)[i, j] == weight
        assert worm.layer(layer)[j, i] == 0
    for name, contacts in expected("cells")["onto_muscle"].items():
        worm = connectome.load(name)
        for muscle, neuron, weight in contacts:
            row = worm.muscles.index(muscle)
            assert worm.neuromuscular[row, worm.index([neuron])[0]] == weight


def test_every_vendored_file_has_the_digest_of_its_provenance():
    for name, table in PROVENANCE.items():
        csv = DATA.joinpath(f"{name}.csv")
        if csv.is_file():
            digest = hashlib.sha256(csv.read_bytes()).hexdigest()
        else:
            digest = datasets.content_digest(datasets.vendored_arrays(name))
        assert table["content_sha256"] == digest, name
    arrays = datasets.vendored_arrays("varshney2011")
    arrays["chemical"][0, 2] += 1
    assert datasets.content_digest(arrays) != PROVENANCE["varshney2011"]["content_sha256"]


def test_every_source_is_cited():
    for name in connectome.available():
        source = connectome.load(name).source
        for field in ("title", "paper", "doi", "file", "license", "weight_unit", "notes", "via"):
            assert getattr(source, field), (name, field)
        assert len(source.file_sha256) == len(source.content_sha256) == 64


def test_the_pages_state_how_many_there_are():
    root = Path(__file__).parents[2]
    for page, noun in (("README.md", "datasets"), ("docs/guide/connectome.md", "published")):
        text = (root / page).read_text(encoding="utf-8")
        assert f"{len(connectome.available())} {noun} " in text, page


def test_weights_that_are_not_whole_numbers():
    """Row I2R to NSML of Cook et al. (2020); row AFDL of the sheet Dauer of Yim et al. (2024)."""
    pharynx = connectome.load("cook2020-pharynx")
    i, j = pharynx.index(["NSML", "I2R"])
    assert pharynx.chemical[i, j] == 32.5
    dauer = connectome.load("yim2024-dauer")
    i, j = dauer.index(["AIYL", "AFDL"])
    assert dauer.chemical[j, i] == 0
    assert dauer.chemical[i, j] * 341503.17734 == pytest.approx(7860901.17626, rel=1e-9)
    assert connectome.load("varshney2011").chemical.dtype == np.int32


def test_the_vendored_tables_are_small():
    size = sum(len(path.read_bytes()) for path in DATA.iterdir() if path.is_file())
    assert size < 1.5e6


def test_a_damaged_file_is_refused(monkeypatch):
    monkeypatch.setattr(datasets, "content_digest", lambda arrays: "0" * 64)
    with pytest.raises(ValueError, match="damaged"):
        datasets.load("varshney2011")


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match=r"Did you mean varshney2011\?.*cook2019-male"):
        connectome.load("varshney2012")
    with pytest.raises(ValueError, match="No data set 'cells'"):
        connectome.load("cells")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("cook2019", "cook2019-hermaphrodite or cook2019-male?"),
        ("Cook2018", "cook2019-hermaphrodite or cook2019-male?"),
        ("cook2020", "cook2019-hermaphrodite or cook2019-male or cook2020-pharynx?"),
        ("white1986", "white1986-jsh or white1986-n2u or white1986-whole?"),
        ("witvliet2020-8", "witvliet2021-"),
        ("varshney", "varshney2011?"),
        ("dauer", "yim2024-dauer?"),
        ("cook2019-hermafrodite", "cook2019-hermaphrodite?"),
    ],
)
def test_a_suggestion_names_the_family(name, near):
    with pytest.raises(ValueError, match=rf"Did you mean {near}".replace("?", r"\?")):
        connectome.load(name)


def test_what_was_left_out_is_said():
    left_out = connectome.load("cook2019-hermaphrodite").source.left_out
    assert "66 gap-junction entries muscle and neuron" in left_out
    assert "the other cells are CEPshDL, " in left_out


def test_the_pages_of_the_data_sets_are_those_of_the_data():
    """Else: python tools/make_dataset_pages.py."""
    root = Path(__file__).parents[2]
    maker = runpy.run_path(str(root / "tools" / "make_dataset_pages.py"))
    for file, text in maker["pages"]().items():
        assert (root / "docs" / "reference" / "datasets" / file).read_text(
            encoding="utf-8"
        ) == text, file


def test_a_shipped_file_that_is_damaged_is_named(tmp_path, monkeypatch):
    """Cut short it is not a zip file; with a changed array it has a different digest."""
    whole = datasets._DATA.joinpath("varshney2011.npz").read_bytes()
    arrays = datasets.vendored_arrays("varshney2011")
    monkeypatch.setattr(datasets, "_DATA", tmp_path)
    (tmp_path / "varshney2011.npz").write_bytes(whole[:-100])
    with pytest.raises(DataFileError, match=r"varshney2011.npz is damaged.*Install isochron"):
        datasets.vendored_arrays("varshney2011")
    changed: Any = arrays | {"gap": arrays["gap"][:-1]}
    np.savez(tmp_path / "varshney2011.npz", **changed)
    with pytest.raises(DataFileError, match="its digest is not"):
        datasets.vendored_arrays("varshney2011")
