"""The exit code of a command states the kind of error; see docs/reference/contracts.md."""

import errno
import io
import json

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.resume import read_newest
from isochron.cli import main
from isochron.cli.errors import describe_error, end_quietly
from isochron.extras import MissingExtraError
from isochron.files import DataFileError, json_sha256, write_sealed_json
from isochron.memory import TooLargeError
from isochron.runs.executors.failures import WorkerKilledError, record_error, restore_error
from isochron.runs.run_folder import RunFolder
from isochron.studies.compare.configuration import CompareConfig
from isochron.wording import print_warning

CSV = "pre,post,weight\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "The table is empty"),
        ("a.csv", b"pre,post\nA,B\n", "does not have the column 'weight'"),
        ("a.csv", f"{CSV}A,B,nan\n".encode(), "must be finite"),
        ("a.csv", f"{CSV}A,B,-1\n".encode(), "not negative"),
        ("a.csv", f"{CSV}A,B,1\nA,B,2\n".encode(), "listed twice"),
        ("a.csv", f'{CSV}A,B,"1\n'.encode(), "a quotation mark is not closed"),
        ("a.csv", b"pre,post,weight,layer\nA,B,1,gap\nB,A,2,gap\n", "the other way"),
        ("a.csv", b"\xff\xfe\x00", "not UTF-16"),
        ("a.csv", b"pre,post\0", "NUL"),
        ("a.graphml", b"<graphml><node", "not a GraphML file"),
        ("a.graphml", b'<!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]><g/>', "DOCTYPE"),
    ],
)
def test_a_bad_wiring_is_3(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert main(["connectome", "show", str(tmp_path / name)]) == 3
    errors = capsys.readouterr().err
    assert message in errors
    assert name in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["connectome", "show", "none.csv"],
        ["connectome", "show", "none.graphml"],
        ["connectome", "show", "$(touch canary).csv"],
        ["simulate", "--duration", "0.1", "--stimulus", "none.csv"],
        ["cycles", "none.nc"],
        ["cycles", "none.zarr"],
        ["cycles", "none"],
        ["attractors", "none.npy"],
    ],
)
def test_a_missing_file_is_3(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 3
    error = capsys.readouterr().err
    assert "does not exist" in error or "There is no " in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"time_ms,PLML\n0,1\n1,nan\n", "finite"),
        (b"time_ms,PLML\n0,1\n0,2\n", "increase"),
        (b"\xff\xfe", "decode"),
        (b"time_ms,PLMX\n0,1\n1,2\n", "PLMX"),
    ],
)
def test_a_bad_table_of_currents_is_3(tmp_path, capsys, content, message):
    table = tmp_path / "currents.csv"
    table.write_bytes(content)
    assert main(["simulate", "--duration", "0.1", "--stimulus", str(table)]) == 3
    errors = capsys.readouterr().err
    assert message in errors
    assert "currents.csv" in errors


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:50], lambda b: b"[" * 10**5])
def test_a_damaged_net_is_3(tmp_path, capsys, suffix, damage):
    ann_bridge.save_net(ann_bridge.GRUNet(n_units=4), tmp_path / "net")
    path = tmp_path / f"net{suffix}"
    path.write_bytes(damage(path.read_bytes()))
    assert main(["cycles", str(tmp_path / "net")]) == 3
    assert "net" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [{"schema": 1}, {"schema": 2}, {"schema": 2, "systems": 3}, [], {}]
)
def test_a_report_of_results_that_are_not_whole_is_3(tmp_path, capsys, content):
    (tmp_path / "results.json").write_text(json.dumps(content))
    assert main(["report", str(tmp_path)]) == 3
    assert "results.json" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("change", [('"a"', '"b"'), ("1", "2"), ("sha256", "sha255")])
def test_a_report_of_altered_results_is_3(tmp_path, capsys, change):
    path = tmp_path / "results.json"
    write_sealed_json(path, {"schema": 2, "x": 1, "name": "a"})
    path.write_text(path.read_text().replace(*change))
    assert main(["report", str(tmp_path)]) == 3
    errors = capsys.readouterr().err
    assert "has been altered" in errors or "not a whole result" in errors


def test_a_run_folder_with_a_damaged_marker_is_3(tmp_path, capsys):
    with RunFolder(tmp_path, CompareConfig.quick(), "1"):
        pass
    (tmp_path / "run.json").write_text("{")
    assert main(["compare", "--quick", "--out", str(tmp_path)]) == 3
    assert "run.json" in capsys.readouterr().err


def test_a_warning_is_one_line_without_control_characters(capsys):
    print_warning(UserWarning("a name\n  with \x1b[31m"), UserWarning, "file.py", 1)
    assert capsys.readouterr().err == "isochron: Warning: a name with \\x1b[31m\n"


def test_a_warning_that_cannot_be_written_is_no_error(monkeypatch):
    def full(text):
        raise OSError(errno.ENOSPC, "No space left on device")

    stream = io.StringIO()
    monkeypatch.setattr(stream, "write", full)
    monkeypatch.setattr("sys.stderr", stream)
    print_warning("coarse")


