"""Liquid time-constant networks on a sparse connectivity."""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from isochron.ann_bridge.draws import uniform, zeros
from isochron.ann_bridge.nets.agreement import check_agreement, module_setting
from isochron.ann_bridge.nets.arrays import Weights
from isochron.ann_bridge.nets.autograd_loop import Advance
from isochron.ann_bridge.nets.circuit import CircuitNet
from isochron.ann_bridge.nets.liquid_recurrence import LiquidRecurrence, LiquidTensors
from isochron.ann_bridge.nets.ncps_import import read_liquid
from isochron.ann_bridge.nets.stepped_parameters import LiquidParameters

TINY = 1e-8  # so that a unit without conductance does not divide by 0


class SigmoidalSynapses(nn.Module):
    """Synapses of conductance s(v) = w σ(k (v - m)), v the presynaptic potential, and reversal E.

    Strengths are trained as softplus⁻¹(w), so that w stays positive.

    Parameters
    ----------
    edges : Tensor of int, shape (3, n_synapses)
        As in `CircuitConnectivity`; the initial E is the sign.
    n_receivers : int
        Number of postsynaptic units.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, edges: Tensor, n_receivers: int, generator: torch.Generator) -> None:
        super().__init__()
        n = edges.shape[1]
        self._n_receivers = n_receivers
        self.strengths = _positive(n, 0.001, 1.0, generator)
        self.midpoints = _uniform(n, 0.3, 0.8, generator)
        self.steepness = _uniform(n, 3.0, 8.0, generator)
        self.reversals = nn.Parameter(edges[2].float())

    def constants(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Products w E, strengths w, steepness k and products k m."""
        strength = softplus(self.strengths)
        return strength * self.reversals, strength, self.steepness, self.steepness * self.midpoints

    def collector(self, edges: Tensor) -> Callable[[Tensor], Tensor]:
        """A function of the presynaptic v, shape (n_senders, ...).

        It returns the sums of s E and of s of each postsynaptic unit, shape (2, n_receivers, ...).
        """
        sender, receiver, _ = edges
        reversing, strength, steepness, offset = self.constants()
        driving = torch.stack([reversing, strength])

        def collect(v: Tensor) -> Tensor:
            column = (..., *[None] * (v.ndim - 1))
            seen = steepness[column] * v.index_select(0, sender) - offset[column]
            flow = driving[column] * torch.sigmoid(seen)
            nothing = flow.new_zeros(2, self._n_receivers, *v.shape[1:])
            return nothing.index_add(1, receiver, flow)

        return collect


