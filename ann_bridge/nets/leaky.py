"""Base class of leaky rate networks: the recurrence, the noise, the readout."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from isochron.ann_bridge.activations import ACTIVATIONS
from isochron.ann_bridge.compiled_steps import SparseStep, is_sparse
from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.float64_steps import LeakyStep, RateStep, float64
from isochron.ann_bridge.kernels.leaky_recurrence import (
    LeakyRecurrence,
    LeakySettings,
    LeakyTensors,
)
from isochron.ann_bridge.nets.leaky_parameters import LeakyParameters
from isochron.ann_bridge.nets.net import RecurrentNet
from isochron.shapes import check_shape

if TYPE_CHECKING:
    from isochron.ann_bridge.kernels.fused import Recurrence

Factors: TypeAlias = tuple[Tensor, Tensor | None]


class LeakyRNN(RecurrentNet):
    """Leaky rate network, the base class of those with W full, of low rank or on a connectome.

    In a step its states x become::

        x[t+1] = (1-a) x[t] + a (W φ(x[t]) + B u[t] + b) + √(2a) σ ξ[t],  a = step / time constant

    The output is a weighted sum of the states, or of the rates φ(x), times a trained scale.

    With the setting ``form="rate"`` the states are rates, and the activation is applied to the
    sum: r[t+1] = (1-a) r[t] + a φ(W r[t] + B u[t] + b) + √(2a) σ ξ[t]. The output is a weighted
    sum of r. This form runs step by step; the compiled kernels are for the other.

    Parameters
    ----------
    *args, **kwargs
        Those of ``torch.nn.Module``, which takes none; see the subclasses.

    Examples
    --------
    W as its factors, W = left right', of a network of rank 2, and the fraction a:

    >>> net = ann_bridge.LowRankRNN(n_units=50, rank=2, step_ms=2.0, time_constant_ms=20.0)
    >>> left, right = net.connectivity()
    >>> tuple(left.shape), tuple(right.shape), net.alpha
    ((50, 2), (50, 2), 0.1)
    """

    settings: Any  # LeakyParameters, or those of a subclass
    output_scale: Tensor
    output_weights: Tensor

    @property
    def alpha(self) -> float:
        """The fraction a of a state that one step replaces."""
        return self.settings.step_ms / self.settings.time_constant_ms

    @abstractmethod
    def connectivity(self) -> Factors:
        """Factors of the recurrent weights, W = left right'.

        Returns
        -------
        left : Tensor, shape (n_units, rank) or (n_units, n_units)
            Left factor, or the full matrix ``[post, pre]``.
        right : Tensor, shape (n_units, rank), or None
            Right factor; None if `left` is the full matrix.
        """

    @abstractmethod
    def input_matrix(self) -> Tensor:
        """Input weights B.

        Returns
        -------
        Tensor, shape (n_units, n_inputs)
            The weights, without unit.
        """

    def unit_alphas(self) -> Tensor | None:
        """Fraction a of each unit, if units have different time constants.

        Returns
        -------
        Tensor, shape (n_units,), or None
            Fractions in (0, 1); None if all units have `alpha`.
        """
        return None

    def bias(self) -> Tensor | None:
        """Constant input b to each unit.

        Returns
        -------
        Tensor, shape (n_units,), or None
            The biases; None for none.
        """
        return None

    def pattern(self) -> Tensor | None:
        """Places where a full W may be other than zero.

        Returns
        -------
        Tensor of bool, shape (n_units, n_units), or None
            Mask ``[post, pre]``; None for anywhere.
        """
        return None

    def normal_states(self, std: float, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states.

        Parameters
        ----------
        std : float
            Standard deviation, >= 0.
        batch_size : int
            Number of trials.
        generator : torch.Generator
            Source of the states, on the device of the network.

        Returns
        -------
        Tensor, shape (batch_size, n_units)
            The states, in the data type of the network.
        """
        where = self.output_scale
        shape = (batch_size, self.settings.n_units)
        return std * normal(*shape, generator=generator).to(where.dtype)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs and firing rates φ(x); by a compiled kernel where there is one."""
        return run_leaky([self], [inputs], [generator])[0]

    def _biased(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and their weights, with the bias as an additional input."""
        weights, bias = self.input_matrix(), self.bias()
        if bias is None:
            return inputs, weights
        inputs = torch.cat([inputs, torch.ones_like(inputs[..., :1])], dim=2)
        return inputs, torch.cat([weights, bias[:, None]], dim=1)

    def _run_plainly(
        self,
        inputs: Tensor,
        factors: Factors,
        generator: torch.Generator,
        product_type: torch.dtype | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Outputs before scaling, and rates, step by step in torch."""
        p, (n_steps, batch, _) = self.settings, inputs.shape
        initial = self.initial_states(batch, generator)
        check_shape("initial states", initial, (batch, p.n_units))
        shape = (n_steps + 1, batch, p.n_units)
        noise = torch.zeros(shape, dtype=initial.dtype, device=initial.device)
        if p.noise_std:
            noise.normal_(0, self._noise_gain() * p.noise_std, generator=generator)
        (left, right), (inputs, weights) = factors, self._biased(inputs)
        alpha, alphas, decay = self.alpha, self.unit_alphas(), None
        if alphas is not None:
            alpha, decay = 1.0, 1 - alphas
            left, weights = alphas[:, None] * left, alphas[:, None] * weights
        return LeakyRecurrence.apply(
            LeakySettings(alpha, p.activation, p.readout == "rates", product_type),
            *LeakyTensors(inputs, noise, initial, weights, left, right, self.output_weights, decay),
        )

    def _run_rate_form(
        self, inputs: Tensor, factors: Factors, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Outputs before scaling, and rates, in rate form; for autograd."""
        p, (left, right), function = (
            self.settings,
            factors,
            ACTIVATIONS[self.settings.activation].of,
        )
        rate, alphas = self.initial_states(inputs.shape[1], generator), self.unit_alphas()
        alpha = self.alpha if alphas is None else alphas
        std, rates = self._noise_gain() * p.noise_std, []
        inputs, weights = self._biased(inputs)
        for drive in (inputs @ weights.T).unbind(0):
            sent = rate if right is None else rate @ right
            rate = rate + alpha * (function(sent @ left.T + drive) - rate)
            if std:
                rate = rate + std * normal(*rate.shape, generator=generator).to(rate.dtype)
            rates.append(rate)
        rates = torch.stack(rates)
        return rates @ self.output_weights, rates

    def _recurrence(
        self, inputs: Tensor, factors: Factors, generator: torch.Generator, rounded: bool = False
    ) -> "Recurrence":
        """Arguments of the compiled kernel; `rounded` for products in bfloat16."""
        from isochron.ann_bridge.kernels import fused

        p, initial = self.settings, self.initial_states(inputs.shape[1], generator)
        inputs, weights = self._biased(inputs)
        return fused.Recurrence(
            inputs=inputs,
            initial=initial,
            weights=weights,
            left=factors[0],
            right=factors[1],
            readout=self.output_weights,
            alpha=self.alpha,
            read_rates=p.readout == "rates",
            noise_std=self._noise_gain() * p.noise_std,
            noise_key=fused.draw_key(generator) if p.noise_std and initial.is_cpu else (0, 0),
            pattern=self.pattern(),
            rounded=rounded,
        )

    def float64_step(self) -> LeakyStep | RateStep:
        """One step without noise, in float64."""
        (left, right), bias, alphas = self.connectivity(), self.bias(), self.unit_alphas()
        parts: dict[str, Any] = dict(
            alpha=self.alpha if alphas is None else float64(alphas),
            left=float64(left),
            right=None if right is None else float64(right),
            input_matrix=float64(self.input_matrix()),
            bias=None if bias is None else float64(bias),
            output=float64(self.output_scale) * float64(self.output_weights),
            activation=self.settings.activation,
            noise_gain=self._noise_gain(),
        )
        if self.settings.form == "rate":
            return RateStep(**parts)
        parts["read_rates"] = self.settings.readout == "rates"
        step = LeakyStep(**parts)
        return SparseStep(**parts) if is_sparse(step) else step

    def _noise_gain(self) -> float:
        """√(2a), from the time constant in the settings, also where units learn time constants."""
        return math.sqrt(2 * self.alpha)


def run_leaky(
    nets: Sequence[LeakyRNN], inputs: Sequence[Tensor], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Results of `LeakyRNN.run` for several networks; those with a compiled kernel share threads.

    Raises
    ------
    TypeError, ValueError
        As in `RecurrentNet.run`.
    """
    inputs = [net.checked_inputs(given) for net, given in zip(nets, inputs, strict=True)]
    where = inputs[0].device.type
    low = torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else None
    with torch.autocast(where, enabled=False):  # only the products with W are in a lower precision
        return _run_leaky(nets, inputs, generators, low)


def _run_leaky(
    nets: Sequence[LeakyRNN],
    inputs: Sequence[Tensor],
    generators: Sequence[torch.Generator],
    low: torch.dtype | None,
) -> list[tuple[Tensor, Tensor]]:
    from isochron.ann_bridge.kernels import fused, gpu

    done: dict[int, tuple[Tensor, Tensor]] = {}
    waiting: dict[int, Recurrence] = {}
    on_gpu: dict[int, Recurrence] = {}
    for place, (net, given, generator) in enumerate(zip(nets, inputs, generators, strict=True)):
        factors = net.connectivity()
        what = net.output_weights, *factors, net.settings.activation
        if net.settings.form == "rate":
            done[place] = net._run_rate_form(given, factors, generator)
        elif low and factors[1] is None and fused.fits_rounded(*what, low, net.unit_alphas()):
            waiting[place] = net._recurrence(given, factors, generator, rounded=True)
        elif net.unit_alphas() is not None or (low and factors[1] is None):
            done[place] = net._run_plainly(given, factors, generator, low)
        elif fused.fits(*what):
            waiting[place] = net._recurrence(given, factors, generator)
        elif gpu.fits(*what, given.shape[2] + (net.bias() is not None)):
            on_gpu[place] = net._recurrence(given, factors, generator)
        else:
            done[place] = net._run_plainly(given, factors, generator)
    done |= zip(waiting, fused.run_fused(list(waiting.values())), strict=True)
    results = gpu.run_nets(list(on_gpu.values()), [generators[k] for k in on_gpu])
    done |= zip(on_gpu, results, strict=True)
    return [(net.output_scale * done[k][0], done[k][1]) for k, net in enumerate(nets)]


def draw_output_weights(p: LeakyParameters, generator: torch.Generator) -> Tensor:
    """Normal output weights divided by the number of units.

    The shape is (n_units,), or (n_units, n_outputs) for several outputs.
    """
    shape = (p.n_units,) if p.n_outputs == 1 else (p.n_units, p.n_outputs)
    return normal(*shape, generator=generator) / p.n_units
