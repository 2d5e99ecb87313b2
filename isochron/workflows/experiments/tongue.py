"""The tongues of saved networks and runs of the worm, as `isochron tongue` finds them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.runs.results import from_json_values
from isochron.runs.sweep import Sweep
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.workflows.experiments.results import padded, read_results, texts_of
from isochron.workflows.experiments.settings import TongueSettings
from isochron.workflows.experiments.sources import source_digest
from isochron.workflows.rhythm_search import DATASETS, RhythmSearch
from isochron.workflows.search import find_nets
from isochron.workflows.tongue import NetworkTongues, Tongues, find_tongues

EDGES = ("low_Hz", "high_Hz", "low_open", "high_open")


class TongueExperiment(Experiment):
    """Edges of the 1:1 tongue of each stable cycle, by amplitude of the reference."""

    settings: ClassVar[type] = TongueSettings
    files: ClassVar[tuple[str, ...]] = ("source",)
    measures: ClassVar[Mapping[str, str]] = {
        "n_cycles": "number of stable cycles at the largest amplitude",
        "first_Hz": "frequency at which the search started",
        "intrinsic_Hz": "frequency of a run without the reference",
    }

    def digest_of(self, value: str) -> dict[str, str]:
        """SHA-256 of a network or a run."""
        return source_digest(value)

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Find the tongues of one system after the other."""
        found: list[Tongues | None] = []
        reasons = []
        for run, seed in zip(runs, seeds, strict=True):
            it = self.read(run)
            try:
                [tongues] = find_tongues(
                    Path(it.source), it.amplitudes, it.search(seed), span=it.span
                )
            except (ArithmeticError, ValueError) as error:
                found.append(None)
                reasons.append(f"{type(error).__name__}: {error}")
            else:
                found.append(tongues)
                reasons.append("")
        return _batch(found, tuple(reasons))


def tongue_grid(
    path: Path, amplitudes: Sequence[float], search: RhythmSearch, *, span: float
) -> dict[str, Any]:
    """The sweep that computes `find_tongues`: a run for each network, each in a batch."""
    sources = [path] if path.suffix in DATASETS else find_nets(path)
    given = {field.name: getattr(search, field.name) for field in fields(RhythmSearch)}
    fixed = {name: value for name, value in given.items() if value is not None}
    return {
        "experiment": "tongue",
        "batch": 1,
        "fixed": fixed | {"amplitudes": list(amplitudes), "span": span},
        "axes": {"source": [str(it) for it in sources]},
    }


def read_tongues(sweep: Sweep) -> list[Tongues]:
    """The results of such a sweep, as `find_tongues` returns them."""
    return [
        from_json_values(values, NetworkTongues if "input" in values else Tongues)
        for values in read_results(sweep)
    ]


def _batch(found: Sequence[Tongues | None], reasons: tuple[str, ...]) -> BatchResult:
    amplitudes = sorted(
        {row.amplitude for it in found if it for cycle in it.cycles for row in cycle.tongue}
    )
    n_cycles = max((len(it.cycles) for it in found if it), default=0)
    place = {amplitude: k for k, amplitude in enumerate(amplitudes)}
    edges = {name: np.full((len(found), n_cycles, len(amplitudes)), np.nan) for name in EDGES}
    for k, it in enumerate(found):
        for number, cycle in enumerate(it.cycles if it else ()):
            for row in cycle.tongue:
                for name, array in edges.items():
                    value = getattr(row, name)
                    array[k, number, place[row.amplitude]] = np.nan if value is None else value
    phases = [[c.output_phase_cycles for c in it.cycles] if it else [] for it in found]
    variables = {
        "n_cycles": np.array([np.nan if it is None else len(it.cycles) for it in found]),
        "first_Hz": np.array([it.frequency_Hz if it else None for it in found], float),
        "intrinsic_Hz": np.array(
            [it.intrinsic_frequency_Hz if it else None for it in found], float
        ),
        "output_phase_cycles": padded(phases, n_cycles),
        "result": texts_of(found),
        **edges,
    }
    dims: dict[str, tuple[str, ...]] = dict.fromkeys(EDGES, ("cycle", "amplitude_of_reference"))
    dims["output_phase_cycles"] = ("cycle",)
    labels = {
        "cycle": np.arange(n_cycles),
        "amplitude_of_reference": np.array(amplitudes, dtype=float),
    }
    return BatchResult(variables, dims, labels, reasons)
