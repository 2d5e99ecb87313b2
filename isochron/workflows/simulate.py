"""One run of a connectome under a stimulus: the dataset, its summary, its figure."""

import io
import time
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xarray as xr

from isochron import sims
from isochron.analysis import principal_components
from isochron.analysis.plotting import place_legend_below
from isochron.connectome import Connectome
from isochron.runs.resting_state import find_resting_state, is_near_equilibrium
from isochron.runs.results import extended, omitted_if_none
from isochron.runs.simulation_spec import SimulationSpec, write_simulation_spec
from isochron.settings import require_seed
from isochron.sims.simulation import unsimulated_layers
from isochron.wording import printable

SHOWN = 40
LONGEST_NAME = 20  # characters


@dataclass(frozen=True, kw_only=True)
class SimulationSummary:
    """Model, settings and duration of a simulation.

    Attributes
    ----------
    dataset, history, model, engine : str
    method : str or None
    neurons, steps, seed : int
    simulated_seconds, wall_seconds, step_ms : float
    estimated_error_mV : float or None
        Largest error of a potential in the first seconds, where a step was chosen for it.
    finite : bool
        Whether all recorded values are finite.
    not_simulated : str or None
        Layers of the connectome that the model does not have.
    """

    dataset: str
    history: str
    model: str
    engine: str
    method: str | None
    neurons: int
    simulated_seconds: float
    wall_seconds: float
    steps: int
    step_ms: float
    seed: int
    finite: bool
    estimated_error_mV: float | None = omitted_if_none()
    not_simulated: str | None = omitted_if_none()


@dataclass(frozen=True, kw_only=True)
class EndOfRun:
    """State of a graded model at the end of a run.

    Attributes
    ----------
    largest_dV_dt_at_end : float or None
        mV/ms; None if potentials and synaptic variables were not recorded.
    state_at_end : str or None
        ``resting``, ``settling to rest`` or ``moving``; None under changing currents.
    """

    largest_dV_dt_at_end: float | None
    state_at_end: str | None


@dataclass(frozen=True, kw_only=True)
class GradedSummary(EndOfRun, SimulationSummary):
    """A run of a graded model."""


@dataclass(frozen=True, kw_only=True)
class SpikeCounts:
    """Number of spikes, mean and largest rate of a neuron."""

    spikes: int
    mean_rate_Hz: float
    largest_rate_Hz: float


@dataclass(frozen=True, kw_only=True)
class SpikingSummary(SpikeCounts, SimulationSummary):
    """A run of a spiking model."""


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """Model and settings of a run, as its attributes record them."""

    dataset: str
    model: str
    engine: str
    n_steps: int
    step_ms: float
    method: str | None = None
    simulated_ms: float | None = None
    estimated_error_mV: float | None = None

    @classmethod
    def read(cls, run: xr.Dataset) -> "RecordedRun":
        """Read it from the attributes of a run; those with a default may be missing."""
        known = {field.name for field in fields(cls)} & set(run.attrs)
        return cls(**{name: run.attrs[name] for name in known})

    @property
    def duration_ms(self) -> float:
        """Simulated time; steps of a run that does not state it are equal."""
        equal = self.n_steps * self.step_ms
        return equal if self.simulated_ms is None else self.simulated_ms


