"""SIGINT and SIGTERM: one line, the right code, within 10 s; what was computed is not lost."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isochron import sims
from isochron.cli import main
from isochron.cli.signals import handled_signals, resumable
from isochron.connectome import importers
from isochron.files import read_sealed_json, write_sealed_json
from isochron.sims.engines import numba_graded
from isochron.sims.engines.multistep import runs
from isochron.sims.unfinished import UnfinishedRun
from isochron.wording import RESUMES

STIMULI = {
    "steady": sims.step_current(["A"], amplitude_pA=30),
    "sine": sims.sinusoidal_current(["A"], amplitude_pA=30, frequency_Hz=2),
    "pulses": sims.pulse_current(
        ["A"], amplitude_pA=30, width_ms=900, period_ms=2000, n_pulses=4, onset_ms=100
    ),
}
METHODS = {
    "multistep": {"method": "multistep", "step_ms": 8},
    "strang": {"method": "strang", "step_ms": 2},
    "default": {},
}


class Interrupted(UnfinishedRun):
    """An interrupt after some of the blocks of a run."""

    left = 0

    def update(self, states, n_samples, **position):
        super().update(states, n_samples, **position)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def network():
    weights = [[0, 2, 0], [0, 0, 3], [4, 0, 0]]
    graph = importers.from_matrices(
        ["A", "B", "C"], weights, rows="postsynaptic", signs=np.sign(weights)
    )
    return sims.GradedNetwork(graph)


@pytest.fixture
def short_blocks(monkeypatch):
    monkeypatch.setattr(runs, "BLOCK_STEPS", 64)
    monkeypatch.setattr(runs, "BLOCK_SIZE", 64 * 3)
    monkeypatch.setattr(numba_graded, "BLOCK_SIZE", 64 * 3)


def simulate(network, stimulus, options, progress=None):
    rng = np.random.default_rng(0)
    return sims.simulate(
        network, stimulus, duration_s=8, record_every_ms=10, rng=rng, progress=progress, **options
    )


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("stimulus", STIMULI.values(), ids=STIMULI)
def test_a_run_resumes_bit_for_bit(tmp_path, network, stimulus, options, short_blocks, recwarn):
    expected = simulate(network, stimulus, options)
    counter = Interrupted(tmp_path / "x")
    simulate(network, stimulus, options, counter)
    n_blocks = -counter.left
    assert n_blocks > 3
    for moment in (1, n_blocks // 2, n_blocks):
        stopped = Interrupted(tmp_path / "x")
        stopped.left = moment
        with pytest.raises(KeyboardInterrupt):
            simulate(network, stimulus, options, stopped)
        assert stopped.save()
        resumed = Interrupted(tmp_path / "x")
        assert simulate(network, stimulus, options, resumed).identical(expected)
        assert -resumed.left == n_blocks - moment
        resumed.discard()
    assert not recwarn.list
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        "different", "version", "run.json", "samples", "shorter", "missing",
        "empty", "position", "n_samples",
    ],
)  # fmt: skip
def test_what_cannot_be_resumed_starts_again(tmp_path, network, short_blocks, damage, monkeypatch):
    stimulus, options = STIMULI["steady"], METHODS["strang"]
    stopped = Interrupted(tmp_path / "x")
    stopped.left = 3
    with pytest.raises(KeyboardInterrupt):
        simulate(network, stimulus, options, stopped)
    assert stopped.save()
    if damage == "different":
        stimulus = STIMULI["sine"]
    elif damage == "version":
        monkeypatch.setattr("isochron.sims.unfinished.__version__", "0.0.0")
    elif damage == "missing":
        (tmp_path / "x" / "samples").unlink()
    elif damage == "shorter":
        os.truncate(tmp_path / "x" / "samples", 80)
    elif damage in ("empty", "position", "n_samples"):  # with a digest that is right
        path = tmp_path / "x" / "run.json"
        right = read_sealed_json(path)
        bad = {"position": right | {"position": 3}, "n_samples": right | {"n_samples": 10**15}}
        write_sealed_json(path, bad.get(damage, {}))
    else:
        path = tmp_path / "x" / damage
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    expected = simulate(network, stimulus, options)
    with pytest.warns(UserWarning, match="cannot be resumed, and starts again"):
        found = simulate(network, stimulus, options, UnfinishedRun(tmp_path / "x"))
    assert found.identical(expected)


def test_the_results_do_not_depend_on_blocks(network, monkeypatch):
    expected = [simulate(network, one, METHODS["multistep"]) for one in STIMULI.values()]
    for name in ("BLOCK_STEPS", "BLOCK_SIZE"):
        monkeypatch.setattr(runs, name, 100)
    found = [simulate(network, one, METHODS["multistep"]) for one in STIMULI.values()]
    assert all(one.identical(other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_is_ignored(number):
    def work():
        try:
            signal.raise_signal(number)
        finally:
            for again in (signal.SIGINT, signal.SIGTERM):
                signal.raise_signal(again)

    kind = KeyboardInterrupt if number == signal.SIGINT else SystemExit
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(kind) as raised, handled_signals(to_the_end=False), resumable():
            work()
    finally:
        signal.signal(signal.SIGINT, before)
    assert raised.value.__notes__ == [RESUMES]


def test_a_signal_that_a_callback_loses_comes_again():
    """Compiled code calls Python, and prints the exceptions that come back."""
    callback = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))

    def work():
        callback()
        time.sleep(5)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), handled_signals(to_the_end=False):
            work()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyboardInterrupt(), "isochron: Interrupted.\n"),
        (SystemExit(143), "isochron: Terminated.\n"),
    ],
)
def test_only_what_resumes_says_so(monkeypatch, capsys, error, line):
    def stop(name):
        raise error

    monkeypatch.setattr("isochron.runs.datasets.open_connectome", stop)
    assert main(["connectome", "show", "varshney2011"]) == (130 if "Int" in line else 143)
    assert capsys.readouterr().err == line


# Commands

ISOCHRON = [sys.executable, "-m", "isochron"]
SIMULATE = ["simulate", "--stimulate", "PLM=2000", "--duration", "12000", "--record-every", "100"]


def start(folder, arguments):
    command = arguments if arguments[0] == sys.executable else [*ISOCHRON, *arguments]
    return subprocess.Popen(
        command,
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip


def finish(folder, arguments):
    process = start(folder, arguments)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def stop(process, numbers):
    """Exit code and standard error of a command that signals stop, within 10 s."""
    began = time.monotonic()
    for number in numbers:
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        time.sleep(0.2)
    errors = process.communicate(timeout=60)[1]
    while running(process.pid) and time.monotonic() - began < 10:
        time.sleep(0.1)  # the last worker ends a moment after its driver
    assert time.monotonic() - began < 10
    assert "Traceback" not in errors
    assert not running(process.pid)
    return process.returncode, errors.splitlines()[-1]


def running(session):
    """Processes of a session that have not ended; one that ended may wait for its parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of) == session and state != "Z":
            found.append(path.parent.name)
    return found


