"""`isochron compare`: do trained networks develop the rhythms of the worm's connectome?"""

from collections.abc import Sequence
from dataclasses import replace

from isochron.ann_bridge import LowRankParameters, LowRankRNN, TrainedMap
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.pool import Step
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA, extended, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.networks import (
    NetSpec,
    analyse_net,
    build_net,
    phase_memory,
    train_net,
)
from isochron.studies.compare.report import build_report
from isochron.studies.compare.results import (
    CompareProvenance,
    CompareResults,
    NetKind,
    NetSystem,
    WormSystem,
)
from isochron.studies.compare.table import format_table
from isochron.studies.compare.worm import analyse_worm, check_worm
from isochron.studies.study import Study

UNTRAINED: tuple[NetKind, ...] = ("low-rank", "connectome")
TRAINING_MEMORY_BYTES = 16 * 2**30  # states, rates and their adjoint, in float32
QUESTION = (
    "Do trained networks develop the phase-locked limit cycles that the worm's connectome produces?"
)


def check(config: CompareConfig) -> None:
    """Check that the configuration can be run, before any work is done."""
    check_worm(config.worm)
    if config.connectome.seeds:
        build_net(config, NetSpec("connectome", config.connectome.seeds[0]))
    task, low_rank = phase_memory(config), config.low_rank
    LowRankParameters(n_units=low_rank.n_units, rank=low_rank.rank)
    needed = 3 * 4 * low_rank.n_units * low_rank.batch_size * task.n_steps
    if needed > TRAINING_MEMORY_BYTES:
        raise ValueError(
            f"[low_rank] {low_rank.n_units} units at batch_size {low_rank.batch_size} need about "
            f"{needed / 2**30:.3g} GiB in training; at most {TRAINING_MEMORY_BYTES >> 30} GiB are "
            "allowed. Lower one of them."
        )
    smallest = LowRankRNN(n_units=1, rank=1)
    for hertz in (config.reference.frequency_Hz, *config.reference.tongue_limits_Hz):
        TrainedMap(smallest, frequency_Hz=hertz)


def net_specs(config: CompareConfig) -> list[NetSpec]:
    """The networks of a comparison, in the order of the table."""
    specs = [NetSpec("low-rank", seed) for seed in config.low_rank.seeds]
    specs += [NetSpec("connectome", seed) for seed in config.connectome.seeds]
    specs += [NetSpec("rewired", seed) for seed in config.connectome.seeds]
    if config.untrained:
        first = {spec.kind: spec for spec in reversed(specs)}
        specs += [replace(first[kind], trained=False) for kind in UNTRAINED if kind in first]
    return specs


def plan(config: CompareConfig, folder: RunFolder) -> list[Step]:
    """The steps of a comparison: the worm, and training and analysis of each network."""
    paths = RunPaths(folder.path)
    steps = []
    for spec in net_specs(config):
        train, analyse = f"train-{spec.name}", f"analyse-{spec.name}"
        steps.append(Step(train, train_net, (config, paths, spec)))
        steps.append(Step(analyse, analyse_net, (config, paths, spec), after=(train,)))
    steps.insert(2, Step("worm", analyse_worm, (config, paths, "worm")))
    return steps


def assemble(config: CompareConfig, folder: RunFolder, steps: Sequence[Step]) -> CompareResults:
    """The content of ``results.json`` from the results of the steps."""
    worm = from_json_values(folder.result("worm"), WormSystem)
    systems = (worm, *(_read_net(folder, spec.name) for spec in net_specs(config)))
    return CompareResults(
        schema=SCHEMA,
        question=QUESTION,
        provenance=extended(
            find_provenance(open_connectome(config.worm.dataset)),
            CompareProvenance,
            config=config,
            seeds={system.name: system.seed for system in systems},
        ),
        systems=systems,
        timings={step.name: folder.seconds(step.name) for step in steps},
    )


def _read_net(folder: RunFolder, name: str) -> NetSystem:
    training = {"training": folder.result(f"train-{name}")}
    return from_json_values(folder.result(f"analyse-{name}") | training, NetSystem)


STUDY = Study(
    command="isochron compare",
    results=CompareResults,
    check=check,
    inputs=lambda config: dataset_inputs(config.worm.dataset),
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=lambda results: format_table(results.systems),
)
