import h5netcdf
import h5py
import numpy as np
import pytest
import xarray as xr

from isochron import folders
from isochron.sims import load_dataset, save_dataset
from isochron.sims.storage import append_dataset, export_nwb, zarr_folder


@pytest.fixture
def dataset():
    values = np.random.default_rng(0).normal(size=(5, 3))
    return xr.Dataset(
        {
            "V": (("time", "neuron"), values, {"units": "mV"}),
            "threshold": ("neuron", np.arange(3.0)),
        },
        {"neuron": ["a", "b", "cc"], "time": ("time", np.arange(5.0), {"units": "ms"})},
        {"model": "graded", "n": 3},
    )


def later(dataset, shift=5.0):
    return dataset.assign_coords(time=("time", dataset.time.values + shift, dataset.time.attrs))


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["run.nc", "run.zarr"])
def test_what_is_saved_is_loaded(tmp_path, dataset, name):
    for _ in range(2):
        save_dataset(dataset, tmp_path / name)
        assert load_dataset(tmp_path / name).identical(dataset)
        assert [item.name for item in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["run.nc", "run.zarr"])
def test_a_failed_save_leaves_what_was_there(tmp_path, dataset, name):
    save_dataset(dataset, tmp_path / name)
    bad = dataset.assign(V=(("time", "neuron"), np.full((5, 3), object())))
    with pytest.raises((TypeError, ValueError)):
        save_dataset(bad, tmp_path / name)
    assert load_dataset(tmp_path / name).identical(dataset)
    assert [item.name for item in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["run", "run.txt", "run.pkl"])
def test_other_kinds_are_refused(tmp_path, dataset, name):
    for job in (lambda: save_dataset(dataset, tmp_path / name), lambda: load_dataset(name)):
        with pytest.raises(ValueError, match=r"\.zarr or \.nc"):
            job()


def test_any_reader_of_zarr_reads_it(tmp_path, dataset):
    save_dataset(dataset, tmp_path / "run.zarr")
    with xr.open_zarr(tmp_path / "run.zarr", consolidated=False) as read:
        np.testing.assert_array_equal(read.V, dataset.V)
        assert set(read.variables) == set(dataset.variables)


def test_a_run_grows(tmp_path, dataset, monkeypatch):
    monkeypatch.setattr(zarr_folder, "CHUNK_BYTES", 48)  # two times of three neurons
    path = tmp_path / "run.zarr"
    for part in range(4):
        append_dataset(later(dataset, 5.0 * part), path)
    expected = xr.concat(
        [later(dataset, 5.0 * part) for part in range(4)], "time", data_vars="minimal",
        coords="minimal", compat="equals", join="exact",
    )  # fmt: skip
    assert isinstance(expected, xr.Dataset)
    xr.testing.assert_identical(load_dataset(path), expected)
    assert [item.name for item in tmp_path.iterdir()] == ["run.zarr"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d, "ends at 4 ms"),
        (lambda d: later(d).isel(time=slice(None, None, -1)), "later, and increase"),
        (lambda d: later(d).assign_coords(neuron=["a", "b", "x"]), "neuron differs from that"),
        (
            lambda d: later(d).drop_vars("threshold"),
            "contains V, neuron, threshold, time, not",
        ),
        (lambda d: later(d).astype("float32"), "of type float64, not"),
        (lambda d: later(d).transpose(), r"V in .* is \('time', 'neuron'\) of type"),
        (lambda d: later(d).isel(neuron=slice(2)), "different run"),
        (lambda d: d.drop_vars("time"), "with times"),
    ],
)
def test_what_does_not_continue_a_run_is_refused(tmp_path, dataset, change, message):
    save_dataset(dataset, tmp_path / "run.zarr")
    with pytest.raises(ValueError, match=message):
        append_dataset(change(dataset), tmp_path / "run.zarr")
    assert load_dataset(tmp_path / "run.zarr").identical(dataset)
    with pytest.raises(ValueError, match="cannot grow"):
        append_dataset(dataset, tmp_path / "run.nc")


@pytest.mark.parametrize("moment", ["_seal", "os.rename", "remove"])
def test_an_append_that_is_killed_loses_nothing(tmp_path, dataset, monkeypatch, moment):
    path = tmp_path / "run.zarr"
    save_dataset(dataset, path)
    before = contents(path)
    whole = {path.joinpath(file.relative_to(path)): data for file, data in before.items()}
    killed = _killed_at(monkeypatch, moment)
    with pytest.raises(KeyboardInterrupt):
        append_dataset(later(dataset), path)
    monkeypatch.undo()
    assert killed
    loaded = load_dataset(path)
    assert loaded.sizes["time"] in (5, 10)
    if loaded.sizes["time"] == 5:
        assert contents(path) == whole
    else:
        assert moment == "remove"
    save_dataset(dataset, path)  # deletes what is left
    assert [item.name for item in tmp_path.iterdir()] == ["run.zarr"]


def _killed_at(monkeypatch, moment):
    """The process dies at the last call of a function: nothing after it runs either."""
    killed = []

    def kill(*arguments, **options):
        killed.append(moment)
        raise KeyboardInterrupt

    real_rename, real_remove = folders.os.rename, folders._remove
    if moment == "_seal":
        monkeypatch.setattr(zarr_folder, "_seal", kill)
    elif moment == "os.rename":  # between the two renames

        def rename(source, target):
            kill() if str(source).endswith(".part") else real_rename(source, target)

        monkeypatch.setattr(folders.os, "rename", rename)
    else:  # after them

        def remove(folder):
            kill() if folder.name.endswith(".previous") and folder.exists() else real_remove(folder)

        monkeypatch.setattr(folders, "_remove", remove)
    return killed


