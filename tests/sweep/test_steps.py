"""Steps of a study: equal results from every executor, and after every failure."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from isochron.files import DataFileError, json_sha256
from isochron.runs import steps
from isochron.runs.executors.work import Limits
from isochron.runs.run_folder import RunFolder
from isochron.runs.source import source_digest
from isochron.runs.steps import Execution, Step, StepFolder, StepItem, run_steps
from tests.sweep import steps as fake
from tests.sweep.test_executors import has_slurm

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = fake.Settings(factor=1 / 3, pairs=((1, "a"), (2, "b")))


class Seen:
    """What a display was told."""

    def __init__(self):
        self.calls = []

    def begin(self, step):
        self.calls.append(("begin", step))

    def update(self, step, fraction, text):
        self.calls.append(("update", step, fraction, text))

    def end(self, step, seconds):
        self.calls.append(("end", step))

    def fail(self, step, error):
        self.calls.append(("fail", step, error))

    def say(self, text):
        self.calls.append(("say", text))


def chains(folder, n=4):
    """Pairs of steps of which the second needs the first, given in the wrong order."""
    made = []
    for k in range(n):
        made.append(Step(f"finish-{k}", fake.finish, (SETTINGS, folder, float(k)), (f"start-{k}",)))
        made.append(Step(f"start-{k}", fake.start, (SETTINGS, folder, float(k))))
    return made


def run(path, make, *, executor="local", workers=1, limits=None, **options):
    """Run steps in a run folder; its results without times, and what a display was told."""
    seen = Seen()
    execution = Execution(
        executor=executor, workers=workers, limits=limits or Limits(), options=options
    )
    with RunFolder(path, SETTINGS, version(), title="fake") as folder:
        made = make(folder)
        run_steps(path, made, progress=seen, execution=execution)
        return {step.name: folder.result(step.name) for step in made}, seen.calls


def version():
    from isochron._version import __version__

    return __version__


def done(path):
    return sorted(item.stem for item in (path / "steps").glob("*.json"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """All done by one worker."""
    return run(tmp_path_factory.mktemp("one") / "run", chains)


def test_steps_run_in_order_of_need_with_one_thread(reference):
    results, calls = reference
    assert results["finish-2"] == {"square": (2 / 3) ** 2}
    assert results["start-2"] == {"x": 2 / 3, "threads": "1"}
    assert calls.index(("end", "start-0")) < calls.index(("begin", "finish-0"))
    assert ("update", "start-1", 0.5, "half: of it") in calls


def test_two_workers_give_the_same_results(reference, tmp_path):
    assert json_sha256(run(tmp_path / "run", chains, workers=2)[0]) == json_sha256(reference[0])


def test_a_finished_run_does_nothing(tmp_path):
    run(tmp_path / "run", chains)
    assert run(tmp_path / "run", chains)[1] == []


@pytest.mark.slow
def test_dask_gives_the_same_results(reference, tmp_path):
    pytest.importorskip("distributed")

    def make(folder):
        return [*chains(folder), Step("save", fake.save, (folder,))]

    results, calls = run(tmp_path / "run", make, executor="dask", workers=2)
    assert results.pop("save") == {"saved": True}
    assert json_sha256(results) == json_sha256(reference[0])
    assert ("end", "finish-3") in calls


@pytest.mark.slow
def test_a_killed_worker_of_dask_harms_one_step(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(Exception, match="ended its worker each time"):
        run(tmp_path / "run", with_bad(fake.poison), executor="dask", workers=2)
    assert done(tmp_path / "run") == GOOD


GOOD = sorted(f"{kind}-{k}" for kind in ("finish", "start") for k in range(4))


def with_bad(function, *arguments):
    """The chains, a bad step first, and one that needs it."""
    return lambda folder: [
        Step("bad", function, arguments),
        Step("after", fake.finish, (SETTINGS, folder, 0.0), ("bad",)),
        *chains(folder),
    ]


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (fake.fail, ArithmeticError, r"^The loss is not finite\.\n"),
        (fake.infinite, ArithmeticError, "A result is not finite"),
        (fake.lose, FileNotFoundError, "No such file or directory: '/nowhere/x'"),
        (fake.poison, Exception, "The step ended its process twice: signal SIGKILL"),
    ],
)
def test_a_bad_step_stops_only_what_needs_it(function, kind, text, tmp_path):
    for _ in range(2):  # the same command runs it again
        with pytest.raises(kind, match=text) as caught:
            run(tmp_path / "run", with_bad(function), workers=2)
        [note] = caught.value.__notes__
        assert note.startswith("That was step bad. Not run, because a step before failed: after.")
        assert done(tmp_path / "run") == GOOD


def test_a_step_that_takes_too_long_has_failed(tmp_path):
    with pytest.raises(TimeoutError, match="The step took longer than 1 s"):
        run(tmp_path / "run", lambda folder: [Step("long", fake.wait, (folder, 60.0))],
            limits=Limits(seconds=1))  # fmt: skip


def test_a_step_whose_worker_was_killed_runs_once_more(tmp_path):
    results, calls = run(
        tmp_path / "run",
        lambda folder: [
            Step("once", fake.poison_once, (folder,)),
            Step("after", fake.start, (SETTINGS, folder, 1.0), ("once",)),
        ],
    )
    assert results["once"] == {"x": 2.0}
    assert calls[-1] == ("end", "after")


def test_all_failed_steps_are_named(tmp_path):
    def make(folder):
        return [Step(f"bad-{k}", fake.fail) for k in range(8)]

    with pytest.raises(ArithmeticError) as caught:
        run(tmp_path / "run", make)
    [note] = caught.value.__notes__
    assert "That was step bad-0. Also failed: bad-1, bad-2, bad-3, bad-4, bad-5 and 2 more." in note
    failed = json.loads((tmp_path / "run" / "failed" / "bad-3.json").read_text())
    assert "in fail" in failed["traceback"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([Step("a", lambda report: 1)], "not a function of a module"),
        ([Step("a", print)], "not a function of a module"),
        ([Step("a", fake.untyped, (SETTINGS,))], "not the same after JSON"),
        ([Step("a", fake.fail, (1,))], "takes 0 arguments"),
        ([Step("a", fake.fail, after=("b",))], "needs b, which is not a step"),
        ([Step("a", fake.fail), Step("a", fake.fail)], "Two steps have the name a"),
        ([Step("a", fake.fail, after=("b",)), Step("b", fake.fail, after=("a",))], "cycle"),
    ],
)
def test_steps_that_are_not_data_are_rejected(steps, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "run", lambda folder: steps)
    assert done(tmp_path / "run") == []


def test_functions_of_other_modules_are_not_called_from_a_plan(tmp_path):
    line = f'["a", "os:system", ["touch x"], [], "{source_digest()}"]'
    item = StepFolder(tmp_path).parse(line)
    with pytest.raises(ValueError, match="os:system is not a function of a module with"):
        StepFolder(tmp_path).compute(item, lambda fraction, text: None)


def test_source_that_changes_during_a_run(tmp_path, monkeypatch):
    """The steps are those of other source than the worker has, which starts later."""

    def make(folder):
        return [Step("a", fake.start, (SETTINGS, folder, 1.0))]

    with monkeypatch.context() as patch:
        patch.setattr(steps, "source_digest", lambda: "before")
        with pytest.raises(DataFileError, match="The source of isochron has changed") as caught:
            run(tmp_path / "run", make)
        StepFolder(tmp_path / "run").stage([StepItem.make(Step("a", fake.fail))])
    text = str(caught.value)
    assert f"the run in {tmp_path / 'run'} was started" in text
    assert "the same command continues" in text
    assert done(tmp_path / "run") == []
    with pytest.raises(DataFileError, match="The source of isochron has changed"):
        StepFolder(tmp_path / "run").plan()  # of a worker of a cluster
    assert run(tmp_path / "run", make)[0]["a"]["x"] == SETTINGS.factor


# SLURM: an sbatch that runs every element of the array at once

SBATCH = """#!/bin/bash
script="${@: -1}"
count=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$script")
echo run >> "$(dirname "$0")/submitted"
for k in $(seq 0 "$count"); do SLURM_ARRAY_TASK_ID=$k bash "$script" > /dev/null 2>&1; done
echo 17
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A fake SLURM; the number of submissions so far."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", "#!/bin/sh\nexit 0\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "0.05")

    def count():
        path = folder / "submitted"
        return len(path.read_text().split()) if path.exists() else 0

    return count


