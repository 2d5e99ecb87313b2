"""A recurrent network whose weights exist only where a connectome has a connection."""

import math
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.masks import (
    ConnectomeMasks,
    check_masks,
    connectome_masks,
    endpoints,
    require_connectome,
)
from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.nets.leaky_parameters import ConnectomeRNNParameters
from isochron.connectome import Connectome


class ConnectomeRNN(LeakyRNN):
    """A leaky rate network on a connectome: W = chemical weights + symmetric gap weights.

    Every connection has a separate weight; the two directions of a gap junction share
    one. Weights have free signs, unless the masks state which connections excite and which
    inhibit: then only their sizes are trained, and those of gap junctions are positive. The
    input enters sensory neurons and the output reads motor neurons.

    Parameters
    ----------
    masks : ConnectomeMasks
        From `connectome_masks`.
    parameters : ConnectomeRNNParameters, optional
        Settings; ``n_units`` must be that of the masks, and is by default.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.

    Raises
    ------
    TypeError
        If `masks` are not masks, such as a connectome.
    ValueError
        If the number of units does not fit the masks, or `learns_class_parameters` is set and the
        masks do not have cell classes.

    Examples
    --------
    With the sign rule of GABA, only GABAergic neurons inhibit:

    >>> graph = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    >>> net = ann_bridge.ConnectomeRNN(ann_bridge.connectome_masks(graph))
    >>> weights, _ = net.connectivity()
    >>> inhibit = (weights < 0).any(dim=0).numpy()
    >>> sorted({cell.cell_class for cell, it in zip(graph.cells, inhibit) if it})
    ['AVL', 'DD', 'DVB', 'RIS', 'RME', 'VD']
    """

    kind: ClassVar[str] = "connectome"
    parameters_type = ConnectomeRNNParameters
    settings: ConnectomeRNNParameters
    chemical_mask: Tensor
    gap_mask: Tensor
    sensory_mask: Tensor
    signs: Tensor | None
    classes: Tensor

    @classmethod
    def for_task(
        cls,
        task: Any,
        parameters: ConnectomeRNNParameters | None = None,
        *,
        connectome: Connectome | None = None,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> Self:
        """As `RecurrentNet.for_task`, on a connectome; signs of the connectome stay."""
        connectome = require_connectome(cls.kind, connectome)
        if parameters is None:
            fields = {"n_units": len(connectome.neurons)} | fields
        settings = cls.parameters_for(task, parameters, **fields)
        return cls(connectome_masks(connectome), settings, generator=generator)

    @classmethod
    def rebuild(cls, parameters: ConnectomeRNNParameters, tensors: dict[str, Tensor]) -> Self:
        """A network of the masks among the tensors of its file."""
        upper = tensors["gap_mask"]
        sensory, motor = endpoints(tensors)
        masks = ConnectomeMasks(
            tensors["chemical_mask"], upper | upper.T, sensory, motor,
            tensors.get("signs"), tensors.get("classes"),
        )  # fmt: skip
        return cls(masks, parameters)

    def __init__(
        self,
        masks: ConnectomeMasks,
        parameters: ConnectomeRNNParameters | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_masks(masks)
        n = len(masks.chemical)
        p, g = self.started(parameters, generator, {} if parameters else {"n_units": n})
        if p.n_units != n:
            raise ValueError(f"n_units={p.n_units} but the connectome has {n} neurons.")
        degree = (masks.chemical.sum() + masks.gap.sum()).item() / n
        scale = p.gain / math.sqrt(degree)
        self.chemical = nn.Parameter(scale * normal(n, n, generator=g) * masks.chemical)
        upper = torch.triu(masks.gap, 1)
        self.gap = nn.Parameter(scale * normal(n, n, generator=g) * upper)
        self.input_weights = nn.Parameter(
            normal(n, p.n_inputs, generator=g) * masks.sensory[:, None]
        )
        self.output_scale = nn.Parameter(p.output_scale + zeros())
        self.register_buffer("output_weights", draw_motor_readout(p, masks.motor, g))
        self.register_buffer("signs", masks.signs)
        self.register_buffer("chemical_mask", masks.chemical)
        self.register_buffer("gap_mask", upper)
        self.register_buffer("sensory_mask", masks.sensory)
        if p.learns_class_parameters:
            self._share_by_class(masks.classes)

    def _share_by_class(self, classes: Tensor | None) -> None:
        if classes is None or len(classes) != self.settings.n_units or classes.min() < 0:
            raise ValueError(
                "learns_class_parameters needs the cell class of each neuron, which the masks "
                "do not have."
            )
        n_classes = int(classes.max()) + 1
        logit = math.log(self.alpha / (1 - self.alpha))
        self.register_buffer("classes", classes)
        self.class_leak_logits = nn.Parameter(logit + zeros(n_classes))
        self.class_biases = nn.Parameter(zeros(n_classes))
        self.class_log_gains = nn.Parameter(zeros(n_classes))

    def unit_alphas(self) -> Tensor | None:
        """Fraction a of each unit: that of its class."""
        if not self.settings.learns_class_parameters:
            return None
        return torch.sigmoid(self.class_leak_logits)[self.classes]

    def bias(self) -> Tensor | None:
        """Constant input to each unit: that of its class."""
        if not self.settings.learns_class_parameters:
            return None
        return self.class_biases[self.classes]

    def connectivity(self) -> tuple[Tensor, None]:
        """The full matrix W."""
        matrix = self._weights()
        if self.settings.learns_class_parameters:
            matrix = matrix * self.class_log_gains.exp()[self.classes]
        return matrix, None

    def _weights(self) -> Tensor:
        chemical, gap = self.chemical * self.chemical_mask, self.gap * self.gap_mask
        if self.signs is not None:
            chemical, gap = chemical.abs() * self.signs, gap.abs()
        return chemical + gap + gap.T

    def pattern(self) -> Tensor:
        """Where W may be other than zero."""
        return self.chemical_mask | self.gap_mask | self.gap_mask.T

    def input_matrix(self) -> Tensor:
        """B, zero except for sensory neurons."""
        return self.input_weights * self.sensory_mask[:, None]

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states."""
        return self.normal_states(self.settings.initial_std, batch_size, generator)


def draw_motor_readout(
    p: ConnectomeRNNParameters, motor: Tensor, generator: torch.Generator
) -> Tensor:
    """Normal weights of the motor neurons divided by their number, as in `draw_output_weights`."""
    if p.n_outputs == 1:
        return normal(p.n_units, generator=generator) * motor / motor.sum()
    drawn = normal(p.n_units, p.n_outputs, generator=generator)
    return drawn * motor[:, None] / motor.sum()
