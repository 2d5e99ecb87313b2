"""Fit a simulated worm to a recording, by gradient descent through the simulation.

The gradient is exact over the whole recording. Memory is bounded because the simulation is
divided into windows: the forward run stores only the states between them, and each window is
run again when the gradient passes through it (checkpointing; Griewank and Walther, 2000, ACM
Transactions on Mathematical Software 26:19).
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from isochron.ann_bridge.fitting.parameters import Choice, FreeParameters
from isochron.settings import check_types
from isochron.sims import GradedNetwork, Stimulus
from isochron.sims.engines.torch_graded import BatchParameters, GradedBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingFitParameters:
    """Settings of `fit_recording`.

    Parameters
    ----------
    compare : {"mV", "correlation"}
        Loss: the mean squared error of potentials; or, for calcium signals, whose scale and
        offset are arbitrary, 1 - r with the correlation r, averaged over neurons.
    indicator_ms : float
        Time constant of an indicator that smooths the simulated potentials first, in ms; 0 for
        none.
    step_ms : float
        Time step of the simulation, in ms.
    window_steps : int
        Number of time steps between stored states. Memory is smallest at about the square root
        of the number of all steps.
    steps : int
        Largest number of steps of Adam.
    learning_rate : float
        Learning rate of Adam, for the coordinates without bounds.
    gradient_clip : float
        Largest norm of the gradient; a longer one is scaled down.
    stop_below : float
        Loss below which the fit stops, in mV² or as 1 - r.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    Settings for calcium signals:

    >>> calcium = ann_bridge.RecordingFitParameters(compare="correlation", indicator_ms=500)
    >>> calcium.steps, calcium.step_ms
    (100, 4.0)
    """

    compare: str = "mV"
    indicator_ms: float = 0.0
    step_ms: float = 4.0
    window_steps: int = 100
    steps: int = 100
    learning_rate: float = 0.05
    gradient_clip: float = 1.0
    stop_below: float = 0.0

    def __post_init__(self) -> None:
        check_types(self)
        if self.compare not in ("mV", "correlation"):
            raise ValueError(f"compare must be mV or correlation, got {self.compare!r}.")
        for name in ("window_steps", "steps"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {value!r}.")
        for name in ("step_ms", "learning_rate", "gradient_clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}.")
        for name in ("indicator_ms", "stop_below"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)!r}.")


@dataclass(frozen=True, kw_only=True)
class RecordingFit:
    """Result of `fit_recording`: the worm with the smallest loss.

    Attributes
    ----------
    network : GradedNetwork
        Fitted network, for every engine.
    stimulus : Stimulus
        Input with the fitted currents.
    values : dict of str to float
        Values of the free parameters by name.
    loss : float
        Smallest loss; in mV², or 1 - r.
    losses : list of float
        Loss before each step.
    seconds : float
        Duration of the fit, in s.

    Examples
    --------
    The capacitance of a neuron, from a simulated recording:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> cell = sims.GradedNetwork(graph)
    >>> pulse = sims.step_current(["A"], amplitude_pA=1, onset_ms=0)
    >>> recording = sims.simulate(
    ...     cell.with_parameters(capacitance=3), pulse, duration_s=0.2, step_ms=4,
    ...     record_every_ms=20, initial_state=cell.equilibrium(pulse),
    ... ).V
    >>> free = [ann_bridge.Constant("capacitance", 0.5, 10)]
    >>> settings = ann_bridge.RecordingFitParameters(step_ms=20, steps=3, learning_rate=0.2)
    >>> fit = ann_bridge.fit_recording(cell, pulse, recording, free, settings)
    >>> len(fit.losses), fit.loss == min(fit.losses)
    (3, True)
    >>> fit.network.parameters.capacitance == fit.values["capacitance"]
    True
    """

    network: GradedNetwork
    stimulus: Stimulus
    values: dict[str, float]
    loss: float
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def fit_recording(
    network: GradedNetwork,
    stimulus: Stimulus,
    recording: xr.DataArray,
    choices: Sequence[Choice],
    parameters: RecordingFitParameters | None = None,
    *,
    initial_state: np.ndarray | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> RecordingFit:
    """Change chosen parameters until simulated potentials follow recorded traces.

    The thresholds are those under the constant part of the input (the rule "fixed"). There is
    no randomness: the same arguments give the same fit.

    Parameters
    ----------
    network : GradedNetwork
        Network at the start of the fit.
    stimulus : Stimulus
        Input during the recording, with the same times.
    recording : xarray.DataArray, shape (n_times, n_recorded)
        Recording (time, neuron), with increasing times in ms: ``run.V`` of `simulate`, or
        ``recording.activity`` of `isochron.connectome.recordings.load_recording`. Neurons that
        the network lacks are not used, nor are values that are NaN.
    choices : sequence of Constant, ConnectionScale or Current
        Free parameters.
    parameters : RecordingFitParameters, optional
        Settings; the defaults if not given.
    initial_state : ndarray, shape (2 n_neurons,), optional
        State at the first time of the recording, the same in every step: potentials in mV, then
        activations. By default the equilibrium, which depends on the parameters. A worm that
        starts at its equilibrium under a constant stimulus stays there.
    progress : callable, optional
        Function that is called after each step with the number of steps done and the loss.

    Returns
    -------
    RecordingFit
        Network, stimulus and values of the smallest loss.

    Raises
    ------
    ValueError
        If recording, choices or state do not match the network.
    ArithmeticError
        If the loss is not finite.

    Examples
    --------
    The capacitance of a neuron, which starts at 1.5 pF, from a recording of a neuron with 3 pF:

    >>> graph = connectome.importers.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    >>> cell = sims.GradedNetwork(graph)
    >>> pulse = sims.step_current(["A"], amplitude_pA=1, onset_ms=0)
    >>> recording = sims.simulate(
    ...     cell.with_parameters(capacitance=3), pulse, duration_s=0.2, step_ms=4,
    ...     record_every_ms=20, initial_state=cell.equilibrium(pulse),
    ... ).V
    >>> free = [ann_bridge.Constant("capacitance", 0.5, 10)]
    >>> settings = ann_bridge.RecordingFitParameters(step_ms=20, steps=25, learning_rate=0.2)
    >>> fit = ann_bridge.fit_recording(cell, pulse, recording, free, settings)
    >>> print(round(fit.values["capacitance"], 1), "pF")
    3.0 pF
    """
    start_time, p = time.perf_counter(), parameters or RecordingFitParameters()
    free = FreeParameters(network, stimulus, choices)
    simulation = _Simulation(network, stimulus, free, recording, initial_state, p)
    u = free.start.clone().requires_grad_()
    optimizer = torch.optim.Adam([u], lr=p.learning_rate)
    best, best_loss, losses = free.start, math.inf, []
    for step in range(p.steps):
        loss = simulation.loss(u)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([u], p.gradient_clip)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            raise ArithmeticError(
                f"The loss is not finite at step {step + 1}. Lower learning_rate (now "
                f"{p.learning_rate:g}), narrow the bounds, or fit a shorter part first."
            )
        losses.append(loss.item())
        if losses[-1] < best_loss:
            best, best_loss = u.detach().clone(), losses[-1]
        if progress is not None:
            progress(step + 1, losses[-1])
        if best_loss < p.stop_below:
            break
        optimizer.step()
    return RecordingFit(
        network=free.network(best),
        stimulus=free.stimulus(best),
        values=free.named(best),
        loss=best_loss,
        losses=losses,
        seconds=time.perf_counter() - start_time,
    )


class _Simulation:
    """From coordinates to the loss on a recording."""

    def __init__(
        self,
        network: GradedNetwork,
        stimulus: Stimulus,
        free: FreeParameters,
        recording: xr.DataArray,
        initial_state: np.ndarray | None,
        p: RecordingFitParameters,
    ) -> None:
        self.free, self.p = free, p
        times, columns, traces = _checked_recording(recording, network)
        self.neurons, self.traces = torch.as_tensor(columns), torch.as_tensor(traces)
        position = (times - times[0]) / p.step_ms
        self.n_steps = max(1, math.ceil(position[-1] - 1e-9))
        before = np.clip(np.floor(position + 1e-9).astype(int), 0, self.n_steps - 1)
        self.before, self.share = torch.as_tensor(before), torch.as_tensor(position - before)
        self.batch = GradedBatch([network])
        middles = times[0] + (np.arange(self.n_steps) + 0.5) * p.step_ms
        self.varying = torch.as_tensor(stimulus.varying(network.connectome, middles))
        self.initial_state = initial_state
        if initial_state is not None and np.shape(initial_state) != (network.dimension,):
            raise ValueError(
                f"initial_state must have the shape ({network.dimension},), potentials and then "
                f"activations; got {np.shape(initial_state)}."
            )

    def loss(self, u: Tensor) -> Tensor:
        """The loss at coordinates."""
        found = self.potentials(u)
        known = ~self.traces.isnan()
        wanted = torch.where(known, self.traces, 0.0)
        if self.p.compare == "mV":
            return (known * (found - wanted) ** 2).sum() / known.sum()
        return (1 - _correlation(found, wanted, known)).mean()

    def potentials(self, u: Tensor) -> Tensor:
        """Potentials of the recorded neurons at the recorded times, (n_times, n_recorded), mV."""
        values = self.free.values(u)
        parameters = self.free.batch_parameters(self.batch, values)
        constant = self.free.current(values)
        thresholds = self.batch.thresholds(constant[:, None], parameters)
        state = self._first(parameters, thresholds)
        seen = [state[0][self.neurons, 0][None]]
        for first in range(0, self.n_steps, self.p.window_steps):
            varying = self.varying[first : first + self.p.window_steps]
            state, potentials = checkpoint(
                self._run, state, seen[-1][-1], constant, varying, thresholds, parameters,
                use_reentrant=False,
            )  # type: ignore[misc]  # fmt: skip
            seen.append(potentials)
        at_steps = torch.cat(seen)
        before, after = at_steps[self.before], at_steps[self.before + 1]
        return before + self.share[:, None] * (after - before)

    def _first(self, p: BatchParameters, thresholds: Tensor) -> tuple[Tensor, Tensor]:
        if self.initial_state is None:
            resting = p.activation_rate / (p.activation_rate + 2 * p.decay_rate)
            return thresholds, resting.expand_as(thresholds)
        state = torch.tensor(self.initial_state, dtype=torch.float64)[:, None]
        return state[: self.batch.n_neurons], state[self.batch.n_neurons :]

    def _run(
        self,
        state: tuple[Tensor, Tensor],
        signal: Tensor,
        constant: Tensor,
        varying: Tensor,
        thresholds: Tensor,
        parameters: BatchParameters,
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """One window: the state after it, and the signals after each of its steps."""
        h, seen = self.p.step_ms, []
        keep = math.exp(-h / self.p.indicator_ms) if self.p.indicator_ms else 0.0
        for change in varying:
            current = (constant + change)[:, None]
            state = self.batch.step(state, current, thresholds, h, parameters)
            signal = keep * signal + (1 - keep) * state[0][self.neurons, 0]
            seen.append(signal)
        return state, torch.stack(seen)


def _correlation(found: Tensor, wanted: Tensor, known: Tensor) -> Tensor:
    """Correlation of each neuron over the times where it is known; 0 for a constant trace."""
    n = known.sum(dim=0)
    x = known * (found - (known * found).sum(dim=0) / n)
    y = known * (wanted - (known * wanted).sum(dim=0) / n)
    return (x * y).sum(dim=0) / ((x**2).sum(dim=0) * (y**2).sum(dim=0) + 1e-24).sqrt()


def _checked_recording(recording: Any, network: GradedNetwork) -> tuple[np.ndarray, ...]:
    """Times, columns of the network, and traces, shape (n_times, n_recorded)."""
    if getattr(recording, "dims", None) != ("time", "neuron"):
        raise ValueError(
            "recording must be a DataArray with dimensions (time, neuron), such as run.V or "
            f"recording.activity; got {getattr(recording, 'dims', type(recording).__name__)}."
        )
    times = np.asarray(recording.time.values, dtype=float)
    if len(times) < 2 or not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError("The recording must have two or more times, increasing, in ms.")
    names = [network.connectome.name_of(str(name)) for name in recording.neuron.values]
    traces = np.asarray(recording.values, dtype=float)
    place = {name: i for i, name in enumerate(network.connectome.neurons)}
    chosen = [k for k, name in enumerate(names) if name in place]
    if twice := [names[k] for k in chosen if names.count(names[k]) > 1]:
        raise ValueError(f"The recording has two traces of the neuron {twice[0]}; give one.")
    chosen = [k for k in chosen if np.isfinite(traces[:, k]).sum() >= 2]
    if not chosen:
        raise ValueError(
            f"None of the {len(names)} traces belongs to a neuron of {network.connectome.name}: "
            f"{', '.join(names[:5])} …"
        )
    columns = np.array([place[names[k]] for k in chosen])
    traces = np.where(np.isinf(traces), np.nan, traces)[:, chosen]
    return times, columns, traces
