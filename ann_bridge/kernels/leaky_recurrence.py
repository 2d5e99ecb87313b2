"""The leaky recurrence over a whole sequence, with an explicit gradient.

    x[t+1] = (1 - a) x[t] + a (L R' φ(x[t]) + B u[t]) + noise[t]
    y[t] = C'x[t+1], or C'φ(x[t+1])

Autograd through a loop of time steps stores a graph of thousands of small nodes. Here
the backward loop is explicit, and the sums over time in the gradients of the weights
are one matrix product each. (Thin factors are stored transposed, contiguous: a product
with them is then five times faster on a CPU.)
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.activations import ACTIVATIONS


class LeakyTensors(NamedTuple):
    """The tensors of a recurrence, in the order of its gradients.

    Attributes
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
    noise : Tensor, shape (n_steps + 1, batch, n_units)
        A buffer that is overwritten with the states.
    initial : Tensor, shape (batch, n_units)
    input_weights : Tensor, shape (n_units, n_inputs)
        B.
    left, right : Tensor, shape (n_units, k)
        L, and R or None for the identity.
    readout : Tensor, shape (n_units,) or (n_units, n_outputs)
        C.
    decay : Tensor, shape (n_units,), optional
        One factor for each unit in place of 1 - a.
    """

    inputs: Tensor
    noise: Tensor
    initial: Tensor
    input_weights: Tensor
    left: Tensor
    right: Tensor | None
    readout: Tensor
    decay: Tensor | None = None


class LeakySettings(NamedTuple):
    """Settings of a recurrence.

    Attributes
    ----------
    alpha : float
        a.
    activation : str
        Name of φ.
    read_rates : bool
        Whether C reads rates instead of states.
    product_type : torch.dtype, optional
        Data type of products with a full matrix L; that of L by default.
    """

    alpha: float
    activation: str = "tanh"
    read_rates: bool = False
    product_type: torch.dtype | None = None


class LeakyRecurrence(torch.autograd.Function):
    """Outputs y, shape (n_steps, batch) or (n_steps, batch, n_outputs), and rates φ(x[t+1]).

    ``LeakyRecurrence.apply(settings, *tensors)``, with `LeakySettings` and `LeakyTensors`.
    """

    @staticmethod
    def forward(
        ctx: Any, settings: LeakySettings, *tensors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Run the recurrence."""
        inputs, noise, initial, input_weights, left, right, readout, decay = LeakyTensors(*tensors)  # pyright: ignore[reportArgumentType]
        alpha, activation, read_rates, product_type = settings
        fill = ACTIVATIONS[activation].fill
        states = noise
        states[0] = initial
        states[1:].flatten(0, 1).addmm_(inputs.flatten(0, 1), input_weights.T, alpha=alpha)
        rates = torch.empty_like(states)
        kind = left.dtype if product_type is None or right is not None else product_type
        left_t = left.T.to(kind).contiguous()
        right_t = None if right is None else right.T.contiguous()
        steps = states.unbind(0)
        for x, after, rate in zip(steps, steps[1:], rates.unbind(0), strict=False):
            fill(x, rate)
            sent = rate if right_t is None else rate @ right_t.T
            if kind == after.dtype:
                after.addmm_(sent, left_t, alpha=alpha)
            else:
                after.add_(sent.to(kind) @ left_t, alpha=alpha)
            if decay is None:
                after.add_(x, alpha=1 - alpha)
            else:
                after.addcmul_(x, decay)
        fill(steps[-1], rates[-1])
        keep_states = decay is not None or (readout.requires_grad and not read_rates)
        kept = states if keep_states else None
        ctx.save_for_backward(inputs, rates, kept, input_weights, left, right, readout, decay)
        ctx.settings, ctx.kind = settings, kind
        ctx.set_materialize_grads(False)
        return (rates if read_rates else states)[1:] @ readout, rates[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run it backwards: `adjoint` is the derivative of the loss by each state."""
        inputs, rates, states, input_weights, left, right, readout, decay = ctx.saved_tensors
        alpha, activation, read_rates, _ = ctx.settings
        vjp, kind = ACTIVATIONS[activation].vjp, ctx.kind
        adjoint = _direct(gradients, readout, rates[1:], vjp, read_rates)
        left_t = left.T.to(kind).contiguous()
        right_t = None if right is None else right.T.contiguous()
        steps = adjoint.unbind(0)
        first = torch.zeros_like(steps[0])
        wide = torch.empty_like(first)
        before_each = (first, *steps[:-1])
        for rate, after, before in zip(
            reversed(rates[:-1].unbind(0)), reversed(steps), reversed(before_each), strict=True
        ):
            back = (after.to(kind) @ left_t.T).to(after.dtype)
            if right_t is not None:
                back = torch.mm(back, right_t, out=wide)
            vjp(back, rate)
            before.add_(back, alpha=alpha)
            if decay is None:
                before.add_(after, alpha=1 - alpha)
            else:
                before.addcmul_(after, decay)
        flat, rate = adjoint.flatten(0, 1), rates[:-1].flatten(0, 1)
        if right_t is None:
            by_left = alpha * (flat.to(kind).T @ rate.to(kind)).to(flat.dtype)
            by_right = None
        else:
            by_left = alpha * ((rate @ right_t.T).T @ flat).T
            by_right = alpha * ((flat @ left_t.T).T @ rate).T
        by_weights = alpha * (inputs.flatten(0, 1).T @ flat).T
        by_inputs = alpha * (adjoint @ input_weights) if ctx.needs_input_grad[1] else None
        by_readout = by_decay = None
        if ctx.needs_input_grad[7] and gradients[0] is not None:
            read = (rates if read_rates else states)[1:].flatten(0, 1)
            by_readout = read.T @ gradients[0].flatten(0, 1)
        if decay is not None:
            by_decay = (adjoint * states[:-1]).sum(dim=(0, 1))
        by_factors = (by_weights, by_left, by_right, by_readout)
        return None, by_inputs, None, first, *by_factors, by_decay


def _direct(gradients: Any, readout: Tensor, rates: Tensor, vjp: Any, read_rates: bool) -> Tensor:
    """Derivative of the loss by each state, without the later states: a tensor of our own."""
    by_outputs, by_rates = gradients
    if by_outputs is None:
        adjoint = torch.zeros_like(rates)
    elif readout.ndim == 1:
        adjoint = by_outputs[..., None] * readout
    else:
        adjoint = by_outputs @ readout.T
    if read_rates:
        vjp(adjoint, rates)
    if by_rates is not None:
        by_rates = by_rates.clone()
        vjp(by_rates, rates)
        adjoint += by_rates
    return adjoint
