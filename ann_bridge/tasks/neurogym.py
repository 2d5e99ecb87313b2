"""Tasks of NeuroGym, as batches of trials.

NeuroGym (Molano-Mazón et al., 2022, PsyArXiv aqc9n) makes a trial whole when it begins: its
observations and its ground truth. They are stacked here, trial by trial, so this is much slower
than the tasks of our own (see benchmarks/trial_speed.py).
"""

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from isochron.ann_bridge.tasks.task import Trials, check_batch, check_durations

PROBES = 200  # trials from which the longest trial and chance are found
DRAWS = 100  # until a trial is no longer than the longest probe


@dataclass(frozen=True, kw_only=True)
class NeuroGymTask:
    """A trial-based environment of NeuroGym with ground truth.

    The inputs are the observations. A target of n choices is n outputs, 1 for the right one and
    0 for the others; a continuous target is itself. Trials that end early are padded with zeros
    that do not count. A trial longer than the longest of 200 is drawn again.

    Parameters
    ----------
    name : str
        As for ``neurogym.make``: ``DelayMatchSample-v0``.
    options : mapping
        Further arguments of the environment: ``timing``, ``sigma``, …
    periods : tuple of str, optional
        Where the output counts: ``("decision",)``; the whole trial by default.
    step_ms : float
        The ``dt`` of the environment.

    Attributes
    ----------
    n_inputs, n_outputs, n_steps, chance
        As `Task`; the last two from 200 trials.

    Raises
    ------
    ModuleNotFoundError
        If NeuroGym is not installed.
    ValueError
        If there is no such environment or period, or it has no trials, or no ground truth for
        a batch.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    periods: tuple[str, ...] | None = None
    step_ms: float = 100.0
    n_inputs: int = field(init=False)
    n_outputs: int = field(init=False)
    n_steps: int = field(init=False)
    chance: float = field(init=False)
    _environment: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_durations(self)
        environment = _make(self.name, dict(self.options) | {"dt": self.step_ms})
        self._set("options", MappingProxyType(dict(self.options)))
        self._set("_environment", environment)
        self._set("n_inputs", int(np.prod(environment.observation_space.shape)))
        environment.seed(0)
        probes = [self._trial() for _ in range(PROBES)]
        self._set("n_outputs", probes[0][1].shape[1])
        self._set("n_steps", max(len(mask) for *_, mask in probes))
        counted = np.concatenate([targets[mask > 0] for _, targets, mask in probes])
        if not len(counted):
            raise ValueError(f"{self.name}: no step of 200 trials lies in {self.periods}.")
        self._set("chance", float(counted.var(axis=0).mean()))

    def sample(self, batch_size: int, generator: torch.Generator) -> Trials:
        """Draw trials, on the device of the generator.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        ArithmeticError
            If trials keep being longer than `n_steps`.
        """
        check_batch(batch_size)
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
        truth = np.asarray(environment.gt) if environment._has_gt else None
        if truth is None:
            raise ValueError(
                f"{self.name} sets no ground truth: it is not for supervised training."
            )
        choices = getattr(environment.action_space, "n", None)
        targets = truth.reshape(len(truth), -1) if choices is None else np.eye(choices)[truth]
        observations = np.asarray(environment.ob).reshape(len(targets), -1)
        return observations, targets, self._mask(len(targets))

    def _mask(self, n_steps: int) -> np.ndarray:
        if self.periods is None:
            return np.ones(n_steps)
        environment, mask = self._environment, np.zeros(n_steps)
        for period in self.periods:
            if period not in environment.start_ind:
                raise ValueError(
                    f"{self.name} has no period {period!r}; there are "
                    f"{', '.join(environment.start_ind)}."
                )
            mask[environment.start_ind[period] : environment.end_ind[period]] = 1
        return mask

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def _make(name: str, options: dict[str, Any]) -> Any:
    """The environment, without wrappers."""
    try:
        neurogym = importlib.import_module("neurogym")
        core = importlib.import_module("neurogym.core")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "NeuroGym is not installed: pip install 'isochron[neurogym]'"
        ) from error
    gymnasium = importlib.import_module("gymnasium")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*render_modes")
            environment = neurogym.make(name, **options).unwrapped
    except (gymnasium.error.Error, TypeError) as error:
        raise ValueError(f"NeuroGym cannot make {name!r} with {options}: {error}") from error
    if not isinstance(environment, core.TrialEnv):
        raise ValueError(
            f"{name} is a {type(environment).__name__}, which has no trials; a task is a "
            "neurogym.TrialEnv."
        )
    return environment
