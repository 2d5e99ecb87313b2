"""A crawling worm: the run, its gait next to the animal's, whether it has converged, its figure."""

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron import sims
from isochron.files import write_bytes
from isochron.runs.datasets import resolve_dataset
from isochron.runs.gait_convergence import differences_of, has_converged, refinements_of
from isochron.runs.simulation_spec import SimulationSpec
from isochron.wording import printable
from isochron.workflows.crawl_models import CrawlModel, open_model
from isochron.workflows.crawl_settings import CrawlSettings
from isochron.workflows.crawl_survey import GaitSurvey, defined, survey_gaits

LIMIT = (
    "Proprioception and neuromuscular anatomy make this crawl: networks with rewired connections "
    "crawl too, and so does a worm without any connection between neurons. It is not evidence that "
    "the connectome generates locomotion."
)
LIMIT_BISTABLE = (
    "Bistable units and proprioception make this crawl; of the connectome it uses only the motor "
    "neurons DB, VB, DD and VD and their muscles. It is not evidence that the connectome generates "
    "locomotion."
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Gait of a finer run, and its differences.

    Attributes
    ----------
    change : str
        What is finer.
    gait : dict
        Gait of the finer run.
    differences : dict of str to float or None
        Relative differences of frequency, wavelength, speed and curvature, of a standing wave of
        frequency and curvature; None if one is not defined.
    tolerance : float
        Largest difference of a converged run.
    converged : bool
        Whether no difference is larger, and both worms move in the same direction.
    """

    change: str
    gait: dict[str, Any]
    differences: dict[str, float | None]
    tolerance: float
    converged: bool


@dataclass(frozen=True, kw_only=True)
class CrawlSummary:
    """Model, medium, gait and convergence of a crawl.

    Attributes
    ----------
    dataset, history, model, medium : str
    normal_drag, drag_ratio, stiffness : float
        µN s/mm², 1 and µN mm².
    n_links, seed : int
    step_ms, simulated_seconds : float
    gait : dict
        Fields of `isochron.sims.Gait`; None where a number is not defined.
    animal : dict
        Fields of `isochron.sims.AnimalGait` in that medium.
    converged : bool or None
        None if it was not checked.
    convergence : tuple of Comparison
    limit : str
        What the run does not show.
    survey : GaitSurvey or None
        Gaits from random initial states; None if they were not searched for.
    """

    dataset: str
    history: str
    model: str
    medium: str
    normal_drag: float
    drag_ratio: float
    stiffness: float
    n_links: int
    seed: int
    step_ms: float
    simulated_seconds: float
    gait: dict[str, Any]
    animal: dict[str, Any]
    converged: bool | None
    convergence: tuple[Comparison, ...]
    limit: str
    survey: GaitSurvey | None = None


def crawl_spec(settings: CrawlSettings) -> SimulationSpec:
    """Connectome and currents of a crawl."""
    return SimulationSpec(
        dataset=resolve_dataset(settings.dataset),
        signs=settings.signs,
        ablate=settings.ablate,
        currents=settings.currents,
    )


def crawl_worm(settings: CrawlSettings) -> tuple[xr.Dataset, CrawlSummary]:
    """Simulate a crawling worm and describe its gait.

    Parameters
    ----------
    settings : CrawlSettings
        Model, medium and duration.

    Returns
    -------
    xarray.Dataset
        The run.
    CrawlSummary
        Its gait.

    Raises
    ------
    ValueError
        If a setting is out of range or has no effect on the model.
    """
    model = open_model(crawl_spec(settings), settings)
    body = model.body
    run = model.simulate(body, settings.step_ms)
    gait = sims.describe_gait(run, transient_s=settings.transient_s)
    compared = tuple(_comparisons(model, gait)) if settings.check else ()
    medium = body.medium
    assert not isinstance(medium, str)
    summary = CrawlSummary(
        dataset=run.attrs["dataset"],
        history=run.attrs.get("connectome_history", ""),
        model=settings.model,
        medium=settings.medium_name,
        normal_drag=medium.normal_drag,
        drag_ratio=medium.drag_ratio,
        stiffness=body.stiffness,
        n_links=body.n_links,
        seed=settings.seed,
        step_ms=settings.step_ms,
        simulated_seconds=1e-3 * float(run["time"].values[-1]),
        gait=defined(gait),
        animal=asdict(sims.ANIMAL_GAITS.load(settings.medium_name)),
        converged=all(one.converged for one in compared) if compared else None,
        convergence=compared,
        limit=LIMIT_BISTABLE if settings.model == "bistable" else LIMIT,
        survey=None
        if settings.survey is None
        else survey_gaits(model, settings.survey, settings.seed),
    )
    made = {"seed": settings.seed, "crawl_model": settings.model, "medium": settings.medium_name}
    if settings.transient_s is not None:
        made["gait_transient_s"] = settings.transient_s
    return run.assign_attrs(made), summary


def _comparisons(model: CrawlModel, gait: sims.Gait) -> Iterator[Comparison]:
    """The gait with half the step, and with twice the links."""
    for finer in refinements_of(model.body, model.settings.step_ms):
        run = model.simulate(finer.body, finer.step_ms)
        other = sims.describe_gait(run, transient_s=model.settings.transient_s)
        yield Comparison(
            change=finer.change,
            gait=defined(other),
            differences=differences_of(gait, other),
            tolerance=finer.tolerance,
            converged=has_converged(gait, other, finer.tolerance),
        )


def write_crawl_figure(run: xr.Dataset, summary: CrawlSummary, path: Path) -> None:
    """Write a figure of a crawl."""
    buffer = io.BytesIO()
    draw_crawl(run, summary).savefig(buffer, format=path.suffix[1:], dpi=150)
    write_bytes(path, buffer.getvalue())


def draw_crawl(run: xr.Dataset, summary: CrawlSummary) -> Any:
    """A figure of a crawl: kymograph of the curvature, path, and postures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, height_ratios=(2, 3))
    figure.suptitle(printable(_title(summary)), parse_math=False)
    _draw_kymograph(run, top, figure)
    _draw_path(run, bottom)
    return figure


