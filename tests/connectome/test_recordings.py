"""Small files in each real format, written here, and malformed ones."""

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any

import h5py
import numpy as np
import pytest

from isochron import _version
from isochron.connectome.recordings import load_functional_atlas, load_recording

LABELS = ["AVAL", "VB01", "", "RIML"]
NAMES = ["AVAL", "VB1", "?3", "RIML"]
TIME = np.array([0.0, 0.3, 0.6, 0.9, 1.3])
TRACES = np.arange(20.0).reshape(5, 4) / 7


def assert_is_the_recording(dataset, path, names=NAMES):
    np.testing.assert_allclose(dataset.activity.transpose("time", "neuron"), TRACES, rtol=1e-15)
    assert dataset.neuron.values.tolist() == names
    np.testing.assert_allclose(dataset.time, 1000 * TIME, rtol=1e-15)
    assert dataset.time.attrs["units"] == "ms"
    assert dataset.attrs["sampling_rate_hz"] == pytest.approx(1 / 0.3)
    assert dataset.attrs["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert dataset.attrs["file"] == path.name
    assert dataset.attrs["isochron_version"] == _version.__version__


class MatlabWriter:
    """Structures, cell arrays and text as MATLAB 7.3 writes them: column-major, references."""

    def __init__(self, path):
        self.path = path
        self.file = h5py.File(path, "w", userblock_size=512)
        self.heap = self.file.create_group("#refs#")

    def close(self):
        self.file.close()
        header = b"MATLAB 7.3 MAT-file, Platform: PCWIN64, Created on: Thu Jan 1 2015"
        with open(self.path, "r+b") as raw:
            raw.write(header.ljust(124) + b"\x00\x02IM")

    def put(self, value, group=None, name=None):
        cells = [self.put(entry).ref for entry in value] if isinstance(value, list) else []
        group, name = (self.heap, f"r{len(self.heap)}") if group is None else (group, name)
        if isinstance(value, list):
            made = group.create_dataset(
                name, data=np.array(cells, dtype=h5py.ref_dtype).reshape(-1, 1)
            )
            made.attrs["MATLAB_class"] = np.bytes_("cell")
        elif isinstance(value, str) and value:
            made = group.create_dataset(name, data=np.array([*map(ord, value)], "u2")[:, None])
            made.attrs["MATLAB_class"] = np.bytes_("char")
        elif isinstance(value, str):
            made = group.create_dataset(name, data=np.zeros(2, "u8"))
            made.attrs["MATLAB_class"] = np.bytes_("double")
            made.attrs["MATLAB_empty"] = np.uint8(1)
        else:
            made = group.create_dataset(name, data=np.atleast_2d(value).T)
            made.attrs["MATLAB_class"] = np.bytes_("double")
        return made


def write_matlab(path, worms, *, fields=("NeuronNames", "deltaFOverF_bc", "tv"), name="WT_NoStim"):
    writer = MatlabWriter(path)
    group = writer.file.create_group(name)
    for field, values in zip(fields, zip(*worms, strict=True), strict=True):
        writer.put([*values], group, field)
    writer.close()
    return path


WORM = (LABELS, TRACES, TIME[:, None])
OTHER = (["ASKL"], np.ones((3, 1)), np.array([[0.0], [1.0], [2.0]]))


def test_matlab_cell_arrays_of_worms(tmp_path):
    path = write_matlab(tmp_path / "WT_NoStim.mat", [OTHER, WORM])
    found = load_recording(path, worm=1)
    assert_is_the_recording(found, path)
    assert found.attrs["format"] == "MATLAB 7.3"
    assert found.label.values.tolist() == LABELS
    assert load_recording(path, worm=0).neuron.values.tolist() == ["ASKL"]


def test_matlab_names_with_candidates(tmp_path):
    """Later releases: IDs are cells of candidates, empty where there is none."""
    labels = [["AVAL", "AVAR"], ["", "VB01"], [""], "RIML"]
    path = write_matlab(
        tmp_path / "x.mat", [(labels, *WORM[1:])], fields=("IDs", "traces", "timeVectorSeconds")
    )
    assert_is_the_recording(load_recording(path), path)


def test_matlab_structures_of_worms_in_natural_order(tmp_path):
    path = tmp_path / "WT_data.mat"
    writer = MatlabWriter(path)
    for name, worm in (("N10", WORM), ("N9", OTHER)):
        group = writer.file.create_group(f"WT_data/{name}")
        for field, value in zip(("NeuronNames", "deltaFOverF_bc", "tv"), worm, strict=True):
            writer.put(value, group, field)
    writer.close()
    assert_is_the_recording(load_recording(path, worm=1), path)


def test_matlab_structure_of_one_worm(tmp_path):
    path = tmp_path / "one.mat"
    writer = MatlabWriter(path)
    group = writer.file.create_group("wbstruct")
    for field, value in zip(("NeuronNames", "deltaFOverF_bc", "tv"), WORM, strict=True):
        writer.put(value, group, field)
    writer.close()
    assert_is_the_recording(load_recording(path), path)


@pytest.mark.parametrize(
    ("worm", "message"),
    [(None, "2 worms; choose one: worm=0 to 1"), (2, "not contain worm 2"), (-1, "-1")],
)
def test_the_worm_must_be_said_and_exist(tmp_path, worm, message):
    path = write_matlab(tmp_path / "x.mat", [WORM, OTHER])
    with pytest.raises(ValueError, match=message):
        load_recording(path, worm=worm)


@pytest.mark.parametrize(
    ("worm", "fields", "message"),
    [
        (WORM, ("NeuronNames", "deltaFOverF_bc", "when"), "no field tv or timeVectorSeconds"),
        (WORM, ("a", "b", "c"), "none of the fields NeuronNames or IDs"),
        ((LABELS, TRACES.T, TIME[:, None]), None, r"shape \(4, 5\).*5 times and 4 neurons"),
        ((LABELS[:3], TRACES, TIME[:, None]), None, "3 neurons"),
        (("AVAL", TRACES, TIME[:, None]), None, "must be a cell array"),
        ((LABELS, "traces", TIME[:, None]), None, "worms"),
    ],
)
def test_malformed_matlab_is_refused(tmp_path, worm, fields, message):
    options = {} if fields is None else {"fields": fields}
    path = write_matlab(tmp_path / "x.mat", [worm, OTHER], **options)
    if message == "worms":
        with h5py.File(path, "r+") as file:
            names: Any = file["WT_NoStim/NeuronNames"]
            del file["WT_NoStim/tv"]
            file["WT_NoStim/tv"] = names[:1]
    with pytest.raises(ValueError, match=message):
        load_recording(path, worm=0)


def test_two_matlab_structures_are_refused(tmp_path):
    path = write_matlab(tmp_path / "x.mat", [WORM])
    with h5py.File(path, "r+") as file:
        file.create_group("more")
    with pytest.raises(ValueError, match="one MATLAB structure, it contains 2"):
        load_recording(path)


def test_old_matlab_is_refused_with_a_way_out(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "old.mat"
    savemat(path, {"tv": TIME})
    with pytest.raises(ValueError, match=r"MATLAB 5 file.*-v7\.3"):
        load_recording(path)


def wormwideweb(**changes):
    content = {
        "timing": {"mean_timestep": 0.3, "max_t": 5, "timestamp_confocal": TIME.tolist()},
        "behavior": {"velocity": [0.0] * 5},
        "gcamp": {
            "trace_array": TRACES.T.tolist(),
            "trace_array_original": (TRACES + 1).T.tolist(),
        },
        "metadata": {"uid": "2022-08-02-01", "paper_id": "atanas_kim_2023", "n_neuron": 4},
        "label": {
            "1": {"label": "AVAL", "neuron_class": "AVA", "confidence": 4.5},
            "2": {"label": "VB01", "neuron_class": "VB", "confidence": 2},
            "4": {"label": "RIML", "neuron_class": "RIM", "confidence": 5.0},
        },
    }
    for part, value in changes.items():
        content[part] = {**content[part], **value} if isinstance(value, dict) else value
    return content


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_json_of_wormwideweb(tmp_path):
    path = write_json(tmp_path / "x.json", wormwideweb())
    found = load_recording(path)
    assert_is_the_recording(found, path)
    np.testing.assert_allclose(found.activity_original, TRACES + 1)
    np.testing.assert_array_equal(found.confidence, [4.5, 2, np.nan, 5])
    assert found.label.values.tolist() == LABELS
    assert found.attrs["recording"] == "2022-08-02-01"


def test_json_of_the_first_version_of_wormwideweb(tmp_path):
    new = wormwideweb()
    old = {
        "uid": "2022-08-02-01",
        "timestamp_confocal": new["timing"]["timestamp_confocal"],
        "trace_array": new["gcamp"]["trace_array"],
        "trace_original": new["gcamp"]["trace_array_original"],
        "labeled": new["label"],
    }
    path = write_json(tmp_path / "x.json", old)
    found = load_recording(path)
    assert_is_the_recording(found, path)
    np.testing.assert_allclose(found.activity_original, TRACES + 1)


def test_missing_values_and_missing_labels_in_json(tmp_path):
    traces = TRACES.T.tolist()
    traces[1][2] = None
    content = wormwideweb(gcamp={"trace_array": traces})
    del content["label"]
    found = load_recording(write_json(tmp_path / "x.json", content))
    assert found.neuron.values.tolist() == ["?1", "?2", "?3", "?4"]
    assert np.argwhere(np.isnan(found.activity.values)).tolist() == [[2, 1]]


def test_names_that_are_not_sure_are_kept_apart(tmp_path):
    """Two AVAL, a class without a side, a question mark, two candidates: nobody for sure."""
    table = {
        "1": {"label": "AVAL"},
        "2": {"label": "AVAL"},
        "3": {"label": "RMD"},
        "4": [{"label": "RIML"}, {"label": "RIMR"}],
    }
    content = {**wormwideweb(), "label": table}
    found = load_recording(write_json(tmp_path / "x.json", content))
    assert found.neuron.values.tolist() == ["?1", "?2", "?3", "?4"]
    assert found.label.values.tolist() == ["AVAL", "AVAL", "RMD", ""]
    table["2"] = {"label": "RIML?"}
    again = load_recording(write_json(tmp_path / "y.json", content))
    assert again.neuron.values.tolist() == ["AVAL", "?2", "?3", "?4"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "no known format"),
        ({"a": 1}, "not have trace_array. It has a"),
        (
            wormwideweb(timing={"timestamp_confocal": None}),
            "timestamp_confocal must contain numbers",
        ),
        (wormwideweb(timing={"timestamp_confocal": [0, 1, 2, np.nan, 4]}), "finite and ascending"),
        (wormwideweb(timing={"timestamp_confocal": [0, 1, 1, 2, 3]}), "finite and ascending"),
        (wormwideweb(timing={"timestamp_confocal": [0, 1, 2, 3]}), r"\(5, 4\).*4 times"),
        (wormwideweb(gcamp={"trace_array": [[1, 2], [3]]}), "different lengths"),
        (wormwideweb(gcamp={"trace_array": [["1"] * 5]}), "must contain numbers in 2"),
        (wormwideweb(gcamp={"trace_array": [[True] * 5]}), "must contain numbers in 2"),
        (wormwideweb(gcamp={"trace_array": [[np.inf] * 5] * 4}), "infinite"),
        (wormwideweb(gcamp={"trace_array": []}), "must contain numbers in 2"),
        (wormwideweb(gcamp={"trace_array_original": [[1.0] * 5]}), r"shape \(5, 1\)"),
        (wormwideweb(label={"0": {"label": "AVAL"}}), "neuron '0', but they are 1 to 4"),
        (wormwideweb(label={"5": {"label": "AVAL"}}), "1 to 4"),
        (wormwideweb(label={"one": {}}), "1 to 4"),
        (wormwideweb(label=[1]), "must be an object"),
        (wormwideweb(timing=7), "not have an object 'timing'"),
    ],
)
def test_malformed_json_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        load_recording(write_json(tmp_path / "x.json", content))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"uid": 1', "not whole JSON"),
        ('{"uid": 1, "uid": 2}', "'uid' twice"),
        ('{"a": ' + "[" * 100_000, "nested too deeply|not whole JSON"),
        ("", "no known format, or damaged"),
        ("{\0", "NUL"),
    ],
)
def test_damaged_json_is_refused(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_recording(path)


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        (["DB1/3", "DB3/1", "DB2"], ["DB1", "DB3", "DB2"], ""),
        (["AVA_L", "vb01 ", "AWC(ON)"], ["AVAL", "VB1", "AWCR"], ""),
        (["EF1/2", "AVFL/R"], ["?1", "?2"],
         "?1: EF1/2 names several cells (EF1, EF2); ?2: AVFL/R names several cells (AVFL, AVFR)"),
        (["AWCL", "AWCOFF", "", "?4"], ["?1", "?2", "?3", "?4"],
         "?1: AWCL is one of several labels of AWCL; ?2: AWCOFF is one of several labels of AWCL"),
        (["ASEL?", "AVAL"], ["?1", "AVAL"], "?1: ASEL? is not the name of a neuron"),
    ],
)  # fmt: skip
def test_labels_that_are_not_the_name_of_one_neuron(tmp_path, labels, names, said):
    n = len(labels)
    worm = (labels, np.arange(3.0 * n).reshape(3, n), np.array([[0.0], [1.0], [2.0]]))
    found = load_recording(write_matlab(tmp_path / "x.mat", [worm]))
    assert found.neuron.values.tolist() == names
    assert found.attrs["unresolved_labels"] == said


