"""The files are the truth: equal results from every executor, and after every failure."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isochron.cli import main
from isochron.files import DataFileError
from isochron.runs.sweep import Limits, Sweep, sweep, tasks
from isochron.runs.sweep.store import Store

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests.sweep.experiments"


def grid(n=12, **more):
    return {"seed": 3, "batch": 2, "axes": {"x": list(range(n)), "y": [0, 1]}, **more}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """All done by one worker."""
    return sweep(f"{HERE}:square", grid(), out=tmp_path_factory.mktemp("one") / "S", workers=1)


def test_the_dataset_is_over_the_axes(reference):
    found = reference.dataset()
    assert found["square"].dims == ("x", "y")
    np.testing.assert_array_equal(found["square"].sel(y=1), np.arange(12.0) ** 2)
    np.testing.assert_array_equal(found["pair"].sel(x=3, y=0), [3, -3])
    assert (found.status == 1).all()
    assert len(np.unique(found["draw"])) == 24  # every run has a different seed


def test_two_workers_make_the_same_files(reference, tmp_path):
    again = sweep(f"{HERE}:square", grid(), out=tmp_path / "S", workers=2)
    assert again.digest() == reference.digest()


def test_a_warning_of_a_worker_is_one_line(tmp_path, capfd):
    sweep(f"{HERE}:warning", grid(axes={"x": [1, 3]}, batch=1), out=tmp_path / "S", workers=2)
    lines = [line for line in capfd.readouterr().err.splitlines() if "odd" in line]
    assert sorted(lines) == ["isochron: Warning: 1 is odd", "isochron: Warning: 3 is odd"]


def test_nothing_is_done_twice(reference):
    before = len(list(reference.store.logged()))
    sweep(f"{HERE}:square", grid(), out=reference.store.path, workers=1)
    assert len(list(reference.store.logged())) == before


def test_a_grid_that_grows_leaves_its_batches_alone(tmp_path):
    first = sweep(f"{HERE}:square", grid(5), out=tmp_path / "S", workers=1)
    keys = {task.key for task in first.tasks}
    more = sweep(f"{HERE}:square", grid(8), out=tmp_path / "S", workers=1)
    assert keys <= {task.key for task in more.tasks}
    np.testing.assert_array_equal(more.dataset()["square"].sel(y=0), np.arange(8.0) ** 2)
    less = sweep(f"{HERE}:square", grid(3), out=tmp_path / "S", workers=1)
    assert less.dataset().sizes["x"] == 3


def test_texts_of_all_lengths(tmp_path):
    axes = {"x": [1, 5, 3]}
    found = sweep(f"{HERE}:named", grid(axes=axes, batch=1), out=tmp_path / "S", workers=1)
    assert list(found.dataset()["text"].values) == ["a", "aaaaa", "aaa"]


def test_paired_axes_share_seeds(tmp_path):
    axes = {"x": [0, 1, 2], "y": {"values": [0, 1], "paired": True}}
    found = sweep(f"{HERE}:square", grid(axes=axes), out=tmp_path / "S", workers=1).dataset()
    np.testing.assert_array_equal(found["draw"].sel(y=0), found["draw"].sel(y=1))
    assert len(np.unique(found["draw"])) == 3


@pytest.mark.parametrize(
    ("name", "reason", "limits"),
    [
        ("raising", "error", Limits()),
        ("exiting", "error", Limits()),
        ("poison", "killed", Limits()),
        ("hanging", "timeout", Limits(seconds=2)),
        ("hungry", "memory", Limits(memory_GiB=16)),
    ],
)
def test_exactly_the_bad_task_fails(name, reason, limits, reference, tmp_path):
    found = sweep(f"{HERE}:{name}", grid(), out=tmp_path / "S", workers=2, limits=limits)
    status = found.status()
    assert (status.failed_batches, status.missing) == (1, 0)
    assert status.reasons == {reason: 1}
    data = found.dataset()
    assert (data.status.sel(x=5) == 3).all()
    others = [x for x in range(12) if x != 5]
    np.testing.assert_array_equal(
        data["draw"].sel(x=others), reference.dataset()["draw"].sel(x=others)
    )


def test_failed_tasks_are_done_again_only_if_asked(tmp_path):
    found = sweep(f"{HERE}:raising", grid(), out=tmp_path / "S", workers=1)
    [task] = [task for task in found.tasks if found.store.failure(task.key)]
    assert "ZeroDivisionError: planted" in (found.store.failure(task.key) or {})["error"]
    (tmp_path / "S" / "failed" / f"{task.key}.json").write_text('{"reason": "old"}')
    again = sweep(f"{HERE}:raising", grid(), out=tmp_path / "S", workers=1)
    assert again.status().reasons == {"old": 1}
    again = sweep(f"{HERE}:raising", grid(), out=tmp_path / "S", workers=1, retry_failed=True)
    assert again.status().reasons == {"error": 1}


@pytest.mark.parametrize(
    "damage", ["truncated", "flipped", "altered", "empty", "folder", "link", "foreign"]
)
def test_damaged_results_are_made_again(damage, reference, tmp_path):
    found = sweep(f"{HERE}:square", grid(), out=tmp_path / "S", workers=1)
    first, second = (found.store._batch(task.key) for task in found.tasks[:2])
    content = first.read_bytes()
    if damage in ("folder", "link"):
        first.unlink()
        first.mkdir() if damage == "folder" else first.symlink_to(second)
    elif damage == "altered":  # a whole archive with a different number
        with np.load(first, allow_pickle=False) as file:
            arrays = dict(file)
        name = next(name for name in arrays if name.startswith("variable:square"))
        np.savez(first, allow_pickle=False, **arrays | {name: arrays[name] + 1})
    else:
        flipped = content[:400] + bytes([content[400] ^ 255]) + content[401:]
        first.write_bytes(
            {"truncated": content[:-100], "flipped": flipped, "empty": b"",
             "foreign": b"PK\x03\x04 something else"}[damage]
        )  # fmt: skip
    assert found.store.read(found.tasks[0].key) is None
    again = sweep(f"{HERE}:square", grid(), out=tmp_path / "S", workers=1)
    assert again.digest() == reference.digest()


def test_a_store_of_other_code_is_not_mixed(tmp_path):
    sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    path = tmp_path / "S" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "0.0"}))
    with pytest.raises(DataFileError, match=r"isochron 0\.0"):
        sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    assert sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1, force=True).status().done


def test_a_store_of_other_code_can_be_read(tmp_path):
    found = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    path, plan = tmp_path / "S" / "run.json", tmp_path / "S" / "plan.jsonl"
    other = json.loads(path.read_text()) | {"version": "0.0"}
    path.write_text(json.dumps(other))
    other.pop("kind")
    tasks = [type(t).make(t.experiment, t.common, t.runs, t.seeds, other) for t in found.tasks]
    plan.write_text("".join(task.to_json() + "\n" for task in tasks))
    for old, new in zip(found.tasks, tasks, strict=True):
        target = found.store._batch(new.key)
        target.parent.mkdir(exist_ok=True)
        found.store._batch(old.key).rename(target)
    assert Sweep(tmp_path / "S").status().done == 4


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("all")
    for force in (False, True):
        with pytest.raises(ValueError, match=r"contains thesis\.txt"):
            sweep(f"{HERE}:square", grid(2), out=tmp_path, workers=1, force=force)
    assert (tmp_path / "thesis.txt").read_text() == "all"


def test_other_folders_are_not_stores(tmp_path, capsys):
    """A run folder of a study, which also has a plan; a folder without a file; no folder."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "run.json").write_text('{"version": "1"}')
    (tmp_path / "study" / "plan.jsonl").write_text("[]\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "g.toml").write_text(f'experiment = "{HERE}:square"\n[axes]\nx = [1]\n')
    for name in ("study", "empty", "none"):
        assert main(["sweep", "status", str(tmp_path / name)]) == 3
        assert f"{name} is not the store of a sweep. To make one" in capsys.readouterr().err
    for more in ([], ["--force"], ["--dry-run"]):
        command = ["sweep", str(tmp_path / "g.toml"), "--out", str(tmp_path / "study"), *more]
        assert main(command) == 2
        assert "study is not the store of a sweep" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sweep.toml", None, "does not have its sweep.toml"),
        ("plan.jsonl", None, "does not have its plan.jsonl"),
        ("plan.jsonl", "[" * 100_000, "is damaged: maximum recursion depth"),
        ("plan.jsonl", "root:x:0", r"is damaged: [^.]*\. Run the sweep again\."),
        ("plan.jsonl", '{"key": "../x", "experiment": "a", "common": {}, "runs": [], "seeds": []}',
         r"The task \.\./x does not have the key of its content\. Run the sweep again\."),
    ],
)  # fmt: skip
def test_a_damaged_store_is_completed_by_the_same_command(name, content, message, tmp_path):
    found = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    path, plan = tmp_path / "S" / name, (tmp_path / "S" / "plan.jsonl").read_text()
    path.unlink() if content is None else path.write_text(f"{plan.splitlines()[0]}\n{content}\n")
    with pytest.raises(DataFileError, match=message):
        Sweep(tmp_path / "S")
    again = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    assert (tmp_path / "S" / "plan.jsonl").read_text() == plan
    again = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    assert again.digest() == found.digest()


