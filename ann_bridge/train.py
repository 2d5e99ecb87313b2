"""The training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.tasks import PhaseMemory


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingParameters:
    """How to train."""

    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-2
    gradient_clip: float = 1.0  # largest norm of the gradient
    stop_below: float = 0.0  # stop when the mean loss of the last 20 steps is below

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            value = getattr(self, name)
            least = 0 if name == "steps" else 1
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}.")
        for name in ("learning_rate", "gradient_clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        if not 0 <= self.stop_below < math.inf:
            raise ValueError(f"stop_below must be >= 0, got {self.stop_below!r}.")


@dataclass(kw_only=True)
class TrainingRecord:
    """What happened.

    Attributes
    ----------
    losses : list of float
        One for each step.
    seconds : float
    """

    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def train(
    net: LeakyRNN,
    task: PhaseMemory,
    parameters: TrainingParameters | None = None,
    *,
    seed: int,
    device: str = "cpu",
    progress: Callable[[int, float], None] | None = None,
) -> TrainingRecord:
    """Train a net on a task with Adam, in place.

    Parameters
    ----------
    net : LeakyRNN
    task : PhaseMemory
    parameters : TrainingParameters, optional
    seed : int
        Of the trials, the initial states and the noise.
    device : str
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    progress : callable, optional
        Called after each step with the number of steps done and the loss.

    Raises
    ------
    ValueError
        If net and task do not fit, or the device is not there.
    ArithmeticError
        If the loss is no longer finite; the net then holds the last finite weights.
    """
    p = parameters or TrainingParameters()
    _check_fit(net, task)
    where = choose_device(device)
    net.to(where)
    generator = torch.Generator(where).manual_seed(seed)
    weights = list(net.parameters())
    optimiser = torch.optim.Adam(weights, lr=p.learning_rate)
    record, began = TrainingRecord(), time.perf_counter()
    for step in range(p.steps):
        loss = _loss(net, task, p.batch_size, generator)
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights, p.gradient_clip)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            raise ArithmeticError(
                f"The loss is not finite at step {step + 1}; the weights before it are kept. "
                f"Lower learning_rate (now {p.learning_rate:g})."
            )
        optimiser.step()
        record.losses.append(loss.item())
        if progress is not None:
            progress(step + 1, loss.item())
        recent = record.losses[-20:]
        if len(recent) == 20 and sum(recent) / 20 < p.stop_below:
            break
    record.seconds = time.perf_counter() - began
    return record


@torch.no_grad()
def evaluate(net: LeakyRNN, task: PhaseMemory, *, seed: int, n_trials: int = 256) -> float:
    """Loss on fresh trials, with the net's own noise; compare with ``task.chance``."""
    _check_fit(net, task)
    generator = torch.Generator(net.output_scale.device).manual_seed(seed)
    return _loss(net, task, n_trials, generator).item()


def choose_device(device: str) -> torch.device:
    """A torch device by name; ``auto`` is the GPU if there is one.

    Raises
    ------
    ValueError
        If it is not there.
    """
    available = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if available else "cpu")
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device must be cpu, cuda or auto, got {device!r}.")
    if device == "cuda" and not available:
        raise ValueError("There is no CUDA device on this machine. Use device='cpu'.")
    return torch.device(device)


def _check_fit(net: LeakyRNN, task: PhaseMemory) -> None:
    p = net.settings
    if p.n_inputs != task.n_inputs or p.step_ms != task.step_ms:
        raise ValueError(
            f"The net has {p.n_inputs} inputs and a step of {p.step_ms:g} ms, the task "
            f"{task.n_inputs} and {task.step_ms:g} ms."
        )


def _loss(net, task, batch_size, generator):
    """Mean squared error where the output counts."""
    trials = task.sample(batch_size, generator)
    error = net(trials.inputs, generator) - trials.targets
    return (trials.mask * error**2).sum() / trials.mask.sum()
