import numpy as np
import pytest

from isochron.analysis import Flow, SteppedMap, find_fixed_points
from tests import truths

DOUBLE_WELL = Flow(
    lambda t, x: np.array([x[1], x[0] - x[0] ** 3 - 0.5 * x[1]]),
    lambda t, x: np.array([[0, 1], [1 - 3 * x[0] ** 2, -0.5]]),
)


def test_all_fixed_points_of_the_damped_double_well():
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(40, 2))
    found = find_fixed_points(DOUBLE_WELL, starts)
    assert sorted(round(p.point[0], 9) for p in found) == [-1, 0, 1]
    assert [p.stable for p in found] == [True, True, False]
    assert all(p.residual < 1e-10 for p in found)
    saddle = found[-1]
    exact = (-0.5 + np.sqrt(0.25 + 4)) / 2
    np.testing.assert_allclose(saddle.eigenvalues[0], exact, rtol=1e-9)
    assert sum(p.n_starts for p in found) <= 40


def test_fixed_points_of_a_map():
    system = SteppedMap(
        lambda k, x: 2 * np.tanh(x), lambda k, x, v: 2 * (1 - np.tanh(x) ** 2)[:, None] * v, 1
    )
    found = find_fixed_points(system, [[1.5], [-1.5], [0.01]])
    assert [p.stable for p in found] == [True, True, False]
    np.testing.assert_allclose(found[2].eigenvalues, [2.0], rtol=1e-8)


def test_a_driven_map_has_none():
    with pytest.raises(ValueError, match="forcing"):
        find_fixed_points(truths.bistable(), [[1.0]])


def test_a_start_that_leads_nowhere_is_not_counted():
    field = Flow(lambda t, x: x**2 + 1, lambda t, x: np.diag(2 * x))
    found = find_fixed_points(field, [[0.5], [2.0]])
    assert len(found) == 0
    assert len(found.failures) == 2
    assert all("Try other starts" in failure.message for failure in found.failures)


def test_deflation_finds_every_fixed_point_from_one_start():
    """Roots of a polynomial, -2 … 2, stable where its slope is negative: in turn."""
    roots = np.arange(-2.0, 3.0)
    polynomial = np.polynomial.Polynomial.fromroots(roots)
    slope = polynomial.deriv()
    field = Flow(lambda t, x: polynomial(x), lambda t, x: np.diag(slope(x)))
    assert len(find_fixed_points(field, [[0.1]])) == 1
    found = find_fixed_points(field, [[0.1]], deflations=8)
    np.testing.assert_allclose(sorted(p.point[0] for p in found), roots, atol=1e-9)
    assert [p.index for p in found] == [0, 0, 1, 1, 1]
    np.testing.assert_allclose(
        [p.eigenvalues[0] for p in found], [slope(p.point[0]) for p in found]
    )
    methods = {p.method for p in found}
    assert methods == {"Newton", "deflated Newton"}


def test_deflation_in_the_plane():
    found = find_fixed_points(DOUBLE_WELL, [[0.9, 0.1]], deflations=4)
    assert sorted(round(p.point[0], 9) for p in found) == [-1, 0, 1]


def test_a_degenerate_point_is_said_to_be_one():
    """x' = -x³ + y, y' = -y: attracting, but its eigenvalue is 0."""
    field = Flow(
        lambda t, x: np.array([-(x[0] ** 3) + x[1], -x[1]]),
        lambda t, x: np.array([[-3 * x[0] ** 2, 1.0], [0.0, -1.0]]),
    )
    (point,) = find_fixed_points(field, [[1e-2, 0.0]], max_iterations=100)
    assert point.degenerate
    regular = find_fixed_points(DOUBLE_WELL, [[0.9, 0.1]])[0]
    assert not regular.degenerate
    assert (regular.index, regular.tolerance) == (0, 1e-10)


def test_duplicates_are_merged_and_starts_counted():
    (point,) = find_fixed_points(DOUBLE_WELL, [[0.9, 0.0], [1.1, 0.0], [1.0, 0.05]])
    assert point.n_starts == 3


