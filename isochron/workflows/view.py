"""Runs that a page shows, from files, and what a server of the page answers about them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from isochron.files import MissingDataFileError
from isochron.sims import load_dataset
from isochron.sims.storage.zarr_folder import read_zarr, version
from isochron.view.packing import inert_json
from isochron.view.page import PageContent, check_max_frames, fill_page, read_runs
from isochron.view.recorded import read_run
from isochron.view.run_data import samples_block
from isochron.workflows.engine_runs import (
    ENGINE_HEAD,
    ENGINE_NOTE,
    RUN,
    compare_engines,
    engine_rows,
    find_engine_runs,
)

SUFFIXES = (".zarr", ".nc")
MOST = 4
BLOCK = 512  # samples of a long run in one answer


@dataclass
class StoredRun:
    """A run in a file; of a Zarr folder, which may grow, parts are read.

    Attributes
    ----------
    title : str
    path : Path
    n_recorded : int
        Number of samples when it was last read as a whole.
    """

    title: str
    path: Path
    n_recorded: int = 0
    _verified: tuple[int, int] | None = field(default=None, repr=False)

    @property
    def grows(self) -> bool:
        """Whether it is a Zarr folder."""
        return self.path.suffix == ".zarr"

    def version(self) -> str:
        """Which version of the file is there."""
        found = version(self.path) if self.grows else self.path.stat().st_mtime_ns
        return str(found)

    def read(self, max_frames: int) -> xr.Dataset:
        """Samples at equal intervals over the whole run, at most `max_frames`."""

        def thinned(dataset: xr.Dataset) -> xr.Dataset:
            self.n_recorded = dataset.sizes.get("time", 0)
            every = max(1, -(-self.n_recorded // max_frames))
            return dataset.isel(time=slice(None, None, every)) if every > 1 else dataset

        return self._part(thinned)

    def block(self, number: int) -> xr.Dataset:
        """Successive samples."""
        samples = slice(BLOCK * number, BLOCK * (number + 1))
        return self._part(lambda dataset: dataset.isel(time=samples))

    def block_starts(self) -> list[float]:
        """Time of the first sample of each block, ms."""
        times = self._part(lambda dataset: dataset[["time"]].isel(time=slice(None, None, BLOCK)))
        return [float(value) for value in times["time"].values]

    def _part(self, choose: Any) -> xr.Dataset:
        if not self.grows:
            return choose(load_dataset(self.path))
        before = version(self.path)
        found = read_zarr(self.path, choose, verified=self._verified)
        self._verified = before
        return found


class ViewedRuns:
    """The page of runs in files, and the answers of its server.

    Parameters
    ----------
    paths : sequence of Path
        Files of runs, or folders of them.
    title : str
        Title of the page.
    max_frames : int
        Largest number of samples of a run in the page; a server has the others.
    live : bool
        Whether the page follows runs that grow.
    """

    def __init__(
        self, paths: Sequence[Path], *, title: str = "", max_frames: int = 2000, live: bool = False
    ) -> None:
        check_max_frames(max_frames)
        self.runs = find_runs(paths)
        self.engines = _engine_folders(paths)
        self.live = live
        self._options = {"title": title, "max_frames": max_frames}
        self._lock = threading.Lock()
        self._content = self._read()

    def page(self, *, served: bool = False) -> str:
        """The page, which is complete, or one that asks its server for more."""
        return fill_page(self._content, served=served)

    def answer(self, path: str) -> str | None:
        """JSON of a path below the page: ``state``, ``data``, or ``block/RUN/NUMBER``."""
        with self._lock:
            if path == "state":
                return inert_json({"version": self._version()})
            if path == "data" and self.live:
                self._content = self._read()
                return inert_json(self._content.data)
            kind, *numbers = path.split("/")
            if kind != "block" or len(numbers) != 2 or not all(map(_is_number, numbers)):
                return None
            return self._block(*map(int, numbers))

    def _block(self, k: int, number: int) -> str | None:
        if k >= len(self.runs) or not self._is_long(self.runs[k]):
            return None
        if number * BLOCK >= self.runs[k].n_recorded:
            return None
        page = self._content.viewed[k].recorded
        block = read_run(self.runs[k].block(number), BLOCK)
        return inert_json(samples_block(block, page))

    def _is_long(self, run: StoredRun) -> bool:
        return run.grows and run.n_recorded > self._options["max_frames"]

    def _version(self) -> str:
        return " ".join(run.version() for run in self.runs)

    def _read(self) -> PageContent:
        before = self._version()
        read = {run.title: run.read(self._options["max_frames"]) for run in self.runs}
        more: dict[str, Any] = {}
        if len(self.engines) > 1 and set(self.engines) == set(read):
            more = {"color": "difference", "tables": [_engine_table(read, self.engines)]}
        content = read_runs(
            read, **self._options, **more, n_recorded={r.title: r.n_recorded for r in self.runs}
        )
        content.data["served"] = {
            "version": before,
            "live": self.live,
            "blocks": [run.block_starts() if self._is_long(run) else None for run in self.runs],
        }
        return content


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def find_runs(paths: Sequence[Path]) -> list[StoredRun]:
    """Runs in files: those that are given, and those in the folders that are given.

    Raises
    ------
    ValueError
        If a path is neither, a folder contains no run, or there are more than four.
    """
    found = [file for path in paths for file in _runs_at(path)]
    if len(found) > MOST:
        raise ValueError(
            f"A page shows at most {MOST} runs, got {len(found)}: name those to compare."
        )
    runs: dict[str, StoredRun] = {}
    for path in found:
        inside = path.name == RUN and path.parent.name not in ("", "..")
        short = path.parent.name if inside else path.stem
        title = short if short not in runs else str(path)
        runs[title] = StoredRun(title, path)
    return list(runs.values())


def _runs_at(path: Path) -> list[Path]:
    """The runs at a path: itself, those of engines in it, or the files in it."""
    if not path.exists():
        raise MissingDataFileError(f"{path} does not exist.")
    if path.suffix in SUFFIXES:
        return [path]
    if not path.is_dir():
        raise ValueError(f"{path} must end in {' or '.join(SUFFIXES)}, or be a folder of runs.")
    engines = [folder / RUN for folder in find_engine_runs(path).values()]
    inside = engines or sorted(item for item in path.iterdir() if item.suffix in SUFFIXES)
    if not inside:
        raise MissingDataFileError(
            f"{path} contains no run (*.zarr, *.nc). isochron simulate --out RUN.zarr writes one."
        )
    return inside


def _engine_folders(paths: Sequence[Path]) -> dict[str, Path]:
    """Folders by engine, if all runs are those of one simulation by several engines."""
    return find_engine_runs(paths[0]) if len(paths) == 1 and paths[0].is_dir() else {}


def _engine_table(runs: dict[str, xr.Dataset], folders: dict[str, Path]) -> dict[str, Any]:
    """Step, errors and time of each engine, as a table of the page."""
    return {
        "title": "Engines",
        "head": list(ENGINE_HEAD),
        "rows": engine_rows(compare_engines(runs, folders)),
        "note": ENGINE_NOTE,
    }
