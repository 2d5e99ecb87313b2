"""Training of loops, with the true outputs fed back or freely, and errors in trials held out."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from isochron.runs.measures import Report
from isochron.studies.worm_twin.configuration import LearningSection
from isochron.studies.worm_twin.loops import Loop

LARGEST_GRADIENT = 1.0
REPORT_EVERY = 50
RAMP = 0.2  # of the training, in which the free part of a piece grows from nothing
SMALL = 0.02  # variance of an output in a piece below which its errors no longer count more
WINDOW_MS = 1000.0  # of a free run, in which its R² is computed
LOST = 0.5  # R² at which a free run ends


@dataclass(frozen=True)
class Data:
    """Trials as tensors.

    Attributes
    ----------
    inputs : Tensor, shape (n_trials, n_steps, n_inputs)
    outputs : Tensor, shape (n_trials, n_steps + 1, n_outputs)
    """

    inputs: Tensor
    outputs: Tensor

    @classmethod
    def of(cls, trials: xr.Dataset) -> "Data":
        """From the trials of a run folder, in float64."""
        return cls(*(torch.tensor(trials[it].to_numpy()) for it in ("inputs", "outputs")))

    def float(self) -> "Data":
        """In float32."""
        return Data(self.inputs.float(), self.outputs.float())

    def shuffled(self, generator: torch.Generator) -> "Data":
        """The same outputs in a random order of time, in each trial a different one."""
        orders = [torch.randperm(len(it), generator=generator, device="cpu") for it in self.outputs]
        pieces = [it[order] for it, order in zip(self.outputs, orders, strict=True)]
        return Data(self.inputs, torch.stack(pieces))

    def pieces(self, n_steps: int, count: int, generator: torch.Generator) -> "Data":
        """Pieces of random trials from random steps on."""
        n_trials, last = len(self.inputs), self.inputs.shape[1] - n_steps
        trial = torch.randint(n_trials, (count, 1), generator=generator)
        first = torch.randint(last + 1, (count, 1), generator=generator)
        steps = first + torch.arange(n_steps + 1)
        return Data(self.inputs[trial, steps[:, :-1]], self.outputs[trial, steps])


def train_loop(
    loop: Loop,
    data: Data,
    p: LearningSection,
    *,
    learning_rate: float,
    step_ms: float,
    free: bool,
    seed: int,
    report: Report,
) -> None:
    """Train a loop in place.

    Parameters
    ----------
    loop : Loop
    data : Data
        Trials of the training, in the type of the loop.
    p : LearningSection
    learning_rate, step_ms : float
    free : bool
        Whether the predictions are fed back after `forced_ms`, in a part of a piece that grows
        in the first fifth of the training. Otherwise the true outputs are throughout.
    seed : int
        Seed of the pieces.
    report : callable

    Raises
    ------
    ArithmeticError
        If the weights do not stay finite.
    """
    generator = torch.Generator().manual_seed(seed)
    n_forced, n_free = (max(1, round(it / step_ms)) for it in (p.forced_ms, p.free_ms))
    n_steps = n_forced + n_free
    optimizer = torch.optim.Adam(loop.parameters(), lr=learning_rate)
    for k in range(p.steps):
        if k % REPORT_EVERY == 0:
            report(k / p.steps, f"training step {k} of {p.steps}")
        fall = (1 + math.cos(math.pi * k / p.steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (p.final_rate + (1 - p.final_rate) * fall)
        drawn = data.pieces(n_steps, p.batch_size, generator)
        n_own = round(n_free * min(1.0, k / (RAMP * p.steps))) if free else 0
        found = loop.predict(drawn.inputs, drawn.outputs, n_steps - n_own)
        errors = (found - drawn.outputs[:, 1:])[:, n_forced // 2 :]
        loss = (errors.square() / (SMALL + drawn.outputs.var(dim=1, keepdim=True))).mean()
        if not loss.isfinite():  # a free run that diverges
            continue
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(loop.parameters(), LARGEST_GRADIENT)
        optimizer.step()
    if not all(it.isfinite().all() for it in loop.parameters()):
        raise ArithmeticError("Weights are not finite after the training. Lower learning_rate.")


@dataclass(frozen=True)
class HeldOut:
    """Runs of a loop in trials held out.

    Attributes
    ----------
    errors : dict of str to float
        `r2`, `r2_outputs`, `r2_changes` and `horizon_s` of `LearnerRow`.
    states : Tensor, shape (n_trials, n_steps, dimension)
        With the true outputs fed back.
    free : Tensor, shape (n_trials, n_steps, n_outputs)
        Outputs of the free run.
    """

    errors: dict[str, Any]
    states: Tensor
    free: Tensor


@torch.no_grad()
def run_held_out(loop: Loop, trials: xr.Dataset, n_forced: int, step_ms: float) -> HeldOut:
    """Run a loop with the true outputs fed back, and freely after `n_forced` steps."""
    loop, data = copy.deepcopy(loop).double(), Data.of(trials)
    n_steps, wanted = data.inputs.shape[1], data.outputs[:, 1:]
    states = loop.run(data.inputs, data.outputs, n_steps)
    free = loop.predict(data.inputs, data.outputs, n_forced)
    found, targets = loop.read(states)[:, n_forced:], wanted[:, n_forced:]
    before = data.outputs[:, n_forced:-1]
    scale = torch.tensor(trials["scale_mV"].to_numpy())
    missed = ((found - targets) * scale).square().sum(dim=2).mean().item()
    errors = {
        "r2": float(1 - (missed + trials.attrs["outside_mV2"]) / trials.attrs["total_mV2"]),
        "r2_outputs": explained(found, targets),
        "r2_changes": explained(found - before, targets - before),
        "horizon_s": horizon_ms(free[:, n_forced:], targets, step_ms) / 1e3,
    }
    return HeldOut(errors, states, free)


def explained(found: Tensor, wanted: Tensor) -> float:
    """R²: share of the variance of outputs, all together, over trials and time."""
    if not found.isfinite().all():
        return -math.inf
    centered = wanted - wanted.mean(dim=(0, 1))
    return 1 - ((found - wanted).square().sum() / centered.square().sum()).item()


def horizon_ms(free: Tensor, wanted: Tensor, step_ms: float) -> float:
    """Start of the first window in which the R² of a free run is below 0.5.

    Parameters
    ----------
    free, wanted : Tensor, shape (n_trials, n_steps, n_outputs)
        From the start of the free run on.
    step_ms : float

    Returns
    -------
    float
        The whole duration if it does not fall below it.
    """
    width, n_steps = max(1, round(WINDOW_MS / step_ms)), wanted.shape[1]
    for first in range(0, n_steps, width):
        window = slice(first, first + width)
        if explained(free[:, window], wanted[:, window]) < LOST:
            return first * step_ms
    return n_steps * step_ms


def draw_starts(states: Tensor, n_forced: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random states of runs with the true outputs fed back, after their start."""
    late = states[:, n_forced:].flatten(0, 1).numpy()
    return late[rng.choice(len(late), size=count, replace=False)]
