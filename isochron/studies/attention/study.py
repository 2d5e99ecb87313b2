"""`isochron study attention`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.memory import require_memory
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.runs.training import check_training
from isochron.studies.attention.configuration import ATTENTION, AttentionConfig, MemorySection
from isochron.studies.attention.networks import (
    measure_net,
    net_specs,
    read_row,
    train_net,
)
from isochron.studies.attention.report import build_report, format_results
from isochron.studies.attention.results import AttentionResults
from isochron.studies.entries import stimulus_task
from isochron.studies.paired_networks import first_pair
from isochron.studies.study import Study

EXPERIMENT = "attention"
FEWEST_LAGS = 8  # steps in which a memory is measured
QUESTION = "What remains of memory and rhythm in a network that is not recurrent, a transformer?"


def _datasets(config: AttentionConfig) -> list[str]:
    return [entry.dataset for entry in config.substrates if entry.dataset is not None]


def inputs(config: AttentionConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    found: dict[str, str] = {}
    for name in _datasets(config):
        found |= dataset_inputs(name)
    return found


def check(config: AttentionConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    from isochron.ann_bridge import TrainedMap

    for spec in first_pair(config.substrates, config.tasks):
        with in_section(spec.place):
            given = spec.configure(config.training.budget)
            task = stimulus_task(spec.task.name, given.task.task(), "the memory is measured")
            net = check_training(given)
        with in_section("[memory]"):
            if config.memory.longest_ms < FEWEST_LAGS * task.step_ms:
                raise ValueError(
                    f"longest_ms must be at least {FEWEST_LAGS * task.step_ms:g}, {FEWEST_LAGS} "
                    f"steps of the task, got {config.memory.longest_ms!r}."
                )
            require_trials_fit(
                net.settings, longest_task(config.memory, task), 2 * config.memory.n_trials
            )
        with in_section("[cycles]"):
            system = TrainedMap(net, frequency_Hz=config.cycles.frequency_Hz)
            require_memory(
                4 * 8.0 * config.cycles.n_starts * system.dimension,
                f"{config.cycles.n_starts} states of {system.dimension} variables",
                "Lower n_starts.",
            )
        if not system.smooth:
            raise ValueError(
                f"substrates: cycles of the kind {spec.substrate.kind} cannot be found, since it "
                "does not have a derivative."
            )
        if spec.substrate.kind == ATTENTION and net.settings.feedback:
            raise ValueError(
                f"substrates: {spec.substrate.name} has feedback = {net.settings.feedback:g}; the "
                "study trains without feedback, and [cycles] feedback adds it afterwards."
            )


def longest_task(section: MemorySection, task: Any) -> Any:
    """A task whose trials are as long as those in which its memory is measured."""
    pulse_ms = max(section.brief_ms, task.pulse_ms[1])
    return replace(
        task, duration_ms=task.onset_ms[1] + pulse_ms + section.longest_ms + task.step_ms
    )


def plan(config: AttentionConfig, folder: RunFolder) -> list[Step]:
    """Training and analysis of every network, pair by pair."""
    paths, steps = RunPaths(folder.path), []
    for spec in net_specs(config):
        train = f"train-{spec.name}"
        steps.append(Step(train, train_net, (config, paths, spec)))
        steps.append(
            Step(f"measure-{spec.name}", measure_net, (config, paths, spec), after=(train,))
        )
    return steps


def assemble(config: AttentionConfig, folder: RunFolder, steps: Sequence[Step]) -> AttentionResults:
    """The content of ``results.json`` from the results of the steps."""
    names = _datasets(config)
    return AttentionResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(names[0]) if names else None),
        config=config,
        networks=tuple(
            read_row(folder.result(f"measure-{it.name}"), folder.result(f"train-{it.name}"))
            for it in net_specs(config)
        ),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=AttentionResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
