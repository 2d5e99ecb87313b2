"""Forged HDF5 files on which the library waits for ever, or that claim more than they contain."""

import multiprocessing
import struct

import h5py
import numpy as np
import pytest

from isochron import connectome, sims
from isochron.connectome.recordings import load_recording
from isochron.files import DataFileError
from isochron.runs.datasets import open_connectome
from isochron.seals import LENGTH
from isochron.sims.storage import export_nwb
from tests.faults.test_flipped_bits import small_run

HEAP, HEAP_HEADER = b"GCOL\x01\0\0\0", 16


def outcome(reader, path):
    """``read`` or the class of the error, from a process that may wait for ever."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()

    def run():
        try:
            reader(path)
            answer.put("read")
        except Exception as error:
            answer.put(f"{type(error).__name__}: {error}")

    process = context.Process(target=run, daemon=True)
    process.start()
    process.join(30)
    if process.is_alive():
        process.kill()
        return "waits for ever"
    return "crashed" if answer.empty() else answer.get()


def graph(path):
    x = connectome.from_matrices(["A", "B"], [[0, 1], [2, 0]], rows="postsynaptic").to_xarray()
    sims.save_dataset(x, path)


FORMATS = {
    "x.nc": (graph, open_connectome),
    "y.nc": (lambda path: sims.save_dataset(small_run(), path), sims.load_dataset),
    "x.nwb": (lambda path: export_nwb(small_run(), path), load_recording),
}


@pytest.mark.parametrize("size", [0, 2**64 - 16, 2**64 - 4096, 2**40, 5])
@pytest.mark.parametrize("name", FORMATS)
def test_a_heap_whose_objects_have_no_end(tmp_path, name, size):
    """The free space of a heap of texts had size 0: HDF5 2.0 waits at its place for ever."""
    write, read = FORMATS[name]
    write(path := tmp_path / name)
    content = bytearray(path.read_bytes()[:-LENGTH])
    at = content.index(HEAP) + HEAP_HEADER
    content[at : at + 16] = struct.pack("<HHIQ", 0, 0, 0, size)
    path.write_bytes(content)
    found = outcome(read, path)
    assert found.startswith("DataFileError: "), found
    assert name in found


def test_heaps_inside_a_heap(tmp_path):
    """Each is as long as all that follow, so that a check of each would be quadratic."""
    graph(path := tmp_path / "x.nc")
    content = bytearray(path.read_bytes()[:-LENGTH])
    n = 100_000
    ends = [32 * (n - i) for i in range(n)]
    heaps = b"".join(HEAP + struct.pack("<QHHIQ", k, 1, 1, 0, k - 32) for k in ends)
    path.write_bytes(content + heaps)
    found = outcome(open_connectome, path)
    assert "heap is inside" in found, found


@pytest.mark.parametrize("chunk", [1, 2**16])
def test_data_that_the_file_does_not_contain(tmp_path, chunk):
    """Chunks that were never written have a default value: 8 GB from a file of some kB."""
    path = tmp_path / "x.nc"
    with h5py.File(path, "w") as file:
        file.create_dataset("V", (2**30,), "f8", chunks=(chunk,)).make_scale("V")
    assert path.stat().st_size < 10_000
    with pytest.raises(DataFileError, match="claims"):
        sims.load_dataset(path)


def test_a_recording_that_the_file_does_not_contain(tmp_path):
    path = tmp_path / "x-data.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("gcamp/trace_array", (2**27, 1), "f8", chunks=(2**16, 1))
        file.create_dataset("timing/timestamp_confocal", (2**27,), "f8", chunks=(2**16,))
    with pytest.raises(DataFileError, match="claims"):
        load_recording(path)


def test_groups_that_contain_the_next_one_twice(tmp_path):
    """2^40 paths lead to the last group; each group is visited once."""
    path = tmp_path / "x.nc"
    sims.save_dataset(small_run(), path)
    with h5py.File(path, "a") as file:
        group = file
        for _ in range(40):
            inner = group.create_group("a")
            group["b"], group = inner, inner
    assert outcome(sims.load_dataset, path) == "read"


def test_constant_data_are_compressed_and_read(tmp_path):
    """The limit of what a file may claim is above the best ratio of its compression."""
    path = tmp_path / "x.nc"
    with h5py.File(path, "w") as file:
        options = {"compression": "gzip", "chunks": (2**20,), "dtype": "f4"}
        file.create_dataset("V", data=np.zeros(18 * 2**20), **options).make_scale("V")
    assert path.stat().st_size < 72 * 2**20 / 900
    assert (sims.load_dataset(path).V == 0).all()
