"""SIGKILL at random moments: the same command completes the work, and nothing is left running.

ISOCHRON_KILLS is the number of kills for all commands together; `make storm` has 100.
"""

import json
import os
import random
import shutil
import signal
import sys
import time

import pytest

from isochron import sims
from tests.application.test_compare import CONFIG, write_small_connectome
from tests.faults.test_signals import finish, running, start

pytestmark = pytest.mark.slow

N_KILLS = int(os.environ.get("ISOCHRON_KILLS", "10")) // 5
APPEND = """
import os, sys
import numpy as np, xarray as xr
from isochron.sims import append_dataset, load_dataset
path = sys.argv[1]
done = load_dataset(path).sizes["time"] if os.path.exists(path) else 0
for first in range(done, 200, 5):
    times = np.arange(first, first + 5.0)
    data = {"V": (("time", "neuron"), np.sin(times[:, None] + np.arange(3)))}
    append_dataset(xr.Dataset(data, {"time": times}), path)
"""
SIMULATE = """
import sys
from pathlib import Path
from isochron.cli import main
from isochron.sims import unfinished

unfinished.SELDOM_S = 0.2  # so that kills come after and while it is saved
if Path(".run.zarr.unfinished", "run.json").exists():
    Path("resumed").touch()
sys.exit(main(sys.argv[1:]))
"""


def storm(tmp_path, arguments, compare, given=()):
    """Kill a command at random moments; compare its files with those of a run that was not killed.

    It is completed at the end, and starts again if it is completed before the last kill.

    Parameters
    ----------
    arguments : list of str
        The command.
    compare : callable
        ``compare(killed, whole)`` of the two folders.
    given : mapping of str to str
        Names and texts of files that the command needs.

    Returns
    -------
    set of str
        Names that were in the folder after a kill, or at the end.
    """
    killed, whole = folders = tmp_path / "killed", tmp_path / "whole"
    for folder in folders:
        folder.mkdir()
        for name, text in dict(given).items():
            (folder / name).write_text(text)
    began = time.monotonic()
    finish(whole, arguments)
    longest_s = time.monotonic() - began
    rng, n_kills, seen, fresh = random.Random(0), 0, set(), True
    while n_kills < N_KILLS:
        process, moment = start(killed, arguments), rng.uniform(0.3, 1) * longest_s
        time.sleep(moment)
        if process.poll() is not None:
            require_complete(process)
            compare(killed, whole)
            seen |= clear(killed, given)
            longest_s = min(longest_s, moment) if fresh else longest_s  # the first run compiles
            fresh = True
            continue
        process.send_signal(signal.SIGKILL)
        process.communicate()
        n_kills, fresh = n_kills + 1, False
        seen |= {item.name for item in killed.iterdir()}
        deadline = time.monotonic() + 10
        while (left := running(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left
    require_complete(start(killed, arguments))
    compare(killed, whole)
    return seen | clear(killed, given)


def require_complete(process):
    """Wait for a command that ends without an error, or because its last file was whole before."""
    errors = process.communicate(timeout=300)[1]
    whole = process.returncode == 2 and "exists; --force replaces it" in errors
    assert process.returncode == 0 or whole, errors


def clear(folder, given):
    """Delete what a command has written; its names."""
    names = {item.name for item in folder.iterdir()} - set(given)
    for name in names:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return names


def files(folder, pattern):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob(pattern))}


def same_files(pattern):
    """A comparison: files of a name have the same bytes, and there are some."""

    def compare(killed, whole):
        found = files(whole, pattern)
        assert found
        assert files(killed, pattern) == found

    return compare


def same_run(killed, whole):
    """A comparison: the simulations are identical."""
    one, other = (sims.load_dataset(folder / "run.zarr") for folder in (killed, whole))
    assert one.identical(other)


def test_train(tmp_path):
    arguments = "train --network gru --task flip-flop --units 8 --batch-size 8 --steps 3000"
    storm(tmp_path, [*arguments.split(), "--out", "run"], same_files("run/nets/*.safetensors"))


def test_simulate(tmp_path):
    (tmp_path / "simulate.py").write_text(SIMULATE)
    arguments = "--stimulate PLM=2000 --duration 3000 --record-every 100 --step 4 --out run.zarr"
    command = [sys.executable, str(tmp_path / "simulate.py"), "simulate", *arguments.split()]

    def compare(killed, whole):
        same_run(killed, whole)
        assert {item.name for item in killed.iterdir()} - {"resumed"} == {"run.zarr"}

    assert "resumed" in storm(tmp_path, command, compare)


def test_append(tmp_path):
    (tmp_path / "append.py").write_text(APPEND)
    storm(tmp_path, [sys.executable, str(tmp_path / "append.py"), "run.zarr"], same_run)


def test_sweep(tmp_path):
    grid = (
        'experiment = "simulate"\nbatch = 1\n[fixed]\nduration_s = 4.0\nobserve_s = 2.0\n'
        "[axes]\namplitude_pA = [1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 3500.0]\n"
    )
    command = ["sweep", "g.toml", "--out", "S", "--workers", "2"]
    storm(tmp_path, command, same_files("S/batches/*/*.npz"), given={"g.toml": grid})


def test_compare(tmp_path):
    write_small_connectome(tmp_path / "small.csv")
    config = CONFIG.replace("small.csv", str(tmp_path / "small.csv"))

    def compare(killed, whole):
        one, other = (
            json.loads((folder / "run" / "results.json").read_text()) for folder in (killed, whole)
        )
        for part in ("onsets", "contrasts"):
            assert one[part] == other[part]
        same_files("run/nets/*.safetensors")(killed, whole)

    command = ["compare", "--config", "x.toml", "--out", "run", "--workers", "2"]
    storm(tmp_path, command, compare, given={"x.toml": config})
