"""The gaits of one worm: an attractor survey from random initial states, with basins."""

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from isochron import analysis, sims
from isochron.workflows.crawl_models import CrawlModel

TRANSIENT_S, OBSERVATION_S, LONGEST_PERIOD_S = 40.0, 24.0, 5.0
BENT = (0.025, 2.5)  # standard deviation of the angle between head and tail, radians
KINDS = {
    "fixed point": "rest",
    "quasi-periodic": "torus",  # or a limit cycle, as an orbit of a map with a fixed step
    "chaotic": "chaotic",
    "continuum": "not decided",
    "limit cycle": "limit cycle",
}


@dataclass(frozen=True, kw_only=True)
class FoundGait:
    """A gait, and the share of the initial states that lead to it.

    Attributes
    ----------
    kind : str
        ``limit cycle`` (relative to displacement and rotation; solved for, and stable), ``torus``,
        ``chaotic``, ``rest`` or ``not decided``.
    period_s : float or None
        Period of a limit cycle.
    n_starts : int
    basin_low, basin_high : float
        95 % interval of the share (Wilson).
    gait : dict
        Fields of `isochron.sims.Gait`; None where a number is not defined.
    """

    kind: str
    period_s: float | None
    n_starts: int
    basin_low: float
    basin_high: float
    gait: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class GaitSurvey:
    """Gaits from random initial states.

    Attributes
    ----------
    n_starts : int
    gaits : tuple of FoundGait
        Largest basin first.
    failures : dict of str to int
        Starts that led to none, by reason.
    cannot_exclude : str
        What the survey leaves open.
    """

    n_starts: int
    gaits: tuple[FoundGait, ...]
    failures: dict[str, int]
    cannot_exclude: str


def survey_gaits(model: CrawlModel, n_starts: int, seed: int) -> GaitSurvey:
    """Find the attractors of a crawling worm, and describe their gaits.

    Initial states have random potentials, as `CrawlMap.random_state`, and random postures of
    amplitudes over two orders, since small and large gaits may coexist.

    Parameters
    ----------
    model : GradedModel or BistableModel
        Model and settings.
    n_starts : int
        Number of initial states.
    seed : int
        Seed of the initial states.

    Returns
    -------
    GaitSurvey
    """
    step_ms = model.settings.step_ms
    crawl = model.map(model.body, step_ms)
    n_links = model.body.n_links

    def sampler(rng: np.random.Generator, n: int) -> np.ndarray:
        states = np.stack([crawl.random_state(rng) for _ in range(n)])
        sizes = np.exp(rng.uniform(*np.log(BENT), size=(n, 1)))
        unit = 1 / (np.sqrt(n_links - 1) * model.body.link_length)
        states[:, 1 - n_links :] = sizes * unit * rng.standard_normal((n, n_links - 1))
        return states

    found = analysis.find_all_attractors(
        crawl,
        sampler,
        np.random.default_rng(seed),
        n_starts=n_starts,
        transient=round(1e3 * TRANSIENT_S / step_ms),
        observation=round(1e3 * OBSERVATION_S / step_ms),
        max_period=round(1e3 * LONGEST_PERIOD_S / step_ms),
        rounds=2,
        follow=2,
    )
    return GaitSurvey(
        n_starts=found.n_starts,
        gaits=tuple(_describe(model, crawl, one) for one in found.attractors),
        failures=dict(Counter(failure.message for failure in found.failures)),
        cannot_exclude=found.cannot_exclude,
    )


def _describe(model: CrawlModel, crawl: Any, found: analysis.FoundAttractor) -> FoundGait:
    kind, period_s = KINDS[found.kind], None
    state = found.states[-1]
    if found.kind == "quasi-periodic":
        cycle = analysis.find_limit_cycle(
            crawl, state, max_period=1e3 * LONGEST_PERIOD_S, n_multipliers=2
        )
        if cycle.found and cycle.stable:
            kind, period_s = "limit cycle", 1e-3 * cycle.period
    run = model.simulate(model.body, model.settings.step_ms, state)
    return FoundGait(
        kind=kind,
        period_s=period_s,
        n_starts=found.n_starts,
        basin_low=float(found.basin.low),
        basin_high=float(found.basin.high),
        gait=defined(sims.describe_gait(run, transient_s=0.0)),
    )


def defined(gait: sims.Gait) -> dict[str, Any]:
    """Fields of a gait; None for a number that is not finite."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(gait).items()
    }
