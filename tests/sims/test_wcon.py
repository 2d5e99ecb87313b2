"""WCON files, in the variants that the published format allows."""

import json

import numpy as np
import pytest
import xarray as xr

from isochron import sims
from isochron.files import DataFileError
from isochron.sims.wcon_units import scale_of

# The part of the published schema (wcon_schema.json of openworm/tracker-commons) on objects that
# may not have other keys.
TOP = {"tracker-commons", "files", "units", "metadata", "data"}
ENTRY = {"id", "t", "x", "y", "ox", "oy", "head", "ventral"}


def written(tmp_path, content):
    path = tmp_path / "worm.wcon"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def file_of(*entries, **units):
    return {"units": {"t": "s", "x": "mm", "y": "mm"} | units, "data": list(entries)}


def test_a_crawl_is_the_same_after_writing_and_reading(tmp_path):
    t, s = np.arange(0, 10, 0.04)[:, None], np.linspace(0, 1, 49)
    angle = 0.6 * np.sin(2 * np.pi * (0.5 * t - s / 0.65))
    x = np.cumsum(np.cos(angle), axis=1) / 48 - 0.2 * t
    y = np.cumsum(np.sin(angle), axis=1) / 48
    run = xr.Dataset(
        {"x": (("time", "node"), x), "y": (("time", "node"), y)},
        coords={"time": 1e3 * t[:, 0]},
        attrs={"seed": 3, "number": np.float64(np.nan)},
    )
    path = tmp_path / "run.wcon"
    sims.save_wcon(run, path, animal="me")
    back = sims.load_wcon(path)
    for name in ("x", "y"):
        np.testing.assert_allclose(back[name].values, run[name].values, atol=1e-6)
    np.testing.assert_allclose(back["time"].values, run["time"].values)
    assert back.attrs["seed"] == 3
    assert back.attrs["animal"] == "me"
    assert back.attrs["ventral"] == "CCW"
    before, after = sims.describe_gait(run), sims.describe_gait(back)
    assert after.frequency_Hz == pytest.approx(before.frequency_Hz, rel=1e-6)
    assert after.speed == pytest.approx(before.speed, rel=1e-3)


def test_what_is_written_fits_the_published_schema(tmp_path):
    run = xr.Dataset(
        {
            "x": (("time", "node"), [[0.0, np.nan, 1.0]]),
            "y": (("time", "node"), [[0.0, np.inf, 0]]),
        },
        coords={"time": [0.0]},
    )
    path = tmp_path / "run.wcon"
    sims.save_wcon(run, path)
    content = json.loads(path.read_text())
    assert {key for key in content if not key.startswith("@")} <= TOP
    assert {"t", "x", "y"} <= content["units"].keys()
    (entry,) = content["data"]
    assert {key for key in entry if not key.startswith("@")} <= ENTRY
    assert (entry["head"], entry["ventral"]) == ("L", "CCW")
    assert entry["x"] == [[0.0, None, 1.0]]
    assert entry["y"] == [[0.0, None, 0.0]]


def test_single_times_and_lists_are_one_track(tmp_path):
    """Entries of one animal with single times, a list of one and a list of two, out of order."""
    line = {"x": [0, 1, 2], "y": [0, 0, 0]}
    path = written(
        tmp_path,
        file_of(
            {"id": 1, "t": 0.3, **line},
            {"id": 1, "t": [0.1], "x": [[5, 6, 7]], "y": [[1, 1, 1]]},
            {"id": 1, "t": [0.2], "x": [6, 7, 8], "y": [2, 2, 2]},
            {"id": 1, "t": [0.4, 0.5], "x": [[1, 2, 3], [4, 5, 6]], "y": [[0] * 3, [0] * 3]},
        ),
    )
    run = sims.load_wcon(path)
    np.testing.assert_allclose(run["time"].values, [100, 200, 300, 400, 500])
    np.testing.assert_array_equal(run["x"].values[:, 0], [5, 6, 0, 1, 4])
    np.testing.assert_array_equal(run["y"].values[:, 0], [1, 2, 0, 0, 0])


def test_one_entry_need_not_be_in_a_list(tmp_path):
    content = file_of() | {"data": {"id": "a", "t": 0, "x": [1, 2], "y": [0, 0]}}
    assert sims.load_wcon(written(tmp_path, content)).sizes == {"time": 1, "node": 2}


