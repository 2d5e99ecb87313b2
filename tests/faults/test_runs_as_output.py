"""Names of outputs that would cost a run: each is rejected before the simulation."""

import subprocess
import sys

import pytest

from isochron import sims
from isochron.cli import main
from isochron.files import DataFileError
from isochron.sims import load_dataset, save_dataset

TABLE = "pre,post,type,weight\nA,B,chemical,2\nB,C,chemical,1\nC,A,gap,1\n"
SHORT = ["simulate", "--dataset", "x.csv", "--stimulate", "A=5", "--duration", "0.1"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The path of a short run, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(TABLE)
    assert main([*SHORT, "--signs", "gaba", "--out", "r.zarr"]) == 0
    return tmp_path / "r.zarr"


@pytest.mark.parametrize(
    "arguments",
    [
        ["view", "r.zarr", "--out", "r.zarr/v.html"],
        [*SHORT, "--report", "r.zarr"],
        [*SHORT, "--out", "r.zarr/V/s.nc"],
        ["connectome", "export", "x.csv", "--out", "r.zarr/y.csv"],
    ],
)
def test_nothing_is_written_into_a_run(run, capsys, monkeypatch, arguments):
    monkeypatch.setattr(sims, "simulate", lambda *_, **__: pytest.fail("simulated"))
    assert main(arguments) == 2
    assert "would be inside the run" in capsys.readouterr().err
    load_dataset(run)


def test_a_path_through_a_run_is_not_inside_it(run):
    assert main(["view", "r.zarr", "--out", "r.zarr/../v.html"]) == 0


def test_a_link_into_a_run_is_inside_it(run, capsys):
    (run.parent / "there").symlink_to(run)
    assert main(["view", "r.zarr", "--out", "there/v.html"]) == 2
    assert "would be inside the run" in capsys.readouterr().err


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_foreign_folder_is_named_before_the_simulation(run, capsys, monkeypatch, force):
    monkeypatch.setattr(sims, "simulate", lambda *_, **__: pytest.fail("simulated"))
    (run.parent / "d.zarr").mkdir()
    (run.parent / "d.zarr" / "precious").write_text("x")
    assert main([*SHORT, "--out", "d.zarr", *force]) == 2
    assert "is not a folder that isochron wrote" in capsys.readouterr().err
    assert (run.parent / "d.zarr" / "precious").read_text() == "x"


def test_a_run_with_a_sign_rule_is_shown(run):
    assert main(["view", "r.zarr", "--out", "v.html"]) == 0


def test_an_altered_run_has_code_3(run, capsys):
    (run / "V" / "c" / "0" / "0").write_bytes(b"x")
    assert main(["view", "r.zarr", "--out", "v.html"]) == 3
    assert "has been altered" in capsys.readouterr().err
    with pytest.raises(DataFileError, match="altered"):
        load_dataset(run)


def test_a_missing_run_has_the_same_error_as_before(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.zarr does not exist"):
        load_dataset(tmp_path / "none.zarr")


def test_a_warning_is_one_line(run):
    words = [sys.executable, "-m", "isochron", *SHORT, "--signs", "gaba", "--tolerance", "1e-300"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    lines = [line for line in done.stderr.splitlines() if "tolerance_mV" in line]
    assert len(lines) == 1
    assert lines[0].startswith("isochron: Warning: The error of the potentials")
    assert "sims.simulate(" not in done.stderr


def test_currents_without_a_line(run, capsys):
    (run.parent / "s.csv").write_text("time_ms,A\n")
    arguments = ["simulate", "--dataset", "x.csv", "--duration", "0.1", "--stimulus", "s.csv"]
    assert main(arguments) == 3
    assert "does not have a line below its header" in capsys.readouterr().err


def test_the_folder_of_a_saved_run_is_replaced(run):
    other = load_dataset(run)
    save_dataset(other, run)
    assert main([*SHORT, "--out", "r.zarr", "--force"]) == 0
