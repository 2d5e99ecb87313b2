"""Workers that are killed, steps that kill their workers, and clocks that are set."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from multiprocessing import Pipe
from typing import Any

import pytest

from isochron.cli.errors import describe_error
from isochron.cli.signals import LONGEST_S
from isochron.runs.executors import Order, Watch, local, work_folder
from isochron.runs.executors.work import CLAIMED, DONE, FAILED, Limits, perform
from isochron.runs.steps import Step, StepFolder, StepItem
from isochron.runs.sweep.rates import current_rate
from tests.sweep import steps as fake
from tests.sweep.test_steps import ROOT, SETTINGS, done, is_running, run

YEAR_S = 365 * 86_400.0
RESOURCES = 5  # exit code


def test_a_step_that_kills_two_workers_has_failed_and_harms_no_other(tmp_path, capsys):
    def make(folder):
        return [
            Step("bad", fake.poison),
            Step("good", fake.start, (SETTINGS, folder, 1.0)),
            Step("needs", fake.finish, (SETTINGS, folder, 1.0), ("good",)),
        ]

    with pytest.raises(Exception, match="ended its process twice: signal SIGKILL") as caught:
        run(tmp_path / "run", make, workers=2)
    assert done(tmp_path / "run") == ["good", "needs"]
    assert describe_error(caught.value, []) == RESOURCES
    line = capsys.readouterr().err
    assert "That was step bad." in line
    assert line.count("\n") == 1


def test_all_workers_are_killed(tmp_path):
    """Each step kills its first worker: the work is done by new ones."""

    def make(folder):
        return [Step(name, fake.poison_first, (folder, name)) for name in ("a", "b")]

    results, calls = run(tmp_path / "run", make, workers=2)
    assert results == {"a": {"name": "a"}, "b": {"name": "b"}}
    assert sorted(calls) == sorted(
        [*[("begin", name) for name in "aabb"], *[("end", name) for name in "ab"]]
    )
    assert not list((tmp_path / "run" / "failed").iterdir())


def test_a_worker_that_dies_between_two_items_is_replaced(folder):
    order = Order(
        folder=folder, items=[StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))],
        workers=1, limits=Limits(), watch=Watch(),
    )  # fmt: skip
    pool = local._Pool(order)
    worker = pool._begin()
    worker.process.kill()
    worker.process.join()
    pool.run()
    assert folder.has("a")


def test_a_step_that_takes_too_long_is_stopped_in_its_process(folder, monkeypatch):
    """By an alarm; `local` and Dask end the process, which costs seconds."""
    item = StepItem.make(Step("a", fake.fail))
    monkeypatch.setattr(folder, "compute", lambda item, report: time.sleep(2) or {"x": 1})
    assert perform(folder, item, Limits(seconds=0.1)) == FAILED
    assert folder.failure("a")["reason"] == "timeout"


@pytest.mark.long
@pytest.mark.parametrize(("name", "grace_s"), [("hold", 300.0), ("freeze", 0.5)])
def test_a_step_that_does_not_hear_the_alarm_is_ended(tmp_path, monkeypatch, name, grace_s):
    """By a thread of its process that does not need Python, or from outside."""
    monkeypatch.setattr(local, "GRACE_S", grace_s)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="The step took longer than 1 s"):
        run(tmp_path / "run", lambda folder: [Step("a", getattr(fake, name), (folder, 120.0))],
            limits=Limits(seconds=1))  # fmt: skip
    assert time.monotonic() - began < 60


def test_workers_have_the_limit_of_memory(tmp_path):
    """Too large an array is an error of a step, whatever the machine has."""
    results, _ = run(tmp_path / "run", lambda folder: [Step("a", fake.memory)],
                     limits=Limits(memory_GiB=100))  # fmt: skip
    assert results["a"] == {"GiB": 100.0}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_is_full_is_not_a_failure_of_the_step(folder, monkeypatch, number):
    """The command ends, and the same command does the step when there is space."""

    def compute(item, report):
        raise OSError(number, "planted")

    monkeypatch.setattr(folder, "compute", compute)
    with pytest.raises(OSError, match="planted"):
        perform(folder, StepItem.make(Step("a", fake.fail)), Limits())
    assert folder.failure("a") is None
    assert not list((folder.path / "claims").iterdir())


DRIVER = """
import sys
from pathlib import Path
from isochron.runs.steps import Step
from tests.sweep import steps as fake
from tests.sweep.test_steps import run

out, name, platform = sys.argv[1:]
if __name__ != "__main__":
    sys.platform = platform  # of the workers
