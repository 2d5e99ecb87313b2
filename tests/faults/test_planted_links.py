"""Symbolic links planted at the names that isochron writes: none is followed."""

import os
import secrets

import numpy as np
import pytest
import xarray as xr

from isochron.ann_bridge import GRUNet, TrainingParameters, tasks
from isochron.cli import main
from isochron.files import append_text, part_path, write_bytes
from isochron.locks import locked
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.sweep.experiments import BatchResult
from isochron.runs.sweep.store import Store
from isochron.runs.training import Training, train_and_save
from isochron.sims import append_dataset, load_dataset, save_dataset
from isochron.sims.storage import export_nwb
from isochron.sims.unfinished import UnfinishedRun, discard_left_over, unfinished_run
from isochron.studies.compare.configuration import CompareConfig

CANARY = b"years of work"


@pytest.fixture
def victim(tmp_path):
    """A file that nobody may change, and the folder that commands write into."""
    path = tmp_path / "victim" / "thesis.tex"
    path.parent.mkdir()
    path.write_bytes(CANARY)
    (tmp_path / "out").mkdir()
    yield path
    assert path.read_bytes() == CANARY
    assert [item.name for item in path.parent.iterdir()] == [path.name]


@pytest.fixture
def out(tmp_path, victim):
    return tmp_path / "out"


@pytest.fixture
def dataset():
    values = np.random.default_rng(0).normal(size=(5, 3))
    return xr.Dataset(
        {"V": (("time", "neuron"), values, {"units": "mV"})},
        {"neuron": ["a", "b", "c"], "time": ("time", np.arange(5.0), {"units": "ms"})},
    )


def plant(victim, *links):
    for link in links:
        link.symlink_to(victim)


def test_the_name_of_the_output(victim, out):
    plant(victim, out / "x.csv")
    write_bytes(out / "x.csv", b"new")
    assert not (out / "x.csv").is_symlink()
    assert (out / "x.csv").read_bytes() == b"new"


def test_the_temporary_name_even_if_it_is_guessed(victim, out, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda n: "00" * n)
    plant(victim, part_path(out / "x.csv"))
    with pytest.raises(FileExistsError):
        write_bytes(out / "x.csv", b"new")
    assert not (out / "x.csv").exists()


def test_two_temporary_names_differ(out):
    assert part_path(out / "x.csv") != part_path(out / "x.csv")


def test_the_lock_of_a_run_folder(victim, out):
    plant(victim, out / ".lock")
    with pytest.raises(ValueError, match=r"\.lock is a symbolic link"):
        RunFolder(out, CompareConfig.quick(), "1")


def test_a_lock_that_is_a_pipe_does_not_wait(out):
    os.mkfifo(out / ".lock")
    with pytest.raises(ValueError, match=r"\.lock is not a file"):
        RunFolder(out, CompareConfig.quick(), "1")


def test_a_lock_that_is_a_folder(out):
    (out / ".lock").mkdir()
    with pytest.raises(ValueError, match=r"\.lock is not a file"):
        RunFolder(out, CompareConfig.quick(), "1")


@pytest.mark.parametrize("name", ["run.json", "config.toml"])
def test_the_files_of_a_run_folder(victim, out, name):
    with RunFolder(out, CompareConfig.quick(), "1"):
        pass
    (out / name).unlink()
    plant(victim, out / name)
    with pytest.raises(ValueError, match=rf"{name}, a symbolic link"):
        RunFolder(out, CompareConfig.quick(), "1", force=True)


@pytest.mark.parametrize("name", ["steps", "nets", "data", "claims"])
def test_a_folder_in_a_run_folder(victim, out, name):
    plant(victim.parent, out / name)
    with pytest.raises(ValueError, match=rf"{name}, a symbolic link"):
        RunFolder(out, CompareConfig.quick(), "1")


@pytest.mark.parametrize("name", ["batches", "log", "failed"])
def test_a_folder_in_the_store_of_a_sweep(victim, out, name):
    plant(victim.parent, out / name)
    with pytest.raises(ValueError, match=rf"{name}, a symbolic link"):
        Store(out).open()


def test_a_file_in_place_of_a_folder(out):
    (out / "batches").write_text("")
    with pytest.raises(ValueError, match=r"batches is not a folder\. Delete it"):
        Store(out).open()


@pytest.mark.parametrize("name", ["batches/ab", "tasks/abc"])
def test_a_folder_in_a_folder_of_a_sweep(victim, out, name):
    store = Store(out)
    store.open()
    plant(victim.parent, out / name)
    result = BatchResult({"x": np.zeros(1)}, reasons=("",))
    with pytest.raises(ValueError, match="symbolic link"):
        store.write("abc", result) if "batches" in name else store.work_folder("abc")


