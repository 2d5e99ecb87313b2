from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isochron import sims


def crawl_of(cook, *, step_ms=8.0, **body):
    parameters = sims.BISTABLE_CRAWL
    parameters = replace(parameters, body=replace(parameters.body, **body))
    return sims.BistableMap(cook.connectome, parameters, step_ms=step_ms)


def gait_of(crawl, duration_s=40.0, seed=0):
    state = crawl.random_state(np.random.default_rng(seed))
    run = crawl.simulate(duration_s=duration_s, initial_state=state)
    return sims.describe_gait(run)


def numbers(gait):
    return gait.frequency_Hz, gait.wavelength, gait.rms_curvature, gait.efficiency


@pytest.fixture(scope="module")
def gait(cook):
    return gait_of(crawl_of(cook))


def test_it_crawls_in_the_range_of_the_animal(gait):
    assert gait.direction == "head to tail"
    assert 0.25 < gait.frequency_Hz < 0.5
    assert 0.6 < gait.wavelength < 0.75
    assert 3.5 < gait.rms_curvature < 6
    assert 0.5 < gait.efficiency < 0.8
    assert gait.traveling_index > 0.7


def test_it_has_converged(cook, gait):
    """1 % when the step is halved, 5 % when the number of links is doubled."""
    assert numbers(gait_of(crawl_of(cook, step_ms=4.0))) == pytest.approx(numbers(gait), rel=0.01)
    assert numbers(gait_of(crawl_of(cook, n_links=96))) == pytest.approx(numbers(gait), rel=0.05)


def test_a_set_with_a_softer_body(cook):
    """A set of an independent prototype: 0.24 Hz, 0.70 L, 5.0 / mm, 0.125 mm/s."""
    parameters = sims.BistableParameters(
        body=sims.BodyParameters(n_links=24, stiffness=0.0054, viscosity=6e-4, curvature_gain=5.5),
        field=0.51,
        inhibition=0.5,
    )
    found = gait_of(sims.BistableMap(cook.connectome, parameters))
    expected = (0.24, 0.70, 5.0, 0.125 / (0.24 * 0.70))
    assert numbers(found) == pytest.approx(expected, rel=0.06)


def test_the_frequency_rises_as_the_drag_falls(cook):
    found = []
    for normal_drag, drag_ratio in ((128, 40), (60, 30), (30, 20), (12.8, 10), (1.28, 4)):
        medium = sims.Medium(normal_drag=normal_drag, drag_ratio=drag_ratio)
        found.append(gait_of(crawl_of(cook, medium=medium), duration_s=30.0))
    assert (np.diff([gait.frequency_Hz for gait in found]) > 0).all()
    assert {gait.direction for gait in found} == {"head to tail"}
    assert found[-1].wavelength > 1.2 * found[0].wavelength


def test_in_water_the_wave_stands(cook):
    """A limit of this model; the animal swims with 1.54 L."""
    found = gait_of(crawl_of(cook, medium="water", step_ms=2.0), duration_s=20.0)
    assert found.direction == "standing"


def test_a_unit_switches_at_its_threshold():
    """At the threshold one of the two states of a unit ends (a fold)."""
    parameters = sims.BistableParameters(steepness=3.0)
    x = np.linspace(-1, 1, 200_001)[1:-1]
    for factor, n_states in ((0.99, 3), (1.01, 1)):
        e = factor * parameters.sensitivity * parameters.threshold
        gap = np.tanh(parameters.steepness * x - e) - x
        assert (np.diff(np.sign(gap)) != 0).sum() == n_states


def test_tangents_and_order(cook):
    crawl = crawl_of(cook, n_links=12)
    state = crawl.advance(crawl.random_state(np.random.default_rng(1)), 300)
    vector = np.random.default_rng(2).normal(size=(crawl.dimension, 1))
    _, pushed = crawl.advance(state, 5, tangents=vector)
    ends = [crawl.advance(state + sign * 1e-6 * vector[:, 0], 5) for sign in (1, -1)]
    expected = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(pushed[:, 0], expected, atol=1e-6 * np.abs(expected).max())
    exact = crawl.with_step(0.125).advance(state, 1600)
    errors = np.array(
        [
            np.abs(crawl.with_step(step).advance(state, round(200 / step)) - exact).max()
            for step in (4.0, 2.0, 1.0)
        ]
    )
    assert np.abs(np.log2(errors[:-1] / errors[1:]) - 2).max() < 0.25


def test_units_are_in_the_order_of_their_numbers(cook):
    units = crawl_of(cook).units
    assert units[:4] == ("head D", "head V", "DB1", "DB2")
    assert units[9:13] == ("VB1", "VB2", "VB3", "VB4")
    assert units[-1] == "VB11"


def test_wrong_parameters_are_errors(cook):
    cases: list[tuple[dict[str, Any], str]] = [
        ({"steepness": 1.0}, "steepness must be more than 1"),
        ({"threshold": 0.0}, "threshold must be positive"),
        ({"field": 0.0}, "field must be in"),
        ({"inhibition": -1.0}, "inhibition must be >= 0"),
        ({"head_rows": 24}, "head_rows must be a whole number from 1 to 23"),
    ]
    for change, message in cases:
        with pytest.raises(ValueError, match=message):
            sims.BistableParameters(**change)
    with pytest.raises(ValueError, match="does not have VB neurons"):
        sims.BistableMap(cook.connectome.ablate("VB"))
    with pytest.raises(ValueError, match="step_ms must be positive"):
        crawl_of(cook).with_step(-1.0)
    with pytest.raises(ValueError, match=r"state must have shape \(\.\.\., 91\)"):
        crawl_of(cook).advance(np.zeros(3), 1)
