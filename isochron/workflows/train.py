"""Training runs: some nets of one kind on one task, kept in a run folder, resumable."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from isochron import ann_bridge
from isochron._version import __version__
from isochron.ann_bridge import tasks
from isochron.ann_bridge.registry import NETWORKS, TASKS
from isochron.ann_bridge.train import PRECISIONS
from isochron.connectome import SIGN_RULES, Connectome
from isochron.runs.configuration import overlay, read_toml
from isochron.runs.datasets import dataset_inputs, open_connectome, resolve_dataset
from isochron.runs.pool import Progress
from isochron.runs.provenance import derive_seed, describe_provenance
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.training import Training, describe_evaluation, train_and_save
from isochron.settings import setting
from isochron.wording import command

ON_CONNECTOME = ("connectome", "connectome-low-rank")
CIRCUITS = ("liquid", "closed-form")
CONNECTIVITIES = ("policy", "full", "connectome")
GOES_WITH = {  # settings that only some nets have
    "rank": ("low-rank", "connectome-low-rank"),
    "readout": ("low-rank", "full-rank", *ON_CONNECTOME),
    "oscillation_Hz": ("low-rank",),
    "connectivity": CIRCUITS,
    "dataset": (*ON_CONNECTOME, *CIRCUITS),
    "signs": (*ON_CONNECTOME, *CIRCUITS),
    "class_parameters": ("connectome",),
    "time_constant_ms": ("low-rank", "full-rank", *ON_CONNECTOME, "spiking"),
    "precision": ("full-rank", *ON_CONNECTOME),
}
REFERENCES = ("sines", "theta")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """What is trained, on what and how."""

    task: str = setting("phase-memory", f"one of {', '.join(TASKS)}")
    stimuli: int = setting(2, "of phase-memory and match-to-sample")
    reference: str = setting("sines", "of phase-memory: sines, theta or a .npy file")
    sampling_Hz: float = setting(0.0, "of the file")
    channel: int = setting(-1, "of the file, from 0 on; -1: it has one")
    net: str = setting("low-rank", f"one of {', '.join(NETWORKS)}")
    units: int = setting(512, "0 on a connectome: as many as the connectome has neurons")
    rank: int = setting(2, "of low-rank and connectome-low-rank")
    readout: str = setting("states", "states or rates (tanh)")
    oscillation_Hz: float = setting(0.0, "of low-rank before training; 0 for none")
    connectivity: str = setting(
        "policy", f"of {' and '.join(CIRCUITS)}: one of {', '.join(CONNECTIVITIES)}"
    )
    dataset: str = setting("varshney2011", "the connectome: a data set or a file")
    signs: str = setting("", "a sign rule; without one, connectome has free signs, others gaba")
    class_parameters: bool = setting(False, "of connectome: learned, one set a cell class")
    time_constant_ms: float = setting(0.0, "of leaky and spiking units; 0: as suits the task")
    steps: int = setting(400, "at most")
    batch_size: int = setting(128, "trials a step")
    learning_rate: float = setting(1e-2, "of Adam")
    warmup_steps: int = setting(0, "in which the learning rate rises")
    decay: str = setting("none", "none or cosine: how it falls")
    weight_penalty: float = setting(0.0, "times the sum of the squares of the weights")
    rate_penalty: float = setting(0.0, "times the mean square of what units send")
    stop_below: float = setting(0.0, "stop when the mean loss of 20 steps is below")
    seed: int = setting(0, "of everything random")
    replicates: int = setting(1, "nets, each with a seed of its own")
    device: str = setting("auto", "cpu, cuda or auto")
    precision: str = setting("float32", "or bfloat16: of products with a full matrix of weights")

    def __post_init__(self) -> None:
        for name, known in (
            ("task", TASKS),
            ("net", NETWORKS),
            ("connectivity", CONNECTIVITIES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}."
                )
        for name, least in (("stimuli", 1), ("replicates", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}.")
        if self.signs and self.signs not in SIGN_RULES:
            raise ValueError(f"signs must be one of {', '.join(SIGN_RULES)}, got {self.signs!r}.")
        self._check_reference()
        if self.stimuli != 2 and self.task not in ("phase-memory", "match-to-sample"):
            raise ValueError(f"stimuli does not go with the task {self.task}.")
        for name, nets in GOES_WITH.items():
            given = getattr(self, name) != TrainConfig.__dataclass_fields__[name].default
            if given and self.net not in nets:
                raise ValueError(
                    f"{name} does not go with the net {self.net}, but with {', '.join(nets)}."
                )
        if self.net in CIRCUITS and self.connectivity != "connectome":
            if self.signs:
                raise ValueError(f"signs does not go with the connectivity {self.connectivity}.")
            if self.dataset != TrainConfig.__dataclass_fields__["dataset"].default:
                raise ValueError(
                    f"dataset does not go with the connectivity {self.connectivity}, but with "
                    "connectome."
                )

    def _check_reference(self) -> None:
        recorded = self.reference.endswith(".npy")
        if not recorded and self.reference not in REFERENCES:
            raise ValueError(
                f"reference must be one of {', '.join(REFERENCES)}, or a .npy file, got "
                f"{self.reference!r}."
            )
        if self.reference != "sines" and self.task != "phase-memory":
            raise ValueError(f"reference does not go with the task {self.task}.")
        if recorded != bool(self.sampling_Hz):
            raise ValueError(
                "sampling_Hz goes with a reference file, and that needs it, got "
                f"{self.sampling_Hz:g} and {self.reference}."
            )
        if self.channel != -1 and not (recorded and self.channel >= 0):
            raise ValueError(
                "channel is a number from 0 on and goes with a reference file, got "
                f"{self.channel} and {self.reference}."
            )
        if recorded and not Path(self.reference).is_file():
            raise ValueError(f"There is no reference file {self.reference}.")


def train_config(**given: Any) -> TrainConfig:
    """A configuration; units and learning rate default to what suits the kind of net."""
    kind = given.get("net", "low-rank")
    defaults: dict[str, Any] = {}
    if kind in NETWORKS:
        network = NETWORKS.load(kind)
        units = 0 if kind in ON_CONNECTOME else network.parameters_type().n_units
        defaults = {"units": units, "learning_rate": network.usual_learning_rate}
    if given.get("connectivity") == "connectome":
        defaults = defaults | {"units": 0}
    if str(given.get("reference", "")).endswith(".npy"):
        given = given | {"reference": str(Path(given["reference"]).resolve())}
    if "dataset" in given:
        given = given | {"dataset": resolve_dataset(given["dataset"])}
    return TrainConfig(**(defaults | given))


def build_task(config: TrainConfig) -> tasks.Task:
    """The task of a configuration."""
    options: dict[str, Any] = {}
    if config.task == "phase-memory":
        options["offsets"] = tasks.even_offsets(config.stimuli)
        if config.reference == "theta":
            options["reference"] = tasks.SyntheticTheta()
        elif config.reference != "sines":
            options["reference"] = tasks.load_recording(
                config.reference,
                sampling_Hz=config.sampling_Hz,
                step_ms=tasks.PhaseMemory().step_ms,
                channel=None if config.channel < 0 else config.channel,
            )
    elif config.task == "match-to-sample":
        options["n_stimuli"] = config.stimuli
    return TASKS.load(config.task)(**options)


def build_net(config: TrainConfig, replicate: int) -> ann_bridge.RecurrentNet:
    """A network before training."""
    return NETWORKS.load(config.net).for_task(
        build_task(config),
        connectome=_signed_connectome(config) if _uses_dataset(config) else None,
        generator=torch.Generator().manual_seed(_seed(config, "weights", replicate)),
        **_network_settings(config),
    )


def _network_settings(config: TrainConfig) -> dict[str, Any]:
    """Settings of a network that are given; the others suit the task."""
    given = {
        "rank": config.rank,
        "readout": config.readout,
        "oscillation_Hz": config.oscillation_Hz or None,
        "class_parameters": config.class_parameters,
        "connectivity": config.connectivity,
    }
    settings: dict[str, Any] = {k: v for k, v in given.items() if config.net in GOES_WITH[k]}
    if "class_parameters" in settings:
        settings["learns_class_parameters"] = settings.pop("class_parameters")
    if settings.get("connectivity") == "connectome":
        del settings["connectivity"]
    if config.units or not _uses_dataset(config):  # 0 on a connectome: that of its neurons
        settings["n_units"] = config.units
    if config.time_constant_ms:
        settings["time_constant_ms"] = config.time_constant_ms
        if config.net == "spiking":
            settings["readout_time_constant_ms"] = config.time_constant_ms
    return settings


def _signed_connectome(config: TrainConfig) -> Connectome:
    """The connectome of a configuration, signed by its rule if it names one."""
    connectome = open_connectome(config.dataset)
    return connectome.with_signs(SIGN_RULES.load(config.signs)) if config.signs else connectome


def train_replicates(
    config: TrainConfig, out: Path, *, force: bool = False, progress: Progress
) -> dict[str, Any]:
    """Train nets into a folder, or go on where an interrupted run was.

    Parameters
    ----------
    config : TrainConfig
    out : Path
        A run folder: ``nets/replicate-0.safetensors`` and so on, ``config.toml``.
    force : bool
        Start a folder of another configuration anew.
    progress : Progress

    Returns
    -------
    dict
        JSON values: chance level, device, and of each net its losses.

    Raises
    ------
    ValueError
        If a setting is out of range, or the folder holds something else.
    ArithmeticError
        If a loss is no longer finite.
    """
    task = build_task(config)
    _budget(config)
    device = ann_bridge.choose_device(config.device).type
    build_net(config, 0)  # settings that no net can have are refused before any file is made
    inputs = dataset_inputs(config.dataset) if _uses_dataset(config) else {}
    with RunFolder(
        out, config, __version__, force=force, title="isochron train", inputs=inputs
    ) as folder:
        rows = []
        for replicate in range(config.replicates):
            name = f"replicate-{replicate}"
            if not folder.finished(name):
                progress.begin(name)
                began = time.perf_counter()
                row = _train_one(
                    config, folder, replicate, task, device,
                    lambda fraction, text, name=name: progress.update(name, fraction, text),
                )  # fmt: skip
                seconds = time.perf_counter() - began
                folder.finish(name, row, seconds)
                progress.end(name, seconds)
            rows.append({"name": name, **folder.result(name)})
    return {
        "folder": str(out),
        "task": config.task,
        "net": config.net,
        "chance": task.chance,
        "device": device,
        "replicates": rows,
    } | _usable_share(task)


def _usable_share(task: tasks.Task) -> dict[str, Any]:
    """Share of a recorded reference from which trials are drawn, and the times of the rest."""
    reference = getattr(task, "reference", None)
    if not isinstance(reference, tasks.RecordedReference):
        return {}
    return {
        "reference_usable_share": reference.usable_share,
        "reference_unusable_s": [list(part) for part in reference.unusable_stretches],
    }


def evaluate_nets(
    folder: Path, *, n_trials: int = 256, seed: int = 1, device: str = "cpu"
) -> dict[str, Any]:
    """Loss of the nets of a folder on fresh trials.

    Returns
    -------
    dict
        JSON values.

    Raises
    ------
    ValueError
        If the folder holds no finished nets, or a setting is out of range.
    """
    if n_trials < 1 or seed < 0:
        raise ValueError(f"Need trials >= 1 and seed >= 0, got {n_trials} and {seed}.")
    paths = RunPaths(folder)
    where = ann_bridge.choose_device(device)
    if not (folder / "config.toml").is_file():
        raise ValueError(_no_training(folder))
    config = overlay(TrainConfig(), read_toml(folder / "config.toml"))
    task, rows = build_task(config), []
    for replicate in range(config.replicates):
        path = paths.net_path(f"replicate-{replicate}")
        if not path.with_suffix(".json").is_file():
            continue
        net, _ = ann_bridge.load_net(path)
        found = ann_bridge.evaluate_trials(net.to(where), task, seed=seed, n_trials=n_trials)
        rows.append({"name": path.name, **describe_evaluation(found)})
    if not rows:
        raise ValueError(
            f"No net in {folder} is finished. The command that started the training continues it: "
            f"{command('train --out', folder)} and the same options."
        )
    return {
        "folder": str(folder),
        "task": config.task,
        "net": config.net,
        "chance": task.chance,
        "n_trials": n_trials,
        "seed": seed,
        "missing": config.replicates - len(rows),
        "replicates": rows,
    } | _usable_share(task)


def _train_one(
    config: TrainConfig,
    folder: RunFolder,
    replicate: int,
    task: tasks.Task,
    device: str,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    training = Training(
        net=build_net(config, replicate),
        task=task,
        parameters=_budget(config),
        seed=_seed(config, "training", replicate),
        evaluation_seed=_seed(config, "evaluation", replicate),
        device=device,
    )
    on_connectome = open_connectome(config.dataset) if _uses_dataset(config) else None
    provenance = describe_provenance(on_connectome) | {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
    }
    result = train_and_save(
        training, folder, f"replicate-{replicate}", report, seed=config.seed, provenance=provenance
    )
    return result.describe_all()


def describe_loss(row: dict[str, Any]) -> str:
    """The loss of a row of results in words; rows of earlier versions have no standard error."""
    if "standard_error" not in row:
        return f"loss {row['loss']:.4g}"
    verdict = "better than chance" if row["beats_chance"] else "not better than chance"
    verdict += {"yes": ", learned", "in part": ", learned in part"}.get(row.get("learned", ""), "")
    return f"loss {row['loss']:.4g} ± {row['standard_error']:.2g} ({verdict})"


def describe_stretches(stretches: Sequence[list[float]], most: int = 5) -> str:
    """The longest of some stretches of time, in their order."""
    longest = sorted(sorted(stretches, key=lambda part: part[0] - part[1])[:most])
    text = ", ".join(f"{first:.2f} to {last:.2f} s" for first, last in longest)
    more = len(stretches) - len(longest)
    return text + (f" and {more} shorter {'part' if more == 1 else 'parts'}" if more else "")


def _uses_dataset(config: TrainConfig) -> bool:
    return config.net in ON_CONNECTOME or config.connectivity == "connectome"


def _budget(config: TrainConfig) -> ann_bridge.TrainingParameters:
    return ann_bridge.TrainingParameters(
        steps=config.steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        stop_below=config.stop_below,
        warmup_steps=config.warmup_steps,
        decay=config.decay,
        weight_penalty=config.weight_penalty,
        rate_penalty=config.rate_penalty,
        precision=config.precision,
    )


def _seed(config: TrainConfig, purpose: str, replicate: int) -> int:
    return derive_seed(config.seed, purpose, replicate)


def _no_training(folder: Path) -> str:
    """Why a path is not a folder of trainings, and what to do."""
    if folder.with_name(f"{folder.name}.safetensors").is_file() or folder.suffix in (
        ".safetensors", ".json",
    ):  # fmt: skip
        return (
            f"{folder} is a single network; isochron evaluate takes the folder that isochron train "
            "wrote, with its task. From Python: ann_bridge.evaluate_trials(net, task, seed=1)."
        )
    if folder.is_file():
        return f"{folder} is a file; isochron evaluate takes a folder that isochron train wrote."
    return f"{folder} holds no training. To make one: {command('train --out', folder)}"
