"""Cycles of maps that represent a flow: the length of the step is an unknown."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron.analysis import (
    LimitCycle,
    ShootingControl,
    SteppedMap,
    find_limit_cycle,
    find_phase_response,
    flow,
    perturbed_phase_response,
)
from isochron.analysis.floquet import ReturnMap
from isochron.analysis.systems.extrapolation import ExtrapolatedMap
from tests import truths

PERIOD, LOG_MULTIPLIER = 6.66328685932313, -7.0589328088  # van der Pol, mu = 1


@dataclasses.dataclass(frozen=True)
class VanDerPolSteps:
    """x'' = (1 - x²) x' - x in symmetric steps of second order.

    x over h/2 with y fixed, y by the midpoint rule with x fixed, x over h/2.
    """

    step_ms: float
    dimension: int = 2
    n_steps: int = 1
    forcing_cycles: int = 0
    tangent_fault: float = 0.0

    def with_step(self, step_ms):
        return dataclasses.replace(self, step_ms=step_ms)

    def advance(self, state, n_steps, *, start=0, tangents=None):
        h, (x, y) = self.step_ms, np.moveaxis(np.array(state, dtype=float), -1, 0)
        dx, dy = (0.0, 0.0) if tangents is None else tangents
        for _ in range(n_steps):
            x, dx = x + h / 2 * y, dx + h / 2 * dy
            slope, bend = h / 2 * (1 - x * x), -h * x
            later = ((1 + slope) * y - h * x) / (1 - slope)
            dy = ((1 + slope) * dy + (bend * (y + later) - h) * dx) / (1 - slope)
            y = later
            x, dx = x + h / 2 * y, dx + h / 2 * dy
        end = np.stack([x, y], axis=-1)
        return end if tangents is None else (end, (1 + self.tangent_fault) * np.array([dx, dy]))

    def orbit(self, state, n_steps, *, start=0):
        states: list[Any] = [np.array(state, dtype=float)]
        for _ in range(n_steps):
            states.append(self.advance(states[-1], 1))
        return np.array(states)


def find_cycle(system: Any, **options: Any) -> LimitCycle:
    names = ("period_guess", "max_period")
    periods: dict[str, Any] = {"period_guess": 6.67} | {
        k: v for k, v in options.items() if k in names
    }
    how: dict[str, Any] = {k: v for k, v in options.items() if k not in names}
    control = ShootingControl(**{"tolerance": 1e-11, **how})
    cycle = find_limit_cycle(system, [2.0, 0.0], control=control, **periods)
    assert cycle.found, cycle.message
    assert cycle.autonomous
    return cycle


def extrapolated(n_levels: int, step: float) -> Any:
    system = VanDerPolSteps(step)
    return system if n_levels == 1 else ExtrapolatedMap(system, n_levels=n_levels)


@pytest.mark.parametrize("n_levels", [1, 2])
def test_period_and_multiplier_converge_with_order_of_twice_the_levels(n_levels):
    """256 and 512 steps in a period: errors 4 and 16 times smaller."""
    errors = []
    for step in (0.027, 0.0135):
        cycle = find_cycle(extrapolated(n_levels, step))
        assert len(cycle.states) == 1 + 256 * round(0.027 / step)
        # All orbits on the circle of the map are cycles, except for exponentially small terms.
        np.testing.assert_allclose(cycle.multipliers[0], 1, atol=1e-6)
        errors.append([cycle.period, np.log(np.real(cycle.multipliers[1]))])
    errors = np.abs(np.array(errors) - [PERIOD, LOG_MULTIPLIER])
    orders = np.log2(errors[0] / errors[1])
    np.testing.assert_allclose(orders, 2 * n_levels, atol=0.35)


def test_three_levels_reach_the_published_digits():
    cycle = find_cycle(extrapolated(3, 0.027))
    np.testing.assert_allclose(cycle.period, PERIOD, rtol=1e-8)
    np.testing.assert_allclose(np.log(np.real(cycle.multipliers[1])), LOG_MULTIPLIER, atol=1e-6)


@pytest.mark.parametrize("n_levels", [1, 2, 3, 4])
def test_states_and_tangents_converge_with_order_of_twice_the_levels(n_levels):
    """A third of a turn in 16 and 32 steps, against order 8 at a tolerance of 1e-12."""
    start, everything = np.array([2.0, 0.0]), np.eye(2)
    exact = flow(truths.van_der_pol(1.0), start, 2.0, tangents=everything)
    errors = []
    for n_steps in (16, 32):
        found = extrapolated(n_levels, 2.0 / n_steps).advance(start, n_steps, tangents=everything)
        errors.append([np.linalg.norm(x - y) for x, y in zip(found, exact, strict=True)])
    orders = np.log2(np.array(errors[0]) / errors[1])
    np.testing.assert_allclose(orders, 2 * n_levels, atol=0.6)


@pytest.mark.parametrize(
    "options",
    [
        {"period_guess": None, "max_period": 9.0},
        {"period_guess": 2 * 6.665},
        {"period_guess": 3 * 6.667},
        {"n_segments": 3},
        {"n_segments": 4},
        {"method": "krylov", "n_multipliers": 2},
    ],
    ids=lambda options: "-".join(options),
)
def test_every_way_leads_to_the_same_cycle(options):
    """From a first return, after several returns, with several segments, without the matrix."""
    system = VanDerPolSteps(0.027)
    plain, other = find_cycle(system), find_cycle(system, **options)
    assert len(other.states) == 257
    assert other.times[-1] == pytest.approx(other.period)
    np.testing.assert_allclose(other.period, plain.period, rtol=1e-9)
    np.testing.assert_allclose(other.multipliers, plain.multipliers, atol=1e-8)


def test_the_derivative_by_the_period_is_the_velocity():
    """At a step of zero; the midpoint rule is off by O(h²)."""
    back = ReturnMap(VanDerPolSteps(0.002), 2.0)
    start = np.array([2.0, 0.0])
    end = back(start)
    np.testing.assert_allclose(back.stretch(start, end), truths.van_der_pol(1.0)(0, end), atol=1e-4)


@pytest.mark.parametrize(("n_levels", "tolerance"), [(1, 2e-3), (3, 2e-6)])
def test_the_response_of_a_map_is_that_of_the_flow_and_of_pushing(n_levels, tolerance):
    """That of the flow differs by the error of the step, that of pushes by size² and rounding."""
    system = extrapolated(n_levels, 0.027)
    cycle = find_cycle(system)
    found = find_phase_response(system, cycle, n_nodes=32, tolerance=1e-6)
    field = truths.van_der_pol(1.0)
    exact = find_limit_cycle(
        field, cycle.point, period_guess=PERIOD, control=ShootingControl(tolerance=1e-12)
    )
    truth = find_phase_response(field, exact, n_nodes=32)
    np.testing.assert_allclose(found.response, truth.response, atol=tolerance)
    chosen = [0, 3, 8, 21]
    pushed = perturbed_phase_response(
        system, cycle, found.phases[chosen], np.array([0.6, -0.8]), size=1e-4
    )
    np.testing.assert_allclose(pushed, found.response[chosen] @ [0.6, -0.8], atol=1e-6)


def test_a_wrong_derivative_of_a_map_is_seen():
    """Planted fault: tangents that grow by a factor of 1.001 too much in every run."""
    cycle = find_cycle(VanDerPolSteps(0.027))
    with pytest.raises(ArithmeticError, match="step of a map"):
        find_phase_response(VanDerPolSteps(0.027, tangent_fault=1e-3), cycle, n_nodes=32)


def test_nodes_fall_on_steps():
    system = VanDerPolSteps(0.027)
    with pytest.raises(ValueError, match="256 steps"):
        find_phase_response(system, find_cycle(system), n_nodes=100)


def test_a_map_of_fixed_step_has_no_period_of_its_own():
    turn = SteppedMap(lambda k, x: -x, lambda k, x, v: -v, dimension=2)
    with pytest.raises(ValueError, match="with_step"):
        find_limit_cycle(turn, [1.0, 0.0], period_guess=2.0)
    with pytest.raises(ValueError, match="with_step"):
        ExtrapolatedMap(turn)
    cycle = find_cycle(VanDerPolSteps(0.027), n_multipliers=0)
    with pytest.raises(ValueError, match="map of fixed step|phase of its forcing"):
        find_phase_response(turn, cycle)


@pytest.mark.parametrize("n_levels", [1, 7, 2.5])
def test_levels_are_two_to_six(n_levels):
    with pytest.raises(ValueError, match="n_levels"):
        ExtrapolatedMap(VanDerPolSteps(0.1), n_levels=n_levels)


def test_extrapolation_is_exact_for_a_polynomial_in_the_square_of_the_step():
    """Three levels remove h² and h⁴: a run with only these errors becomes exact."""

    @dataclasses.dataclass(frozen=True)
    class Polynomial:
        step_ms: float
        dimension: int = 1
        n_steps: int = 1
        forcing_cycles: int = 0

        def with_step(self, step_ms: float) -> Any:
            return dataclasses.replace(self, step_ms=step_ms)

        def advance(self, state, n_steps, *, start=0, tangents=None):
            error = 3 * self.step_ms**2 - 7 * self.step_ms**4
            return np.asarray(state) + n_steps * self.step_ms * (1 + error)

    end = ExtrapolatedMap(Polynomial(0.5), n_levels=3).advance(np.array([1.0]), 8)
    np.testing.assert_allclose(end, 5.0, rtol=1e-13)
    end = ExtrapolatedMap(Polynomial(0.5), n_levels=2).advance(np.array([1.0]), 8)
    assert abs(end[0] - 5.0) > 0.1


def test_a_variable_that_turns_without_end_is_named():
    """x' = 1 never returns; as for a vector field, the message names x as an angle."""

    @dataclasses.dataclass(frozen=True)
    class Turning:
        step_ms: float
        dimension: int = 1
        n_steps: int = 1
        forcing_cycles: int = 0

        def with_step(self, step_ms: float) -> Any:
            return dataclasses.replace(self, step_ms=step_ms)

        def advance(self, state, n_steps, *, start=0, tangents=None):
            end = np.asarray(state) + n_steps * self.step_ms
            return end if tangents is None else (end, tangents)

        def orbit(self, state, n_steps, *, start=0):
            return np.stack([self.advance(state, k) for k in range(n_steps + 1)])

    cycle = find_limit_cycle(Turning(0.1), [0.0], max_period=10.0)
    assert not cycle.found
    assert "give angles=(0,)" in cycle.message
