"""GRU and LSTM of torch, with a trained linear readout."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.float64_steps import GRUStep, LSTMStep, float64
from isochron.ann_bridge.nets.arrays import (
    Weights,
    checked_arrays,
    fit_sizes,
    torch_layer,
)
from isochron.ann_bridge.nets.net import RecurrentNet
from isochron.ann_bridge.nets.stepped_parameters import GatedParameters

if TYPE_CHECKING:
    from isochron.ann_bridge.kernels.gated_run import GatedLayer

N_GATES = {"gru": 3, "lstm": 4}
LAYER = {
    "input_weights": "weight_ih_l0",
    "weights": "weight_hh_l0",
    "input_bias": "bias_ih_l0",
    "bias": "bias_hh_l0",
}


class GatedNet(RecurrentNet):
    """Base class of `GRUNet` and `LSTMNet`.

    Parameters
    ----------
    parameters : GatedParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights, uniform within 1 / √n_units; one with seed 0 by default.
    **fields
        Fields of `GatedParameters` as keywords.

    Examples
    --------
    Both have torch's number of variables: h, and c of an LSTM.

    >>> gru, lstm = ann_bridge.GRUNet(n_units=4), ann_bridge.LSTMNet(n_units=4)
    >>> [ann_bridge.TrainedMap(net).dimension for net in (gru, lstm)]
    [4, 8]
    """

    parameters_type = GatedParameters
    settings: GatedParameters
    layer: type[nn.RNNBase]
    step_type: type[GRUStep] | type[LSTMStep]
    state_parts: int = 1  # number of vectors of n_units in a state
    cells: nn.RNNBase

    def __init__(
        self,
        parameters: GatedParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        bound = 1 / math.sqrt(p.n_units)
        with torch.random.fork_rng(devices=[]):  # the draws of torch do not count
            self.cells = type(self).layer(p.n_inputs, p.n_units, dtype=torch.float32)  # type: ignore[call-arg]
        with torch.no_grad():
            for weights in self.cells.parameters():
                weights.uniform_(-bound, bound, generator=g)
        shape = (p.n_units,) if p.n_outputs == 1 else (p.n_units, p.n_outputs)
        self.output_weights = nn.Parameter(bound * normal(*shape, generator=g))

    @classmethod
    def from_weights(
        cls,
        weights: Weights,
        *,
        output_weights: ArrayLike,
        prefix: str | None = None,
        **fields: Any,
    ) -> Self:
        """A network from torch's module, or from its state dict or its arrays by name.

        Parameters
        ----------
        weights : Module, mapping of str to array_like, or pairs
            ``weight_ih_l0``, shape (n_gates n_units, n_inputs), ``weight_hh_l0`` and, if there are,
            ``bias_ih_l0`` and ``bias_hh_l0``, the gates in torch's order; the names of a cell do
            not have ``_l0``.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            A single output may also be a column (n_units, 1) or, as the ``weight`` of torch's
            ``Linear(n_units, 1)``, a row (1, n_units); of several outputs pass ``weight.T``.
        prefix : str, optional
            What precedes these names in the state dict of a larger module: ``model.rnn``.
        **fields
            Further settings of `GatedParameters`.

        Returns
        -------
        GatedNet
            The network, of the class on which it is called, in float32.

        Raises
        ------
        ValueError
            If names or shapes do not fit, or a value is not finite or too large for float32.
        """
        tensors = torch_layer(weights, N_GATES[cls.kind], prefix=prefix)
        readout = checked_arrays(output_weights=output_weights)["output_weights"]
        n_units, n_inputs = tensors["weight_hh_l0"].shape[1], tensors["weight_ih_l0"].shape[1]
        sizes, readout = fit_sizes(n_units, torch.empty(n_units, n_inputs), readout)
        net = cls(GatedParameters(**sizes, **fields))
        net.cells.load_state_dict(tensors)
        net.load_state_dict(net.state_dict() | {"output_weights": readout})
        return net

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states."""
        shape = (batch_size, self.state_parts * self.settings.n_units)
        states = normal(*shape, generator=generator)
        return self.settings.initial_std * states.to(self.output_weights.dtype)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs, and hidden states h."""
        return _run_gated([self], [inputs], [generator])[0]

    def _layer(self, inputs: Tensor, generator: torch.Generator) -> "GatedLayer":
        """The network and its trials, as the compiled kernel receives them."""
        from isochron.ann_bridge.kernels.gated_run import GatedLayer

        return GatedLayer(
            inputs=inputs,
            initial=self.initial_states(inputs.shape[1], generator),
            readout=self.output_weights,
            **{ours: getattr(self.cells, name) for ours, name in LAYER.items()},
        )

    def _run_plainly(self, inputs: Tensor, initial: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and hidden states by the layer of torch."""
        parts = [part.contiguous() for part in initial[None].chunk(self.state_parts, dim=2)]
        hidden, _ = self.cells(inputs, tuple(parts) if len(parts) == 2 else parts[0])
        return hidden @ self.output_weights, hidden

    def float64_step(self) -> GRUStep | LSTMStep:
        """One step, in float64."""
        return type(self).step_type(
            input_weights=float64(self.cells.weight_ih_l0),
            recurrent_weights=float64(self.cells.weight_hh_l0),
            input_bias=float64(self.cells.bias_ih_l0),
            recurrent_bias=float64(self.cells.bias_hh_l0),
            output=float64(self.output_weights),
        )


