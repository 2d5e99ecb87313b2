"""Bad input on the command line: one clear line, the right exit code, nothing left behind."""

import json
import os
import resource
import subprocess
import sys

import pytest

from isochron._version import __version__
from isochron.cli import main
from isochron.runs.run_folder import RunFolder
from isochron.studies.compare.configuration import CompareConfig


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[worm]\ndataset = 'cook1999'", "No data set 'cook1999'"),
        ("[worm]\nstimulated = ['AVAX']", "Did you mean AVAR, AVAL"),
        ("[worms]\n", "Did you mean worm?"),
        ("[worm]\ncurrent_pA = inf", "must be finite"),
        ("[worm", "not a TOML file"),
    ],
)
def test_a_bad_configuration(tmp_path, capsys, text, message):
    (tmp_path / "x.toml").write_text(text)
    out = tmp_path / "run"
    assert main(["compare", "--config", str(tmp_path / "x.toml"), "--out", str(out)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert not out.exists()


def test_errors_as_json(tmp_path, capsys):
    assert main(["compare", "--config", str(tmp_path / "none.toml"), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    assert error["ok"] is False
    assert "does not exist" in error["error"]


def test_debug_shows_where(tmp_path, capsys):
    assert main(["compare", "--config", str(tmp_path / "none.toml"), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["compare", "--speed"], ["report"]])
def test_wrong_usage(arguments, capsys):
    assert main(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_of_something_else(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("x")
    assert main(["compare", "--quick", "--out", str(tmp_path)]) == 2
    assert "contains thesis.tex" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert main(["compare", "--quick", "--out", str(tmp_path / "file" / "run")]) == 1
    errors = capsys.readouterr().err
    assert "Not a directory" in errors
    assert errors.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_without_write_permission(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert main(["compare", "--quick", "--out", str(tmp_path / "run")]) == 1
    assert "Permission denied" in capsys.readouterr().err


def test_no_workers(tmp_path, capsys):
    assert main(["compare", "--quick", "--out", str(tmp_path / "run"), "--workers", "0"]) == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_disk_that_takes_no_more(tmp_path):
    """A limit on file sizes simulates a full disk: one line, exit 5, no partial file."""
    result = subprocess.run(
        [sys.executable, "-m", "isochron", "compare", "--quick", "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    assert result.returncode == 5
    assert result.stderr.startswith("isochron: ")
    assert result.stderr.count("\n") == 1
    kept = [path.name for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert set(kept) <= {".lock", "run.json"}
    # With space again, the same command runs.
    with RunFolder(tmp_path / "run", CompareConfig.quick(), __version__) as folder:
        assert (folder.path / "config.toml").is_file()


def test_a_report_of_nothing(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 3
    assert "does not contain a finished run" in capsys.readouterr().err
    (tmp_path / "results.json").write_text('{"schema": 7}')
    assert main(["report", str(tmp_path)]) == 3
    assert "schema 2" in capsys.readouterr().err


def test_the_printed_configuration_is_toml(capsys):
    import tomllib

    assert main(["compare", "--print-config", "--quick"]) == 0
    text = capsys.readouterr().out
    assert tomllib.loads(text)["worm"]["dataset"] == "varshney2011"
    assert "#" in text


def test_the_version_is_shown(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("isochron 0.")


def test_an_error_in_usage_points_to_the_help_of_its_command(capsys):
    assert main(["simulate", "--durration", "1"]) == 2
    assert "See isochron simulate --help." in capsys.readouterr().err
