"""Tasks of NeuroGym, as batches of trials.

NeuroGym (Molano-Mazón et al., 2022, PsyArXiv aqc9n) makes the observations and the ground truth
of a whole trial when the trial starts. They are stacked here, trial by trial, so this is much
slower than the tasks of this package (see benchmarks/trial_speed.py).
"""

import importlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from isochron.ann_bridge.tasks.task import Trials, check_batch, check_durations
from isochron.extras import import_extra
from isochron.real_numbers import require_real

PROBES = 200  # trials from which the longest trial and chance are found
NO_TARGET = -1  # ground truth of NeuroGym for steps without a target
DRAWS = 100  # until a trial is no longer than the longest probe


@dataclass(frozen=True, kw_only=True)
class NeuroGymTask:
    """Trial-based environment of NeuroGym with ground truth, as a task.

    The inputs are the observations. A choice among n (action space Discrete) has n outputs,
    with target 1 for the correct one and 0 for the others. A step whose ground truth is -1 or NaN
    does not have a target and does not count. A continuous or binary ground truth (action
    space Box or MultiBinary) is the target itself. Trials that end early are padded with zeros
    that do not count. `n_steps` is the length of the longest of 200 trials; a longer trial is
    drawn again.

    Parameters
    ----------
    name : str
        Identifier of the environment, as for ``neurogym.make``: ``DelayMatchSample-v0``.
    options : mapping
        Further arguments of the environment: ``timing``, ``sigma``, …; not ``dt``, which is
        `step_ms`.
    periods : tuple of str, or str, optional
        Periods in which the output counts: ``("decision",)``; the whole trial by default. One
        string is one period.
    step_ms : float
        Time step, the ``dt`` of the environment, in ms.

    Attributes
    ----------
    n_inputs, n_outputs, n_steps, chance
        As in `Task`; the last two are estimated from 200 trials.
    chance_error : float
        Standard error of `chance`.

    Raises
    ------
    ModuleNotFoundError
        If NeuroGym is not installed.
    TypeError
        If `name` is not a string, or `periods` are not names.
    ValueError
        If the environment or a period does not exist, `options` has a ``dt`` other than `step_ms`,
        the environment does not have trials or ground truth, or its spaces or its ground truth
        are of a different kind.

    Examples
    --------
    Three choices, whose targets are all 0 or 1. The output counts in the decision period, in
    9 steps of each trial:

    >>> import torch
    >>> task = ann_bridge.tasks.NeuroGymTask(name="DelayMatchSample-v0", periods="decision")
    >>> task.n_inputs, task.n_outputs
    (3, 3)
    >>> trials = task.sample(2, torch.Generator().manual_seed(0))
    >>> trials.mask.sum(0).tolist()
    [9.0, 9.0]
    >>> trials.targets[trials.mask > 0].sum(1).unique().tolist()  # one correct choice
    [1.0]
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    periods: tuple[str, ...] | str | None = None
    step_ms: float = 100.0
    n_inputs: int = field(init=False)
    n_outputs: int = field(init=False)
    n_steps: int = field(init=False)
    chance: float = field(init=False)
    chance_error: float = field(init=False)
    _environment: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_durations(self)
        if (step := self.options.get("dt", self.step_ms)) != self.step_ms:
            raise ValueError(
                f"options has dt={step!r}, but the step of the task is step_ms={self.step_ms:g}. "
                f"Use step_ms={step!r} without dt."
            )
        if self.periods is not None:
            self._set("periods", _period_names(self.periods))
        environment = _make(self.name, dict(self.options) | {"dt": self.step_ms})
        self._set("options", MappingProxyType(dict(self.options)))
        self._set("_environment", environment)
        self._set("n_inputs", _count_inputs(self.name, environment))
        environment.seed(0)
        probes = [self._trial() for _ in range(PROBES)]
        self._set("n_outputs", probes[0][1].shape[1])
        self._set("n_steps", max(len(mask) for *_, mask in probes))
        self._set_chance([(targets, mask) for _, targets, mask in probes])

    def sample(self, batch_size: int, generator: torch.Generator) -> Trials:
        """Draw trials, on the device of the generator.

        Parameters
        ----------
        batch_size : int
            Number of trials, at least 1.
        generator : torch.Generator
            Source of randomness.

        Returns
        -------
        Trials
            Inputs, shape (n_steps, batch_size, n_inputs); targets, shape (n_steps, batch_size,
            n_outputs), without the last dimension if there is one output; mask, shape
            (n_steps, batch_size). All float32.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        ArithmeticError
            If each of 100 trials is longer than `n_steps`.
        """
        check_batch(self, batch_size, generator)
        device = generator.device
        seed = torch.randint(2**31, (), generator=generator, device=device)
        self._environment.seed(int(seed))
        inputs = np.zeros((self.n_steps, batch_size, self.n_inputs), dtype=np.float32)
        targets = np.zeros((self.n_steps, batch_size, self.n_outputs), dtype=np.float32)
        mask = np.zeros((self.n_steps, batch_size), dtype=np.float32)
        for k in range(batch_size):
            for array, values in zip((inputs, targets, mask), self._fitting_trial(), strict=True):
                array[: len(values), k] = values
        if self.n_outputs == 1:
            targets = targets[..., 0]
        return Trials(*(torch.from_numpy(array).to(device) for array in (inputs, targets, mask)))

    def _fitting_trial(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        for _ in range(DRAWS):
            trial = self._trial()
            if len(trial[2]) <= self.n_steps:
                return trial
        raise ArithmeticError(f"{self.name}: {DRAWS} trials were longer than {self.n_steps} steps.")

    def _trial(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, targets and mask of one trial, time first."""
        environment = self._environment
        environment.new_trial()
        for built, what in (
            (environment._has_gt, "ground truth"),
            (environment._ob_built, "input"),
        ):
            if not built:
                raise ValueError(
                    f"{self.name} does not set the {what}: it is not for supervised training."
                )
        require_real(f"The input of {self.name}", environment.ob)
        require_real(f"The ground truth of {self.name}", environment.gt)
        observations = _as_numbers(self.name, "input", environment.ob)
        truth = _as_numbers(self.name, "ground truth", environment.gt)
        self._check_inputs(observations)
        targets, known = _targets(self.name, environment.action_space, truth, len(observations))
        mask = self._mask(len(targets)) * known
        return observations.reshape(len(targets), -1), targets, mask

    def _check_inputs(self, observations: np.ndarray) -> None:
        shape = self._environment.observation_space.shape
        if observations.shape[1:] != shape and observations[:1].size != self.n_inputs:
            raise ValueError(
                f"{self.name} has an input of shape {observations.shape}, time first; its "
                f"observation space needs (n_steps, {', '.join(map(str, shape))})."
            )
        if not np.isfinite(observations).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(observations))[0])
            raise ValueError(
                f"{self.name} has an input that is not finite, {observations[place]} at step "
                f"{place[0]} of a trial."
            )

    def _mask(self, n_steps: int) -> np.ndarray:
        if self.periods is None:
            return np.ones(n_steps)
        environment, mask = self._environment, np.zeros(n_steps)
        for period in self.periods:
            if period not in environment.start_ind:
                raise ValueError(
                    f"{self.name} does not have a period {period!r}; its periods are "
                    f"{', '.join(environment.start_ind)}."
                )
            mask[environment.start_ind[period] : environment.end_ind[period]] = 1
        return mask

    def _set_chance(self, probes: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """The loss of the best constant output on these trials, and its standard error."""
        counted = np.concatenate([targets[mask > 0] for targets, mask in probes])
        if not len(counted):
            raise ValueError(
                f"{self.name}: no step of {PROBES} trials has a target in "
                f"{self.periods or 'any period'}."
            )
        best = counted.mean(axis=0)
        errors = np.array([mask @ ((t - best) ** 2).mean(axis=1) for t, mask in probes])
        lengths = np.array([mask.sum() for _, mask in probes])
        chance = errors.sum() / lengths.sum()
        spread = (errors - chance * lengths).std(ddof=1) / lengths.mean()
        self._set("chance", float(counted.var(axis=0).mean()))
        self._set("chance_error", float(spread / math.sqrt(PROBES)))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def _count_inputs(name: str, environment: Any) -> int:
    """Number of observations, which are an array of numbers."""
    space = environment.observation_space
    if type(space).__name__ != "Box":
        raise ValueError(f"{name} has the observation space {space}; a task needs a Box.")
    return int(np.prod(space.shape))


def _period_names(given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"periods must be names of periods, such as ('decision',), or None for the whole "
            f"trial, got {given!r}."
        )
    return tuple(names)


def _as_numbers(name: str, what: str, values: Any) -> np.ndarray:
    """Observations or ground truth as real numbers, at least one a step."""
    try:
        numbers = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"The {what} of {name} is not an array of numbers: {error}") from error
    if numbers.dtype.kind not in "biuf" or not numbers.ndim:
        raise ValueError(
            f"The {what} of {name} must be an array of real numbers, time first, got the type "
            f"{numbers.dtype} and the shape {numbers.shape}."
        )
    return numbers


