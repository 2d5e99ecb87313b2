"""Low-rank recurrent nets: W = (1/N) sum_r m_r n_r'."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.nets.leaky import LeakyParameters, LeakyRNN


@dataclass(frozen=True, kw_only=True, slots=True)
class LowRankParameters(LeakyParameters):
    """Settings of a low-rank net."""

    rank: int = 2
    loading_covariance: float = 0.6  # of n_r and m_r, before training

    def __post_init__(self) -> None:
        LeakyParameters.__post_init__(self)
        if not isinstance(self.rank, int) or not 1 <= self.rank <= self.n_units:
            raise ValueError(f"rank must lie between 1 and n_units, got {self.rank!r}.")
        if not -1 <= self.loading_covariance <= 1:
            raise ValueError(
                f"loading_covariance must lie in [-1, 1], got {self.loading_covariance!r}."
            )


class LowRankRNN(LeakyRNN):
    """A leaky rate net of low rank (Mastrogiuseppe and Ostojic, 2018; Pals et al., 2024).

    Input weights, m, n and the output scale are trained; the output weights are not.

    Parameters
    ----------
    parameters : LowRankParameters, optional
        Or its fields as keywords: ``LowRankRNN(n_units=512, rank=2)``.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    """

    kind: ClassVar[str] = "low-rank"
    settings: LowRankParameters

    def __init__(
        self,
        parameters: LowRankParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: float,
    ) -> None:
        super().__init__()
        p = parameters or LowRankParameters(**fields)  # type: ignore[arg-type]
        g = generator or torch.Generator().manual_seed(0)
        m = torch.randn(p.n_units, p.rank, generator=g)
        other = torch.randn(p.n_units, p.rank, generator=g)
        rho = p.loading_covariance
        self.settings = p
        self.m = nn.Parameter(m)
        self.n = nn.Parameter(rho * m + math.sqrt(1 - rho**2) * other)
        self.input_weights = nn.Parameter(torch.randn(p.n_units, p.n_inputs, generator=g))
        self.output_scale = nn.Parameter(torch.tensor(float(p.output_scale)))
        self.register_buffer("output_weights", torch.randn(p.n_units, generator=g) / p.n_units)

    def connectivity(self) -> tuple[Tensor, Tensor]:
        """Factors (m / N, n)."""
        return self.m / self.settings.n_units, self.n

    def input_matrix(self) -> Tensor:
        """B, shape (n_units, n_inputs)."""
        return self.input_weights

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """sum_r ξ_r m_r with ξ ~ N(0, 1), anew for each trial."""
        xi = torch.randn(batch_size, self.settings.rank, generator=generator, device=self.m.device)
        return xi.to(self.m.dtype) @ self.m.T
