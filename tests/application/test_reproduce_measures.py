"""Measures of the reproduction, on orbits, rows and maps with known answers."""

import math
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from isochron.ann_bridge import LowRankRNN, TrainedMap, reduce_low_rank
from isochron.ann_bridge.tasks import PhaseMemory, SyntheticTheta, even_offsets
from isochron.ann_bridge.trained_map import FixedRadiusMap
from isochron.runs.configuration import overlay, to_toml
from isochron.runs.results import IntrinsicCycle, IntrinsicCycles, TongueRow
from isochron.studies.pals2024.claims import CLAIMS, judge
from isochron.studies.pals2024.code import Code, measure_code
from isochron.studies.pals2024.conditions import budget_of, build_net, build_task, parse_condition
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.polar import lock_angles
from isochron.studies.pals2024.released import (
    compare_counts,
    compare_with_released,
    find_released,
    load_released,
)
from isochron.studies.pals2024.report import describe_completeness
from isochron.studies.pals2024.results import (
    Existence,
    Fold,
    LowestAmplitude,
    Mean,
    MemoryOutput,
    NetworkAnalysis,
    PhaseOrbits,
    SurveyCounts,
)
from isochron.studies.pals2024.size import describe_size
from isochron.studies.pals2024.summary import mean_interval, proportion, summarise

EXAMPLES = [
    overlay(Pals2024Config(), tomllib.loads(path.read_text()))
    for path in Path(__file__).parents[2].joinpath("examples").glob("pals2024_*.toml")
]

PHASE = 2 * np.pi * np.arange(60) / 60
MEMORIES = np.repeat([0, 1], 4)
UNITS = np.linspace(0.3, 2.0, 7)  # amplitudes


def orbits(shift, level):
    """Sines of seven units, shape (60, 8, 7), apart by a phase and by a level in memory 1."""
    own = np.linspace(0, 5, 7)
    moved = np.where(MEMORIES == 1, shift, 0.0)[:, None]
    lifted = np.where(MEMORIES == 1, level, 0.0)[:, None]
    return UNITS * (np.sin(PHASE[:, None, None] + own + moved) + lifted)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5, math.pi])
def test_phases_that_differ_are_found_whatever_the_phase_of_a_unit(shift):
    states = orbits(shift, 0.0)
    code = measure_code(states, states, MEMORIES, PHASE)
    assert code.phase_difference == pytest.approx(shift, abs=1e-9)
    assert code.rate_difference == pytest.approx(0, abs=1e-12)
    assert code.kind == ("none" if shift == 0 else "phase" if shift > 1.6 else "mixed")


def test_rates_that_differ_are_found_in_standard_deviations():
    """A sine of variance 1/2 on two levels 3 apart: variance 1/2 + 9/4."""
    states = orbits(0.0, 3.0)
    code = measure_code(states, states, MEMORIES, PHASE)
    assert code.rate_difference == pytest.approx(3 / math.sqrt(0.5 + 2.25), rel=1e-12)
    assert code.phase_difference == pytest.approx(0, abs=1e-9)
    assert code.kind == "rate"


def test_rate_is_what_the_readout_sees():
    """Levels outside the readout do not count as rates; phases are those of the states."""
    states = orbits(2.0, 3.0)
    code = measure_code(states, orbits(0.0, 0.0), MEMORIES, PHASE)
    assert code.phase_difference == pytest.approx(2.0, abs=1e-9)
    assert code.rate_difference == pytest.approx(0, abs=1e-12)


def test_one_memory_is_no_code():
    states = orbits(1.0, 0.0)
    with pytest.raises(ValueError, match="two memories"):
        measure_code(states, states, np.zeros(8, dtype=int), PHASE)


