"""A file or a folder of another kind in the place of a network or a run: one clear error."""

import json

import pytest

from isochron import ann_bridge
from isochron.cli import main

NETWORK = "lacks schema, kind, parameters, sha256, notes; a network is a pair"


@pytest.fixture
def wrong(tmp_path):
    """Files and folders that are neither networks nor runs."""
    (tmp_path / "text.txt").write_text("not a network")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    (folder / "table.json").write_text('{"a": 1}')
    (tmp_path / "nets").mkdir()
    for stem in ("pair", "nets/pair"):
        (tmp_path / f"{stem}.json").write_text('{"a": 1}')
        (tmp_path / f"{stem}.safetensors").write_bytes(b"x")
    for name, results in (
        ("list", []),
        ("number", {"schema": 7}),
        ("empty", {"schema": 2}),
        ("unknown", {"schema": 2, "experiment": "nope"}),
        ("odd", {"schema": 2, "experiment": ["compare"]}),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(results))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("compare --runs", "text.txt", "text.txt does not contain a network."),
        ("compare --runs", "folder", "folder does not contain a network."),
        ("compare --runs", "missing", "missing does not exist. A run is"),
        ("compare --runs", "pair.json", NETWORK),
        ("compare --runs", "nets", NETWORK),
        ("cycles", "text.txt", "text.txt does not contain a network or a run."),
        ("cycles", "folder", "folder does not contain a network or a run."),
        ("cycles", "missing", "missing does not exist. A run ends in"),
        ("evaluate", "missing", "missing does not contain a training. To make one"),
        ("evaluate", "folder", "folder does not contain a training. To make one"),
        ("evaluate", "text.txt", "text.txt is a file; isochron evaluate takes a folder"),
        ("sweep status", "missing", "missing is not the store of a sweep."),
        ("sweep status", "folder", "folder is not the store of a sweep."),
        ("view", "missing", "missing does not exist."),
        ("view", "folder", "folder contains no run (*.zarr, *.nc)."),
        ("cycles", "pair", NETWORK),
        ("tongue --amplitudes 1", "folder", "folder does not contain a network or a run."),
        ("tongue --amplitudes 1", "pair", NETWORK),
        ("report", "text.txt", "is not a folder"),
        ("report", "missing", "does not exist. A run is a folder that isochron compare,"),
        ("report", "folder", "does not contain a finished run: results.json is missing"),
        ("report", "list", "is not the result of a run"),
        ("report", "number", "is not the result of a run"),
        ("report", "empty", "is not a whole result of a run"),
        ("report", "unknown", "the result of 'nope', which is not a study of this version"),
        ("report", "odd", "which is not a study of this version"),
        ("attractors", "text.txt", "text.txt"),
        ("attractors", "folder", "folder"),
        ("attractors", "pair.json", "pair.json"),
    ],
)
def test_wrong_files_are_one_clear_error(command, name, words, wrong, capsys):
    out = ["--out", str(wrong / "out")] if command.startswith("compare") else []
    code = main([*command.split(), str(wrong / name), *out])
    errors = capsys.readouterr().err
    lines = [line for line in errors.splitlines() if line.startswith("isochron: ")]
    assert (code, len(lines)) == (3, 1), errors
    assert words in lines[0]
    assert "Error(" not in errors
    assert "Traceback" not in errors
    assert not (wrong / "out").exists()


@pytest.mark.parametrize("command", ["cycles", "evaluate"])
@pytest.mark.parametrize("name", [".", "..", "/", ""])
def test_a_folder_without_a_name_is_one_clear_error(command, name, tmp_path, monkeypatch, capsys):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    code, errors = main([command, name]), capsys.readouterr().err
    assert code in (2, 3)
    assert errors.count("\n") == 1
    assert "does not" in errors or "the path is empty" in errors


def test_a_network_needs_a_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is a folder. Add a name"):
        ann_bridge.save_net(ann_bridge.LowRankRNN(n_units=8), ".")
    assert not list(tmp_path.iterdir())


def test_a_connectome_of_two_neurons_is_not_placed(tmp_path, capsys):
    (tmp_path / "two.csv").write_text("pre,post,type,weight\nA,B,chemical,1\n")
    assert main(["attractors", "--dataset", str(tmp_path / "two.csv")]) == 2
    assert "need 3 neurons or more, got 2" in capsys.readouterr().err
