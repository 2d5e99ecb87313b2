"""The column of an NWB file that names its neurons; series of one region; other files."""

from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from isochron.connectome.recordings import load_recording
from isochron.sims import export_nwb

NAMES = ["AVAL", "VB02", "RIML"]
TRACES = np.arange(15.0).reshape(5, 3) / 7


def write_nwb(path, columns=None, *, data=TRACES, n_regions=3, kind="RoiResponseSeries"):
    """The part of the layout of NWB 2 that the reader needs."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"neurodata_type": "NWBFile", "nwb_version": "2.7.0"})
        table = file.create_group("processing/ophys/regions")
        table.attrs["neurodata_type"] = "PlaneSegmentation"
        table["id"] = np.arange(n_regions)
        for name, values in (columns or {}).items():
            table[name] = values
        series = file.create_group("processing/ophys/traces")
        series.attrs["neurodata_type"] = kind
        series["data"] = data
        series["timestamps"] = np.arange(len(data)) / 4
        series["rois"] = np.arange(n_regions)
        series["rois"].attrs["table"] = table.ref
    return path


@pytest.mark.parametrize(
    "header",
    ["ID_labels", "neuropal_ID", "NeuroPAL_IDs", "cell_id", "ID", "neuron name", "cellName", "xyz"],
)
def test_a_column_that_clearly_contains_names_is_used(tmp_path, header):
    columns = {header: NAMES, "hemisphere": ["L", "", "L"], "depth": np.arange(3.0)}
    found = load_recording(write_nwb(tmp_path / "x.nwb", columns))
    assert found.neuron.values.tolist() == ["AVAL", "VB2", "RIML"]
    assert found.attrs["labels"] == f"column {header} of /processing/ophys/regions"


def test_the_usual_header_with_other_texts_gives_way_to_the_names(tmp_path):
    columns = {"name": ["roi 1", "roi 2", "roi 3"], "neuropal_ID": NAMES}
    found = load_recording(write_nwb(tmp_path / "x.nwb", columns))
    assert found.neuron.values.tolist() == ["AVAL", "VB2", "RIML"]


def test_the_caller_chooses_the_column(tmp_path):
    columns = {"first": NAMES, "second": ["AVAR", "VB03", "RIMR"]}
    path = write_nwb(tmp_path / "x.nwb", columns)
    with pytest.raises(ValueError, match=r"2 columns with names of neurons: first, second"):
        load_recording(path)
    assert load_recording(path, labels="second").neuron.values.tolist() == ["AVAR", "VB3", "RIMR"]
    with pytest.raises(ValueError, match=r"no column 'secnd' .* Did you mean second"):
        load_recording(path, labels="secnd")


def test_texts_that_are_no_names_are_mentioned(tmp_path):
    columns = {"quality": ["good", "bad", "good"], "remark": ["", "", "moves"]}
    found = load_recording(write_nwb(tmp_path / "x.nwb", columns))
    assert found.neuron.values.tolist() == ["?1", "?2", "?3"]
    assert "columns of other texts: quality, remark (labels=...)" in found.attrs["labels"]


def test_several_candidates_of_a_region(tmp_path):
    columns = {"ID_labels": ["AVAL", "VB02", "VB03"], "ID_labels_index": [1, 3, 3]}
    found = load_recording(write_nwb(tmp_path / "x.nwb", columns))
    assert found.label.values.tolist() == ["AVAL", "VB02/VB03", ""]
    assert found.neuron.values.tolist() == ["AVAL", "?2", "?3"]


def test_labels_that_are_categories(tmp_path):
    path = write_nwb(tmp_path / "x.nwb", {"cell_id": np.array([2, 0, 1], dtype=np.uint8)})
    with h5py.File(path, "r+") as file:
        table: Any = file["processing/ophys/regions"]
        table["cell_id_elements"] = ["VB02", "RIML", "AVAL"]
        table["cell_id"].attrs["elements"] = table["cell_id_elements"].ref
    assert load_recording(path, labels="cell_id").label.values.tolist() == NAMES


def test_a_series_of_one_region(tmp_path):
    """Data of one dimension is valid by the schema."""
    path = write_nwb(tmp_path / "x.nwb", {"ID_labels": ["AVAL"]}, data=TRACES[:, 0], n_regions=1)
    found = load_recording(path)
    assert found.neuron.values.tolist() == ["AVAL"]
    np.testing.assert_array_equal(found.activity, TRACES[:, :1])
    path = write_nwb(tmp_path / "y.nwb", {"ID_labels": NAMES}, data=TRACES[:, 0])
    with pytest.raises(ValueError, match="has 1 trace of 3 regions"):
        load_recording(path)


def test_transposed_data_are_named(tmp_path):
    path = write_nwb(tmp_path / "x.nwb", {"ID_labels": NAMES}, data=TRACES.T)
    with pytest.raises(ValueError, match=r"5 traces of 3 regions\. Its data seem to be transposed"):
        load_recording(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ElectricalSeries", "NWB without optical physiology.*1 ElectricalSeries"),
        ("TimeSeries", "NWB without optical physiology.*1 TimeSeries"),
        ("TwoPhotonSeries", "images without traces.*1 TwoPhotonSeries"),
    ],
)
def test_nwb_without_responses(tmp_path, kind, message):
    path = write_nwb(tmp_path / "x.nwb", kind=kind)
    with pytest.raises(ValueError, match=message):
        load_recording(path)


def test_a_simulation_that_was_exported_is_read(tmp_path):
    """Potentials come back in mV to the rounding of two changes of unit."""
    pytest.importorskip("pynwb")
    potentials = np.random.default_rng(0).normal(-35, 5, (6, 3))
    run = xr.Dataset(
        {
            "V": (("time", "neuron"), potentials, {"units": "mV"}),
            "s": (("time", "neuron"), np.abs(potentials) / 100, {"units": "1"}),
        },
        coords={"time": 5.0 * np.arange(6), "neuron": ["AVAL", "VB2", "N3"]},
    )
    path = tmp_path / "run.nwb"
    export_nwb(run, path)
    found = load_recording(path)
    np.testing.assert_allclose(found.activity, potentials, rtol=1e-15)
    assert found.activity.attrs["units"] == "mV"
    assert found.neuron.values.tolist() == ["AVAL", "VB2", "?3"]
    assert found.label.values.tolist() == ["AVAL", "VB2", "N3"]
    np.testing.assert_allclose(found.time, run.time, rtol=1e-15)
    activation = load_recording(path, series="synaptic_activation")
    np.testing.assert_array_equal(activation.activity, run.s)
    assert activation.activity.attrs["units"] == "1"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.wcon", b'{"units": {"t": "s"}, "data": []}', "is WCON, the tracked posture"),
        ("a.npy", b"\x93NUMPY\x01\x00", r"it is a NumPy array \(\.npy\)"),
        ("a.csv", b"time,AVAL\n0,1\n", "it is a table"),
        ("a.zip", b"PK\x03\x04" + bytes(40), "it is a ZIP archive"),
        ("a.tif", b"II*\x00" + bytes(40), "it is a TIFF image"),
        ("a.nc", b"CDF\x01" + bytes(40), "it is a netCDF-3 file"),
        ("a.mat", b"MATLAB 5.0 MAT-file", "is a MATLAB 5 file"),
    ],
)
def test_a_file_is_named_for_what_it_is(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_recording(path)


def test_a_simulation_in_netcdf_is_named(tmp_path):
    path = tmp_path / "run.nc"
    xr.Dataset({"V": ("time", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match="is netCDF-4, .*load_dataset reads a simulation"):
        load_recording(path)


@pytest.mark.parametrize("times", [[0, 1, np.nan, 3, 4], [0, 1, 0.5, 3, 4]])
def test_the_time_that_does_not_rise_is_named(tmp_path, times):
    path = write_nwb(tmp_path / "x.nwb")
    with h5py.File(path, "r+") as file:
        stored: Any = file["processing/ophys/traces/timestamps"]
        stored[:] = times
    with pytest.raises(ValueError, match=r"time 2 \(from 0\) is (nan|0\.5) s, after 1 s"):
        load_recording(path)


@pytest.mark.parametrize(
    ("species", "names", "said"),
    [
        (None, ["AVAL", "VB2", "RIML"], "not stated, read as C. elegans"),
        ("Caenorhabditis elegans", ["AVAL", "VB2", "RIML"], "C. elegans"),
        ("http://purl.obolibrary.org/obo/NCBITaxon_6239", ["AVAL", "VB2", "RIML"], "C. elegans"),
        ("worm", ["AVAL", "VB2", "RIML"], "C. elegans"),
        ("Drosophila melanogaster", NAMES, "Drosophila melanogaster"),
        ("NCBITaxon_10090", NAMES, "NCBITaxon_10090"),
    ],
)
def test_names_of_the_worm_are_for_worms_only(tmp_path, species, names, said):
    path = write_nwb(tmp_path / "x.nwb", {"ID_labels": NAMES})
    if species is not None:
        with h5py.File(path, "r+") as file:
            file["general/subject/species"] = species
    found = load_recording(path)
    assert found.neuron.values.tolist() == names
    assert found.attrs["species"] == said


def test_labels_of_a_fly_that_occur_twice(tmp_path):
    path = write_nwb(tmp_path / "x.nwb", {"ID_labels": ["DA1", "VA02", "DA1"]})
    with h5py.File(path, "r+") as file:
        file["general/subject/species"] = "Drosophila melanogaster"
    found = load_recording(path)
    assert found.neuron.values.tolist() == ["?1", "VA02", "?3"]
    assert "?1: DA1 is the label of several neurons" in found.attrs["unresolved_labels"]


@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_samples_at_implausible_intervals_are_mentioned(tmp_path, caplog, factor):
    """Timestamps in a unit other than s."""
    path = write_nwb(tmp_path / f"times{factor:g}.nwb", {"labels": NAMES})
    with h5py.File(path, "r+") as file:
        times = file["processing/ophys/traces/timestamps"]
        times[...] = times[...] * factor  # pyright: ignore[reportIndexIssue]
    load_recording(path)
    assert f"the samples are {factor / 4:g} s apart" in caplog.text
