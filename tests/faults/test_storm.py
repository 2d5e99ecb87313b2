"""SIGKILL at random moments: the same command completes the work, and nothing is left running.

ISOCHRON_KILLS is the number of kills for all commands together; `make storm` has 100.
"""

import json
import os
import random
import signal
import sys
import time

import numpy as np
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


def storm(folder, arguments, longest_s):
    """Kill a command at random moments, then let it finish unless it has ended before."""
    rng = random.Random(0)
    for _ in range(N_KILLS):
        process = start(folder, arguments)
        with process:
            time.sleep(rng.uniform(0.3, 1) * longest_s)
            if process.poll() is not None:
                errors = process.communicate()[1]
                # Killed after its last file was whole, and before it ended.
                whole = process.returncode == 2 and "exists; --force replaces it" in errors
                assert process.returncode == 0 or whole, errors
                return
            process.send_signal(signal.SIGKILL)
            process.communicate()
        deadline = time.monotonic() + 10
        while (left := running(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left
    finish(folder, arguments)


def twice(tmp_path, arguments, longest_s):
    """Folders of a run that was killed often and of one that was not."""
    folders = tmp_path / "killed", tmp_path / "whole"
    for folder in folders:
        folder.mkdir(exist_ok=True)
    storm(folders[0], arguments, longest_s)
    finish(folders[1], arguments)
    return folders


def files(folder, pattern):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob(pattern))}


def test_train(tmp_path):
    arguments = "train --network gru --task flip-flop --units 8 --batch-size 8 --steps 600"
    killed, whole = twice(tmp_path, [*arguments.split(), "--out", "run"], 15)
    assert files(killed, "run/nets/*.safetensors") == files(whole, "run/nets/*.safetensors")
    assert files(whole, "run/nets/*.safetensors")


def test_simulate(tmp_path):
    (tmp_path / "simulate.py").write_text(SIMULATE)
    arguments = "simulate --stimulate PLM=2000 --duration 3000 --record-every 100 --step 4"
    command = [sys.executable, str(tmp_path / "simulate.py"), *arguments.split()]
    killed, whole = twice(tmp_path, [*command, "--out", "run.zarr"], 12)
    one, other = (sims.load_dataset(folder / "run.zarr") for folder in (killed, whole))
    assert one.identical(other)
    assert sorted(item.name for item in killed.iterdir()) == ["resumed", "run.zarr"]


def test_append(tmp_path):
    (tmp_path / "append.py").write_text(APPEND)
    arguments = [str(tmp_path / "append.py"), "run.zarr"]
    killed, whole = twice(tmp_path, [sys.executable, *arguments], 6)
    one, other = (sims.load_dataset(folder / "run.zarr") for folder in (killed, whole))
    assert one.identical(other)
    assert np.array_equal(one.time, np.arange(200.0))


def test_sweep(tmp_path):
    for folder in (tmp_path / "killed", tmp_path / "whole"):
        folder.mkdir()
        (folder / "g.toml").write_text(
            'experiment = "simulate"\nbatch = 1\n[fixed]\nduration_s = 4.0\nobserve_s = 2.0\n'
            "[axes]\namplitude_pA = [1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 3500.0]\n"
        )
    killed, whole = twice(tmp_path, ["sweep", "g.toml", "--out", "S", "--workers", "2"], 15)
    assert files(killed, "S/batches/*/*.npz") == files(whole, "S/batches/*/*.npz")
    assert files(whole, "S/batches/*/*.npz")


def test_compare(tmp_path):
    for folder in (tmp_path / "killed", tmp_path / "whole"):
        folder.mkdir()
        (folder / "x.toml").write_text(CONFIG.replace("small.csv", str(folder / "small.csv")))
        write_small_connectome(folder / "small.csv")
    arguments = "compare --config x.toml --out run --workers 2"
    killed, whole = twice(tmp_path, arguments.split(), 40)
    one, other = (
        json.loads((folder / "run" / "results.json").read_text()) for folder in (killed, whole)
    )
    for part in ("onsets", "contrasts"):
        assert one[part] == other[part]
    assert files(killed, "run/nets/*.safetensors") == files(whole, "run/nets/*.safetensors")
