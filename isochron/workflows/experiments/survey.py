"""The entrained cycles of saved networks, and how complete the search for them was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.runs.cycle_surveys import survey_entrained_cycles
from isochron.runs.saved_network import SavedNet
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.workflows.experiments.settings import SurveySettings
from isochron.workflows.experiments.sources import source_digest
from isochron.workflows.network_cycles import count_resting
from isochron.workflows.search import find_nets


class SurveyExperiment(Experiment):
    """Numbers of cycles under the reference, their indices, and what the search may have missed."""

    settings: ClassVar[type] = SurveySettings
    files: ClassVar[tuple[str, ...]] = ("source",)
    measures: ClassVar[Mapping[str, str]] = {
        "n_stable": "number of stable cycles under the reference",
        "n_unstable": "number of unstable cycles under the reference",
        "n_at_rest": "number of these cycles that do not move",
        "index_sum": "sum of the indices of the cycles; 1 for all cycles of a bounded map",
        "bounded": "1 for a map that is known to be bounded",
        "n_diverged": "number of starts that left all bounds",
        "n_not_entrained": "number of starts that converged to none of the cycles",
        "largest_undetected_basin": "fraction of starts that an attractor may draw and be missed "
        "(95 %)",
        "intrinsic_rhythm": "1 for a network that moves without the reference, from some start",
    }

    def digest_of(self, value: str) -> dict[str, str]:
        """SHA-256 of a network."""
        return source_digest(value)

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Survey one network after the other."""
        rows, reasons = [], []
        for run, seed in zip(runs, seeds, strict=True):
            row, reason = dict.fromkeys(self.measures, np.nan), ""
            try:
                row = _survey(self.read(run), seed)
            except (ArithmeticError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
            rows.append(row)
            reasons.append(reason)
        found = {name: np.array([row[name] for row in rows], float) for name in self.measures}
        return BatchResult(found, reasons=tuple(reasons))


def _survey(it: SurveySettings, seed: int) -> dict[str, float]:
    [path] = find_nets(Path(it.source))
    saved = SavedNet.load(path)
    reference = saved.choose_reference(it.frequency_Hz, it.amplitude, it.input)
    if reference is None:
        raise ValueError(f"{path} does not have a reference; give frequency_Hz and input.")
    system = saved.map_under(reference)
    if not system.smooth:
        raise ValueError(f"{path} is a spiking network; its map does not have a Jacobian.")
    rng = np.random.default_rng(seed if it.seed is None else it.seed)
    starts = system.initial_states(it.n_starts, rng)
    survey = survey_entrained_cycles(system, starts)
    _, moving = count_resting(saved.map_under(None), starts)
    return {
        "n_stable": len(survey.stable),
        "n_unstable": len(survey.cycles) - len(survey.stable),
        "n_at_rest": len(survey.fixed_points),
        "index_sum": survey.index_sum,
        "bounded": np.nan if survey.bounded is None else float(survey.bounded),
        "n_diverged": survey.n_diverged,
        "n_not_entrained": survey.n_not_entrained,
        "largest_undetected_basin": survey.undetected_basin_bound,
        "intrinsic_rhythm": float(moving > 0),
    }