def test_wilson_interval_of_a_published_example():
    """Newcombe (1998), Statistics in Medicine 17:857, table I: 15 of 148, 81 of 263."""
    found = proportion(81, 263, 0.95)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    found = proportion(15, 148, 0.95)
    assert (found.low, found.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert proportion(0, 0, 0.95).value is None


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says():
    """90 % intervals of 12 normal numbers; BCa falls a little short at this size."""
    rng = np.random.default_rng(0)
    found = [mean_interval(rng.normal(size=12), 0.9, rng) for _ in range(60)]
    covered = sum((one.low or 0) < 0 < (one.high or 0) for one in found)
    assert 43 <= covered <= 59  # 0.85 of 60 is 51, standard deviation 2.8


def test_means_of_few_values_are_plain():
    rng = np.random.default_rng(0)
    assert mean_interval([None, 2.0], 0.95, rng) == Mean(value=2, low=None, high=None, n=1)
    assert mean_interval([3.0, 3.0], 0.95, rng) == Mean(value=3, low=3, high=3, n=2)
    assert mean_interval([None], 0.95, rng).value is None


PHASE_CODE = Code(phase_difference=2.0, rate_difference=0.01, kind="phase")
SILENT = IntrinsicCycles(
    n_starts=64, n_resting=64, n_unproved=0, n_diverged=0, undetected_basin_bound=0.05, cycles=()
)
LOUD = replace(
    SILENT,
    n_resting=48,
    cycles=(
        IntrinsicCycle(
            kind="invariant circle", period_ms=125.0, output_amplitude=1.0, residual=1e-9,
            n_starts=16,
        ),
    ),
)  # fmt: skip


def edge(low, high, low_open=False):
    return TongueRow(
        amplitude=1.0, low_Hz=low, high_Hz=high, low_open=low_open, high_open=False,
        resolution_Hz=0.1,
    )  # fmt: skip


def existence(edges, lowest):
    amplitudes = tuple(LowestAmplitude(amplitude=amplitude, how="fold") for amplitude in lowest)
    return Existence(edges=tuple(edges), tongue=(), lowest_amplitudes=amplitudes)


def outputs(*errors):
    return tuple(MemoryOutput(target_phase=0, share_of_trials=1, phase_error=e) for e in errors)


ROW = NetworkAnalysis(
    name="rank-2-linear-0", condition="rank-2-linear", number=0, n_units=8, loss=0.02,
    standard_error=0.0, chance=0.5, learned=True, code=PHASE_CODE, limit_cycles=(),
    n_stable_cycles=2, output_phases=(),
    survey=SurveyCounts(
        n_starts=8, n_not_entrained=0, undetected_basin_bound=0.3, index_sum=1, bounded=True
    ),
    memories=outputs(0.01, 0.02), intrinsic=SILENT,
    existence=existence([edge(7.0, 11.0), edge(7.5, 10.0)], [0.4, 0.3]),
    folds=tuple(
        Fold(stimulus=stimulus, memory=memory, lost_at=lost_at, how="fold")
        for stimulus, memory, lost_at in [(0, 0, None), (0, 1, 0.1), (1, 0, 0.2), (1, 1, 0.9)]
    ),
    polar=PhaseOrbits(radius=1.0, n_stable=2, n_unstable=2),
)  # fmt: skip


def net_row(**changes):
    """A network with a phase code, as in the paper."""
    return replace(ROW, **changes)


def test_a_condition_is_summed_up():
    failed = net_row(learned=False, loss=0.5, existence=None, folds=(), polar=None)
    lost = net_row(memories=outputs(0.01, None), n_stable_cycles=1)
    found = summarise("rank-2-linear", [net_row(), lost, failed], 2, confidence=0.95, seed=0)
    assert (found.learned.count, found.learned.n) == (2, 3)
    assert found.loss.value == pytest.approx(0.18)
    assert found.codes == {"phase": 2}
    assert found.cycle_counts == {"1": 1, "2": 1}
    assert found.one_cycle_per_stimulus.count == found.all_memories_held.count == 1
    assert found.phase_error_cycles.value == 0.02
    assert (found.tongue_low_Hz.value, found.tongue_high_Hz.value) == (7.5, 10.0)
    assert found.lowest_amplitude.value == 0.4
    assert found.fold_of_others.value == pytest.approx(0.15)
    assert (found.own_survives.count, found.own_survives.n) == (1, 2)
    assert found.polar == {"2 + 2": 2}


def test_an_edge_that_was_not_reached_is_no_edge():
    row = net_row(existence=existence([edge(4.5, 11.0, low_open=True)], [None]))
    found = summarise("rank-2-linear", [row], 2, confidence=0.95, seed=0)
    assert found.tongue_low_Hz.value is None
    assert found.tongue_high_Hz.value == 11.0
    assert found.lowest_amplitude.value is None


def test_claims_hold_or_not_by_what_is_found():
    rate = Code(phase_difference=0.2, rate_difference=1.4, kind="rate")
    wrong = net_row(code=rate, n_stable_cycles=4)
    good, bad = (judge(CLAIMS, [row] * 5, 0.95) for row in (net_row(), wrong))
    assert [entry.verdict for entry in good] == ["holds"] * 3
    assert [entry.verdict for entry in bad] == ["holds", *["does not hold"] * 2]
    assert (bad[1].found.count, bad[1].found.n) == (0, 5)
    none = judge(CLAIMS, [net_row(learned=False, loss=0.5)] * 5, 0.95)
    assert [entry.verdict for entry in none] == ["does not hold", *["not tested"] * 2]


def test_silence_is_asked_of_nets_that_were_trained_long():
    silent = net_row(condition="rank-2-linear-long")
    loud = replace(silent, intrinsic=LOUD)
    verdicts = [judge(CLAIMS, [row] * 5, 0.95)[0].verdict for row in (silent, loud)]
    assert verdicts == ["holds", "does not hold"]


def test_nets_that_are_trained_long_have_a_section_of_their_own():
    config, condition = Pals2024Config(), parse_condition("rank-2-linear-long")
    config = overlay(config, {"long": {"n_units": 7, "steps": 11}})
    assert build_net(config, condition, torch.Generator()).settings.n_units == 7
    assert budget_of(config, condition).steps == 11
    assert budget_of(config, parse_condition("rank-2-linear")).steps == 2000


def test_a_rank_one_net_that_learns_breaks_its_claim():
    rows = [net_row(condition="rank-1-linear", loss=loss) for loss in (0.5, 0.49, 0.3, 0.2, 0.1)]
    (judged,) = judge(CLAIMS, rows, 0.95)
    assert judged.verdict == "does not hold"
    assert judged.found.count == 2


@pytest.mark.parametrize("config", [Pals2024Config(), Pals2024Config.quick(), *EXAMPLES])
def test_configurations_have_conditions_and_go_through_toml(config):
    names = [parse_condition(name).name for name in config.conditions]
    assert names == list(config.conditions)
    assert {claim.condition for claim in CLAIMS} <= {*Pals2024Config().conditions}
    assert overlay(Pals2024Config(), tomllib.loads(to_toml(config))) == config


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rank-linear", "No condition 'rank-linear'. A name is rank-1"),
        ("rnak-2", "No condition"),
        ("gru-2", "No condition"),
        ("rank-1-tanh-oscillatory", "rank 2 or more"),
        ("gru-long", "-long is for low-rank networks"),
        ("rank-2-linear-long-four", "-long is for low-rank networks"),
        ("coupled-oscillators-tanh", "the readout of coupled-oscillators is linear"),
        ("gru-tanh", "the readout of gru is linear"),
    ],
)
def test_conditions_that_cannot_be_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        parse_condition(name)


