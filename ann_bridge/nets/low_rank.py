"""Low-rank recurrent networks: W = (1/N) sum_r m_r n_r'."""

import math
from typing import Any, ClassVar, Self

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.nets.arrays import checked_arrays, fit_sizes
from isochron.ann_bridge.nets.leaky import LeakyRNN, draw_output_weights
from isochron.ann_bridge.nets.leaky_parameters import LowRankParameters


class LowRankRNN(LeakyRNN):
    """A leaky rate network of low rank, W = (1/N) sum_r m_r n_r'.

    Input weights, m, n and the output scale are trained; the output weights are not.

    Parameters
    ----------
    parameters : LowRankParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `LowRankParameters` as keywords.

    References
    ----------
    Mastrogiuseppe and Ostojic (2018), Neuron 99:609; Pals, Macke and Barak (2024), bioRxiv
    2023.04.11.536352.

    Examples
    --------
    >>> net = ann_bridge.LowRankRNN(n_units=100, rank=2)
    >>> left, right = net.connectivity()
    >>> weights = (left @ right.T).detach().numpy()
    >>> weights.shape, np.linalg.matrix_rank(weights).item()
    ((100, 100), 2)
    """

    kind: ClassVar[str] = "low-rank"
    parameters_type = LowRankParameters
    settings: LowRankParameters

    def __init__(
        self,
        parameters: LowRankParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        m = normal(p.n_units, p.rank, generator=g)
        other = normal(p.n_units, p.rank, generator=g)
        self.m = nn.Parameter(m)
        self.n = nn.Parameter(_correlated(p, m, other))
        self.input_weights = nn.Parameter(normal(p.n_units, p.n_inputs, generator=g))
        self.output_scale = nn.Parameter(p.output_scale + zeros())
        self.register_buffer("output_weights", draw_output_weights(p, g))

    @classmethod
    def from_loadings(
        cls,
        m: ArrayLike,
        n: ArrayLike,
        *,
        input_weights: ArrayLike,
        output_weights: ArrayLike,
        output_scale: float = 1.0,
        **fields: Any,
    ) -> Self:
        """A network from arrays: W = (1/N) m n', output = output_scale output_weights'x.

        In current form by default; ``form="rate"`` as in `FullRankRNN.from_weights`.

        Parameters
        ----------
        m : array_like, shape (n_units, rank)
            Left loadings: directions in which the recurrence moves the state.
        n : array_like, shape (n_units, rank)
            Right loadings: directions along which it reads the rates.
        input_weights : array_like, shape (n_units, n_inputs)
            Input weights B.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            A single output may also be a column (n_units, 1) or, as the ``weight`` of torch's
            ``Linear(n_units, 1)``, a row (1, n_units); of several outputs pass ``weight.T``.
            Mind the factor 1/N of Pals et al. (2024), which precedes their w.
        output_scale : float
            Factor of the output; it is trained.
        **fields
            Further settings of `LowRankParameters`.

        Returns
        -------
        LowRankRNN
            The network, in float32.

        Raises
        ------
        ValueError
            If shapes do not fit, or a value is not finite or too large for float32.
        """
        tensors = checked_arrays(
            m=m, n=n, input_weights=input_weights, output_weights=output_weights
        )
        if tensors["m"].ndim != 2 or tensors["m"].shape != tensors["n"].shape:
            shapes = f"{tuple(tensors['m'].shape)} and {tuple(tensors['n'].shape)}"
            raise ValueError(f"m and n must both have the shape (n_units, rank), got {shapes}.")
        n_units, rank = tensors["m"].shape
        if n_units != rank == len(tensors["input_weights"]):
            raise ValueError(
                f"m and n must have the shape (n_units, rank), got {(n_units, rank)}, while "
                f"input_weights has {rank} rows. They look transposed: pass m.T and n.T."
            )
        parts = tensors["input_weights"], tensors["output_weights"]
        sizes, tensors["output_weights"] = fit_sizes(n_units, *parts)
        net = cls(LowRankParameters(rank=rank, output_scale=output_scale, **sizes, **fields))
        net.load_state_dict(net.state_dict() | tensors)
        return net

    def connectivity(self) -> tuple[Tensor, Tensor]:
        """Factors (m / N, n)."""
        return self.m / self.settings.n_units, self.n

    def input_matrix(self) -> Tensor:
        """B, shape (n_units, n_inputs)."""
        return self.input_weights

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """sum_r ξ_r m_r with ξ ~ N(0, 1), independent between trials."""
        xi = normal(batch_size, self.settings.rank, generator=generator)
        return xi.to(self.m.dtype) @ self.m.T


def _correlated(p: LowRankParameters, m: Tensor, other: Tensor) -> Tensor:
    """n with the desired covariances; `other` completes it to unit variance."""
    rho = p.loading_covariance
    n = rho * m + math.sqrt(1 - rho**2) * other
    if p.oscillation_Hz is not None:
        turn = 2e-3 * math.pi * p.oscillation_Hz * p.time_constant_ms
        block = (1 + p.growth) * torch.tensor([[1, -turn], [turn, 1]], dtype=torch.float32)
        missing = (1 - block.square().sum(dim=1)).clamp(min=0).sqrt()
        n[:, :2] = m[:, :2] @ block.T + missing * other[:, :2]
    return n