def test_a_folder_of_others_is_not_replaced(tmp_path, dataset):
    (tmp_path / "run.zarr").mkdir()
    (tmp_path / "run.zarr" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="Choose a different name"):
        save_dataset(dataset, tmp_path / "run.zarr")
    with pytest.raises(ValueError, match="not a complete folder that isochron wrote"):
        load_dataset(tmp_path / "run.zarr")
    assert (tmp_path / "run.zarr" / "thesis.txt").read_text() == "years of work"


def _make_newer(seal):
    seal.write_text(seal.read_text().replace('"isochron_format": 1', '"isochron_format": 2'))


def _flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "V/c/0/0").unlink(), "lacks V/c/0/0"),
        (lambda path: _flip(path / "V/c/0/0"), "V/c/0/0 in .* has been altered"),
        (lambda path: _flip(path / "zarr.json"), "zarr.json in .* has been altered"),
        (lambda path: (path / "seal/zarr.json").write_text("{"), "not a complete folder"),
        (lambda path: (path / "V/c/9").symlink_to("/etc"), "symbolic link"),
        (lambda path: (path / "extra").write_text(""), "did not write"),
        (
            lambda path: _make_newer(path / "seal/zarr.json"),
            "format 2; this version",
        ),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, dataset, damage, message):
    """An addition would give the damage a digest of its own."""
    path = tmp_path / "run.zarr"
    save_dataset(dataset, path)
    damage(path)
    for use in (load_dataset, lambda path: append_dataset(later(dataset), path)):
        with pytest.raises(ValueError, match=message):
            use(path)


def test_nwb_passes_its_inspector(tmp_path, dataset):
    pynwb = pytest.importorskip("pynwb")
    nwbinspector = pytest.importorskip("nwbinspector")
    path = tmp_path / "run.nwb"
    export_nwb(dataset, path, experimenter="Doe, Jane", institution="Nowhere")
    assert list(nwbinspector.inspect_nwbfile(nwbfile_path=path)) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        module = io.read().processing["misc"]
        series = module["membrane_potential"]
        np.testing.assert_array_equal(series.data[:], dataset.V)
        assert (series.unit, series.conversion, series.rate) == ("V", 1e-3, 1000.0)
        assert list(module["neurons"]["neuron"][:]) == ["a", "b", "cc"]


@pytest.mark.parametrize(
    ("species", "stated", "sex"),
    [
        ("C. elegans", "Caenorhabditis elegans", "XX"),
        (None, "Caenorhabditis elegans", "XX"),
        ("Drosophila melanogaster", "Drosophila melanogaster", None),
        ("not known", None, None),
    ],
)
def test_nwb_states_the_animal_of_the_run(tmp_path, dataset, species, stated, sex):
    pynwb = pytest.importorskip("pynwb")
    run = dataset if species is None else dataset.assign_attrs(species=species)
    export_nwb(run if species else run.drop_attrs(), tmp_path / "run.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "run.nwb", "r") as io:
        subject = io.read().subject
        assert (subject.species, subject.sex) == (stated, sex)


def test_nwb_refuses_what_it_cannot_tell(tmp_path, dataset):
    with pytest.raises(ValueError, match=r"\.nwb"):
        export_nwb(dataset, tmp_path / "run.h5")
    for times in ([0, 1, 3], [0], [], [2, 1, 0], [1, 1]):
        with pytest.raises(ValueError, match="evenly spaced"):
            export_nwb(dataset.isel(time=times), tmp_path / "run.nwb")
    with pytest.raises(ValueError, match="not have a variable"):
        export_nwb(dataset[["threshold"]], tmp_path / "run.nwb")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not netcdf", b"\x89HDF\r\n\x1a\n"])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole HDF5 file"):
        load_dataset(tmp_path / "x.nc")


def test_a_truncated_file_is_refused(tmp_path, dataset):
    save_dataset(dataset, tmp_path / "x.nc")
    whole = (tmp_path / "x.nc").read_bytes()
    (tmp_path / "x.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole HDF5 file"):
        load_dataset(tmp_path / "x.nc")


def test_a_flipped_bit_in_the_data_is_seen(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 40))
    save_dataset(xr.Dataset({"V": (("time", "neuron"), values)}), tmp_path / "x.nc")
    with h5py.File(tmp_path / "x.nc") as file:
        where = file["V"].id.get_chunk_info(0)
    content = bytearray((tmp_path / "x.nc").read_bytes())
    content[where.byte_offset + where.size // 2] ^= 1
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(ValueError, match="has been altered"):
        load_dataset(tmp_path / "x.nc")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.nc"):
        load_dataset(tmp_path / "nothing.nc")


def test_data_of_other_files_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"canary!!")
    with h5py.File(tmp_path / "x.nc", "w") as file:
        file.create_dataset("V", (1,), "f8", external=[(str(secret), 0, 8)])
    with pytest.raises(ValueError, match="a different file"):
        load_dataset(tmp_path / "x.nc")
    with h5py.File(tmp_path / "y.nc", "w") as file:
        file["link"] = h5py.ExternalLink("x.nc", "/V")
    with pytest.raises(ValueError, match="stored in a different file"):
        load_dataset(tmp_path / "y.nc")


def test_a_small_file_that_claims_terabytes_is_refused(tmp_path):
    """Chunks that are not there are read as zeros."""
    path = tmp_path / "bomb.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"time": 2**40}
        file.create_variable("x", ("time",), "f8", chunks=(2**20,))
    assert path.stat().st_size < 2**20
    with pytest.raises(ValueError, match="claims 8388608 MiB, of which the file contains 0 bytes"):
        load_dataset(path)
