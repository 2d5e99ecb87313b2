"""Training runs: some nets of one kind on one task, kept in a run folder, resumable."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from isochron import ann_bridge, connectome
from isochron._version import __version__
from isochron.ann_bridge import tasks
from isochron.experiments.config import overlay, read_toml, setting
from isochron.experiments.pool import Progress
from isochron.experiments.provenance import derive_seed, describe_provenance
from isochron.experiments.run_folder import RunFolder, RunPaths

TASKS: dict[str, Any] = {
    "phase-memory": tasks.PhaseMemory,
    "match-to-sample": tasks.DelayedMatchToSample,
    "comparison": tasks.DelayedComparison,
    "parametric-memory": tasks.ParametricWorkingMemory,
    "sternberg": tasks.Sternberg,
    "flip-flop": tasks.FlipFlop,
    "ready-set-go": tasks.ReadySetGo,
}
GATED: dict[str, Any] = {"gru": ann_bridge.GRUNet, "lstm": ann_bridge.LSTMNet}
DEFAULTS: dict[str, dict[str, Any]] = {
    "low-rank": {"units": 512, "learning_rate": 1e-2},
    "full-rank": {"units": 100, "learning_rate": 1e-3},
    "connectome": {"units": 0, "learning_rate": 1e-2},
    "connectome-low-rank": {"units": 0, "learning_rate": 1e-2},
    "gru": {"units": 64, "learning_rate": 5e-3},
    "lstm": {"units": 64, "learning_rate": 5e-3},
}
REFERENCES = ("sines", "theta")
SLOW_TIME_CONSTANT_MS = 100.0  # of tasks with steps of 10 ms or more; 20 ms otherwise
CHECKPOINT_EVERY = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """What is trained, on what and how."""

    task: str = setting("phase-memory", f"one of {', '.join(TASKS)}")
    stimuli: int = setting(2, "of phase-memory and match-to-sample")
    reference: str = setting("sines", "of phase-memory: sines or theta")
    net: str = setting("low-rank", f"one of {', '.join(DEFAULTS)}")
    units: int = setting(512, "0 on a connectome: as many as the wiring has neurons")
    rank: int = setting(2, "of low-rank and connectome-low-rank")
    readout: str = setting("states", "states or rates (tanh)")
    oscillation_Hz: float = setting(0.0, "of low-rank before training; 0 for none")
    dataset: str = setting("varshney2011", "the connectome")
    steps: int = setting(400, "at most")
    batch_size: int = setting(128, "trials a step")
    learning_rate: float = setting(1e-2, "of Adam")
    stop_below: float = setting(0.0, "stop when the mean loss of 20 steps is below")
    seed: int = setting(0, "of everything random")
    replicates: int = setting(1, "nets, each with a seed of its own")
    device: str = setting("auto", "cpu, cuda or auto")

    def __post_init__(self) -> None:
        for name, known in (("task", TASKS), ("net", DEFAULTS), ("reference", REFERENCES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}."
                )
        for name, least in (("stimuli", 1), ("replicates", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}.")
        if self.stimuli != 2 and self.task not in ("phase-memory", "match-to-sample"):
            raise ValueError(f"stimuli does not go with the task {self.task}.")
        if self.reference != "sines" and self.task != "phase-memory":
            raise ValueError(f"reference does not go with the task {self.task}.")
        if self.oscillation_Hz and self.net != "low-rank":
            raise ValueError(f"oscillation_Hz does not go with the net {self.net}.")
        if self.readout != "states" and self.net in GATED:
            raise ValueError(f"readout does not go with the net {self.net}.")


def train_config(**given: Any) -> TrainConfig:
    """A configuration; units and learning rate default to what suits the kind of net."""
    return TrainConfig(**(DEFAULTS.get(given.get("net", "low-rank"), {}) | given))


def build_task(config: TrainConfig) -> tasks.Task:
    """The task of a configuration."""
    options: dict[str, Any] = {}
    if config.task == "phase-memory":
        options["offsets"] = tasks.even_offsets(config.stimuli)
        if config.reference == "theta":
            options["reference"] = tasks.SyntheticTheta()
    elif config.task == "match-to-sample":
        options["n_stimuli"] = config.stimuli
    return TASKS[config.task](**options)


def build_net(config: TrainConfig, replicate: int) -> ann_bridge.RecurrentNet:
    """A net before training."""
    task = build_task(config)
    generator = torch.Generator().manual_seed(_seed(config, "weights", replicate))
    sizes: dict[str, Any] = {"n_inputs": task.n_inputs, "n_outputs": task.n_outputs}
    sizes["step_ms"] = task.step_ms
    if config.net in GATED:
        return GATED[config.net](n_units=config.units, **sizes, generator=generator)
    sizes["readout"] = config.readout
    if task.step_ms >= 10:
        sizes["time_constant_ms"] = SLOW_TIME_CONSTANT_MS
    if config.net == "full-rank":
        return ann_bridge.FullRankRNN(n_units=config.units, **sizes, generator=generator)
    if config.net == "low-rank":
        return ann_bridge.LowRankRNN(
            n_units=config.units, rank=config.rank, oscillation_Hz=config.oscillation_Hz or None,
            **sizes, generator=generator,
        )  # fmt: skip
    wiring = connectome.load(config.dataset)
    masks = ann_bridge.wiring_masks(wiring)
    sizes["n_units"] = config.units or len(wiring.neurons)
    if config.net == "connectome":
        parameters = ann_bridge.ConnectomeRNNParameters(**sizes)
        return ann_bridge.ConnectomeRNN(masks, parameters, generator=generator)
    weights = ann_bridge.wiring_weights(wiring, signs=connectome.gaba_inhibitory)
    adapted = ann_bridge.AdaptedConnectomeParameters(rank=config.rank, **sizes)
    return ann_bridge.AdaptedConnectomeRNN(weights, masks, adapted, generator=generator)


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
    task, budget = build_task(config), _budget(config)
    device = ann_bridge.choose_device(config.device).type
    build_net(config, 0)  # settings that no net can have are refused before any file is made
    with RunFolder(out, config, __version__, force=force, title="isochron train") as folder:
        rows = []
        for replicate in range(config.replicates):
            name = f"replicate-{replicate}"
            if not folder.finished(name):
                progress.begin(name)
                began = time.perf_counter()
                row = _train_one(
                    config, folder, replicate, task, budget, device,
                    lambda fraction, text, name=name: progress.update(name, fraction, text),
                )  # fmt: skip
                seconds = time.perf_counter() - began
                folder.finish(name, row, seconds)
                progress.end(name, seconds)
            shutil.rmtree(_checkpoints(folder, name), ignore_errors=True)
            rows.append({"name": name, **folder.result(name)})
    return {
        "folder": str(out),
        "task": config.task,
        "net": config.net,
        "chance": task.chance,
        "device": device,
        "replicates": rows,
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
        raise ValueError(f"{folder} holds no training. To make one: isochron train --out {folder}")
    config = overlay(TrainConfig(), read_toml(folder / "config.toml"))
    task, rows = build_task(config), []
    for replicate in range(config.replicates):
        path = paths.net_path(f"replicate-{replicate}")
        if not path.with_suffix(".json").is_file():
            continue
        net, _ = ann_bridge.load_net(path)
        loss = ann_bridge.evaluate(net.to(where), task, seed=seed, n_trials=n_trials)
        rows.append({"name": path.name, "loss": loss, "beats_chance": loss < task.chance})
    if not rows:
        raise ValueError(
            f"No net in {folder} is finished. Go on with isochron train --out {folder}"
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
    }


def _train_one(
    config: TrainConfig,
    folder: RunFolder,
    replicate: int,
    task: tasks.Task,
    budget: ann_bridge.TrainingParameters,
    device: str,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    name = f"replicate-{replicate}"
    net = build_net(config, replicate)
    record = ann_bridge.train(
        net,
        task,
        budget,
        seed=_seed(config, "training", replicate),
        device=device,
        progress=lambda step, loss: report(step / budget.steps, f"loss {loss:.3f}"),
        checkpoints=_checkpoints(folder, name),
        checkpoint_every=CHECKPOINT_EVERY,
    )
    loss = ann_bridge.evaluate(net, task, seed=_seed(config, "evaluation", replicate))
    row = {
        "steps": len(record.losses),
        "loss": loss,
        "beats_chance": loss < task.chance,
        "seconds_per_step": record.seconds / max(1, len(record.losses)),
        "losses": record.losses,
    }
    on_wiring = connectome.load(config.dataset) if "connectome" in config.net else None
    provenance = describe_provenance(on_wiring) | {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
    }
    ann_bridge.save_net(
        net, folder.net_path(name), task=str(task), training=str(budget), seed=config.seed,
        provenance=provenance, **row,
    )  # fmt: skip
    return row


def _budget(config: TrainConfig) -> ann_bridge.TrainingParameters:
    return ann_bridge.TrainingParameters(
        steps=config.steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        stop_below=config.stop_below,
    )


def _checkpoints(folder: RunPaths, name: str) -> Path:
    return folder.path / "data" / f"{name}-checkpoints"


def _seed(config: TrainConfig, purpose: str, replicate: int) -> int:
    return derive_seed(config.seed, purpose, replicate)
