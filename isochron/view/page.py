"""The page: one HTML file with its data, script and style, which requests nothing."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from isochron._version import __version__
from isochron.files import DataFileError, sha256, write_bytes
from isochron.settings import check_choice, setting
from isochron.view.colors import cyclic_map, diverging_map
from isochron.view.differences import difference_blocks
from isochron.view.gait_table import gait_table
from isochron.view.packing import inert_json, pack
from isochron.view.places import worm_shapes
from isochron.view.poster import draw_poster
from isochron.view.run_data import Viewed, as_mapping, view_run
from isochron.wording import printable

LARGEST_BYTES = 20_000_000
SHAPE_STEP = 2.0**-15  # of the length of the body, 0.03 µm of 1 mm
COLORS = ("activity", "phase", "type", "class", "transmitter", "difference")
_COLOR = setting("activity", "What the colors show at first", choices=COLORS)
DARK_MIDDLE, LIGHT_MIDDLE = 0.95, 0.80


def build_page(
    runs: Any,
    *,
    title: str = "",
    connectome: Any = None,
    cycle: Any = None,
    max_frames: int = 2000,
    color: str = "activity",
) -> str:
    """A page that plays runs: the text of one HTML file of about 1 MB that works offline.

    Neurons of *C. elegans* are drawn in their shapes on a worm, which moves if the run has a
    body; other units on a plane.

    Parameters
    ----------
    runs : xarray.Dataset, or a sequence or mapping of them
        One to four runs on one clock: results of `isochron.sims.simulate` and of other
        simulations, or of `from_states`. The keys of a mapping are the titles. A variable over
        (time, neuron) or (time, unit) is shown: V minus threshold if both are there. With
        ``x`` and ``y`` (time, node) the body moves, with ``curvature`` (time, joint) there is a
        kymograph, and ``activation`` (time, muscle) colors the muscles.
    title : str
        Title of the page; that of the runs by default.
    connectome : Connectome, or mapping of title to Connectome, optional
        Connections that are shown; by default those of the connectome that the run states.
    cycle : LimitCycle, or mapping of title to LimitCycle, optional
        Limit cycle of `isochron.analysis`: drawn in the phase portrait, with its multipliers;
        its period is that of the phases.
    max_frames : int
        Largest number of samples of each run; if there are more, each second, third, … is
        shown and the page states it.
    color : {"activity", "phase", "type", "class", "transmitter", "difference"}
        What the colors show at first; "difference" is that of each run from the first one.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ValueError
        If there is no run or more than four, or a run does not have activity over time, or the
        page would be larger than 20 MB.
    TypeError
        If a run is not an xarray.Dataset.

    Examples
    --------
    >>> wave = np.sin(np.arange(0, 40, 0.1)[:, None] - np.arange(8))
    >>> page = view.build_page(view.from_states(wave, step_ms=10), title="Eight units")
    >>> page[:15], "http-equiv" in page
    ('<!doctype html>', True)
    """
    content = read_runs(
        runs, title=title, connectome=connectome, cycle=cycle, max_frames=max_frames, color=color
    )
    return fill_page(content)


def write_page(runs: Any, path: str | os.PathLike, **options: Any) -> Path:
    """Write a page that plays runs; see `build_page`.

    Parameters
    ----------
    runs : xarray.Dataset, or a sequence or mapping of them
        One to four runs.
    path : path-like
        File to write, such as ``worm.html``; an existing one is replaced.
    **options
        Options of `build_page`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        As `build_page`.

    Examples
    --------
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> touch = sims.step_current(["PLM"], amplitude_pA=2000)
    >>> run = sims.simulate(worm, touch, duration_s=0.5, rng=np.random.default_rng(0))
    >>> view.write_page(run, "worm.html").stat().st_size < 1_000_000
    True
    """
    path = Path(path)
    write_bytes(path, build_page(runs, **options).encode())
    return path


@dataclass(frozen=True, eq=False)
class PageContent:
    """What a page shows, before it becomes a file, a widget or the answer of a server.

    Attributes
    ----------
    title : str
    viewed : list of Viewed
    data : dict
        JSON values of the page's script, with the bytes of arrays.
    max_frames : int
    """

    title: str
    viewed: list[Viewed]
    data: dict[str, Any]
    max_frames: int


def read_runs(
    runs: Any,
    *,
    title: str = "",
    connectome: Any = None,
    cycle: Any = None,
    max_frames: int = 2000,
    color: str = "activity",
    n_recorded: Mapping[str, int] | None = None,
    tables: Sequence[Mapping[str, Any]] = (),
) -> PageContent:
    """Read runs for a page; see `build_page`.

    Parameters
    ----------
    runs, title, connectome, cycle, max_frames, color
        As in `build_page`.
    n_recorded : mapping of str to int, optional
        Numbers of samples of runs of which each second, third, … is given.
    tables : sequence of dict
        Tables that are shown: ``title``, ``head``, ``rows`` and ``note``, all texts.
    """
    check_max_frames(max_frames)
    check_choice(_COLOR, color)
    given = as_mapping(runs)
    viewed = [
        view_run(
            name,
            run,
            connectome=_of(connectome, name),
            cycle=_of(cycle, name),
            max_frames=max_frames,
            n_recorded=_of(n_recorded, name),
        )
        for name, run in given.items()
    ]
    gait = gait_table(given)
    data = _data(viewed) | {"color": color, "tables": [*tables, *([gait] if gait else [])]}
    return PageContent(title or " and ".join(run.title for run in viewed), viewed, data, max_frames)


def check_max_frames(max_frames: int) -> None:
    """Reject a number of samples with which nothing moves.

    Raises
    ------
    ValueError
        If it is less than 2.
    """
    if max_frames < 2:
        raise ValueError(f"max_frames must be 2 or more, got {max_frames!r}.")


def fill_page(content: PageContent, *, served: bool = False) -> str:
    """The HTML of a page.

    Parameters
    ----------
    content : PageContent
    served : bool
        Whether a server of the page answers requests for further samples.

    Raises
    ------
    ValueError
        If the page is larger than 20 MB.
    """
    page = _fill(content, served)
    if len(page) > LARGEST_BYTES:
        raise ValueError(
            f"The page would have {len(page) / 1e6:.1f} MB, more than {LARGEST_BYTES / 1e6:.0f} "
            f"MB. Lower max_frames={content.max_frames}, or show fewer units or runs."
        )
    return page


def _of(given: Any, title: str) -> Any:
    return given.get(title) if isinstance(given, Mapping) else given


def _data(viewed: list[Viewed]) -> dict[str, Any]:
    notes = [
        "Shapes of neurons: Virtual Worm (C. Grove and P. W. Sternberg, WormBase, public domain), "
        "as NeuroML by OpenWorm, straightened. Muscles and outline are drawn, not measured."
    ]
    worm = any(run.is_worm for run in viewed)
    gaps = difference_blocks([run.recorded for run in viewed])
    return {
        "runs": [run.block | {"difference": gap} for run, gap in zip(viewed, gaps, strict=True)],
        "shapes": _shapes() if worm else None,
        "maps": _maps(),
        "notes": notes if worm else [],
        "play": True,
    }


@cache
def _shapes() -> dict[str, Any]:
    shapes, points = worm_shapes()
    return {
        "names": list(shapes.neurons),
        "neuron": pack(shapes.neuron, "u2"),
        "length": pack(shapes.length, "u1"),
        "step": SHAPE_STEP,
        "points": pack(np.minimum(np.round(points / SHAPE_STEP), 2**15 - 1), "i2"),
        "diameters": pack(np.round(10 * shapes.diameters), "u1"),
        "somata": pack(np.round(10 * shapes.soma_diameters), "u1"),
    }


@cache
def _maps() -> dict[str, Any]:
    return {
        "dark": pack(diverging_map(DARK_MIDDLE), "u1"),
        "light": pack(diverging_map(LIGHT_MIDDLE), "u1"),
        "phase": pack(cyclic_map(), "u1"),
    }


def _fill(content: PageContent, served: bool) -> str:
    from markupsafe import Markup

    data = content.data if served else content.data | {"served": None}
    script, style = bundle() + "isochronPage.start();\n", page_style()
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=printable(content.title),
            version=__version__,
            body=page_body(content),
            script_hash=_hash(script),
            style_hash=_hash(style),
            connect="self" if served else "none",
            script=Markup(script),  # our own files; all else is escaped  # noqa: S704
            style=Markup(style),  # noqa: S704
            data=Markup(inert_json(data)),  # without < > &  # noqa: S704
        )
    )


def page_body(content: PageContent) -> Any:
    """The elements of a page, as escaped HTML: of a file, and inside a notebook's widget."""
    from markupsafe import Markup

    viewed = content.viewed
    moving = any(run.recorded.body is not None for run in viewed)
    worms = all(run.is_worm for run in viewed)
    html = (
        _templates()
        .get_template("body.html")
        .render(
            title=printable(content.title),
            n_runs=len(viewed),
            shape="plane" if not worms else "moving" if moving else "worm",
            poster=draw_poster(viewed),
        )
    )
    return Markup(html)  # escaped by the template  # noqa: S704


def page_style() -> str:
    """The style sheet."""
    return files("isochron.view").joinpath("page.css").read_text(encoding="utf-8")


@cache
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(str(files("isochron.view")))
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined)


def bundle() -> str:
    """The script of the page, as shipped.

    Raises
    ------
    ValueError
        If it is not the file that was shipped.
    """
    folder = files("isochron.view").joinpath("bundle")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    digest = folder.joinpath("page.js.sha256").read_text(encoding="utf-8").split()[0]
    if sha256(script.encode()) != digest:
        raise DataFileError("The script of the page is damaged. Install isochron again.")
    return script


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
