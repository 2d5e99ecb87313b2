"""Training runs: networks of one kind on one task in a run folder, resumable."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from isochron import ann_bridge
from isochron._version import __version__
from isochron.ann_bridge import tasks
from isochron.ann_bridge.checkpoint import net_files
from isochron.ann_bridge.evaluation import require_trials_fit
from isochron.ann_bridge.training import check_precision
from isochron.files import DataFileError
from isochron.memory import TooLargeError
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.progress import Progress
from isochron.runs.provenance import derive_seed, find_provenance
from isochron.runs.results import extended, from_json_values, omitted_if_none, to_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.training import (
    EvaluationRecord,
    TimedTraining,
    Training,
    TrainingProvenance,
    build_network,
    record_evaluation,
    train_and_save,
)
from isochron.runs.training_configuration import TrainConfig, read_train_config, train_config
from isochron.wording import command

LARGEST_NUMBER = 1_000_000  # of networks


@dataclass(frozen=True, kw_only=True)
class Named:
    """A result with a name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class EvaluatedNetwork(EvaluationRecord, Named):
    """The loss of a network on fresh trials."""


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork(TimedTraining, EvaluatedNetwork):
    """The loss of a network after its training, and of each step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Facts that trainings and evaluations of networks of one kind share.

    Attributes
    ----------
    folder, task, network : str
    chance : float
        Loss of the best constant output.
    reference_usable_share : float, optional
        Share of a recorded reference from which trials are drawn.
    reference_unusable_s : tuple of (float, float), optional
        Start and end of each part of the recorded reference that is not used, in s.
    """

    folder: str
    task: str
    network: str
    chance: float
    reference_usable_share: float | None = omitted_if_none()
    reference_unusable_s: tuple[tuple[float, float], ...] | None = omitted_if_none()


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSummary(Summary):
    """Networks that were trained, and where."""

    device: str
    replicates: tuple[TrainedNetwork, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationSummary(Summary):
    """Networks that were evaluated, and the number of those that are not trained yet."""

    n_trials: int
    seed: int
    missing: int
    replicates: tuple[EvaluatedNetwork, ...]


def build_task(config: TrainConfig) -> tasks.Task:
    """The task of a configuration."""
    return config.task.task()


def build_net(config: TrainConfig, replicate: int) -> ann_bridge.RecurrentNet:
    """A network before training."""
    return build_network(config, _seed(config, "weights", replicate), "[network]")


def train_replicates(
    config: TrainConfig, out: Path, *, force: bool = False, progress: Progress
) -> TrainingSummary:
    """Train networks into a folder, or resume an interrupted run.

    Parameters
    ----------
    config : TrainConfig
    out : Path
        Run folder, with ``nets/replicate-0.safetensors``, ... and ``config.toml``.
    force : bool
        Whether to replace a run with a different configuration.
    progress : Progress

    Raises
    ------
    ValueError
        If a setting is out of range, or the folder contains other files.
    TooLargeError
        If the networks or their trials need more than the machine has.
    ArithmeticError
        If a loss is no longer finite.
    DataFileError
        If a network that is already trained is damaged.
    """
    if config.training.replicates > LARGEST_NUMBER:
        raise TooLargeError(
            f"replicates must be at most {LARGEST_NUMBER}, got {config.training.replicates}: the "
            "training of a network takes seconds at least."
        )
    task = build_task(config)
    device = ann_bridge.choose_device(config.training.device)
    net = build_net(config, 0)  # wrong settings are rejected before any file is made
    check_precision(config.training.parameters(), net, device)
    require_trials_fit(net.settings, task, config.training.batch_size)
    inputs = {} if config.connectome is None else dataset_inputs(config.connectome.dataset)
    with RunFolder(
        out, config, __version__, force=force, title="isochron train", inputs=inputs
    ) as folder:
        rows = []
        for replicate in range(config.training.replicates):
            name = f"replicate-{replicate}"
            if not _is_done(folder, name):
                progress.begin(name)
                began = time.perf_counter()
                row = _train_one(
                    config, folder, replicate, task, device.type,
                    lambda fraction, text, name=name: progress.update(name, fraction, text),
                )  # fmt: skip
                seconds = time.perf_counter() - began
                folder.finish(name, to_json_values(row), seconds)
                progress.end(name, seconds)
            found = from_json_values(folder.result(name), TimedTraining)
            rows.append(extended(found, TrainedNetwork, name=name))
    common = _summary(out, config, task)
    return extended(common, TrainingSummary, device=device.type, replicates=tuple(rows))


def _is_done(folder: RunFolder, name: str) -> bool:
    """Whether a network is trained and saved; without one of its files it is trained again.

    Raises
    ------
    DataFileError
        If its files are damaged.
    """
    files = net_files(folder.net_path(name))
    if not folder.finished(name) or not all(file.exists() for file in files):
        return False
    try:
        ann_bridge.load_net(folder.net_path(name))
    except DataFileError as error:
        raise DataFileError(f"{error} Remove {files[0]} to train this network again.") from error
    return True


def _summary(folder: Path, config: TrainConfig, task: tasks.Task) -> Summary:
    reference = getattr(task, "reference", None)
    recorded = reference if isinstance(reference, tasks.RecordedReference) else None
    return Summary(
        folder=str(folder),
        task=config.task.kind,
        network=config.network.kind,
        chance=task.chance,
        reference_usable_share=recorded and recorded.usable_share,
        reference_unusable_s=recorded
        and tuple((first, last) for first, last in recorded.unusable_stretches),
    )


def evaluate_nets(
    folder: Path, *, n_trials: int = 256, seed: int = 1, device: str = "cpu"
) -> EvaluationSummary:
    """Loss of the networks of a folder on fresh trials.

    Raises
    ------
    ValueError
        If the folder does not contain a finished network, or a setting is out of range.
    """
    if n_trials < 1 or seed < 0:
        raise ValueError(f"Need trials >= 1 and seed >= 0, got {n_trials} and {seed}.")
    paths = RunPaths(folder)
    where = ann_bridge.choose_device(device)
    if not (folder / "config.toml").is_file():
        raise DataFileError(_no_training(folder))
    try:
        config = train_config(read_train_config(folder / "config.toml"))
    except ValueError as error:
        raise DataFileError(f"{folder} does not contain a training: {error}") from error
    task, rows = build_task(config), []
    for replicate in range(config.training.replicates):
        path = paths.net_path(f"replicate-{replicate}")
        if not path.with_suffix(".json").is_file():
            continue
        net, _ = ann_bridge.load_net(path)
        found = ann_bridge.evaluate_trials(net.to(where), task, seed=seed, n_trials=n_trials)
        rows.append(extended(record_evaluation(found), EvaluatedNetwork, name=path.name))
    if not rows:
        raise ValueError(
            f"No network in {folder} is finished. The command that started the training resumes "
            f"it: {command('train --out', folder)} and the same options."
        )
    return extended(
        _summary(folder, config, task),
        EvaluationSummary,
        n_trials=n_trials,
        seed=seed,
        missing=config.training.replicates - len(rows),
        replicates=tuple(rows),
    )


def _train_one(
    config: TrainConfig,
    folder: RunFolder,
    replicate: int,
    task: tasks.Task,
    device: str,
    report: Callable[[float, str], None],
) -> TimedTraining:
    training = Training(
        net=build_net(config, replicate),
        task=task,
        parameters=config.training.parameters(),
        seed=_seed(config, "training", replicate),
        evaluation_seed=_seed(config, "evaluation", replicate),
        device=device,
    )
    section = config.connectome
    connectome = None if section is None else open_connectome(section.dataset)
    provenance = extended(
        find_provenance(connectome),
        TrainingProvenance,
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        threads=torch.get_num_threads(),
    )
    result = train_and_save(
        training,
        folder,
        f"replicate-{replicate}",
        report,
        seed=config.training.seed,
        provenance=to_json_values(provenance),
    )
    return result.timed_record


def describe_loss(row: EvaluationRecord) -> str:
    """The loss of a network in words."""
    verdict = "better than chance" if row.beats_chance else "not better than chance"
    verdict += {"yes": ", learned", "in part": ", learned in part"}.get(row.learned, "")
    return f"loss {row.loss:.4g} ± {row.standard_error:.2g} ({verdict})"


def describe_stretches(stretches: Sequence[tuple[float, float]], most: int = 5) -> str:
    """The longest of some stretches of time, in their order."""
    longest = sorted(sorted(stretches, key=lambda part: part[0] - part[1])[:most])
    text = ", ".join(f"{first:.2f} to {last:.2f} s" for first, last in longest)
    more = len(stretches) - len(longest)
    return text + (f" and {more} shorter {'part' if more == 1 else 'parts'}" if more else "")


def _seed(config: TrainConfig, purpose: str, replicate: int) -> int:
    return derive_seed(config.training.seed, purpose, replicate)


def _no_training(folder: Path) -> str:
    """Message that a path is not a folder of trainings, with the way out."""
    if net_files(folder)[0].is_file() or folder.suffix in (".safetensors", ".json"):
        return (
            f"{folder} is a single network; isochron evaluate takes the folder that isochron train "
            "wrote, with its task. From Python: ann_bridge.evaluate_trials(net, task, seed=1)."
        )
    if folder.is_file():
        return f"{folder} is a file; isochron evaluate takes a folder that isochron train wrote."
    return f"{folder} does not contain a training. To make one: {command('train --out', folder)}"
