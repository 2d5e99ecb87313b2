"""Without the package of an extra: exit code 2, the extra, and the command that installs it."""

import sys

import pytest

from isochron import ann_bridge
from isochron.analysis import sign_networks
from isochron.ann_bridge.tensorboard import TrainingLog
from isochron.cli import main
from isochron.extras import MissingExtraError

TOP = {
    "distributed": ["isochron.runs.executors.dask"],
    "triton": ["isochron.sims.engines.triton_lanes"],
}  # modules that import them
SIMULATE = "simulate --duration 0.01 --out run.zarr"


class Without:
    """A finder of modules that does not find a package."""

    def __init__(self, finder, package):
        self.finder, self.package = finder, package

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == self.package:
            return None
        return self.finder.find_spec(name, path, target)


@pytest.fixture
def hide(monkeypatch, tmp_path):
    """Hides packages as if they were not installed; the command runs in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def without(package):
        for name in [*sys.modules]:
            if name.split(".")[0] == package or name in TOP.get(package, ()):
                monkeypatch.delitem(sys.modules, name)
        finders = [Without(finder, package) for finder in sys.meta_path]
        monkeypatch.setattr(sys, "meta_path", finders)

    return without


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        ("brian2", "spiking", f"{SIMULATE} --engine brian2"),
        ("brian2", "spiking", "simulate --duration 0.01 --engine numba,brian2 --out run"),
        ("brian2", "spiking", f"{SIMULATE} --model adaptive-exponential"),
        ("pyneuroml", "neuroml", f"{SIMULATE} --engine jneuroml"),
        ("pyneuroml", "neuroml", f"{SIMULATE} --engine neuron"),
        ("neuron", "neuron", f"{SIMULATE} --engine neuron"),
        ("pynwb", "nwb", "simulate --duration 0.01 --out run.nwb"),
        ("snntorch", "surrogate", "train --network spiking --task flip-flop --out run"),
        ("distributed", "dask", "compare --quick --executor dask --out run"),
        ("distributed", "dask", "study energy --executor dask --out run"),
        ("distributed", "dask", "crawl --nulls 2 --executor dask --out run"),
    ],
)
def test_a_command(hide, tmp_path, capsys, package, extra, command):
    if command.endswith("--engine neuron"):
        pytest.importorskip("neuron")
    hide(package)
    code, errors = main(command.split()), capsys.readouterr().err
    assert code == 2, errors
    assert package.removeprefix("py") in errors.casefold() or extra in errors
    assert f'pip install "isochron[{extra}]"' in errors
    assert [line.startswith("isochron: ") for line in errors.splitlines()] == [True]
    assert not list(tmp_path.iterdir())


def test_a_table_of_a_sweep(hide, tmp_path, capsys):
    from isochron.runs.sweep.sweeps import prepare

    grid = {
        "experiment": "simulate",
        "axes": {"amplitude_pA": [1.0]},
        "fixed": {"duration_s": 1.0, "observe_s": 0.5},
    }
    prepare(grid, tmp_path / "store")
    hide("pyarrow")
    assert main(["sweep", "export", "store", "a.parquet"]) == 2
    assert 'pip install "isochron[parquet]"' in capsys.readouterr().err


def test_java(hide, tmp_path, monkeypatch, capsys):
    pytest.importorskip("pyneuroml")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*SIMULATE.split(), "--engine", "jneuroml"]) == 2
    assert "Install a Java runtime" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


FUNCTIONS = {
    "ortools": ("attractors", lambda: sign_networks.solve_cycles([[0, 1], [1, 0]], 0)),
    "tensorboard": ("tensorboard", lambda: TrainingLog("log")),
    "neurogym": ("neurogym", lambda: ann_bridge.tasks.NeuroGymTask(name="DelayMatchSample-v0")),
}


@pytest.mark.parametrize("package", FUNCTIONS)
def test_a_function(hide, tmp_path, monkeypatch, package):
    hide(package)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    extra, call = FUNCTIONS[package]
    with pytest.raises(MissingExtraError, match=rf'{package}.*pip install "isochron\[{extra}\]"'):
        call()
    assert not list(tmp_path.iterdir())
