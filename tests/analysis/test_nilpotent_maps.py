"""Maps whose derivative has the eigenvalue 0 many times: a window of inputs that moves.

Rounding of size e moves an eigenvalue 0 of a chain of k states to the k-th root of e, 0.7 for a
hundred steps. The solvers must not take that for a multiplier.
"""

import numpy as np
import pytest

from isochron import analysis


def window(n, *, period, gain=0.0, delay=1):
    """n past values of x(t) = gain x(t - delay) + sine; the newest last. Linear."""

    def step(k, x):
        new = gain * x[..., -delay] + np.sin(2 * np.pi * k / period)
        return np.concatenate([x[..., 1:], new[..., None]], axis=-1)

    def tangent(k, x, vectors):
        return np.concatenate([vectors[1:], gain * vectors[-delay][None]])

    return analysis.SteppedMap(step, tangent, n, n_steps=period, forcing_cycles=1, bounded=True)


@pytest.mark.parametrize("n", [12, 120, 481])
@pytest.mark.parametrize("period", [1, 60])
def test_all_multipliers_of_a_moving_window_are_0(n, period):
    """Three solvers by size: parts of a product, dense, Arnoldi (which found 0.01 of 481)."""
    system = window(n, period=period)
    start = system.advance(np.random.default_rng(0).standard_normal(n), n if period == 1 else 0)
    cycle = analysis.find_limit_cycle(system, start)
    assert cycle.stable
    np.testing.assert_array_equal(cycle.multipliers, 0)
    if period > 1:
        newest = np.sin(2 * np.pi * np.arange(-n, 0) / period)
        np.testing.assert_allclose(cycle.point, newest, atol=1e-12)


@pytest.mark.parametrize("n", [12, 120, 241])
@pytest.mark.parametrize("gain", [0.99, 1.01])
def test_one_direction_that_feeds_back_is_found_among_the_zeros(n, gain):
    """x(t) = g x(t - 1): the multiplier g^60; the others 0 up to the root of rounding, 1e-16.

    Of 241 states the chain is 5 returns long: 1e-3.
    """
    system = window(n, period=60, gain=gain)
    cycle = analysis.find_limit_cycle(system, np.zeros(n))
    assert cycle.stable == (gain < 1)
    assert abs(cycle.multipliers[0]) == pytest.approx(gain**60, rel=1e-8)
    assert np.abs(cycle.multipliers[1:]).max() < 0.01


@pytest.mark.parametrize(("n", "atol"), [(12, 1e-10), (120, 1e-8)])
def test_a_delayed_feedback_has_the_roots_of_its_gain(n, atol):
    """x(t) = 0.9 x(t - 10): ten multipliers of modulus 0.9^(1/10), the others 0.

    A window of 120 has 110 zeros, which rounding moves to 1e-16^(1/110) = 0.7 at most.
    """
    found = analysis.floquet_multipliers(window(n, period=1, gain=0.9, delay=10), np.zeros(n))
    np.testing.assert_allclose(np.abs(found[:10]), 0.9**0.1, atol=atol)
    assert np.abs(found[10:]).max(initial=0) < 0.8


def test_the_survey_of_a_moving_window_is_complete_with_one_cycle():
    system = window(240, period=60)
    starts = np.random.default_rng(0).standard_normal((6, 240))
    survey = analysis.find_entrained_cycles(system, starts)
    assert survey.basins == (6,)
    assert survey.index_sum == 1
    assert survey.cycles[0].stable
