"""The networks of the study before and after training; results are JSON values."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron import ann_bridge
from isochron.ann_bridge import ConnectomeMasks, ConnectomeRNN
from isochron.ann_bridge.pruning import round_sizes, with_mask
from isochron.memory import require_memory
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.null_models import randomized
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.runs.training_configuration import TrainConfig, train_config
from isochron.studies.entries import Task
from isochron.studies.pruning.configuration import PruningConfig
from isochron.studies.pruning.graphs import connectome_graph
from isochron.studies.pruning.results import (
    CONNECTOME,
    DENSE,
    MAGNITUDE,
    METHODS,
    RANDOM,
    REWIRED,
    SYNFLOW,
    TICKET,
    NetRow,
)

BYTES_PER_WEIGHT = 64.0  # dense matrices: weights, gradients, averages of Adam, scores


@dataclass(frozen=True)
class NetSpec:
    """A network of the study.

    Attributes
    ----------
    task : Task
    pair : int
    method : str
    round_before : int
        Round of the lottery ticket after which others follow; 0 for the last one, and elsewhere.
    """

    task: Task
    pair: int
    method: str
    round_before: int = 0

    @property
    def name(self) -> str:
        """Name, also of its files."""
        round_before = f"-round{self.round_before}" if self.round_before else ""
        return f"{self.task.name}-{self.pair}-{self.method}{round_before}"


def net_specs(config: PruningConfig) -> list[NetSpec]:
    """All networks of the results, pair by pair."""
    return [
        NetSpec(task, pair, method)
        for pair in range(config.pruning.pairs)
        for task in config.tasks
        for method in METHODS
    ]


def spec_before(config: PruningConfig, spec: NetSpec) -> NetSpec | None:
    """The network whose trained weights state which weights stay, if there is one."""
    dense = NetSpec(spec.task, spec.pair, DENSE)
    if spec.method == MAGNITUDE:
        return dense
    if spec.method != TICKET:
        return None
    last = (spec.round_before or config.pruning.ticket_rounds) - 1
    return NetSpec(spec.task, spec.pair, TICKET, last) if last else dense


def configure(config: PruningConfig, task: Task) -> TrainConfig:
    """The configuration of every training on a task."""
    given = {name: value for name, value in task.settings.items() if value is not None}
    return train_config(
        {
            "task": {"kind": task.kind, **given},
            "network": {"kind": "connectome", "gain": config.worm.gain},
            "connectome": {"dataset": config.worm.dataset},
        }
    )


def _seed(config: PruningConfig, spec: NetSpec, purpose: str) -> int:
    """The networks of a task and a pair share it."""
    return derive_seed(config.seed, spec.task.name, "pair", spec.pair, purpose)


def train_net(config: PruningConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Choose the weights of a network, train it and save it; `NetRow` as JSON values."""
    task = configure(config, spec.task).task.task()
    report(0.0, "weights that stay")
    net, imbalance = start(config, folder, spec)
    on_paths = ann_bridge.weights_on_paths(net)
    # The last training of each network of a pair has the same trials.
    is_first = spec.method == DENSE or spec.round_before
    training = Training(
        net=net,
        task=task,
        parameters=config.training.parameters(),
        seed=_seed(
            config, spec, f"training before {spec.round_before}" if is_first else "training"
        ),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    before = spec_before(config, spec)
    earlier = folder.result(f"train-{before.name}") if before else None
    row = NetRow(
        name=spec.name,
        task=spec.task.name,
        method=spec.method,
        pair=spec.pair,
        n_weights=ann_bridge.count_weights(net),
        n_on_paths=int(on_paths.sum()),
        n_units_on_paths=int((on_paths.any(dim=0) | on_paths.any(dim=1)).sum()),
        loss=result.evaluation.loss,
        chance=task.chance,
        learned=result.evaluation.learned == "yes",
        n_steps=len(result.losses),
        n_steps_before=earlier["n_steps"] + earlier["n_steps_before"] if earlier else 0,
        imbalance=imbalance,
    )
    return to_json_values(row)


def start(
    config: PruningConfig, folder: RunPaths, spec: NetSpec
) -> tuple[ConnectomeRNN, float | None]:
    """A network before its last training, and the imbalance of SynFlow if it was used."""
    dense, before = dense_net(config, spec), spec_before(config, spec)
    if spec.method == DENSE:
        return dense, None
    if spec.method == SYNFLOW:
        return _flow_net(config, spec, dense)
    if before is not None:
        trained: Any = ann_bridge.load_net(folder.net_path(before.name))[0]
        pruned = ann_bridge.prune(trained, _n_weights(config, spec, dense))
        if spec.method == MAGNITUDE:
            return pruned, None
        mask = pruned.chemical_mask
    else:
        mask = _given_mask(config, spec, dense)
    return with_gain(with_mask(dense, mask), config.worm.gain), None


def dense_net(config: PruningConfig, spec: NetSpec) -> ConnectomeRNN:
    """The network with a weight between any two units, with which all others of a pair start.

    Sensory neurons receive the input and motor neurons are read, as on the connectome.
    """
    from isochron.ann_bridge.masks import connectome_masks

    given = configure(config, spec.task)
    worm = connectome_masks(open_connectome(config.worm.dataset), signs="any")
    n = len(worm.chemical)
    require_memory(
        BYTES_PER_WEIGHT * n**2, f"A dense network of {n} units", "Choose a smaller dataset."
    )
    masks = ConnectomeMasks(
        chemical=~torch.eye(n, dtype=torch.bool),
        gap=torch.zeros(n, n, dtype=torch.bool),
        sensory=worm.sensory,
        motor=worm.motor,
    )
    settings = ConnectomeRNN.parameters_for(
        given.task.task(), None, **(given.network.settings | {"n_units": n})
    )
    generator = torch.Generator().manual_seed(_seed(config, spec, "weights"))
    return with_gain(ConnectomeRNN(masks, settings, generator=generator), config.worm.gain)


def _n_weights(config: PruningConfig, spec: NetSpec, dense: ConnectomeRNN) -> int:
    """Number of weights after pruning: that of the connectome, or more before the last round."""
    worm = int(np.count_nonzero(connectome_graph(config.worm.dataset).chemical))
    if not spec.round_before:
        return worm
    sizes = round_sizes(ann_bridge.count_weights(dense), worm, config.pruning.ticket_rounds)
    return sizes[spec.round_before]


def _given_mask(config: PruningConfig, spec: NetSpec, dense: ConnectomeRNN) -> Tensor:
    """The connectome, a rewiring of it, or as many random weights."""
    graph = connectome_graph(config.worm.dataset)
    if spec.method != CONNECTOME:
        null = {RANDOM: "erdos-renyi", REWIRED: "rewire"}[spec.method]
        graph = randomized(graph, null, np.random.default_rng(_seed(config, spec, null)))
    return torch.from_numpy(graph.chemical != 0)


def _flow_net(
    config: PruningConfig, spec: NetSpec, dense: ConnectomeRNN
) -> tuple[ConnectomeRNN, float]:
    settings, n_steps = config.pruning, configure(config, spec.task).task.task().n_steps
    pruned = ann_bridge.prune_by_flow(
        dense,
        _n_weights(config, spec, dense),
        n_steps=n_steps,
        rounds=settings.flow_rounds,
        gain=settings.flow_gain,
    )
    flows = [
        ann_bridge.synaptic_flow(net, n_steps=n_steps, gain=settings.flow_gain)
        for net in (dense, pruned)
    ]
    imbalance = max(float(flow.imbalance.max()) for flow in flows)
    return with_gain(pruned, config.worm.gain), imbalance


@torch.no_grad()
def with_gain(net: ConnectomeRNN, gain: float) -> ConnectomeRNN:
    """The network with all recurrent weights times a factor: a mean sum of squares of gain².

    In place. The sum is that of the weights into a unit.
    """
    net.chemical.mul_(gain * math.sqrt(len(net.chemical)) / net.chemical.norm())
    return net
