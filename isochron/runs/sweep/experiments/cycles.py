"""Limit cycles of graded worms: simulated, then solved for, each with its multipliers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron import sims
from isochron.runs.resting_state import find_cycle_or_resting_state
from isochron.runs.sweep.experiments import BatchResult
from isochron.runs.sweep.experiments.simulate_settings import CycleSettings
from isochron.runs.sweep.experiments.worm import WormExperiment, make_worm

N_MULTIPLIERS = 4


class Cycles(WormExperiment):
    """Period, stability and leading Floquet multipliers of the cycle at the end of a simulation."""

    settings: ClassVar[type] = CycleSettings
    measures: ClassVar[Mapping[str, str]] = {
        "found": "1 where a limit cycle was found",
        "at_rest": "1 where the worm rests at a stable equilibrium",
        "period_ms": "period of the limit cycle",
        "stable": "1 for a stable limit cycle",
        "residual": "return error of the limit cycle, relative to its size",
    }

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Simulate the batch as one ensemble, then search from each end."""
        settings = [self.read(run) for run in runs]
        worms = [make_worm(it, seed) for it, seed in zip(settings, seeds, strict=True)]
        starts = np.array([worm.network.random_state(worm.stimulus, worm.rng) for worm in worms])
        first = settings[0]
        ensemble = sims.simulate_many(
            [w.network for w in worms], [w.stimulus for w in worms], duration_s=first.duration_s,
            step_ms=first.step_ms, record_every_ms=1e3 * first.duration_s, initial_states=starts,
            engine=first.engine, device=first.device,
        )  # fmt: skip
        rows, reasons = [], [str(reason) for reason in ensemble.reason.values]
        for k, (worm, it) in enumerate(zip(worms, settings, strict=True)):
            row = _nothing()
            if not reasons[k]:
                try:
                    row = _search(worm, ensemble.final_state.values[k], it.max_period_s)
                except ArithmeticError as error:
                    reasons[k] = f"{type(error).__name__}: {error}"
            rows.append(row)
        found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        dims = {"multiplier_modulus": ("multiplier",), "multiplier_angle": ("multiplier",)}
        labels = {"multiplier": np.arange(N_MULTIPLIERS)}
        return BatchResult(found, dims, labels, tuple(reasons))


def _nothing() -> dict[str, Any]:
    empty = np.full(N_MULTIPLIERS, np.nan)
    return {"found": np.nan, "at_rest": np.nan, "period_ms": np.nan, "stable": np.nan,
            "residual": np.nan, "multiplier_modulus": empty, "multiplier_angle": empty}  # fmt: skip


def _search(worm: Any, last: np.ndarray, max_period_s: float) -> dict[str, Any]:
    cycle, rest = find_cycle_or_resting_state(
        worm.network, worm.stimulus, last, max_period_s=max_period_s
    )
    row = _nothing() | {"found": 0.0, "at_rest": float(rest is not None)}
    if cycle is None or not cycle.found:
        return row
    leading = np.full(N_MULTIPLIERS, np.nan, dtype=complex)
    found = cycle.multipliers[:N_MULTIPLIERS]
    leading[: len(found)] = found
    return row | {
        "found": 1.0,
        "period_ms": cycle.period,
        "stable": float(cycle.stable),
        "residual": cycle.residual,
        "multiplier_modulus": np.abs(leading),
        "multiplier_angle": np.angle(leading),
    }
