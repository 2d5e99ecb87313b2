"""Networks trained on a task; the settings are those of `isochron train`: ``network.kind``."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.folders import own_folder
from isochron.runs.configuration import in_section
from isochron.runs.provenance import derive_seed
from isochron.runs.run_folder import RunPaths
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.runs.training_configuration import TrainConfig, train_config

LEARNED = {"yes": 1.0, "no": 0.0}


class Train(Experiment):
    """Loss on fresh trials, its interval, and whether the network learned, of each training.

    A training saves checkpoints in the folder of its task, from which it resumes.
    """

    files: ClassVar[tuple[str, ...]] = ("connectome.dataset",)
    measures: ClassVar[Mapping[str, str]] = {
        "loss": "loss on fresh trials",
        "standard_error": "standard error of the loss",
        "steps": "number of training steps",
        "learned": "1 for a network that learned the task, 0 for one that did not",
    }

    def complete(self, fixed: Mapping[str, Any], varied: Iterable[str]) -> dict[str, Any]:
        """The settings that are given; the others are the defaults of each kind."""
        for name in ("training.replicates", "training.seed", "training.device"):
            if name in {*fixed, *varied}:
                raise ValueError(
                    f"A sweep does not have the setting {name}: each run has one network, with a "
                    "seed from the sweep, and trains on the CPU. For replicates use an axis such "
                    "as replicate = [0, 1, 2]."
                )
        return dict(fixed)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check the settings of a run, and that it fits into the memory of this machine."""
        from isochron.ann_bridge.evaluation import require_trials_fit

        config = _config(settings)
        task = config.task.task()
        with in_section("[network]"):
            made = config.network.fitting_parameters(task)
        with in_section("[training] batch_size:"):
            require_trials_fit(made, task, config.training.batch_size)

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Train one network after the other."""
        rows, reasons = [], []
        for k, (settings, seed) in enumerate(zip(runs, seeds, strict=True)):
            row, reason = _train(_config(settings), seed, folder, f"run-{k}")
            rows.append(row)
            reasons.append(reason)
        found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return BatchResult(found, reasons=tuple(reasons))


def _config(settings: Mapping[str, Any]) -> TrainConfig:
    sections: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        section, dot, setting = name.partition(".")
        if name == "replicate":
            continue
        if not dot:
            raise ValueError(
                "A setting of a sweep of trainings is named with its section, as network.n_units, "
                f"got {name}."
            )
        sections.setdefault(section, {})[setting] = value
    return train_config(sections)


def _train(config: TrainConfig, seed: int, folder: Path, name: str) -> tuple[dict, str]:
    from isochron.runs.training import Training, build_network, train_and_save

    for sub in ("nets", "data"):
        own_folder(folder / sub)
    training = Training(
        net=build_network(config, derive_seed(seed, "weights"), "[network]"),
        task=config.task.task(),
        parameters=config.training.parameters(),
        seed=derive_seed(seed, "training"),
        evaluation_seed=derive_seed(seed, "evaluation"),
    )
    row = dict.fromkeys(("loss", "standard_error", "steps", "learned"), np.nan)
    try:
        result = train_and_save(training, RunPaths(folder), name, lambda fraction, text: None)
    except ArithmeticError as error:
        return row, f"{type(error).__name__}: {error}"
    found = result.evaluation
    return {
        "loss": found.loss,
        "standard_error": found.standard_error,
        "steps": float(len(result.losses)),
        "learned": LEARNED.get(found.learned, np.nan),
    }, ""