def _targets(
    name: str, space: Any, truth: np.ndarray, n_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Targets, shape (n_steps, n_outputs), and whether there is one, shape (n_steps,)."""
    kind = type(space).__name__
    if kind not in ("Discrete", "Box", "MultiBinary"):
        raise ValueError(
            f"{name} has the action space {space}; a task needs choices (Discrete) or numbers "
            "(Box, MultiBinary)."
        )
    size = 1 if kind == "Discrete" else int(np.prod(space.shape))
    if truth.size != n_steps * size:
        raise ValueError(
            f"{name} has a ground truth of shape {truth.shape}; its {n_steps} steps and action "
            f"space {space} need {n_steps} times {size} values."
        )
    if kind != "Discrete":
        return _numbers(name, space, truth.reshape(n_steps, size))
    truth = truth.reshape(n_steps)
    # Values beyond the integers become one that is not a choice.
    choice = np.clip(np.nan_to_num(truth - space.start, nan=-1), -1, space.n).astype(int)
    known = (choice == truth - space.start) & (choice >= 0) & (choice < space.n)
    strange = truth[~known & (truth != NO_TARGET) & ~np.isnan(truth)]
    if len(strange):
        raise ValueError(
            f"{name} has the ground truth {strange[0]:g}; its action space {space} has the choices "
            f"{space.start} to {space.start + space.n - 1}, and {NO_TARGET} or NaN for no target. "
            "It is not for supervised training."
        )
    targets = np.zeros((n_steps, space.n))
    targets[known, choice[known]] = 1
    return targets, known.astype(float)


def _numbers(name: str, space: Any, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets of an action space of numbers, and whether there is one, as from `_targets`."""
    truth = truth.astype(float)
    if type(space).__name__ == "MultiBinary":
        inside = (truth == 0) | (truth == 1)
    else:
        # Bounds are float32, and so may be the values that were rounded to them.
        low, high = (np.asarray(edge, dtype=float).ravel() for edge in (space.low, space.high))
        near = 1e-6 * np.maximum(1, np.abs(np.nan_to_num(truth, posinf=0, neginf=0)))
        inside = np.isfinite(truth) & (truth >= low - near) & (truth <= high + near)
    absent = np.isnan(truth) | (~inside & (truth == NO_TARGET))
    strange = truth[~inside & ~absent]
    if len(strange):
        raise ValueError(
            f"{name} has the ground truth {strange[0]:g}, which its action space {space} does not "
            f"contain. No target is NaN or {NO_TARGET}."
        )
    partly = absent.any(axis=1) & ~absent.all(axis=1)
    if partly.any():
        raise ValueError(
            f"{name} has a ground truth for some outputs of a step and not for others, "
            f"{truth[partly][0].tolist()}; a step counts with all its outputs or not."
        )
    known = ~absent.any(axis=1)
    return np.where(known[:, None], truth, 0.0), known.astype(float)


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        what = name.__name__ if isinstance(name, type) else type(name).__name__
        raise TypeError(
            f"name must be a string for neurogym.make, such as 'DelayMatchSample-v0', got {what}. "
            "To use a class, register it: gymnasium.register('Mine-v0', entry_point=Mine)."
        )


def _make(name: str, options: dict[str, Any]) -> Any:
    """The environment, without wrappers."""
    neurogym = import_extra("neurogym", "NeuroGymTask", "neurogym")
    core = import_extra("neurogym.core", "NeuroGymTask", "neurogym")
    gymnasium = importlib.import_module("gymnasium")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*render_modes")
            environment = neurogym.make(name, **options).unwrapped
    except (gymnasium.error.Error, TypeError) as error:
        raise ValueError(f"NeuroGym cannot make {name!r} with {options}: {error}") from error
    if not isinstance(environment, core.TrialEnv):
        raise ValueError(
            f"{name} is a {type(environment).__name__}, which does not have trials; a task is a "
            "neurogym.TrialEnv."
        )
    return environment