def test_notes_of_other_types_are_not_printed(capsys):
    error = ValueError("It failed.")
    error.add_note("Try again.")
    error.add_note(type("NoteOfALibrary", (str,), {})("in class Settings"))
    describe_error(error, [])
    assert capsys.readouterr().err == "isochron: It failed. Try again.\n"


def test_a_stream_that_is_not_a_file_is_open():
    assert end_quietly([io.StringIO()]) is None


def test_a_folder_in_use_is_5(tmp_path, capsys):
    from isochron._version import __version__

    with RunFolder(tmp_path, CompareConfig.quick(), __version__):
        assert main(["compare", "--quick", "--out", str(tmp_path)]) == 5
    assert "in use" in capsys.readouterr().err


NAMES = ("[/nope]", "[bold]y", "\x1b[31mred", "<b>x</b>", "ok")


def test_names_with_markup_and_escapes_are_text(tmp_path, capsys):
    """They crashed the table of rich, and reached the terminal."""
    rows = "".join(f"{a},{b},1\n" for a, b in zip(NAMES, NAMES[1:] + NAMES[:1], strict=True))
    (tmp_path / "a.csv").write_text(CSV + rows)
    assert main(["connectome", "cells", str(tmp_path / "a.csv")]) == 0
    printed = capsys.readouterr().out
    for name in NAMES:
        assert name.replace("\x1b", "\\x1b") in printed
    assert "\x1b" not in printed
    assert main(["connectome", "cells", str(tmp_path / "a.csv"), "\x1b[31m"]) != 0
    assert "\x1b" not in capsys.readouterr().err


def test_all_checkpoints_damaged_or_newer_is_3(tmp_path):
    body = {"schema": 7, "version": "9.1", "identity": "", "losses": [], "seconds": 0.0}
    for step, digest in ((1, json_sha256(body)), (2, "")):
        document = {"sha256": digest, "body": body}
        (tmp_path / f"step-{step:08d}.json").write_text(json.dumps(document))
    with pytest.raises(DataFileError, match=r"No checkpoint .* is whole .*altered"):
        read_newest(tmp_path)
    (tmp_path / "step-00000002.json").unlink()
    with pytest.raises(DataFileError, match=r"made by isochron 9\.1"):
        read_newest(tmp_path)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("surprise"), 1),
        (PermissionError(13, "Permission denied", "x"), 1),
        (ValueError("n must be positive"), 2),
        (FloatingPointError("not finite"), 4),
        (np.linalg.LinAlgError("Singular matrix"), 4),
        (MemoryError(), 5),
        (OSError(28, "No space left on device", "x"), 5),
        (WorkerKilledError("ended twice"), 5),
        (KeyboardInterrupt(), 130),
        (SystemExit(143), 143),
    ],
)
def test_every_error_has_its_code(error, code, capsys):
    assert describe_error(error, ["--json"]) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["exit_code"] == code
    assert printed.err.startswith("isochron: ")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        MissingExtraError('This needs x, which is not installed: pip install "isochron[x]".'),
        DataFileError("x is not a JSON file."),
        FloatingPointError("not finite"),
        np.linalg.LinAlgError("Singular matrix"),
        MemoryError("Unable to allocate 1 TiB"),
        TooLargeError("This would take about 1 TiB of memory."),
        torch.OutOfMemoryError("CUDA out of memory."),
        OSError(28, "No space left on device", "x"),
        PermissionError(13, "Permission denied", "x"),
        ImportError("x"),
        ValueError("n must be positive"),
        RuntimeError("surprise"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_in_a_worker_has_the_code_that_it_has_here(error, capsys):
    assert describe_error(restore_error(record_error(error)), []) == describe_error(error, [])
    there, here = (line for line in capsys.readouterr().err.splitlines())
    assert str(error) in there or there == here


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("EDQUOT", "The disk quota is used up: x was not written. Free space on it."),
        ("EFBIG", "The file would be too large: x was not written."),
        ("EMFILE", "Too many files are open: x was not written."),
        ("ENFILE", "Too many files are open: x was not written."),
        ("ENOMEM", "There is not enough memory: x was not written."),
    ],
)
def test_what_the_system_lacks_is_named(name, text, capsys):
    assert describe_error(OSError(getattr(errno, name), "words of the system", "x"), []) == 5
    assert capsys.readouterr().err == f"isochron: {text}\n"


def test_a_seal_without_end_is_3(tmp_path, capsys):
    seal = tmp_path / "run.zarr" / "seal"
    seal.mkdir(parents=True)
    (seal / "zarr.json").write_text("[" * 100_000)
    assert main(["cycles", str(tmp_path / "run.zarr")]) == 3
    assert "seal" in capsys.readouterr().err


def test_results_of_0_1_are_named_as_such(tmp_path, capsys):
    (tmp_path / "results.json").write_text(json.dumps({"schema": 1, "systems": []}))
    assert main(["report", str(tmp_path)]) == 3
    assert "was written by isochron 0.1; run the study again" in capsys.readouterr().err
