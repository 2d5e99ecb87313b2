"""One step of training of one network or several: what it computes, and when training ends."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from isochron.ann_bridge.nets import GatedNet, LeakyRNN, RecurrentNet
from isochron.ann_bridge.nets.gated import run_gated
from isochron.ann_bridge.nets.leaky import run_leaky
from isochron.ann_bridge.tasks import Task, Trials, masked_loss
from isochron.ann_bridge.tasks.check import draw_trials
from isochron.ann_bridge.training_parameters import PENALTIES, TrainingParameters

RECENT = 20
# Kinds of networks whose trials are run together, and by what.
TOGETHER: tuple[tuple[type[RecurrentNet], Callable[..., list[tuple[Tensor, Tensor]]]], ...] = (
    (LeakyRNN, run_leaky),
    (GatedNet, run_gated),
)


@dataclass(frozen=True, eq=False)
class Work:
    """Networks in training, and all that a step changes.

    Attributes
    ----------
    nets : list of RecurrentNet
    task : Task
    parameters : TrainingParameters
    generators : list of torch.Generator
        Source of trials, initial states and noise, one for each network.
    optimiser : torch.optim.Adam
        Of the weights of these networks, and perhaps of others.
    """

    nets: list[RecurrentNet]
    task: Task
    parameters: TrainingParameters
    generators: list[torch.Generator]
    optimiser: torch.optim.Adam

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.generators[0].device

    def draw(self) -> list[Trials]:
        """New trials for each network."""
        pairs = zip(self.nets, self.generators, strict=True)
        count = self.parameters.batch_size
        return [draw_trials(self.task, count, g, dtype=net.dtype) for net, g in pairs]

    def pull(self, trials: list[Trials]) -> tuple[Tensor, Tensor]:
        """Losses and norms of the gradients, one of each network; gradients are clipped.

        They are stored with the weights, in the place of those of the last step.
        """
        nets, p = self.nets, self.parameters
        self.optimiser.zero_grad()  # to None, so that Adam skips networks that have stopped
        with in_precision(p, self.device):
            results = _run(nets, [batch.inputs for batch in trials], self.generators)
        losses: list[Tensor] = []
        total = torch.zeros((), dtype=results[0][0].dtype, device=self.device)
        for net, batch, (outputs, rates) in zip(nets, trials, results, strict=True):
            losses.append(masked_loss(outputs, batch))
            extra = penalty(p, list(net.parameters()), outputs, rates, batch)
            total = total + (losses[-1] + extra)
        total.backward()
        norms = [torch.nn.utils.clip_grad_norm_(net.parameters(), p.gradient_clip) for net in nets]
        return torch.stack(losses).detach(), torch.stack(norms).detach()


def _run(
    nets: list[RecurrentNet], inputs: list[Tensor], generators: list[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    for kind, run in TOGETHER:
        if all(_runs_as(net, kind) for net in nets):
            return run(nets, inputs, generators)
    return [net.run(u, g) for net, u, g in zip(nets, inputs, generators, strict=True)]


def _runs_as(net: RecurrentNet, kind: type[RecurrentNet]) -> bool:
    """Whether a network is of a kind, and neither its class nor it replaces how that kind runs."""
    if not isinstance(net, kind) or "run" in vars(net):
        return False
    return all(getattr(type(net), name) is getattr(kind, name) for name in ("run", "_run"))


@dataclass(frozen=True)
class Taken:
    """A step that was taken.

    Attributes
    ----------
    losses, norms : list of float
        Loss, and norm of the gradient before it is clipped, of each network in training.
    rate : float
        Learning rate.
    """

    losses: list[float]
    norms: list[float]
    rate: float


class Loop:
    """Steps of training, one operation of torch after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def take(self, first: int, most: int, enough: Callable[[list[Taken]], bool]) -> list[Taken]:  # noqa: ARG002
        """Take one step.

        Parameters
        ----------
        first : int
            Number of steps taken before.
        most, enough
            Not used: the largest number of steps, and whether those taken are enough.

        Returns
        -------
        list of Taken
            One step.

        Raises
        ------
        ArithmeticError
            If a loss or gradient is not finite; the weights are those before.
        """
        work, p = self.work, self.work.parameters
        rate = p.learning_rate_at(first)
        set_rate(work.optimiser, rate)
        found = work.pull(work.draw())
        losses, norms = (part.tolist() for part in found)
        check_finite(p, first, losses, norms)
        work.optimiser.step()
        return [Taken(losses, norms, rate)]