def test_source_that_changes_during_a_sweep(tmp_path, monkeypatch):
    """The plan is that of other source than the worker has, which starts later."""
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "source_digest", lambda: "before")
        with pytest.raises(DataFileError, match=r"The source of isochron has changed") as caught:
            sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
        line = Store(tmp_path / "S").plan()[0].to_json()
        with pytest.raises(DataFileError, match=r"plan\.jsonl is damaged: The task"):
            Store(tmp_path / "S").parse(line.replace('"x":0', '"x":7'))
    text = str(caught.value)
    assert f"the sweep in {tmp_path / 'S'} was started" in text
    assert "the same command continues; or start again with a different --out" in text
    assert not list((tmp_path / "S").rglob("*.npz"))


def test_lines_of_the_log_that_are_damaged_do_not_count(reference):
    path = reference.store.path / "log" / "other.jsonl"
    before = list(reference.store.logged())
    path.write_text('{"runs": "many"}\n[1]\n{"runs": 1, "sec\n')
    assert list(reference.store.logged()) == before
    path.unlink()


def start(out: Path, content=None) -> subprocess.Popen:
    code = (
        "from isochron.runs.sweep import sweep\n"
        "if __name__ == '__main__':\n"
        f"    sweep('{HERE}:slow', {content or grid()!r}, out={str(out)!r}, workers=2)\n"
    )
    script = out.with_suffix(".py")
    script.write_text(code)
    return subprocess.Popen(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True
    )


