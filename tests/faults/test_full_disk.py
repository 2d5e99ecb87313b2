"""A disk that is full or read-only: one line, what was there stays, no part of a file is left."""

import errno
import sys
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

from isochron import ann_bridge, sims
from isochron._version import __version__
from isochron.ann_bridge.resume import read_newest
from isochron.cli import main
from isochron.cli.errors import describe_error
from isochron.files import append_text, write_bytes
from isochron.runs import training
from isochron.runs.run_folder import RunFolder
from isochron.runs.steps import StepFolder
from isochron.sims import unfinished
from isochron.sims.engines.multistep import runs
from isochron.sims.engines.multistep.one_worm import OneWorm
from isochron.sims.storage import export_nwb
from isochron.studies.compare.configuration import CompareConfig
from isochron.wording import RESUMES
from isochron.workflows import simulate
from tests.small_disk import mounted, remount

# What a library leaves open when a write fails is closed when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
FAILED, RESOURCES = 1, 5  # exit codes
SAVES = {"nc": sims.save_dataset, "zarr": sims.save_dataset, "nwb": export_nwb}


@pytest.fixture
def disk(tmp_path):
    with mounted(tmp_path / "disk", "512k") as folder:
        yield folder


def dataset(n_times):
    """Noise, which does not compress."""
    values = np.random.default_rng(n_times).normal(size=(n_times, 20))
    return xr.Dataset(
        {"V": (("time", "neuron"), values, {"units": "mV"})},
        {"time": ("time", np.arange(float(n_times)), {"units": "ms"}),
         "neuron": [f"N{k}" for k in range(20)]},
    )  # fmt: skip


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fill(disk):
    """Take all space but a few kB."""
    with open(disk / "filler", "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("suffix", SAVES)
def test_what_was_there_stays(disk, suffix, capsys):
    if suffix == "nwb":
        pytest.importorskip("pynwb")
    path = disk / f"x.{suffix}"
    SAVES[suffix](dataset(20), path)
    before = content(disk)
    with pytest.raises(OSError, match="No space left") as caught:
        SAVES[suffix](dataset(10_000), path)
    assert content(disk) == before
    assert describe_error(caught.value, []) == RESOURCES
    line = capsys.readouterr().err
    assert line.startswith("isochron: The disk is full")
    assert line.count("\n") == 1
    remount(disk, "size=16m")
    SAVES[suffix](dataset(10_000), path)
    assert {name.split("/")[0] for name in content(disk)} == {path.name}


def test_appending_loses_nothing(disk):
    path = disk / "x.zarr"
    sims.append_dataset(dataset(200), path)
    before = content(disk)
    later = dataset(10_000).assign_coords(time=1000 + np.arange(10_000.0))
    with pytest.raises(OSError, match="No space left"):
        sims.append_dataset(later, path)
    assert content(disk) == before
    assert sims.load_dataset(path).sizes["time"] == 200


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_a_simulation(disk, suffix, capsys):
    out = disk / f"run.{suffix}"
    arguments = ["simulate", "--duration", "2", "--step", "1", "--record-every", "1"]
    assert main([*arguments, "--out", str(out)]) == RESOURCES
    errors = capsys.readouterr().err
    assert errors.count("isochron: The disk is full") == 1
    assert "Traceback" not in errors
    assert not list(disk.iterdir())


RUN = ["simulate", "--duration", "1", "--step", "4", "--record", "V", "--record-every", "20"]


def fill_after_run(monkeypatch, disk):
    """Take all space when a simulation is computed, before it is written."""

    def simulate_and_fill(*arguments, **options):
        found = simulate.simulate_spec(*arguments, **options)
        fill(disk)
        return found

    module = SimpleNamespace(simulate_spec=simulate_and_fill, figure_of_run=simulate.figure_of_run)
    monkeypatch.setitem(sys.modules, simulate.__name__, module)


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_the_last_save_of_a_simulation(disk, suffix, capsys, monkeypatch, tmp_path):
    """What was computed is saved before; the same command continues, and computes nothing."""
    out, whole = disk / f"run.{suffix}", tmp_path / f"whole.{suffix}"
    assert main([*RUN, "--out", str(whole)]) == 0
    monkeypatch.setattr(unfinished, "SELDOM_S", -1.0)
    monkeypatch.setattr(unfinished, "SHARE", 1e9)
    with monkeypatch.context() as patch:
        fill_after_run(patch, disk)
        capsys.readouterr()
        assert main([*RUN, "--out", str(out)]) == RESOURCES
    line = capsys.readouterr().err
    assert line.startswith(f"isochron: The disk is full: {out} was not written. Free space on it.")
    assert line.endswith(f"{RESUMES}\n")
    assert {path.name for path in disk.iterdir()} == {"filler", f".run.{suffix}.unfinished"}
    (disk / "filler").unlink()
    computed = []
    monkeypatch.setattr(OneWorm, "advance", lambda *_: computed.append(1))
    assert main([*RUN, "--out", str(out)]) == 0
    assert not computed
    assert sims.load_dataset(out).identical(sims.load_dataset(whole))
    assert [path.name for path in disk.iterdir()] == [out.name]


def test_a_simulation_of_which_nothing_can_be_saved(disk, capsys, monkeypatch):
    out = disk / "run.nc"
    out.write_bytes(b"before")
    fill_after_run(monkeypatch, disk)
    assert main([*RUN, "--out", str(out), "--force"]) == RESOURCES
    line = capsys.readouterr().err
    assert "What was computed could not be saved: No space left on device." in line
    assert line.count("\n") == 1
    assert content(disk).keys() == {"run.nc", "filler"}
    assert out.read_bytes() == b"before"


def test_a_figure_of_a_run_that_is_saved(disk, capsys, monkeypatch):
    """The run stays, and the message states where it is."""
    fill(disk)
    out = disk.parent / "run.nc"
    monkeypatch.chdir(disk)
    arguments = [*RUN, "--out", str(out), "--report", "report"]
    assert main(arguments) == RESOURCES
    line = capsys.readouterr().err
    assert "The disk is full" in line
    assert line.endswith(f"The run is in {out}.\n")
    assert sims.load_dataset(out).sizes["time"] == 51
    assert not list(disk.parent.glob(".*"))


def test_progress_that_was_saved_in_part(tmp_path, monkeypatch):
    """New samples were written, and then the disk was full: the progress before counts."""
    request: Any = SimpleNamespace()
    monkeypatch.setattr(unfinished, "request_key", lambda _: "key")
    states = np.random.default_rng(0).normal(size=(10, 4))
    run = unfinished.UnfinishedRun(tmp_path / "progress")
    run.resume(request, np.empty_like(states))
    run.update(states, 4, at=np.array([1.0]))
    assert run.save()
    run.update(states, 8, at=np.array([2.0]))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unfinished, "write_sealed_json", full)
    error = OSError()
    run.save_noting(error)
    assert error.__notes__ == [RESUMES]
    found = np.zeros_like(states)
    position = unfinished.UnfinishedRun(tmp_path / "progress").resume(request, found)
    assert position["at"] == 1
    np.testing.assert_array_equal(found[:4], states[:4])
    assert not found[4:].any()