def _title(summary: CrawlSummary) -> str:
    gait = summary.gait
    where = (
        f"{summary.dataset}, {summary.model} model, {summary.medium} (K = {summary.drag_ratio:g})"
    )
    if gait["frequency_Hz"] is None:
        return f"{where}: at rest"
    numbers = f"{gait['frequency_Hz']:.2f} Hz, {gait['speed']:.3f} mm/s"
    if gait["wavelength"] is not None:
        numbers += f", {gait['wavelength']:.2f} L"
    state = {True: "", False: ", not converged", None: ""}[summary.converged]
    return f"{where}\n{numbers}, wave {gait['direction']}{state}"


def _draw_kymograph(run: xr.Dataset, axes: Any, figure: Any) -> None:
    curvature = run["curvature"].transpose("time", "joint")
    limit = float(np.abs(curvature).max()) or 1.0
    mesh = axes.pcolormesh(
        1e-3 * run["time"].values, curvature["joint"].values, curvature.values.T,
        cmap="RdBu_r", vmin=-limit, vmax=limit, shading="nearest", rasterized=True,
    )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label="curvature (1/mm),\npositive: dorsal")
    axes.invert_yaxis()
    axes.set(xlabel="time (s)", ylabel="position (body lengths, 0: head)")


def _draw_path(run: xr.Dataset, axes: Any) -> None:
    """Path of the center, and the body at ten times; the head is a dot."""
    center = run[["x", "y"]].mean("node")
    axes.plot(center["x"], center["y"], color="0.6", linewidth=1, label="path of the center")
    chosen = np.linspace(0, run.sizes["time"] - 1, 10).round().astype(int)
    for i, color in zip(chosen, np.linspace(0.75, 0.0, len(chosen)), strict=True):
        body = run.isel(time=int(i))
        gray = str(color)
        axes.plot(body["x"], body["y"], color=gray, linewidth=2.5, solid_capstyle="round")
        axes.plot(body["x"][0], body["y"][0], "o", color="tab:red", markersize=4)
    axes.plot([], [], "o", color="tab:red", markersize=4, label="head; later postures are darker")
    axes.set(xlabel="x (mm)", ylabel="y (mm)", aspect="equal")
    axes.set_adjustable("datalim")
    axes.legend(loc="best", fontsize=8)
