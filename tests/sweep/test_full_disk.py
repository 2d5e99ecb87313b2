"""A disk that is full: exit code 5, files that are whole, and the same command continues."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from isochron.runs.sweep import Sweep, sweep
from tests.small_disk import mounted, remount

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENT = "tests.sweep.experiments:large"
GRID = {"batch": 1, "axes": {"x": list(range(24))}}
RESOURCES = 5  # exit code


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The digest of a sweep that had space."""
    out = tmp_path_factory.mktemp("clean") / "S"
    return sweep(EXPERIMENT, GRID, out=out, workers=1).digest()


@pytest.fixture
def command(tmp_path):
    grid = tmp_path / "g.toml"
    grid.write_text(f'experiment = "{EXPERIMENT}"\nbatch = 1\n[axes]\nx = {GRID["axes"]["x"]}\n')

    def run(store, **options):
        line = [sys.executable, "-m", "isochron", "sweep", grid, "--out", store, "--workers", "1"]
        return subprocess.run(line, capture_output=True, text=True, timeout=120, **options,
                              env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip

    return run


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    with mounted(tmp_path / "disk", "1m") as folder:
        yield folder


def check_what_is_there(store):
    """Some results, all whole; no half of a file."""
    found = Sweep(store)
    paths = list(store.glob("batches/*/*.npz"))
    assert 3 < len(paths) < len(found.tasks)
    assert all(found.store.read(path.stem) is not None for path in paths)
    assert not list(store.glob("**/*.part"))


@pytest.mark.slow
def test_a_disk_of_one_megabyte(small_disk, command, reference):
    store = small_disk / "S"
    done = command(store)
    assert done.returncode == RESOURCES, done.stderr
    assert "The disk is full" in done.stderr
    assert done.stderr.count("Traceback") == 0
    check_what_is_there(store)
    remount(small_disk, "size=8m")
    assert command(store).returncode == 0
    assert Sweep(store).digest() == reference


@pytest.mark.slow
def test_a_file_that_cannot_be_written(command, reference, tmp_path):
    """Without root: files of at most 40 kB; a batch has 64 kB from the fifth on."""
    store = tmp_path / "S"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

    done = command(store, preexec_fn=limit)
    assert done.returncode == RESOURCES, done.stderr
    assert "The file would be too large" in done.stderr
    check_what_is_there(store)
    assert command(store).returncode == 0
    assert Sweep(store).digest() == reference
