"""Small valid files of every format that isochron reads, and their readers, for `tools.fuzz`."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.resume import read_newest
from isochron.ann_bridge.tasks import FlipFlop
from isochron.connectome import importers
from isochron.connectome.arrays import load_finite_npy
from isochron.connectome.export import to_xarray, write_graphml
from isochron.connectome.recordings import load_functional_atlas, load_recording
from isochron.files import write_sealed_json
from isochron.runs.configuration import overlay, read_toml
from isochron.runs.datasets import open_connectome
from isochron.runs.results import to_json_values
from isochron.runs.sweep.grid import read_grid
from isochron.runs.training_configuration import read_train_config
from isochron.sims.neuroml.export import export_neuroml
from isochron.sims.storage import export_nwb
from isochron.sims.unfinished import UnfinishedRun
from isochron.studies import read_results
from isochron.studies.compare.configuration import CompareConfig
from tests.application.test_report import comparison
from tests.connectome.test_recordings import WORM, write_atlas, write_matlab
from tests.faults.test_flipped_bits import small_run

NAMES = ("AVAL", "AVAR", "DB1")
WEIGHTS = np.array([[0, 2, 0], [0, 0, 3], [4, 1, 0]])
_SHORT = ann_bridge.TrainingParameters(steps=2, batch_size=2)
TABLE = "pre,post,layer,weight\nAVAL,AVAR,chemical,2\nAVAR,DB1,chemical,3\nDB1,AVAL,gap,1\n"


@dataclass(frozen=True)
class Reader:
    """One format.

    Attributes
    ----------
    make : callable
        ``make(folder)`` writes a valid file, or folder, and returns its path.
    read : callable
        ``read(path)`` reads it.
    errors : tuple of type
        The documented classes of error.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    errors: tuple[type[Exception], ...] = (ValueError, FileNotFoundError)


def _graph() -> Any:
    return importers.from_matrices(NAMES, WEIGHTS, rows="postsynaptic", signs=np.sign(WEIGHTS))


