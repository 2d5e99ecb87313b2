"""`isochron study pruning`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence

import numpy as np

from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.studies.pruning.configuration import PruningConfig
from isochron.studies.pruning.contrasts import contrasts, summaries
from isochron.studies.pruning.graphs import connectome_graph, measure_connectome, measure_graph
from isochron.studies.pruning.networks import (
    NetSpec,
    configure,
    dense_net,
    net_specs,
    spec_before,
    train_net,
)
from isochron.studies.pruning.report import build_report, format_results
from isochron.studies.pruning.results import (
    CONNECTOME,
    DENSE,
    GraphRow,
    NetRow,
    PruningResults,
)
from isochron.studies.study import Study

EXPERIMENT = "pruning"
QUESTION = "Which weights should stay, and do the graphs of those resemble the connectome?"
GRAPH_OF_THE_WORM = "graph-of-the-connectome"


def inputs(config: PruningConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    return dataset_inputs(config.worm.dataset)


def check(config: PruningConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    graph = connectome_graph(config.worm.dataset)
    if not np.count_nonzero(graph.chemical):
        raise ValueError(f"{graph.name} does not have connections: no weight would stay.")
    for task in config.tasks:
        with in_section(f"[[tasks]] {task.name}:"):
            net = dense_net(config, NetSpec(task, 0, DENSE))
            with in_section("[training] batch_size:"):
                require_trials_fit(
                    net.settings, configure(config, task).task.task(), config.training.batch_size
                )


def plan(config: PruningConfig, folder: RunFolder) -> list[Step]:
    """Trainings pair by pair, each followed by the comparison of its graph with null models."""
    paths, steps, planned = RunPaths(folder.path), [], set()
    steps.append(Step(GRAPH_OF_THE_WORM, measure_connectome, (config,)))
    for spec in net_specs(config):
        for one in _with_those_before(config, spec):
            if one.name not in planned:
                planned.add(one.name)
                before = spec_before(config, one)
                after = (_training(before),) if before else ()
                steps.append(Step(_training(one), train_net, (config, paths, one), after=after))
        if _has_graph(spec):
            arguments = (config, paths, spec.name, spec.task.name, spec.method, spec.pair)
            steps.append(Step(_graph(spec), measure_graph, arguments, after=(_training(spec),)))
    return steps


def _with_those_before(config: PruningConfig, spec: NetSpec) -> list[NetSpec]:
    """A network after those from which its weights are chosen."""
    before = spec_before(config, spec)
    return [spec] if before is None else [*_with_those_before(config, before), spec]


def _training(spec: NetSpec) -> str:
    return f"train-{spec.name}"


def _graph(spec: NetSpec) -> str:
    return f"graph-{spec.name}"


def _has_graph(spec: NetSpec) -> bool:
    return spec.method not in (DENSE, CONNECTOME)


def assemble(config: PruningConfig, folder: RunFolder, steps: Sequence[Step]) -> PruningResults:
    """The content of ``results.json`` from the results of the steps."""
    specs = net_specs(config)
    networks = tuple(from_json_values(folder.result(_training(it)), NetRow) for it in specs)
    graphs = [GRAPH_OF_THE_WORM, *(_graph(spec) for spec in specs if _has_graph(spec))]
    return PruningResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(config.worm.dataset)),
        config=config,
        networks=networks,
        graphs=tuple(from_json_values(folder.result(name), GraphRow) for name in graphs),
        summaries=summaries(networks),
        contrasts=contrasts(networks),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=PruningResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
