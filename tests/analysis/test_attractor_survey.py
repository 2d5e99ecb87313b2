"""Surveys of forced maps: symmetry, index sums, starts that diverge, other units."""

import dataclasses

import numpy as np
import pytest

from isochron.analysis import NewtonStarts, SteppedMap, find_entrained_cycles, has_odd_symmetry
from tests import truths


def flipping(gain=2.0, drive=0.05, n_steps=3):
    """x → -gain tanh x + forcing: one cycle near 0; its multiplier is near (-gain)^n_steps."""
    inputs = drive * np.sin(2 * np.pi * np.arange(n_steps) / n_steps)
    return SteppedMap(
        lambda k, x: -gain * np.tanh(x) + inputs[k],
        lambda k, x, v: -gain * (1 - np.tanh(x) ** 2)[:, None] * v,
        dimension=1,
        n_steps=n_steps,
        forcing_cycles=1,
        bounded=True,
    )


def doubled(first=2.0, second=-2.0, n_steps=3, drive=0.05):
    """(x, y) → (first tanh x, second tanh y) + a forcing of both."""
    gains = np.array([first, second])
    inputs = drive * np.sin(2 * np.pi * np.arange(n_steps) / n_steps)
    return SteppedMap(
        lambda k, x: gains * np.tanh(x) + inputs[k],
        lambda k, x, v: (gains * (1 - np.tanh(x) ** 2))[:, None] * v,
        dimension=2,
        n_steps=n_steps,
        forcing_cycles=1,
        bounded=True,
    )


def kinked(n_steps=60, rate=0.1):
    """x' = x + a (2 relu(x) - x - 1 + 0.2 u): affine on each side of 0.

    One stable cycle near -1 and one unstable near 1; all states above that one diverge.
    The multipliers over a period are (1 ∓ a)^n.
    """
    inputs = 0.2 * np.sin(2 * np.pi * np.arange(n_steps) / n_steps)
    return SteppedMap(
        lambda k, x: x + rate * (2 * np.maximum(x, 0) - x - 1 + inputs[k]),
        lambda k, x, v: (1 + rate * (2.0 * (x > 0) - 1))[:, None] * v,
        dimension=1,
        n_steps=n_steps,
        forcing_cycles=1,
        bounded=False,
    )


def test_a_multiplier_below_minus_one_counts_as_a_stable_one():
    """Three steps of x → -2 tanh x: μ < 0, so 1 - μ is positive and the sum is 1."""
    survey = find_entrained_cycles(
        flipping(), np.linspace(-2, 2, 5)[:, None], newton=NewtonStarts(budget=0)
    )
    (cycle,) = survey.cycles
    assert cycle.multipliers[0].real == pytest.approx(-8, rel=0.05)
    assert survey.stable == ()
    assert survey.index_sum == 1
    assert "missing" not in survey.cannot_exclude


def test_the_index_is_that_of_the_sign_of_the_determinant():
    """x doubles its basins (+, -, +), y flips (+): the sum over the three is 1."""
    starts = np.random.default_rng(0).normal(size=(24, 2))
    survey = find_entrained_cycles(doubled(), starts)
    assert len(survey.cycles) == 3
    signs = [np.sign(np.prod(1 - cycle.multipliers).real) for cycle in survey.cycles]
    assert survey.index_sum == sum(signs) == 1


def test_starts_that_diverge_are_counted_and_no_sum_is_asked_for():
    starts = np.random.default_rng(0).normal(scale=2, size=(32, 1))
    survey = find_entrained_cycles(kinked(), starts)
    assert [cycle.stable for cycle in survey.cycles] == [True, False]
    np.testing.assert_allclose(
        [cycle.multipliers[0].real for cycle in survey.cycles], [0.9**60, 1.1**60], rtol=1e-9
    )
    # The boundary is the unstable cycle at phase 0, within 0.2 of 1.
    assert np.sum(starts > 1.2) <= survey.n_diverged <= np.sum(starts > 0.8)
    assert survey.n_diverged + sum(survey.basins) == 32
    assert survey.index_sum == 0
    assert f"{survey.n_diverged} of 32 starts left all bounds" in survey.cannot_exclude
    assert "sum 1" not in survey.cannot_exclude


@pytest.mark.parametrize("growth", [1.5, -1.5])
def test_a_linear_map_that_grows_has_no_stable_cycle(growth):
    system = SteppedMap(
        lambda k, x: growth * x + 0.1,
        lambda k, x, v: growth * v,
        dimension=1,
        n_steps=2,
        forcing_cycles=1,
    )
    survey = find_entrained_cycles(system, np.array([[-1.0], [2.0], [3.0]]))
    assert survey.n_diverged == 3
    (cycle,) = survey.cycles
    assert cycle.point[0] == pytest.approx(0.1 / (1 - growth))


@pytest.mark.parametrize(("n_steps", "cycles"), [(4, 1), (5, 2), (5, 1), (7, 3)])
def test_mirror_images_are_searched_for_at_every_number_of_steps(n_steps, cycles):
    """All starts lie in one basin; the other cycle is the mirror image, half a period later."""
    inputs = 0.05 * np.sin(2 * np.pi * cycles * np.arange(n_steps) / n_steps)
    system = SteppedMap(
        lambda k, x: 2 * np.tanh(x) + inputs[k],
        lambda k, x, v: 2 * (1 - np.tanh(x) ** 2)[:, None] * v,
        dimension=1,
        n_steps=n_steps,
        forcing_cycles=cycles,
    )
    starts = np.random.default_rng(0).uniform(1, 2, size=(5, 1))
    alone = find_entrained_cycles(
        system, starts, newton=NewtonStarts(periods=(), budget=0, odd_symmetry=False)
    )
    survey = find_entrained_cycles(system, starts, newton=NewtonStarts(periods=(), budget=0))
    assert (len(alone.stable), alone.odd_symmetry) == (1, False)
    assert (len(survey.stable), survey.odd_symmetry) == (2, True)
    assert survey.basins[:2] == (5, 0)