def _text(name: str, text: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(text)
        return folder / name

    return make


def _toml(folder: Path) -> Path:
    (folder / "cells.csv").write_text(TABLE)
    text = 'file = "cells.csv"\nname = "three"\n'
    return _text("a.toml", text)(folder)


def _graphml(folder: Path) -> Path:
    write_graphml(_graph(), folder / "a.graphml")
    return folder / "a.graphml"


def _labeled(folder: Path) -> Path:
    sims.save_dataset(to_xarray(_graph()), folder / "a.nc")
    return folder / "a.nc"


def _neuroml(folder: Path) -> Path:
    export_neuroml(_graph(), folder / "nml")
    return next((folder / "nml").glob("*.net.nml"))


def _dataset(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        save = export_nwb if suffix == "nwb" else sims.save_dataset
        save(small_run(), folder / f"x.{suffix}")
        return folder / f"x.{suffix}"

    return make


def _recording_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "x-data.h5", "w") as file:
        file["gcamp/trace_array"] = np.arange(8.0).reshape(4, 2)
        file["timing/timestamp_confocal"] = np.arange(4.0)
    return folder / "x-data.h5"


def _tierpsy(folder: Path) -> Path:
    skeleton = np.stack([np.linspace(0, 1000, 9), np.zeros(9)], axis=1)
    with h5py.File(folder / "x_features.hdf5", "w") as file:
        file["coordinates/skeletons"] = np.stack([skeleton, skeleton + 5])
    return folder / "x_features.hdf5"


def _npy(folder: Path) -> Path:
    np.save(folder / "x.npy", WEIGHTS.astype(float))
    return folder / "x.npy"


def _theta(folder: Path) -> Path:
    np.save(folder / "theta.npy", np.sin(2 * np.pi * 8 * np.arange(300) / 100))
    return folder / "theta.npy"


def _net(folder: Path) -> Path:
    ann_bridge.save_net(ann_bridge.GRUNet(n_units=2), folder / "net")
    return folder


def _checkpoint(folder: Path) -> Path:
    task = FlipFlop(n_bits=1)
    net = ann_bridge.GRUNet.for_task(task, n_units=2)
    ann_bridge.train(net, task, _SHORT, seed=0, checkpoints=folder / "points")
    return folder / "points"


def _results(folder: Path) -> Path:
    write_sealed_json(folder / "results.json", to_json_values(comparison()))
    return folder


def _wcon(folder: Path) -> Path:
    times = np.arange(3.0) * 40
    points = np.linspace(0, 1, 5) + 0 * times[:, None]
    content = {
        "units": {"t": "s", "x": "mm", "y": "mm"},
        "data": [
            {"id": "1", "t": (times / 1e3).tolist(), "x": points.tolist(), "y": points.tolist()}
        ],
    }
    return _text("x.wcon", json.dumps(content))(folder)


def _unfinished_request() -> Any:
    from isochron.sims.engines.request import EngineRequest

    return EngineRequest(
        network=sims.GradedNetwork(_graph()), stimulus=sims.Stimulus(), step_ms=1.0, n_steps=3,
        every=1, initial_state=np.zeros(6),
    )  # fmt: skip


def _unfinished(folder: Path) -> Path:
    run, states = UnfinishedRun(folder / "unfinished"), np.ones((4, 6))
    run.resume(_unfinished_request(), states)
    run.update(states, 2, state=np.ones(6))
    run.save()
    return folder / "unfinished"


def _resume(path: Path) -> Any:
    """What is not whole gives a warning, and an empty mapping."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return UnfinishedRun(path).resume(_unfinished_request(), np.zeros((4, 6)))


READERS = {
    "csv": Reader(_text("a.csv", TABLE), connectome.from_csv),
    "graphml": Reader(_graphml, connectome.from_graphml),
    "labeled": Reader(_labeled, open_connectome),
    "described": Reader(_toml, open_connectome),
    "neuroml": Reader(_neuroml, open_connectome),
    "currents": Reader(_text("c.csv", "time_ms,PLML,AVAL\n0,1,2\n1.5,3,-1e3\n"), sims.load_current),
    "netcdf": Reader(_dataset("nc"), sims.load_dataset),
    "zarr": Reader(_dataset("zarr"), sims.load_dataset),
    "nwb": Reader(_dataset("nwb"), load_recording),
    "matlab": Reader(lambda folder: write_matlab(folder / "x.mat", [WORM]), load_recording),
    "wormwideweb": Reader(_recording_hdf5, load_recording),
    "atlas": Reader(lambda folder: write_atlas(folder / "f.h5"), load_functional_atlas),
    "tierpsy": Reader(_tierpsy, lambda path: sims.load_tierpsy(path, frame_rate_Hz=25.0)),
    "wcon": Reader(_wcon, sims.load_wcon),
    "npy": Reader(_npy, load_finite_npy),
    "theta": Reader(_theta, lambda path: ann_bridge.tasks.load_recording(path, sampling_Hz=100)),
    "net": Reader(_net, lambda folder: ann_bridge.load_net(folder / "net")),
    "checkpoint": Reader(_checkpoint, read_newest),
    "results": Reader(_results, read_results),
    "config": Reader(
        _text("c.toml", '[worm]\ndataset = "varshney2011"\ncurrent_pA = 2e3\n'),
        lambda path: overlay(CompareConfig.quick(), read_toml(path)),
    ),
    "train-config": Reader(
        _text("t.toml", '[network]\nkind = "gru"\nn_units = 8\n[task]\nkind = "flip-flop"\n'),
        read_train_config,
    ),
    "grid": Reader(
        _text("g.toml", 'experiment = "simulate"\n[axes]\nseed = [1, 2]\nx = [0.5, 1e-3]\n'),
        lambda path: read_grid(read_toml(path)),
    ),
    "unfinished": Reader(_unfinished, _resume, ()),
}
