"""Free parameters of a simulated worm in a fit, and their bounds.

A choice is a constant of the model, a factor on the connections of some kind, or a current into
some neurons. Every fit represents them by one vector u of coordinates without bounds:

    value = low (high / low)^σ(u)        if low > 0
    value = low + (high - low) σ(u)      if not
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from isochron.settings import check_types
from isochron.sims import GradedNetwork, GradedParameters, Stimulus, step_current
from isochron.sims.engines.torch_graded import BatchParameters, GradedBatch


@dataclass(frozen=True, slots=True)
class Constant:
    """Free constant of the model; it starts at the value of the network.

    Parameters
    ----------
    name : str
        Field of `GradedParameters`.
    low : float
        Lower bound, in the unit of the field.
    high : float
        Upper bound, in the unit of the field. Both are finite, and the start is between them.

    Raises
    ------
    ValueError
        If the field does not exist or the bounds are not finite and in order.

    Examples
    --------
    >>> ann_bridge.Constant("capacitance", 0.5, 10)  # pF
    Constant(name='capacitance', low=0.5, high=10)
    """

    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        check_types(self)
        known = [item.name for item in fields(GradedParameters)]
        if self.name not in known:
            raise ValueError(f"No parameter {self.name!r}; there are {', '.join(known)}.")
        _check_bounds(self.name, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionScale:
    """Free factor on the weights of connections from some neurons to others; it starts at 1.

    Parameters
    ----------
    layer : {"chemical", "gap"}
        Kind of the connections.
    senders : tuple of str
        Presynaptic neurons, as in `Connectome.select`; all by default.
    receivers : tuple of str
        Postsynaptic neurons; all by default. A gap junction is included if it connects one of
        the senders with one of the receivers.
    low : float
        Lower bound, positive and below 1.
    high : float
        Upper bound, above 1.

    Attributes
    ----------
    name : str
        Layer, senders and receivers in one line.

    Raises
    ------
    ValueError
        If the layer does not exist, or the bounds are not positive, finite and in order.

    Examples
    --------
    >>> ann_bridge.ConnectionScale(senders=("sensory",), receivers=("AVA", "AVB")).name
    'chemical sensory→AVA,AVB'
    """

    layer: str = "chemical"
    senders: tuple[str, ...] = ("*",)
    receivers: tuple[str, ...] = ("*",)
    low: float = 0.1
    high: float = 10.0

    def __post_init__(self) -> None:
        check_types(self)
        if self.layer not in ("chemical", "gap"):
            raise ValueError(f"layer must be chemical or gap, got {self.layer!r}.")
        if not self.low > 0:
            raise ValueError(f"low must be positive, got {self.low!r}: signs do not change.")
        _check_bounds(self.name, self.low, self.high)

    @property
    def name(self) -> str:
        """Layer, senders and receivers, such as ``chemical sensory→inter``."""
        return f"{self.layer} {','.join(self.senders)}→{','.join(self.receivers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """Free constant current into each of some neurons, in addition to the stimulus.

    Parameters
    ----------
    neurons : tuple of str
        Names, classes, types or patterns, as in `Connectome.select`.
    start : float
        Current at the start of the fit, in pA, between the bounds.
    low : float
        Lower bound, in pA.
    high : float
        Upper bound, in pA.

    Attributes
    ----------
    name : str
        The neurons in one line.

    Raises
    ------
    ValueError
        If the bounds are not finite and in order.

    Examples
    --------
    >>> ann_bridge.Current(neurons=("PLM",), start=0.0, low=-20.0, high=20.0).name
    'current PLM'
    """

    neurons: tuple[str, ...]
    start: float
    low: float
    high: float

    def __post_init__(self) -> None:
        check_types(self)
        _check_bounds(self.name, self.low, self.high)

    @property
    def name(self) -> str:
        """The neurons, such as ``current PLML,PLMR``."""
        return f"current {','.join(self.neurons)}"


Choice = Constant | ConnectionScale | Current


class FreeParameters:
    """The choices of a fit on a network: coordinates, values, and the worm that has them.

    Parameters
    ----------
    network : GradedNetwork
        Network at the start.
    stimulus : Stimulus
        Input at the start.
    choices : sequence of Constant, ConnectionScale or Current
        Free parameters.

    Attributes
    ----------
    names : tuple of str
        Names of the choices.

    Raises
    ------
    ValueError
        If choices are empty or repeated, a choice does not choose any connection, or a value
        does not start between its bounds.
    """

    def __init__(
        self, network: GradedNetwork, stimulus: Stimulus, choices: Sequence[Choice]
    ) -> None:
        self.names = tuple(choice.name for choice in choices)
        if not choices or len(set(self.names)) < len(choices):
            raise ValueError(f"choices must be at least one, each once, got {self.names}.")
        self._network, self._stimulus, self._choices = network, stimulus, tuple(choices)
        self._masks = [self._mask(choice) for choice in choices]
        self._low = torch.tensor([c.low for c in choices], dtype=torch.float64)
        self._high = torch.tensor([c.high for c in choices], dtype=torch.float64)
        first = torch.tensor([self._first(c) for c in choices], dtype=torch.float64)
        for choice, value in zip(choices, first.tolist(), strict=True):
            if not choice.low < value < choice.high:
                raise ValueError(
                    f"{choice.name} starts at {value:g}, not between its bounds {choice.low:g} "
                    f"and {choice.high:g}."
                )
        self.start = self.coordinates(first)

    def coordinates(self, values: Tensor) -> Tensor:
        """The coordinates u of values; shape (n_choices,)."""
        straight = (values - self._low) / (self._high - self._low)
        ratio = torch.log(values / self._low) / torch.log(self._high / self._low)
        return torch.logit(torch.where(self._low > 0, ratio, straight))

    def values(self, coordinates: Tensor) -> Tensor:
        """The values at coordinates, between their bounds; differentiable."""
        share = torch.sigmoid(coordinates)
        low, high = self._low.to(share.device), self._high.to(share.device)
        ratio = torch.where(low > 0, high / low, 1.0)
        return torch.where(low > 0, low * ratio**share, low + (high - low) * share)

    def named(self, coordinates: Tensor) -> dict[str, float]:
        """The values by name."""
        return dict(zip(self.names, self.values(coordinates.detach()).tolist(), strict=True))

    def batch_parameters(self, batch: GradedBatch, values: Tensor) -> BatchParameters:
        """The parameters of a batch of this network, with the values in place."""
        p = batch.parameters
        found = {"contacts": p.contacts, "gap_contacts": p.gap_contacts}
        for choice, mask, value in zip(self._choices, self._masks, values, strict=True):
            if isinstance(choice, Constant):
                found[choice.name] = value[None]
            elif isinstance(choice, ConnectionScale):
                name, rows, columns = (
                    ("contacts", batch.post, batch.pre)
                    if choice.layer == "chemical"
                    else ("gap_contacts", batch.gap_first, batch.gap_second)
                )
                chosen = torch.as_tensor(mask, device=rows.device)[rows, columns][:, None]
                found[name] = torch.where(chosen, value * found[name], found[name])
        return replace(p, **found)

    def current(self, values: Tensor) -> Tensor:
        """The constant current into each neuron, with that of the stimulus; pA."""
        constant = self._stimulus.constant(self._network.connectome)
        total = torch.as_tensor(constant, device=values.device)
        for choice, mask, value in zip(self._choices, self._masks, values, strict=True):
            if isinstance(choice, Current):
                total = total + value * torch.as_tensor(mask).to(total)
        return total

    def network(self, coordinates: Tensor) -> GradedNetwork:
        """The network at coordinates, for every engine."""
        constants, layers = {}, {}
        connectome = self._network.connectome
        found = self.named(coordinates)
        for choice, mask in zip(self._choices, self._masks, strict=True):
            value = found[choice.name]
            if isinstance(choice, Constant):
                constants[choice.name] = value
            elif isinstance(choice, ConnectionScale):
                weights = layers.get(choice.layer, connectome.layer(choice.layer))
                layers[choice.layer] = np.where(mask, value * weights, weights)
        if layers:
            scaled = ", ".join(
                f"{c.name} × {found[c.name]:.6g}"
                for c in self._choices
                if isinstance(c, ConnectionScale)
            )
            connectome = connectome.changed(f"fitted: {scaled}", **layers)
        return GradedNetwork(connectome, replace(self._network.parameters, **constants))

    def stimulus(self, coordinates: Tensor) -> Stimulus:
        """The stimulus at coordinates."""
        found, total = self.named(coordinates), self._stimulus
        for choice in self._choices:
            if isinstance(choice, Current):
                total = total + step_current(choice.neurons, amplitude_pA=found[choice.name])
        return total

    def _first(self, choice: Choice) -> float:
        if isinstance(choice, Constant):
            return getattr(self._network.parameters, choice.name)
        return choice.start if isinstance(choice, Current) else 1.0

    def _mask(self, choice: Choice) -> np.ndarray:
        connectome = self._network.connectome

        def chosen(what: tuple[str, ...]) -> np.ndarray:
            mask = np.zeros(self._network.n_neurons, dtype=bool)
            mask[connectome.index(connectome.select(*what))] = True
            return mask

        if isinstance(choice, Constant):
            return np.empty(0, dtype=bool)
        if isinstance(choice, Current):
            return chosen(choice.neurons)
        mask = chosen(choice.receivers)[:, None] & chosen(choice.senders)
        if choice.layer == "gap":
            mask |= mask.T
        if not (mask & (connectome.layer(choice.layer) > 0)).any():
            raise ValueError(f"{choice.name}: {connectome.name} does not have such a connection.")
        return mask


def _check_bounds(name: str, low: float, high: float) -> None:
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"{name}: need finite low < high, got {low!r} and {high!r}.")
