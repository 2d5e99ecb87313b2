"""A signal at any moment stops a command: none is lost, and none leaves a worker behind."""

import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from isochron.cli import errors, main
from isochron.cli.descendants import end_processes, find_descendants, now
from isochron.cli.signals import CODES, handled_signals
from isochron.runs.executors import Order, Watch, local
from isochron.runs.executors.work import Limits, perform
from isochron.runs.steps import Step, StepItem
from tests.sweep import steps as fake
from tests.sweep.test_steps import run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("python_handler")


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Terminated.")],
)
@pytest.mark.parametrize("moment", ["after the command", "before the command", "in an answer"])
def test_a_signal_around_the_command(monkeypatch, capsys, number, code, word, moment):
    """A traceback was printed if it came after the last instruction of the command."""
    arguments, known = ["--version"], errors._classify
    if moment == "after the command":
        printed = io.StringIO()
        printed.flush = lambda: signal.raise_signal(number)
        monkeypatch.setattr(sys, "stdout", printed)
    elif moment == "before the command":
        monkeypatch.setattr("isochron.cli._run", lambda *_: signal.raise_signal(number))
    else:
        arguments = ["nonsense"]

        def classify(error):
            if isinstance(error, Exception):
                signal.raise_signal(number)
            return known(error)

        monkeypatch.setattr(errors, "_classify", classify)
    assert main(arguments) == code
    assert capsys.readouterr().err == f"isochron: {word}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_batch_that_is_stopped_has_not_failed(folder, number, monkeypatch):
    """SIGTERM is SystemExit, which was taken for one of the function that computes."""

    def compute(item, report):
        signal.raise_signal(number)

    item = StepItem.make(Step("a", fake.fail))
    monkeypatch.setattr(folder, "compute", compute)
    with (
        pytest.raises((KeyboardInterrupt, SystemExit)),
        handled_signals(to_the_end=False),
    ):
        perform(folder, item, Limits())
    assert folder.failure("a") is None
    assert not list((folder.path / "claims").iterdir())


def test_a_function_that_ends_the_process_has_failed(folder, monkeypatch):
    monkeypatch.setattr(folder, "compute", lambda item, report: sys.exit(1))
    assert perform(folder, StepItem.make(Step("a", fake.fail)), Limits()) == "failed"
    assert folder.failure("a")["error"] == "SystemExit: 1"


def test_a_worker_that_starts_is_ended_too(folder, monkeypatch):
    """The signal came between the start of a process and the place where it is listed."""
    started = []
    plain = BaseProcess.start

    def start(process):
        plain(process)
        started.append(process)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(BaseProcess, "start", start)
    order = Order(
        folder=folder, items=[StepItem.make(Step("a", fake.fail))], workers=1, limits=Limits(),
        watch=Watch(),
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt), handled_signals(to_the_end=False):
        local.run(order)
    [process] = started
    assert not process.is_alive()


def test_workers_that_compute_end_at_once_and_leave_no_claim(folder):
    began = []

    class Stop(Watch):
        def begin(self, item):
            began.append(time.monotonic())
            while len(list(folder.path.glob("data/*.pid"))) < len(began):
                assert time.monotonic() < began[0] + 60
                time.sleep(0.01)
            if len(began) == 2:
                began.append(time.monotonic())
                raise KeyboardInterrupt

    items = [StepItem.make(Step(name, fake.wait, (folder._paths, 60.0))) for name in "ab"]
    order = Order(folder=folder, items=items, workers=2, limits=Limits(), watch=Stop())
    with pytest.raises(KeyboardInterrupt):
        local.run(order)
    assert time.monotonic() - began[-1] < 3  # after which one that does not end is killed
    assert not list((folder.path / "claims").iterdir())


def test_a_worker_ignores_an_interrupt(tmp_path):
    """Ctrl-C reaches all processes; the command ends its workers, and nothing stays blocked."""
    results, calls = run(tmp_path / "run", lambda folder: [Step("a", fake.interrupt)])
    assert results == {"a": {"blocked": False}}
    assert calls == [("begin", "a"), ("end", "a")]


