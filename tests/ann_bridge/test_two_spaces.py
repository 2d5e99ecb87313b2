"""A network of rank 2 with two stable cycles, in full space and in its exact reduced form."""

import numpy as np
import pytest

from isochron.analysis import (
    NewtonStarts,
    ShootingControl,
    StepControl,
    continue_cycles,
    find_entrained_cycles,
    find_limit_cycle,
    find_tongue,
)
from isochron.ann_bridge import LowRankRNN, reduce_low_rank
from isochron.ann_bridge.trained_map import FixedRadiusMap, TrainedMap

FREQUENCY_HZ = 25 / 3  # 60 steps of 2 ms


@pytest.fixture(scope="module")
def net():
    """A rotator whose gain the reference modulates, twice a period: two phases lock.

    Units come in pairs that the reference drives in opposite directions, so that the map is
    odd in κ alone: with every cycle its mirror image κ → -κ is one.
    """
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(60, 5)))
    basis *= np.sqrt(60)
    m, inputs = basis[:, :2], 3 * basis[:, 2:]
    inputs[:, 1:] = m + basis[:, 3:]
    growth = 1.0
    turn = 2e-3 * np.pi * FREQUENCY_HZ * (1 + growth) * 20.0
    n = m @ np.array([[1 + growth, turn], [-turn, 1 + growth]])
    return LowRankRNN.from_loadings(
        np.r_[m, m],
        np.r_[n, n],
        input_weights=np.r_[inputs, inputs * [-1, 1, 1]],
        output_weights=np.r_[m[:, 0], m[:, 0]] / 120,
    )


@pytest.fixture(scope="module")
def small(net):
    return reduce_low_rank(net)


@pytest.fixture(scope="module")
def survey(small):
    starts = np.random.default_rng(1).normal(size=(8, 5))
    return find_entrained_cycles(TrainedMap(small, frequency_Hz=FREQUENCY_HZ), starts)


def test_two_memories_that_mirror_each_other_and_what_lies_between(survey):
    first, second = survey.stable
    np.testing.assert_allclose(second.states[:, :2], -first.states[:, :2], atol=1e-8)
    np.testing.assert_allclose(second.states[:, 2:], first.states[:, 2:], atol=1e-8)
    np.testing.assert_allclose(second.multipliers, first.multipliers, atol=1e-8)


def test_every_cycle_is_found_from_few_starts(small):
    """Both saddles and the source between: the indices of all cycles add up to 1."""
    starts = np.random.default_rng(1).normal(size=(8, 5))
    mapped = TrainedMap(small, frequency_Hz=FREQUENCY_HZ)
    survey = find_entrained_cycles(mapped, starts, newton=NewtonStarts(periods=()))
    assert [cycle.index for cycle in survey.cycles] == [0, 0, 1, 1, 2]
    assert survey.index_sum == 1
    saddles = survey.cycles[2:4]
    np.testing.assert_allclose(saddles[0].point[:2], -saddles[1].point[:2], atol=1e-8)


