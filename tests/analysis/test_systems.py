import numpy as np
import pytest

from isochron.analysis import Flow, ShootingControl, SteppedMap, find_limit_cycle
from isochron.analysis.systems.differences import difference_tangent
from isochron.analysis.systems.family import SystemFamily
from isochron.analysis.systems.flow import flow
from isochron.analysis.systems.functions import black_box
from tests import truths


def test_differences_have_the_stated_accuracy():
    """Four orders in h: the error of a derivative of sin is h⁴/30, and rounding above it."""
    point, vectors = np.array([0.3, -1.2, 40.0]), np.array([[1.0, 1e-3], [0.0, 2e-3], [2.0, 0.0]])
    found = difference_tangent(np.sin, point, vectors, scale=1.0)
    np.testing.assert_allclose(found, np.cos(point)[:, None] * vectors, rtol=2e-11, atol=1e-15)


def test_differences_follow_the_scale():
    """A function that bends over 1e-6 needs that scale; with 1 the derivative is wrong."""
    point, vectors = np.array([3e-7]), np.eye(1)

    def function(x):
        return np.sin(x / 1e-6)

    exact = np.cos(0.3) / 1e-6
    right = difference_tangent(function, point, vectors, scale=1e-6)
    wrong = difference_tangent(function, point, vectors, scale=1.0)
    np.testing.assert_allclose(right[0, 0], exact, rtol=1e-10)
    assert abs(wrong[0, 0] / exact - 1) > 0.5


def test_a_field_without_jacobian_has_the_same_cycle():
    exact = truths.van_der_pol(1.0)
    bare = Flow(exact.field)
    np.testing.assert_allclose(
        bare.jacobian(0.0, np.array([1.0, 0.4])),
        exact.jacobian(0.0, np.array([1.0, 0.4])),
        atol=1e-11,
    )
    cycle = find_limit_cycle(
        bare, [2.0, 0.0], max_period=20.0, control=ShootingControl(tolerance=1e-11)
    )
    np.testing.assert_allclose(cycle.period, 6.66328685932313, rtol=1e-10)
    np.testing.assert_allclose(cycle.multipliers[0], 1.0, atol=1e-8)


def test_a_tangent_is_used_instead_of_the_matrix():
    exact = truths.stuart_landau()
    calls = []

    def tangent(t, x, v):
        calls.append(v.shape)
        return exact.jacobian(t, x) @ v

    free = Flow(exact.field, tangent=tangent)
    _, found = flow(free, [1.0, 0.1], 0.5, tangents=np.eye(2)[:, :1])
    _, expected = flow(exact, [1.0, 0.1], 0.5, tangents=np.eye(2)[:, :1])
    assert set(calls) == {(2, 1)}
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(free.jacobian(0, np.ones(2)), exact.jacobian(0, np.ones(2)))


class Simulator:
    """The bistable map with an internal state."""

    def __init__(self):
        self.x = np.array([1.0])
        self.inner = truths.bistable()

    def get(self):
        return self.x

    def put(self, x):
        self.x = x

    def step(self, k):
        self.x = self.inner.step(k, self.x)


def test_a_black_box_has_the_cycle_of_what_is_in_it():
    box = Simulator()
    system = black_box(box.get, box.put, box.step, n_steps=4, forcing_cycles=1)
    exact = find_limit_cycle(truths.bistable(), [1.0], control=ShootingControl(tolerance=1e-12))
    found = find_limit_cycle(system, [1.0], control=ShootingControl(tolerance=1e-12))
    np.testing.assert_allclose(found.point, exact.point, atol=1e-12)
    np.testing.assert_allclose(found.multipliers, exact.multipliers, rtol=1e-10)
    batch = system.advance(np.array([[1.0], [-1.0]]), 4)
    np.testing.assert_array_equal(batch, truths.bistable().advance(np.array([[1.0], [-1.0]]), 4))


def test_a_black_box_that_forgets_its_state_is_refused():
    box = Simulator()
    with pytest.raises(ValueError, match="set_state"):
        black_box(box.get, lambda x: box.put(2 * x), box.step)
    with pytest.raises(ValueError, match="shape"):
        black_box(lambda: 1.0, lambda x: None, box.step)


def test_a_family_varies_by_name():
    family = SystemFamily(truths.stuart_landau, {"mu": 1.0, "omega": 2.0, "c": 0.0})
    system = family.along("omega", "mu")(3.0, 0.25)
    np.testing.assert_allclose(system(0, np.array([0.5, 0.0])), [0.0, 1.5])
    with pytest.raises(ValueError, match=r"no parameter 'omga'.*omega"):
        family.along("omga")


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_a_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="scale"):
        Flow(lambda t, x: x, scale=scale)
    with pytest.raises(ValueError, match="scale"):
        SteppedMap(lambda k, x: x, None, 1, scale=scale)


def henon(k, x):
    return np.stack([1 - 1.4 * x[..., 0] ** 2 + x[..., 1], 0.3 * x[..., 0]], axis=-1)


def henon_in_one_array():
    buffer = np.zeros(2)

    def step(k, x):
        buffer[:] = henon(k, x)
        return buffer

    return step


def henon_in_place(k, x):
    x[:] = henon(k, x)
    return x


@pytest.mark.parametrize("step", [henon_in_one_array(), henon_in_place])
@pytest.mark.parametrize("tangent", [None, lambda k, x, v: [-2.8 * x[0] * v[0] + v[1], 0.3 * v[0]]])
def test_a_step_may_reuse_its_arrays_or_change_its_argument(step, tangent):
    start = np.array([0.1, 0.2])
    map_, plain = SteppedMap(step, tangent, 2), SteppedMap(henon, None, 2)
    np.testing.assert_array_equal(map_.orbit(start, 5), plain.orbit(start, 5))
    found, tangents = map_.advance(start, 5, tangents=np.eye(2))
    np.testing.assert_array_equal(found, plain.orbit(start, 5)[-1])
    np.testing.assert_allclose(np.linalg.det(tangents), (-0.3) ** 5, rtol=1e-7)
    np.testing.assert_array_equal(start, [0.1, 0.2])


@pytest.mark.parametrize("derivative", [True, False])
def test_a_field_may_reuse_its_arrays(derivative):
    """Van der Pol's period is the published one."""
    velocity, matrix = np.zeros(2), np.zeros((2, 2))

    def field(t, x):
        velocity[:] = x[1], (1 - x[0] ** 2) * x[1] - x[0]
        x[:] = np.nan
        return velocity

    def jacobian(t, x):
        matrix[:] = [[0, 1], [-2 * x[0] * x[1] - 1, 1 - x[0] ** 2]]
        return matrix

    cycle = find_limit_cycle(Flow(field, jacobian if derivative else None), [2, 0], max_period=20)
    assert cycle.found
    assert abs(cycle.period - 6.663286859) < 1e-8