def workers_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


MOMENTS = np.random.default_rng(16).uniform(0.0, 2.5, size=20)  # s
NEW_FILES = np.random.default_rng(17).integers(0, 4, size=20)


def finished(out: Path) -> int:
    return len(list(out.glob("batches/*/*.npz")))


@pytest.mark.slow
def test_a_sweep_whose_driver_is_killed_20_times_is_continued(tmp_path):
    out, content, done = tmp_path / "S", grid(200), [0]
    for n_new, moment in zip(NEW_FILES, MOMENTS, strict=True):
        process = start(out, content)
        while finished(out) < done[-1] + n_new:
            time.sleep(0.01)
        time.sleep(moment / 10)
        children = workers_of(process.pid)
        process.kill()
        process.wait()
        assert not running_after(children, 5)
        done.append(finished(out))
        assert done[-1] >= done[-2] + n_new
    assert 0 < done[-1] < 200
    finish(out, content, tmp_path)


@pytest.mark.slow
def test_a_sweep_whose_workers_are_killed_20_times_is_continued(tmp_path):
    out, content, seen = tmp_path / "S", grid(200), set()
    process = start(out, content)
    while not list(out.glob("batches/*/*.npz")):
        time.sleep(0.05)
    for moment in MOMENTS / 5:
        time.sleep(moment)
        children = [pid for pid in workers_of(process.pid) if is_worker(pid)]
        seen.update(children)
        if children:
            os.kill(children[-1], signal.SIGKILL)
    assert process.wait(120) == 0
    assert len(seen) > 10
    assert not running_after(seen, 5)
    finish(out, content, tmp_path)