def test_symmetry_is_checked():
    states = np.random.default_rng(0).normal(size=(4, 1))
    assert has_odd_symmetry(truths.bistable(), states)
    assert not has_odd_symmetry(truths.bistable(n_steps=5), states)  # no step is half a period
    assert not has_odd_symmetry(kinked(), states)
    assert has_odd_symmetry(SteppedMap(lambda k, x: np.sin(x), None, dimension=1), states)
    assert not has_odd_symmetry(SteppedMap(lambda k, x: np.cos(x), None, dimension=1), states)
    # The map of the state is odd, but a forcing with both harmonics is not.
    drive = np.array([0.0, 0.3, 0.1, -0.1])
    lopsided = SteppedMap(
        lambda k, x: np.tanh(x) + drive[k], None, dimension=1, n_steps=4, forcing_cycles=1
    )
    assert not has_odd_symmetry(lopsided, states)
    survey = find_entrained_cycles(lopsided, states)
    assert not survey.odd_symmetry


def test_saddles_and_sources_are_searched_for_until_the_indices_add_up():
    """Two independent coordinates with 3 cycles each: 4 stable, 4 saddles, 1 source."""
    starts = np.random.default_rng(0).normal(scale=2, size=(16, 2))
    bare = NewtonStarts(periods=(), n_boundary_pairs=0)
    few = find_entrained_cycles(
        doubled(2.0, 2.2), starts, newton=dataclasses.replace(bare, budget=0)
    )
    assert few.index_sum == len(few.cycles) == 4
    assert "at least 3 saddles are missing" in few.cannot_exclude
    all_of_them = find_entrained_cycles(doubled(2.0, 2.2), starts, newton=bare)
    assert sorted(cycle.index for cycle in all_of_them.cycles) == [0] * 4 + [1] * 4 + [2]
    assert all_of_them.index_sum == 1


@pytest.mark.parametrize("frequency_Hz", [1.5, 0.7])
def test_the_cycle_that_a_torus_goes_round_is_found(frequency_Hz):
    """Forced Stuart-Landau outside its tongue: no stable cycle; a source near the origin."""
    step = 1 / (60 * frequency_Hz)

    def advance(k, x):
        z = x[..., 0] + 1j * x[..., 1]
        z = z * np.exp(step * (1 - np.abs(z) ** 2 + 2j * np.pi))
        z = z + step * 0.1 * np.cos(2 * np.pi * k / 60)
        return np.stack([z.real, z.imag], axis=-1)

    system = SteppedMap(advance, None, dimension=2, n_steps=60, forcing_cycles=1)
    starts = np.array([[1.0, 0.0], [0.0, 1.0], [-0.6, 0.7], [-0.5, -0.9]])
    survey = find_entrained_cycles(
        system, starts, transient_periods=10, newton=NewtonStarts(periods=())
    )
    assert survey.n_not_entrained == 4
    (source,) = survey.cycles
    assert source.index == 2
    # Near the origin z' = (1 + iω) z + F cos Ωt, with multipliers of the modulus exp(T); the
    # cubic term reduces the rate by 2 |z|² < 2 (F / 2)².
    growth = np.abs(source.multipliers)
    np.testing.assert_allclose(growth, np.exp(1 / frequency_Hz), rtol=0.02)
    assert survey.index_sum == 1


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_a_survey_does_not_depend_on_the_unit_of_the_state(unit):
    inputs = 0.05 * np.sin(2 * np.pi * np.arange(4) / 4)
    system = SteppedMap(
        lambda k, x: unit * (2 * np.tanh(x / unit) + inputs[k]),
        lambda k, x, v: 2 * (1 - np.tanh(x / unit) ** 2)[:, None] * v,
        dimension=1,
        n_steps=4,
        forcing_cycles=1,
        scale=unit,
    )
    starts = np.random.default_rng(0).normal(size=(20, 1))
    survey = find_entrained_cycles(system, unit * starts)
    usual = find_entrained_cycles(truths.bistable(), starts)
    assert survey.basins == usual.basins
    points = [cycle.point[0] / unit for cycle in survey.cycles]
    np.testing.assert_allclose(points, [c.point[0] for c in usual.cycles], rtol=1e-6, atol=1e-9)


def test_settling_is_an_argument():
    """With a factor of 0.9 per step a start at distance 1 moves less than 0.01 after 22 steps."""
    system = SteppedMap(
        lambda k, x: 1 + 0.9 * (x - 1), lambda k, x, v: 0.9 * v, dimension=1, n_steps=1,
        forcing_cycles=1,
    )  # fmt: skip
    starts = np.array([[2.0], [0.0]])
    for settled in (1e-2, 1e-9):
        survey = find_entrained_cycles(
            system, starts, convergence_tolerance=settled, transient_periods=500
        )
        assert survey.basins == (2,)
    with pytest.raises(ValueError, match="convergence_tolerance must be finite"):
        find_entrained_cycles(system, starts, convergence_tolerance=-1.0)


@pytest.mark.parametrize("starts", [np.empty((0, 1)), [[np.nan]], [[1.0, 2.0]]])
def test_bad_starts_are_rejected(starts):
    with pytest.raises(ValueError, match="start"):
        find_entrained_cycles(truths.bistable(), starts)
