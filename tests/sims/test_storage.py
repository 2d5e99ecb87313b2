import h5py
import numpy as np
import pytest
import xarray as xr

from isochron.sims import load_dataset, save_dataset


@pytest.fixture
def dataset():
    values = np.random.default_rng(0).normal(size=(5, 3))
    return xr.Dataset({"V": (("time", "neuron"), values)}, {"neuron": ["a", "b", "c"]}, {"n": 3})


def test_what_is_saved_is_loaded(tmp_path, dataset):
    save_dataset(dataset, tmp_path / "run.nc")
    assert load_dataset(tmp_path / "run.nc").identical(dataset)
    assert [item.name for item in tmp_path.iterdir()] == ["run.nc"]


def test_a_failed_save_leaves_what_was_there(tmp_path, dataset):
    save_dataset(dataset, tmp_path / "run.nc")
    bad = dataset.assign(V=(("time", "neuron"), np.full((5, 3), object())))
    with pytest.raises((TypeError, ValueError)):
        save_dataset(bad, tmp_path / "run.nc")
    assert load_dataset(tmp_path / "run.nc").identical(dataset)
    assert [item.name for item in tmp_path.iterdir()] == ["run.nc"]


@pytest.mark.parametrize("content", [b"", b"not netcdf", b"\x89HDF\r\n\x1a\n"])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole netCDF-4 file"):
        load_dataset(tmp_path / "x.nc")


def test_a_truncated_file_is_refused(tmp_path, dataset):
    save_dataset(dataset, tmp_path / "x.nc")
    whole = (tmp_path / "x.nc").read_bytes()
    (tmp_path / "x.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole netCDF-4 file"):
        load_dataset(tmp_path / "x.nc")


def test_a_flipped_bit_in_the_data_is_seen(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 40))
    save_dataset(xr.Dataset({"V": (("time", "neuron"), values)}), tmp_path / "x.nc")
    with h5py.File(tmp_path / "x.nc") as file:
        where = file["V"].id.get_chunk_info(0)
    content = bytearray((tmp_path / "x.nc").read_bytes())
    content[where.byte_offset + where.size // 2] ^= 1
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole netCDF-4 file"):
        load_dataset(tmp_path / "x.nc")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.nc"):
        load_dataset(tmp_path / "nothing.nc")


def test_data_of_other_files_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"canary!!")
    with h5py.File(tmp_path / "x.nc", "w") as file:
        file.create_dataset("V", (1,), "f8", external=[(str(secret), 0, 8)])
    with pytest.raises(ValueError, match="another file"):
        load_dataset(tmp_path / "x.nc")
    with h5py.File(tmp_path / "y.nc", "w") as file:
        file["link"] = h5py.ExternalLink("x.nc", "/V")
    with pytest.raises(ValueError, match="link to another file"):
        load_dataset(tmp_path / "y.nc")
