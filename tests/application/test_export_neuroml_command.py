import json
from pathlib import Path

import numpy as np
import pytest

from isochron import connectome
from isochron.cli import app, main
from isochron.cli.export_neuroml import export_neuroml
from isochron.sims.neuroml import read_neuroml


@pytest.fixture(autouse=True)
def command(monkeypatch):
    """The command, whether or not it is listed already."""
    monkeypatch.setitem(app.commands, "export-neuroml", export_neuroml)


def run(capsys, *arguments):
    code = main(["export-neuroml", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("level", ["graded", "A", "B", "C1"])
def test_what_was_written_is_told_and_can_be_read(tmp_path, capsys, level):
    out = tmp_path / "worm"
    code, text, _ = run(
        capsys, "varshney2011", "--level", level, "--out", out, "--stimulate", "PLM=2000", "--json"
    )
    assert code == 0
    told = json.loads(text)
    assert (told["level"], told["n_neurons"], told["n_muscles"]) == (level, 279, 1)
    assert told["n_projections"] == 2194 + 517 + 114  # 514 pairs, 3 neurons with themselves
    assert Path(told["simulation"]).exists()
    found = read_neuroml(told["network"])
    np.testing.assert_array_equal(found.chemical, connectome.load("varshney2011").chemical)
    assert "2000.0 pA" in Path(told["network"]).read_text()


def test_people_are_told_how_to_run_it(tmp_path, capsys):
    code, text, _ = run(
        *(capsys, "white1986-jsh", "--out", tmp_path / "x", "--no-muscles", "--ablate", "AVA"),
        *("--signs", "transmitter", "--duration", 2, "--step", 0.1),
    )
    assert code == 0
    lems = tmp_path / "x" / "LEMS_white1986-jsh.xml"
    assert f"pynml {lems} -nogui" in text
    assert "0 muscles" in text
    assert 'length="2000.0 ms" step="0.1 ms"' in lems.read_text()
    network = (tmp_path / "x" / "white1986-jsh.net.nml").read_text()
    assert 'id="AVAL"' not in network
    assert "TransmitterSigns" in network


def test_an_own_wiring(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text("pre,post,weight,layer\na,b,2,chemical\na,b,1,gap\nb,m,3,neuromuscular\n")
    assert run(capsys, path, "--out", tmp_path / "x")[0] == 0
    found = read_neuroml(tmp_path / "x" / "mine.net.nml")
    assert (found.neurons, found.muscles) == (("a", "b"), ("m",))
    assert found.chemical.tolist() == [[0, 0], [2, 0]]


def test_nothing_is_replaced_without_force(tmp_path, capsys):
    out = tmp_path / "x"
    assert run(capsys, "witvliet2021-1", "--out", out)[0] == 0
    code, _, error = run(capsys, "witvliet2021-1", "--out", out)
    assert code == 2
    assert "--force" in error
    assert run(capsys, "witvliet2021-1", "--out", out, "--force", "--level", "A")[0] == 0
    (out / "notes.txt").write_text("mine")
    code, _, error = run(capsys, "witvliet2021-1", "--out", out, "--force")
    assert code == 2
    assert "notes.txt" in error
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cook2020"], "Did you mean cook2019"),
        (["varshney2011", "--level", "D"], "'D' is not one of 'graded', 'A', 'B', 'C1'"),
        (["varshney2011", "--stimulate", "PLML"], "--stimulate takes NAME=CURRENT"),
        (["varshney2011", "--stimulate", "PLXL=1"], "Did you mean"),
        (["varshney2011", "--duration", "inf"], "duration_s must be positive and finite"),
        (["varshney2011", "--step", "-1"], "step_ms must be positive and finite"),
        (["varshney2011", "--step", "1e-300"], "The LEMS file would take 1e+303 steps"),
        (["varshney2011", "--signs", "x"], "Unknown sign rule 'x'"),
        (["varshney2011", "--signs", "GABA"], "Did you mean gaba?"),
        (["varshney2011", "--signs", "own"], "Without a rule the signs of the connectome apply"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys, arguments, message):
    code, _, error = run(capsys, *arguments, "--out", tmp_path / "x")
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