def test_many_compiled_steps_are_single_steps(small):
    """Against the step in NumPy; the tangents against those step by step."""
    mapped = TrainedMap(small, frequency_Hz=FREQUENCY_HZ, pulse={1: 0.3})
    rng = np.random.default_rng(3)
    states, tangents = rng.normal(size=(2, 3, 5)), rng.normal(size=(5, 2))
    path = [states]
    for k in range(7, 107):
        path.append(small.step.advance(path[-1], mapped._drive[k % 60]))
    np.testing.assert_allclose(mapped.orbit(states, 100, start=7), path, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(
        mapped.advance(states, 100, start=7)[1, 2], mapped.orbit(states[1, 2], 100, start=7)[-1]
    )
    state, expected = states[0, 0], tangents
    for k in range(7, 37):
        state, expected = small.step.linearise(state, mapped._drive[k % 60], expected)
    _, found = mapped.advance(states[0, 0], 30, start=7, tangents=tangents)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_cycles_and_multipliers_are_the_same_in_both_spaces(net, small, survey):
    """Stable, saddle and source; further directions of the full space shrink by 0.9 a step."""
    full = TrainedMap(net, frequency_Hz=FREQUENCY_HZ)
    assert len(survey.cycles) >= 3
    for cycle in survey.cycles:
        twin = find_limit_cycle(
            full, small.expand(cycle.point) + 1e-3, control=ShootingControl(tolerance=1e-11)
        )
        assert twin.found, twin.message
        np.testing.assert_allclose(small.reduce(twin.states), cycle.states, atol=1e-7)
        np.testing.assert_allclose(twin.multipliers[:2], cycle.multipliers[:2], atol=1e-6)
        np.testing.assert_allclose(np.abs(twin.multipliers[2:]), 0.9**60, rtol=1e-4)


def test_edges_in_frequency_are_the_same_in_both_spaces(net, small, survey):
    point = survey.stable[0].point
    edges = []
    for space, start in ((small, point), (net, small.expand(point))):
        tongue = find_tongue(
            lambda f, space=space: TrainedMap(space, frequency_Hz=f),
            start,
            frequency=FREQUENCY_HZ,
            limits=(8.0, 8.7),
            step=0.15,
            resolution=0.1,
        )
        edges.append((tongue.low, tongue.high, tongue.low_open, tongue.high_open))
    assert edges[0] == edges[1]


def test_a_stimulus_ends_one_memory_in_a_fold_where_the_full_net_is_critical(net, small, survey):
    """On the fold, the full map closes and has the multiplier 1."""

    def pulsed(height, space=small):
        return TrainedMap(space, frequency_Hz=FREQUENCY_HZ, pulse={1: height})

    folds = []
    for memory in survey.stable:
        branch = continue_cycles(
            pulsed, memory, 0.0, limits=(0.0, 1.0), control=StepControl(max_points=40)
        )
        folds += branch.of_kind("fold")[:1]
    assert folds
    fold = folds[0]
    np.testing.assert_allclose(fold.critical, 1.0, atol=1e-6)
    full, start = pulsed(fold.parameter, net), small.expand(fold.state)
    end, tangents = full.advance(start, 60, tangents=np.eye(120))
    np.testing.assert_allclose(end, start, atol=1e-7)
    multipliers = np.linalg.eigvals(tangents)
    assert np.abs(multipliers - 1).min() < 1e-6


def test_a_large_net_is_followed_without_matrices(net, small, survey):
    """Every unit twice: 240 units move as 120 did, and their fold is the same."""
    m, n, inputs, outputs = (
        np.repeat(tensor.detach().numpy(), 2, axis=0)
        for tensor in (net.m, net.n, net.input_weights, net.output_weights)
    )
    large = LowRankRNN.from_loadings(m, n, input_weights=inputs, output_weights=outputs)

    def pulsed(height, space=small):
        return TrainedMap(space, frequency_Hz=FREQUENCY_HZ, pulse={1: height})

    memory = survey.stable[0]
    start = find_limit_cycle(pulsed(0.0, large), np.repeat(small.expand(memory.point), 2))
    assert start.method == "Newton-Krylov"
    options = {"limits": (0.0, 0.05), "control": StepControl(step=0.5, largest_step=2.0)}
    followed = continue_cycles(lambda a: pulsed(a, large), start, 0.0, **options).points[-1]
    expected = continue_cycles(pulsed, memory, 0.0, limits=(0.0, 0.05)).points[-1]
    assert followed.parameter == expected.parameter == 0.05
    np.testing.assert_allclose(
        followed.state, np.repeat(small.expand(expected.state), 2), atol=1e-7
    )
    np.testing.assert_allclose(followed.values[:2], expected.values[:2], atol=1e-6)


def test_the_angle_alone_has_as_many_stable_as_unstable_cycles(small, survey):
    reduced = TrainedMap(small, frequency_Hz=FREQUENCY_HZ)
    kappa = survey.stable[0].states[:, :2]
    turns = int(np.sign(np.unwrap(np.arctan2(kappa[:, 1], kappa[:, 0]))[[0, -1]] @ [-1, 1]))
    polar = FixedRadiusMap(reduced, radius=np.linalg.norm(kappa, axis=1).mean(), turns=turns)
    found = [find_limit_cycle(polar, [psi]) for psi in np.linspace(0, 2 * np.pi, 13)[:-1]]
    angles = {round(float(c.point[0]) % (2 * np.pi), 6): c.stable for c in found if c.found}
    assert sorted(angles.values()) == [False, False, True, True]


def test_the_angle_moves_as_the_net_does_along_a_circle(small):
    """Derivative against a difference; a step against that of the reduced network."""
    reduced = TrainedMap(small, frequency_Hz=FREQUENCY_HZ)
    polar = FixedRadiusMap(reduced, radius=1.3, turns=-1)
    state, h = np.array([0.4]), 1e-6
    _, slope = polar.advance(state, 60, start=7, tangents=np.ones((1, 1)))
    up, down = (polar.advance(state + e, 60, start=7) for e in (h, -h))
    np.testing.assert_allclose(slope, [(up - down) / (2 * h)], rtol=1e-7)
    after = reduced.advance(polar.lift(state, 7), 1, start=7)
    theta = polar.advance(state, 1, start=7) - reduced.reference_phase()[8]
    np.testing.assert_allclose(np.tan(theta[0]), after[1] / after[0], rtol=1e-10)


def test_the_angle_needs_rank_2_and_a_reference(net, small):
    for system in (TrainedMap(net, frequency_Hz=8.0), TrainedMap(small)):
        with pytest.raises(ValueError, match="rank 2 and a reference"):
            FixedRadiusMap(system, radius=1.0)
    with pytest.raises(ValueError, match="radius"):
        FixedRadiusMap(TrainedMap(small, frequency_Hz=8.0), radius=0.0)