def test_checkpoints(disk):
    """The checkpoint before stays, and the same training resumes bit-identically."""
    task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=200)
    budget = ann_bridge.TrainingParameters(steps=6, batch_size=4)

    def train(folder, progress=None):
        net = ann_bridge.GRUNet.for_task(
            task, n_units=16, generator=torch.Generator().manual_seed(0)
        )
        ann_bridge.train(
            net, task, budget, seed=0, checkpoints=folder, checkpoint_every=1, progress=progress
        )
        return net.state_dict()

    def progress(step, loss):
        if step == 3:
            fill(disk)

    with pytest.raises(OSError, match="No space left"):
        train(disk / "points", progress)
    newest = read_newest(disk / "points")
    assert newest is not None
    assert 2 <= len(newest.losses) <= 3
    assert not list(disk.rglob("*.part"))
    (disk / "filler").unlink()
    resumed, whole = train(disk / "points"), train(None)
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_run_folder(disk):
    config = CompareConfig.quick()
    with RunFolder(disk / "run", config, __version__) as folder:
        folder.finish("first", {"x": 1}, 0.1)
        before = content(disk)
        with pytest.raises(OSError, match="No space left"):
            folder.finish("second", {"x": list(range(10**5))}, 0.1)
        assert content(disk) == before
    with RunFolder(disk / "run", config, __version__) as folder:
        assert folder.result("first") == {"x": 1}
        assert not folder.finished("second")


def test_a_claim_that_cannot_be_written(disk):
    """An empty one was left, which counted as that of a different process for a while."""
    folder = StepFolder(disk)
    folder.open()
    fill(disk)
    with pytest.raises(OSError, match="No space left") as caught:
        folder.claim("a", 60)
    assert caught.value.filename == str(disk / "claims" / "a")
    assert not list((disk / "claims").iterdir())
    with pytest.raises(OSError, match="No space left") as caught:
        append_text(disk / "log" / "a.jsonl", "x" * 10_000)
    assert caught.value.filename == str(disk / "log" / "a.jsonl")
    (disk / "filler").unlink()
    assert folder.claim("a", 60)


