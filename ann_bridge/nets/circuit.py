"""What liquid and closed-form nets share: a connectivity, and a readout of its motor neurons."""

from abc import abstractmethod
from typing import Any, Self

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import zeros
from isochron.ann_bridge.nets.agreement import check_agreement
from isochron.ann_bridge.nets.circuit_connectivity import CircuitConnectivity
from isochron.ann_bridge.nets.ncps_import import Imported
from isochron.ann_bridge.nets.stepped import SteppedNet


class CircuitNet(SteppedNet):
    """A net on a `CircuitConnectivity`; the output is a weighted sum of motor neurons and a bias.

    Parameters
    ----------
    connectivity : CircuitConnectivity
    parameters : dataclass, optional
        The settings of such a net; by default those with the sizes of the connectivity.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Further settings in the place of `parameters`.

    Raises
    ------
    ValueError
        If the sizes do not fit the connectivity.
    """

    parameters_type: type
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
        sizes = {"n_units": connectivity.n_units, "n_inputs": max(1, connectivity.n_inputs)}
        p = parameters or type(self).parameters_type(**sizes | fields)
        connectivity.check_fit(p.n_units, p.n_inputs)
        g = generator or torch.Generator().manual_seed(0)
        self.settings = p
        for name, tensor in connectivity._asdict().items():
            self.register_buffer(name, tensor.clone())
        self.draw_weights(g)
        self.output_weights = self.draw_readout(g)
        self.output_bias = nn.Parameter(zeros(p.n_outputs).squeeze())

    @abstractmethod
    def draw_weights(self, generator: torch.Generator) -> None:
        """Make the weights of the synapses and units."""

    @classmethod
    def _from_ncps(
        cls, found: Imported, dtype: torch.dtype, fields: dict[str, Any], **options: Any
    ) -> Self:
        """The network of what was read, which starts at 0 unless the fields say otherwise."""
        sizes = {"n_inputs": found.n_inputs, "n_outputs": found.n_outputs}
        check_agreement(fields, sizes | {"n_units": found.connectivity.n_units}, "the weights")
        fields = {"initial_std": 0.0, "n_units": found.connectivity.n_units} | fields | sizes
        net = cls(found.connectivity, **options, **fields).to(dtype)
        net.load_state_dict(net.state_dict() | found.tensors)
        return net

    @classmethod
    def rebuild(cls, parameters: Any, tensors: dict[str, Tensor]) -> Self:
        """A net of the connectivity among the tensors of its file."""
        return cls(
            CircuitConnectivity(*(tensors[name] for name in CircuitConnectivity._fields)),
            parameters,
        )

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states, shape (...) or (..., n_outputs)."""
        return (self.sent(states) * self.motor) @ self.output_weights + self.output_bias