class LiquidNet(CircuitNet):
    """C v' = g (V - v) + Σ s(v_pre) (E - v): the time constant of a unit depends on its inputs.

    Over a time step the differential equation is solved in `unfolds` semi-implicit steps h::

        v ← (C v / h + g V + Σ s E) / (C / h + g + Σ s)

    with the sums over synapses from units and from inputs, the latter after a gain and an
    offset for each input. Only existing synapses have weights and take time. C, g and the
    strengths of synapses are trained through softplus.

    References
    ----------
    Hasani et al. (2021), AAAI, arXiv 2006.04439; the solver is their algorithm 1, on the
    connectivities of Lechner et al. (2020).

    Examples
    --------
    Units without synapses settle at their leak reversals V:

    >>> import torch
    >>> none = torch.zeros((3, 0), dtype=torch.long)
    >>> alone = ann_bridge.CircuitConnectivity(
    ...     none, none, layers=torch.zeros(2, dtype=torch.long), motor=torch.ones(2).bool()
    ... )
    >>> net = ann_bridge.LiquidNet(alone, time_step=1000.0)
    >>> settled = ann_bridge.TrainedMap(net).advance([1.0, 1.0], 100)
    >>> print(settled.round(3), net.leak_reversals.detach().numpy().round(3))
    [-0.077  0.054] [-0.077  0.054]
    """

    kind: ClassVar[str] = "liquid"
    settings: LiquidParameters
    parameters_type = LiquidParameters

    @classmethod
    def from_ncps(
        cls,
        weights: Weights,
        *,
        implicit_param_constraints: bool | None = None,
        n_motor: int | None = None,
        prefix: str | None = None,
        dtype: torch.dtype = torch.float32,
        **fields: Any,
    ) -> Self:
        """A network from ``ncps.torch.LTC`` or ``LTCCell``, or from its state dict.

        The output is that of ncps, with its output mapping. The caller gives what a state dict does
        not contain, such as ``ode_unfolds`` (6) and the time between steps (1), which are `unfolds`
        and `time_step` here, with the same defaults.

        Parameters
        ----------
        weights : Module, mapping of str to array_like, or pairs
            ``gleak``, shape (n_units,), ``w``, ``sparsity_mask`` and so on, also after
            ``rnn_cell.``
        implicit_param_constraints : bool
            The argument of ncps: True by default of ``LTC``, False by default of ``LTCCell``. It
            decides whether w, cm and gleak go through softplus. A module contains it, and its
            number of unfolds; a state dict does not.
        n_motor : int, optional
            Number of motor neurons, needed without an output mapping.
        prefix : str, optional
            What precedes these names in a larger module: ``model``.
        dtype : torch.dtype
            float32, or float64 for all digits.
        **fields
            Further settings of `LiquidParameters`; `initial_std` is 0 by default.

        Returns
        -------
        LiquidNet
            The network, of the type `dtype`.

        Raises
        ------
        ValueError
            If names are missing or foreign (``mixed_memory`` is not supported), shapes do not
            fit each other, something that is not in the file is not given, or a setting
            contradicts the weights or the module.
        """
        names = {"implicit_param_constraints": "_implicit_param_constraints"}
        names["unfolds"] = "_ode_unfolds"
        stated = {ours: module_setting(weights, prefix, it) for ours, it in names.items()}
        given = fields | {"implicit_param_constraints": implicit_param_constraints}
        check_agreement(given, stated, "the settings of the module")
        if implicit_param_constraints is None:
            implicit_param_constraints = stated["implicit_param_constraints"]
        fields = {"unfolds": stated["unfolds"]} | fields if stated["unfolds"] else fields
        found = read_liquid(
            weights, prefix=prefix, implicit=implicit_param_constraints, n_motor=n_motor
        )
        return cls._from_ncps(found, dtype, fields)

    def draw_weights(self, generator: torch.Generator) -> None:
        """Weights in the ranges of Lechner et al. (2020)."""
        n, n_inputs = self.settings.n_units, self.settings.n_inputs
        self.capacitances = _positive(n, 0.4, 0.6, generator)
        self.leak_conductances = _positive(n, 0.001, 1.0, generator)
        self.leak_reversals = _uniform(n, -0.2, 0.2, generator)
        self.between = SigmoidalSynapses(self.synapses, n, generator)
        self.from_inputs = SigmoidalSynapses(self.input_synapses, n, generator)
        self.input_gains = nn.Parameter(1 + zeros(n_inputs))
        self.input_offsets = nn.Parameter(zeros(n_inputs))

    def drive(self, inputs: Tensor) -> Tensor:
        """Sums of s E and of s of the synapses from inputs, shape (..., 2 n_units)."""
        entering = (inputs * self.input_gains + self.input_offsets).movedim(-1, 0)
        return (
            self.from_inputs.collector(self.input_synapses)(entering).flatten(0, 1).movedim(0, -1)
        )

    def stepper(self) -> Advance:
        """One time step."""
        unfolds, collect = self.settings.unfolds, self.between.collector(self.synapses)
        charge, push, drain = self._units()

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            v, drive = states.movedim(-1, 0), drive.expand(*states.shape[:-1], -1).movedim(-1, 0)
            column = (..., *[None] * (v.ndim - 1))
            pushed, drained = drive.unflatten(0, (2, len(v)))
            pushed, drained = pushed + push[column], drained + drain[column]
            for _ in range(unfolds):
                flow, loss = collect(v)
                v = (charge[column] * v + pushed + flow) / (drained + loss)
            return v.movedim(0, -1)

        return advance

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs and firing rates; equal to those of `stepper`, but faster."""
        initial = self.initial_states(inputs.shape[1], generator).T
        charge, push, drain = self._units()
        pushed, drained = self.drive(inputs).mT.unflatten(1, (2, len(charge))).unbind(1)
        sender, receiver, _ = self.synapses
        tensors = LiquidTensors(
            pushed + push[:, None], drained + drain[:, None], initial.contiguous(), charge,
            *self.between.constants(), sender, receiver,
        )  # fmt: skip
        states = LiquidRecurrence.apply(self.settings.unfolds, *tensors).mT
        return self.read(states), states

    def _units(self) -> tuple[Tensor, Tensor, Tensor]:
        """C / h, g V, and C / h + g."""
        p = self.settings
        charge = softplus(self.capacitances) * (p.unfolds / p.time_step)
        leak = softplus(self.leak_conductances)
        return charge, leak * self.leak_reversals, charge + leak + TINY


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(low + (high - low) * uniform(n, generator=generator))


def _positive(n: int, low: float, high: float, generator: torch.Generator) -> nn.Parameter:
    """Parameters before softplus, which maps them to values between `low` and `high`."""
    return nn.Parameter(_uniform(n, low, high, generator).detach().expm1().log())