def test_a_worker_that_starts_does_not_receive_an_interrupt(monkeypatch, folder):
    """The process that tracks resources of multiprocessing unblocked the signal as it started."""
    masks = []
    tracker = local.resource_tracker._resource_tracker
    monkeypatch.setattr(tracker, "_fd", None)

    def start(process):
        local.resource_tracker.ensure_running()  # as the start of a process does
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        raise OSError("enough")

    monkeypatch.setattr(BaseProcess, "start", start)
    order = Order(
        folder=folder, items=[StepItem.make(Step("a", fake.fail))], workers=1, limits=Limits(),
        watch=Watch(),
    )  # fmt: skip
    with pytest.raises(OSError, match="enough"):
        local.run(order)
    assert signal.SIGINT in masks[0]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def python(code, *arguments):
    """Exit code and standard error of a process."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_an_interrupt_while_the_program_is_imported():
    """One line and 130, not a traceback of an import."""
    code = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'isochron.cli': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from isochron.__main__ import start\n"
        "sys.exit(start())\n"
    )
    assert python(code) == (130, "isochron: Interrupted.\n")


def test_a_process_in_the_background_does_not_listen_to_an_interrupt():
    """As a shell starts it: Ctrl-C is for the process in the foreground."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with handled_signals(to_the_end=False) as came:
        signal.raise_signal(signal.SIGINT)
    assert came == []
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_the_handlers_of_before_come_back():
    """The handlers of a program that calls `main` in the same process are restored."""
    before = [signal.getsignal(number) for number in CODES], sys.unraisablehook
    with suppress(SystemExit), handled_signals(to_the_end=False):
        signal.raise_signal(signal.SIGTERM)
    assert ([signal.getsignal(number) for number in CODES], sys.unraisablehook) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_command_in_a_thread():
    """Only the main thread may handle signals."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(main, ["--version"]).result() == 0


def test_an_error_that_a_signal_causes_is_not_the_message(monkeypatch, capsys):
    """A library answers with an error of its own."""

    def stopped(name):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("The callback failed.") from None

    monkeypatch.setattr("isochron.runs.datasets.open_connectome", stopped)
    assert main(["connectome", "show", "varshney2011"]) == 130
    assert capsys.readouterr().err == "isochron: Interrupted.\n"


DEAF = """
import signal, sys, time
from isochron.cli import signals

signals.LONGEST_S = 0.1
number = signal.Signals(int(sys.argv[1]))
with signals.handled_signals(to_the_end=True):
    signal.signal(number, lambda *_: None)  # as if Python did not get to it
    signal.raise_signal(number)
    time.sleep(40)
"""


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Terminated.")],
)
def test_a_long_computation_is_ended(number, code, word):
    """By a thread, if compiled code does not return to Python."""
    assert python(DEAF, str(int(number))) == (code, f"isochron: {word}\n")


LATE = """
import signal
from isochron.cli.signals import handled_signals

with handled_signals(to_the_end=True):
    pass
for number in (signal.SIGINT, signal.SIGTERM):
    signal.raise_signal(number)
"""


def test_a_signal_while_the_process_ends_is_ignored():
    """Ctrl-C again would print a traceback of what Python does at its end."""
    assert python(LATE) == (0, "")


HANGS = """
import signal, subprocess, sys, time
from isochron.cli import signals

signals.LONGEST_S = 0.1
with signals.handled_signals(to_the_end=True):
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(child.pid, file=sys.stderr, flush=True)
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        time.sleep(40)
"""
with_processes = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="no list of processes"
)


@pytest.fixture
def child():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def lives(process):
    """Whether a process runs, some time after what should have ended it."""
    try:
        process.wait(0.3)
    except subprocess.TimeoutExpired:
        return True
    return False


@with_processes
def test_what_a_long_computation_has_started_is_ended_with_it():
    code, text = python(HANGS)
    pid, line = text.splitlines()
    assert (code, line) == (130, "isochron: Interrupted.")
    status = Path(f"/proc/{pid}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@with_processes
def test_the_processes_below_this_one_are_found(child):
    """Neither those of others, nor those from before, nor the one that multiprocessing needs."""
    tracker: Any = local.resource_tracker
    tracker.ensure_running()
    found = find_descendants(0)
    assert child.pid in found
    assert not {os.getpid(), os.getppid(), 1} & set(found)
    assert tracker._resource_tracker._pid not in found
    assert child.pid not in find_descendants(now() + 1)


@with_processes
def test_a_process_with_a_session_of_its_own_is_left_alone():
    """Such as the browser that isochron view has opened."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        try:
            assert process.pid not in find_descendants(0)
        finally:
            process.kill()


@with_processes
def test_a_process_that_has_the_number_of_one_that_ended_is_left_alone(child, monkeypatch):
    since = find_descendants(0)[child.pid]
    end_processes({child.pid: since - 1, 2**22 + 1: since})  # no process has the second number
    assert lives(child)

    def ended(pid, number):
        raise ProcessLookupError(3, "No such process")

    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", ended)
        end_processes({child.pid: since})
    end_processes({child.pid: since})
    assert not lives(child)


@with_processes
def test_a_program_that_calls_main_keeps_its_processes():
    """Only a command that ends its process ends what was started, too."""
    child = None
    with suppress(KeyboardInterrupt), handled_signals(to_the_end=False):
        child = subprocess.Popen(["sleep", "60"])
        signal.raise_signal(signal.SIGINT)
    assert child is not None
    assert lives(child)
    child.kill()
    child.wait()
