"""Training of several networks together, with the result of training each alone."""

import time
from collections.abc import Callable, Iterable

from isochron.ann_bridge.draws import seeded_generator
from isochron.ann_bridge.evaluation import check_fit, require_trials_fit
from isochron.ann_bridge.kernels.threads import threads_for_tiles
from isochron.ann_bridge.nets import RecurrentNet
from isochron.ann_bridge.step_graph import make_optimiser, make_steps
from isochron.ann_bridge.tasks import Task
from isochron.ann_bridge.training import (
    TrainingParameters,
    TrainingRecord,
    check_precision,
    choose_device,
)
from isochron.ann_bridge.training_step import Work, enough, finished
from isochron.arguments import as_list
from isochron.settings import settings_from
from isochron.wording import counted


def train_many(
    nets: Iterable[RecurrentNet],
    task: Task,
    parameters: TrainingParameters | None = None,
    *,
    seeds: Iterable[int],
    device: str = "cpu",
    progress: Callable[[int, list[float]], None] | None = None,
) -> list[TrainingRecord]:
    """Train networks on a task together, in place; each result is bit-identical to `train`.

    Each network has separate trials, noise, gradient norm and early stop. The trials of all leaky
    networks with a compiled kernel share the threads, which is faster where one network has too few
    trials to fill them; other networks run one after the other, at no gain.

    Parameters
    ----------
    nets : iterable of RecurrentNet
        Different networks; they are changed.
    task : Task
        Task with the inputs, outputs and time step of all of them.
    parameters : TrainingParameters, optional
        Settings of the training, the same for all.
    seeds : iterable of int
        Seed of the trials, initial states and noise, 0 to 2**63 - 1, one for each network.
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
        If one of them is not a network, the task is not a task, `parameters` are something else, or
        `nets` or `seeds` is a single value.
    ValueError
        If there are not as many seeds as networks, a seed is out of range, a network is listed
        twice or does not fit the task, or the device is not available or does not have the
        precision.
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
    p = settings_from(TrainingParameters, parameters, {})
    nets, seeds = as_list("nets", nets), as_list("seeds", seeds)
    if len(seeds) != len(nets) or len({id(net) for net in nets}) != len(nets):
        raise ValueError(
            f"Give different networks and one seed for each, got {counted(len(nets), 'network')} "
            f"and {counted(len(seeds), 'seed')}."
        )
    where = choose_device(device)
    generators = [seeded_generator(seed, where) for seed in seeds]
    for net in nets:
        check_fit(net, task)
        check_precision(p, net, where)
        require_trials_fit(net.settings, task, p.batch_size, len(nets))
        net.to(where)
    records = [TrainingRecord() for _ in nets]
    began = time.perf_counter()
    weights = [weight for net in nets for weight in net.parameters()]
    if not weights:
        return records
    optimiser = make_optimiser(weights, p, where)
    step, steps, before = 0, None, None
    with threads_for_tiles():
        while running := [k for k, record in enumerate(records) if not finished(p, record.losses)]:
            if steps is None or running != before:
                work = Work(
                    [nets[k] for k in running], task, p, [generators[k] for k in running], optimiser
                )
                steps, before = make_steps(work), running
            losses_of = [records[k].losses for k in running]
            for taken in steps.take(step, p.steps - step, enough(p, losses_of)):
                step += 1
                for k, loss in zip(running, taken.losses, strict=True):
                    records[k].losses.append(loss)
                    records[k].seconds = time.perf_counter() - began
                if progress is not None:
                    progress(step, taken.losses)
    return records
