"""Dask and SLURM end with the same files as one process."""

import shutil
import subprocess

import numpy as np
import pytest

from isochron.runs.sweep import Limits, sweep
from isochron.runs.sweep.executors import Order
from isochron.runs.sweep.executors.slurm import SlurmSettings, render, settings_of
from isochron.runs.sweep.sweeps import prepare

HERE = "tests.sweep.experiments"
GRID = {"seed": 3, "batch": 2, "axes": {"x": list(range(12)), "y": [0, 1]}}


def test_dask_makes_the_same_files(tmp_path):
    pytest.importorskip("distributed")
    serial = sweep(f"{HERE}:square", GRID, out=tmp_path / "one", workers=1)
    dask = sweep(f"{HERE}:square", GRID, out=tmp_path / "dask", executor="dask", workers=2)
    assert dask.digest() == serial.digest()


@pytest.mark.slow
def test_a_poisoned_task_on_dask_takes_no_other_down(tmp_path):
    pytest.importorskip("distributed")
    found = sweep(f"{HERE}:poison", GRID, out=tmp_path / "S", executor="dask", workers=2)
    assert found.status().reasons == {"killed": 1}
    assert found.status().missing == 0


def order_of(tmp_path, **limits):
    made = prepare(GRID | {"experiment": f"{HERE}:square"}, tmp_path / "S")
    return Order(store=made.store, tasks=made.tasks, workers=1, limits=Limits(**limits), watch=None)  # type: ignore[arg-type]


def test_the_script_of_slurm(tmp_path):
    settings = SlurmSettings(partition="short", time="1-00:30:00", mem="8G", cpus=4, at_once=10,
                             setup=("source env/bin/activate",))  # fmt: skip
    text = render(settings, order_of(tmp_path, seconds=60), n_jobs=12)
    assert "#SBATCH --array=0-11%10" in text
    assert "#SBATCH --partition=short" in text
    assert "#SBATCH --requeue" in text
    assert "source env/bin/activate\n" in text
    assert '--shard "$SLURM_ARRAY_TASK_ID/12" --workers 4 --task-timeout 60' in text
    assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


@pytest.mark.parametrize(
    "section",
    [
        {"partition": "a; rm -rf /"}, {"account": "$(id)"}, {"time": "1 hour"}, {"mem": "4 GB"},
        {"partition": "-x"}, {"cpus": 0}, {"width": 0}, {"setup": ["a\nb"]}, {"nodes": 2},
    ],
)  # fmt: skip
def test_settings_of_slurm_are_strict(section):
    with pytest.raises(ValueError, match="slurm"):
        settings_of(section)


def test_a_rejected_job_is_one_clear_error(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "sbatch"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'invalid partition' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    with pytest.raises(RuntimeError, match="sbatch rejected .*: invalid partition"):
        sweep(f"{HERE}:square", GRID, out=tmp_path / "S", executor="slurm")


def has_slurm() -> bool:
    done = shutil.which("sinfo") and subprocess.run(["sinfo", "-h"], capture_output=True, text=True)
    return bool(done and done.returncode == 0 and "idle" in done.stdout)


@pytest.mark.slurm
@pytest.mark.skipif(not has_slurm(), reason="no SLURM here; make slurm-test sets one up")
def test_slurm_makes_the_same_files(tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "1")
    serial = sweep(f"{HERE}:square", GRID, out=tmp_path / "one", workers=1)
    slurm = sweep(
        f"{HERE}:square", GRID, out=tmp_path / "S", executor="slurm", width=3, mem="1G", wait=True
    )
    assert slurm.digest() == serial.digest()


@pytest.mark.slurm
@pytest.mark.skipif(not has_slurm(), reason="no SLURM here; make slurm-test sets one up")
def test_a_canceled_element_is_done_by_the_next_submission(tmp_path, monkeypatch):
    import time
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "1")
    sweep(f"{HERE}:slow", GRID, out=tmp_path / "S", executor="slurm", width=2, mem="1G")
    job = (tmp_path / "S" / "log" / "slurm-job").read_text().strip()
    subprocess.run(["scancel", f"{job}_1"], check=True)
    while subprocess.run(
        ["squeue", "-h", "-j", job], capture_output=True, text=True
    ).stdout.strip():
        time.sleep(0.5)
    found = sweep(
        f"{HERE}:slow", GRID, out=tmp_path / "S", executor="slurm", width=2, mem="1G", wait=True
    )
    assert found.status().complete
    serial = sweep(f"{HERE}:slow", GRID, out=tmp_path / "one", workers=1)
    assert found.digest() == serial.digest()
    np.testing.assert_array_equal(found.dataset()["square"].sel(y=0), np.arange(12.0) ** 2)
