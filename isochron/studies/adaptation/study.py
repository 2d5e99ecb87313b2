"""`isochron study adaptation`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence

from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.runs.training import check_training
from isochron.studies.adaptation.configuration import AdaptationConfig
from isochron.studies.adaptation.contrasts import contrasts
from isochron.studies.adaptation.networks import (
    BaseSpec,
    adapt_net,
    adapted_specs,
    base_specs,
    configure,
    follow_cycles,
    train_base,
)
from isochron.studies.adaptation.report import build_report, format_results
from isochron.studies.adaptation.results import AdaptationResults, AdaptedRow, BaseRow
from isochron.studies.entries import place_of_network
from isochron.studies.study import Study

EXPERIMENT = "adaptation"
QUESTION = "What happens to the cycles of a task when a network is adapted to a second one?"


def _datasets(config: AdaptationConfig) -> list[str]:
    return [entry.dataset for entry in config.substrates if entry.dataset is not None]


def inputs(config: AdaptationConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    found: dict[str, str] = {}
    for name in _datasets(config):
        found |= dataset_inputs(name)
    return found


def check(config: AdaptationConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    from isochron.ann_bridge import AdaptedNet, TrainedMap

    first = [BaseSpec(substrate, 0) for substrate in config.substrates]
    shapes = [
        (task.n_inputs, task.n_outputs, task.step_ms)
        for task in (configure(config, first[0], it).task.task() for it in config.tasks)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "The two tasks must have the same inputs, outputs and time step; "
            f"{config.tasks[0].name} has {_described(*shapes[0])}, {config.tasks[1].name} has "
            f"{_described(*shapes[1])}."
        )
    for spec in first:
        nets = []
        for task, section in zip(config.tasks, ("first_training", "second_training"), strict=True):
            with in_section(place_of_network(spec.substrate, task)):
                nets.append(check_training(configure(config, spec, task), section))
        with in_section("[adaptation]"):
            AdaptedNet(nets[0], max(config.adaptation.ranks))
        with in_section("[reference]"):
            TrainedMap(nets[0], frequency_Hz=config.reference.frequency_Hz)


def _described(n_inputs: int, n_outputs: int, step_ms: float) -> str:
    return f"{n_inputs} inputs, {n_outputs} outputs and a step of {step_ms:g} ms"


def plan(config: AdaptationConfig, folder: RunFolder) -> list[Step]:
    """First task, adaptation and cycles of every network, pair by pair."""
    paths, steps = RunPaths(folder.path), []
    for base in base_specs(config):
        first = f"base-{base.name}"
        steps.append(Step(first, train_base, (config, paths, base)))
        for spec in adapted_specs(config, base):
            adapt = f"adapt-{spec.name}"
            steps.append(Step(adapt, adapt_net, (config, paths, spec), after=(first,)))
            steps.append(
                Step(f"follow-{spec.name}", follow_cycles, (config, paths, spec), after=(adapt,))
            )
    return steps


def assemble(
    config: AdaptationConfig, folder: RunFolder, steps: Sequence[Step]
) -> AdaptationResults:
    """The content of ``results.json`` from the results of the steps."""
    bases = base_specs(config)
    adapted = tuple(
        from_json_values(row, AdaptedRow)
        for base in bases
        for spec in adapted_specs(config, base)
        for row in folder.result(f"follow-{spec.name}")
    )
    names = _datasets(config)
    return AdaptationResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(names[0]) if names else None),
        config=config,
        bases=tuple(from_json_values(folder.result(f"base-{it.name}"), BaseRow) for it in bases),
        adapted=adapted,
        contrasts=contrasts(adapted),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=AdaptationResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
