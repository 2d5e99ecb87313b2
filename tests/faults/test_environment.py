"""What a process inherits: folders that are gone, variables that are wrong, streams, languages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isochron.cli import main
from isochron.cli.environment import NUMBERS

FAILED, USAGE = 1, 2  # exit codes
ROOT = Path(__file__).parents[2]
SHOW = "connectome show varshney2011"


@pytest.mark.parametrize("command", ["simulate --duration 0.05 --plot", "view x.nc", SHOW])
def test_a_current_folder_that_has_been_deleted(tmp_path, monkeypatch, capsys, command):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(command.split()) == FAILED
    line = capsys.readouterr().err
    assert line.startswith("isochron: The current folder has been deleted; change to a different")
    assert line.count("\n") == 1


def test_a_backend_of_figures_that_is_not_there(tmp_path):
    """Commands show no windows, so that they do not need it."""
    done = subprocess.run(
        [sys.executable, "-m", "isochron", "connectome", "plot", "varshney2011", "--out", "x.png"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "nonsense"},
        cwd=tmp_path, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "x.png").stat().st_size > 1000


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "4,2", "²"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_variable_that_is_not_a_number(monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    assert main(SHOW.split()) == USAGE
    line = capsys.readouterr().err
    assert line == (
        f"isochron: The environment variable {name} must be a whole number, got {value!r}.\n"
    )


@pytest.mark.parametrize(
    ("changes", "redirect"),
    [
        ({"HOME": None, "XDG_CACHE_HOME": None}, ""),
        ({"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}, ""),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ""),
        ({"PYTHONIOENCODING": "ascii", "TERM": "dumb", "COLUMNS": "x", "LINES": "-5"}, ""),
        ({"OMP_NUM_THREADS": ""}, "<&-"),
    ],
)
def test_a_command_that_does_not_need_it(tmp_path, changes, redirect):
    """It succeeds without a word."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m isochron connectome stats varshney2011 {redirect}"],
        env={name: value for name, value in known.items() if value is not None},
        cwd=tmp_path, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"279" in done.stdout