def test_a_wrong_jacobian_is_refused():
    """Planted fault: the sign of the damping is wrong in the derivative."""
    broken = Flow(DOUBLE_WELL.field, lambda t, x: np.array([[0, 1], [1 - 3 * x[0] ** 2, +0.5]]))
    found = find_fixed_points(broken, [[1.0, 0.0]])
    assert len(found) == 0
    assert "Check the Jacobian" in found.failures[0].message
    good = find_fixed_points(DOUBLE_WELL, [[1.0, 0.0]])[0]
    assert good.difference_quotient < 1e-8


def test_a_start_that_is_not_finite_fails_alone():
    found = find_fixed_points(DOUBLE_WELL, [[np.nan, 0.0], [1.1, 0.0]])
    assert (len(found), len(found.failures)) == (1, 1)
    with pytest.raises(ValueError, match="deflations"):
        find_fixed_points(DOUBLE_WELL, [[1.0, 0.0]], deflations=-1)


TOGGLE_RATE, TOGGLE_SIZE = 5e-11, 1e-9


def toggle_velocity(state):
    """Two genes that repress each other, in mol/l: no value is larger than 5e-9."""
    other = state[..., ::-1] / TOGGLE_SIZE
    return TOGGLE_RATE / (1 + other**2) - 0.01 * state


def toggle_saddle():
    """Its symmetric point, a root of a cubic, and the eigenvalues there."""
    roots = np.roots([1.0, 0.0, 1.0, -TOGGLE_RATE / 0.01 / TOGGLE_SIZE])
    ratio = float(roots[np.abs(roots.imag) < 1e-9].real[0])
    slope = TOGGLE_RATE / TOGGLE_SIZE * 2 * ratio / (1 + ratio**2) ** 2
    return ratio * TOGGLE_SIZE, slope - 0.01, -slope - 0.01


@pytest.mark.parametrize("start", [1e-13, 2e-9, 1e-5, 1e-3, 1.0])
@pytest.mark.parametrize("is_map", [False, True])
def test_a_start_of_any_size_finds_the_saddle_of_a_toggle_switch(start, is_map):
    system = (
        SteppedMap(lambda k, x: x + toggle_velocity(x), None, 2)
        if is_map
        else Flow(lambda t, x: toggle_velocity(x))
    )
    (point,) = find_fixed_points(system, [[start, start]])
    where, up, down = toggle_saddle()
    np.testing.assert_allclose(point.point, where, rtol=1e-9)
    # differences of order 4, of a function that bends over a length like its value: about 1e-9
    np.testing.assert_allclose(point.eigenvalues - is_map, [up, down], rtol=1e-6)
    assert not point.stable
    assert point.index == 1


def test_a_far_start_does_not_spoil_a_near_one():
    system = Flow(lambda t, x: toggle_velocity(x))
    near = [[1e-9, 2e-9], [5e-9, 1e-10]]
    alone = find_fixed_points(system, near)
    together = find_fixed_points(system, [*near, [1e-3, 1e-9], [1.0, 1.0]])
    assert len(alone) == 2
    assert len(together) == 2
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.point, other.point, rtol=1e-9)
        np.testing.assert_allclose(one.eigenvalues, other.eigenvalues, rtol=1e-6)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 1.3])
@pytest.mark.parametrize("start", [1e-11, 1e-12])
def test_a_gene_that_is_off_rests_at_zero(exponent, start):
    """Near 0 its velocity is -x + O(x**exponent), and it is not defined below 0."""

    def velocity(t, x):
        with np.errstate(invalid="ignore"):
            grown = (x / 1e-9) ** exponent
        return 3e-9 * grown / (1 + grown) - x

    (point,) = find_fixed_points(Flow(velocity), [[start]])
    assert abs(point.point[0]) < 1e-15
    assert point.stable
    # the derivative tends to -1 as the root, or the power 0.3, of a length of 1e-23
    np.testing.assert_allclose(point.eigenvalues, -1, atol=0.01)