def set_rate(optimiser: torch.optim.Adam, rate: float) -> None:
    """Set the learning rate: a number, or a tensor that is filled."""
    (group,) = optimiser.param_groups
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def in_precision(p: TrainingParameters, where: torch.device) -> torch.autocast:
    """The context in which networks run forwards."""
    return torch.autocast(where.type, torch.bfloat16, enabled=p.precision == "bfloat16")


def penalty(
    p: TrainingParameters,
    weights: Sequence[Tensor],
    outputs: Tensor,
    rates: Tensor,
    trials: Trials,
) -> Tensor | float:
    """Penalties that are added to the loss on the task."""
    total = 0.0
    if p.weight_penalty:
        total += p.weight_penalty * sum(weight.square().sum() for weight in weights)
    if p.rate_penalty:
        total += p.rate_penalty * rates.square().mean()
    if p.oscillation_penalty:
        total += p.oscillation_penalty * idle_power(outputs, trials.mask)
    return total


def idle_power(outputs: Tensor, mask: Tensor) -> Tensor:
    """Variance over time of the outputs while they do not count, the mean over trials.

    A sine of amplitude A contributes A² / 2, a constant 0. With several outputs it is
    their mean.

    Parameters
    ----------
    outputs : Tensor, shape (n_steps, batch) or (n_steps, batch, n_outputs)
        Outputs of the network.
    mask : Tensor, shape (n_steps, batch)
        1 where outputs count. Trials in which they always do are omitted.

    Returns
    -------
    Tensor, scalar
        The variance.
    """
    idle = (1 - mask).reshape(*mask.shape, *([1] * (outputs.ndim - 2)))
    steps = idle.sum(dim=0)
    centre = (idle * outputs).sum(dim=0) / steps.clamp(min=1)
    variance = (idle * (outputs - centre) ** 2).sum(dim=0) / steps.clamp(min=1)
    waits = (steps > 0).expand_as(variance)
    return (variance * waits).sum() / waits.sum().clamp(min=1)


def check_finite(
    p: TrainingParameters, step: int, losses: Sequence[float], norms: Sequence[float]
) -> None:
    """Reject losses or norms of gradients that are not finite.

    Raises
    ------
    ArithmeticError
        If one is not.
    """
    if not all(map(math.isfinite, (*losses, *norms))):
        raise ArithmeticError(
            f"The loss is not finite at step {step + 1}; the weights are those before this step. "
            f"Lower {_large_settings(p)}."
        )


def _large_settings(p: TrainingParameters) -> str:
    """The learning rate and the penalties of 1 or more, with their values."""
    large = [name for name in PENALTIES if getattr(p, name) >= 1]
    return " or ".join(f"{name} (now {getattr(p, name):g})" for name in (*large, "learning_rate"))


def finished(p: TrainingParameters, losses: list[float]) -> bool:
    """Whether all steps are done, or the loss is low enough."""
    recent = losses[-RECENT:]
    good = len(recent) == RECENT and sum(recent) / RECENT < p.stop_below
    return good or len(losses) >= p.steps


def enough(p: TrainingParameters, losses: list[list[float]]) -> Callable[[list[Taken]], bool]:
    """The function of steps that are taken after `losses`: whether a network is finished."""

    def is_enough(taken: list[Taken]) -> bool:
        later = zip(*(step.losses for step in taken), strict=True)
        return any(finished(p, one + [*more]) for one, more in zip(losses, later, strict=True))

    return is_enough
