"""`isochron compare`: do trained networks develop the rhythms of the worm's connectome?"""

from collections.abc import Sequence
from typing import TypeVar

from isochron.ann_bridge import LowRankRNN, TrainedMap
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.recordings import recording_inputs
from isochron.runs.results import SCHEMA, extended, from_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.steps import Step
from isochron.runs.training import check_training
from isochron.studies.compare.animals import (
    AnimalRhythm,
    analyse_animal,
    animal_step,
    check_recordings,
    recordings_of,
)
from isochron.studies.compare.atlas import ATLAS, AtlasComparison, check_atlas, compare_with_atlas
from isochron.studies.compare.checks import check_file_names, check_onsets
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.contrasts import Roles, find_contrasts
from isochron.studies.compare.networks import NetSpec, analyse_net, configure, train_net
from isochron.studies.compare.onsets import (
    compare_onsets,
    find_onsets,
    find_rhythmic_inputs,
    input_specs,
    input_step,
    onset_specs,
    read_inputs,
    read_onsets,
)
from isochron.studies.compare.phase_order import (
    PHASE_ORDER,
    OrderComparison,
    compare_phase_order,
)
from isochron.studies.compare.report import build_report
from isochron.studies.compare.results import (
    CompareProvenance,
    CompareResults,
    NetSystem,
    WormSystem,
)
from isochron.studies.compare.rhythms_page import build_rhythms_page
from isochron.studies.compare.saved_networks import (
    analyse_saved_net,
    check_saved,
    saved_specs,
)
from isochron.studies.compare.similarity import WORM
from isochron.studies.compare.table import format_results
from isochron.studies.compare.tongue_widths import (
    find_tongue_width,
    read_tongue_widths,
    tongue_specs,
    tongue_step,
)
from isochron.studies.compare.triangle import TRIANGLE, compare_corners
from isochron.studies.compare.triangle_results import Triangle
from isochron.studies.compare.untrained import untrained_tasks
from isochron.studies.compare.worm import analyse_worm, check_worm
from isochron.studies.entries import place_of_network
from isochron.studies.study import Study

T = TypeVar("T")
QUESTION = (
    "Do trained networks develop the phase-locked limit cycles that the worm's connectome produces?"
)


def check(config: CompareConfig) -> None:
    """Check that the configuration can be run, before any work is done."""
    check_saved(config)
    check_worm(config.worm)
    check_recordings(config)
    check_atlas(config)
    pair = config.seed
    for substrate in config.substrates:
        for task in config.tasks:
            _check_network(config, NetSpec(substrate, task, pair))
    check_file_names(spec.name for spec in (*net_specs(config), *saved_specs(config)))
    smallest = LowRankRNN(n_units=1, rank=1)
    for hertz in (config.reference.frequency_Hz, *config.reference.tongue_limits_Hz):
        TrainedMap(smallest, frequency_Hz=hertz)
    check_onsets(config)


def _check_network(config: CompareConfig, spec: NetSpec) -> None:
    with in_section(place_of_network(spec.substrate, spec.task)):
        TrainedMap(check_training(configure(config, spec)))


def inputs(config: CompareConfig) -> dict[str, str]:
    """Digests of the user's files: connectomes, recordings, and networks of other runs."""
    digests = {
        what: digest
        for what, name in config.datasets.items()
        for digest in dataset_inputs(name).values()
    }
    networks = {f"network {spec.name}": spec.sha256 for spec in saved_specs(config)}
    return digests | recording_inputs(config.recordings) | networks


def net_specs(config: CompareConfig) -> list[NetSpec]:
    """The networks of a comparison, in the order of the table: pair by pair.

    Networks of a pair are the same before training on tasks of the same sizes, so they are
    analyzed for one of these tasks only; see `untrained_task`.
    """
    pairs = range(config.seed, config.seed + config.training.pairs)
    specs = [
        NetSpec(substrate, task, pair)
        for pair in pairs
        for substrate in config.substrates
        for task in config.tasks
    ]
    return specs + [
        NetSpec(substrate, task, pair, trained=False)
        for pair in pairs[: config.training.untrained_pairs]
        for substrate in config.substrates
        for task in untrained_tasks(config)
    ]


