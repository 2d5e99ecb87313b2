from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr

from isochron import sims
from isochron.sims.locomotion.gait import compute_curvature

TIME = np.arange(0, 20, 0.05)
PLACES = np.arange(1, 48) / 48


def run_of(curvature, speed=0.0, heading=0.0):
    """A straight body that glides in a direction, and any curvature next to it."""
    nodes = np.linspace(0, 1, 49)
    along = nodes[None, :] - speed * TIME[:, None]
    return xr.Dataset(
        {
            "x": (("time", "node"), np.cos(heading) * along),
            "y": (("time", "node"), np.sin(heading) * along),
            "curvature": (("time", "joint"), curvature),
        },
        coords={"time": 1e3 * TIME, "joint": PLACES},
    )


def wave(frequency=0.5, wavelength=0.7, amplitude=3.0, direction=1):
    phase = frequency * TIME[:, None] - direction * PLACES[None, :] / wavelength
    return amplitude * np.cos(2 * np.pi * phase)


@pytest.mark.parametrize("frequency", [0.13, 0.5, 1.87])
@pytest.mark.parametrize("wavelength", [0.5, 0.7, 1.54])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_wave_has_its_numbers(frequency, wavelength, direction):
    run = run_of(wave(frequency, wavelength, direction=direction), speed=0.2, heading=0.7)
    found = sims.describe_gait(run, transient_s=0.0)
    # The peak of a spectrum of 20 s is found to a hundredth of its resolution of 0.05 Hz.
    assert found.frequency_Hz == pytest.approx(frequency, abs=5e-4)
    assert found.wavelength == pytest.approx(wavelength, rel=3e-3)
    assert found.direction == ("head to tail" if direction > 0 else "tail to head")
    assert np.sign(found.traveling_index) == direction
    assert found.speed == pytest.approx(0.2, rel=1e-9)
    assert found.path_speed == pytest.approx(0.2, rel=1e-9)
    assert found.efficiency == pytest.approx(0.2 / (frequency * wavelength), rel=5e-3)
    if frequency == 0.5:
        assert found.rms_curvature == pytest.approx(3 / 2**0.5, rel=1e-6)


def test_a_standing_wave_has_no_direction():
    run = run_of(3 * np.cos(2 * np.pi * 0.5 * TIME[:, None]) * np.cos(7 * PLACES))
    found = sims.describe_gait(run, transient_s=0.0)
    assert found.direction == "standing"
    assert abs(found.traveling_index) < 1e-6
    assert np.isnan(found.wavelength)
    assert np.isnan(found.efficiency)


def test_drift_is_not_a_gait():
    """A bend that changes over the whole run only: a peak below 0.06 Hz."""
    found = sims.describe_gait(run_of(wave(frequency=0.02)), transient_s=0.0)
    assert found.direction == "none"
    assert np.isnan(found.frequency_Hz)


def test_a_static_bend_is_rest():
    run = run_of(np.full((len(TIME), len(PLACES)), 5.0))
    found = sims.describe_gait(run)
    assert found.direction == "none"
    assert found.peak_curvature == 5.0
    assert found.duration_s == pytest.approx(10.0, abs=0.1)


def test_backward_is_negative():
    found = sims.describe_gait(run_of(wave(direction=-1), speed=-0.1))
    assert found.speed == pytest.approx(-0.1)
    assert found.efficiency < 0


def test_the_unit_of_length_scales():
    """A body twice as long with the same wave: curvature halves, speed doubles."""
    run = run_of(wave(), speed=0.2)
    twice = run.assign(x=2 * run.x, y=2 * run.y, curvature=run.curvature / 2)
    one, other = asdict(sims.describe_gait(run)), asdict(sims.describe_gait(twice))
    for name in ("frequency_Hz", "wavelength", "efficiency", "traveling_index"):
        assert other[name] == pytest.approx(one[name], rel=1e-9)
    assert other["speed"] == pytest.approx(2 * one["speed"])


def test_curvature_of_a_circle():
    angle = np.linspace(0, 1, 30)
    for sign in (1, -1):
        found = compute_curvature(2 * np.cos(sign * angle), 2 * np.sin(sign * angle))
        np.testing.assert_allclose(found, sign * 0.5, rtol=1e-3)


def test_what_cannot_be_measured_is_an_error():
    run = run_of(wave())
    for bad, message in (
        (run.drop_vars("x"), "lacks x"),
        (run.isel(time=slice(10)), "8 or more are needed"),
        (run.isel(time=np.r_[0:200, 210:400]), "equal intervals"),
        (run.where(run.time != 15000), "not known at all times"),
    ):
        with pytest.raises(ValueError, match=message):
            sims.describe_gait(bad, transient_s=None if len(bad.time) < 20 else 0.0)
    with pytest.raises(ValueError, match="transient_s must be >= 0"):
        sims.describe_gait(run, transient_s=-1.0)
