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
    assert find_fixed_points(field, [[0.5], [2.0]]) == []
