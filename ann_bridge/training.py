"""The training loop."""

import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from isochron.ann_bridge import resume
from isochron.ann_bridge.evaluation import check_fit
from isochron.ann_bridge.nets import LeakyRNN, RecurrentNet
from isochron.ann_bridge.tasks import Task, Trials, masked_loss
from isochron.ann_bridge.tasks.check import draw_trials
from isochron.ann_bridge.tensorboard import TrainingLog
from isochron.ann_bridge.training_parameters import TrainingParameters

RECENT = 20


@dataclass(kw_only=True)
class TrainingRecord:
    """Course of a training.

    Attributes
    ----------
    losses : list of float
        Losses on the task, one for each step, also of those before an interruption.
    seconds : float
        Duration of the training in s, also before an interruption.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=400)
    >>> net = ann_bridge.GRUNet.for_task(task, n_units=4)
    >>> settings = ann_bridge.TrainingParameters(steps=3, batch_size=4)
    >>> record = ann_bridge.train(net, task, settings, seed=0)
    >>> len(record.losses)
    3
    """

    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def train(
    net: RecurrentNet,
    task: Task,
    parameters: TrainingParameters | None = None,
    *,
    seed: int,
    device: str = "cpu",
    progress: Callable[[int, float], None] | None = None,
    checkpoints: str | os.PathLike | None = None,
    checkpoint_every: int = 50,
    log_folder: str | os.PathLike | None = None,
) -> TrainingRecord:
    """Train a network on a task with Adam, in place.

    Parameters
    ----------
    net : RecurrentNet
        Network with the inputs, outputs and time step of the task; it is changed.
    task : Task
        Task that draws new trials for each step.
    parameters : TrainingParameters, optional
        Settings of the training; the defaults suit low-rank networks.
    seed : int
        Seed of the trials, the initial states and the noise.
    device : str
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    progress : callable, optional
        Called after each step with the number of steps done and the loss.
    checkpoints : path-like, optional
        Folder of checkpoints. If it has some, of the same network, task, parameters, seed and kind
        of device, training resumes from the newest that is whole; the result is bit-identical to
        that of a training without interruption.
    checkpoint_every : int
        Number of steps between checkpoints, at least 1; the last step has one too.
    log_folder : path-like, optional
        Folder of a TensorBoard log, with the scalar loss, norm of the gradient and learning rate of
        each step.

    Returns
    -------
    TrainingRecord
        Loss of each step.

    Raises
    ------
    ImportError
        If there is a `log_folder` but no TensorBoard.
    TypeError
        If `net` is not a network, `task` is not a task, or does not return trials.
    ValueError
        If network and task do not fit, a trial has a wrong shape or a value that is not finite, the
        device is not available or does not have the precision, or the checkpoints are those of a
        different training.
    ArithmeticError
        If the loss is no longer finite; the network then has the last finite weights.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=400)
    >>> net = ann_bridge.GRUNet.for_task(task, n_units=8)
    >>> settings = ann_bridge.TrainingParameters(steps=20, batch_size=16, learning_rate=0.02)
    >>> record = ann_bridge.train(net, task, settings, seed=0)
    >>> print(*(round(loss, 1) for loss in record.losses[::19]))  # the first and the last
    1.0 0.1
    """
    p = parameters or TrainingParameters()
    check_fit(net, task)
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1, got {checkpoint_every!r}.")
    where = choose_device(device)
    check_precision(p, net, where)
    net.to(where)
    generator = torch.Generator(where).manual_seed(seed)
    weights = list(net.parameters())
    optimiser = torch.optim.Adam(weights, lr=p.learning_rate)
    identity = f"{net.kind} {net.settings} | {task} | {p} | seed {seed} | {where.type}"
    identity += "" if net.dtype == torch.float32 else f" | {net.dtype}"
    record = TrainingRecord()
    if checkpoints is not None:
        record = _go_on(checkpoints, identity, net, optimiser, generator)
    began = time.perf_counter() - record.seconds
    log = TrainingLog(log_folder, first_step=len(record.losses))
    with log, share_of_threads([net], p):
        while not finished(p, record.losses):
            step = len(record.losses)
            rate = optimiser.param_groups[0]["lr"] = p.learning_rate_at(step)
            trials = draw_trials(task, p.batch_size, generator, dtype=net.dtype)
            with in_precision(p, where):
                outputs, rates = net.run(trials.inputs, generator)
            loss = masked_loss(outputs, trials)
            optimiser.zero_grad()
            (loss + penalty(p, weights, outputs, rates, trials)).backward()
            norm = torch.nn.utils.clip_grad_norm_(weights, p.gradient_clip)
            check_finite(p, step, loss, norm)
            optimiser.step()
            record.losses.append(loss.item())
            record.seconds = time.perf_counter() - began
            log.write(step + 1, loss=loss.item(), gradient_norm=norm.item(), learning_rate=rate)
            if checkpoints is not None and (
                (step + 1) % checkpoint_every == 0 or finished(p, record.losses)
            ):
                _keep(checkpoints, identity, record, net, optimiser, generator)
            if progress is not None:
                progress(step + 1, loss.item())
    return record


