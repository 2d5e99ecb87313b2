"""A folder, a pipe or a device in the place of any input file: one error, at once."""

import os
import signal

import pytest

from isochron import ann_bridge, connectome, sims
from isochron.cli import main
from isochron.connectome.recordings import load_functional_atlas, load_recording
from isochron.files import DataFileError, file_sha256, read_json
from isochron.runs.configuration import read_toml
from isochron.runs.datasets import open_connectome

READERS = {
    "a.csv": connectome.from_csv,
    "a.graphml": connectome.from_graphml,
    "a.tsv": open_connectome,
    "a.nml": open_connectome,
    "a.toml": open_connectome,
    "x.nc": sims.load_dataset,
    "x.zarr": sims.load_dataset,
    "currents.csv": sims.load_current,
    "worm.nwb": load_recording,
    "funatlas.h5": load_functional_atlas,
    "net.json": ann_bridge.load_net,
    "net.safetensors": ann_bridge.load_net,
    "theta.npy": lambda path: ann_bridge.tasks.load_recording(path, sampling_Hz=1000),
    "run.json": read_json,
    "config.toml": read_toml,
    "data": file_sha256,
}


def make(path, kind):
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.fixture
def deadline():
    """A reader that waits for a pipe, or reads a device without end, is interrupted."""

    def stop(number, frame):
        raise AssertionError("The reader waits.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
@pytest.mark.parametrize("name", READERS)
def test_every_reader(tmp_path, name, kind, deadline):
    if (name, kind) == ("x.zarr", "folder"):
        pytest.skip("a Zarr folder is one")
    if name.startswith("net."):
        ann_bridge.save_net(ann_bridge.GRUNet(n_units=4), tmp_path / "net")
        (tmp_path / name).unlink()
    make(tmp_path / name, kind)
    error = ValueError if name == "config.toml" else DataFileError
    with pytest.raises(error, match=r"is not a (file|folder)"):
        READERS[name](tmp_path / name)


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("place", ["seal/zarr.json", "zarr.json", "V/c/0/0"])
def test_a_file_in_a_zarr_folder(tmp_path, place, kind, deadline):
    import numpy as np
    import xarray as xr

    path = tmp_path / "x.zarr"
    sims.save_dataset(xr.Dataset({"V": (("time", "neuron"), np.ones((5, 3)))}), path)
    (path / place).unlink()
    make(path / place, kind)
    with pytest.raises(DataFileError):
        sims.load_dataset(path)


OUTPUTS = {
    "out.html": ["view", "x.nc", "--out", "out.html"],
    "out.nc": ["simulate", "--duration", "0.1", "--out", "out.nc"],
    "x.png": ["simulate", "--duration", "0.1", "--out", "x.nc", "--plot"],
    "crawl.nc": ["crawl", "--duration", "1", "--out", "crawl.nc"],
    "out.csv": ["connectome", "export", "varshney2011", "--out", "out.csv"],
    "r/report.html": ["simulate", "--duration", "0.1", "--report", "r"],
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_folder_in_the_place_of_an_output(tmp_path, monkeypatch, capsys, name):
    """Nothing is done, and the folder stays, with --force, too."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / name
    place.mkdir(parents=True)
    assert main([*OUTPUTS[name], "--force"]) == 2
    line = capsys.readouterr().err
    assert f"{place.name} is a folder. Give the name of a file." in line
    assert line.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_file_in_the_place_of_an_output(tmp_path, monkeypatch, capsys, name):
    """It is not replaced, and nothing is computed."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"before")
    assert main(OUTPUTS[name]) == 2
    line = capsys.readouterr().err
    assert f"{place.name} exists; --force replaces it." in line
    assert line.count("\n") == 1
    assert place.read_bytes() == b"before"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [place]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.csv", ["connectome", "show", "a.csv"]),
        ("x.npy", ["attractors", "x.npy"]),
        ("x.nc", ["cycles", "x.nc"]),
        ("c.csv", ["simulate", "--duration", "0.1", "--stimulus", "c.csv"]),
    ],
)
def test_every_command(tmp_path, monkeypatch, capsys, name, arguments, kind, deadline):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / name, kind)
    assert main(arguments) == 3
    error = capsys.readouterr().err
    assert "is not a file" in error
    assert error.count("isochron: ") == 1


@pytest.mark.parametrize("read", [connectome.from_csv, read_json, sims.load_dataset])
def test_a_name_that_is_too_long(read):
    """The system does not look for it; the message has the start of the name."""
    with pytest.raises(DataFileError, match=r"/aaa.* is not a file: File name too long") as caught:
        read(f"/{300 * 'a'}.nc")
    assert len(str(caught.value)) < 400
