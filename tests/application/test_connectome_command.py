import json

import numpy as np
import pytest

from isochron import connectome, sims
from isochron.cli import main


def printed(capsys, *arguments):
    assert main(["connectome", *arguments]) == 0
    return capsys.readouterr().out


def test_list(capsys):
    rows = json.loads(printed(capsys, "list", "--json"))
    assert [row["id"] for row in rows] == list(connectome.available())
    table = printed(capsys, "list")
    for name in connectome.available():
        assert name in table


def test_show_has_the_counts_and_the_source(capsys):
    found = json.loads(printed(capsys, "show", "cook2019-hermaphrodite", "--json"))
    assert found["id"] == "cook2019-hermaphrodite"
    assert (found["neurons"], found["muscles"]) == (302, 119)
    assert found["chemical"] == {"edges": 3709, "weight": 20965, "autapses": 38}
    assert found["gap"] == {"pairs": 1091, "weight": 5744, "autapses": 14}
    assert found["neuromuscular"] == {"edges": 1051, "weight": 6193}
    assert found["weight_unit"] == "EM sections"
    assert set(found["source"]) == {"paper", "doi", "file", "sha256", "license"}
    assert "10.1038/s41586-019-1352-7" in printed(capsys, "show", "cook2019-hermaphrodite")


def test_cells(capsys):
    rows = json.loads(printed(capsys, "cells", "varshney2011", "--json"))
    assert len(rows) == 279
    row = next(row for row in rows if row["name"] == "RIML")
    assert row["transmitters"] == ["glutamate", "tyramine"]
    assert "RIML" in printed(capsys, "cells", "varshney2011")


def test_stats(capsys):
    found = json.loads(printed(capsys, "stats", "varshney2011", "--json"))
    assert found["gap"]["weak_components"] == [248, 3, 2, *[1] * 26]
    assert found["combined"]["giant"]["neurons"] == 274
    assert "248, 3, 2, 26 single" in printed(capsys, "stats", "varshney2011")


def test_compare(capsys):
    ids = ("varshney2011", "cook2019-hermaphrodite")
    found = json.loads(printed(capsys, "compare", *ids, "--json"))
    assert len(found["shared_neurons"]) == 279
    chemical = found["layers"]["chemical"]
    assert chemical["both"] + chemical["only_first"] == 2194
    assert "Weights differ: synaptic contacts, EM sections." in printed(capsys, "compare", *ids)


@pytest.mark.parametrize("suffix", ["csv", "graphml", "nc"])
def test_export_and_open_again(tmp_path, capsys, suffix):
    path = tmp_path / f"worm.{suffix}"
    printed(capsys, "export", "white1986-jsh", "--signs", "gaba", "--out", str(path))
    if suffix == "nc":
        data = sims.load_dataset(path)
        assert int((data["chemical"] > 0).sum()) == 1291
        assert int((data["sign"] != 0).sum()) == 1291
        return
    found = json.loads(printed(capsys, "show", str(path), "--json"))
    assert found["chemical"]["weight"] == 3702
    assert found["gap"]["pairs"] == 284


def test_nothing_is_replaced_without_force(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    arguments = ["connectome", "export", "witvliet2021-1", "--out", str(path)]
    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert main([*arguments, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == path.stat().st_size


def test_plot(tmp_path, capsys):
    from matplotlib.image import imread

    path = tmp_path / "x.png"
    printed(capsys, "plot", "witvliet2021-8", "--out", str(path))
    image = imread(path)[..., :3]
    assert image.shape[:2] == (2400, 2100)
    for part in np.array_split(image, 3):
        assert (part < 0.5).mean() > 0.002


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "cook2020"], "Did you mean cook2019"),
        (["show", "none.csv"], "The file none.csv does not exist"),
        (["export", "varshney2011", "--out", "x.xls"], "--out must end in .csv"),
        (["export", "varshney2011", "--out", "x.csv", "--signs", "x"], "Unknown sign rule 'x'"),
        (["plot", "varshney2011", "--out", "x.doc"], "--out must end in .png"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, message):
    assert main(["connectome", *arguments]) == (3 if "none.csv" in arguments else 2)
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
