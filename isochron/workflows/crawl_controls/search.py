"""The runs of the controls: one grid of connectomes × sets of constants, then the best of each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron import sims
from isochron.runs.datasets import resolve_dataset
from isochron.runs.null_models import NO_NULL
from isochron.runs.provenance import derive_seed
from isochron.runs.simulation_spec import SimulationSpec
from isochron.runs.sweep.sweeps import Sweep
from isochron.workflows.crawl_controls.settings import ControlSettings
from isochron.workflows.crawl_models import GradedModel
from isochron.workflows.crawl_settings import CrawlSettings
from isochron.workflows.crawl_survey import GaitSurvey, survey_gaits

N_LINKS = 48  # with 24, speed and curvature of a crawl differ by a fifth
DIGITS = 6  # of random constants
RANGES = {
    "stiffness": (0.004, 0.06, "log", "µN mm²"),
    "viscosity_ratio": (0.003, 0.05, "log", "s"),
    "field": (0.25, 0.5, "linear", "body lengths"),
    "muscle_time_constant_ms": (80.0, 350.0, "linear", "ms"),
    "curvature_gain": (25.0, 70.0, "linear", "1/mm"),
    "loop_gain_ratio": (1.2, 4.0, "linear", "times the onset of the same worm"),
}
REFERENCE = {
    "stiffness": 0.095, "viscosity": 5e-4, "field": 0.3, "muscle_time_constant_ms": 100.0,
    "curvature_gain": 100.0, "loop_gain_ratio": 2.0,
}  # fmt: skip
FIXED = ("medium", "normal_drag", "drag_ratio", "duration_s", "transient_s", "step_ms",
         "record_every_ms")  # fmt: skip
Compute = Callable[[Mapping[str, Any], Path], Sweep]


def draw_sets(n: int, seed: int) -> list[dict[str, float]]:
    """Random sets of constants; the first ones of a larger search are those of a smaller one."""
    rng, sets = np.random.default_rng(derive_seed(seed, "crawl sets")), []
    for _ in range(n):
        drawn = {name: _between(rng.random(), *RANGES[name][:3]) for name in RANGES}
        drawn["viscosity"] = drawn["stiffness"] * drawn.pop("viscosity_ratio")
        sets.append({name: float(f"{value:.{DIGITS}g}") for name, value in drawn.items()})
    return sets


def _between(unit: float, low: float, high: float, scale: str) -> float:
    return low * (high / low) ** unit if scale == "log" else low + unit * (high - low)


def connectomes(controls: ControlSettings) -> list[dict[str, Any]]:
    """The connectome, the worm without connections, and all draws."""
    assert controls.nulls is not None
    real = [{"null_model": NO_NULL, "draw": 0, "connected": kept} for kept in (True, False)]
    return real + [
        {"null_model": kind, "draw": draw, "connected": True}
        for kind in controls.kinds
        for draw in range(controls.nulls)
    ]


def search_grid(worm: CrawlSettings, controls: ControlSettings) -> dict[str, Any]:
    """The grid of the search; its first set of constants is the reference."""
    sets = [REFERENCE, *draw_sets(controls.search_budget, worm.seed)]
    axes = {
        "connectome": {"points": connectomes(controls), "paired": True},
        "set": {"points": [{name: one[name] for name in REFERENCE} for one in sets]},
    }
    return _grid(worm, axes, batch=len(sets), check=False)


def best_grid(worm: CrawlSettings, found: xr.Dataset) -> dict[str, Any] | None:
    """The grid of the best set of each connectome, from a different initial state, checked.

    None if no connectome has a set with which it crawls.
    """
    points = []
    names = ("null_model", "draw", "connected")
    for k in range(found.sizes["connectome"]):
        distances = found["distance"].values[k, 1:]
        if np.isfinite(distances).any():
            best = 1 + int(np.nanargmin(distances))
            point = {name: found[name].values[k].item() for name in names}
            points.append(point | {name: float(found[name].values[best]) for name in REFERENCE})
    if not points:
        return None
    return _grid(worm, {"best": {"points": points}}, batch=8, check=True)


def _grid(worm: CrawlSettings, axes: dict[str, Any], *, batch: int, check: bool) -> dict[str, Any]:
    fixed = {name: getattr(worm, name) for name in FIXED if getattr(worm, name) is not None}
    fixed |= {"dataset": resolve_dataset(worm.dataset), "check": check, "model": "standard"}
    fixed |= {"n_links": worm.n_links or N_LINKS}
    if worm.ablate:
        fixed["ablate"] = list(worm.ablate)
    return {
        "experiment": "crawl", "seed": worm.seed, "batch": batch, "fixed": fixed, "axes": axes,
    }  # fmt: skip


def run_search(
    worm: CrawlSettings, controls: ControlSettings, out: Path, compute: Compute
) -> tuple[Sweep, Sweep | None]:
    """Compute what the stores in a folder do not have: ``search``, then ``best``."""
    _check_worm(worm)
    search = compute(search_grid(worm, controls), out / "search")
    grid = best_grid(worm, search.dataset())
    return search, None if grid is None else compute(grid, out / "best")


def _check_worm(worm: CrawlSettings) -> None:
    """Raise ValueError, before the search, if the worm of all runs cannot be simulated."""
    settings = replace(worm, n_links=worm.n_links or N_LINKS)
    spec = SimulationSpec(dataset=resolve_dataset(worm.dataset), ablate=worm.ablate)
    model = GradedModel(settings, sims.STANDARD_CRAWL, spec.network(), spec.stimulus())
    model.map(model.body, worm.step_ms)


def survey_best(worm: CrawlSettings, search: Sweep) -> GaitSurvey | None:
    """The survey of gaits of the connectome with its best set; None if it crawls with none."""
    found = search.dataset().isel(connectome=0)
    distances = found["distance"].values[1:]
    if worm.survey is None or not np.isfinite(distances).any():
        return None
    best = found.isel(set=1 + int(np.nanargmin(distances)))
    chosen = {name: float(best[name]) for name in REFERENCE}
    muscles = sims.MuscleParameters(time_constant=chosen.pop("muscle_time_constant_ms"))
    del chosen["loop_gain_ratio"]
    gain = float(best["used_gain_pA"]) / chosen["curvature_gain"]
    settings = replace(worm, **chosen, gain=gain, n_links=worm.n_links or N_LINKS)
    spec = SimulationSpec(dataset=resolve_dataset(worm.dataset), ablate=worm.ablate)
    constants = replace(sims.STANDARD_CRAWL, muscles=muscles)
    model = GradedModel(settings, constants, spec.network(), spec.stimulus())
    return survey_gaits(model, worm.survey, worm.seed)


def core_hours(*sweeps: Sweep | None) -> float:
    """Time of all workers, from the logs of the stores."""
    lines = [line for one in sweeps if one is not None for line in one.store.logged()]
    return math.fsum(line["seconds"] for line in lines) / 3600
