"""One simulation by several engines: a folder with a run of each, and their differences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron.files import (
    DataFileError,
    file_sha256,
    json_sha256,
    read_json,
    require_file,
    write_bytes,
    write_json,
)
from isochron.folders import refuse_links
from isochron.runs.results import to_json_values
from isochron.runs.simulation_spec import SimulationSpec
from isochron.sims import load_dataset, save_dataset
from isochron.sims.engines import ENGINES, check_method
from isochron.sims.unfinished import unfinished_run
from isochron.workflows.simulate import RecordedRun, figure_of_run, simulate_spec

REFERENCE = "scipy"
RUN, SUMMARY, FIGURE = "run.zarr", "summary.json", "run.png"
ENGINE_HEAD = ("engine", "step (ms)", "max (mV)", "rms (mV)", "time (s)")
ENGINE_NOTE = (
    "Largest and root-mean-square difference of a potential from the engine scipy, the reference. "
    "The time includes compilation."
)


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """The run of an engine, and how far its potentials are from those of the reference.

    Attributes
    ----------
    engine : str
    file : str
        The run.
    method : str or None
    step_ms : float
        Time step; the longest one of a method that chooses its steps.
    wall_seconds : float
        Time of the simulation, with compilation.
    largest_error_mV, rms_error_mV : float or None
        Largest and root-mean-square difference of a potential from the engine "scipy", over all
        samples and neurons; None for that engine, and if there is no run of it.
    """

    engine: str
    file: str
    method: str | None
    step_ms: float
    wall_seconds: float
    largest_error_mV: float | None
    rms_error_mV: float | None


def check_engines(engines: Sequence[str], method: str | None = None) -> None:
    """Check that engines exist and are installed, each once, and have a method.

    Raises
    ------
    ValueError
        If one does not exist (the message states the nearest name), is given twice, or does not
        have the method.
    ModuleNotFoundError
        If a package that one needs is not installed.
    """
    for engine in engines:
        ENGINES.check(engine)
    if twice := sorted({engine for engine in engines if engines.count(engine) > 1}):
        raise ValueError(f"--engine lists {', '.join(twice)} more than once.")
    for engine in engines:
        check_method(engine, method)
        require = getattr(ENGINES.load(engine), "require", None)
        if require is not None:
            require()


def simulate_engines(
    spec: SimulationSpec,
    engines: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    draw: bool = False,
    force: bool = False,
    **options: Any,
) -> list[EngineRun]:
    """Simulate a connectome by several engines, from the same initial state.

    Parameters
    ----------
    spec : SimulationSpec
        Connectome, model and currents.
    engines : sequence of str
        Names of `isochron.sims.engines.ENGINES`.
    out : Path
        Folder that gets a folder for each engine. Runs of the same simulation that it contains
        are not made again.
    seed : int
        Seed of the initial state, >= 0.
    draw : bool
        Whether each folder gets a figure.
    force : bool
        Whether runs of a different simulation are replaced.
    **options
        Options of `isochron.sims.simulate`.

    Returns
    -------
    list of EngineRun
        In the order of `engines`.

    Raises
    ------
    ValueError
        As `check_engines`, or if a folder contains a run of a different simulation, or is a
        symbolic link.
    """
    check_engines(engines, options.get("method"))
    asked = {engine: _digest(spec, seed, options, engine) for engine in engines}
    refuse_links(out, engines)
    missing = [engine for engine in engines if not _is_made(out / engine, asked[engine], force)]
    for engine in missing:
        folder = out / engine
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished_run(folder / RUN) as progress:
            given = options | {"engine": engine, "progress": progress}
            run, summary = simulate_spec(spec, seed=seed, **given)
            (folder / SUMMARY).unlink(missing_ok=True)
            save_dataset(run, folder / RUN)
        write_json(folder / SUMMARY, {"simulation": asked[engine]} | to_json_values(summary))
    runs = {engine: load_dataset(out / engine / RUN) for engine in engines}
    if draw:
        for engine, run in runs.items():
            write_bytes(out / engine / FIGURE, figure_of_run(run, spec.connectome(), "png"))
    return compare_engines(runs, {engine: out / engine for engine in engines})


def _digest(spec: SimulationSpec, seed: int, options: Mapping[str, Any], engine: str) -> str:
    """Digest of all that a run depends on."""
    digest = spec.connectome().source.content_sha256
    table = None if spec.table is None else file_sha256(require_file(spec.table))
    request = [asdict(spec), digest, table, seed, sorted(options.items()), engine]
    return json_sha256(request)


def _is_made(folder: Path, digest: str, force: bool) -> bool:
    """Whether a folder contains the run of a simulation.

    Raises
    ------
    ValueError
        If it contains a run of a different one, or a damaged one, without `force`.
    """
    if not (folder / RUN).exists():
        return False
    made = (folder / SUMMARY).is_file() and _read_summary(folder).get("simulation") == digest
    if not made and (folder / SUMMARY).is_file() and not force:
        raise ValueError(
            f"{folder} contains a run with a different connectome, stimulus, seed or setting. "
            "--force replaces it, or choose a different --out."
        )
    return made and _is_whole(folder / RUN, force)


def _is_whole(path: Path, force: bool) -> bool:
    """Whether a run can be read; without `force` one that cannot is an error."""
    try:
        load_dataset(path)
    except DataFileError as error:
        if not force:
            raise DataFileError(f"{error} --force replaces it.") from error
        return False
    return True


def _read_summary(folder: Path) -> dict[str, Any]:
    found = read_json(folder / SUMMARY)
    if not isinstance(found, dict):
        raise DataFileError(f"{folder / SUMMARY} is not the summary of a run.")
    return found


def _wall_seconds(folder: Path) -> float:
    seconds = _read_summary(folder).get("wall_seconds")
    if not isinstance(seconds, int | float):
        raise DataFileError(f"{folder / SUMMARY} does not state wall_seconds.")
    return float(seconds)


def find_engine_runs(folder: Path) -> dict[str, Path]:
    """Folders of runs by engine that `simulate_engines` made in a folder, the reference first."""
    known = [REFERENCE, *(name for name in ENGINES if name != REFERENCE)]
    return {
        engine: folder / engine
        for engine in known
        if (folder / engine / RUN).is_dir() and (folder / engine / SUMMARY).is_file()
    }


def compare_engines(runs: Mapping[str, xr.Dataset], folders: Mapping[str, Path]) -> list[EngineRun]:
    """Step, time and errors of runs of the same simulation by several engines.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Runs by engine.
    folders : mapping of str to Path
        Their folders.

    Returns
    -------
    list of EngineRun
        In the order of `runs`.
    """
    reference = runs.get(REFERENCE)
    found = []
    for engine, run in runs.items():
        made = RecordedRun.read(run)
        compared = None if engine == REFERENCE else reference
        largest, rms = (None, None) if compared is None else _errors(run, compared)
        found.append(
            EngineRun(
                engine=engine,
                file=str(folders[engine] / RUN),
                method=made.method,
                step_ms=made.step_ms,
                wall_seconds=_wall_seconds(folders[engine]),
                largest_error_mV=largest,
                rms_error_mV=rms,
            )
        )
    return found


def engine_rows(runs: Sequence[EngineRun]) -> list[list[str]]:
    """Step, errors and time of each engine, as rows of a table below `ENGINE_HEAD`."""
    rows = []
    for run in runs:
        numbers = (run.step_ms, run.largest_error_mV, run.rms_error_mV, run.wall_seconds)
        rows.append([run.engine, *("" if x is None else f"{x:.3g}" for x in numbers)])
    return rows


def _errors(run: xr.Dataset, reference: xr.Dataset) -> tuple[float | None, float | None]:
    """Largest and root-mean-square difference of potentials; None if they cannot be compared."""
    for name in ("V", "V_minus_threshold"):
        if name in run and name in reference and run[name].shape == reference[name].shape:
            times = run.time.values, reference.time.values
            if not np.allclose(*times, rtol=0, atol=1e-6):
                return None, None
            gaps = run[name].values - reference[name].values
            return float(np.abs(gaps).max()), float(np.sqrt(np.mean(gaps**2)))
    return None, None
