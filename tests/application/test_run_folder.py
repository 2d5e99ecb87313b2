import errno
import json
import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from isochron.cli import main
from isochron.files import DataFileError, write_bytes, write_json, write_sealed_json
from isochron.runs.executors.work_folder import remove_parts
from isochron.runs.run_folder import RunFolder
from isochron.studies.compare.configuration import CompareConfig

QUICK = CompareConfig.quick()


def open_and_close(path, config=QUICK, version="1", **options):
    with RunFolder(path, config, version, **options) as folder:
        return folder


@pytest.fixture
def run(tmp_path):
    """A run folder in which the worm is finished."""
    with RunFolder(tmp_path / "run", QUICK, "1") as folder:
        folder.finish("worm", {"a": 1}, 2.0)
    return tmp_path / "run"


def test_a_finished_step_is_remembered(run):
    again = open_and_close(run)
    assert again.finished("worm")
    assert not again.finished("train-low-rank-0")
    assert again.result("worm") == {"a": 1}
    assert again.seconds("worm") == 2.0


def test_the_time_at_which_the_last_step_finished_is_known(run):
    """Steps of runs that were made before it was recorded do not have it."""
    first = open_and_close(run).last_finished(["worm"])
    assert first is not None
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first)) < timedelta(hours=1)
    write_sealed_json(run / "steps" / "old.json", {"result": 1, "seconds": 2.0})
    later = {"result": 1, "seconds": 2.0, "finished_at": "2999-01-01T00:00:00+00:00"}
    write_sealed_json(run / "steps" / "later.json", later)
    again = open_and_close(run)
    assert again.last_finished(["old", "absent"]) is None
    assert again.last_finished(["old", "later", "worm"]) == later["finished_at"]


@pytest.mark.parametrize(("old", "new"), [('"a": 1', '"a": 7'), ("{", ""), ("{", "[{}, {")])
def test_an_altered_step_is_refused(run, old, new):
    step = run / "steps" / "worm.json"
    step.write_text(step.read_text().replace(old, new, 1))
    with pytest.raises(DataFileError, match=r"worm\.json.* Remove it to do this step again"):
        open_and_close(run).result("worm")


@pytest.mark.parametrize(("config", "version"), [(CompareConfig(), "1"), (QUICK, "2")])
def test_another_run_is_refused_and_kept(run, config, version):
    with pytest.raises(ValueError, match="different .* --force"):
        open_and_close(run, config, version)
    assert open_and_close(run).finished("worm")


@pytest.mark.parametrize("config", [CompareConfig(), QUICK], ids=["other", "same"])
def test_force_starts_anew(run, config):
    assert not open_and_close(run, config, force=True).finished("worm")


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_something_else_is_never_touched(tmp_path, force):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="contains thesis.tex"):
        open_and_close(tmp_path, force=force)
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_only_looks_like_a_run_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.csv").write_text("1")
    with pytest.raises(ValueError, match="other files"):
        open_and_close(tmp_path, force=True)
    assert (tmp_path / "data" / "mine.csv").exists()


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(ValueError, match="is a file"):
        open_and_close(tmp_path / "run")


def test_a_folder_in_use_is_refused(run):
    with RunFolder(run, QUICK, "1"), pytest.raises(BlockingIOError, match="in use"):
        open_and_close(run)
    open_and_close(run)


@pytest.mark.parametrize("content", ["[]", "3", "null"])
def test_a_marker_that_is_not_one_is_refused(run, content):
    (run / "run.json").write_text(content)
    with pytest.raises(DataFileError, match="does not describe a run"):
        open_and_close(run)


def test_a_folder_that_cannot_be_written_is_not_in_use(run, monkeypatch):
    """The error, which has the folder in its traceback, is still there."""
    with monkeypatch.context() as patch:
        patch.setattr("isochron.runs.run_folder.write_bytes", read_only_disk)
        with pytest.raises(OSError, match="Read-only") as caught:
            open_and_close(run)
    assert open_and_close(run).finished("worm")
    assert caught.tb is not None


def read_only_disk(path, content):
    raise OSError(errno.EROFS, "Read-only file system", str(path))


def test_stale_temporaries_are_swept(run):
    (run / "steps" / ".worm.json.part").write_text("half")
    open_and_close(run)
    assert not list(run.rglob("*.part"))


def test_the_error_of_a_read_only_folder_names_the_file(tmp_path, monkeypatch):
    def read_only(path, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("builtins.open", read_only)
    monkeypatch.setattr("pathlib.Path.unlink", read_only)
    with pytest.raises(OSError, match="Read-only") as caught:
        write_bytes(tmp_path / "a.json", b"new")
    assert caught.value.filename == str(tmp_path / "a.json")


def test_two_that_write_one_file_at_once_do_not_collide(tmp_path):
    """The last one wins, and no reader finds a mixture."""
    contents = [bytes([letter]) * 100_000 for letter in b"abcd"]

    def write(content):
        for _ in range(20):
            write_bytes(tmp_path / "a", content)
            assert (tmp_path / "a").read_bytes() in contents

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, contents))
    assert [item.name for item in tmp_path.iterdir()] == ["a"]


def test_temporaries_of_a_process_that_runs_stay(tmp_path):
    """Also those of a different machine, while someone works on an item."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "claims").mkdir()
    here = socket.gethostname()
    names = [f".a.{here}-{ended.pid}-0a.part", f".b.{here}-{os.getpid()}-0a.part", ".c.x-1-0a.part"]
    for name in names:
        (tmp_path / name).touch()
    claim = {"host": "x", "pid": 1, "at": time.time()}
    (tmp_path / "claims" / "k").write_text(json.dumps(claim))
    remove_parts(tmp_path)
    assert sorted(item.name for item in tmp_path.glob(".*")) == names[1:]
    (tmp_path / "claims" / "k").unlink()
    remove_parts(tmp_path)
    assert [item.name for item in tmp_path.glob(".*")] == names[1:2]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    before = path.read_bytes()
    with pytest.raises(ArithmeticError, match="not finite"):
        write_json(path, float("nan"))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_bytes(path, b"new")
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "command", [["compare"], ["reproduce", "pals2024"], ["train"]], ids=lambda words: words[-1]
)
def test_a_folder_of_the_first_version_names_what_to_do(tmp_path, capsys, command):
    """Version 0.1 wrote a digest of other settings, too: only the version is compared."""
    run = tmp_path / "run"
    run.mkdir()
    write_json(run / "run.json", {"schema": 1, "version": "0.1.0", "config_sha256": 64 * "0"})
    assert main([*command, "--out", str(run)]) == 3
    error = capsys.readouterr().err
    assert "contains a run of isochron 0.1.0" in error
    assert "Give a different folder with --out, or --force to start again" in error
    assert error.count("isochron: ") == 1
    assert [item.name for item in run.iterdir()] == ["run.json"]