@pytest.mark.slurm
@pytest.mark.skipif(not has_slurm(), reason="no SLURM here; make slurm-test sets one up")
def test_a_real_slurm_gives_the_same_results(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "1")
    results, calls = run(tmp_path / "run", chains, executor="slurm", wait=True, width=2, mem="1G")
    assert json_sha256(results) == json_sha256(reference[0])
    assert len([call for call in calls if call[0] == "say"]) == 2  # a job for each wave


@pytest.mark.slow
def test_slurm_gives_the_same_results_in_two_waves(reference, cluster, tmp_path):
    results, calls = run(tmp_path / "run", chains, executor="slurm", wait=True, width=2)
    assert json_sha256(results) == json_sha256(reference[0])
    assert cluster() == 2
    said = [call[1] for call in calls if call[0] == "say"]
    assert said[0].startswith("SLURM job 17: 4 steps in 2 jobs. This command waits for it.")
    assert {call[1] for call in calls if call[0] == "end"} == set(GOOD)


@pytest.mark.slow
def test_a_bad_step_on_slurm_stops_only_what_needs_it(cluster, tmp_path):
    with pytest.raises(ArithmeticError, match="The loss is not finite"):
        run(tmp_path / "run", with_bad(fake.fail), executor="slurm", wait=True, width=1)
    assert done(tmp_path / "run") == GOOD
    assert cluster() == 2


