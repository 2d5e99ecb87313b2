"""Commands that messages suggest work when they are pasted into a shell."""

import re
import shlex

import pytest

from isochron.cli import main
from isochron.connectome import from_csv
from isochron.runs.datasets import open_connectome
from isochron.wording import command

TABLE = "pre,post,weight,layer\nA,B,1,chemical\nB,A,2,chemical\n"


def pasted(message: str, capsys) -> str:
    """Output of the command of a message, up to its last full stop."""
    found = re.search(r"isochron (connectome cells .*?)\.?$", message.strip())
    assert found, message
    assert main(shlex.split(found[1])) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["my edges.csv", "it's.csv", "-dash.csv", "a&b;c.graphml.csv"])
def test_names_of_a_file_in_any_folder(name, tmp_path, capsys, monkeypatch):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / name).write_text(TABLE)
    monkeypatch.chdir(tmp_path / "a folder")
    for path in (name, f"../a folder/{name}", tmp_path / "a folder" / name):
        with pytest.raises(ValueError, match="has no neuron 'Z'") as raised:
            open_connectome(path).index(["Z"])
        assert "A" in pasted(str(raised.value), capsys)


def test_a_description_is_suggested_rather_than_the_file_that_it_names(tmp_path, capsys):
    (tmp_path / "edges.csv").write_text(TABLE.replace("weight", "n"))
    path = tmp_path / "two words.toml"
    path.write_text('file = "edges.csv"\ncolumns = {weight = "n"}\n')
    with pytest.raises(ValueError, match="has no neuron 'Z'") as raised:
        open_connectome(path).index(["Z"])
    assert "two words.toml" in str(raised.value)
    assert "A" in pasted(str(raised.value), capsys)


def test_a_file_with_the_name_of_a_data_set(tmp_path):
    path = tmp_path / "varshney2011.csv"
    path.write_text(TABLE)
    with pytest.raises(ValueError, match=re.escape(f"connectome cells {path}")):
        from_csv(path).index(["Z"])


def test_the_folder_does_not_change_the_connectome(tmp_path):
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "edges.csv").write_text(TABLE)
        found.append(open_connectome(tmp_path / folder / "edges.csv"))
    assert found[0].source == found[1].source
    assert found[0].history == found[1].history
    assert repr(found[0]) == repr(found[1])


def test_a_file_for_the_options_lies_in_the_folder_of_the_data(tmp_path):
    path = tmp_path / 'a "b".csv'
    path.write_text("pre,post,weight,layer\nA,B,1,gap\nB,A,2,gap\n")
    with pytest.raises(ValueError, match="For a command, write a file") as raised:
        open_connectome(path)
    assert f"into the folder of {path}" in str(raised.value)
    lines = 'file = "a \\"b\\".csv"'
    assert lines in str(raised.value)
    path.with_suffix(".toml").write_text(f'{lines}\nunequal_gap = "mean"\n')
    assert open_connectome(path.with_suffix(".toml")).gap.max() == 1.5
    with pytest.raises(ValueError, match=re.escape(f"into the folder of {tmp_path / 'm.npy'}")):
        open_connectome(tmp_path / "m.npy")


@pytest.mark.parametrize(
    ("table", "option"),
    [
        ("pre,post,weight,comment\nA,B,1,x\n", 'ignore = ["comment"]'),
        ("pre,pots,weight\nA,B,1\n", 'columns = { post = "pots" }'),
        ("pre,post,weight\nA,B,1\nA,B,2\n", 'duplicates = "sum"'),
        ("pre,post,weight\nA,B,-1\n", 'signs = "from_weights"'),
    ],
)
def test_an_option_is_written_as_toml(tmp_path, table, option):
    path = tmp_path / "a.csv"
    path.write_text(table)
    with pytest.raises(ValueError, match="For a command, write a file") as raised:
        open_connectome(path)
    assert f"{option} into the folder" in str(raised.value)
    path.with_suffix(".toml").write_text(f'file = "a.csv"\n{option}\n')
    assert open_connectome(path.with_suffix(".toml")).neurons


def test_a_folder_without_training(tmp_path, capsys):
    folder = tmp_path / "my nets"
    folder.mkdir()
    assert main(["evaluate", str(folder)]) == 3
    assert f"isochron train --out '{folder}'" in capsys.readouterr().err


def test_values_are_quoted_where_the_shell_needs_it():
    assert command("evaluate", "nets/1") == "isochron evaluate nets/1"
    assert command("evaluate", "") == "isochron evaluate ''"
    assert shlex.split(command("train --out", "-x y")) == ["isochron", "train", "--out", "./-x y"]
