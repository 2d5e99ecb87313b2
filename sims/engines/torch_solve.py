"""Solve sparse symmetric positive definite systems with one pattern in torch, with gradients.

Arrays have the neurons first and the members of the batch last, so that each operation runs
along the members.
"""

from typing import Any

import numpy as np
import torch

from isochron.sims.engines.elimination import Plan

Tensor = torch.Tensor


def plan_dense(n: int, first: np.ndarray, second: np.ndarray) -> Plan:
    """Plan without levels: one dense factorization, faster than many small operations."""
    edges = np.arange(len(first))
    row, column = np.maximum(first, second), np.minimum(first, second)
    return Plan(np.arange(n), len(first), [], 0, row, column, edges, edges)


class SparseSolver:
    """Solver for symmetric matrices with a diagonal and entries at given places.

    Parameters
    ----------
    plan : Plan
        Plan of the elimination.
    first, second : ndarray of int, shape (n_edges,)
        Row and column of the off-diagonal entries, each pair once.
    device : torch.device or str
        Device of the matrices.
    """

    def __init__(self, plan: Plan, first: Any, second: Any, device: Any) -> None:
        def index(array: Any) -> Tensor:
            return torch.as_tensor(array, dtype=torch.int64, device=device)

        self.plan = plan
        self.order = index(plan.order)
        self.first, self.second = index(first), index(second)
        self.edge_entry = index(plan.edge_entry)
        self.dense_row, self.dense_column = index(plan.dense_row), index(plan.dense_column)
        self.dense_entry = index(plan.dense_entry)
        self.levels = [
            (level.columns, level.entries, *map(index, level[2:])) for level in plan.levels
        ]

    def solve(self, diagonal: Tensor, off_diagonal: Tensor, right: Tensor) -> Tensor:
        """The solution of (diagonal and off-diagonal entries) x = right; differentiable once.

        Parameters
        ----------
        diagonal, right : Tensor, shape (n, n_members)
        off_diagonal : Tensor, shape (n_edges, n_members or 1)

        Returns
        -------
        Tensor, shape (n, n_members)
            NaN for a member whose matrix is not positive definite.
        """
        return _Solve.apply(self, diagonal, off_diagonal, right)  # pyright: ignore[reportReturnType]

    def factorize(self, diagonal: Tensor, off_diagonal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """L and D of L D L', and the Cholesky factor of the dense block."""
        n_members = diagonal.shape[1]
        d = diagonal[self.order]
        factor = diagonal.new_zeros((self.plan.n_entries, n_members))
        factor[self.edge_entry] = off_diagonal.expand(-1, n_members)
        for columns, entries, row, column, left, right, place in self.levels:
            value = factor[entries]
            ratio = value / d[columns][column]
            d.index_add_(0, row, ratio * value, alpha=-1)
            factor.index_add_(0, place, ratio[left] * value[right], alpha=-1)
            factor[entries] = ratio
        m = d.shape[0] - self.plan.dense_from
        dense = torch.diag_embed(d[self.plan.dense_from :].T)
        dense[:, self.dense_row, self.dense_column] = factor[self.dense_entry].T
        if m:
            dense, failed = torch.linalg.cholesky_ex(dense)
            dense = torch.where((failed > 0)[:, None, None], torch.nan, dense)
        return factor, d, dense

    def substitute(self, factors: tuple[Tensor, Tensor, Tensor], right: Tensor) -> Tensor:
        """Solution for one right-hand side."""
        factor, d, dense = factors
        x = right[self.order]
        for columns, entries, row, column, *_ in self.levels:
            x.index_add_(0, row, factor[entries] * x[columns][column], alpha=-1)
        rest = x[self.plan.dense_from :]
        if rest.shape[0]:
            rest[:] = torch.cholesky_solve(rest.T[..., None], dense)[..., 0].T
        for columns, entries, row, column, *_ in reversed(self.levels):
            part = x[columns] / d[columns]
            x[columns] = part.index_add_(0, column, factor[entries] * x[row], alpha=-1)
        result = torch.empty_like(x)
        result[self.order] = x
        return result


class _Solve(torch.autograd.Function):
    """x = M⁻¹ b. Its vjp is the solution λ of M λ = dx with the same matrix, as M is symmetric."""

    @staticmethod
    def forward(
        ctx: Any, solver: SparseSolver, diagonal: Tensor, off: Tensor, right: Tensor
    ) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        factors = solver.factorize(diagonal, off)
        x = solver.substitute(factors, right)
        ctx.solver, ctx.shared = solver, off.shape[1] == 1
        ctx.save_for_backward(x, *factors)
        return x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, *factors = ctx.saved_tensors
        solver: SparseSolver = ctx.solver
        multiplier = solver.substitute(tuple(factors), gradient)
        off = -multiplier[solver.first] * x[solver.second]
        off -= multiplier[solver.second] * x[solver.first]
        if ctx.shared:
            off = off.sum(dim=1, keepdim=True)
        return None, -multiplier * x, off, multiplier
