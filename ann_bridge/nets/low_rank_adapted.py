"""A connectome with frozen weights and a trained term of low rank."""

from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.masks import (
    ConnectomeMasks,
    check_masks,
    connectome_masks,
    connectome_weights,
    endpoints,
    require_connectome,
)
from isochron.ann_bridge.nets.connectome import draw_motor_readout
from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.nets.leaky_parameters import LowRankAdaptedConnectomeParameters
from isochron.connectome import Connectome
from isochron.connectome.signs import signed


class LowRankAdaptedConnectomeRNN(LeakyRNN):
    """W = gain W0 + sum_r m_r n_r': the connectome W0 is not trained, m and n are.

    Before training m is 0 and n is random, so that W is exactly gain W0. The input enters sensory
    neurons and the output reads motor neurons.

    Parameters
    ----------
    connectome : Tensor, shape (n, n)
        W0, from `connectome_weights`, of spectral radius 1.
    masks : ConnectomeMasks
        From `connectome_masks`; only sensory and motor neurons matter.
    parameters : LowRankAdaptedConnectomeParameters, optional
        Settings; ``n_units`` must be n, and is by default.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.

    Raises
    ------
    TypeError
        If `masks` are not masks, such as a connectome.
    ValueError
        If the number of units does not fit the connectome.

    Examples
    --------
    Before training, the spectral radius of W is the gain:

    >>> graph = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    >>> masks, frozen = ann_bridge.connectome_masks(graph), ann_bridge.connectome_weights(graph)
    >>> settings = ann_bridge.LowRankAdaptedConnectomeParameters(n_units=279, gain=1.5)
    >>> net = ann_bridge.LowRankAdaptedConnectomeRNN(frozen, masks, settings)
    >>> weights = net.connectivity()[0].detach()
    >>> print(round(abs(np.linalg.eigvals(weights)).max(), 4))
    1.5
    """

    kind: ClassVar[str] = "connectome-low-rank"
    parameters_type = LowRankAdaptedConnectomeParameters
    settings: LowRankAdaptedConnectomeParameters
    connectome: Tensor
    sensory_mask: Tensor

    @classmethod
    def for_task(
        cls,
        task: Any,
        parameters: LowRankAdaptedConnectomeParameters | None = None,
        *,
        connectome: Connectome | None = None,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> Self:
        """As `RecurrentNet.for_task`, on a connectome; one without signs gets `gaba_inhibitory`."""
        connectome = require_connectome(cls.kind, connectome)
        if parameters is None:
            fields = {"n_units": len(connectome.neurons)} | fields
        weights = connectome_weights(signed(connectome))
        settings = cls.parameters_for(task, parameters, **fields)
        return cls(weights, connectome_masks(connectome), settings, generator=generator)

    @classmethod
    def rebuild(
        cls, parameters: LowRankAdaptedConnectomeParameters, tensors: dict[str, Tensor]
    ) -> Self:
        """A network of the connectome among the tensors of its file."""
        weights = tensors["connectome"]
        masks = ConnectomeMasks(weights != 0, weights != 0, *endpoints(tensors))
        return cls(weights, masks, parameters)

    def __init__(
        self,
        connectome: Tensor,
        masks: ConnectomeMasks,
        parameters: LowRankAdaptedConnectomeParameters | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_masks(masks)
        n = len(connectome)
        p, g = self.started(parameters, generator, {} if parameters else {"n_units": n})
        if p.n_units != n:
            raise ValueError(f"n_units={p.n_units} but the connectome has {n} neurons.")
        normal(n, p.rank, generator=g)  # m of version 0.1: a seed gives the same n and B as then
        self.m = nn.Parameter(zeros(n, p.rank))
        self.n = nn.Parameter(p.loading_std * normal(n, p.rank, generator=g))
        self.input_weights = nn.Parameter(
            normal(n, p.n_inputs, generator=g) * masks.sensory[:, None]
        )
        self.output_scale = nn.Parameter(p.output_scale + zeros())
        self.register_buffer("output_weights", draw_motor_readout(p, masks.motor, g))
        self.register_buffer("connectome", connectome.clone())
        self.register_buffer("sensory_mask", masks.sensory)

    def connectivity(self) -> tuple[Tensor, None]:
        """The full matrix W."""
        return self.settings.gain * self.connectome + self.m @ self.n.T, None

    def input_matrix(self) -> Tensor:
        """B, zero except for sensory neurons."""
        return self.input_weights * self.sensory_mask[:, None]

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states."""
        return self.normal_states(self.settings.initial_std, batch_size, generator)
