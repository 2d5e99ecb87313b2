"""Training of the networks of the study, and the features of their states."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isochron import ann_bridge
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.runs.training_configuration import TrainConfig
from isochron.studies.entries import Substrate, Task, training_of
from isochron.studies.features.ablation import ablate, summarize
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.features.measure import measure
from isochron.studies.features.results import TRAINED, UNTRAINED, SystemRow, TrainingRow
from isochron.studies.features.trials import NetTrials


@dataclass(frozen=True)
class NetSpec:
    """A network of the study."""

    substrate: Substrate
    task: Task
    pair: int

    @property
    def name(self) -> str:
        """Name of the network, also of its files."""
        return f"{self.substrate.name}-{self.task.name}-{self.pair}"


def net_specs(config: FeaturesConfig) -> list[NetSpec]:
    """All networks, pair by pair."""
    return [
        NetSpec(substrate, task, pair)
        for pair in range(config.networks.pairs)
        for task in config.tasks
        for substrate in config.substrates
    ]


def configure(config: FeaturesConfig, spec: NetSpec) -> TrainConfig:
    """The configuration of the training of a network."""
    return training_of(spec.substrate, spec.task, spec.pair, config.training.budget)


def _seed(config: FeaturesConfig, spec: NetSpec, purpose: str) -> int:
    """The networks of a pair share it."""
    return derive_seed(config.seed, "pair", spec.pair, purpose)


def _untrained(config: FeaturesConfig, spec: NetSpec) -> ann_bridge.RecurrentNet:
    return build_network(configure(config, spec), _seed(config, spec, "weights"))


def train_net(config: FeaturesConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network and save it; a `TrainingRow` as JSON values."""
    given = configure(config, spec)
    training = Training(
        net=_untrained(config, spec),
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=_seed(config, spec, "training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    row = TrainingRow(name=spec.name, learned=result.evaluation.learned, training=result.record)
    return to_json_values(row)


def measure_net(
    config: FeaturesConfig, folder: RunPaths, spec: NetSpec, trained: bool, report: Report
) -> Any:
    """Features of a network after or before training; a `SystemRow` as JSON values."""
    learned = ""
    if trained:
        net, notes = ann_bridge.load_net(folder.net_path(spec.name))
        learned = str(notes["learned"])
    else:
        net = _untrained(config, spec)
    report(0.0, "trials")
    trials = NetTrials.of(
        net,
        configure(config, spec).task.task(),
        2 * config.networks.n_trials,
        every_ms=config.networks.every_ms,
        seed=_seed(config, spec, "trials"),
    )
    seed = _seed(config, spec, "dictionaries")
    found = measure(config.features, trials.samples(), seed, report)
    report(0.95, "ablation")
    mine = ablate(trials, found.autoencoder)
    rng = np.random.default_rng(derive_seed(seed, "labels"))
    ablation = summarize(mine, ablate(trials, found.random), rng)
    rows = tuple(
        replace(row, label=float(label), effect=float(effect) if np.isfinite(effect) else None)
        for row, label, effect in zip(found.rows, mine.labels, mine.effects, strict=True)
    )
    row = SystemRow(
        name=f"{spec.name}{'' if trained else ', untrained'}",
        kind=TRAINED if trained else UNTRAINED,
        substrate=spec.substrate.name,
        task=spec.task.name,
        pair=spec.pair,
        features=rows,
        ablation=ablation,
        learned=learned,
        **found.fields,
    )
    return to_json_values(row)
