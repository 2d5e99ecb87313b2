"""The page on which the rhythms of the main systems of a comparison play on one clock."""

from pathlib import Path

import numpy as np
import xarray as xr

from isochron.sims import load_dataset
from isochron.studies.compare.contrasts import Roles
from isochron.studies.compare.report import main_systems
from isochron.studies.compare.results import CompareResults, NetSystem
from isochron.view import build_page, from_states

SHOWN_MS = 10_000.0
MOST_SHOWN = 4


def build_rhythms_page(run: Path, results: CompareResults) -> str:
    """The page of a finished run, as HTML: the worm and the networks of the report's overview."""
    worm, *nets = main_systems(results)[:MOST_SHOWN]
    stored = load_dataset(run / "data" / f"{worm.name}.nc")
    shown = {worm.name: _end_of_worm(stored)}
    for net in nets:
        assert isinstance(net, NetSystem)
        names = _names(results, net, stored)
        shown[net.name] = _network(load_dataset(run / "data" / f"{net.name}.nc"), names)
    return build_page(shown, title=results.question)


def _end_of_worm(stored: xr.Dataset) -> xr.Dataset:
    """The last seconds of the simulation, from time 0."""
    ends = stored.isel(time=stored.time.values >= float(stored.time[-1]) - SHOWN_MS)
    times = ends.time.values - float(ends.time[0])
    return xr.Dataset(
        {"V_minus_threshold": (("time", "neuron"), ends.trajectory.values, {"units": "mV"})},
        {"time": ("time", times, {"units": "ms"}), "neuron": stored.neuron.values},
        stored.attrs | {"comment": f"last {SHOWN_MS / 1e3:g} s of the simulation"},
    )


def _network(stored: xr.Dataset, names: list[str] | None) -> xr.Dataset:
    """A trajectory from a random state; its last two periods of the reference are repeated."""
    period_steps, step_ms = stored.sizes["cycle_time"] - 1, float(np.diff(stored.cycle_time[:2])[0])
    states = stored.trajectory.values[0].astype(float)
    last = states[-2 * period_steps :]
    repeats = max(0, int((SHOWN_MS / step_ms - len(states)) // len(last)))
    run = from_states(np.concatenate([states, *[last] * repeats]), step_ms=step_ms, names=names)
    said = "trajectory from a random state under the reference"
    if repeats:
        said += f"; from {len(states) * step_ms / 1e3:.3g} s on, its last two periods again"
    return run.assign_attrs(comment=said)


def _names(results: CompareResults, net: NetSystem, worm: xr.Dataset) -> list[str] | None:
    """Names of the neurons of a network on the connectome of the worm or its control."""
    roles = Roles.of(results.config)
    on_worm = {role.name for role in (roles.connectome, roles.control) if role is not None}
    if net.substrate not in on_worm or net.n_units != worm.sizes["neuron"]:
        return None
    return [str(name) for name in worm.neuron.values]