def finish(out, content, tmp_path):
    """Compute the rest, and compare with a sweep that was not disturbed."""
    found = sweep(f"{HERE}:slow", content, out=out, workers=2, retry_failed=True)
    clean = sweep(f"{HERE}:slow", content, out=tmp_path / "clean", workers=2)
    assert found.status().complete
    assert found.digest() == clean.digest()
    assert not list(out.glob("**/*.part"))


def is_worker(pid: int) -> bool:
    """Whether a process is a worker, not the one in which Python counts shared resources."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def running_after(pids, seconds: float) -> list[int]:
    """Processes that still run after some time."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_sigterm_ends_the_command_and_it_continues(tmp_path):
    (tmp_path / "g.toml").write_text(
        f'experiment = "{HERE}:slow"\nbatch = 1\n[axes]\nx = {list(range(60))}\n'
    )
    command = [sys.executable, "-m", "isochron", "sweep", "g.toml", "--out", "S", "--workers", "1"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("S/batches/*/*.npz")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143
    done = len(list(tmp_path.glob("S/batches/*/*.npz")))
    assert 0 < done < 60
    assert not list(tmp_path.glob("S/**/*.part"))
    assert subprocess.run(command, cwd=tmp_path, env=env, capture_output=True).returncode == 0


@pytest.mark.parametrize("left", [(), ("batches", "log")])
def test_a_start_that_was_interrupted_leaves_a_store_that_can_be_used(left, tmp_path):
    for name in left:
        (tmp_path / "S" / name).mkdir(parents=True)
    found = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    assert found.status().complete


def test_a_folder_with_results_but_no_marker_is_not_a_store(tmp_path):
    (tmp_path / "S" / "batches").mkdir(parents=True)
    (tmp_path / "S" / "batches" / "mine.npz").write_bytes(b"")
    with pytest.raises(ValueError, match="contains files of something else"):
        sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)


@pytest.mark.slow
def test_two_drivers_share_a_store(tmp_path):
    both = [start(tmp_path / "S") for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    found = Sweep(tmp_path / "S")
    assert found.status().complete
    clean = sweep(f"{HERE}:slow", grid(), out=tmp_path / "clean", workers=1)
    assert found.digest() == clean.digest()


def test_wrong_shapes_are_failures_with_a_reason(tmp_path):
    found = sweep(f"{HERE}:ragged", grid(2), out=tmp_path / "S", workers=1)
    [error] = {(found.store.failure(task.key) or {})["error"] for task in found.tasks}
    assert "whose first axis is the run" in error


@pytest.mark.parametrize(
    ("name", "message"), [("unnamed", "must return a dict"), ("misnamed", "the name 'status'")]
)
def test_wrong_names_are_failures_with_a_reason(name, message, tmp_path):
    found = sweep(f"{HERE}:{name}", grid(1), out=tmp_path / "S", workers=1)
    assert message in (found.store.failure(found.tasks[0].key) or {})["error"]


def test_complex_results_of_a_function_that_changes_the_folder(tmp_path, monkeypatch):
    """All batches are saved in a store given by a relative path; one is lost afterwards."""
    monkeypatch.chdir(tmp_path)
    found = sweep(f"{HERE}:wave", grid(4, batch=4), out="S", workers=1)
    found.store._batch(found.tasks[0].key).unlink()
    data = found.dataset()["wave"].sel(y=1)
    assert np.isnan(data[:2]).all()
    np.testing.assert_array_equal(data[2:], np.exp(1j * np.arange(2, 4)))


def test_a_long_error_does_not_widen_the_dataset(tmp_path):
    found = sweep(f"{HERE}:verbose", grid(7), out=tmp_path / "S", workers=1)
    reason = found.dataset().reason
    assert str(reason.sel(x=5, y=0).values).startswith("ValueError: long long")
    assert reason.nbytes < 100_000


def test_results_are_never_unpickled(tmp_path):
    found = sweep(f"{HERE}:square", grid(2), out=tmp_path / "S", workers=1)
    path = found.store._batch(found.tasks[0].key)
    np.savez(path, allow_pickle=True, **{"variable:x": np.array([object()], dtype=object)})
    assert Store(tmp_path / "S").read(found.tasks[0].key) is None