def test_an_unfinished_run(victim, out):
    """Its `samples` and `run.json` were deleted, in the folder of the link."""
    for name in ("samples", "run.json"):
        (victim.parent / name).write_bytes(CANARY)
    plant(victim.parent, out / ".run.zarr.unfinished")
    with pytest.raises(ValueError, match="symbolic link"), unfinished_run(out / "run.zarr"):
        pass
    (out / "run.zarr").mkdir()
    discard_left_over(out / "run.zarr")
    for name in ("samples", "run.json"):
        (victim.parent / name).unlink()


def test_the_folder_of_an_unfinished_run_that_becomes_a_link(victim, out):
    run = UnfinishedRun(out / ".run.zarr.unfinished")
    run.update(np.zeros((2, 1)), 1)
    plant(victim.parent, out / ".run.zarr.unfinished")
    with pytest.raises(ValueError, match="symbolic link"):
        run.save()


def test_the_checkpoints_of_a_training(victim, out):
    (out / "data").mkdir()
    plant(victim.parent, out / "data" / "net-checkpoints")
    task = tasks.FlipFlop(n_bits=1)
    training = Training(
        net=GRUNet.for_task(task, n_units=4), task=task, seed=0, evaluation_seed=1,
        parameters=TrainingParameters(steps=1),
    )  # fmt: skip
    with pytest.raises(ValueError, match="symbolic link"):
        train_and_save(training, RunPaths(out), "net", lambda fraction, text: None)


def test_the_folder_of_an_engine(victim, out):
    plant(victim.parent, out / "numba")
    arguments = ["simulate", "--engine", "numba,scipy", "--duration", "1", "--out", str(out)]
    assert main(arguments) == 2


def test_a_log(victim, out):
    plant(victim, out / "log.jsonl")
    with pytest.raises(OSError, match="symbolic links"):
        append_text(out / "log.jsonl", "{}\n")


def test_netcdf(victim, out, dataset):
    plant(victim, out / "x.nc", out / ".x.nc.part")
    save_dataset(dataset, out / "x.nc")
    assert load_dataset(out / "x.nc").identical(dataset)


def test_nwb(victim, out, dataset):
    pynwb = pytest.importorskip("pynwb")
    plant(victim, out / "x.nwb", out / ".part.x.nwb", out / ".x.nwb.part")
    export_nwb(dataset, out / "x.nwb")
    assert not (out / "x.nwb").is_symlink()
    with pynwb.NWBHDF5IO(out / "x.nwb", "r") as io:
        assert "membrane_potential" in io.read().processing["misc"].data_interfaces


@pytest.mark.parametrize("name", [".x.zarr.part", ".x.zarr.previous", "x.zarr"])
def test_a_zarr_folder(victim, out, dataset, name):
    """A link to a folder; a path that is a link to a foreign folder is rejected."""
    plant(victim.parent, out / name)
    if name == "x.zarr":
        with pytest.raises(FileExistsError, match="not a folder that isochron wrote"):
            save_dataset(dataset, out / name)
        return
    for part in (dataset, dataset.assign_coords(time=dataset.time + 5)):
        append_dataset(part, out / "x.zarr")
    assert load_dataset(out / "x.zarr").sizes["time"] == 10


def test_a_link_to_a_zarr_folder_is_replaced_not_followed(victim, out, dataset):
    save_dataset(dataset, victim.parent / "x.zarr")
    plant(victim.parent / "x.zarr", out / "x.zarr")
    save_dataset(2 * dataset, out / "x.zarr")
    assert load_dataset(victim.parent / "x.zarr").identical(dataset)
    assert load_dataset(out / "x.zarr").identical(2 * dataset)
    (victim.parent / "x.zarr").rename(out / "y.zarr")


def test_the_lock_of_a_zarr_folder(victim, out, dataset):
    plant(victim, out / ".x.zarr.lock")
    with pytest.raises(ValueError, match=r"\.x\.zarr\.lock is a symbolic link"):
        save_dataset(dataset, out / "x.zarr")


def test_a_lock_leaves_nothing(out):
    for _ in range(2):
        with locked(out / "x.zarr"):
            assert [item.name for item in out.iterdir()] == [".x.zarr.lock"]
        assert not list(out.iterdir())
    with locked(out / "x.zarr"):
        (out / ".x.zarr.lock").unlink()  # someone tidies up