def test_a_single_point_at_each_time_is_a_position(tmp_path):
    content = file_of({"id": 1, "t": [0, 1], "x": [3, 4], "y": [5, 6]})
    run = sims.load_wcon(written(tmp_path, content))
    assert run["x"].values.tolist() == [[3], [4]]
    with pytest.raises(ValueError, match="has 1 points; a gait needs 8"):
        sims.describe_gait(run)


def test_origins(tmp_path):
    """ox, oy are added; without them cx, cy are; with both, cx and cy are not used."""
    line = {"id": 1, "t": [0, 1], "x": [[0, 1], [0, 1]], "y": [[0, 0], [0, 0]]}
    units = {"ox": "cm", "oy": "mm", "cx": "mm", "cy": "mm"}
    for origin, first in (
        ({"ox": 1, "oy": 2}, [10, 10]),
        ({"ox": [1, 2], "oy": [0, 0]}, [10, 20]),
        ({"cx": [3, 4], "cy": [0, 0]}, [3, 4]),
        ({"ox": 1, "oy": 0, "cx": [3, 4], "cy": [0, 0]}, [10, 10]),
        ({"ox": 0, "oy": 0, "cx": [3, 4], "cy": [0, 0]}, [0, 0]),
        ({"px": [[1]], "py": [[1]]}, [0, 0]),
    ):
        run = sims.load_wcon(written(tmp_path, file_of(line | origin, **units)))
        np.testing.assert_allclose(run["x"].values[:, 0], first)
    with pytest.raises(DataFileError, match="ox and oy must be given in pairs"):
        sims.load_wcon(written(tmp_path, file_of(line | {"ox": 1}, **units)))


def test_the_head_comes_first(tmp_path):
    """R: the head is the last point. The side from the head is the other one then."""
    line = {"id": 1, "t": [0, 1], "x": [[0, 1, 2], [0, 1, 2]], "y": [[0] * 3, [0] * 3]}
    run = sims.load_wcon(written(tmp_path, file_of(line | {"head": "R", "ventral": "CW"})))
    np.testing.assert_array_equal(run["x"].values[0], [2, 1, 0])
    assert run.attrs["ventral"] == "CCW"
    run = sims.load_wcon(written(tmp_path, file_of(line | {"head": ["L", "R"]})))
    np.testing.assert_array_equal(run["x"].values[:, 0], [0, 2])
    assert run.attrs["ventral"] == "?"


def test_what_is_not_known_of_the_orientation_may_be_null(tmp_path):
    line = {"id": 1, "t": [0, 1], "x": [[0, 1], [0, 1]], "y": [[0] * 2, [0] * 2]}
    run = sims.load_wcon(written(tmp_path, file_of(line | {"head": [None, "R"], "ventral": None})))
    np.testing.assert_array_equal(run["x"].values[:, 0], [0, 1])
    assert run.attrs["ventral"] == "?"


def test_parts_that_are_not_read_are_named(tmp_path):
    line = {"id": 1, "t": 0, "x": [0, 1], "y": [0, 0]}
    for files, expected in (
        ({"this": "_2", "prev": ["_1", "_0"], "next": None}, {"prev": ["_1", "_0"]}),
        ({"this": "_0", "next": []}, None),
        ("_1", None),
    ):
        run = sims.load_wcon(written(tmp_path, file_of(line) | {"files": files}))
        found = run.attrs.get("other_files")
        assert (None if found is None else json.loads(found)) == expected


@pytest.mark.parametrize("value", [None, [], [None]])
def test_a_frame_without_a_midline_is_not_known(tmp_path, value):
    content = file_of(
        {"id": 1, "t": [0, 1], "x": [[0, 1, 2], value], "y": [[0, 0, 0], value]},
        t="cs", x="foot", y="inch",
    )  # fmt: skip
    run = sims.load_wcon(written(tmp_path, content))
    np.testing.assert_allclose(run["time"].values, [0, 10])
    np.testing.assert_allclose(run["x"].values[0], [0, 304.8, 609.6])
    assert np.isnan(run["x"].values[1]).all()


def test_lines_with_fewer_points_are_resampled(tmp_path):
    content = file_of(
        {"id": 1, "t": 0, "x": [0, 1, 2, 3, 4], "y": [0] * 5},
        {"id": 1, "t": 1, "x": [0, 4], "y": [0, 0]},
        {"id": 1, "t": 2, "x": [0, None], "y": [0, 0]},
    )
    run = sims.load_wcon(written(tmp_path, content))
    np.testing.assert_allclose(run["x"].values[1], [0, 1, 2, 3, 4])
    assert np.isnan(run["x"].values[2]).all()


