"""Errors for objects that are not systems, and for systems whose values do not fit the state."""

import numpy as np
import pytest
import torch

from isochron.analysis import (
    Flow,
    SteppedMap,
    compute_lyapunov_spectrum,
    find_all_attractors,
    find_entrained_cycles,
    find_fixed_points,
    find_limit_cycle,
    uniform_box,
)


def survey(system):
    rng = np.random.default_rng(0)
    sampler = uniform_box([-1.0, -1.0], [1.0, 1.0])
    return find_all_attractors(system, sampler, rng, transient=10, observation=40, n_starts=2)


SEARCHES = {
    "find_fixed_points": lambda system: find_fixed_points(system, [[0.1, 0.2]]),
    "find_limit_cycle": lambda system: find_limit_cycle(system, [0.1, 0.2], max_period=5.0),
    "find_all_attractors": survey,
    "compute_lyapunov_spectrum": lambda system: compute_lyapunov_spectrum(
        system, [0.1, 0.2], block=10, n_blocks=2
    ),
}


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("system", [lambda t, x: -x, torch.nn.GRUCell(2, 2), 3.0, "flow"])
def test_what_is_no_system_is_told_how_to_become_one(search, system):
    with pytest.raises(TypeError, match=r"is not a system.*Flow\(.*SteppedMap\(.*ModuleMap"):
        SEARCHES[search](system)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_complex_velocity_is_an_error(search):
    """Without its imaginary part the field -x + i would have a fixed point."""
    with pytest.raises(ValueError, match="velocity is complex"):
        SEARCHES[search](Flow(lambda t, x: -x + 1j))


@pytest.mark.parametrize("search", SEARCHES)
def test_a_velocity_of_another_shape_is_an_error(search):
    with pytest.raises(ValueError, match=r"velocity has the shape \(3,\), .*state has \(2,\)"):
        SEARCHES[search](Flow(lambda t, x: np.append(-x, 0.0)))


def test_a_step_for_one_state_only_is_named():
    single = SteppedMap(lambda k, x: np.array([x[1], -0.5 * x[0]]), None, 2)
    with pytest.raises(ValueError, match=r"for several states.*Index variables as x\[\.\.\., 0\]"):
        survey(single)
    assert len(find_fixed_points(single, [[0.1, 0.2]])) == 1


def test_one_start_is_a_list_of_one():
    points = find_fixed_points(Flow(lambda t, x: np.stack([-x[0], -x[1]])), [1.0, 2.0])
    np.testing.assert_allclose(points[0].point, 0, atol=1e-12)


@pytest.mark.parametrize("name", ["max_period", "period_guess"])
@pytest.mark.parametrize("value", ["5", True, 1j])
def test_a_duration_that_is_no_number_is_named(name, value):
    field = Flow(lambda t, x: np.array([x[1], -x[0]]))
    with pytest.raises(TypeError, match=f"{name} must be a number, got"):
        find_limit_cycle(field, [1.0, 0.0], **{name: value})


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1e9, 1e12])
def test_the_unit_of_time_does_not_matter(unit):
    """The normal form of a Hopf bifurcation in all units of time: multipliers 1 and exp(-2)."""

    def velocity(t, x):
        growth = 1 - x @ x
        return np.array([growth * x[0] - 2 * np.pi * x[1], growth * x[1] + 2 * np.pi * x[0]]) / unit

    cycle = find_limit_cycle(Flow(velocity), [0.5, 0.1], max_period=10 * unit)
    assert cycle.found, cycle.message
    assert cycle.period == pytest.approx(unit, rel=1e-9)
    np.testing.assert_allclose(np.sort(cycle.multipliers.real), [np.exp(-2), 1], rtol=1e-7)


def test_a_map_that_repeats_has_its_starts_checked():
    """`find_entrained_cycles` also accepts one start."""
    forced = SteppedMap(lambda k, x: 0.5 * x + k, None, 1, n_steps=2, forcing_cycles=1)
    assert len(find_entrained_cycles(forced, [0.3]).stable) == 1
