"""Training of the networks of the study, and the features of their states."""

from dataclasses import replace
from typing import Any

import numpy as np

from isochron import ann_bridge
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.studies.features.ablation import ablate, summarize
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.features.measure import measure
from isochron.studies.features.results import TRAINED, UNTRAINED, SystemRow, TrainingRow
from isochron.studies.features.trials import NetTrials
from isochron.studies.paired_networks import PairedNet, paired_nets


def net_specs(config: FeaturesConfig) -> list[PairedNet]:
    """All networks, pair by pair."""
    return paired_nets(config.networks.pairs, config.substrates, config.tasks)


def _untrained(config: FeaturesConfig, spec: PairedNet) -> ann_bridge.RecurrentNet:
    return build_network(spec.configure(config.training.budget), spec.seed(config.seed, "weights"))


def train_net(config: FeaturesConfig, folder: RunPaths, spec: PairedNet, report: Report) -> Any:
    """Train a network and save it; a `TrainingRow` as JSON values."""
    given = spec.configure(config.training.budget)
    training = Training(
        net=_untrained(config, spec),
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=spec.seed(config.seed, "training"),
        evaluation_seed=spec.seed(config.seed, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    row = TrainingRow(name=spec.name, learned=result.evaluation.learned, training=result.record)
    return to_json_values(row)


def measure_net(
    config: FeaturesConfig, folder: RunPaths, spec: PairedNet, trained: bool, report: Report
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
        spec.configure(config.training.budget).task.task(),
        2 * config.networks.n_trials,
        every_ms=config.networks.every_ms,
        seed=spec.seed(config.seed, "trials"),
    )
    seed = spec.seed(config.seed, "dictionaries")
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