def write_wormwideweb_hdf5(path):
    """Julia writes (neuron, time), column-major: (time, neuron) in HDF5."""
    with h5py.File(path, "w") as file:
        file["gcamp/trace_array"] = TRACES
        file["gcamp/trace_array_original"] = TRACES + 1
        file["gcamp/idx_splits"] = np.array([[1], [5]])
        file["timing/timestamp_confocal"] = TIME
        file["behavior/velocity"] = np.zeros(5)
    return path


def test_hdf5_of_wormwideweb_with_and_without_labels(tmp_path):
    path = write_wormwideweb_hdf5(tmp_path / "2022-08-02-01-data.h5")
    assert_is_the_recording(load_recording(path), path, ["?1", "?2", "?3", "?4"])
    table = {"data": {"2022-08-02-01": {"idx_neuron-label": wormwideweb()["label"]}}}
    labels = write_json(tmp_path / "neuropal_label.json", table)
    found = load_recording(path, labels=labels)
    assert_is_the_recording(found, path)
    np.testing.assert_allclose(found.activity_original, TRACES + 1)
    other = write_wormwideweb_hdf5(tmp_path / "2023-data.h5")
    with pytest.raises(
        ValueError, match="not have labels of '2023'; it has those of 2022-08-02-01"
    ):
        load_recording(other, labels=labels)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        load_recording(path, labels=tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gcamp/trace_array", None, "trace_array is missing"),
        ("gcamp/trace_array", TRACES.T, r"shape \(4, 5\)"),
        ("gcamp/trace_array", TRACES.ravel(), "2 dimensions"),
        ("gcamp/trace_array", b"text", "real numbers"),
        ("timing/timestamp_confocal", np.full(5, np.nan), "finite and ascending"),
        ("timing/timestamp_confocal", TIME[:1], "1 time;|5, 4"),
    ],
)
def test_malformed_hdf5_is_refused(tmp_path, name, value, message):
    path = write_wormwideweb_hdf5(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file[name]
        if value is not None:
            file[name] = value
    with pytest.raises(ValueError, match=message):
        load_recording(path)


def write_nwb(path, *, series=("SignalCalciumImResponseSeries",), labels="column", regular=False):
    """With the reference implementation of the format."""
    pynwb = pytest.importorskip("pynwb")
    from pynwb.ophys import ImageSegmentation, OpticalChannel, RoiResponseSeries

    channel = OpticalChannel(name="green", description="GCaMP", emission_lambda=510.0)
    nwb = pynwb.NWBFile("whole brain", "worm 7", datetime(2023, 1, 9, tzinfo=UTC))
    plane = nwb.create_imaging_plane(
        name="plane", optical_channel=channel, description="head",
        device=nwb.create_device("microscope"), excitation_lambda=488.0, indicator="GCaMP6s",
        location="head",
    )  # fmt: skip
    module = nwb.create_processing_module("CalciumActivity", "traces")
    segmentation: Any = ImageSegmentation(name="Segmentation")
    table = segmentation.create_plane_segmentation("regions", plane)
    order = [2, 0, 3, 1]  # the table is not in the order of the traces
    if labels == "column":
        table.add_column("ID_labels", "names")
    for row in range(4):
        known = {"ID_labels": LABELS[order.index(row)]} if labels == "column" else {}
        table.add_roi(image_mask=np.ones((2, 2)), **known)
    module.add(segmentation)
    region = table.create_roi_table_region("all", region=order)
    for name in series:
        timing = {"rate": 10.0, "starting_time": 2.0} if regular else {"timestamps": TIME}
        module.add(
            RoiResponseSeries(
                name=name,
                data=TRACES * 100,
                conversion=0.01,
                rois=region,
                unit="lumens",
                description="green over red",
                **timing,
            )  # fmt: skip
        )
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)
    return path


