"""Training, adaptation and cycles of the networks of the study; results are JSON values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from isochron import analysis, ann_bridge
from isochron.analysis import LimitCycle
from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.adaptation import RECURRENT_WEIGHTS
from isochron.runs.cycle_surveys import survey_entrained_cycles
from isochron.runs.measures import Report, describe_survey
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.runs.training_configuration import TrainConfig
from isochron.studies.adaptation.configuration import AdaptationConfig
from isochron.studies.adaptation.results import FULL, AdaptedRow, BaseRow, Followed
from isochron.studies.entries import Substrate, Task, training_of
from isochron.studies.survival import follow_until_lost


@dataclass(frozen=True)
class BaseSpec:
    """A network of the first task."""

    substrate: Substrate
    pair: int

    @property
    def name(self) -> str:
        """Name, also of its files."""
        return f"{self.substrate.name}-{self.pair}"


@dataclass(frozen=True)
class AdaptedSpec:
    """A network of the second task: a base, and a rank or ``full``."""

    base: BaseSpec
    how: str

    @property
    def name(self) -> str:
        """Name, also of its files."""
        return f"{self.base.name}-{self.how}"


def base_specs(config: AdaptationConfig) -> list[BaseSpec]:
    """All networks of the first task, pair by pair."""
    pairs = range(config.adaptation.pairs)
    return [BaseSpec(substrate, pair) for pair in pairs for substrate in config.substrates]


def adapted_specs(config: AdaptationConfig, base: BaseSpec) -> list[AdaptedSpec]:
    """Every adaptation of a network."""
    return [AdaptedSpec(base, how) for how in (*map(str, config.adaptation.ranks), FULL)]


def configure(config: AdaptationConfig, base: BaseSpec, task: Task) -> TrainConfig:
    """The configuration of the training of a network on one of the tasks."""
    training = config.first_training if task is config.tasks[0] else config.second_training
    return training_of(base.substrate, task, base.pair, training.budget)


def _seed(config: AdaptationConfig, base: BaseSpec, purpose: str) -> int:
    """The networks of a pair share it."""
    return derive_seed(config.seed, "pair", base.pair, purpose)


def _generator(config: AdaptationConfig, base: BaseSpec, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(_seed(config, base, purpose))


def train_base(config: AdaptationConfig, folder: RunPaths, spec: BaseSpec, report: Report) -> Any:
    """Train a network on the first task, and find its cycles; `BaseRow` as JSON values."""
    given = configure(config, spec, config.tasks[0])
    training = Training(
        net=build_network(given, _seed(config, spec, "weights")),
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=_seed(config, spec, "first training"),
        evaluation_seed=_seed(config, spec, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    net, _ = ann_bridge.load_net(folder.net_path(spec.name))
    system = _map(config, net)
    rng = np.random.default_rng(_seed(config, spec, "starts"))
    survey = survey_entrained_cycles(system, system.initial_states(config.reference.n_starts, rng))
    row = BaseRow(
        name=spec.name,
        substrate=spec.substrate.name,
        pair=spec.pair,
        loss=result.evaluation.loss,
        second_loss=_loss(config, spec, net, 1),
        learned=result.evaluation.learned == "yes",
        n_steps=len(result.losses),
        n_stable=len(survey.stable),
        index_sum=describe_survey(survey).index_sum,
        points=tuple(tuple(map(float, cycle.point)) for cycle in survey.stable),
    )
    return to_json_values(row)


def _map(config: AdaptationConfig, net: ann_bridge.RecurrentNet) -> TrainedMap:
    reference = config.reference
    return TrainedMap(net, frequency_Hz=reference.frequency_Hz, amplitude=reference.amplitude)


def _loss(
    config: AdaptationConfig, base: BaseSpec, net: ann_bridge.RecurrentNet, which: int
) -> float:
    """Loss on fresh trials of the first (0) or second (1) task."""
    task = config.tasks[which]
    found = ann_bridge.evaluate_trials(
        net, configure(config, base, task).task.task(), seed=_seed(config, base, f"loss {which}")
    )
    return found.loss


def adapt_net(config: AdaptationConfig, folder: RunPaths, spec: AdaptedSpec, report: Report) -> Any:
    """Train a network on the second task, its term or all of it; number of steps, and success."""
    base, _ = ann_bridge.load_net(folder.net_path(spec.base.name))
    given = configure(config, spec.base, config.tasks[1])
    if spec.how != FULL:
        generator = _generator(config, spec.base, "term")
        base = ann_bridge.AdaptedNet(base, int(spec.how), generator=generator)
    training = Training(
        net=base,
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=_seed(config, spec.base, "second training"),
        evaluation_seed=_seed(config, spec.base, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    return {"n_steps": len(result.losses), "learned": result.evaluation.learned == "yes"}


def follow_cycles(
    config: AdaptationConfig, folder: RunPaths, spec: AdaptedSpec, report: Report
) -> Any:
    """Cycles of the first task on the path to the adapted network, and to a control.

    Two `AdaptedRow` as JSON values; without a control for the training of all weights.
    """
    first, _ = ann_bridge.load_net(folder.net_path(spec.base.name))
    last, _ = ann_bridge.load_net(folder.net_path(spec.name))
    trained = folder.result(f"adapt-{spec.name}")
    cycles = _stable_cycles(config, first, folder.result(f"base-{spec.base.name}")["points"])
    ends = {False: last}
    if spec.how != FULL:
        ends[True] = random_change(first, last, _generator(config, spec.base, spec.how))
    rows = []
    for control, end in ends.items():
        report(0.5 * control, "control" if control else "adapted network")
        rows.append(
            AdaptedRow(
                name=f"{spec.name}-control" if control else spec.name,
                substrate=spec.base.substrate.name,
                pair=spec.base.pair,
                how=spec.how,
                control=control,
                size=relative_change(first, end),
                first_loss=_loss(config, spec.base, end, 0),
                second_loss=_loss(config, spec.base, end, 1),
                learned=trained["learned"] and not control,
                n_steps=trained["n_steps"],
                cycles=tuple(follow_cycle(config, first, end, cycle) for cycle in cycles),
            )
        )
    return to_json_values(tuple(rows))


def _stable_cycles(
    config: AdaptationConfig, net: ann_bridge.RecurrentNet, points: Sequence[Sequence[float]]
) -> list[LimitCycle]:
    system = _map(config, net)
    return [analysis.find_limit_cycle(system, np.array(point)) for point in points]


def follow_cycle(
    config: AdaptationConfig,
    first: ann_bridge.RecurrentNet,
    last: ann_bridge.RecurrentNet,
    cycle: LimitCycle,
) -> Followed:
    """A cycle of the first network on the straight path to the weights of the last.

    The path is that of weights in float64: in float32 it has steps, and no derivative.
    """
    ends = [ann_bridge.interpolated(net, net, 0.0).double() for net in (first, last)]
    survival = follow_until_lost(
        lambda fraction: _map(config, ann_bridge.interpolated(ends[0], ends[1], fraction)),
        cycle,
        0.0,
        1.0,
    )
    drift = None
    if survival.lost_at is None:
        end = survival.branch.points[-1].state
        size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
        there = _map(config, last).orbit(end, len(cycle.states) - 1)
        drift = float(np.linalg.norm(there - cycle.states, axis=1).max() / size)
    return Followed(lost_at=survival.lost_at, how=survival.how, drift=drift)


@torch.no_grad()
def random_change(
    first: ann_bridge.RecurrentNet, last: ann_bridge.RecurrentNet, generator: torch.Generator
) -> ann_bridge.RecurrentNet:
    """The first network with the trained change of its recurrent weights turned at random.

    Rank and size are those of the trained change, the directions are not. Of a network on a
    connectome the size is that of the change of the connections that exist.
    """
    name = RECURRENT_WEIGHTS[first.kind]
    before = first.get_parameter(name).double()
    change = last.get_parameter(name).double() - before
    for side in (0, 1):
        n = change.shape[side]
        turn = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))[0]
        change = turn @ change if side == 0 else change @ turn
    exists = getattr(first, "chemical_mask", torch.ones_like(change))
    trained = (last.get_parameter(name).double() - before) * exists
    change *= trained.norm() / (change * exists).norm()
    end = ann_bridge.interpolated(first, first, 0.0)
    end.get_parameter(name).copy_(before + change)
    return end


@torch.no_grad()
def relative_change(first: ann_bridge.RecurrentNet, last: ann_bridge.RecurrentNet) -> float:
    """Frobenius norm of the change of the recurrent weights, relative to that of the weights."""
    name = RECURRENT_WEIGHTS[first.kind]
    before, after = first.get_parameter(name), last.get_parameter(name)
    exists = getattr(first, "chemical_mask", torch.ones_like(before))
    return float(((after - before) * exists).norm() / (before * exists).norm())
