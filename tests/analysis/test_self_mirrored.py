"""Self-mirrored cycles, planted in odd maps."""

from dataclasses import replace

import numpy as np
import pytest

from isochron.analysis import NewtonStarts, SteppedMap, find_entrained_cycles
from isochron.analysis.survey import entrained_cycles
from isochron.analysis.survey.symmetry import half_period

BARE = NewtonStarts(periods=(), n_boundary_pairs=0, budget=0)


def planted(gains, *, n_steps=6, size=0.3, lean=0.0):
    """A map with the cycle p(k) = size sin(2πk/n + phase), which it has by construction.

    x → gain tanh x + lean + p(k + 1) - gain tanh p(k). A variable with a gain above 1 leaves p
    on both sides for a stable cycle, one with a smaller gain returns to it.
    """
    gains = np.asarray(gains, dtype=float)
    phases = np.linspace(0, 1, gains.size)
    steps = np.arange(n_steps + 1)[:, None]
    p = size * np.sin(2 * np.pi * steps / n_steps + phases)
    inputs = p[1:] - gains * np.tanh(p[:-1]) + lean
    system = SteppedMap(
        lambda k, x: gains * np.tanh(x) + inputs[k % n_steps],
        lambda k, x, v: (gains * (1 - np.tanh(x) ** 2))[:, None] * v,
        dimension=gains.size,
        n_steps=n_steps,
        forcing_cycles=1,
        bounded=True,
    )
    return system, p


def multipliers_of(gains, p):
    return np.prod(np.asarray(gains) * (1 - np.tanh(p[:-1]) ** 2), axis=0)


def test_a_cycle_that_is_its_own_mirror_image_is_found_where_no_start_leads_to_it():
    """All starts lead to one stable cycle; three directions lead away from the planted one."""
    gains = [2.0, 1.8, 1.6, 0.5]
    system, p = planted(gains)
    starts = np.random.default_rng(0).uniform(2, 3, size=(6, 4))
    survey = find_entrained_cycles(system, starts, newton=BARE)
    assert survey.basins[0] == 6
    cycle = survey.cycles[-1]
    np.testing.assert_allclose(cycle.states, p, atol=1e-8)
    expected = np.sort(multipliers_of(gains, p))[::-1]
    np.testing.assert_allclose(cycle.multipliers.real, expected, rtol=1e-6)
    assert np.sum(expected > 1) == 3
    assert survey.mirror_index_sum == 1
    # The two stable cycles and this one, of index (-1)³.
    assert (len(survey.cycles), survey.index_sum) == (3, 1)


def test_the_unit_of_the_state_does_not_matter():
    system, p = planted([2.0, 1.8, 0.5])
    for unit in (1e-6, 1e6):
        other = SteppedMap(
            lambda k, x, unit=unit: unit * system.advance(x / unit, 1, start=k),
            None,
            dimension=3,
            n_steps=6,
            forcing_cycles=1,
            bounded=True,
        )
        starts = unit * np.random.default_rng(0).uniform(2, 3, size=(4, 3))
        survey = find_entrained_cycles(other, starts, newton=BARE)
        assert survey.mirror_index_sum == 1
        assert any(np.allclose(c.states, unit * p, atol=1e-6 * unit) for c in survey.cycles)


def test_more_than_six_expanding_directions_of_a_large_map_are_counted():
    """Seven multipliers above 1 among 210: the index is -1, that of the leading six would be 1."""
    gains = np.concatenate([np.linspace(1.5, 2.0, 7), np.full(203, 0.5)])
    system, p = planted(gains, n_steps=2, size=0.1)
    starts = np.random.default_rng(0).uniform(2, 3, size=(3, 210))
    survey = find_entrained_cycles(system, starts, newton=BARE)
    cycle = next(cycle for cycle in survey.cycles if not cycle.stable)
    assert np.sum(cycle.multipliers.real > 1) == 7
    np.testing.assert_allclose(cycle.states, p, atol=1e-8)
    assert survey.index_sum == 1


def test_branches_of_the_planted_cycle_are_followed_to_missing_ones(monkeypatch):
    """Two uncoupled variables with three cycles each: the starts reach one of the nine.

    It, its image and the planted source have the sum 3. A branch of the planted one leads to two
    saddles, in which one variable is on a stable cycle and the other on the planted one.
    """
    system, p = planted([2.0, 1.8], size=0.1)
    starts = np.random.default_rng(0).uniform(2, 3, size=(6, 2))
    monkeypatch.setattr(entrained_cycles, "search_between_cycles", lambda *_: None)
    bare = find_entrained_cycles(system, starts, newton=BARE)
    survey = find_entrained_cycles(system, starts, newton=replace(BARE, budget=None))
    assert (len(bare.cycles), bare.index_sum) == (3, 3)
    assert (len(survey.cycles), survey.index_sum) == (5, 1)
    for saddle in survey.cycles[2:4]:
        planted_ones = [np.allclose(saddle.states[:, k], p[:, k], atol=1e-8) for k in range(2)]
        assert sorted(planted_ones) == [False, True]


def test_a_map_without_half_a_period_states_the_reason():
    system, _ = planted([2.0, 1.8, 0.5], n_steps=7)
    starts = np.random.default_rng(0).uniform(2, 3, size=(4, 3))
    assert half_period(system, starts) is None
    survey = find_entrained_cycles(system, starts, newton=BARE)
    assert survey.odd_symmetry
    assert survey.mirror_index_sum is None
    assert "not a whole number of the 7 steps" in survey.mirror_note
    assert survey.mirror_note in survey.cannot_exclude


@pytest.mark.parametrize("lean", [0.05, 1e-6])
def test_a_map_without_the_symmetry_is_surveyed_as_before(lean):
    system, _ = planted([2.0, 1.8, 0.5], lean=lean)
    starts = np.random.default_rng(0).uniform(-2, 2, size=(6, 3))
    assert half_period(system, starts) is None
    first, second = (
        find_entrained_cycles(system, starts, newton=NewtonStarts(budget=5, odd_symmetry=odd))
        for odd in (True, False)
    )
    assert first.mirror_index_sum is None
    assert (first.basins, first.mirror_note) == (second.basins, "")
    for one, other in zip(first.cycles, second.cycles, strict=True):
        np.testing.assert_array_equal(one.states, other.states)


def test_the_symmetry_is_checked_away_from_the_starts():
    """Odd for small states only: the starts see nothing of it."""

    def step(k, x):
        return np.where(np.abs(x) < 1, 0.5 * x, 0.5 * x + (x > 0)) + 0.1 * (-1) ** k

    system = SteppedMap(step, None, dimension=1, n_steps=2, forcing_cycles=1)
    starts = np.full((1, 1), 0.9)
    assert half_period(system, starts) is None
    assert half_period(system, starts / 100) == 1