def test_a_condition_says_all():
    condition = parse_condition("rank-3-tanh-oscillatory-four")
    assert (condition.kind, condition.rank, condition.readout) == ("rank", 3, "tanh")
    assert condition.oscillatory
    assert condition.n_stimuli == 4


@pytest.fixture(scope="module")
def rotator():
    """Networks with orthogonal loadings, an intrinsic frequency of 12 Hz and an input along one."""
    m = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 4)))[0] * 8
    turn = 2 * np.pi * 12e-3 * 20
    n = m[:, :2] @ np.array([[1.0, -turn], [turn, 1.0]]).T

    def locked(strength):
        inputs = np.column_stack([strength * m[:, 0] + 0.1 * m[:, 2], np.zeros((64, 2))])
        net = LowRankRNN.from_loadings(
            m[:, :2], n, input_weights=inputs, output_weights=np.ones(64) / 64
        )
        system = TrainedMap(reduce_low_rank(net), frequency_Hz=25 / 3)
        return lock_angles(FixedRadiusMap(system, radius=0.5))

    return locked


def test_a_phase_that_nothing_pulls_locks_nowhere(rotator):
    free = rotator(0.0)
    assert free.stable.size == free.unstable.size == 0


def test_a_phase_that_is_pulled_locks_at_one_angle_and_is_repelled_by_one(rotator):
    """A degree-one circle map near a fold has one stable and one unstable fixed point."""
    pulled = rotator(0.5)
    assert pulled.stable.size == pulled.unstable.size == 1


def test_a_drive_stronger_than_the_radius_resets_every_phase(rotator):
    """The circle map has degree zero then: one stable fixed point, and none that repels."""
    reset = rotator(5.0)
    assert (reset.stable.size, reset.unstable.size) == (1, 0)


def test_the_released_networks_are_168():
    """12 rows of 12 and one of 24; both readouts of full rank are pooled in the source."""
    rows = load_released()
    assert len(rows) == 13
    assert sum(row.learned[1] for row in rows) == 168
    assert {row.rank for row in rows} == {"1", "2", "3", "full"}
    for row in rows:
        for low, high in (row.validation_loss, row.delta_phase_rad, row.delta_rate_z):
            assert 0 <= low <= high
        assert all(0 <= count <= n for count, n in (row.learned, row.own))


