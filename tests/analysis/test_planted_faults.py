"""Planted faults, and the check that detects each.

Others: tangents that shrink too fast and a transposed Jacobian in test_limit_cycles, the trace in
test_floquet, the residual of the phase response in test_phase_response.
"""

import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    continue_fixed_points,
    find_entrained_cycles,
    find_limit_cycle,
    find_phase_response,
)
from isochron.analysis.limit_cycles import search
from tests import truths

MATRICES = np.array([[[0.5, 1.0], [0.0, 0.2]], [[0.3, 0.0], [2.0, 0.4]], [[0.0, 1.0], [1.0, 0.1]]])
PUSH = np.array([[1.0, 0.0], [0.0, 0.5], [-0.3, 0.2]])


def driven_products(tangent):
    return SteppedMap(
        lambda k, x: x @ MATRICES[k].T + PUSH[k], tangent, dimension=2, n_steps=3, forcing_cycles=1
    )


@pytest.mark.parametrize(
    "order",
    [lambda k, v: MATRICES[2 - k] @ v, lambda k, v: MATRICES[k].T @ v],
    ids=["reversed", "transposed"],
)
def test_a_product_of_jacobians_in_the_wrong_order_is_refused(order):
    """Its determinant and the orbit are right, its eigenvalues are not."""
    right = find_limit_cycle(driven_products(lambda k, x, v: MATRICES[k] @ v), np.zeros(2))
    assert right.found, right.message
    wrong = find_limit_cycle(driven_products(lambda k, x, v: order(k, v)), right.point)
    assert not wrong.found
    assert "difference" in wrong.message


@pytest.mark.parametrize(
    ("system", "start"),
    [(truths.stuart_landau(), [1.05, 0.02]), (truths.van_der_pol(1.0), [2.0, 0.0])],
)
def test_a_jacobian_of_the_wrong_sign_gives_no_cycle(system, start):
    right = find_limit_cycle(system, start, max_period=20.0)
    assert right.found, right.message
    wrong = Flow(system.field, lambda t, x: -system.jacobian(t, x))
    cycle = find_limit_cycle(wrong, right.point, period_guess=right.period)
    assert not cycle.found


def test_without_the_search_for_divisors_two_rounds_pass_for_one(monkeypatch):
    """The period doubles and the multiplier is squared, and all other checks pass."""
    options: dict[str, Any] = {
        "period_guess": 4 * np.pi,
        "control": ShootingControl(tolerance=1e-10),
    }
    once = find_limit_cycle(truths.stuart_landau(mu=0.1), [0.33, 0.0], **options)
    monkeypatch.setattr(search, "least_divisor", lambda back, cycle: 1)
    twice = find_limit_cycle(truths.stuart_landau(mu=0.1), [0.33, 0.0], **options)
    np.testing.assert_allclose([once.period, twice.period], [2 * np.pi, 4 * np.pi], rtol=1e-8)
    np.testing.assert_allclose(twice.multipliers, once.multipliers**2, atol=1e-7)
    assert max(twice.checks.values()) < 1e-3


@pytest.mark.slow
def test_a_census_that_merges_too_much_or_nothing_counts_wrong():
    starts = np.random.default_rng(0).normal(size=(12, 1))
    assert len(find_entrained_cycles(truths.bistable(), starts).cycles) == 3
    assert len(find_entrained_cycles(truths.bistable(), starts, merge_tolerance=3.0).cycles) == 1
    assert len(find_entrained_cycles(truths.bistable(), starts, merge_tolerance=0.0).cycles) > 3


def test_a_cycle_with_a_wrong_period_has_no_phase_response():
    """Period too long by 0.5 %: M(T) moves the velocity, and Z·f = Ω is wrong at other phases."""
    system = truths.van_der_pol(1.0)
    cycle = find_limit_cycle(system, [2.0, 0.0], max_period=20.0)
    good = find_phase_response(system, cycle)
    wrong = dataclasses.replace(cycle, period=1.005 * cycle.period)
    try:
        residual = find_phase_response(system, wrong).residual
    except (ArithmeticError, ValueError):
        return
    assert residual > 1e3 * good.residual


def test_a_branch_with_a_jacobian_of_the_wrong_sign_is_lost():
    right = lambda p: truths.cusp(p, 1.0)  # noqa: E731
    wrong = lambda p: Flow(right(p).field, lambda t, x: -right(p).jacobian(t, x))  # noqa: E731
    assert len(continue_fixed_points(right, [-1.6], -2.0, limits=(-2.0, 2.0)).points) > 10
    branch = continue_fixed_points(wrong, [-1.6], -2.0, limits=(-2.0, 2.0))
    assert branch.points == ()
    assert "converge" in branch.message
