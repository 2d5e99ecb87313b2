"""`isochron study features`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence

from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.memory import require_memory
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.recordings import recording_inputs
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.runs.training import check_training
from isochron.studies.entries import stimulus_task
from isochron.studies.features.animals import measure_animal, open_animals
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.features.contrasts import contrasts
from isochron.studies.features.networks import measure_net, net_specs, train_net
from isochron.studies.features.report import build_report, format_results
from isochron.studies.features.results import FeaturesResults, SystemRow, TrainingRow
from isochron.studies.features.trials import sampled_steps
from isochron.studies.features.worm import check_worms, measure_worm, worm_states
from isochron.studies.paired_networks import first_pair
from isochron.studies.study import Study

EXPERIMENT = "features"
QUESTION = "Which sparse features do hidden states have, and do they tell more than a loop does?"
WORM_STEP = "measure-worm"


def _datasets(config: FeaturesConfig) -> list[str]:
    return [config.worm.dataset, *(it.dataset for it in config.substrates if it.dataset)]


def inputs(config: FeaturesConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    found: dict[str, str] = {}
    for name in _datasets(config):
        found |= dataset_inputs(name)
    return found | recording_inputs(config.animals.recordings)


def check(config: FeaturesConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    with in_section("[worm]"):
        check_worms(config.worm)
    _require_states(config, *worm_states(config.worm), "[worm] worms or simulated_s")
    with in_section("[animals]"):
        open_animals(config)
    for spec in first_pair(config.substrates, config.tasks):
        with in_section(spec.place):
            given = spec.configure(config.training.budget)
            task = stimulus_task(spec.task.name, given.task.task(), "features are compared")
            net = check_training(given)
            dimension = TrainedMap(net).dimension
            with in_section("[networks] n_trials:"):
                require_trials_fit(net.settings, task, 2 * config.networks.n_trials)
        with in_section("[networks]"):
            n_times = len(sampled_steps(task, config.networks.every_ms)[0])
        n_states = 2 * config.networks.n_trials * n_times
        _require_states(config, n_states, dimension, "[networks] n_trials")


def _require_states(config: FeaturesConfig, n_states: int, dimension: int, way_out: str) -> None:
    """Check that states, and their features in every autoencoder, fit into the memory."""
    section = config.features
    n_features = section.expansion * dimension
    require_memory(
        8.0
        * (n_states * (3 * dimension + 2 * n_features) + section.seeds * n_features * dimension),
        f"{n_features} features of {n_states} states",
        f"Lower [features] expansion or {way_out}.",
    )


def plan(config: FeaturesConfig, folder: RunFolder) -> list[Step]:
    """Training first, as it takes longest; then the features of every system."""
    paths, steps = RunPaths(folder.path), []
    specs = net_specs(config)
    steps += [Step(f"train-{it.name}", train_net, (config, paths, it)) for it in specs]
    steps.append(Step(WORM_STEP, measure_worm, (config,)))
    for k in range(len(config.animals.recordings)):
        steps.append(Step(f"measure-animal-{k}", measure_animal, (config, k)))
    for it in specs:
        steps.append(Step(f"untrained-{it.name}", measure_net, (config, paths, it, False)))
        after = (f"train-{it.name}",)
        steps.append(Step(f"measure-{it.name}", measure_net, (config, paths, it, True), after))
    return steps


def assemble(config: FeaturesConfig, folder: RunFolder, steps: Sequence[Step]) -> FeaturesResults:
    """The content of ``results.json`` from the results of the steps."""
    names = [it.name for it in net_specs(config)]
    measured = [
        *(f"measure-{name}" for name in names),
        *(f"untrained-{name}" for name in names),
        WORM_STEP,
        *(f"measure-animal-{k}" for k in range(len(config.animals.recordings))),
    ]
    systems = tuple(from_json_values(folder.result(step), SystemRow) for step in measured)
    return FeaturesResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(config.worm.dataset)),
        config=config,
        trainings=tuple(
            from_json_values(folder.result(f"train-{name}"), TrainingRow) for name in names
        ),
        systems=systems,
        contrasts=contrasts(systems),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=FeaturesResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
