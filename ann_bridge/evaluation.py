"""Loss of a network on new trials, and its standard error."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from isochron.ann_bridge.draws import seeded_generator
from isochron.ann_bridge.kernels.threads import threads_for_tiles
from isochron.ann_bridge.nets import RecurrentNet
from isochron.ann_bridge.nets.net import check_network
from isochron.ann_bridge.nets.parameters import NetworkParameters
from isochron.ann_bridge.tasks import Task, Trials, masked_loss
from isochron.ann_bridge.tasks.check import draw_trials
from isochron.ann_bridge.tasks.task import require_task
from isochron.memory import require_memory
from isochron.wording import counted, shown

NORMAL_95 = 1.959964  # quantile 0.975 of the normal distribution
STANDARD_ERRORS = 3.0  # a loss this far below chance is better than chance: P < 0.002
LEARNED = 0.1  # of the chance level; below IN_PART of it a task is learned in part
IN_PART = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Loss on new trials, with its standard error and the chance level.

    Attributes
    ----------
    loss : float
        Masked mean squared error.
    standard_error : float
        Standard error of the loss, from the spread between trials.
    chance : float
        Loss of the best constant output.
    n_trials : int
        Number of trials; 0 if it was not saved.
    chance_error : float
        Standard error of `chance`; 0 where it is known exactly.

    Examples
    --------
    >>> found = ann_bridge.Evaluation(loss=0.02, standard_error=0.002, chance=0.5, n_trials=256)
    >>> print(found.learned, *(round(end, 4) for end in found.interval))
    yes 0.0161 0.0239
    >>> found.is_below(0.02)
    False
    """

    loss: float
    standard_error: float
    chance: float
    n_trials: int
    chance_error: float = 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the loss."""
        half = NORMAL_95 * self.standard_error
        return self.loss - half, self.loss + half

    @property
    def beats_chance(self) -> bool:
        """Whether the loss is below chance by more than three standard errors."""
        error = math.hypot(self.standard_error, self.chance_error)
        return self.loss + STANDARD_ERRORS * error < self.chance

    @property
    def learned(self) -> Literal["yes", "in part", "no"]:
        """ "yes" if the loss is below a tenth of `chance`, "in part" below half of it, else "no".

        The loss is below a level if the upper end of its 95 % interval is, including the error of
        `chance`.
        """
        if self._is_below_share(LEARNED):
            return "yes"
        return "in part" if self._is_below_share(IN_PART) else "no"

    def _is_below_share(self, share: float) -> bool:
        error = math.hypot(self.standard_error, share * self.chance_error)
        return self.loss + NORMAL_95 * error < share * self.chance

    def is_below(self, limit: float) -> bool:
        """Whether the upper end of the 95 % interval of the loss is below a limit.

        Parameters
        ----------
        limit : float
            A loss, such as a tenth of chance.

        Returns
        -------
        bool
            False also where the loss is below the limit but not known well enough.
        """
        return self.interval[1] < limit

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Evaluation":
        """An evaluation from the values saved with a network.

        Parameters
        ----------
        record : mapping
            ``loss`` and ``chance``; ``standard_error``, ``chance_error`` and ``n_trials``, which
            older files do not have, are 0 by default: then the loss counts as known exactly.

        Returns
        -------
        Evaluation
            The saved values; nothing is simulated.

        Raises
        ------
        KeyError
            If `loss` or `chance` is missing.
        """
        return cls(
            loss=record["loss"],
            standard_error=record.get("standard_error", 0.0),
            chance=record["chance"],
            n_trials=record.get("n_trials", 0),
            chance_error=record.get("chance_error", 0.0),
        )


def evaluate(net: RecurrentNet, task: Task, *, seed: int, n_trials: int = 256) -> float:
    """Loss on new trials, with the network's noise.

    `evaluate_trials` gives its standard error and compares it with chance.

    Parameters
    ----------
    net : RecurrentNet
        Network with the inputs, outputs and time step of the task.
    task : Task
        Task that draws the trials.
    seed : int
        Seed of the trials, the initial states and the noise, 0 to 2**63 - 1.
    n_trials : int
        Number of trials, at least 1.

    Returns
    -------
    float
        Mean squared error over the steps that count.

    Raises
    ------
    TypeError
        If `net` is not a network, or `task` is not a task.
    ValueError
        If the seed is out of range, network and task do not fit, or the trials are not those of a
        task.

    Examples
    --------
    A network whose output weights are 0 has the chance level of the flip-flop task, where targets
    are ±1.

    >>> weights = {"input_weights": np.ones((2, 1)), "output_weights": np.zeros(2)}
    >>> net = ann_bridge.FullRankRNN.from_weights(np.eye(2), **weights, step_ms=20, form="rate")
    >>> ann_bridge.evaluate(net, ann_bridge.tasks.FlipFlop(n_bits=1), seed=0)
    1.0
    """
    return _losses(net, task, seed, n_trials)[0]


def evaluate_trials(net: RecurrentNet, task: Task, *, seed: int, n_trials: int = 256) -> Evaluation:
    """Loss on new trials with its standard error, and whether it beats chance.

    The loss is a ratio of sums over trials, Σ a / Σ m, of squared errors and of masks; its
    standard error is that of the mean of (a - loss m) / mean(m).

    Parameters
    ----------
    net : RecurrentNet
        Network with the inputs, outputs and time step of the task.
    task : Task
        Task that draws the trials and has a chance level.
    seed : int
        Seed of the trials, the initial states and the noise, 0 to 2**63 - 1.
    n_trials : int
        Number of trials, at least 2.

    Returns
    -------
    Evaluation
        The loss, its standard error and the chance level.

    Raises
    ------
    TypeError
        If `net` is not a network, or `task` is not a task.
    ValueError
        If the seed is out of range, network and task do not fit, there are fewer than 2 trials, or
        the `chance` of the task is not a number.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1)
    >>> untrained = ann_bridge.GRUNet.for_task(task, n_units=8)
    >>> found = ann_bridge.evaluate_trials(untrained, task, seed=0, n_trials=64)
    >>> found.chance, found.beats_chance, found.learned
    (1.0, False, 'no')
    """
    if n_trials < 2:
        raise ValueError(
            f"n_trials must be at least 2 for a standard error, got {shown(n_trials)}."
        )
    loss, errors, masks = _losses(net, task, seed, n_trials)
    chance, chance_error = _chance(task)
    spread = (errors - loss * masks).std() / masks.mean()
    return Evaluation(
        loss=loss,
        standard_error=spread.item() / math.sqrt(n_trials),
        chance=chance,
        n_trials=n_trials,
        chance_error=chance_error,
    )


def _chance(task: Task) -> tuple[float, float]:
    """The loss of the best constant output, and its standard error."""
    values = []
    for name, usual in (("chance", None), ("chance_error", 0.0)):
        value: Any = getattr(task, name, usual)
        known = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not known or not 0 <= float(value) < math.inf:
            raise ValueError(
                f"{name} of {type(task).__name__} must be a number >= 0 and finite, "
                f"{'the loss of the best constant output' if usual is None else 'its error'}, "
                f"got {shown(value)}."
            )
        values.append(float(value))
    return values[0], values[1]


def check_fit(net: RecurrentNet, task: Task) -> None:
    """Check that a network and a task have the same sizes, and the network a usable type.

    Raises
    ------
    TypeError
        If one of them is something else.
    ValueError
        If they do not fit.
    """
    check_network(net)
    require_task(task)
    if type(net).forward is not RecurrentNet.forward:
        raise TypeError(
            f"The class {type(net).__name__} replaces forward, which training does not call. "
            "Replace run, which returns the outputs and the rates; forward calls it."
        )
    p = net.settings
    if (p.n_inputs, p.n_outputs, p.step_ms) != (task.n_inputs, task.n_outputs, task.step_ms):
        raise ValueError(
            f"The network has {counted(p.n_inputs, 'input')}, "
            f"{counted(p.n_outputs, 'output')} and a step of {p.step_ms:g} ms, the task "
            f"{task.n_inputs}, {task.n_outputs} and {task.step_ms:g} ms."
        )
    if net.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"A network computes in float32 or float64, got {net.dtype}. Use net.float(), and "
            "TrainingParameters(precision='bfloat16') for products in bfloat16."
        )


def require_trials_fit(
    settings: NetworkParameters, task: Task, n_trials: int, n_nets: int = 1
) -> None:
    """Check that trials, and the states of networks in them, fit in memory.

    Raises
    ------
    TooLargeError
        If they do not.
    """
    n_units = getattr(settings, "n_units", 0)  # a fitted worm stores few of its states
    where = f" in {n_units} units," if n_units else ""
    n_steps = task.n_steps + getattr(settings, "reach", 0)  # with the window before a trial
    require_memory(
        4.0 * n_nets * n_trials * n_steps * (settings.n_inputs + 2 * n_units),
        f"{n_trials} trials at once of {n_steps:.6g} time steps,{where}",
        "Lower the number of trials (batch_size in training) or the duration of the task.",
    )


@torch.no_grad()
def _losses(
    net: RecurrentNet, task: Task, seed: int, n_trials: int
) -> tuple[float, Tensor, Tensor]:
    """The loss, and for each trial the sums over time of squared errors and of the mask."""
    check_fit(net, task)
    require_trials_fit(net.settings, task, n_trials)
    generator = seeded_generator(seed, next(net.parameters()).device)
    with threads_for_tiles():
        trials = draw_trials(task, n_trials, generator, dtype=net.dtype)
        outputs = net(trials.inputs, generator)
    return masked_loss(outputs, trials).item(), *_sums(outputs, trials)


def _sums(outputs: Tensor, trials: Trials) -> tuple[Tensor, Tensor]:
    squared = (outputs.double() - trials.targets) ** 2
    if squared.ndim == 3:
        squared = squared.mean(dim=2)
    return (trials.mask * squared).sum(dim=0), trials.mask.double().sum(dim=0)
