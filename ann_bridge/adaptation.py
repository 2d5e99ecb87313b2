"""Low-rank adaptation of a trained network: W + B A with frozen W, and B = 0 at the start."""

import copy
import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import checked_generator, normal, zeros
from isochron.ann_bridge.float64_steps import Step
from isochron.ann_bridge.nets import RecurrentNet
from isochron.ann_bridge.nets.net import check_network

RECURRENT_WEIGHTS = {
    "full-rank": "weights",
    "connectome": "chemical",
    "gru": "cells.weight_hh_l0",
    "lstm": "cells.weight_hh_l0",
}


class AdaptedNet(RecurrentNet):
    """A trained network whose recurrent weights get a trained term of low rank, W + B A.

    Everything else is frozen. Before training B is 0, so that the network is bit-identical to the
    given one. Of a network on a connectome the term acts on the chemical connections, and only
    where there are some.

    Parameters
    ----------
    net : RecurrentNet
        Trained network, of the kind full-rank, connectome, gru or lstm; it is not changed.
    rank : int
        Number of columns of B and rows of A, at least 1.
    generator : torch.Generator, optional
        Source of A, normal with the variance 1 / columns; one with seed 0 by default.

    Raises
    ------
    TypeError
        If `net` is not a network.
    ValueError
        If the kind is a different one, or the rank is out of range.

    References
    ----------
    Hu et al. (2022), ICLR, arXiv:2106.09685.

    Examples
    --------
    >>> base = ann_bridge.FullRankRNN(n_units=8)
    >>> net = ann_bridge.AdaptedNet(base, 2)
    >>> sum(weights.numel() for weights in net.parameters() if weights.requires_grad)
    32
    >>> bool((net.merged().weights == base.weights).all())
    True
    """

    kind: ClassVar[str] = "adapted"

    def __init__(
        self, net: RecurrentNet, rank: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        check_network(net)
        if net.kind not in RECURRENT_WEIGHTS:
            raise ValueError(
                f"Adaptation supports the kinds {', '.join(RECURRENT_WEIGHTS)}, got {net.kind}."
            )
        self.settings = net.settings
        self._runner = _Runner(copy.deepcopy(net).requires_grad_(False).cpu())
        rows, columns = self._frozen.shape
        if not 1 <= rank <= min(rows, columns):
            raise ValueError(f"rank must lie between 1 and {min(rows, columns)}, got {rank!r}.")
        g = checked_generator(generator)
        kind = self._frozen.dtype
        self.A = nn.Parameter((normal(rank, columns, generator=g) / math.sqrt(columns)).to(kind))
        self.B = nn.Parameter(zeros(rows, rank).to(kind))

    @property
    def base(self) -> RecurrentNet:
        """The network without the term; its weights are frozen."""
        return self._runner.net

    @property
    def _name(self) -> str:
        return RECURRENT_WEIGHTS[self.base.kind]

    @property
    def _frozen(self) -> Tensor:
        return self.base.get_parameter(self._name)

    def weights(self) -> Tensor:
        """Recurrent weights W + B A, as the network has them.

        Returns
        -------
        Tensor, shape of W
            The weights.
        """
        return self._frozen + self.B @ self.A

    @torch.no_grad()
    def merged(self) -> RecurrentNet:
        """A plain network with the weights W + B A.

        Returns
        -------
        RecurrentNet
            A new network of the class of the given one, all of whose weights can be trained.
        """
        net = copy.deepcopy(self.base).requires_grad_(True)
        net.get_parameter(self._name).copy_(self.weights())
        return net

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """As those of the given network."""
        return self.base.initial_states(batch_size, generator)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The given network with the weights W + B A."""
        replaced = {f"net.{self._name}": self.weights()}
        return torch.func.functional_call(self._runner, replaced, (inputs, generator))

    def float64_step(self) -> Step:
        """One step of the merged network, in float64."""
        return self.merged().float64_step()


class _Runner(nn.Module):
    """A network whose forward returns outputs and rates."""

    def __init__(self, net: RecurrentNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs and rates."""
        return self.net.run(inputs, generator)


@torch.no_grad()
def interpolated(first: RecurrentNet, last: RecurrentNet, fraction: float) -> RecurrentNet:
    """A network on the straight path between two of the same kind and sizes.

    Parameters
    ----------
    first, last : RecurrentNet
        The ends of the path; they are not changed.
    fraction : float
        0 for the weights of `first`, 1 for those of `last`; other values extrapolate.

    Returns
    -------
    RecurrentNet
        A new network with the weights (1 - fraction) first + fraction last.

    Raises
    ------
    ValueError
        If the networks are not of the same kind and sizes.

    Examples
    --------
    >>> first, last = (ann_bridge.GRUNet(n_units=4) for _ in range(2))
    >>> _ = last.output_weights.data.zero_()
    >>> half = ann_bridge.interpolated(first, last, 0.5)
    >>> bool((half.output_weights == first.output_weights / 2).all())
    True
    """
    ends: list[dict[str, Any]] = [dict(net.named_parameters()) for net in (first, last)]
    shapes = [{name: it.shape for name, it in end.items()} for end in ends]
    if type(first) is not type(last) or shapes[0] != shapes[1]:
        raise ValueError(
            f"The ends of a path must be of the same kind and sizes, got {first.kind} and "
            f"{last.kind}."
        )
    net = copy.deepcopy(first)
    for name, weights in net.named_parameters():
        weights.copy_(torch.lerp(ends[0][name].double(), ends[1][name].double(), fraction))
    return net