ENDINGS = [
    ([signal.SIGINT], 130, "Interrupted."),
    ([signal.SIGINT, signal.SIGINT], 130, "Interrupted."),
    ([signal.SIGTERM], 143, "Terminated."),
]
COMMANDS = {
    "train": "train --network gru --task flip-flop --out out",
    "compare": "compare --quick --out out --workers 2",
    "reproduce": "reproduce pals2024 --quick --out out --workers 2",
    "simulate-scipy": f"{' '.join(SIMULATE)} --engine scipy --out run.zarr",
    "attractors": "attractors --dataset varshney2011 --starts 1000000",
    "bench": "bench",
}


@pytest.mark.slow
@pytest.mark.parametrize(("numbers", "code", "word"), ENDINGS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_stopped(tmp_path, name, numbers, code, word):
    process = start(tmp_path, COMMANDS[name].split())
    time.sleep(9)
    found, line = stop(process, numbers)
    assert found == code
    resumes = name in ("train", "compare", "reproduce") and (tmp_path / "out").exists()
    assert line in (f"isochron: {word}", f"isochron: {word} {RESUMES}"[: 200 if resumes else 0])


@pytest.mark.slow
@pytest.mark.parametrize(("numbers", "code", "word"), ENDINGS)
def test_a_simulation_that_is_stopped_resumes(tmp_path, numbers, code, word):
    arguments = [*SIMULATE, "--step", "4", "--out", "run.zarr"]
    arguments[arguments.index("12000")] = "3000"
    began = time.monotonic()
    finish(tmp_path, [*arguments[:-1], "whole.zarr"])
    process = start(tmp_path, arguments)
    # Half-way; it may be before the first block if the kernels were compiled for the first run.
    time.sleep(0.5 * (time.monotonic() - began))
    found, line = stop(process, numbers)
    saved = tmp_path / ".run.zarr.unfinished"
    resumes = f" {RESUMES}" if saved.exists() else ""
    assert (found, line) == (code, f"isochron: {word}{resumes}")
    finish(tmp_path, arguments)
    assert not saved.exists()
    whole, resumed = (sims.load_dataset(tmp_path / f"{n}.zarr") for n in ("whole", "run"))
    assert resumed.identical(whole)


DESCENDANTS = """
import subprocess, sys, time
from isochron import cli

def work(*arguments, **options):
    child = subprocess.Popen(["sh", "-c", "sleep 60 & echo started; wait"])
    try:
        time.sleep(60)
    finally:
        child.kill()  # and leaves its child behind, as compilers do

cli.app = work
sys.exit(cli.main())
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no list of processes")
def test_what_a_command_has_started_ends_with_it(tmp_path):
    """The compiler below g++ went on after SIGTERM; what was there before the command stays."""
    script = f"sleep 60 & exec {sys.executable} -c '{DESCENDANTS}'"
    process = subprocess.Popen(
        ["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
        assert len(running(process.pid)) == 1
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_what_a_killed_run_left_over_is_deleted(tmp_path):
    """Killed between its output and the end: the folder stayed for ever, next to the output."""
    saved, out = tmp_path / ".run.zarr.unfinished", tmp_path / "run.zarr"
    arguments = ["simulate", "--duration", "1", "--out", str(out)]
    saved.mkdir()
    (saved / "run.json").write_text("{}")
    (saved / "samples").write_bytes(b"")
    out.mkdir()
    os.utime(saved / "run.json", (9e8, 9e8))
    assert main(arguments) == 2
    assert not saved.exists()
    saved.mkdir()
    (saved / "run.json").write_text("{}")  # later: of a run that replaces the output
    os.utime(out, (9e8, 9e8))
    assert main(arguments) == 2
    assert saved.exists()
