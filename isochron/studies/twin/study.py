"""`isochron study twin`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.memory import require_memory
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.studies.study import Study
from isochron.studies.twin.configuration import GRADED, TwinConfig
from isochron.studies.twin.contrasts import contrasts, summaries
from isochron.studies.twin.emulation import (
    NetSpec,
    build_net,
    fit_filter,
    net_specs,
    tasks_of,
    train_net,
)
from isochron.studies.twin.report import build_report, format_results
from isochron.studies.twin.results import EmulationRow, NeuronRow, TwinResults
from isochron.studies.twin.target import describe_neuron, find_scale

EXPERIMENT = "twin"
QUESTION = "How many artificial units emulate one neuron of the worm?"


def inputs(config: TwinConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    names = [config.neuron.dataset] if config.neuron.model == GRADED else []
    names += [it.dataset for it in config.substrates if it.dataset]
    found: dict[str, str] = {}
    for name in names:
        found |= dataset_inputs(name)
    return found


def check(config: TwinConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    given = config.neuron
    n_steps = round(given.duration_ms / given.step_ms)
    with in_section("[neuron]"):
        require_memory(
            8 * 8.0 * given.n_trials * n_steps * given.n_currents,  # currents, and copies of them
            f"{given.n_trials} trials of {n_steps:.3g} steps",
            "Lower n_trials or duration_ms, or raise step_ms.",
        )
        describe_neuron(given)
    with in_section("[filters]"):
        _check_lags(config, n_steps)
    task, _ = tasks_of(config, 0)
    for substrate in config.substrates:
        with in_section(f"[[substrates]] {substrate.name}:"):
            net = build_net(NetSpec(substrate, 0), task, 0)
            with in_section("[training] batch_size:"):
                require_trials_fit(net.settings, task, config.training.batch_size)
            with in_section("[neuron] n_trials:"):
                require_trials_fit(net.settings, task, given.n_trials)


def _check_lags(config: TwinConfig, n_steps: int) -> None:
    """Check that the trials are long enough for the longest filter."""
    given, longest = config.neuron, max(config.filters.lags)
    if longest > n_steps:
        raise ValueError(
            f"lags must be at most {n_steps}, the number of steps of a trial, got {longest}."
        )
    counted = round((given.duration_ms - given.washout_ms) / given.step_ms) * given.n_trials
    n_weights = longest * given.n_currents + 1
    if n_weights > counted:
        raise ValueError(
            f"lags: a filter with {n_weights} weights needs as many steps that count, but there "
            f"are {counted}. Lower lags, or raise n_trials."
        )
    require_memory(
        3 * 8.0 * counted * n_weights, f"A filter with {n_weights} weights", "Lower lags."
    )


def plan(config: TwinConfig, folder: RunFolder) -> list[Step]:
    """Filters and trainings, pair by pair."""
    paths, steps = RunPaths(folder.path), []
    for pair in range(config.training.pairs):
        for lags in config.filters.lags:
            steps.append(Step(_filter(lags, pair), fit_filter, (config, lags, pair)))
        for spec in net_specs(config):
            if spec.pair == pair:
                steps.append(Step(f"train-{spec.name}", train_net, (config, paths, spec)))
    return steps


def _filter(lags: int, pair: int) -> str:
    return f"fit-filter-{lags}-{pair}"


def assemble(config: TwinConfig, folder: RunFolder, steps: Sequence[Step]) -> TwinResults:
    """The content of ``results.json`` from the results of the steps."""
    given = config.neuron
    rows = tuple(from_json_values(folder.result(step.name), EmulationRow) for step in steps)
    return TwinResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(
            open_connectome(given.dataset) if given.model == GRADED else None
        ),
        config=config,
        neuron=NeuronRow(**describe_neuron(given), **asdict(find_scale(given))),
        emulations=rows,
        summaries=summaries(rows),
        contrasts=contrasts(rows),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=TwinResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