@pytest.mark.parametrize(
    ("name", "delta_phase", "oscillating"),
    [
        ("rank-2-linear", (1.84, 2.03), (0, 12)),
        ("rank-2-linear-long", (1.84, 2.03), (0, 12)),
        ("rank-2-tanh-oscillatory", (1.36, 1.61), (8, 12)),
        ("full-rank-tanh", (0.58, 1.13), (8, 12)),
    ],
)
def test_a_condition_has_its_released_networks(name, delta_phase, oscillating):
    found = find_released(parse_condition(name))
    assert found is not None
    assert found.delta_phase_rad == delta_phase
    assert found.oscillating == oscillating


@pytest.mark.parametrize("name", ["gru", "rank-2-linear-four", "connectome-tanh", "rank-4-linear"])
def test_other_conditions_have_none(name):
    assert find_released(parse_condition(name)) is None


def test_fisher_of_known_counts():
    """0 of 12 against 9 of 9: only the observed table is as extreme, p = 1 / C(21, 9)."""
    found = compare_counts((9, 9), (0, 12))
    assert found.p == pytest.approx(1 / math.comb(21, 9), rel=1e-9)
    assert compare_counts((0, 0), (0, 12)).p is None


def test_p_values_are_adjusted_for_all_tests_of_the_table():
    """Benjamini and Hochberg: the smallest p of four times 4, and none above 1."""
    names = ("rank-2-linear", "rank-2-tanh", "gru")
    conditions = [parse_condition(name) for name in names]
    rows = [net_row(intrinsic=LOUD, number=i) for i in range(9)]
    summaries = [summarise(name, rows, 2, confidence=0.95, seed=0) for name in names]
    found = compare_with_released(conditions, summaries)
    assert [row.condition for row in found] == ["rank-2-linear", "rank-2-tanh"]
    for row in found:
        assert (row.oscillates.ours, row.oscillates.theirs) == ((9, 9), (0, 12))
        assert (row.learned.p, row.learned.p_adjusted) == (1.0, 1.0)
        assert row.oscillates.p_adjusted == pytest.approx(2 / math.comb(21, 9), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nets": 12}, "Replication at the size of the paper."),
        ({}, "Replication at reduced size: 10 networks in a condition (paper: 12)."),
        (
            {"nets": 12, "long": {"n_units": 128}, "full_rank": {"n_units": 50, "batch_size": 32}},
            "Replication at reduced size: low-rank networks of 128 units (paper: 512), full-rank "
            "networks of 50 units (paper: 100) and 32 trials in a training step (paper: 128).",
        ),
        ({"nets": 12, "conditions": ["gru"], "low_rank": {"n_units": 9}}, "at the size"),
    ],
)
def test_a_smaller_run_calls_itself_one(changes, expected):
    assert expected in describe_size(overlay(Pals2024Config(), changes))


def test_networks_learn_under_the_reference_of_the_configuration():
    changes = {"reference": "theta", "theta_phase_diffusion": 3.0, "theta_noise_std": 0.4}
    config = overlay(Pals2024Config(), {"task": changes | {"theta_amplitude_std": 0.3}})
    theta = SyntheticTheta(phase_diffusion=3.0, noise_std=0.4, amplitude_std=0.3)
    condition = parse_condition("rank-2-linear-four")
    assert build_task(config, condition) == PhaseMemory(offsets=even_offsets(4), reference=theta)
    assert build_task(Pals2024Config(), condition).reference is None
    with pytest.raises(ValueError, match=r"\[task\] reference must be one of sines, theta, got"):
        overlay(Pals2024Config(), {"task": {"reference": "lfp.npy"}})
    with pytest.raises(ValueError, match="theta_noise_std has no effect without reference"):
        overlay(Pals2024Config(), {"task": {"theta_noise_std": 0.4}})


def test_incomplete_surveys_are_named():
    rows = [net_row(survey=replace(ROW.survey, index_sum=total)) for total in (1, 1, 3)]
    found = summarise("rank-2-linear", rows, 2, confidence=0.95, seed=0)
    assert describe_completeness(found.index_complete, 0) == "2 of 3; incomplete: 1"
    unbounded = [net_row(survey=replace(ROW.survey, bounded=False, n_diverged=4))]
    found = summarise("rank-2-linear", unbounded, 2, confidence=0.95, seed=0)
    assert describe_completeness(found.index_complete, found.n_diverged_starts) == (
        "–; 4 starts diverged"
    )


def test_the_share_of_starts_is_that_of_networks_that_oscillate():
    rows = [net_row(), net_row(intrinsic=LOUD), net_row(intrinsic=None)]
    found = summarise("rank-2-linear", rows, 2, confidence=0.95, seed=0)
    assert (found.oscillates_alone.count, found.oscillates_alone.n) == (1, 2)
    assert found.share_of_starts.value == 0.25
