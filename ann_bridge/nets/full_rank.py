"""Leaky networks with a full weight matrix."""

import math
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.nets.arrays import (
    Weights,
    checked_arrays,
    checked_doubles,
    fit_sizes,
    torch_layer,
)
from isochron.ann_bridge.nets.leaky import LeakyRNN, draw_output_weights
from isochron.ann_bridge.nets.leaky_parameters import FullRankParameters


class FullRankRNN(LeakyRNN):
    """A leaky network with a full W; `FullRankParameters` state what else is trained.

    Time constants stay longer than a step: a = σ(v), with v trained. With Dale's law
    ``W = |V| D``, with V trained and D the signs of the presynaptic units.

    Parameters
    ----------
    parameters : FullRankParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `FullRankParameters` as keywords.

    Examples
    --------
    One unit that excites itself converges to x = 2 tanh(x):

    >>> net = ann_bridge.FullRankRNN.from_weights([[2]], input_weights=[[1]], output_weights=[1])
    >>> x = ann_bridge.TrainedMap(net).advance([0.1], 1000)
    >>> print(x.round(4), (2 * np.tanh(x)).round(4))
    [1.915] [1.915]
    """

    kind: ClassVar[str] = "full-rank"
    parameters_type = FullRankParameters
    settings: FullRankParameters
    signs: Tensor

    def __init__(
        self,
        parameters: FullRankParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        n = p.n_units
        weights = p.gain / math.sqrt(n) * normal(n, n, generator=g)
        if p.excitatory_fraction is not None:
            excites = torch.arange(n) < p.n_excitatory
            signs = torch.where(excites, 1 + zeros(n), -1.0)
            self.register_buffer("signs", signs)
            weights[:, ~excites] *= p.n_excitatory / (n - p.n_excitatory)
        self.weights = nn.Parameter(weights)
        self.input_weights = nn.Parameter(normal(n, p.n_inputs, generator=g))
        self.output_scale = nn.Parameter(p.output_scale + zeros())
        readout = draw_output_weights(p, g)
        if p.learns_readout:
            self.output_weights = nn.Parameter(readout)
        else:
            self.register_buffer("output_weights", readout)
        if p.biased:
            self.biases = nn.Parameter(zeros(n))
        if p.learns_time_constants:
            self.leak_logits = nn.Parameter(math.log(self.alpha / (1 - self.alpha)) + zeros(n))

    @classmethod
    def from_weights(
        cls,
        weights: ArrayLike,
        *,
        input_weights: ArrayLike,
        output_weights: ArrayLike,
        output_scale: float = 1.0,
        biases: ArrayLike | None = None,
        time_constant_ms: ArrayLike = 20.0,
        **fields: Any,
    ) -> Self:
        """A network from arrays, ``weights[post, pre]``; output = output_scale output_weights'x.

        Equations in *current* form, x ← (1-a) x + a (W φ(x) + B u + b), are the default. For
        equations in *rate* form, r ← (1-a) r + a φ(W r + B u + b), pass ``form="rate"``; with the
        wrong form the same arrays are a different network.

        Parameters
        ----------
        weights : array_like, shape (n_units, n_units)
            Recurrent weights W, ``[post, pre]``.
        input_weights : array_like, shape (n_units, n_inputs)
            Input weights B.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            A single output may also be a column (n_units, 1) or, as the ``weight`` of torch's
            ``Linear(n_units, 1)``, a row (1, n_units); of several outputs pass ``weight.T``.
        output_scale : float
            Factor of the output; it is trained.
        biases : array_like, shape (n_units,), optional
            Constant inputs b; none by default.
        time_constant_ms : float or array_like, shape (n_units,)
            Time constant in ms, at least a step. One for each unit, longer than a step, makes a
            network that learns time constants; the size of the private noise is then that of their
            mean.
        **fields
            Further settings of `FullRankParameters`.

        Returns
        -------
        FullRankRNN
            The network, in float32.

        Raises
        ------
        ValueError
            If shapes do not fit, a value is not finite or too large for float32, a time constant is
            shorter than a step, or `excitatory_fraction` is given.
        """
        if fields.get("excitatory_fraction") is not None:
            raise ValueError("Signs are those of the weights; omit excitatory_fraction.")
        given = {"weights": weights, "input_weights": input_weights}
        given["output_weights"] = output_weights
        if biases is not None:
            given["biases"] = biases
        tensors = checked_arrays(**given)
        n = len(tensors["weights"])
        if tensors["weights"].shape != (n, n):
            raise ValueError(
                f"weights must be square, [post, pre], got {tuple(tensors['weights'].shape)}."
            )
        if biases is not None and tensors["biases"].shape != (n,):
            raise ValueError(
                f"biases must have the shape ({n},), got {tuple(tensors['biases'].shape)}."
            )
        parts = tensors["input_weights"], tensors["output_weights"]
        sizes, tensors["output_weights"] = fit_sizes(n, *parts)
        fields |= {"output_scale": output_scale, "biased": biases is not None}
        if np.ndim(time_constant_ms) == 0:
            p = FullRankParameters(time_constant_ms=float(time_constant_ms), **sizes, **fields)  # type: ignore[arg-type]
        else:
            each = _unit_time_constants(time_constant_ms, n)
            fields |= {"time_constant_ms": each.mean().item(), "learns_time_constants": True}
            p = FullRankParameters(**sizes, **fields)
            tensors["leak_logits"] = _leak_logits(each, p.step_ms)
        net = cls(p)
        net.load_state_dict(net.state_dict() | tensors)
        return net

    @classmethod
    def from_torch_rnn(
        cls,
        weights: Weights,
        *,
        output_weights: ArrayLike,
        activation: str | None = None,
        prefix: str | None = None,
        step_ms: float = 2.0,
        **fields: Any,
    ) -> Self:
        """A network from ``torch.nn.RNN`` or ``RNNCell``, their state dict or arrays by name.

        Its h = φ(W h + B u + b) are the rates here, of units that one step replaces as a
        whole: the time constant is a step. The output reads rates.

        Parameters
        ----------
        weights : Module, mapping of str to array_like, or pairs
            ``weight_ih_l0``, shape (n_units, n_inputs), ``weight_hh_l0`` and, if there are,
            ``bias_ih_l0`` and ``bias_hh_l0``; the names of a cell do not have ``_l0``.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            A single output may also be a column (n_units, 1) or, as the ``weight`` of torch's
            ``Linear(n_units, 1)``, a row (1, n_units); of several outputs pass ``weight.T``.
        activation : {"tanh", "relu"}
            The ``nonlinearity`` of the module. A state dict does not contain it, so it must be
            given unless `weights` is the module, or a module that has it at `prefix`.
        prefix : str, optional
            What precedes these names in the state dict of a larger module: ``model.rnn``.
        step_ms : float
            Time step in ms, which torch does not have; also the time constant.
        **fields
            Further settings of `FullRankParameters`; without noise by default.

        Returns
        -------
        FullRankRNN
            The network, in float32.

        Raises
        ------
        ValueError
            If names or shapes do not fit, a value is not finite, or the activation is not known
            or contradicts that of the module.
        """
        own = _nonlinearity(weights, prefix)
        if own is not None and activation not in (None, own):
            raise ValueError(
                f"The nonlinearity of the module is {own!r}, got activation={activation!r}. Omit "
                "activation, or pass weights.state_dict() to use the weights with a different one."
            )
        activation = own or activation
        if activation not in ("tanh", "relu"):
            raise ValueError(
                "The state dict of torch.nn.RNN does not contain its nonlinearity. Pass "
                f"activation='tanh' (torch's default) or activation='relu', got {activation!r}."
            )
        tensors = torch_layer(weights, 1, prefix=prefix)
        return cls.from_weights(
            tensors["weight_hh_l0"].numpy(),
            input_weights=tensors["weight_ih_l0"].numpy(),
            output_weights=output_weights,
            biases=(tensors["bias_ih_l0"] + tensors["bias_hh_l0"]).numpy(),
            step_ms=step_ms,
            time_constant_ms=step_ms,
            readout="rates",
            activation=activation,
            **{"noise_std": 0.0} | fields,
        )

    def connectivity(self) -> tuple[Tensor, None]:
        """W."""
        if self.settings.excitatory_fraction is None:
            return self.weights, None
        return self.weights.abs() * self.signs, None

    def input_matrix(self) -> Tensor:
        """B, shape (n_units, n_inputs)."""
        return self.input_weights

    def bias(self) -> Tensor | None:
        """A constant input to each unit."""
        return self.biases if self.settings.biased else None

    def unit_alphas(self) -> Tensor | None:
        """Fraction a of each unit."""
        return torch.sigmoid(self.leak_logits) if self.settings.learns_time_constants else None

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Independent normal states."""
        return self.normal_states(self.settings.initial_std, batch_size, generator)


def _nonlinearity(weights: Weights, prefix: str | None) -> str | None:
    """The activation of a module of torch, or of its submodule at a prefix; None if unknown."""
    if not isinstance(weights, nn.Module):
        return None
    module = dict(weights.named_modules()).get((prefix or "").removesuffix("."))
    return module.nonlinearity if isinstance(module, nn.RNN | nn.RNNCell) else None


def _unit_time_constants(values: ArrayLike, n_units: int) -> Tensor:
    """One time constant for each unit, in ms and float64."""
    each = checked_doubles(time_constant_ms=values)["time_constant_ms"]
    if each.shape != (n_units,):
        raise ValueError(
            f"time_constant_ms must be one number or have the shape ({n_units},), got "
            f"{tuple(each.shape)}."
        )
    return each


def _leak_logits(time_constants_ms: Tensor, step_ms: float) -> Tensor:
    """The logits of step / time constant."""
    if not (time_constants_ms > step_ms).all():
        raise ValueError(
            f"Time constants of single units must be longer than step_ms={step_ms:g}, got "
            f"{time_constants_ms.min().item():g} ms."
        )
    return torch.logit(step_ms / time_constants_ms).float()
