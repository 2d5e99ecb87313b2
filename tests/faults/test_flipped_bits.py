"""A flipped bit in a file that isochron wrote: one class of error, never other values."""

import os

import h5py
import numpy as np
import pytest
import torch
import xarray as xr

from isochron import ann_bridge
from isochron.connectome.recordings import load_recording
from isochron.files import DataFileError, read_sealed_json, write_sealed_json
from isochron.sims import load_dataset, save_dataset
from isochron.sims.storage import export_nwb

N_FLIPS = 300


def small_run():
    values = np.random.default_rng(0).normal(size=(5, 3))
    return xr.Dataset(
        {
            "V": (("time", "neuron"), values, {"units": "mV"}),
            "threshold": ("neuron", np.arange(3.0)),
        },
        {"neuron": ["AVAL", "AVAR", "DB1"], "time": ("time", np.arange(5.0), {"units": "ms"})},
        {"model": "graded", "recipe": '{"dataset": "varshney2011"}', "rng": "PCG64", "n": 3},
    )


def flips(content, n, seed=0):
    """The content with one bit flipped, n times."""
    rng = np.random.default_rng(seed)
    for position, bit in zip(rng.integers(len(content), size=n), rng.integers(8, size=n),
                             strict=True):  # fmt: skip
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(bit)
        yield bytes(flipped)


def test_netcdf(tmp_path):
    """Four of 300 were read with different names or attributes, and 23 raised errors of HDF5."""
    path, run = tmp_path / "x.nc", small_run()
    save_dataset(run, path)
    content, n_rejected = path.read_bytes(), 0
    for flipped in flips(content, N_FLIPS):
        path.write_bytes(flipped)
        try:
            assert load_dataset(path).identical(run)
        except DataFileError:
            n_rejected += 1
    assert n_rejected > N_FLIPS // 2
    path.write_bytes(content)
    assert load_dataset(path).identical(run)


@pytest.mark.parametrize("where", ["start", "end"])
def test_each_bit_of_the_digest_and_of_the_first_bytes(tmp_path, where):
    path, run = tmp_path / "x.nc", small_run()
    save_dataset(run, path)
    content = path.read_bytes()
    for position in range(64) if where == "start" else range(len(content) - 96, len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(DataFileError):
            load_dataset(path)


def test_netcdf_without_a_digest(tmp_path):
    """A file that a different program wrote is read; damage is one error or is not seen.

    Only few flips: HDF5 itself does not end on some damaged lists of dimension scales.
    """
    path, run = tmp_path / "x.nc", small_run()
    run.to_netcdf(path, engine="h5netcdf")
    assert load_dataset(path).identical(run)
    n_rejected = 0
    for flipped in flips(path.read_bytes(), 30, seed=2):
        path.write_bytes(flipped)
        try:
            load_dataset(path)
        except DataFileError:
            n_rejected += 1
    assert n_rejected > 0


def test_a_change_by_a_different_program_is_not_taken_for_damage(tmp_path):
    path = tmp_path / "x.nc"
    save_dataset(small_run(), path)
    with h5py.File(path, "r+") as file:
        file.attrs["note"] = "checked by hand" * 1000
    assert load_dataset(path).attrs["note"].startswith("checked")


def test_other_readers_open_the_file(tmp_path):
    save_dataset(small_run(), tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        assert read.identical(small_run())


def test_json_with_a_digest(tmp_path):
    """Results of steps, results.json and the progress of a simulation: no other number is read."""
    path, value = tmp_path / "x.json", {"result": {"loss": 0.125, "name": "a"}, "seconds": 3.5}
    write_sealed_json(path, value)
    n_rejected = 0
    for flipped in flips(path.read_bytes(), N_FLIPS):
        path.write_bytes(flipped)
        try:
            assert read_sealed_json(path) == value
        except DataFileError:
            n_rejected += 1
    assert n_rejected > N_FLIPS // 2


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_network(tmp_path, suffix):
    """torch reads a flipped bit as a different weight."""
    generator = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=4, rank=1, generator=generator)
    ann_bridge.save_net(net, tmp_path / "net")
    path, n_rejected = tmp_path / f"net{suffix}", 0
    for flipped in flips(path.read_bytes(), 100):
        path.write_bytes(flipped)
        try:
            found, _ = ann_bridge.load_net(tmp_path / "net")
        except DataFileError:
            n_rejected += 1
            continue
        assert found.settings == net.settings
        for name, part in net.state_dict().items():
            assert torch.equal(found.state_dict()[name], part)
    assert n_rejected > (90 if suffix == ".safetensors" else 50)


def test_nwb(tmp_path):
    pytest.importorskip("pynwb")
    path = tmp_path / "x.nwb"
    export_nwb(small_run(), path)
    assert load_recording(path).sizes == {"time": 5, "neuron": 3}
    for flipped in flips(path.read_bytes(), 100):
        path.write_bytes(flipped)
        with pytest.raises(DataFileError):
            load_recording(path)


def test_a_file_that_shrinks_is_truncated(tmp_path):
    path = tmp_path / "x.nc"
    save_dataset(small_run(), path)
    os.truncate(path, path.stat().st_size - 200)
    with pytest.raises(DataFileError):
        load_dataset(path)
