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
    with pytest.raises(ValueError, match="drive"):
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
    """x' = -x³ + y, y' = -y: attracting, but the eigenvalue 0 does not say so."""
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
