"""Surveys of the cycles of networks, with the reference and without."""

import numpy as np
import pytest

from isochron import analysis
from isochron.ann_bridge import FullRankRNN, LowRankRNN, SpikingNet, TrainedMap
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.cycle_surveys import (
    fit_circle,
    measure_invariance,
    survey_entrained_cycles,
    survey_intrinsic_cycles,
)
from isochron.runs.measures import describe_survey
from isochron.runs.results import SurveyCounts

TURN = 2 * np.pi * 0.008 * 20  # 8 Hz at a time constant of 20 ms


def rotator(growth: float) -> LowRankRNN:
    """Two orthogonal loadings whose linear part turns at 8 Hz and grows, or decays, as given."""
    m = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 2)))[0] * 8
    block = np.array([[1 + growth, -TURN], [TURN, 1 + growth]])
    return LowRankRNN.from_loadings(
        m, m @ block.T, input_weights=m[:, :1], output_weights=m[:, 0] / 64
    )


def pair(self_weight: float) -> FullRankRNN:
    """Two uncoupled units; the reference enters one."""
    return FullRankRNN.from_weights(
        self_weight * np.eye(2), input_weights=[[0.5], [0.0]], output_weights=[1, 0]
    )


def test_an_oscillator_oscillates_from_every_start():
    free = AnalysedNetwork.of(rotator(0.5)).map_at()
    found = survey_intrinsic_cycles(free, free.initial_states(16, np.random.default_rng(0)))
    assert (found.n_starts, found.n_oscillating, found.share) == (16, 16, 1.0)
    (cycle,) = found.cycles
    assert cycle.kind == "invariant circle"
    assert cycle.residual < 1e-6
    signal = free.outputs(free.orbit(free.advance(np.full(3, 0.5), 4000), 4000))
    assert cycle.output_amplitude == pytest.approx(np.ptp(signal) / 2, rel=0.01)  # 64 phases
    crossings = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    period = 2 * (crossings[-1] - crossings[0]) / (len(crossings) - 1)  # steps of 2 ms
    assert cycle.period_ms == pytest.approx(period, rel=2e-3)  # whole steps at both ends


def test_a_network_that_decays_rests():
    free = AnalysedNetwork.of(rotator(-0.5)).map_at()
    found = survey_intrinsic_cycles(free, free.initial_states(8, np.random.default_rng(0)))
    assert (found.found, found.n_resting, found.n_unproved) == (False, 8, 0)
    assert found.undetected_basin_bound == pytest.approx(1 - 0.05 ** (1 / 8))


def test_starts_in_a_small_basin_count():
    """A unit with two resting states: a share is that of the starts."""
    free = TrainedMap(pair(2.0))
    found = survey_intrinsic_cycles(free, np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]))
    assert (found.n_resting, found.n_oscillating) == (3, 0)


def test_a_circle_that_is_none_is_not_proved():
    """The image of a circle that is a tenth too large is a tenth of its radius away, or nearer."""
    free = AnalysedNetwork.of(rotator(0.5)).map_at()
    circle = fit_circle(free, free.advance(np.full(3, 0.5), 4000))
    assert measure_invariance(free, circle) < 1e-7
    wrong = analysis.InvariantCircle(
        rotation=circle.rotation, coefficients=1.1 * circle.coefficients, residual=circle.residual
    )
    assert 1e-3 < measure_invariance(free, wrong) < 0.1


def test_forced_maps_and_jumping_maps_have_no_intrinsic_cycles():
    forced = TrainedMap(pair(0.5), frequency_Hz=8)
    with pytest.raises(ValueError, match="without a reference"):
        survey_intrinsic_cycles(forced, np.zeros((2, 2)))
    pytest.importorskip("snntorch")
    with pytest.raises(ValueError, match="has a derivative"):
        survey_intrinsic_cycles(TrainedMap(SpikingNet(n_units=3)), np.zeros((2, 3)))


def test_all_cycles_of_two_bistable_units_are_found():
    """Each unit has two stable states and an unstable one: 9 cycles of sum 4 - 4 + 1 = 1."""
    system = TrainedMap(pair(2.0), frequency_Hz=8, amplitude=0.2)
    survey = survey_entrained_cycles(system, system.initial_states(24, np.random.default_rng(0)))
    assert (len(survey.cycles), len(survey.stable)) == (9, 4)
    assert describe_survey(survey).complete


def test_a_survey_that_lacks_a_cycle_is_searched_further(monkeypatch):
    """One start, and a first search that is not allowed to look for more than its cycle."""
    from isochron.runs import cycle_surveys

    calls = []
    usual = analysis.find_entrained_cycles

    def limited(system, starts, *, newton=None):
        calls.append(newton)
        if newton is None:
            newton = analysis.NewtonStarts(periods=(), n_boundary_pairs=0, budget=0)
        return usual(system, starts, newton=newton)

    monkeypatch.setattr(cycle_surveys.analysis, "find_entrained_cycles", limited)
    system = TrainedMap(pair(2.0), frequency_Hz=8, amplitude=0.2)
    starts = system.initial_states(24, np.random.default_rng(0))
    once = survey_entrained_cycles(system, starts, thorough=False)
    assert describe_survey(once).complete is False
    assert str(describe_survey(once)) == "incomplete: 4"
    assert len(calls) == 1
    assert survey_entrained_cycles(system, starts).index_sum == 1
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("counts", "complete", "text"),
    [
        ({"index_sum": 1, "bounded": True}, True, "1"),
        ({"index_sum": 0, "bounded": True}, False, "incomplete: 0"),
        ({"index_sum": 2, "bounded": False}, None, "2, any sum is possible"),
        ({"index_sum": 2}, None, "2, any sum is possible"),
        ({"index_sum": None, "bounded": True}, None, "–"),
        (
            {"index_sum": 3, "bounded": False, "n_diverged": 2},
            None,
            "3, any sum is possible; 2 of 8 diverge",
        ),
    ],
)
def test_a_row_says_whether_its_survey_is_complete(counts, complete, text):
    found = SurveyCounts(n_starts=8, n_not_entrained=0, undetected_basin_bound=0.3, **counts)
    assert found.complete is complete
    assert str(found) == text
