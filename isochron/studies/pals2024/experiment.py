"""The experiment `pals2024` of a sweep: a run is one network of a condition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.folders import own_folder
from isochron.runs.provenance import derive_seed
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.studies.pals2024.experiment_settings import Pals2024RunSettings


class Pals2024Experiment(Experiment):
    """Training of a network, and its cycles and code as in `isochron reproduce pals2024`."""

    settings: ClassVar[type] = Pals2024RunSettings
    measures: ClassVar[Mapping[str, str]] = {
        "loss": "loss on fresh trials",
        "standard_error": "standard error of the loss",
        "steps": "number of training steps",
        "learned": "1 for a network that learned: interval of the loss below 0.2",
        "stable_cycles": "number of stable cycles under the reference",
        "index_sum": "sum of the indices of all cycles under the reference",
        "complete": "1 where the sum is 1, 0 where a cycle of a bounded map is missing",
        "diverged": "number of starts that diverged",
        "phase_difference": "mean |difference of phase| between the memories (rad)",
        "rate_difference": "mean |difference of rate| between the memories (standard deviations)",
        "oscillates": "1 where a cycle was proved with the reference off",
        "intrinsic_share": "share of the starts that reach a cycle with the reference off",
        "intrinsic_frequency_Hz": "frequency of the cycle that most starts reach (Hz)",
        "intrinsic_amplitude": "output amplitude of this cycle; that of the target is 1",
    }

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check the settings of a run, and that the condition exists."""
        from isochron.studies.pals2024.conditions import parse_condition

        run = self.read(settings)
        parse_condition(run.condition)
        _ = run.config  # raises where a number is out of range

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Train and analyze one network after the other."""
        rows, reasons = [], []
        for k, (settings, seed) in enumerate(zip(runs, seeds, strict=True)):
            row, reason = dict.fromkeys(self.measures, np.nan), ""
            try:
                row |= _measure(self.read(settings), seed, folder, f"run-{k}")
            except ArithmeticError as error:
                reason = f"{type(error).__name__}: {error}"
            rows.append(row)
            reasons.append(reason)
        found = {name: np.array([row[name] for row in rows], dtype=float) for name in self.measures}
        return BatchResult(found, reasons=tuple(reasons))


def _measure(run: Pals2024RunSettings, seed: int, folder: Path, name: str) -> dict[str, float]:
    """Train a network, or resume it, and measure it.

    Seeds do not depend on the condition, so that paired runs see the same trials.
    """
    import torch

    from isochron.runs.run_folder import RunPaths
    from isochron.runs.training import Training, train_and_save
    from isochron.studies.pals2024.conditions import (
        NetSpec,
        budget_of,
        build_net,
        build_task,
        parse_condition,
    )
    from isochron.studies.pals2024.measured_network import measure_network

    config, condition = run.config, parse_condition(run.condition)
    for sub in ("nets", "data"):
        own_folder(folder / sub)
    generator = torch.Generator().manual_seed(derive_seed(seed, "weights"))
    training = Training(
        net=build_net(config, condition, generator),
        task=build_task(config, condition),
        parameters=budget_of(config, condition).parameters(),
        seed=derive_seed(seed, "training"),
        evaluation_seed=derive_seed(seed, "evaluation"),
    )
    result = train_and_save(training, RunPaths(folder), name, lambda fraction, text: None)
    spec, starts = NetSpec(condition, 0), derive_seed(seed, "analysis")
    measured = measure_network(config, spec, training.net, result.evaluation, starts)
    return {"steps": float(len(result.losses)), **_row(measured.analysis)}


def _row(found: Any) -> dict[str, float]:
    """The numbers of an analysis; NaN where there is none."""
    nan, survey, intrinsic = np.nan, found.survey, found.intrinsic
    row = {
        "loss": found.loss,
        "standard_error": found.standard_error,
        "learned": float(found.learned),
        "stable_cycles": nan if found.n_stable_cycles is None else found.n_stable_cycles,
        "index_sum": nan if survey.index_sum is None else survey.index_sum,
        "complete": nan if survey.complete is None else float(survey.complete),
        "diverged": survey.n_diverged,
        "phase_difference": found.code.phase_difference,
        "rate_difference": found.code.rate_difference,
    }
    if intrinsic is not None:
        row |= {"oscillates": float(intrinsic.found), "intrinsic_share": intrinsic.share}
        if intrinsic.found:
            largest = intrinsic.cycles[0]
            row["intrinsic_frequency_Hz"] = 1e3 / largest.period_ms
            row["intrinsic_amplitude"] = largest.output_amplitude
    return row
