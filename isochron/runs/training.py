"""Training in a run folder: train with checkpoints, evaluate, save. Once, for every command."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from isochron import ann_bridge
from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.ann_bridge.registry import NETWORKS
from isochron.ann_bridge.tasks import Task
from isochron.connectome import SIGN_RULES, Connectome
from isochron.folders import refuse_links
from isochron.runs.configuration import in_section
from isochron.runs.null_models import draw_connectome
from isochron.runs.provenance import Provenance
from isochron.runs.results import TrainingRecord, extended, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training_configuration import TrainConfig
from isochron.runs.training_progress import training_progress

CHECKPOINT_EVERY = 50  # steps


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """A network, a task, and how the one is trained on the other.

    Attributes
    ----------
    net : RecurrentNet
        Before training; it is trained in place. An `AdaptedNet` is saved as the plain network
        that it is merged into.
    task : Task
    parameters : TrainingParameters
    seed : int
        Seed of the trials, initial states and noise of the training.
    evaluation_seed : int
        Seed of the trials after it.
    device : {"cpu", "cuda"}
    evaluation_task : Task, optional
        Task of the trials after it; by default that of the training. A task that chooses among
        trials that are drawn once needs others here, so that none of the training is among them.
    """

    net: ann_bridge.RecurrentNet
    task: Task
    parameters: ann_bridge.TrainingParameters
    seed: int
    evaluation_seed: int
    device: str = "cpu"
    evaluation_task: Task | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """The loss of a network on fresh trials; see `ann_bridge.Evaluation`."""

    loss: float
    standard_error: float
    interval: tuple[float, float]
    beats_chance: bool
    learned: str


@dataclass(frozen=True, kw_only=True)
class TimedTraining(EvaluationRecord):
    """The loss of a network after its training, and of each step."""

    steps: int
    losses: tuple[float, ...]
    seconds_per_step: float


@dataclass(frozen=True, kw_only=True)
class TrainingProvenance(Provenance):
    """Provenance of a trained network, with the name of its device."""

    device: str
    threads: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingResult:
    """A finished training.

    Attributes
    ----------
    losses : list of float
        Loss of each step.
    evaluation : Evaluation
        Loss on fresh trials, its standard error, and whether the network learned.
    seconds : float
        Duration, also of the part before an interruption.
    """

    losses: list[float]
    evaluation: ann_bridge.Evaluation
    seconds: float

    @property
    def record(self) -> TrainingRecord:
        """Losses, which are the same in each repetition of the training."""
        return TrainingRecord(
            steps=len(self.losses),
            losses=tuple(self.losses),
            loss=self.evaluation.loss,
            standard_error=self.evaluation.standard_error,
        )

    @property
    def timed_record(self) -> TimedTraining:
        """Everything, the duration included."""
        return extended(
            record_evaluation(self.evaluation),
            TimedTraining,
            steps=len(self.losses),
            losses=tuple(self.losses),
            seconds_per_step=self.seconds / max(1, len(self.losses)),
        )


def record_evaluation(found: ann_bridge.Evaluation) -> EvaluationRecord:
    """A loss on fresh trials, as it is saved."""
    return EvaluationRecord(
        loss=found.loss,
        standard_error=found.standard_error,
        interval=found.interval,
        beats_chance=found.beats_chance,
        learned=found.learned,
    )


def check_training(config: TrainConfig, section: str = "training") -> ann_bridge.RecurrentNet:
    """The network of a configuration, after a check that its training fits into the memory.

    `section` is that of the settings of the training, for messages.

    Raises
    ------
    TooLargeError
        If it does not.
    ValueError
        If the network and the task do not fit.
    """
    net = build_network(config, 0)
    with in_section(f"[{section}] batch_size:"):
        require_trials_fit(net.settings, config.task.task(), config.training.batch_size)
    return net


def build_network(config: TrainConfig, seed: int, place: str = "") -> ann_bridge.RecurrentNet:
    """The network of a configuration before training, with weights from a seed.

    `place` is the section of the network, for messages.

    Raises
    ------
    TooLargeError
        If it does not fit into the memory.
    ValueError
        If its settings do not suit each other.
    """
    settings, task = dict(config.network.settings), config.task.task()
    connectome = _signed_connectome(config)
    if connectome is not None:
        settings.pop("connectivity", None)  # of circuits: the connectome instead
    with in_section(place):
        config.network.fitting_parameters(task)
        return NETWORKS.load(config.network.kind).for_task(
            task,
            connectome=connectome,
            generator=torch.Generator().manual_seed(seed),
            **settings,
        )


def _signed_connectome(config: TrainConfig) -> Connectome | None:
    """The connectome of a configuration, if any, signed by its rule if it names one."""
    if config.connectome is None:
        return None
    given, signs = config.connectome, config.connectome.signs
    rule = None if signs is None else SIGN_RULES.load(signs)
    return draw_connectome(given.dataset, given.null_model, given.draw, rule)


def train_and_save(
    training: Training,
    folder: RunPaths,
    name: str,
    report: Callable[[float, str], None],
    **notes: Any,
) -> TrainingResult:
    """Train a network, evaluate it and save it; an interrupted training is resumed.

    Checkpoints do not change the result: a resumed training is bit-identical to one without
    interruption.

    Parameters
    ----------
    training : Training
    folder : RunPaths
    name : str
        Name of the network in the run folder.
    report : callable
        Called as ``report(fraction, text)``.
    **notes
        Further JSON values to save with the network.
    """
    net, task, steps = training.net, training.task, training.parameters.steps
    checkpoints = checkpoints_path(folder, name)
    refuse_links(checkpoints.parent, [checkpoints.name])
    record = ann_bridge.train(
        net,
        task,
        training.parameters,
        seed=training.seed,
        device=training.device,
        progress=training_progress(report, steps),
        checkpoints=checkpoints,
        checkpoint_every=CHECKPOINT_EVERY,
    )
    net = net.merged() if isinstance(net, ann_bridge.AdaptedNet) else net
    held_out = training.evaluation_task or task
    found = ann_bridge.evaluate_trials(net, held_out, seed=training.evaluation_seed)
    result = TrainingResult(losses=record.losses, evaluation=found, seconds=record.seconds)
    notes = {"training": str(training.parameters)} | notes | to_json_values(result.timed_record)
    ann_bridge.save_net(net, folder.net_path(name), task=task, **notes)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return result


def checkpoints_path(folder: RunPaths, name: str) -> Path:
    """Folder of the checkpoints of a training; it exists until the network is saved."""
    return folder.path / "data" / f"{name}-checkpoints"