else:
    step = getattr(fake, name)
    run(Path(out), lambda folder: [Step(n, step, (folder, 60.0)) for n in "ab"], workers=2)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("wait", "linux"),
        ("hold", "linux"),  # the system ends it
        ("wait", "other"),  # a thread ends it
    ],
)
def test_no_worker_survives_its_driver(tmp_path, name, platform):
    """After SIGKILL nobody tells the workers, and the lock of the folder is free."""
    path, script = tmp_path / "run", tmp_path / "driver.py"
    script.write_text(DRIVER)
    process = subprocess.Popen(
        [sys.executable, script, path, name, platform],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    while len(found := list(path.glob("data/*.pid"))) < 2 and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert len(found) == 2
    deadline = time.monotonic() + 10
    while left := [p.stem for p in found if is_running(int(p.stem))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


class Stubborn:
    """A process that does not listen, and whose end the system delays; time is that of a clock."""

    def __init__(self, clock):
        self.clock, self.killed = clock, False

    def terminate(self):
        pass

    def kill(self):
        self.killed = True

    def is_alive(self):
        return True

    def join(self, seconds):
        self.clock[0] += seconds


def test_many_workers_that_do_not_end_are_not_waited_for_in_turn(tmp_path, monkeypatch):
    """64 workers took 64 times as long as one, longer than a command may after a signal."""
    clock = [0.0]
    monkeypatch.setattr(local.time, "monotonic", lambda: clock[0])
    order = Order(folder=StepFolder(tmp_path), items=[], workers=64, limits=Limits(), watch=Watch())
    pool = local._Pool(order)
    processes: list[Any] = [Stubborn(clock) for _ in range(64)]
    pipes = [Pipe()[0] for _ in processes]
    pool._workers = [local._Worker(*it) for it in zip(processes, pipes, strict=True)]
    pool._stop()
    assert clock[0] < LONGEST_S
    assert all(process.killed for process in processes)


# Clocks


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock of this process; monotonic clocks go on."""
    real = time.time

    def change(seconds):
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    return change


@pytest.mark.parametrize("seconds", [YEAR_S, -YEAR_S])
def test_the_clock_is_set_while_a_step_runs(folder, clock, monkeypatch, seconds):
    item = StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))
    monkeypatch.setattr(
        type(folder), "compute", lambda self, item, report: clock(seconds) or {"x": 1}
    )
    assert perform(folder, item, Limits()) == DONE
    assert 0 <= folder._paths.seconds("a") < 60
    assert not list((folder.path / "claims").iterdir())
    assert folder._paths.result("a") == {"x": 1}


def claim(folder, key, **changes):
    content = {"host": "elsewhere", "pid": 1, "at": time.time(), "by": ""} | changes
    path = folder.path / "claims" / key
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("host", ["elsewhere", socket.gethostname()], ids=["elsewhere", "here"])
@pytest.mark.parametrize("seconds", [YEAR_S, -YEAR_S])
def test_a_claim_of_a_wrong_clock_does_not_count_for_ever(folder, seconds, host):
    """Its process has ended; on this machine a different one has the same number by now."""
    item = StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))
    claim(folder, "a", at=time.time() + seconds, host=host, pid=os.getpid())
    assert perform(folder, item, Limits(seconds=60)) == DONE


@pytest.mark.parametrize("seconds", [30.0, -30.0])
def test_a_claim_of_a_clock_that_is_little_off_counts(folder, seconds):
    item = StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))
    claim(folder, "a", at=time.time() + seconds)
    assert perform(folder, item, Limits(seconds=60)) == CLAIMED


@pytest.mark.parametrize("seconds", [YEAR_S, -YEAR_S])
def test_a_claim_that_is_not_whole_does_not_count_for_ever(folder, seconds):
    item = StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))
    path = claim(folder, "a")
    path.write_text("{")
    assert perform(folder, item, Limits(seconds=60)) == CLAIMED  # it is being written
    os.utime(path, (time.time() + seconds,) * 2)
    assert perform(folder, item, Limits(seconds=60)) == DONE


def test_a_process_that_lives_has_its_claim_after_the_clock_was_set_back(folder, clock):
    item = StepItem.make(Step("a", fake.start, (SETTINGS, folder._paths, 1.0)))
    claim(folder, "a", host=socket.gethostname(), pid=os.getpid())
    clock(-3600)
    assert perform(folder, item, Limits()) == CLAIMED


@pytest.mark.parametrize("seconds", [YEAR_S, -YEAR_S])
def test_temporary_files_are_swept_whatever_the_clock_says(folder, clock, seconds):
    mine = folder.path / "steps" / f".a.json.{socket.gethostname()}-{os.getpid()}-00.part"
    dead = folder.path / "steps" / f".a.json.{socket.gethostname()}-999999999-00.part"
    for path in (mine, dead):
        path.touch()
    clock(seconds)
    work_folder.remove_parts(folder.path)
    assert mine.exists()
    assert not dead.exists()


def test_the_rate_of_a_log_from_the_future_is_not_known():
    lines = [{"at": 1e9 + k, "runs": 10, "seconds": 1.0} for k in range(5)]
    assert current_rate(lines, now=1e9 - YEAR_S) is None
    assert current_rate(lines, now=1e9 + YEAR_S) is None
    assert current_rate(lines, now=1e9 + 5) == pytest.approx(50 / 6)


def test_training_does_not_look_at_the_clock(clock, tmp_path, python_handler):
    """It resumes bit-identically when the clock is set while it runs and in between."""
    torch = pytest.importorskip("torch")
    from isochron import ann_bridge

    task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=200)
    budget = ann_bridge.TrainingParameters(steps=6, batch_size=4)

    def train(folder=None, progress=None):
        generator = torch.Generator().manual_seed(0)
        net = ann_bridge.GRUNet.for_task(task, n_units=8, generator=generator)
        options = {"checkpoints": folder, "checkpoint_every": 1, "progress": progress}
        record = ann_bridge.train(net, task, budget, seed=0, **options)
        return net.state_dict(), record

    def stop(step, loss):
        clock(-YEAR_S)
        if step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "points", stop)
    clock(YEAR_S)
    (resumed, record), (whole, other) = train(tmp_path / "points"), train()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)
    assert record.losses == other.losses
    assert 0 <= record.seconds < 60


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_record_of_a_failure_that_is_damaged_does_not_count(folder, content):
    (folder.path / "failed").mkdir(exist_ok=True)
    (folder.path / "failed" / "a.json").write_text(content)
    assert folder.failure("a") is None
