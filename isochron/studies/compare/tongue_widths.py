"""Width of the 1:1 tongue for a weak forcing, in connectomes and draws from a null model."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron import sims
from isochron.runs.graded_cycle import find_graded_cycle
from isochron.runs.measures import Report
from isochron.runs.null_models import NO_NULL
from isochron.runs.provenance import derive_seed
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.onsets import OnsetSpec, input_step, network_of
from isochron.studies.compare.weak_forcing import weak_forcing_of_worm

ABOVE_ONSET = 1.2  # current relative to the onset of the rhythm
LEAST_S, PERIODS = 60.0, 30  # simulated before the search for the cycle
LONGEST = 4.0  # period of the cycle relative to that at the onset
STEP_MS = 8.0


@dataclass(frozen=True, kw_only=True)
class TongueWidth:
    """The tongue of a connectome or draw at 1.2 times the current at which its rhythm starts.

    Attributes
    ----------
    current_pA, period_ms : float or None
        Constant current, and period of the cycle there; None without a cycle.
    relative_width : float or None
        Width of the 1:1 tongue for a weak sinusoidal current into the same neurons: width over
        the intrinsic frequency, for each unit of amplitude over the constant current.
    remark : str
        Why there is no width, else empty.
    """

    current_pA: float | None = None
    period_ms: float | None = None
    relative_width: float | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class TongueGroup:
    """Widths of the draws from a null model, or of the connectome itself.

    Attributes
    ----------
    dataset, null_model : str
        ``none`` for the connectome itself.
    leak_nS : float
    found : tuple of TongueWidth
        One for each draw.
    """

    dataset: str
    null_model: str
    leak_nS: float
    found: tuple[TongueWidth, ...]

    @property
    def widths(self) -> list[float]:
        """Widths of the draws that have one, in percent of the frequency for 0.1 % of the current.

        This number is the relative width divided by 10.
        """
        return [it.relative_width / 10 for it in self.found if it.relative_width is not None]


def tongue_specs(config: CompareConfig) -> list[OnsetSpec]:
    """Connectomes, then draws of each from the first null model, at the first leak."""
    section = config.onset
    if not section.tongue_draws or not section.null_models or not section.leaks_nS:
        return []
    leak, null = section.leaks_nS[0], section.null_models[0]
    specs = [OnsetSpec(dataset, NO_NULL, leak, 0, 1) for dataset in section.datasets]
    return specs + [
        OnsetSpec(dataset, null, leak, number, 1)
        for number in range(config.seed, config.seed + section.tongue_draws)
        for dataset in section.datasets
    ]


def tongue_step(spec: OnsetSpec) -> str:
    """Name of the step of a draw."""
    return re.sub("^inputs-", "tongue-", input_step(spec))


def find_tongue_width(config: CompareConfig, spec: OnsetSpec, report: Report) -> Any:
    """Width of the tongue of a draw; `TongueWidth` as JSON values."""
    network, neurons = network_of(config, spec, 0), config.worm.stimulated
    report(0.0, "onset")
    onset = sims.find_onset(network, neurons, largest_pA=config.onset.largest_pA)
    if onset.kind != "oscillatory":
        return to_json_values(TongueWidth(remark=f"first instability: {onset.kind}"))
    rng = np.random.default_rng(derive_seed(config.seed, tongue_step(spec)))
    return to_json_values(_at(network, neurons, onset, rng, report))


def _at(
    network: sims.GradedNetwork,
    neurons: tuple[str, ...],
    onset: sims.Onset,
    rng: np.random.Generator,
    report: Report,
) -> TongueWidth:
    """The tongue above an onset."""
    current = ABOVE_ONSET * onset.current_pA
    active = sims.step_current(neurons, amplitude_pA=current)
    report(0.1, "simulating")
    run = sims.simulate(
        network,
        active,
        duration_s=max(LEAST_S, PERIODS * 1e-3 * onset.period_ms),
        method="multistep",
        step_ms=STEP_MS,
        record_every_ms=1000.0,
        rng=rng,
    )
    report(0.3, "searching the limit cycle")
    last = sims.state_vector(run.isel(time=-1))
    cycle = find_graded_cycle(network, active, last, max_period_ms=LONGEST * onset.period_ms)
    if not cycle.found:
        return TongueWidth(remark=f"no cycle at {ABOVE_ONSET:g} times the onset: {cycle.message}")
    report(0.7, "phase response")
    weak = weak_forcing_of_worm(network, active, cycle, stimulated=neurons, amplitude_pA=1.0)
    period = float(cycle.period)
    return TongueWidth(
        current_pA=current,
        period_ms=period,
        relative_width=None if weak is None else weak.tongue_Hz * 1e-3 * period * current,
        remark="the phase response is not known to 1 %" if weak is None else "",
    )


def read_tongue_widths(config: CompareConfig, folder: RunPaths) -> tuple[TongueGroup, ...]:
    """The groups from the results of the steps; none while one is unfinished."""
    specs = tongue_specs(config)
    if not all(folder.finished(tongue_step(spec)) for spec in specs):
        return ()
    found: dict[tuple[str, str, float], list[TongueWidth]] = {}
    for spec in specs:
        key = (spec.dataset, spec.null_model, spec.leak_nS)
        values = folder.result(tongue_step(spec))
        found.setdefault(key, []).append(from_json_values(values, TongueWidth))
    return tuple(
        TongueGroup(dataset=dataset, null_model=null, leak_nS=leak, found=tuple(widths))
        for (dataset, null, leak), widths in found.items()
    )
