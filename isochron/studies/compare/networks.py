"""The networks that a comparison trains: construction in pairs, training, analysis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron import ann_bridge
from isochron.ann_bridge.training_parameters import TrainingParameters
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.measures import Report
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.runs.training_configuration import TrainConfig
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.network_analysis import analyse_subject
from isochron.studies.compare.results import NetLabel, NetOutcome
from isochron.studies.compare.subject import Subject, pair_seed
from isochron.studies.compare.untrained import has_reference
from isochron.studies.entries import Substrate, Task, training_of

UNTRAINED = "untrained"
MEAN_OF = 20  # losses whose mean stops a training


@dataclass(frozen=True)
class NetSpec:
    """One network of a comparison: substrate, task and pair."""

    substrate: Substrate
    task: Task
    pair: int
    trained: bool = True

    @property
    def name(self) -> str:
        """Name of the system, also of its files."""
        parts = [self.substrate.name, self.task.name, str(self.pair)]
        return "-".join([*parts, *([] if self.trained else [UNTRAINED])])


def configure(config: CompareConfig, spec: NetSpec) -> TrainConfig:
    """The configuration of the training of a network."""
    return training_of(spec.substrate, spec.task, spec.pair, config.training.budget)


def build_net(config: CompareConfig, spec: NetSpec) -> ann_bridge.RecurrentNet:
    """A network before training."""
    return build_network(configure(config, spec), pair_seed(spec.pair, "weights"))


def train_net(config: CompareConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network, or resume it, and save it; its losses as JSON values."""
    given = configure(config, spec)
    parameters = given.training.parameters() if spec.trained else TrainingParameters(steps=0)
    training = Training(
        net=build_network(given, pair_seed(spec.pair, "weights")),
        task=given.task.task(),
        parameters=parameters,
        seed=pair_seed(spec.pair, "training"),
        evaluation_seed=pair_seed(spec.pair, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report, pair=spec.pair)
    return to_json_values(result.record)


def analyse_net(config: CompareConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Find the rhythms of a network that was trained here; `NetAnalysis` as JSON values."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    task = configure(config, spec).task.task()
    label = NetLabel(
        name=spec.name,
        substrate=spec.substrate.name,
        task=spec.task.name,
        pair=spec.pair,
        trained=spec.trained,
        dataset=spec.substrate.dataset,
    )
    subject = Subject(
        label=label,
        outcome=_outcome(config, notes, task.chance),
        network=AnalysedNetwork.of(net),
        task=task,
        reference=config.reference,
        forced=has_reference(spec.task),
        seed=pair_seed(spec.pair, "weights"),
    )
    return to_json_values(analyse_subject(subject, folder, report))


def _outcome(config: CompareConfig, notes: Mapping[str, Any], chance: float) -> NetOutcome:
    found = ann_bridge.Evaluation.from_record({**notes, "chance": chance})
    losses = notes["losses"]
    mean = float(np.mean(losses[-MEAN_OF:])) if len(losses) >= MEAN_OF else np.inf
    return NetOutcome(
        loss=found.loss,
        standard_error=found.standard_error,
        chance=found.chance,
        learned=found.learned == "yes",
        reached_loss=bool(mean < config.training.stop_below),
    )
