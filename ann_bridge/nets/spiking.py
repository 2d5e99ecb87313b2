"""Spiking networks, trained with surrogate gradients."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, uniform
from isochron.ann_bridge.nets.agreement import check_agreement
from isochron.ann_bridge.nets.arrays import Weights, checked_doubles, fit_sizes
from isochron.ann_bridge.nets.autograd_loop import Advance, SteppedNet, TorchStep
from isochron.ann_bridge.nets.snntorch_import import (
    read_neurons,
    recurrent_parts,
    time_constant,
)
from isochron.ann_bridge.nets.stepped_parameters import SURROGATES, SpikingParameters
from isochron.extras import import_extra


class SpikingNet(SteppedNet):
    """Leaky integrate-and-fire units with a leaky readout; a state is (U, y).

    With spikes s = 1 where U > θ, else 0::

        y ← κ y + (1 - κ) C s
        U ← β U + W s + B u + b - θ s,   β = exp(-step / time constant), κ likewise

    U is that of ``snntorch.Leaky`` with reset by subtraction. In the backward pass the derivative
    of a spike is a surrogate of snntorch, and none passes through the reset (-θ s).

    Parameters
    ----------
    parameters : SpikingParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `SpikingParameters` as keywords.

    Raises
    ------
    ImportError
        If snntorch is not installed.

    References
    ----------
    Neftci, Mostafa and Zenke (2019), IEEE Signal Processing Magazine 36:51; Eshraghian et
    al. (2023), Proceedings of the IEEE 111:1016.

    Examples
    --------
    A unit without leak integrates a constant input of a quarter of its threshold, and fires in
    every fourth step:

    >>> import torch
    >>> net = ann_bridge.SpikingNet(n_units=1, n_inputs=1, time_constant_ms=1e9)
    >>> weights = {name: 0 * tensor for name, tensor in net.state_dict().items()}
    >>> _ = net.load_state_dict(weights | {"biases": torch.tensor([0.25])})
    >>> _, spikes = net.run(torch.zeros(500, 1, 1), torch.Generator().manual_seed(0))
    >>> spikes[100:].mean().item()
    0.25
    """

    kind: ClassVar[str] = "spiking"
    parameters_type = SpikingParameters
    settings: SpikingParameters

    def __init__(
        self,
        parameters: SpikingParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        n = p.n_units
        self._spike = _surrogate_spike(p)
        self.recurrent_weights = nn.Parameter(p.gain / math.sqrt(n) * normal(n, n, generator=g))
        self.input_weights = nn.Parameter(normal(n, p.n_inputs, generator=g))
        # Without input, two of three units fire, at various rates.
        rheobase = p.threshold * (1 - self._decay(p.time_constant_ms))
        self.biases = nn.Parameter(3 * rheobase * uniform(n, generator=g))
        self.output_weights = self.draw_readout(g)

    @classmethod
    def from_snntorch(
        cls,
        neurons: Weights,
        *,
        input_weights: ArrayLike,
        output_weights: ArrayLike,
        input_biases: ArrayLike | None = None,
        readout_beta: float,
        prefix: str | None = None,
        **fields: Any,
    ) -> Self:
        """A network from ``snntorch.Leaky`` or ``RLeaky`` between two linear layers.

        It represents ``mem = beta mem + fc1(u) + recurrent(spk) - threshold reset`` with reset
        by subtraction, and a second ``Leaky`` without reset, whose potential is the output:
        ``out = readout_beta out + fc2(spk)``. Spikes of a step act in the next step here, so the
        output is that of snntorch one step later; potentials and spikes are the same.

        Parameters
        ----------
        neurons : Module, mapping of str to array_like, or pairs
            State dict of the neurons: ``beta``, ``threshold``, ``recurrent.weight``, shape
            (n_units, n_units), and so on.
        input_weights : array_like, shape (n_units, n_inputs)
            The ``weight`` of fc1.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            The ``weight`` of fc2 as in `FullRankRNN.from_weights`; a bias is not supported.
        input_biases : array_like, shape (n_units,), optional
            The ``bias`` of fc1.
        readout_beta : float
            The ``beta`` of the readout, between 0 and 1.
        prefix : str, optional
            What precedes the names in the state dict of a larger module: ``lif1``.
        **fields
            Further settings of `SpikingParameters`; `initial_std` is 0 by default.

        Returns
        -------
        SpikingNet
            The network, in float32.

        Raises
        ------
        ValueError
            If names or shapes do not fit, or the neurons are others: with a synaptic current
            (``Synaptic``, ``Alpha``), reset to zero or without delay, inhibition, graded spikes,
            or beta or threshold that differ between units; or if a setting contradicts them.
        """
        unit = read_neurons(neurons, prefix)
        tensors = checked_doubles(input_weights=input_weights, output_weights=output_weights)
        n = len(tensors["input_weights"])
        sizes, readout = fit_sizes(n, tensors["input_weights"], tensors["output_weights"])
        check_agreement(fields, sizes | {"threshold": unit["threshold"]}, "the weights")
        recurrent, bias = recurrent_parts(unit, n)
        if input_biases is not None:
            given = checked_doubles(input_biases=input_biases)["input_biases"]
            if given.shape != (n,):
                raise ValueError(
                    f"input_biases must have the shape ({n},), got {tuple(given.shape)}."
                )
            bias = bias + given
        chosen: dict[str, Any] = {"initial_std": 0.0} | fields | sizes
        settings = SpikingParameters(**chosen)
        times = {
            "time_constant_ms": time_constant("beta", unit["beta"], settings.step_ms),
            "readout_time_constant_ms": time_constant(
                "readout_beta", readout_beta, settings.step_ms
            ),
        }
        check_agreement(fields, times, "the weights and betas")
        net = cls(replace(settings, threshold=unit["threshold"], **times))
        parts = {"recurrent_weights": recurrent, "biases": bias}
        parts |= {"input_weights": tensors["input_weights"]}
        net.load_state_dict(parts | {"output_weights": readout / (1 - readout_beta)})
        return net

    @property
    def dimension(self) -> int:
        """Number of variables: U, and the outputs y."""
        return self.settings.n_units + self.settings.n_outputs

    def drive(self, inputs: Tensor) -> Tensor:
        """B u + b."""
        return inputs @ self.input_weights.T + self.biases

    def sent(self, states: Tensor) -> Tensor:
        """Spikes, 0 or 1."""
        above = super().sent(states) - self.settings.threshold
        return self._spike(above).to(states.dtype)

    def read(self, states: Tensor) -> Tensor:
        """Outputs in states: y."""
        outputs = states[..., self.settings.n_units :]
        return outputs.squeeze(-1) if self.settings.n_outputs == 1 else outputs

    def stepper(self) -> Advance:
        """One step."""
        p, n = self.settings, self.settings.n_units
        decay, kept = self._decay(p.time_constant_ms), self._decay(p.readout_time_constant_ms)
        recurrent = self.recurrent_weights.T
        readout = (1 - kept) * self.output_weights.reshape(n, p.n_outputs)

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            spikes = self.sent(states)
            membrane = decay * states[..., :n] + spikes @ recurrent + drive
            membrane = membrane - p.threshold * spikes.detach()
            outputs = kept * states[..., n:] + spikes @ readout
            return torch.cat([membrane, outputs], dim=-1)

        return advance

    def float64_step(self) -> "SpikingStep":
        """One step, in float64."""
        return SpikingStep(self)

    def _decay(self, time_constant_ms: float) -> float:
        return math.exp(-self.settings.step_ms / time_constant_ms)


class SpikingStep(TorchStep):
    """A step of a spiking network, which is discontinuous where a unit starts to spike.

    It does not have a derivative. Analyses that only follow states are supported: orbits, rasters,
    phase, locking, spectra, similarity. Those that need a Jacobian are not: cycles by Newton's
    method, Floquet multipliers, Lyapunov exponents. (The surrogate is a derivative of a different
    network.)
    """

    smooth = False

    def linearise(
        self, state: np.ndarray, drive: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Not supported.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "The map of a spiking network is discontinuous at every spike and does not have a "
            "Jacobian. Follow its orbits instead: TrainedMap.advance without tangents, orbit, "
            "respond."
        )


def _surrogate_spike(p: SpikingParameters) -> Callable[[Tensor], Tensor]:
    """1 where its argument is positive, else 0, with a surrogate for the derivative."""
    surrogates = import_extra("snntorch.surrogate", "A spiking network", "surrogate")
    return getattr(surrogates, p.surrogate)(**{SURROGATES[p.surrogate]: p.steepness})
