"""Training of several networks together, with the result of training each alone."""

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from isochron.ann_bridge.evaluation import check_fit
from isochron.ann_bridge.nets import LeakyRNN, RecurrentNet
from isochron.ann_bridge.nets.leaky import run_leaky
from isochron.ann_bridge.tasks import Task, masked_loss
from isochron.ann_bridge.tasks.check import draw_trials
from isochron.ann_bridge.training import (
    TrainingParameters,
    TrainingRecord,
    check_finite,
    check_precision,
    choose_device,
    finished,
    in_precision,
    penalty,
    share_of_threads,
)
from isochron.wording import counted


def train_many(
    nets: Sequence[RecurrentNet],
    task: Task,
    parameters: TrainingParameters | None = None,
    *,
    seeds: Sequence[int],
    device: str = "cpu",
    progress: Callable[[int, list[float]], None] | None = None,
) -> list[TrainingRecord]:
    """Train networks on a task together, in place; each result is bit-identical to `train`.

    Each network has separate trials, noise, gradient norm and early stop. The trials of all leaky
    networks with a compiled kernel share the threads, which is faster where one network has too few
    trials to fill them; other networks run one after the other, at no gain.

    Parameters
    ----------
    nets : sequence of RecurrentNet
        Different networks; they are changed.
    task : Task
        Task with the inputs, outputs and time step of all of them.
    parameters : TrainingParameters, optional
        Settings of the training, the same for all.
    seeds : sequence of int
        Seed of the trials, initial states and noise, one for each network.
    device : str
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    progress : callable, optional
        Called after each step with its number and the losses of the networks still in training.

    Returns
    -------
    list of TrainingRecord
        One for each network; ``seconds`` is the time since the start of all.

    Raises
    ------
    TypeError
        If one of them is not a network, or the task is not a task.
    ValueError
        If there are not as many seeds as networks, a network is listed twice or does not fit the
        task, or the device is not available or does not have the precision.
    ArithmeticError
        If a loss is no longer finite; all networks then have the weights before that step.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=400)
    >>> nets = [ann_bridge.GRUNet.for_task(task, n_units=4) for _ in range(2)]
    >>> settings = ann_bridge.TrainingParameters(steps=2, batch_size=4)
    >>> records = ann_bridge.train_many(nets, task, settings, seeds=[0, 1])
    >>> alone = ann_bridge.GRUNet.for_task(task, n_units=4)
    >>> records[1].losses == ann_bridge.train(alone, task, settings, seed=1).losses
    True
    """
    p = parameters or TrainingParameters()
    if len(seeds) != len(nets) or len({id(net) for net in nets}) != len(nets):
        raise ValueError(
            f"Give different networks and one seed for each, got {counted(len(nets), 'network')} "
            f"and {counted(len(seeds), 'seed')}."
        )
    where = choose_device(device)
    for net in nets:
        check_fit(net, task)
        check_precision(p, net, where)
        net.to(where)
    generators = [torch.Generator(where).manual_seed(seed) for seed in seeds]
    records = [TrainingRecord() for _ in nets]
    began = time.perf_counter()
    weights = [weight for net in nets for weight in net.parameters()]
    if not weights:
        return records
    optimiser = torch.optim.Adam(weights, lr=p.learning_rate)
    step = 0
    with share_of_threads(nets, p):
        while running := [k for k, record in enumerate(records) if not finished(p, record.losses)]:
            optimiser.param_groups[0]["lr"] = p.learning_rate_at(step)
            optimiser.zero_grad()  # to None, so that Adam skips networks that have stopped
            going = [nets[k] for k in running], task, p, [generators[k] for k in running]
            losses = _pull(*going, step)
            optimiser.step()
            step += 1
            for k, loss in zip(running, losses, strict=True):
                records[k].losses.append(loss)
                records[k].seconds = time.perf_counter() - began
            if progress is not None:
                progress(step, losses)
    return records


def _pull(
    nets: list[RecurrentNet],
    task: Task,
    p: TrainingParameters,
    generators: list[torch.Generator],
    step: int,
) -> list[float]:
    """Losses on new trials; clipped gradients are stored with the weights."""
    trials = [
        draw_trials(task, p.batch_size, generator, dtype=net.dtype)
        for net, generator in zip(nets, generators, strict=True)
    ]
    with in_precision(p, generators[0].device):
        results = _run(nets, [batch.inputs for batch in trials], generators)
    losses: list[Tensor] = []
    total: Tensor | float = 0.0
    for net, batch, (outputs, rates) in zip(nets, trials, results, strict=True):
        losses.append(masked_loss(outputs, batch))
        extra = penalty(p, list(net.parameters()), outputs, rates, batch)
        total = total + losses[-1] + extra
    assert isinstance(total, Tensor)
    total.backward()
    for net, loss in zip(nets, losses, strict=True):
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), p.gradient_clip)
        check_finite(p, step, loss, norm)
    return [loss.item() for loss in losses]


def _run(
    nets: list[RecurrentNet], inputs: list[Tensor], generators: list[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    leaky = [net for net in nets if isinstance(net, LeakyRNN)]
    if len(leaky) == len(nets):
        return run_leaky(leaky, inputs, generators)
    return [net.run(u, g) for net, u, g in zip(nets, inputs, generators, strict=True)]
