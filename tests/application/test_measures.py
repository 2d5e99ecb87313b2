"""Measures of rhythms against signals and cycles whose answer is known."""

import numpy as np
import pytest

from isochron.analysis import LimitCycle
from isochron.runs.measures import (
    describe_cycle,
    distinct_phases,
    measure_dimensionality,
    measure_free_running,
    measure_phase_locking,
)
from isochron.runs.results import TongueEdges


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([0.98, 0.01], [0.01]),  # 0.03 apart, over the end of the cycle
        ([0.98, 0.04], [0.04, 0.98]),
        ([0.5, 0.1, 0.53, 0.9], [0.1, 0.5, 0.9]),
        ([0.3, 0.3501, 0.4002], [0.3, 0.3501, 0.4002]),
        ([0.98, 0.01, 0.5], [0.01, 0.5]),
        ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        ([0.4, 0.401], [0.4]),
        ([], []),
    ],
)
def test_phases_are_compared_around_the_cycle(phases, expected):
    assert distinct_phases(phases) == expected


@pytest.mark.parametrize(("frequency", "step_ms"), [(7.0, 2.0), (0.9, 5.0), (40.0, 0.5)])
def test_a_free_rhythm_has_its_frequency_and_amplitude(frequency, step_ms):
    times = step_ms * np.arange(4000)
    signal = 3 * np.sin(2e-3 * np.pi * frequency * times + 1) + 10
    found = measure_free_running(signal, step_ms, forced_amplitude=5.0)
    assert found.oscillates
    assert found.amplitude == pytest.approx(3.0, rel=5e-3)
    # The analytic signal is inexact at the ends; an eighth of the signal there is excluded.
    assert found.frequency_Hz == pytest.approx(frequency, rel=2e-3)


@pytest.mark.parametrize(("driven", "oscillates"), [(99.0, True), (101.0, False)])
def test_a_rhythm_below_a_hundredth_of_the_driven_one_is_none(driven, oscillates):
    signal = np.sin(2 * np.pi * np.arange(1001) / 40)
    found = measure_free_running(signal, 1.0, driven)
    assert found.oscillates is oscillates
    assert (found.frequency_Hz is None) is not oscillates


def test_locking_leaves_out_two_periods_at_either_end():
    phase = 2 * np.pi * np.arange(800) / 40
    signal = np.sin(phase + 0.7)
    assert measure_phase_locking(signal, phase, 40) == pytest.approx(1.0, abs=1e-6)
    spoiled = phase.copy()
    spoiled[:80] += np.pi * (np.arange(80) % 2)
    spoiled[-80:] += np.pi * (np.arange(80) % 2)
    assert measure_phase_locking(signal, spoiled, 40) == pytest.approx(1.0, abs=1e-6)
    spoiled[80:100] += np.pi
    # 20 of 640 samples point the other way: (620 - 20) / 640.
    assert measure_phase_locking(signal, spoiled, 40) == pytest.approx(600 / 640, abs=1e-3)
    assert measure_phase_locking(np.full(800, 2.0), phase, 40) is None
    noise = np.random.default_rng(0).normal(size=800)
    locking = measure_phase_locking(noise, phase, 40)
    assert locking is not None
    assert locking < 0.2


def test_multipliers_are_given_for_one_period():
    """A cycle over 3 periods of its drive, with multipliers over all three."""
    cycle = LimitCycle(
        found=True,
        message="",
        period=30.0,
        states=np.zeros((2, 2)),
        multipliers=np.array([0.512, -0.1 + 0j]),
        autonomous=False,
    )
    described = describe_cycle(cycle, condition="", how_found="", forcing_cycles=3)
    assert described.period_ms == pytest.approx(10.0)
    assert described.largest_nontrivial_multiplier == pytest.approx(0.8)
    assert described.multipliers == ((0.512, 0.0), (-0.1, 0.0))
    assert described.multiplier_periods == 3


def test_the_variance_in_two_components():
    """Variances 4, 2, 1, 1 along four axes: 6/8, and 8² / (16 + 4 + 1 + 1)."""
    axes = np.diag(np.sqrt([4.0, 2.0, 1.0, 1.0]))
    found = measure_dimensionality(np.vstack([axes, -axes]))
    assert found.variance_in_2_components == pytest.approx(6 / 8)
    assert found.participation_ratio == pytest.approx(64 / 22)


def edges(low, high, low_open=False, high_open=False):
    return TongueEdges(low_Hz=low, high_Hz=high, low_open=low_open, high_open=high_open)


def test_the_common_tongue_is_the_overlap():
    rows = [edges(5.0, 9.0, low_open=True), edges(6.0, 10.0, high_open=True), edges(4.0, 9.5)]
    assert TongueEdges.overlap(rows) == edges(6.0, 9.0)
    ends = [edges(7.0, 10.0, high_open=True), edges(6.0, 9.0, low_open=True)]
    assert TongueEdges.overlap(ends) == edges(7.0, 9.0)
    assert TongueEdges.overlap([edges(5.0, 9.0, True, True)]) == edges(5.0, 9.0, True, True)
    assert TongueEdges.overlap([edges(5.0, 9.0), edges(None, None)]) == edges(None, None)
    assert TongueEdges.overlap([]) == edges(None, None)


def test_an_edge_that_the_search_did_not_reach_is_not_known():
    assert edges(5.0, 9.0).reached == (5.0, 9.0)
    assert edges(5.0, 9.0, low_open=True).reached == (None, 9.0)
    assert edges(5.0, 9.0, high_open=True).reached == (5.0, None)