def test_nwb_with_labels_in_the_table_of_regions(tmp_path):
    path = write_nwb(tmp_path / "x.nwb")
    found = load_recording(path)
    assert_is_the_recording(found, path)
    assert found.attrs["format"].startswith("NWB 2")
    assert found.attrs["recording"] == "worm 7"
    assert found.activity.attrs["long_name"] == "green over red"


def test_nwb_with_labels_beside_the_series(tmp_path):
    path = write_nwb(tmp_path / "x.nwb", labels="none")
    assert load_recording(path).neuron.values.tolist() == ["?1", "?2", "?3", "?4"]
    with h5py.File(path, "r+") as file:
        file["processing/CalciumActivity/NeuronIDs/labels"] = LABELS
    assert_is_the_recording(load_recording(path), path)


def test_nwb_with_a_rate_instead_of_times(tmp_path):
    found = load_recording(write_nwb(tmp_path / "x.nwb", regular=True))
    np.testing.assert_allclose(found.time, [2000, 2100, 2200, 2300, 2400])
    assert found.attrs["sampling_rate_hz"] == pytest.approx(10)


def test_nwb_with_several_series(tmp_path):
    usual = write_nwb(tmp_path / "a.nwb", series=("Reference", "SignalCalciumImResponseSeries"))
    assert load_recording(usual).attrs["series"].endswith("/SignalCalciumImResponseSeries")
    assert load_recording(usual, series="Reference").attrs["series"].endswith("/Reference")
    with pytest.raises(ValueError, match=r"0 response series 'green'.*Reference.*Choose one"):
        load_recording(usual, series="green")
    unusual = write_nwb(tmp_path / "b.nwb", series=("green", "red"))
    with pytest.raises(ValueError, match=r"2 response series.*CalciumActivity/green"):
        load_recording(unusual)
    path = "processing/CalciumActivity/red"
    assert load_recording(unusual, series=path).attrs["series"] == f"/{path}"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no rois", "rois is missing"),
        ("too few rois", "4 traces of 3 regions"),
        ("rois outside", "region 9 of 4"),
        ("no data", "data is missing"),
        ("no time", "starting_time is missing"),
        ("conversion", "conversion that is not a number"),
        ("times", r"5 times|3 times"),
    ],
)
def test_malformed_nwb_is_refused(tmp_path, fault, message):
    path = write_nwb(tmp_path / "x.nwb")
    with h5py.File(path, "r+") as file:
        series: Any = file["processing/CalciumActivity/SignalCalciumImResponseSeries"]
        if fault == "too few rois":
            replace(series, "rois", 3)
        elif fault == "rois outside":
            series["rois"][1] = 9
        elif fault == "conversion":
            series["data"].attrs["conversion"] = "ten"
        elif fault == "times":
            replace(series, "timestamps", 3)
        else:
            del series[{"no rois": "rois", "no data": "data", "no time": "timestamps"}[fault]]
    with pytest.raises(ValueError, match=message):
        load_recording(path)


