import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import expm

from isochron.analysis import Flow
from isochron.analysis import flow as integrate
from isochron.analysis.systems.integration import _GAMMA, _NODES, _STAGES
from tests import truths


def test_the_implicit_method_meets_the_order_conditions():
    """The eight conditions of order 4 (Hairer, Nørsett and Wanner, II.2)."""
    a = np.zeros((5, 5))
    for i, row in enumerate(_STAGES):
        a[i, : len(row)] = row
        a[i, i] = _GAMMA
    b, c = a[-1], np.array(_NODES)
    np.testing.assert_allclose(a.sum(axis=1), c, atol=1e-15)
    conditions = [
        (b.sum(), 1),
        (b @ c, 1 / 2),
        (b @ c**2, 1 / 3),
        (b @ a @ c, 1 / 6),
        (b @ c**3, 1 / 4),
        (b @ (c * (a @ c)), 1 / 8),
        (b @ a @ c**2, 1 / 12),
        (b @ a @ a @ c, 1 / 24),
    ]
    for found, expected in conditions:
        np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("stiff", [False, True])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_a_linear_flow_is_the_matrix_exponential(stiff, as_sparse):
    matrix = np.array([[-1.0, 2.0, 0.0], [-2.0, -1.0, 0.5], [0.0, 0.0, -40.0]])
    shape = sparse.csc_array(matrix) if as_sparse else matrix
    field = Flow(lambda t, x: matrix @ x, lambda t, x: shape, stiff=stiff)
    end, tangents = integrate(field, np.ones(3), 1.5, tangents=np.eye(3))
    exact = expm(1.5 * matrix)
    # 1e-12 and 1e-9 are the tolerances of the two integrators; the tangents of the stiff
    # one have an additional error, of order 4 in its steps.
    np.testing.assert_allclose(end, exact @ np.ones(3), atol=1e-7 if stiff else 1e-10)
    np.testing.assert_allclose(tangents, exact, atol=1e-5 if stiff else 1e-10)


def test_states_at_given_times():
    times = np.linspace(0, 2, 9)
    states = integrate(truths.stuart_landau(omega=2.0), np.array([1.0, 0.0]), 2.0, times=times)
    np.testing.assert_allclose(states, np.c_[np.cos(2 * times), np.sin(2 * times)], atol=1e-9)


@pytest.mark.parametrize("duration", [0.0, -1.0, np.nan, np.inf])
def test_a_bad_duration_is_refused_before_integrating(duration):
    with pytest.raises(ValueError, match="duration must be positive"):
        integrate(truths.stuart_landau(), np.ones(2), duration)


def test_an_explosion_is_an_error():
    field = Flow(lambda t, x: x**2, lambda t, x: np.diag(2 * x))
    with pytest.raises(ArithmeticError, match="Integration failed"):
        integrate(field, np.ones(1), 2.0)
