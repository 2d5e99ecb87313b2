"""The training loop."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from isochron.ann_bridge import resume
from isochron.ann_bridge.draws import seeded_generator
from isochron.ann_bridge.evaluation import check_fit, require_trials_fit
from isochron.ann_bridge.kernels.threads import threads_for_tiles
from isochron.ann_bridge.nets import LeakyRNN, RecurrentNet
from isochron.ann_bridge.step_graph import make_optimiser, make_steps
from isochron.ann_bridge.tasks import Task
from isochron.ann_bridge.tensorboard import TrainingLog
from isochron.ann_bridge.training_parameters import TrainingParameters
from isochron.ann_bridge.training_step import Work, enough, finished
from isochron.devices import has_bfloat16, require_device
from isochron.files import DataFileError
from isochron.settings import settings_from


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

    On the same kind of machine the result is bit-identical for each number of threads: compiled
    kernels use all, torch one.

    Parameters
    ----------
    net : RecurrentNet
        Network with the inputs, outputs and time step of the task; it is changed.
    task : Task
        Task that draws new trials for each step.
    parameters : TrainingParameters, optional
        Settings of the training; the defaults suit low-rank networks.
    seed : int
        Seed of the trials, the initial states and the noise, 0 to 2**63 - 1.
    device : str
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    progress : callable, optional
        Called after each step with the number of steps done and the loss; on a GPU after 20 steps,
        for each of them.
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
        If `net` is not a network, `parameters` are something else, or `task` is not a task or does
        not return trials.
    FileNotFoundError
        If the folder of checkpoints is deleted in the meantime.
    ValueError
        If the seed is out of range, network and task do not fit, a trial has a wrong shape or a
        value that is not finite, the device is not available or does not have the precision, or the
        checkpoints are those of a different training.
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
    p = settings_from(TrainingParameters, parameters, {})
    check_fit(net, task)
    require_trials_fit(net.settings, task, p.batch_size)
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1, got {checkpoint_every!r}.")
    where = choose_device(device)
    check_precision(p, net, where)
    generator = seeded_generator(seed, where)
    net.to(where)
    optimiser = make_optimiser(net.parameters(), p, where)
    identity = f"{net.kind} {net.settings} | {task} | {p} | seed {seed} | {where.type}"
    identity += "" if net.dtype == torch.float32 else f" | {net.dtype}"
    record = TrainingRecord()
    if checkpoints is not None:
        Path(checkpoints).mkdir(parents=True, exist_ok=True)
        record = _go_on(checkpoints, identity, net, optimiser, generator)
    began = time.perf_counter() - record.seconds
    log = TrainingLog(log_folder, first_step=len(record.losses))
    steps = None
    with log, threads_for_tiles():
        while not finished(p, record.losses):
            steps = steps or make_steps(Work([net], task, p, [generator], optimiser))
            most = checkpoint_every - len(record.losses) % checkpoint_every
            for taken in steps.take(len(record.losses), most, enough(p, [record.losses])):
                (loss,), (norm,) = taken.losses, taken.norms
                record.losses.append(loss)
                step = len(record.losses)
                record.seconds = time.perf_counter() - began
                log.write(step, loss=loss, gradient_norm=norm, learning_rate=taken.rate)
                if checkpoints is not None and (
                    step % checkpoint_every == 0 or finished(p, record.losses)
                ):
                    _keep(checkpoints, identity, record, net, optimiser, generator)
                if progress is not None:
                    progress(step, loss)
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
    return require_device(device, supported=("cpu", "cuda", "auto"))


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
    if not has_bfloat16(where):
        what = "This processor, without AMX and the bfloat16 part of AVX-512,"
        if where.type == "cuda":
            what = torch.cuda.get_device_name()
        raise ValueError(f"{what} does not support {p.precision}. {way_out}")


def _go_on(folder, identity, net, optimiser, generator) -> TrainingRecord:
    found = resume.read_newest(folder)
    if found is None:
        return TrainingRecord()
    if found.identity != identity:
        raise DataFileError(
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
