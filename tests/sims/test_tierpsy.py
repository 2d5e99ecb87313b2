"""Feature files of Tierpsy Tracker, written here in both of its forms."""

from typing import Any

import h5py
import numpy as np
import pytest

from isochron import sims
from isochron.files import DataFileError

RATE = 25.0


def skeletons(n, *, frequency=0.5, speed_um=200.0):
    """A wave of 0.65 L that travels from head to tail, in micrometers."""
    t, s = np.arange(n)[:, None] / RATE, np.linspace(0, 1, 49)
    angle = 0.6 * np.sin(2 * np.pi * (frequency * t - s / 0.65))
    x = 1e3 * np.cumsum(np.cos(angle), axis=1) / 48 - speed_um * t
    y = 1e3 * np.cumsum(np.sin(angle), axis=1) / 48
    return np.stack([x, y], axis=2)


def written(
    tmp_path, lines, *, worms=None, frames=None, table="timeseries_data", fps: float | None = RATE
):
    path = tmp_path / "worm_featuresN.hdf5"
    with h5py.File(path, "w") as file:
        file["coordinates/skeletons"] = lines
        if worms is not None:
            rows = np.zeros(len(lines), dtype=[("worm_index", "i4"), ("timestamp", "i4")])
            rows["worm_index"], rows["timestamp"] = worms, frames
            file[table] = rows
        if fps is not None:
            file.create_group("trajectories_data").attrs["fps"] = fps
    return path


def test_the_gait_of_an_animal(tmp_path):
    run = sims.load_tierpsy(written(tmp_path, skeletons(500)))
    gait = sims.describe_gait(run, transient_s=0.0)
    assert gait.frequency_Hz == pytest.approx(0.5, rel=1e-3)
    assert gait.wavelength == pytest.approx(0.65, rel=0.02)
    assert gait.direction == "head to tail"
    assert gait.path_speed == pytest.approx(0.2, rel=0.01)
    assert run.sizes == {"time": 500, "node": 49}


@pytest.mark.parametrize("table", ["timeseries_data", "features_timeseries/table"])
def test_animals_and_missing_frames(tmp_path, table):
    lines = skeletons(6)
    path = written(
        tmp_path, lines, worms=[1, 1, 1, 4, 4, 4], frames=[0, 1, 3, 7, 8, 9], table=table
    )
    with pytest.raises(DataFileError, match=r"2 animals: 1, 4\. Choose one: animal=1"):
        sims.load_tierpsy(path)
    run = sims.load_tierpsy(path, animal=1)
    np.testing.assert_allclose(run["time"].values, [0, 40, 80, 120])
    np.testing.assert_allclose(run["x"].values[3], 1e-3 * lines[2, :, 0])
    assert np.isnan(run["x"].values[2]).all()
    np.testing.assert_allclose(
        sims.load_tierpsy(path, animal=4)["y"].values, 1e-3 * lines[3:, :, 1]
    )
    with pytest.raises(DataFileError, match="does not contain animal 2"):
        sims.load_tierpsy(path, animal=2)


def test_gaps_are_filled_before_a_gait_is_described(tmp_path):
    lines = skeletons(500)
    lines[100:103] = np.nan
    run = sims.load_tierpsy(written(tmp_path, lines))
    with pytest.raises(ValueError, match="interpolate_na"):
        sims.describe_gait(run, transient_s=0.0)
    gait = sims.describe_gait(run.interpolate_na("time"), transient_s=0.0)
    assert gait.frequency_Hz == pytest.approx(0.5, rel=1e-3)


def test_the_frame_rate(tmp_path):
    path = written(tmp_path, skeletons(10), fps=None)
    with pytest.raises(DataFileError, match="Give frame_rate_Hz"):
        sims.load_tierpsy(path)
    assert sims.load_tierpsy(path, frame_rate_Hz=50)["time"].values[1] == 20
    with pytest.raises(ValueError, match="frame_rate_Hz must be positive"):
        sims.load_tierpsy(path, frame_rate_Hz=0)