def simulate_spec(
    spec: SimulationSpec, *, seed: int = 0, **options: Any
) -> tuple[xr.Dataset, SimulationSummary]:
    """Simulate a connectome.

    Parameters
    ----------
    spec : SimulationSpec
        Connectome, model and currents.
    seed : int
        Seed of the initial state, >= 0.
    **options
        Options of `isochron.sims.simulate`, or of `isochron.sims.spiking.run_spiking`.

    Returns
    -------
    xarray.Dataset
        The run, with the specification among its attributes.
    GradedSummary or SpikingSummary
        Settings, duration, and state at the end.

    Raises
    ------
    ValueError
        If an option is out of range, or the connectome does not have a neuron.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    network, stimulus = spec.network(), spec.stimulus()
    began = time.perf_counter()
    if spec.is_graded:
        run = sims.simulate(network, stimulus, rng=rng, **options)
        kind, found = GradedSummary, _find_end(network, stimulus, run)
    else:
        from isochron.sims.spiking import run_spiking

        run = run_spiking(network, stimulus, rng=rng, **options)
        kind, found = SpikingSummary, _count_spikes(run)
    made = RecordedRun.read(run)
    summary = SimulationSummary(
        dataset=network.connectome.name,
        history="; ".join(network.connectome.history),
        model=spec.model,
        engine=made.engine,
        method=made.method,
        neurons=run.neuron.size,
        simulated_seconds=1e-3 * made.duration_ms,
        wall_seconds=time.perf_counter() - began,
        steps=made.n_steps,
        step_ms=made.step_ms,
        seed=seed,
        finite=all(bool(np.isfinite(item).all()) for item in run.values()),
        estimated_error_mV=made.estimated_error_mV,
        **unsimulated_layers(network.connectome),
    )
    carrying = write_simulation_spec(spec, run).assign_attrs(seed=seed)
    return carrying, extended(summary, kind, **vars(found))


def _find_end(network: Any, stimulus: Any, run: xr.Dataset) -> EndOfRun:
    """Largest dV/dt at the last sample, and whether the model rests."""
    if not {"V", "s"} <= set(run):
        return EndOfRun(largest_dV_dt_at_end=None, state_at_end=None)
    last = run.isel(time=-1)
    state = sims.state_vector(last)
    velocity = network.field_under(stimulus)(float(last.time), state)
    return EndOfRun(
        largest_dV_dt_at_end=float(np.abs(velocity[: network.n_neurons]).max()),
        state_at_end=_name_state(network, stimulus, state) if stimulus.steady else None,
    )


def _name_state(network: Any, stimulus: Any, state: np.ndarray) -> str:
    rest = (
        find_resting_state(network, stimulus, state)
        if is_near_equilibrium(network, stimulus, state)
        else None
    )
    if rest is None:
        return "moving"
    return "settling to rest" if rest.settled_s else "resting"


def _count_spikes(run: xr.Dataset) -> SpikeCounts:
    return SpikeCounts(
        spikes=run.spike_time.size,
        mean_rate_Hz=float(run.rate.mean()),
        largest_rate_Hz=float(run.rate.max()),
    )


def figure_of_run(run: xr.Dataset, connectome: Connectome, form: str) -> bytes:
    """A figure of a run in a format, such as ``png``."""
    buffer = io.BytesIO()
    draw_run(run, connectome).savefig(buffer, format=form, dpi=150)
    return buffer.getvalue()


def draw_run(run: xr.Dataset, connectome: Connectome) -> Any:
    """A figure of a run: activity over time, and its mean or two main components."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(figure)
    made = RecordedRun.read(run)
    title = printable(f"{made.dataset}, {made.model} model, {made.engine}")
    figure.suptitle(title, parse_math=False)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    if "spike_time" in run:
        _draw_spikes(run, top, bottom)
    else:
        _draw_potentials(run, connectome, figure, top, bottom)
    bottom.set_xlabel("time (s)")
    return figure


def _draw_potentials(run: xr.Dataset, connectome: Connectome, figure: Any, top: Any, bottom: Any):
    seconds = 1e-3 * run.time.values
    values = (run.V - run.threshold).transpose("time", "neuron").values
    most = np.argsort(-values.std(axis=0), kind="stable")[:SHOWN]
    limit = np.abs(values[:, most]).max() or 1.0
    image = top.imshow(
        values[:, most].T, aspect="auto", extent=(seconds[0], seconds[-1], len(most), 0),
        cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest",
    )  # fmt: skip
    names = [printable(name)[:LONGEST_NAME] for name in run.neuron.values[most]]
    top.set_yticks(np.arange(len(most)) + 0.5, names, fontsize=6.5, parse_math=False)
    top.set_ylabel(f"{len(most)} neurons of largest amplitude")
    figure.colorbar(image, ax=top, label="V − Vth (mV)")
    motor = [cell.name for cell in connectome.cells if cell.type == "motor"]
    chosen = run.sel(neuron=motor) if motor else run
    potentials = chosen.V.values
    ratios, components = principal_components(potentials)
    scores = (potentials - potentials.mean(axis=0)) @ components[:2].T
    for k, style in zip(range(scores.shape[1]), ("-", "--"), strict=False):
        share = f"component {k + 1}, {100 * ratios[k]:.0f} % of the variance"
        bottom.plot(seconds, scores[:, k], style, label=share)
    bottom.set_ylabel(f"{'motor neurons' if motor else 'all neurons'} (mV)")
    place_legend_below(bottom)


def _draw_spikes(run: xr.Dataset, top: Any, bottom: Any):
    seconds, rank = 1e-3 * run.spike_time.values, np.argsort(np.argsort(run.neuron.values))
    top.plot(seconds, rank[run.spike_neuron.values], "|", color="black", markersize=2)
    top.set_ylim(run.neuron.size, 0)
    top.set_ylabel("neuron, sorted by name")
    end = 1e-3 * RecordedRun.read(run).duration_ms
    edges = np.linspace(0, end, 101)
    counts = np.histogram(seconds, edges)[0] / (edges[1] * run.neuron.size)
    bottom.stairs(counts, edges, color="black")
    bottom.set_xlim(0, end)
    bottom.set_ylabel("mean rate (Hz)")
