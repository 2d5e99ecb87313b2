"""Closed-form continuous-time networks on a sparse connectivity."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import uniform, zeros
from isochron.ann_bridge.host_traffic import checks_values
from isochron.ann_bridge.nets.agreement import check_agreement, module_setting
from isochron.ann_bridge.nets.arrays import Weights
from isochron.ann_bridge.nets.autograd_loop import Advance
from isochron.ann_bridge.nets.circuit import CircuitNet
from isochron.ann_bridge.nets.circuit_connectivity import (
    CircuitConnectivity,
    add_recurrence,
    count_senders,
)
from isochron.ann_bridge.nets.ncps_import import read_closed_form
from isochron.ann_bridge.nets.stepped_parameters import HEADS, ClosedFormParameters


class ClosedFormNet(CircuitNet):
    """An approximation in closed form of a liquid unit over one time step.

    With f, g and q weighted sums, each with separate weights and bias, over the synapses of a unit
    from inputs and units::

        default:  h ← (1 - σ(q)) tanh f + σ(q) tanh g
        no_gate:  h ← tanh f + σ(q) tanh g
        pure:     h ← A - A f exp(-(|w| + |f|) t),  t the time step

    Layers of the connectivity update one after the other: a unit with a synapse from an earlier
    layer receives the output of that layer in the same time step. Only existing synapses have
    weights, and the signs of the connectivity do not matter. (The paper has q = a t + b with
    separate sums a and b, which no training with steps of one length can tell apart.)

    Parameters
    ----------
    connectivity : CircuitConnectivity
        Synapses, layers and motor neurons.
    parameters : ClosedFormParameters, optional
        Settings, if they are not given as keywords.
    recurrence : str
        Further synapses: "layers" (default) among all units of a layer, "self" of each
        unit to itself, or "none"; see `add_recurrence`. Otherwise a unit does not have memory.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `ClosedFormParameters` as keywords.

    Raises
    ------
    ValueError
        If the sizes do not fit the connectivity, or `recurrence` is a different text.

    References
    ----------
    Hasani et al. (2022), Nature Machine Intelligence 4:992.

    Examples
    --------
    One unit with f = g = 2 h has the fixed point h = tanh(2 h) whatever its gate:

    >>> import torch
    >>> synapse = torch.tensor([[0], [0], [1]])  # from unit 0 to unit 0, excitatory
    >>> alone = ann_bridge.CircuitConnectivity(
    ...     synapse, synapse, layers=torch.tensor([0]), motor=torch.tensor([True])
    ... )
    >>> net = ann_bridge.ClosedFormNet(alone)
    >>> with torch.no_grad():
    ...     _ = net.weights.copy_(torch.tensor([[2.0], [2.0], [0.5]]))
    >>> h = ann_bridge.TrainedMap(net).advance([0.1], 100)
    >>> print(h.round(4), np.tanh(2 * h).round(4))
    [0.9575] [0.9575]
    """

    kind: ClassVar[str] = "closed-form"
    _layer_sizes: list[int] | None = None
    settings: ClosedFormParameters
    parameters_type = ClosedFormParameters
    options_on_connectomes: ClassVar[dict[str, Any]] = {"recurrence": "self"}

    def __init__(
        self,
        connectivity: CircuitConnectivity,
        parameters: ClosedFormParameters | None = None,
        *,
        recurrence: str = "layers",
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        connectivity = add_recurrence(connectivity, recurrence)
        super().__init__(connectivity, parameters, generator=generator, **fields)

    @classmethod
    def from_ncps(
        cls,
        weights: Weights,
        *,
        mode: str | None = None,
        time_step: float = 1.0,
        prefix: str | None = None,
        dtype: torch.dtype = torch.float32,
        **fields: Any,
    ) -> "ClosedFormNet":
        """A network from ``ncps.torch.CfC`` on a connectivity, or from its state dict.

        Its gate σ(time_a t + time_b) has one sum here, for steps of one length t. ncps masks f
        and g by the connectivity and not the gate; those connections exist here with weight 0 in f
        and g. The output is the last layer, after the projection if there is one.

        Parameters
        ----------
        weights : Module, mapping of str to array_like, or pairs
            ``layer_0.ff1.weight``, shape (n_units, n_before + n_units), and so on, also after
            ``rnn_cell.``; or those of a single layer without backbone.
        mode : {"default", "no_gate", "pure"}
            The argument of ncps; a module contains it, a state dict does not.
        time_step : float
            Time between steps t, without unit; 1 in ncps unless ``timespans`` are given.
        prefix : str, optional
            What precedes these names in a larger module: ``model``.
        dtype : torch.dtype
            float32, or float64 for all digits.
        **fields
            Further settings of `ClosedFormParameters`; `initial_std` is 0 by default.

        Returns
        -------
        ClosedFormNet
            The network, of the type `dtype`.

        Raises
        ------
        ValueError
            If names are missing or foreign (a backbone and ``mixed_memory`` are not
            supported), shapes do not fit each other, the mode is not known, or a setting
            contradicts the weights or the module.
        """
        stated = {"mode": module_setting(weights, prefix, "mode")}
        check_agreement({"mode": mode}, stated, "the settings of the module")
        mode = mode or stated["mode"]
        found = read_closed_form(weights, prefix=prefix, mode=mode, time_step=time_step)
        fields |= {"mode": mode, "time_step": time_step}
        return cls._from_ncps(found, dtype, fields, recurrence="none")

    @classmethod
    def rebuild(cls, parameters: Any, tensors: dict[str, Tensor]) -> "ClosedFormNet":
        """A network of the connectivity among the tensors of its file, with all synapses."""
        connectivity = CircuitConnectivity(*(tensors[name] for name in CircuitConnectivity._fields))
        return cls(connectivity, parameters, recurrence="none")

    def draw_weights(self, generator: torch.Generator) -> None:
        """Uniform weights, with the variance 1 / (number of synapses of the unit); biases are 0."""
        n, n_heads = self.settings.n_units, HEADS[self.settings.mode]
        receivers = torch.cat([self.synapses[1], self.input_synapses[1]])
        n_synapses = torch.bincount(receivers, minlength=n).clamp(min=1).float()
        bound = (3 / n_synapses).sqrt()
        drawn = bound[receivers] * (2 * uniform(n_heads, len(receivers), generator=generator) - 1)
        between, entering = drawn.split([self.synapses.shape[1], self.input_synapses.shape[1]], 1)
        self.weights, self.input_weights = nn.Parameter(between), nn.Parameter(entering)
        self.biases = nn.Parameter(zeros(n_heads, n))
        if self.settings.n_inputs > count_senders(self.input_synapses):
            # Nothing else in a file states the number of inputs.
            heard = zeros(self.settings.n_inputs).index_fill(0, self.input_synapses[0], 1) > 0
            self.register_buffer("heard", heard)
        if self.settings.mode == "pure":
            self.rates = nn.Parameter(zeros(n))  # w
            self.ceilings = nn.Parameter(1 + zeros(n))  # A

    def drive(self, inputs: Tensor) -> Tensor:
        """Contribution of the inputs and the biases to the sums, shape (..., n_heads n_units)."""
        p = self.settings
        matrix = _matrix(self.input_weights, self.input_synapses, p.n_units, p.n_inputs)
        return inputs @ matrix.flatten(0, 1).T + self.biases.flatten()

    def stepper(self) -> Advance:
        """One time step."""
        n_heads, n = self.biases.shape
        matrix = _matrix(self.weights, self.synapses, n, n)
        layers = []
        if checks_values() or self._layer_sizes is None:  # a CUDA graph uses those read before
            self._layer_sizes = torch.bincount(self.layers).tolist()
        for size in self._layer_sizes:
            start = sum(len(rows) for rows, _ in layers)
            rows = range(start, start + size)
            layers.append((rows, matrix[:, start : start + size].flatten(0, 1).T))

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            given = drive.unflatten(-1, (n_heads, n))
            for rows, weights in layers:
                mine = slice(rows.start, rows.stop)
                sums = (states @ weights).unflatten(-1, (n_heads, len(rows)))
                after = self._close(sums + given[..., mine], mine)
                before, behind = states[..., : rows.start], states[..., rows.stop :]
                states = after if len(rows) == n else torch.cat([before, after, behind], dim=-1)
            return states

        return advance

    def _close(self, sums: Tensor, mine: slice) -> Tensor:
        """Units from their sums, shape (..., n_heads, n) to (..., n)."""
        p = self.settings
        if p.mode == "pure":
            flow = sums.squeeze(-2)
            decay = torch.exp(-p.time_step * (self.rates[mine].abs() + flow.abs()))
            return self.ceilings[mine] * (1 - flow * decay)
        first, second, gate = sums.unbind(-2)
        gate = torch.sigmoid(gate)
        kept = 1.0 if p.mode == "no_gate" else 1 - gate
        return kept * torch.tanh(first) + gate * torch.tanh(second)


def _matrix(weights: Tensor, synapses: Tensor, n_units: int, n_senders: int) -> Tensor:
    """Weights of synapses, shape (n_heads, n_synapses), as [head, receiver, sender]."""
    sender, receiver, _ = synapses
    head = torch.arange(len(weights), device=weights.device)[:, None]
    matrix = weights.new_zeros(len(weights), n_units, n_senders)
    return matrix.index_put((head, receiver, sender), weights)