def test_one_of_several_animals_is_chosen(tmp_path):
    line = {"t": 0, "x": [0, 1], "y": [0, 0]}
    path = written(tmp_path, file_of({"id": 1, **line}, {"id": "b", **line, "x": [7, 8]}))
    assert sims.load_wcon(path, animal="b")["x"].values[0, 0] == 7
    with pytest.raises(DataFileError, match=r"2 animals: 1, b\. Choose one"):
        sims.load_wcon(path)
    with pytest.raises(DataFileError, match="does not contain animal 'c'"):
        sims.load_wcon(path, animal="c")


@pytest.mark.parametrize(
    ("unit", "dimension", "size"),
    [
        ("s", "s", 1), ("seconds", "s", 1), ("cs", "s", 0.01), ("ks", "s", 1000), ("ms", "s", 1e-3),
        ("day", "s", 86400), ("d", "s", 86400), ("min", "s", 60), ("h", "s", 3600),
        ("0.04*s", "s", 0.04), ("s/25", "s", 0.04), ("7*day", "s", 604800), ("mm", "m", 1e-3),
        ("m", "m", 1), ("inch", "m", 0.0254), ("inches", "m", 0.0254), ("in/72", "m", 0.0254 / 72),
        ("foot", "m", 0.3048), ("12*in", "m", 0.3048), ("um", "m", 1e-6), ("µm", "m", 1e-6),
        ("μm", "m", 1e-6), ("micron", "m", 1e-6), ("millimetres", "m", 1e-3), ("Mm", "m", 1e6),
        ("micrometers", "m", 1e-6), ("mm^2/mm", "m", None), ("parsec", "m", None),
        ("mm/0", "m", None), ("0*mm", "m", None), ("m*km^999", "m", None), ("1e300*m", "m", None),
        ("mm", "s", None), ("s", "m", None), ("", "s", None), ("millis", "s", None),
        ("mm^x", "m", None),
    ],
)  # fmt: skip
def test_units(unit, dimension, size):
    if size is None:
        with pytest.raises(ValueError, match="unit"):
            scale_of(unit, dimension)
    else:
        assert scale_of(unit, dimension) == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not WCON"),
        ('{"units": {}}', "not WCON"),
        ('{"units": {"t": "s"}, "data": [{"id": 1, "t": NaN, "x": 0, "y": 0}]}', "write null"),
        (file_of(), "data is empty"),
        (file_of({"id": 1, "t": 0, "x": [0]}), "lacks y"),
        (file_of(3), "lacks id"),
        (
            file_of({"id": ["1", "1"], "t": 0, "x": [0], "y": [0]}),
            "id must be a number or a string",
        ),
        (file_of({"id": 1, "t": 0, "x": [10**400], "y": [0]}), "more than 1e"),
        (file_of({"id": 1, "t": 1e300, "x": [0], "y": [0]}), "more than 1e"),
        (file_of({"id": 1, "t": 0, "x": [0, 1], "y": [0]}), "same points"),
        (file_of({"id": 1, "t": [0, 1], "x": [[0]], "y": [[0]]}), "same points"),
        (file_of({"id": 1, "t": None, "x": [0], "y": [0]}), "time is null"),
        (file_of({"id": 1, "t": 0, "x": ["a"], "y": [0]}), "numbers or null"),
        (file_of({"id": 1, "t": 0, "x": [0], "y": [0], "head": "up"}), "head must be one of"),
        (file_of({"id": 1, "t": 0, "x": [0], "y": [0]}, x="parsec"), "Unknown unit 'parsec'"),
        ({"units": {"t": "s"}, "data": [{"id": 1, "t": 0, "x": [0], "y": [0]}]}, "units lacks x"),
        (file_of(*2 * [{"id": 1, "t": 0, "x": [0], "y": [0]}]), "two midlines at one time"),
    ],
)
def test_damaged_files_are_named_with_the_fault(tmp_path, content, message):
    with pytest.raises(DataFileError, match=message) as error:
        sims.load_wcon(written(tmp_path, content))
    assert "worm.wcon" in str(error.value)
    with pytest.raises(ValueError, match="lacks x and y"):
        sims.save_wcon(xr.Dataset(), tmp_path / "a.wcon")