class GRUNet(GatedNet):
    """A network of gated recurrent units.

    References
    ----------
    Cho et al. (2014), EMNLP, arXiv:1406.1078.

    Examples
    --------
    A layer of torch as a network; the output reads its first unit.

    >>> import torch
    >>> layer, inputs = torch.nn.GRU(2, 3), torch.ones(10, 5, 2)
    >>> net = ann_bridge.GRUNet.from_weights(layer, output_weights=[1, 0, 0], initial_std=0.0)
    >>> outputs = net(inputs, torch.Generator().manual_seed(0))
    >>> torch.allclose(outputs, layer(inputs)[0][..., 0], atol=1e-6)
    True
    """

    kind: ClassVar[str] = "gru"
    layer = nn.GRU
    step_type = GRUStep


class LSTMNet(GatedNet):
    """A long short-term memory network; its state is (h, c).

    References
    ----------
    Hochreiter and Schmidhuber (1997), Neural Computation 9:1735.

    Examples
    --------
    The state of three units has six variables; h stays below 1 in size.

    >>> system = ann_bridge.TrainedMap(ann_bridge.LSTMNet(n_units=3, n_inputs=1))
    >>> states = system.orbit(np.full(6, 5.0), 50)
    >>> print(states.shape, abs(states[1:, :3]).max() < 1)
    (51, 6) True
    """

    kind: ClassVar[str] = "lstm"
    layer = nn.LSTM
    step_type = LSTMStep
    state_parts = 2


def run_gated(
    nets: Sequence[GatedNet], inputs: Sequence[Tensor], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Results of `GatedNet.run` for several networks; those with a compiled kernel share threads.

    Raises
    ------
    TypeError, ValueError
        As in `RecurrentNet.run`.
    """
    checked = [net.checked_inputs(given) for net, given in zip(nets, inputs, strict=True)]
    return _run_gated(nets, checked, generators)


def _run_gated(
    nets: Sequence[GatedNet], inputs: Sequence[Tensor], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    from isochron.ann_bridge.kernels.fused import run_fused

    given = zip(nets, inputs, generators, strict=True)
    layers = [net._layer(part, generator) for net, part, generator in given]
    if all(layer.fits for layer in layers) and not torch.is_autocast_enabled("cpu"):
        return run_fused(layers)
    pairs = zip(nets, layers, strict=True)
    return [net._run_plainly(layer.inputs, layer.initial) for net, layer in pairs]