def replace(group, name, n):
    """The first n entries of a dataset instead of it, with the same attributes."""
    old, attrs = group[name][:n], dict(group[name].attrs)
    del group[name]
    group[name] = old
    group[name].attrs.update(attrs)


def write_atlas(path, strains=("wt", "unc31")):
    with h5py.File(path, "w") as file:
        file["neuron_ids"] = np.array([b"ADAL", b"AWCOF", b"VA10"], dtype="S5")
        for number, strain in enumerate(strains):
            values = np.arange(9.0).reshape(3, 3) + 10 * number
            values[1, 1] = np.nan
            for key in ("dFF", "q", "q_eq"):
                file[f"{strain}/{key}"] = values + len(key)
            file[f"{strain}/occ1"] = np.arange(9).reshape(3, 3) + number
    return path


def test_functional_atlas(tmp_path):
    path = write_atlas(tmp_path / "funatlas.h5")
    found = load_functional_atlas(path)
    assert found.post.values.tolist() == found.pre.values.tolist() == ["ADAL", "AWCL", "VA10"]
    one = found.sel(strain="unc31", post="VA10", pre="ADAL")
    assert one.response == 6 + 10 + 3
    assert one.q == 6 + 10 + 1
    assert one.q_equivalence == 6 + 10 + 4
    assert one.occurrences == 7
    assert found.occurrences.dtype.kind == "i"
    assert np.isnan(found.q.sel(strain="wt", post="AWCL", pre="AWCL"))
    assert found.attrs["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    only = load_functional_atlas(write_atlas(tmp_path / "wt.h5", strains=("wt",)))
    assert only.strain.values.tolist() == ["wt"]


def test_the_released_functional_atlas():
    """1310 pairs with q < 0.05 among 24075 observed ones of the wild type, all names known."""
    path = released_atlas()
    found = load_functional_atlas(path).sel(strain="wt")
    assert found.sizes == {"post": 300, "pre": 300}
    assert int((found.q < 0.05).sum()) == 1310
    assert int(found.q.notnull().sum()) == 24075
    assert not [name for name in found.post.values if name.startswith("?")]


def released_atlas():
    """Path in the package of its authors, which is not a dependency."""
    from importlib.util import find_spec
    from pathlib import Path

    package = find_spec("wormneuroatlas")
    if package is None or package.origin is None:
        pytest.skip("wormneuroatlas, which carries the released atlas, is not installed")
    return Path(package.origin).parent / "data" / "funatlas.h5"


def test_the_atlas_is_no_recording_and_a_recording_no_atlas(tmp_path):
    with pytest.raises(ValueError, match="use load_functional_atlas"):
        load_recording(write_atlas(tmp_path / "funatlas.h5"))
    with pytest.raises(ValueError, match="not the functional atlas"):
        load_functional_atlas(write_wormwideweb_hdf5(tmp_path / "x.h5"))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.h5"):
        load_functional_atlas(tmp_path / "nowhere.h5")


def test_a_malformed_atlas_is_refused(tmp_path):
    path = write_atlas(tmp_path / "funatlas.h5")
    with h5py.File(path, "r+") as file:
        replace(file, "wt/q", 2)
    with pytest.raises(ValueError, match=r"wt/q has shape \(2, 3\), but there are 3 names"):
        load_functional_atlas(path)
    with h5py.File(path, "r+") as file:
        del file["wt/q"]
    with pytest.raises(ValueError, match="wt/q is missing"):
        load_functional_atlas(path)


def link(file, kind, folder):
    """Put at the place of the traces what leads out of the file."""
    secret = folder / "secret.h5"
    with h5py.File(secret, "w") as other:
        other["data"] = TRACES
    del file["gcamp/trace_array"]
    if kind == "external link":
        file["gcamp/trace_array"] = h5py.ExternalLink(str(secret), "data")
    elif kind == "soft link through an external link":
        file["elsewhere"] = h5py.ExternalLink(str(secret), "/")
        file["gcamp/trace_array"] = h5py.SoftLink("/elsewhere/data")
    elif kind == "virtual dataset":
        layout = h5py.VirtualLayout(TRACES.shape, "f8")
        layout[:] = h5py.VirtualSource(str(secret), "data", TRACES.shape)
        file.create_virtual_dataset("gcamp/trace_array", layout)
    else:
        raw = folder / "raw.bin"
        TRACES.tofile(raw)
        file.create_dataset(
            "gcamp/trace_array", TRACES.shape, "f8", external=[(str(raw), 0, TRACES.nbytes)]
        )


@pytest.mark.parametrize(
    "kind",
    [
        "external link",
        "soft link through an external link",
        "virtual dataset",
        "external storage",
    ],
)
def test_data_in_other_files_is_refused(tmp_path, kind):
    path = write_wormwideweb_hdf5(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        link(file, kind, tmp_path)
    with pytest.raises(ValueError, match="different file, which is not supported"):
        load_recording(path)


def test_groups_that_contain_themselves_end(tmp_path):
    path = write_wormwideweb_hdf5(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["gcamp/again"] = file["gcamp"]
        file["gcamp/root"] = h5py.SoftLink("/")
    assert load_recording(path).sizes == {"time": 5, "neuron": 4}


def test_a_claim_of_a_terabyte_is_refused_before_memory_is_taken(tmp_path):
    path = write_wormwideweb_hdf5(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["gcamp/trace_array"]
        file.create_dataset("gcamp/trace_array", (10**6, 10**6), "f8", chunks=(1000, 1000))
    with pytest.raises(ValueError, match=r"claims 1000000000000 values; at most 268435456"):
        load_recording(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(tmp_path, share):
    writers = (
        lambda path: write_matlab(path, [WORM]),
        write_wormwideweb_hdf5,
        write_atlas,
        lambda path: write_json(path, wormwideweb()),
    )
    for number, write in enumerate(writers):
        path = write(tmp_path / f"{number}.x")
        os.truncate(path, int(share * path.stat().st_size))
        with pytest.raises(ValueError, match="whole|damaged"):
            load_recording(path)


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_recording(tmp_path / "nowhere.mat")
    with pytest.raises(ValueError, match="is not a file"):
        load_recording(tmp_path)
    (tmp_path / "x.pkl").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match="no known format"):
        load_recording(tmp_path / "x.pkl")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(ValueError, match=r"no known layout.*It has a\."):
        load_recording(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("option", "value"), [("worm", 0), ("series", "green"), ("labels", "labels.json")]
)
def test_options_of_another_format_are_refused(tmp_path, option, value):
    path = write_json(tmp_path / "x.json", wormwideweb())
    with pytest.raises(ValueError, match=f"{option}=.*does not apply to JSON"):
        load_recording(path, **{option: value})
    hdf5 = write_wormwideweb_hdf5(tmp_path / "x.h5")
    if option != "labels":
        with pytest.raises(ValueError, match="does not apply to WormWideWeb HDF5"):
            load_recording(hdf5, **{option: value})
