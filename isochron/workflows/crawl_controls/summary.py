"""The connectome against rewired ones: what each search found, tests, and what may be said."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from isochron.analysis import holm, permutation_p, proportion_interval
from isochron.runs.null_models import NO_NULL
from isochron.runs.sweep.sweeps import Sweep
from isochron.workflows.crawl_controls.search import RANGES, REFERENCE, core_hours, survey_best
from isochron.workflows.crawl_controls.settings import ControlSettings
from isochron.workflows.crawl_settings import CrawlSettings
from isochron.workflows.crawl_survey import GaitSurvey

LEAST_SPEED = 0.05  # mm/s, of a crawl
SIGNIFICANT = 0.05
FEWEST_DRAWS = 200  # below it the page of limits does not call a result decided
FEEDBACK = (
    "Proprioception and neuromuscular anatomy make the crawl: without any connection between "
    "neurons, {n} of {budget} sets of constants crawl, and the straight worm starts to bend at a "
    "loop gain of {unwired:.3g} pA instead of {worm:.3g} pA."
)
LIMIT = "None of these numbers shows that the connectome generates locomotion."


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of the search of a connectome, and the direction in which it is better.

    Attributes
    ----------
    name, text, unit : str
    alternative : {"less", "greater"}
    """

    name: str
    text: str
    unit: str
    alternative: str


