"""The solver of a liquid network over a whole sequence, with an explicit gradient.

    v ← (c v + p + Σ r σ(k v_pre - o)) / (d + Σ w σ(k v_pre - o)),   several times a time step

The sums run over the synapses of a unit; p and d change with the inputs. Autograd would
store about fifteen nodes, and all synaptic conductances, for each of them; here only the states
and denominators are stored, and the conductances are computed again in the backward pass.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class LiquidTensors(NamedTuple):
    """The tensors of the solver, in the order of its gradients.

    Attributes
    ----------
    pushed, drained : Tensor, shape (n_steps, n_units, batch)
        p and d.
    initial : Tensor, shape (n_units, batch)
    charge : Tensor, shape (n_units,)
        c.
    reversing, strength, steepness, offset : Tensor, shape (n_synapses,)
        r, w, k and o.
    sender, receiver : Tensor, shape (n_synapses,)
        Numbers of units.
    """

    pushed: Tensor
    drained: Tensor
    initial: Tensor
    charge: Tensor
    reversing: Tensor
    strength: Tensor
    steepness: Tensor
    offset: Tensor
    sender: Tensor
    receiver: Tensor


class LiquidRecurrence(torch.autograd.Function):
    """States after each time step, shape (n_steps, n_units, batch).

    ``LiquidRecurrence.apply(unfolds, *tensors)``, with `LiquidTensors`; a time step is solved in
    `unfolds` steps.
    """

    @staticmethod
    def forward(ctx: Any, unfolds: int, *tensors: Tensor) -> Tensor:
        """Run the solver."""
        pushed, drained, initial, charge, *synapses = LiquidTensors(*tensors)
        reversing, strength, steepness, offset, sender, receiver = synapses
        n_steps, shape = len(pushed), initial.shape
        states = initial.new_empty(n_steps * unfolds + 1, *shape)
        denominators = initial.new_empty(n_steps * unfolds, *shape)
        states[0] = initial
        columns = [it[:, None] for it in (charge, reversing, strength, steepness, -offset)]
        charge_, reversing_, strength_, steepness_, offset_ = columns
        open_, flow = (initial.new_empty(len(sender), shape[1]) for _ in range(2))
        steps, below = states.unbind(0), denominators.unbind(0)
        k = 0
        for push, drain in zip(pushed.unbind(0), drained.unbind(0), strict=True):
            for _ in range(unfolds):
                v, after, denominator = steps[k], steps[k + 1], below[k]
                torch.index_select(v, 0, sender, out=open_)
                torch.addcmul(offset_, steepness_, open_, out=open_).sigmoid_()
                torch.mul(open_, reversing_, out=flow)
                torch.addcmul(push, charge_, v, out=after).index_add_(0, receiver, flow)
                torch.mul(open_, strength_, out=flow)
                denominator.copy_(drain).index_add_(0, receiver, flow)
                after.div_(denominator)
                k += 1
        ctx.save_for_backward(
            states, denominators, charge, reversing, strength, steepness, offset, sender, receiver
        )
        ctx.unfolds = unfolds
        return states[unfolds::unfolds]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run it backwards: `adjoint` is the derivative of the loss by a state."""
        states, below, charge, reversing, strength, steepness, offset, *ends = ctx.saved_tensors
        sender, receiver = ends
        columns = [it[:, None] for it in (charge, reversing, strength, steepness, -offset)]
        charge_, reversing_, strength_, steepness_, offset_ = columns
        by_pushed = torch.zeros_like(gradient, memory_format=torch.contiguous_format)
        by_drained = torch.zeros_like(by_pushed)
        by_charge = torch.zeros_like(states[0])
        batch = states.shape[2]
        sent, open_ = (states.new_empty(len(sender), batch) for _ in range(2))
        by_reversing, by_strength, by_steepness, by_offset = (
            torch.zeros_like(sent) for _ in range(4)
        )
        adjoint = torch.zeros_like(states[0])
        steps, denominators = states.unbind(0), below.unbind(0)
        k = len(denominators)
        for of_output, of_push, of_drain in zip(
            reversed(gradient.unbind(0)),
            reversed(by_pushed.unbind(0)),
            reversed(by_drained.unbind(0)),
            strict=True,
        ):
            adjoint += of_output
            for _ in range(ctx.unfolds):
                k -= 1
                v, after = steps[k], steps[k + 1]
                above = adjoint.div_(denominators[k])
                under = (above * after).neg_()
                of_push += above
                of_drain += under
                by_charge.addcmul_(above, v)
                torch.index_select(v, 0, sender, out=sent)
                torch.addcmul(offset_, steepness_, sent, out=open_).sigmoid_()
                of_flow, of_loss = above.index_select(0, receiver), under.index_select(0, receiver)
                by_reversing.addcmul_(open_, of_flow)
                by_strength.addcmul_(open_, of_loss)
                of_open = of_flow.mul_(reversing_).addcmul_(of_loss, strength_)
                of_seen = of_open.mul_(open_.sub_(open_.square()))
                by_steepness.addcmul_(of_seen, sent)
                by_offset -= of_seen
                adjoint = above * charge_
                adjoint.index_add_(0, sender, of_seen.mul_(steepness_))
        by_synapse = (it.sum(1) for it in (by_reversing, by_strength, by_steepness, by_offset))
        return None, by_pushed, by_drained, adjoint, by_charge.sum(1), *by_synapse, None, None
