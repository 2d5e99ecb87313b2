"""Base class of liquid and closed-form networks: a connectivity, and a readout of motor neurons."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import checked_generator, zeros
from isochron.ann_bridge.masks import require_connectome
from isochron.ann_bridge.nets.agreement import check_agreement
from isochron.ann_bridge.nets.autograd_loop import SteppedNet
from isochron.ann_bridge.nets.circuit_connectivity import (
    CircuitConnectivity,
    check_connectivity,
    connectome_connectivity,
    default_policy_connectivity,
    full_connectivity,
)
from isochron.ann_bridge.nets.ncps_import import Imported
from isochron.ann_bridge.nets.parameters import FROM_TASK
from isochron.ann_bridge.tasks.task import require_task
from isochron.connectome import Connectome
from isochron.connectome.signs import signed

CONNECTIVITIES = ("policy", "full")


class CircuitNet(SteppedNet):
    """A network on a `CircuitConnectivity`; it reads motor neurons, with a bias.

    Parameters
    ----------
    connectivity : CircuitConnectivity
        Synapses, layers and motor neurons.
    parameters : dataclass, optional
        Settings, if they are not given as keywords; by default with the sizes of the connectivity.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of the settings as keywords.

    Raises
    ------
    ValueError
        If the sizes do not fit the connectivity.

    Examples
    --------
    The output reads only motor neurons, the last three of this circuit:

    >>> circuit = ann_bridge.default_policy_connectivity(
    ...     19, 2, n_motor=3, rng=np.random.default_rng(0)
    ... )
    >>> net = ann_bridge.LiquidNet(circuit)
    >>> outputs = ann_bridge.TrainedMap(net).outputs(np.eye(19)) - net.output_bias.item()
    >>> print(outputs.nonzero()[0])
    [16 17 18]
    """

    options_on_connectomes: ClassVar[dict[str, Any]] = {}  # of the constructor
    synapses: Tensor
    input_synapses: Tensor
    layers: Tensor
    motor: Tensor

    @property
    def bounded(self) -> bool:
        """True: conductances only pull towards reversal potentials; rates go through gates."""
        return True

    def __init__(
        self,
        connectivity: CircuitConnectivity,
        parameters: Any = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        check_connectivity(connectivity)
        if parameters is None:
            sizes = {"n_units": connectivity.n_units, "n_inputs": max(1, connectivity.n_inputs)}
            fields = sizes | fields
        p, g = self.started(parameters, generator, fields)
        connectivity.check_fit(p.n_units, p.n_inputs)
        for name, tensor in connectivity._asdict().items():
            self.register_buffer(name, tensor.clone())
        self.draw_weights(g)
        self.output_weights = self.draw_readout(g)
        self.output_bias = nn.Parameter(zeros(p.n_outputs).squeeze())

    @abstractmethod
    def draw_weights(self, generator: torch.Generator) -> None:
        """Create the weights of the synapses and units.

        Parameters
        ----------
        generator : torch.Generator
            Source of the weights.
        """

    @classmethod
    def _from_ncps(
        cls, found: Imported, dtype: torch.dtype, fields: dict[str, Any], **options: Any
    ) -> Self:
        """The network of imported arrays, which starts at 0 unless the fields state otherwise."""
        sizes = {"n_inputs": found.n_inputs, "n_outputs": found.n_outputs}
        check_agreement(fields, sizes | {"n_units": found.connectivity.n_units}, "the weights")
        fields = {"initial_std": 0.0, "n_units": found.connectivity.n_units} | fields | sizes
        net = cls(found.connectivity, **options, **fields).to(dtype)
        net.load_state_dict(net.state_dict() | found.tensors)
        return net

    @classmethod
    def for_task(
        cls,
        task: Any,
        parameters: Any = None,
        *,
        connectome: Connectome | None = None,
        generator: torch.Generator | None = None,
        connectivity: str = "policy",
        **fields: Any,
    ) -> Self:
        """As `RecurrentNet.for_task`; without a connectome, on a circuit that is drawn.

        Parameters
        ----------
        connectivity : {"policy", "full"}
            The circuit that is drawn: a neural circuit policy, with a sixth of its units motor
            neurons, or one with all synapses.
        """
        g = checked_generator(generator)
        rng = np.random.default_rng(g.initial_seed())
        if connectome is None:
            settings = cls.parameters_for(task, parameters, **fields)
            drawn = _draw(connectivity, settings.n_units, settings.n_inputs, rng)
            return cls(drawn, settings, generator=g)
        require_connectome(cls.kind, connectome)
        require_task(task, FROM_TASK)
        drawn = connectome_connectivity(signed(connectome), task.n_inputs, rng=rng)
        if parameters is None:
            fields = {"n_units": drawn.n_units} | fields
        settings = cls.parameters_for(task, parameters, **fields)
        return cls(drawn, settings, generator=g, **cls.options_on_connectomes)

    @classmethod
    def rebuild(cls, parameters: Any, tensors: dict[str, Tensor]) -> Self:
        """A network of the connectivity among the tensors of its file."""
        return cls(
            CircuitConnectivity(*(tensors[name] for name in CircuitConnectivity._fields)),
            parameters,
        )

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states, shape (...) or (..., n_outputs)."""
        return (self.sent(states) * self.motor) @ self.output_weights + self.output_bias


def _draw(
    connectivity: str, n_units: int, n_inputs: int, rng: np.random.Generator
) -> CircuitConnectivity:
    if connectivity == "policy":
        n_motor = max(1, n_units // 6)
        return default_policy_connectivity(n_units, n_inputs, n_motor=n_motor, rng=rng)
    if connectivity == "full":
        return full_connectivity(n_units, n_inputs, rng=rng)
    raise ValueError(
        f"connectivity must be one of {', '.join(CONNECTIVITIES)}, got {connectivity!r}."
    )