def test_links_to_other_files_are_rejected(tmp_path):
    other = written(tmp_path, skeletons(10))
    path = tmp_path / "link.hdf5"
    with h5py.File(path, "w") as file:
        file["coordinates/skeletons"] = h5py.ExternalLink(str(other), "coordinates/skeletons")
    with pytest.raises(DataFileError, match=r"link\.hdf5"):
        sims.load_tierpsy(path)


def test_links_below_groups_and_raw_data_elsewhere_are_rejected(tmp_path):
    other, lines = written(tmp_path, skeletons(10)), skeletons(10)
    raw = tmp_path / "raw.bin"
    raw.write_bytes(lines.tobytes())
    for number in range(3):
        path = tmp_path / f"{number}.hdf5"
        with h5py.File(path, "w") as file:
            if number == 0:  # a group of the other file
                file["coordinates"] = h5py.ExternalLink(str(other), "coordinates")
            elif number == 1:  # a virtual dataset of it
                layout = h5py.VirtualLayout(shape=lines.shape, dtype="f8")
                source = h5py.VirtualSource(str(other), "coordinates/skeletons", lines.shape)
                layout[:] = source
                file.create_virtual_dataset("coordinates/skeletons", layout)
            else:
                file.create_dataset(
                    "coordinates/skeletons",
                    lines.shape,
                    "f8",
                    external=[(str(raw), 0, lines.nbytes)],
                )
        with pytest.raises(DataFileError, match=rf"{number}\.hdf5"):
            sims.load_tierpsy(path, frame_rate_Hz=25)


def rows_of(table: Any, n: int):
    return table[:n]


def test_tables_that_do_not_fit_are_errors(tmp_path):
    """Else animals would be one, or a midline would replace a different one."""
    path = written(tmp_path, skeletons(4), worms=[1, 1, 2, 2], frames=[0, 0, 1, 2])
    with pytest.raises(DataFileError, match="Animal 1 has two midlines in one frame"):
        sims.load_tierpsy(path, animal=1)
    with h5py.File(path, "a") as file:
        rows = rows_of(file["timeseries_data"], 3)
        del file["timeseries_data"]
        file["timeseries_data"] = rows
    with pytest.raises(DataFileError, match="timeseries_data has 3 rows for 4 midlines"):
        sims.load_tierpsy(path)
    with h5py.File(path, "a") as file:
        del file["timeseries_data"]
        table = np.zeros(4, dtype=[("worm_index", "f8"), ("timestamp", "f8")])
        table["timestamp"][2] = np.nan
        file["timeseries_data"] = table
    with pytest.raises(DataFileError, match="a row without an animal or a frame"):
        sims.load_tierpsy(path)


def test_coordinates_in_pixels_are_an_error(tmp_path):
    path = written(tmp_path, skeletons(4))
    with h5py.File(path, "a") as file:
        file["trajectories_data"].attrs["xy_units"] = "micrometers"
    assert sims.load_tierpsy(path).sizes["time"] == 4
    with h5py.File(path, "a") as file:
        file["trajectories_data"].attrs["xy_units"] = np.bytes_("pixels")
    with pytest.raises(DataFileError, match="in pixels"):
        sims.load_tierpsy(path)


def test_files_of_a_different_kind_are_errors(tmp_path):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        file["other"] = [1]
    with pytest.raises(DataFileError, match="coordinates/skeletons is missing"):
        sims.load_tierpsy(path)
    with pytest.raises(DataFileError, match="does not exist"):
        sims.load_tierpsy(tmp_path / "none.hdf5")
    far = written(tmp_path, skeletons(2), worms=[1, 1], frames=[0, 10**8])
    with pytest.raises(DataFileError, match="not those of a recording"):
        sims.load_tierpsy(far)
    with pytest.raises(DataFileError, match=r"shape \(frames, points, 2\)"):
        sims.load_tierpsy(written(tmp_path, np.zeros((4, 49, 3))))