TRAIN = ["train", "--network", "gru", "--task", "flip-flop", "--units", "64", "--steps", "2"]
FIRST_SAVES = {
    "simulate": (RUN, "d/run.zarr", ".run.zarr.unfinished/samples"),
    "train": (TRAIN, "d/run", "run/data/replicate-0-checkpoints/step-00000001.safetensors"),
    "study": (
        ["study", "energy", "--quick", "--config", "c.toml", "--workers", "1"], "d/run",
        "run/data/dense-phase-memory-0-checkpoints/step-00000050.safetensors",
    ),
}  # fmt: skip
SMALL_STUDY = """
[training]
steps = 51
batch_size = 2
[networks]
pairs = 1
n_starts = 2
n_steps = 16
"""


@pytest.mark.parametrize(
    "name", ["simulate", "train", pytest.param("study", marks=pytest.mark.long)]
)
def test_a_disk_that_is_too_small_for_the_first_save(tmp_path, name, capsys, monkeypatch):
    """One line that names the file; nothing is left in part; the same command resumes."""
    monkeypatch.setattr(unfinished, "SELDOM_S", -1.0)
    monkeypatch.setattr(unfinished, "SHARE", 1e9)
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 1)
    monkeypatch.setattr(runs, "BLOCK_STEPS", 64)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text(SMALL_STUDY)
    arguments, out, lost = FIRST_SAVES[name]
    with mounted(tmp_path / "d", "48k") as disk:
        assert main([*arguments, "--out", out]) == RESOURCES
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith("isochron: The disk is full: ")
        assert f"d/{lost} was not written. Free space on it." in line
        assert not list(disk.rglob("*.part"))
        assert not [it for it in disk.rglob("*") if lost.split("/")[-1] in it.name]
        if name == "simulate":
            assert "could not be saved" in line
            assert not list(disk.iterdir())
        else:
            assert line.endswith(RESUMES)
        if name != "study":
            remount(disk, "size=16m")
            assert main([*arguments, "--out", out]) == 0


WRITING = [
    ["simulate", "--duration", "0.05", "--out", "run.nc"],
    ["simulate", "--duration", "0.05", "--out", "run.zarr"],
    ["simulate", "--duration", "0.05", "--report", "report"],
    ["train", "--network", "gru", "--task", "flip-flop", "--steps", "1", "--out", "run"],
    ["connectome", "export", "varshney2011", "--out", "x.csv"],
    ["export-neuroml", "varshney2011", "--out", "nml"],
]


@pytest.mark.parametrize("arguments", WRITING)
def test_a_disk_that_is_read_only(disk, arguments, capsys, monkeypatch):
    write_bytes(disk / "before.txt", b"x")
    remount(disk, "ro")
    monkeypatch.chdir(disk)
    assert main(arguments) == FAILED
    errors = capsys.readouterr().err
    assert "Read-only file system" in errors
    assert errors.count("isochron: ") == 1
    assert "Traceback" not in errors
    assert content(disk) == {"before.txt": b"x"}


@pytest.mark.parametrize("arguments", WRITING)
def test_a_disk_without_space(disk, arguments, capsys, monkeypatch):
    write_bytes(disk / "before.txt", b"x")
    fill(disk)
    monkeypatch.chdir(disk)
    assert main(arguments) == RESOURCES
    errors = capsys.readouterr().err
    assert "The disk is full: " in errors
    assert " was not written. Free space on it." in errors
    assert errors.count("isochron: ") == 1
    assert ("could not be saved" in errors) == (arguments[0] == "simulate" and "--out" in arguments)
    assert (RESUMES in errors) == (arguments[0] == "train")
    assert "Traceback" not in errors
    left = {name for name in content(disk) if not name.endswith((".lock", "/run.json"))}
    assert left == {"before.txt", "filler"}
    remount(disk, "size=16m")
    assert main(arguments) == 0


def test_a_page_of_a_run(disk, capsys, tmp_path):
    run, page = tmp_path / "run.nc", disk / "page.html"
    assert main([*RUN, "--out", str(run)]) == 0
    page.write_bytes(b"before")
    fill(disk)
    capsys.readouterr()
    assert main(["view", str(run), "--out", str(page), "--force"]) == RESOURCES
    assert capsys.readouterr().err.startswith(f"isochron: The disk is full: {page} was not")
    assert content(disk).keys() == {"page.html", "filler"}
    assert page.read_bytes() == b"before"


def test_every_way_in_which_space_ends_has_code_5():
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert describe_error(OSError(number, "x", "y"), []) == RESOURCES
