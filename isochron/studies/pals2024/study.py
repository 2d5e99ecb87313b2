"""`isochron reproduce pals2024`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence

import torch

from isochron.ann_bridge import LowRankRNN, TrainedMap
from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.ann_bridge.nets.parameters import require_network_fits
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import derive_seed, find_provenance
from isochron.runs.results import SCHEMA, extended, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.studies.pals2024.claims import CLAIMS, judge
from isochron.studies.pals2024.conditions import (
    Condition,
    budget_of,
    build_net,
    build_task,
    parse_condition,
    section_name,
    section_of,
)
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.networks import analyse_net, net_specs, train_net
from isochron.studies.pals2024.released import compare_with_released
from isochron.studies.pals2024.report import build_report, format_results
from isochron.studies.pals2024.results import NetworkRow, Pals2024Provenance, Pals2024Results
from isochron.studies.pals2024.size import describe_size
from isochron.studies.pals2024.summary import summarise
from isochron.studies.study import Study

EXPERIMENT = "pals2024"
QUESTION = (
    "Do trained recurrent networks store memories as phase-locked limit cycles, and when do "
    "they code by phase, when by rate?"
)


def _inputs(config: Pals2024Config) -> Mapping[str, str]:
    return dataset_inputs(config.connectome.dataset) if _uses_dataset(config) else {}


def _uses_dataset(config: Pals2024Config) -> bool:
    return any(parse_condition(name).kind == "connectome" for name in config.conditions)


def check(config: Pals2024Config) -> None:
    """Reject what cannot be run, before any work is done."""
    for name in config.conditions:
        _check_condition(config, parse_condition(name))
    smallest = LowRankRNN(n_units=1, rank=1)
    with in_section("[analysis]"):
        for hertz in (config.analysis.frequency_Hz, *config.analysis.tongue_limits_Hz):
            TrainedMap(smallest, frequency_Hz=hertz)


def _check_condition(config: Pals2024Config, condition: Condition) -> None:
    """Check that the network of a condition, and its training, fit into the memory."""
    section, task = section_of(config, condition), build_task(config, condition)
    name = "long" if condition.long else section_name(condition.network)
    with in_section(f"[{name}]"):
        net = build_net(config, condition, torch.Generator().manual_seed(0))
        require_network_fits(net.settings, condition.network)
    budget = budget_of(config, condition)
    with in_section(f"[{name if budget is section else 'four_stimuli'}] batch_size:"):
        require_trials_fit(net.settings, task, budget.batch_size)
    with in_section("[analysis] n_trials:"):
        require_trials_fit(net.settings, task, config.analysis.n_trials * condition.n_stimuli)


def plan(config: Pals2024Config, folder: RunFolder) -> list[Step]:
    """Training and analysis of every network, in rounds over the conditions."""
    paths, steps = RunPaths(folder.path), []
    for spec in net_specs(config):
        train, analyse = f"train-{spec.name}", f"analyse-{spec.name}"
        steps.append(Step(train, train_net, (config, paths, spec)))
        steps.append(Step(analyse, analyse_net, (config, paths, spec), after=(train,)))
    return steps


def assemble(config: Pals2024Config, folder: RunFolder, steps: Sequence[Step]) -> Pals2024Results:
    """The content of ``results.json`` from the results of the steps."""
    specs, confidence = net_specs(config), config.analysis.confidence
    rows = tuple(_read_row(folder, spec.name) for spec in specs)
    conditions = [parse_condition(name) for name in config.conditions]
    used = open_connectome(config.connectome.dataset) if _uses_dataset(config) else None
    summaries = tuple(
        summarise(
            condition.name,
            [row for row in rows if row.condition == condition.name],
            condition.n_stimuli,
            confidence=confidence,
            seed=derive_seed(config.seed, condition.name, "bootstrap"),
        )
        for condition in conditions
    )
    return Pals2024Results(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        size=describe_size(config),
        provenance=extended(find_provenance(used), Pals2024Provenance, config=config),
        claims=judge(CLAIMS, rows, confidence),
        conditions=summaries,
        released=compare_with_released(conditions, summaries),
        nets=rows,
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


def _read_row(folder: RunFolder, name: str) -> NetworkRow:
    training = {"training": folder.result(f"train-{name}")}
    return from_json_values(folder.result(f"analyse-{name}") | training, NetworkRow)


STUDY = Study(
    command=f"isochron reproduce {EXPERIMENT}",
    results=Pals2024Results,
    check=check,
    inputs=_inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