def choose_device(device: str) -> torch.device:
    """A torch device by name.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda``, or ``auto`` for the GPU if there is one.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ValueError
        If the name is not one of these, or no GPU is found.

    Examples
    --------
    >>> ann_bridge.choose_device("cpu")
    device(type='cpu')
    """
    available = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if available else "cpu")
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device must be cpu, cuda or auto, got {device!r}.")
    if device == "cuda" and not available:
        raise ValueError("No CUDA device found on this machine. Use device='cpu'.")
    return torch.device(device)


def check_precision(p: TrainingParameters, net: RecurrentNet, where: torch.device) -> None:
    """Reject a precision that does not affect this network, or that the device does not support.

    Raises
    ------
    ValueError
        If so.
    """
    if p.precision == "float32":
        return
    way_out = "Use precision='float32'."
    if net.dtype != torch.float32:
        raise ValueError(
            f"precision {p.precision} is for a network in float32, not {net.dtype}. {way_out}"
        )
    if isinstance(net, LeakyRNN) and net.settings.form == "rate":
        raise ValueError(f"precision {p.precision} is not for networks in rate form. {way_out}")
    if not isinstance(net, LeakyRNN) or net.connectivity()[1] is not None:
        raise ValueError(
            f"precision {p.precision} applies to products with a full matrix in leaky networks "
            f"(full-rank, connectome, connectome-low-rank), not to the kind {net.kind}. {way_out}"
        )
    if where.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ValueError(
            f"{torch.cuda.get_device_name()} does not support {p.precision}. {way_out}"
        )


def share_of_threads(nets: Sequence[RecurrentNet], p: TrainingParameters) -> AbstractContextManager:
    """The context in which networks train: compiled kernels have the threads, torch only one.

    Sums of torch in several threads differ in the last bits from those in one.
    """
    from isochron.ann_bridge.kernels.threads import threads_for_tiles

    compiled = all(isinstance(net, LeakyRNN) and net.has_compiled_kernel() for net in nets)
    if compiled and p.precision == "float32":
        return threads_for_tiles()
    return nullcontext()


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


def check_finite(p: TrainingParameters, step: int, loss: Tensor, norm: Tensor) -> None:
    """Reject a loss or gradient that is not finite.

    Raises
    ------
    ArithmeticError
        If one is not.
    """
    if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
        raise ArithmeticError(
            f"The loss is not finite at step {step + 1}; the weights are those before this step. "
            f"Lower learning_rate (now {p.learning_rate:g})."
        )


def finished(p: TrainingParameters, losses: list[float]) -> bool:
    """Whether all steps are done, or the loss is low enough."""
    recent = losses[-RECENT:]
    good = len(recent) == RECENT and sum(recent) / RECENT < p.stop_below
    return good or len(losses) >= p.steps


def _go_on(folder, identity, net, optimiser, generator) -> TrainingRecord:
    found = resume.read_newest(folder)
    if found is None:
        return TrainingRecord()
    if found.identity != identity:
        raise ValueError(
            f"{folder} contains checkpoints of a different training ({found.identity}), not of "
            f"{identity}. Give a different folder, or remove it."
        )
    resume.unpack(found.tensors, net, optimiser, generator)
    return TrainingRecord(losses=list(found.losses), seconds=found.seconds)


def _keep(folder, identity, record, net, optimiser, generator) -> None:
    tensors = resume.pack(net, optimiser, generator)
    resume.write_checkpoint(
        folder,
        resume.Checkpoint(
            identity=identity, losses=record.losses, seconds=record.seconds, tensors=tensors
        ),
    )