def test_jobs_that_end_without_results_are_one_error(cluster, tmp_path):
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho 18\n")
    with pytest.raises(
        RuntimeError, match="The jobs ended before finish-0, start-0, .* and 3 more"
    ):
        run(tmp_path / "run", chains, executor="slurm", wait=True)


def test_the_job_of_an_interrupted_command_is_waited_for(cluster, tmp_path):
    """The second command finds job 5 in the queue, which finishes the steps meanwhile."""
    path = tmp_path / "run"
    with RunFolder(path, SETTINGS, version(), title="fake") as folder:
        step = Step("a", fake.start, (SETTINGS, folder, 1.0))
    (path / "log").mkdir()
    (path / "log" / "slurm-job").write_text("5\n")
    body = {"result": {"x": 1}, "seconds": 2.0}
    text = json.dumps({"sha256": json_sha256(body), **body})
    (tmp_path / "bin" / "squeue").write_text(
        f"#!/bin/sh\ncat > '{path}/steps/a.json' << 'END'\n{text}\nEND\necho 5\n"
    )
    results, calls = run(path, lambda folder: [step], executor="slurm", wait=True)
    assert results == {"a": {"x": 1}}
    assert calls[0][1].startswith("SLURM job 5 of an earlier command.")
    assert cluster() == 0


# SLURM for real


@pytest.fixture
def real_cluster(monkeypatch):
    if not has_slurm():
        pytest.skip("no SLURM here; make slurm-test sets one up")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ISOCHRON_SLURM_POLL_S", "1")


@pytest.mark.slurm
def test_real_jobs_give_the_same_results_in_two_waves(reference, real_cluster, tmp_path):
    results, calls = run(tmp_path / "run", chains, executor="slurm", wait=True, width=2, mem="1G")
    assert json_sha256(results) == json_sha256(reference[0])
    assert len([call for call in calls if call[0] == "say"]) == 2


@pytest.mark.slurm
def test_canceled_steps_are_run_by_the_same_command(real_cluster, tmp_path):
    path = tmp_path / "run"

    def make(folder):
        return [Step(f"w-{k}", fake.wait, (folder, 2.0)) for k in range(4)]

    def cancel():
        while not list(path.glob("data/*.pid")):
            time.sleep(0.2)
        job = (path / "log" / "slurm-job").read_text().strip()
        subprocess.run(["scancel", job], check=True)

    with ThreadPoolExecutor(1) as pool:
        canceled = pool.submit(cancel)
        with pytest.raises(RuntimeError, match="canceled, or at their time limit"):
            run(path, make, executor="slurm", wait=True, width=2, mem="1G")
        canceled.result()
    assert len(done(path)) < 4
    assert not list(path.glob("failed/*"))
    run(path, make, executor="slurm", wait=True, width=2, mem="1G")
    assert len(done(path)) == 4


# Interruptions

DRIVER = """
import sys
from isochron.cli.signals import handled_signals
from tests.sweep import steps as fake
from tests.sweep.test_executors import has_slurm
from tests.sweep.test_steps import run
from isochron.runs.steps import Step

def make(folder):
    return [Step(f"w-{{k}}", fake.wait, (folder, {seconds} if k > 2 else 0.0)) for k in range(12)]

if __name__ == "__main__":
    try:
        with handled_signals(to_the_end=True):
            run(__import__("pathlib").Path({path!r}), make, workers=2)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start(path, seconds):
    """A process that runs three steps without delay, and then nine that take some time."""
    script = path.with_suffix(".py")
    script.write_text(DRIVER.format(path=str(path), seconds=seconds))
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, script], env=env, start_new_session=True, stderr=subprocess.PIPE, text=True
    )


def is_running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process_and_resumes(number, tmp_path):
    path = tmp_path / "run"
    process = start(path, 60.0)  # the signal comes before the end, however busy the machine is
    while len(list(path.glob("steps/*.json"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == {2: 130, 15: 143, 9: -9}[number], errors
    assert errors == ""
    before = {item: item.stat().st_mtime_ns for item in path.glob("steps/*.json")}
    assert len(before) == 3
    workers = [int(item.stem) for item in path.glob("data/*.pid")]
    deadline = time.monotonic() + 5
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, workers))
    assert not list(path.glob("failed/*"))
    again = start(path, 0.0)
    assert again.communicate(timeout=60)[1] == ""
    assert again.returncode == 0
    assert len(list(path.glob("steps/*.json"))) == 12
    assert {item: item.stat().st_mtime_ns for item in before} == before