@pytest.mark.parametrize("phase", [2.0, 5.0])
@pytest.mark.parametrize("is_map", [False, True])
def test_a_system_without_derivative_is_not_told_to_check_a_jacobian(phase, is_map):
    """The slope over a length h from 0 is sin(3 log h + phase) / 2 - 1, without a limit."""

    def velocity(x):
        return x * (0.5 * np.sin(3 * np.log(np.abs(x) + 1e-300) + phase) - 1)

    system = (
        SteppedMap(lambda k, x: x + velocity(x), None, 1)
        if is_map
        else Flow(lambda t, x: velocity(x))
    )
    search = find_fixed_points(system, [[0.0]])
    assert not search
    assert "Jacobian" not in search.failures[0].message
    assert "there is no derivative" in search.failures[0].message


def test_a_kink_next_to_a_point_does_not_change_its_derivative():
    """The slope is -0.5 at the point, and -1.5 from 1e-6 above it."""
    bend = 1e-6
    system = Flow(lambda t, x: -(x - 1) - 0.5 * np.abs(x - 1 - bend) + 0.5 * bend)
    (point,) = find_fixed_points(system, [[3.0]])
    np.testing.assert_allclose(point.point, 1, rtol=1e-9)
    # differences over 2e-8 of values with an error of 2e-16
    np.testing.assert_allclose(point.eigenvalues, -0.5, atol=1e-6)


@pytest.mark.parametrize("size", [1e-4, 1e-6, 1e-9])
def test_a_small_variable_next_to_a_large_one_keeps_its_digits(size):
    def velocity(t, x):
        g = x[1] / size
        return np.array([-(x[0] + 65), -(g - 1) * (g - 2) * (g - 3) * size])

    starts = [[-60.0, 0.8 * size], [-60.0, 1.9 * size], [-50.0, 3.3 * size]]
    search = find_fixed_points(Flow(velocity), starts)
    values = sorted(point.point[1] / size for point in search)
    np.testing.assert_allclose(values, [1, 2, 3], rtol=1e-9)
    assert [point.index for point in search] == [0, 0, 1]


@pytest.mark.parametrize("small", [1e-5, -1e-7, 1e-9, -1e-12])
@pytest.mark.parametrize("start", [0.01, 1e-6, 0.0])
def test_a_variable_that_is_small_by_chance_does_not_spoil_the_derivative(small, start):
    """The field bends over lengths near 1, wherever its zero lies."""
    weights = np.array([[0.3, -1.1, 0.4], [0.9, 0.2, -0.7], [-0.5, 0.8, 1.3]])
    rest, bias = np.array([small, 0.7, -1.2]), np.array([0.4, -0.2, 0.1])
    drive = rest - weights @ np.tanh(rest + bias)
    system = Flow(lambda t, x: weights @ np.tanh(x + bias) + drive - x)
    (point,) = find_fixed_points(system, [rest + start * np.array([1.0, -0.5, 0.7])])
    exact = np.linalg.eigvals(weights / np.cosh(rest + bias) ** 2 - np.eye(3))
    exact = exact[np.lexsort((-exact.imag, -exact.real))]
    np.testing.assert_allclose(point.point, rest, atol=1e-9)
    # differences of order 4 over 7e-4: 1e-12 of truncation and of rounding
    np.testing.assert_allclose(point.eigenvalues, exact, atol=1e-9)


@pytest.mark.parametrize("speed", [1e-7, -1e-9, 1e-12])
def test_a_start_that_has_nearly_come_to_rest(speed):
    """The speed at the start is not a length over which the field bends."""
    system = Flow(lambda t, x: DOUBLE_WELL(t, x))
    (point,) = find_fixed_points(system, [[0.9, speed], [1.1, speed]])
    # of x'' = -0.5 x' - 2 (x - 1)
    exact = -0.25 + 1j * np.sqrt(2 - 0.25**2) * np.array([1, -1])
    np.testing.assert_allclose(point.eigenvalues, exact, atol=1e-9)


def test_starts_may_be_any_collection():
    def growth(t, y):
        return 1 - y

    for starts in ({"a": [0.1]}.values(), iter([[0.1]]), ([0.1],)):
        assert len(find_fixed_points(Flow(growth), starts)) == 1
    with pytest.raises(ValueError, match="starts must be an array of numbers"):
        find_fixed_points(Flow(growth), [[1], [1, 2]])
