"""The experiment crawl: gaits, convergence and onsets of many worms."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isochron import sims
from isochron.runs.sweep.experiments import open_experiment
from isochron.runs.sweep.experiments.crawl import distance_to_animal

STIFF = {"model": "stiff", "duration_s": 12.0, "transient_s": 6.0, "n_links": 12}


def run(points, **fixed):
    """Rows of the experiment at some points, and the reasons of failures."""
    experiment = open_experiment("crawl")
    base = experiment.complete(STIFF | fixed, points[0])
    found = experiment.run([base | point for point in points], [1] * len(points), Path())
    return found.variables, found.reasons


@pytest.mark.slow  # compiles a kernel
def test_a_worm_bends_above_the_onset_and_rests_below(worm):
    """The onset is that of find_crawl_onset; 0.8 of it decays, 1.5 of it is a wave."""
    found, reasons = run([{"loop_gain_ratio": 0.8}, {"loop_gain_ratio": 1.5}], check=False)
    assert reasons == ("", "")
    stiff = replace(sims.STIFF_CRAWL, body=replace(sims.STIFF_CRAWL.body, n_links=12))
    onset = sims.find_crawl_onset(worm, stiff)[0]
    np.testing.assert_allclose(found["onset_pA"], onset.loop_gain, rtol=1e-5)
    np.testing.assert_allclose(found["used_gain_pA"] / onset.loop_gain, [0.8, 1.5], rtol=1e-5)
    assert found["direction"].tolist() == [0, 1]
    assert found["rms_curvature"][0] < 0.01 < 1 < found["rms_curvature"][1]
    assert math.isinf(found["distance"][0])
    assert np.isnan(found["converged"]).all()


@pytest.mark.slow
def test_worms_without_connections_bend_at_a_low_gain():
    """Feedback and muscles remain: the onset is at 3.1 pA (the page of limits), not 195 pA."""
    found, _ = run(
        [{"connected": True, "null_model": "rewire"}, {"connected": False, "null_model": "none"}],
        loop_gain_ratio=1.2, check=True, n_links=24, duration_s=4.0, transient_s=1.0,
    )  # fmt: skip
    assert found["onset_pA"][1] == pytest.approx(3.1, abs=0.1)
    assert found["onset_pA"][0] > 50
    assert set(found["converged"]) <= {0.0, 1.0}


def test_the_distance_to_the_animal_is_that_of_the_page():
    """|log 2| + 2 |log 1| + |log 1/2| = 2 log 2; infinite for a wave from tail to head."""
    numbers = dict.fromkeys(
        ("speed", "path_speed", "efficiency", "peak_curvature", "traveling_index", "duration_s"),
        1.0,
    )
    gait = sims.Gait(
        frequency_Hz=0.8, wavelength=0.65, rms_curvature=2.15, direction="head to tail", **numbers
    )
    assert distance_to_animal(gait) == pytest.approx(2 * math.log(2))
    other = sims.Gait(
        frequency_Hz=0.8, wavelength=0.65, rms_curvature=2.15, direction="tail to head", **numbers
    )
    assert distance_to_animal(other) == math.inf


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "bistable"}, "model must be one of standard, soft, stiff"),
        ({"gain": 1.0, "loop_gain_ratio": 2.0}, "gain and loop_gain_ratio exclude each other"),
        ({"loop_gain_ratio": 0.0}, "loop_gain_ratio must be positive"),
        ({"stimulate": ["PLM"]}, "no effect without amplitude_pA"),
        ({"medium": "sand"}, "Unknown medium|medium must be"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        open_experiment("crawl").check(settings)