def plan(config: CompareConfig, folder: RunPaths) -> list[Step]:
    """The steps of a comparison: worm, animals, onsets, training and analysis of each network,
    analysis of the networks of other runs."""
    paths = RunPaths(folder.path)
    steps = [Step(WORM, analyse_worm, (config, paths, WORM))]
    steps += _animal_steps(config, paths)
    steps += [Step(spec.name, find_onsets, (config, spec)) for spec in onset_specs(config)]
    steps += [
        Step(input_step(spec), find_rhythmic_inputs, (config, spec)) for spec in input_specs(config)
    ]
    steps += [
        Step(tongue_step(spec), find_tongue_width, (config, spec)) for spec in tongue_specs(config)
    ]
    for spec in sorted(net_specs(config), key=lambda it: it.pair):  # an interim report has pairs
        train, analyse = f"train-{spec.name}", f"analyze-{spec.name}"
        steps.append(Step(train, train_net, (config, paths, spec)))
        steps.append(Step(analyse, analyse_net, (config, paths, spec), after=(WORM, train)))
    for saved in saved_specs(config):
        arguments = (config, paths, saved)
        steps.append(Step(f"analyze-{saved.name}", analyse_saved_net, arguments, after=(WORM,)))
    names = corner_names(config)
    animals = [animal_step(k) for k in range(len(recordings_of(config)))]
    needed = (WORM, *animals, *(f"analyze-{name}" for name in names))
    steps.append(Step(TRIANGLE, compare_corners, (config, paths, names), after=needed))
    return steps


def corner_names(config: CompareConfig) -> tuple[str, ...]:
    """Trained networks that are compared with the recordings.

    Those of the memory task, or of the first task without one, and those trained elsewhere.
    """
    task = Roles.of(config).memory or (config.tasks[0] if config.tasks else None)
    own = [spec.name for spec in net_specs(config) if spec.trained and spec.task == task]
    return (*own, *(spec.name for spec in saved_specs(config) if spec.label.trained))


def _animal_steps(config: CompareConfig, paths: RunPaths) -> list[Step]:
    """Each recording, then their order by phase against that of the worm, then the atlas."""
    steps = [
        Step(animal_step(k), analyse_animal, (config, name))
        for k, name in enumerate(recordings_of(config))
    ]
    needed = (WORM, *(step.name for step in steps))
    steps.append(Step(PHASE_ORDER, compare_phase_order, (config, paths), after=needed))
    if config.animals.atlas:
        steps.append(Step(ATLAS, compare_with_atlas, (config,)))
    return steps


def assemble(config: CompareConfig, folder: RunPaths, steps: Sequence[Step]) -> CompareResults:
    """The content of ``results.json`` from the results of the steps."""
    worm = from_json_values(folder.result(WORM), WormSystem)
    nets = [_read_net(folder, spec.name) for spec in net_specs(config)]
    nets += [_read_saved(folder, spec.name) for spec in saved_specs(config)]
    onsets = read_onsets(config, folder)
    return CompareResults(
        schema=SCHEMA,
        question=QUESTION,
        provenance=extended(
            find_provenance(open_connectome(config.worm.dataset)),
            CompareProvenance,
            config=config,
            seeds={system.name: system.seed for system in (worm, *nets)},
        ),
        systems=(worm, *nets),
        onsets=onsets,
        onset_tests=compare_onsets(onsets),
        inputs=read_inputs(config, folder),
        contrasts=find_contrasts(config, nets),
        animals=tuple(
            from_json_values(folder.result(animal_step(k)), AnimalRhythm)
            for k in range(len(recordings_of(config)))
        ),
        phase_order=_read_if_finished(folder, PHASE_ORDER, OrderComparison),
        atlas=_read_if_finished(folder, ATLAS, AtlasComparison),
        tongue_widths=read_tongue_widths(config, folder),
        triangle=_read_if_finished(folder, TRIANGLE, Triangle),
        timings={it.name: folder.seconds(it.name) for it in steps if folder.finished(it.name)},
        finished_at=folder.last_finished([it.name for it in steps]),
    )


def _read_if_finished(folder: RunPaths, step: str, kind: type[T]) -> T | None:
    return from_json_values(folder.result(step), kind) if folder.finished(step) else None


def _read_net(folder: RunPaths, name: str) -> NetSystem:
    training = {"training": folder.result(f"train-{name}")}
    return from_json_values(folder.result(f"analyze-{name}") | training, NetSystem)


def _read_saved(folder: RunPaths, name: str) -> NetSystem:
    return from_json_values(folder.result(f"analyze-{name}") | {"training": None}, NetSystem)


STUDY = Study(
    command="isochron compare",
    results=CompareResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    build_view=build_rhythms_page,
    format_results=format_results,
)
