"""The torch engine: equal to the compiled one, and differentiable."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import sims
from isochron.sims.engines.elimination import plan_elimination
from isochron.sims.engines.torch_graded import GradedBatch
from isochron.sims.engines.torch_solve import SparseSolver


def laplacian_pattern(network):
    first, second = np.nonzero(np.triu(network.laplacian, 1))
    return first, second, plan_elimination(network.n_neurons, first, second)


def test_the_sparse_solver_solves(worm):
    """Against dense LAPACK, to rounding."""
    first, second, plan = laplacian_pattern(worm)
    solver = SparseSolver(plan, first, second, "cpu")
    rng = np.random.default_rng(0)
    diagonal = np.diag(worm.laplacian)[:, None] + rng.uniform(0.1, 1, (279, 3))
    right = rng.standard_normal((279, 3))
    off = worm.laplacian[first, second][:, None]
    found = solver.solve(*(torch.tensor(x) for x in (diagonal, off, right))).numpy()
    for k in range(3):
        matrix = worm.laplacian - np.diag(np.diag(worm.laplacian)) + np.diag(diagonal[:, k])
        np.testing.assert_allclose(found[:, k], np.linalg.solve(matrix, right[:, k]), rtol=1e-9)
    # As many entries as the compiled engine's factor; few levels, then a small dense block.
    assert plan.n_entries < 1500
    assert len(plan.levels) < 20


@pytest.mark.parametrize("shared", [True, False])
def test_the_gradient_of_the_solver(shared):
    first, second = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 3])
    solver = SparseSolver(plan_elimination(5, first, second), first, second, "cpu")
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        x = torch.rand(shape, dtype=torch.float64, generator=generator)
        return x.requires_grad_()

    diagonal = (draw(5, 3).detach() + 4).requires_grad_()
    arguments = (diagonal, draw(4, 1 if shared else 3), draw(5, 3))
    assert torch.autograd.gradcheck(solver.solve, arguments)


def test_a_matrix_that_is_not_positive_definite_harms_only_its_member():
    first, second = np.array([0, 1, 0]), np.array([1, 2, 2])
    solver = SparseSolver(plan_elimination(3, first, second), first, second, "cpu")
    diagonal = torch.tensor([[3.0, -3.0]] * 3, dtype=torch.float64)
    off, right = torch.ones(3, 1, dtype=torch.float64), torch.ones(3, 2, dtype=torch.float64)
    found = solver.solve(diagonal, off, right)
    np.testing.assert_allclose(found[:, 0], 0.2)
    assert found[:, 1].isnan().all()


@pytest.mark.parametrize("rule", sims.THRESHOLD_RULES)
def test_torch_and_numba_are_equal(small, drive, rule):
    runs = [
        sims.simulate(
            small, drive, engine=engine, duration_s=0.4, step_ms=1, record_every_ms=20,
            threshold_rule=rule, rng=np.random.default_rng(0),
        )
        for engine in ("numba", "torch")
    ]  # fmt: skip
    for name in ("V", "s"):
        np.testing.assert_allclose(runs[1][name], runs[0][name], rtol=0, atol=1e-10)


def flow(batch, parameters, current, n_steps=5):
    """A number that depends on every part of the step."""
    thresholds = batch.thresholds(current, parameters)
    v, s = thresholds + 3 * torch.sin(torch.arange(20.0))[:, None], torch.full_like(current, 0.1)
    for _ in range(n_steps):
        v, s = batch.step((v, s), current, thresholds, 4.0, parameters)
    return (v**2).mean() + 100 * (s * v).mean()


NAMES = ["capacitance", "gap_conductance", "synaptic_conductance", "inhibitory_reversal",
         "activation_rate", "steepness", "contacts", "gap_contacts"]  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, "current"])
def test_gradients_against_finite_differences(small, drive, name):
    """Central differences, relative step 1e-5: good to 1e-9 of truncation, 1e-8 of rounding."""
    batch = GradedBatch([small])
    current = torch.tensor(drive.constant(small.connectome))[:, None].repeat(1, 2)

    def value(x):
        if name == "current":
            return flow(batch, batch.parameters, x)
        return flow(batch, replace(batch.parameters, **{name: x}), current)

    x = (current if name == "current" else getattr(batch.parameters, name)).clone()
    x.requires_grad_()
    value(x).backward()
    assert x.grad is not None
    direction = (
        torch.rand_like(x)
        if name == "current"
        else x.detach() * torch.linspace(0.5, 1.5, x.numel(), dtype=x.dtype).reshape(x.shape)
    )
    with torch.no_grad():
        difference = (value(x + 1e-5 * direction) - value(x - 1e-5 * direction)) / 2e-5
    analytic = (x.grad * direction).sum()
    assert abs(float(analytic)) > 1e-6
    assert float(analytic) == pytest.approx(float(difference), rel=1e-6)


def test_thresholds_are_those_of_the_network(small, drive):
    batch = GradedBatch([small, small])
    current = drive.constant(small.connectome)
    found = batch.thresholds(torch.tensor(np.stack([current, 2 * current], axis=1)))
    np.testing.assert_allclose(found[:, 1], small.thresholds(2 * current), atol=1e-10)
