"""Dask and SLURM end with the same files as one process."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isochron.cli import main
from isochron.runs.executors import Order, Watch
from isochron.runs.executors.failures import ClusterError
from isochron.runs.executors.slurm import SlurmSettings, _is_queued, render, settings_of
from isochron.runs.sweep import Limits, sweep
from isochron.runs.sweep.sweeps import prepare

HERE = "tests.sweep.experiments"
GRID = {"seed": 3, "batch": 2, "axes": {"x": list(range(12)), "y": [0, 1]}}


class Ports(Watch):
    """Addresses at which this process and its children listen when the first batch ends."""

    def __init__(self):
        self.addresses = set()

    def update(self, outcome, item):
        import psutil

        if not self.addresses:
            here = psutil.Process()
            for process in (here, *here.children(recursive=True)):
                found = process.net_connections("inet")
                self.addresses |= {it.laddr for it in found if it.status == psutil.CONN_LISTEN}


@pytest.mark.long
def test_dask_makes_the_same_files_and_listens_on_the_loopback_interface_only(tmp_path):
    pytest.importorskip("distributed")
    serial = sweep(f"{HERE}:square", GRID, out=tmp_path / "one", workers=1)
    ports = Ports()
    dask = sweep(
        f"{HERE}:square", GRID, out=tmp_path / "dask", executor="dask", workers=2, watch=ports
    )
    assert dask.digest() == serial.digest()
    assert {address.ip for address in ports.addresses} == {"127.0.0.1"}
    # The usual port of Dask's page: a second cluster would warn that it is taken.
    assert 8787 not in {address.port for address in ports.addresses}


@pytest.mark.slow
def test_a_scheduler_that_ends_is_one_clear_error(tmp_path):
    """It ends at the third batch; the same grid continues elsewhere."""
    distributed = pytest.importorskip("distributed")

    class Kill(Watch):
        def __init__(self):
            self.n = 0

        def update(self, outcome, item):
            self.n += 1
            if self.n == 3:
                cluster.close()

    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )
    with cluster, pytest.raises(ClusterError, match="The same command continues"):
        sweep(f"{HERE}:slow", GRID, out=tmp_path / "S", executor="dask", watch=Kill(),
              scheduler=cluster.scheduler_address)  # fmt: skip
    assert not sweep(f"{HERE}:slow", GRID, out=tmp_path / "S", workers=1).status().missing


def test_the_address_of_a_scheduler_is_checked(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="like tcp://host:8786, got 'foo:bar'"):
        sweep(f"{HERE}:square", GRID, out=tmp_path / "S", executor="dask", scheduler="foo:bar")


@pytest.mark.slow
def test_a_poisoned_task_on_dask_takes_no_other_down(tmp_path):
    pytest.importorskip("distributed")
    found = sweep(f"{HERE}:poison", GRID, out=tmp_path / "S", executor="dask", workers=2)
    assert found.status().reasons == {"killed": 1}
    assert found.status().missing == 0


@pytest.mark.slow
def test_a_task_on_dask_that_takes_too_long_has_failed(tmp_path):
    pytest.importorskip("distributed")
    found = sweep(
        f"{HERE}:hanging", GRID, out=tmp_path / "S", executor="dask", workers=2,
        limits=Limits(seconds=3),
    )  # fmt: skip
    status = found.status()
    assert status.reasons == {"timeout": 1}
    assert status.missing == 0
    assert not list((tmp_path / "S" / "claims").iterdir())


def order_of(tmp_path, **limits):
    made = prepare(GRID | {"experiment": f"{HERE}:square"}, tmp_path / "S")
    return Order(
        folder=made.store, items=made.tasks, workers=1, limits=Limits(**limits), watch=Watch()
    )


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
        [1],
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


class Said(Watch):
    """What an executor remarks."""

    def __init__(self):
        self.texts = []

    def say(self, text):
        self.texts.append(text)


@pytest.fixture
def idle_cluster(tmp_path, monkeypatch):
    """A SLURM that takes jobs and does not run them; the folder of its commands."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", "echo 5 | tee -a $0.jobs"), ("squeue", "echo 5")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "0.05")
    return folder


def test_jobs_that_have_not_ended_are_not_submitted_again(idle_cluster, tmp_path):
    said = Said()
    for _ in range(2):
        sweep(f"{HERE}:square", GRID, out=tmp_path / "S", executor="slurm", watch=said)
    assert said.texts[0] == "SLURM job 5: 12 tasks in 12 jobs. Nothing waits for it."
    assert said.texts[1].startswith("SLURM job 5 of an earlier command is still in the queue")
    assert (idle_cluster / "sbatch.jobs").read_text() == "5\n"


@pytest.mark.parametrize(
    ("answer", "queued"),
    [
        ("echo 5", True),
        ("true", False),
        ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", False),
        ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", True),
    ],
)
def test_a_job_has_ended_only_if_slurm_says_so(answer, queued, idle_cluster):
    (idle_cluster / "squeue").write_text(f"#!/bin/sh\n{answer}\n")
    assert _is_queued("5") is queued


def test_lost_jobs_are_an_error_that_states_the_way_out(idle_cluster, tmp_path, capsys):
    (idle_cluster / "squeue").write_text("#!/bin/sh\n")
    (tmp_path / "g.toml").write_text(f'experiment = "{HERE}:square"\n[axes]\nx = [1, 2]\n')
    command = ["sweep", f"{tmp_path}/g.toml", "--out", f"{tmp_path}/S", "--executor", "slurm"]
    assert main(command) == 0
    assert main([*command, "--wait"]) == 1
    error = capsys.readouterr().err
    assert "The jobs ended before 2 runs: canceled, or at their time limit" in error
    assert "The same command computes the rest." in error


def has_slurm() -> bool:
    """Whether a node of SLURM takes jobs, or does so after those that it has now."""
    if shutil.which("sinfo") is None:
        return False
    done = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True)
    return bool({"idle", "mix", "alloc", "comp"} & set(done.stdout.split()))


@pytest.mark.slurm
@pytest.mark.skipif(not has_slurm(), reason="no SLURM here; make slurm-test sets one up")
def test_slurm_makes_the_same_files(tmp_path, monkeypatch):
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


def test_a_claim_of_the_same_command_does_not_count(tmp_path):
    """A worker of Dask on a machine that is gone: its claim would be live for a day."""
    store = order_of(tmp_path).folder
    claim = {"host": "gone", "pid": 1, "at": time.time(), "by": "one"}
    for owner, taken in (("", False), ("two", False), ("one", True)):
        (store.path / "claims" / "k").write_text(json.dumps(claim))
        store.owner = owner
        assert store.claim("k", 1000) is taken


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_claim_of_a_process_that_has_ended_does_not_count(tmp_path):
    """A zombie: it has ended, and its parent is this test."""
    store = order_of(tmp_path).folder
    process = subprocess.Popen(["true"])
    while "Z" not in Path(f"/proc/{process.pid}/stat").read_text():
        time.sleep(0.01)
    claim = {"host": socket.gethostname(), "pid": process.pid, "at": time.time()}
    (store.path / "claims" / "k").write_text(json.dumps(claim))
    assert store.claim("k", 1000)
    process.wait()
