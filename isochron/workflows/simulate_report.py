"""The report of a simulation, or of one by several engines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from isochron.report.study_page import PageTable
from isochron.runs.simulation_spec import SimulationSpec
from isochron.sims import load_dataset
from isochron.view.page import fill_page, read_runs
from isochron.view.rhythm import Rhythm
from isochron.workflows.engine_runs import ENGINE_HEAD, ENGINE_NOTE, EngineRun, engine_rows
from isochron.workflows.run_report import build_pages, record_of
from isochron.workflows.simulate import SimulationSummary, SpikingSummary, draw_run
from isochron.workflows.view import ViewedRuns

CAPTION = {
    True: "Spikes of all neurons, and the mean rate.",
    False: "V − Vth of the neurons of largest amplitude, and two main components.",
}
METHODS = {
    "V − Vth": "Potential minus the threshold at which a synapse is half open.",
    "estimated error": "Largest error of a potential in the first seconds, from a finer step.",
    "state at the end": (
        "Resting: at an equilibrium. Settling to rest: near one to which it converges. Moving: "
        "neither."
    ),
    "rhythm": (
        "Largest peak of the spectrum of all units in the second half of the run, if half of their "
        "variance is at it."
    ),
}


@dataclass(frozen=True, kw_only=True)
class SimulationConfig:
    """Settings of a simulation: model and currents, seed, and options that were given."""

    model: SimulationSpec
    seed: int
    options: dict[str, Any]


def simulation_pages(
    run: xr.Dataset, summary: SimulationSummary, spec: SimulationSpec, options: Mapping[str, Any]
) -> dict[str, str]:
    """The report of a simulation and the page that plays it, as HTML by file name.

    Parameters
    ----------
    run : xarray.Dataset
    summary : SimulationSummary
    spec : SimulationSpec
        Model and currents of the run.
    options : mapping of str to value
        Options that were given, for the report.

    Raises
    ------
    ValueError
        If the run is too large for a page.
    """
    connectome = spec.connectome()
    config = SimulationConfig(model=spec, seed=summary.seed, options=dict(options))
    title = _title(summary.dataset, summary.model, spec)
    content = read_runs({summary.dataset: run}, title=title) if summary.finite else None
    rhythm = None if content is None else content.viewed[0].rhythm
    return build_pages(
        record_of(connectome, config, simulation=summary.wall_seconds),
        draw_run(run, connectome),
        CAPTION[isinstance(summary, SpikingSummary)],
        None if content is None else fill_page(content),
        command="isochron simulate",
        question=f"What does the network do? {title}",
        answer=[_describe_end(summary), *_describe_rhythm(rhythm), *_describe_error(summary)],
        caveats=_caveats(summary.seed, summary.not_simulated),
        tables=[_table(summary)],
        methods=METHODS,
    )


def engine_pages(
    runs: Sequence[EngineRun],
    out: Path,
    spec: SimulationSpec,
    seed: int,
    options: Mapping[str, Any],
) -> dict[str, str]:
    """The report of a simulation by several engines, as `simulation_pages`."""
    connectome = spec.connectome()
    first = load_dataset(runs[0].file)
    title = _title(first.attrs["dataset"], spec.model, spec)
    seconds = {run.engine: run.wall_seconds for run in runs}
    return build_pages(
        record_of(
            connectome, SimulationConfig(model=spec, seed=seed, options=dict(options)), **seconds
        ),
        draw_run(first, connectome),
        f"{CAPTION[False]} Engine: {runs[0].engine}.",
        ViewedRuns((out,), title=title).page(),
        command="isochron simulate",
        question=f"Do the engines agree? {title}",
        answer=[*map(_describe_engine, runs)],
        play="Play the differences",
        caveats=_caveats(seed, first.attrs.get("not_simulated")),
        tables=[
            PageTable(
                title="Engines",
                columns=ENGINE_HEAD,
                rows=engine_rows(runs),
                note=ENGINE_NOTE,
                n_labels=1,
            )
        ],
        methods={name: METHODS[name] for name in ("V − Vth",)},
    )


def _title(dataset: str, model: str, spec: SimulationSpec) -> str:
    currents = [f"{name} {amplitude:g} pA" for name, amplitude in spec.currents]
    currents += [f"currents of {Path(spec.table).name}"] if spec.table else []
    without = [f"without {', '.join(spec.ablate)}"] if spec.ablate else []
    return ", ".join([dataset, f"{model} model", *(currents or ["no current"]), *without])


def _describe_end(summary: SimulationSummary) -> str:
    done = f"{summary.neurons} neurons, {summary.simulated_seconds:g} s"
    if isinstance(summary, SpikingSummary):
        return (
            f"{done}: {summary.spikes} spikes, mean rate {summary.mean_rate_Hz:.3g} Hz, largest "
            f"rate of a neuron {summary.largest_rate_Hz:.3g} Hz."
        )
    if not summary.finite:
        return f"{done}: potentials do not stay finite; the run is not played."
    state = getattr(summary, "state_at_end", None)
    return f"{done}; state at the end: {state or 'not determined'}."


def _describe_rhythm(rhythm: Rhythm | None) -> list[str]:
    if rhythm is None:
        return ["The run has no rhythm that most units share."]
    return [
        f"Rhythm with period {rhythm.period_ms / 1000:.3g} s: {100 * rhythm.share:.2g} % of the "
        "variance of all units."
    ]


def _describe_error(summary: SimulationSummary) -> list[str]:
    if summary.estimated_error_mV is None:
        return []
    return [f"Estimated error of the potentials: {summary.estimated_error_mV:.2g} mV."]


def _describe_engine(run: EngineRun) -> str:
    if run.largest_error_mV is None:
        return f"{run.engine}: step {run.step_ms:.4g} ms, {run.wall_seconds:.3g} s."
    return (
        f"{run.engine}: largest error against scipy {run.largest_error_mV:.2g} mV, step "
        f"{run.step_ms:.4g} ms, {run.wall_seconds:.3g} s."
    )


def _caveats(seed: int, not_simulated: str | None) -> list[str]:
    found = [
        f"Whether other initial states lead elsewhere: this is one run, seed {seed}. isochron "
        "attractors and isochron cycles search for all.",
        "What the animal does: the connectome has numbers of synapses; their strength and sign are "
        "assumptions of the model.",
    ]
    return found + ([f"Not simulated: {not_simulated}."] if not_simulated else [])


def _table(summary: SimulationSummary) -> PageTable:
    values = {
        "connectome": summary.dataset,
        "changes of the connectome": summary.history or "none",
        "model": summary.model,
        "engine": summary.engine,
        "method": summary.method or "",
        "neurons": str(summary.neurons),
        "simulated time (s)": f"{summary.simulated_seconds:g}",
        "steps": str(summary.steps),
        "time step (ms)": f"{summary.step_ms:.4g}",
    }
    rows = [list(row) for row in values.items()]
    return PageTable(title="Simulation", columns=("setting", "value"), rows=rows)
