"""Currents at which graded worms lose the stability of their equilibrium."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron import sims
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.runs.sweep.experiments.simulate_settings import OnsetSettings
from isochron.runs.sweep.experiments.worm import make_network


class Onset(Experiment):
    """First instability of each worm along a constant current, from eigenvalues.

    A run without one has an infinite `onset_pA`.
    """

    settings: ClassVar[type] = OnsetSettings
    files: ClassVar[tuple[str, ...]] = ("dataset",)
    measures: ClassVar[Mapping[str, str]] = {
        "onset_pA": "current at which the equilibrium becomes unstable",
        "oscillatory": "1 if a complex pair of eigenvalues becomes unstable there, otherwise 0",
        "period_ms": "period of the oscillation that starts there",
        "criticality": "first Lyapunov coefficient, negative if a stable small cycle starts there",
    }

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Search for each onset in turn."""
        rows, reasons = [], []
        for run in runs:
            row, reason = _find(self.read(run))
            rows.append(row)
            reasons.append(reason)
        found = np.array(rows).T
        return BatchResult(dict(zip(self.measures, found, strict=True)), reasons=tuple(reasons))


def _find(settings: OnsetSettings) -> tuple[tuple[float, ...], str]:
    network = make_network(settings)
    try:
        onset = sims.find_onset(network, settings.stimulate, largest_pA=settings.largest_pA)
    except ArithmeticError as error:
        return (np.nan,) * 4, f"{type(error).__name__}: {error}"
    oscillatory = float(onset.kind == "oscillatory")
    return (onset.current_pA, oscillatory, onset.period_ms, onset.criticality), ""