MEASURES = (
    Measure(name="best_distance", text="distance of the best set from the animal", unit="",
            alternative="less"),
    Measure(name="n_forward", text="number of sets that crawl forward", unit="",
            alternative="greater"),
    Measure(name="median_speed", text="median speed of those", unit="mm/s",
            alternative="greater"),
    Measure(name="reference_onset_pA", text="onset with the reference set", unit="pA",
            alternative="less"),
    Measure(name="reference_speed", text="speed with the reference set, at twice the onset",
            unit="mm/s", alternative="greater"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SearchFound:
    """What the search of one connectome found.

    Attributes
    ----------
    null_model : str
        ``none`` for the connectome.
    draw : int
    connected : bool
    n_sets : int
        Number of random sets with a result.
    n_forward : int
        Number of those with waves from head to tail and more than 0.05 mm/s.
    median_speed : float
        Median speed of those, mm/s; 0 without any.
    best_distance : float or None
        Smallest distance to the animal; None without waves from head to tail.
    best_set : int or None
        Number of that set, from 1.
    reference_onset_pA : float or None
        None for a worm that stays straight.
    reference_head_to_tail : bool or None
        Direction of the first mode; None for a static bend.
    reference_speed : float
        Speed forward, mm/s.
    repeated_distance, repeated_converged : float, bool or None
        Of the best set from a different initial state.
    """

    null_model: str
    draw: int
    connected: bool
    n_sets: int
    n_forward: int
    median_speed: float
    best_distance: float | None
    best_set: int | None
    reference_onset_pA: float | None
    reference_head_to_tail: bool | None
    reference_speed: float
    repeated_distance: float | None = None
    repeated_converged: bool | None = None

    def value(self, name: str) -> float:
        """A measure; infinity where there is none."""
        value = getattr(self, name)
        return math.inf if value is None else float(value)


@dataclass(frozen=True, kw_only=True)
class ControlTest:
    """The connectome against the draws from one null model, in one measure.

    Attributes
    ----------
    measure, kind, alternative : str
    worm : float or None
    n, n_beyond : int
        Number of draws, and of those at or beyond the connectome.
    share_low, share_high : float
        95 % interval of the share at or beyond it (Clopper-Pearson).
    median, low, high : float or None
        Median and quartiles of the draws.
    p_value, p_holm : float
        (1 + n_beyond) / (1 + n), and corrected for the number of kinds (Holm).
    """

    measure: str
    kind: str
    alternative: str
    worm: float | None
    n: int
    n_beyond: int
    share_low: float
    share_high: float
    median: float | None
    low: float | None
    high: float | None
    p_value: float
    p_holm: float


@dataclass(frozen=True, kw_only=True)
class ControlSummary:
    """Controls of a crawl.

    Attributes
    ----------
    dataset, medium : str
    kinds : tuple of str
    nulls, search_budget, n_links, seed : int
    duration_s, step_ms : float
    ranges, reference : dict
        Ranges of the random constants, and the constants of the reference set.
    worm, unconnected : SearchFound
        The connectome, and the same worm without connections between neurons.
    draws : tuple of SearchFound
    tests : tuple of ControlTest
    failures : dict of str to int
        Runs that failed, by reason.
    core_hours : float
    statements : tuple of str
        What the numbers show, and what they do not.
    survey : GaitSurvey or None
        Gaits of the connectome with its best set from random initial states, if asked for.
    """

    dataset: str
    medium: str
    kinds: tuple[str, ...]
    nulls: int
    search_budget: int
    n_links: int
    seed: int
    duration_s: float
    step_ms: float
    ranges: dict[str, Any]
    reference: dict[str, float]
    worm: SearchFound
    unconnected: SearchFound
    draws: tuple[SearchFound, ...]
    tests: tuple[ControlTest, ...]
    failures: dict[str, int]
    core_hours: float
    statements: tuple[str, ...]
    survey: GaitSurvey | None = None


def summarize(
    worm: CrawlSettings, controls: ControlSettings, search: Sweep, best: Sweep | None
) -> ControlSummary:
    """The summary of the stores of a search.

    Raises
    ------
    ValueError
        If the connectome itself does not have results.
    """
    assert controls.nulls is not None
    found = search.dataset()
    repeated = None if best is None else best.dataset()
    rows = [one for one in _rows(found, repeated) if one.n_sets]
    real, unconnected = (
        next((it for it in rows if it.null_model == NO_NULL and it.connected is kept), None)
        for kept in (True, False)
    )
    failures = _failures(found, repeated)
    if real is None or unconnected is None:
        raise ValueError(f"The connectome does not have results: {dict(failures)}.")
    draws = tuple(one for one in rows if one.null_model != NO_NULL)
    tests = compare_with_draws(real, draws, controls.kinds)
    fixed = search.grid.fixed
    return ControlSummary(
        dataset=worm.dataset,
        medium=worm.medium_name,
        kinds=tuple(controls.kinds),
        nulls=controls.nulls,
        search_budget=controls.search_budget,
        n_links=int(fixed["n_links"]),
        seed=worm.seed,
        duration_s=worm.duration_s,
        step_ms=worm.step_ms,
        ranges={name: list(values) for name, values in RANGES.items()},
        reference=dict(REFERENCE),
        worm=real,
        unconnected=unconnected,
        draws=draws,
        tests=tests,
        failures=dict(failures.most_common()),
        core_hours=core_hours(search, best),
        survey=survey_best(worm, search),
        statements=statements(real, unconnected, tests, controls.search_budget),
    )


def _rows(found: xr.Dataset, repeated: xr.Dataset | None) -> list[SearchFound]:
    n_again = 0 if repeated is None else repeated.sizes["best"]
    again = {_identity(repeated, k): k for k in range(n_again)}
    rows = []
    for k in range(found.sizes["connectome"]):
        place = again.get(_identity(found, k))
        rows.append(_row(found, k, repeated, place))
    return rows


def _identity(found: Any, k: int) -> tuple:
    return tuple(found[name].values[k].item() for name in ("null_model", "draw", "connected"))


def _row(found: xr.Dataset, k: int, repeated: xr.Dataset | None, place: int | None) -> SearchFound:
    one = {str(name): values.values[k] for name, values in found.data_vars.items()
           if values.dims[:1] == ("connectome",)}  # fmt: skip
    done = one["status"][1:] == 1
    distance, speed = one["distance"][1:], one["speed"][1:]
    forward = done & (one["direction"][1:] == 1) & (speed > LEAST_SPEED)
    crawls = done & np.isfinite(distance)
    best = int(np.where(crawls, distance, np.inf).argmin()) if crawls.any() else None
    null_model, draw, connected = _identity(found, k)
    made = {}
    if repeated is not None and place is not None and repeated["status"].values[place] == 1:
        made["repeated_distance"] = _finite(repeated["distance"].values[place])
        made["repeated_converged"] = bool(repeated["converged"].values[place])
    direction = one["onset_direction"][0]
    return SearchFound(
        null_model=null_model,
        draw=draw,
        connected=connected,
        n_sets=int(done.sum()),
        n_forward=int(forward.sum()),
        median_speed=float(np.median(speed[forward])) if forward.any() else 0.0,
        best_distance=None if best is None else float(distance[best]),
        best_set=None if best is None else best + 1,
        reference_onset_pA=_finite(one["onset_pA"][0]),
        reference_head_to_tail=None if np.isnan(direction) else bool(direction > 0),
        reference_speed=float(np.nan_to_num(one["speed"][0])),
        **made,
    )


def compare_with_draws(
    worm: SearchFound, draws: Sequence[SearchFound], kinds: Sequence[str]
) -> tuple[ControlTest, ...]:
    """Each measure of the connectome against the draws of each kind."""
    tests = []
    for measure in MEASURES:
        value, rows = worm.value(measure.name), []
        for kind in kinds:
            drawn = [one.value(measure.name) for one in draws if one.null_model == kind]
            if drawn:
                rows.append((kind, np.array(drawn), _p_value(value, drawn, measure)))
        corrected = holm([p for _, _, p in rows]) if rows else []
        for (kind, drawn, p), p_holm in zip(rows, corrected, strict=True):
            tests.append(_control_test(measure, kind, value, drawn, p, float(p_holm)))
    return tuple(tests)


def _p_value(value: float, drawn: Sequence[float], measure: Measure) -> float:
    found = permutation_p(
        value, drawn, alternative="less" if measure.alternative == "less" else "greater"
    )
    return found.p_value


def _control_test(
    measure: Measure, kind: str, value: float, drawn: np.ndarray, p: float, p_holm: float
) -> ControlTest:
    n = len(drawn)
    n_beyond = round(p * (1 + n)) - 1
    share = proportion_interval(n_beyond, n)
    low, median, high = (_finite(q) for q in np.quantile(drawn, (0.25, 0.5, 0.75), method="lower"))
    return ControlTest(
        measure=measure.name, kind=kind, alternative=measure.alternative, worm=_finite(value),
        n=n, n_beyond=n_beyond, share_low=share.interval[0], share_high=share.interval[1],
        median=median, low=low, high=high, p_value=p, p_holm=p_holm,
    )  # fmt: skip


def statements(
    worm: SearchFound, unconnected: SearchFound, tests: Sequence[ControlTest], budget: int
) -> tuple[str, ...]:
    """What the numbers show, and what they do not; in this order."""
    of_none, of_worm = unconnected.reference_onset_pA, worm.reference_onset_pA
    lines = []
    if unconnected.n_forward and of_none is not None and of_worm is not None:
        lines.append(
            FEEDBACK.format(n=unconnected.n_forward, budget=budget, unwired=of_none, worm=of_worm)
        )
    chosen = [one for one in tests if one.measure == MEASURES[0].name]
    lines += [_verdict(chosen)] if chosen else []
    return (*lines, LIMIT)


def _verdict(tests: Sequence[ControlTest]) -> str:
    """Whether the connectome comes nearer to the animal than every kind of rewiring."""
    n = min(one.n for one in tests)
    largest = max(one.p_holm for one in tests)
    numbers = f"largest corrected p {largest:.2g}, {n} draws of each kind"
    if largest > SIGNIFICANT:
        return (
            "With the same search budget, it is not decided whether the connectome comes nearer to "
            f"the animal than rewired connectomes ({numbers})."
        )
    few = f" {FEWEST_DRAWS} draws are needed to rely on it." if n < FEWEST_DRAWS else ""
    return (
        "With the same search budget, the connectome comes nearer to the animal than rewired "
        f"connectomes of every kind ({numbers}).{few}"
    )


def _failures(*stores: xr.Dataset | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for found in stores:
        if found is not None:
            failed = found["status"].values >= 2
            counts.update(str(reason) or "not known" for reason in found["reason"].values[failed])
            counts.update({"missing": int(np.sum(found["status"].values == 0))})
    return +counts


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
