"""Two processes that write one output, and writing that is interrupted: one outcome."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import xarray as xr

from isochron import locks
from isochron.cli import main
from isochron.files import write_bytes
from isochron.folders import new_version, recover, uninterrupted
from isochron.locks import locked
from isochron.sims import append_dataset, load_dataset, save_dataset

SAVE_FOREVER = """
import sys
import numpy as np, xarray as xr
from isochron.sims import save_dataset
value = float(sys.argv[2])
data = xr.Dataset({"V": (("time", "neuron"), np.full((20, 3), value))}, {"time": np.arange(20.0)})
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    save_dataset(data, sys.argv[1])
"""


def dataset(value, n=20):
    return xr.Dataset(
        {"V": (("time", "neuron"), np.full((n, 3), float(value)))}, {"time": np.arange(float(n))}
    )


def start_saving(path, value, n_saves):
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOREVER, str(path), str(value), str(n_saves)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.long
def test_two_writers_and_a_reader(tmp_path):
    """The reader finds what one of them wrote, whole, at every moment."""
    path = tmp_path / "x.zarr"
    save_dataset(dataset(1), path)
    writers = [start_saving(path, value, 8) for value in (1, 2)]
    n_read = 0
    while any(writer.poll() is None for writer in writers):
        values = load_dataset(path).V.values
        assert values.shape == (20, 3)
        assert (values == values[0, 0]).all()
        assert values[0, 0] in (1, 2)
        n_read += 1
    assert n_read > 3
    for writer in writers:
        assert writer.communicate() == ("", "")
        assert writer.returncode == 0
    assert [item.name for item in tmp_path.iterdir()] == ["x.zarr"]


def test_two_threads_append_one_after_the_other(tmp_path):
    """Each part is added, or rejected because the other one was: never half of one."""
    path, errors = tmp_path / "x.zarr", []

    def add(value):
        try:
            append_dataset(dataset(value, 5), path)
        except ValueError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=add, args=(value,)) for value in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert "must be later" in errors[0]
    assert load_dataset(path).sizes["time"] == 5


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_the_second_command_stops_before_it_simulates(tmp_path, capsys, suffix, monkeypatch):
    out, ready, end = tmp_path / f"x.{suffix}", threading.Event(), threading.Event()

    def hold():
        with locked(out):
            ready.set()
            end.wait(30)

    monkeypatch.setattr("isochron.workflows.simulate.simulate_spec", None)
    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait(30)
    code = main(["simulate", "--duration", "0.1", "--out", str(out)])
    end.set()
    thread.join()
    assert code == 5
    assert f"{out} is in use by a second isochron." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_lock_that_its_owner_deleted_is_made_again(tmp_path, monkeypatch):
    """Who waited for it would have the lock of a file that nobody else can open."""
    path, opened, wait = tmp_path / "x", threading.Event(), locks._wait

    def announce(*arguments):
        opened.set()
        wait(*arguments)

    def second():
        with locked(path, 30):
            return (tmp_path / ".x.lock").exists()

    with ThreadPoolExecutor(1) as pool:
        with locked(path):
            monkeypatch.setattr(locks, "_wait", announce)
            found = pool.submit(second)
            assert opened.wait(30)
        assert found.result()


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """After a loss of power a file that was renamed before would be empty."""
    done, replace_file = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append(os.fstat(number).st_size))
    monkeypatch.setattr(os, "replace", lambda *names: done.append("name") or replace_file(*names))
    write_bytes(tmp_path / "x", b"content")
    assert done == [7, "name"]


class _Interrupter:
    """An interrupt at the k-th change of a folder."""

    def __init__(self, monkeypatch, moment):
        self._left = moment
        for module, name in ((os, "rename"), (os, "mkdir"), (shutil, "rmtree")):
            monkeypatch.setattr(module, name, self._interrupted(getattr(module, name)))

    def _interrupted(self, function):
        def call(*arguments, **options):
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return call


def replace(path, text):
    with new_version(path) as folder:
        (folder / "content").write_text(text)


@pytest.mark.parametrize("second", range(1, 8))
@pytest.mark.parametrize("first", range(1, 8))
def test_saving_that_is_interrupted_twice(tmp_path, monkeypatch, first, second):
    """The folder has its old content or the new one, and saving again succeeds."""
    path = tmp_path / "x"
    replace(path, "old")
    for moment in (first, second):
        with monkeypatch.context() as patch:
            _Interrupter(patch, moment)
            with suppress(KeyboardInterrupt):
                replace(path, "new")
    recover(path)
    assert (path / "content").read_text() in ("old", "new")
    replace(path, "new")
    assert (path / "content").read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["x"]


def test_an_interrupt_between_the_renames_acts_after_them(tmp_path, monkeypatch):
    def rename(source, target, rename=os.rename):
        signal.raise_signal(signal.SIGINT)
        rename(source, target)

    path = tmp_path / "x"
    replace(path, "old")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", rename)
            with pytest.raises(KeyboardInterrupt):
                replace(path, "new")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (path / "content").read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_cannot_be_renamed_leaves_the_old_one(tmp_path, monkeypatch):
    def rename(source, target, rename=os.rename):
        if source.suffix == ".part":
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    path = tmp_path / "x"
    replace(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(OSError, match=r"'.*x'$"):
            replace(path, "new")
    assert (path / "content").read_text() == "old"


def test_an_error_after_a_crash_leaves_the_old_folder(tmp_path):
    """The crash was between the renames; the error names a different file."""
    path = tmp_path / "x"
    replace(path, "old")
    path.rename(tmp_path / ".x.previous")
    with pytest.raises(FileNotFoundError, match="'source'"), new_version(path):
        raise FileNotFoundError(errno.ENOENT, "No such file", "source")
    assert (path / "content").read_text() == "old"


def test_a_folder_that_a_second_process_restores(tmp_path, monkeypatch):
    @contextmanager
    def waited(path, wait_s):
        (tmp_path / ".x.previous").rename(path)
        yield

    (tmp_path / ".x.previous").mkdir()
    monkeypatch.setattr("isochron.folders.locked", waited)
    recover(tmp_path / "x")
    assert [item.name for item in tmp_path.iterdir()] == ["x"]


def test_a_folder_has_one_writer_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("isochron.folders.WAIT_S", 0.1)
    path = tmp_path / "x"
    with ThreadPoolExecutor(1) as pool, new_version(path) as folder:
        (folder / "content").write_text("first")
        with pytest.raises(BlockingIOError, match="in use by a second isochron"):
            pool.submit(replace, path, "second").result()
    assert (path / "content").read_text() == "first"


def test_an_interrupt_during_the_renames_acts_after_them():
    done = []

    def work():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    # A shell that starts tests in the background ignores the signal, and packages have handlers.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGINT, before)
    assert done


@pytest.mark.slow
def test_a_storm_of_kills(tmp_path):
    """After SIGKILL at 10 moments the folder is the one before or the one after."""
    path, rng = tmp_path / "x.zarr", random.Random(0)
    save_dataset(dataset(0), path)
    for _ in range(10):
        writer = start_saving(path, 1, 1000)
        time.sleep(rng.uniform(0, 0.3))
        writer.kill()
        writer.communicate()
        values = load_dataset(path).V.values
        assert (values == values[0, 0]).all()
        save_dataset(dataset(0), path)
    assert [item.name for item in tmp_path.iterdir()] == ["x.zarr"]
