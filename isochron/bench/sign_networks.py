"""All attractors of networks of ±1 neurons, next to a table in NumPy and to boolforge."""

import itertools
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Job, Stopwatch

INPUTS = 5
SCALED_FROM = 26  # neurons of the CPU's run next to which a GPU is measured


def measure_enumeration(watch: Stopwatch, *, n: int = 24) -> Measurement:
    """Dense Gaussian couplings, on one thread."""
    seconds = watch.take_turns(_enumeration(n, 1))[0]
    return Measurement(
        seconds=seconds, amount=2**n / 1e6, unit="million states",
        note="cycles, basins and transients",
    )  # fmt: skip


def measure_threads(watch: Stopwatch, *, n: int = 24) -> Measurement:
    """Dense Gaussian couplings, on two threads and on one."""
    two, one = watch.take_turns(_enumeration(n, 2), _enumeration(n, 1))
    peer = Peer(name="isochron, one thread", seconds=one)
    return Measurement(seconds=two, peers=(peer,), amount=2**n / 1e6, unit="million states")


def _enumeration(n: int, n_threads: int) -> Job:
    from isochron.analysis.sign_networks import enumerate_attractors, random_couplings

    J = random_couplings(n, 0.0, np.random.default_rng(0))
    return lambda: enumerate_attractors(J, n_threads=n_threads)


def measure_sparse(watch: Stopwatch, *, n: int = 20) -> Measurement:
    """Five inputs a neuron, so that the truth tables of the peers are small; the same results."""
    J = sparse_couplings(n, np.random.default_rng(0))
    expected = ours(J)
    peers: list[Peer] = []
    jobs: dict[str, Job] = {"NumPy table": lambda: numpy_table(J)}
    try:
        jobs["boolforge"] = boolforge_job(J)
    except ImportError:
        note = 'not installed: pip install "isochron[bench]"'
        peers.append(Peer(name="boolforge", note=note))
    for name, job in jobs.items():
        if job() != expected:
            raise ArithmeticError(f"{name} finds different attractors.")
    seconds, *times = watch.take_turns(lambda: ours(J), *jobs.values(), turns=2)
    measured = [Peer(name=name, seconds=t) for name, t in zip(jobs, times, strict=True)]
    return Measurement(
        seconds=seconds, peers=(*measured, *peers), amount=2**n / 1e6, unit="million states"
    )


def measure_on_gpu(watch: Stopwatch, *, n: int) -> Measurement:
    """Dense couplings on a GPU; two threads of the CPU with fewer neurons, scaled by the states."""
    from isochron.analysis.sign_networks import enumerate_attractors, random_couplings

    few = min(n, SCALED_FROM)
    J = random_couplings(n, 0.0, np.random.default_rng(0))
    gpu = watch.take_turns(lambda: enumerate_attractors(J, device=watch.device), turns=2)[0]
    cpu = watch.take_turns(_enumeration(few, 2), turns=2)[0] * 2 ** (n - few)
    peer = Peer(name="CPU, two threads", seconds=cpu, note=f"scaled from n = {few}")
    return Measurement(seconds=gpu, peers=(peer,), amount=2**n / 1e6, unit="million states")


def sparse_couplings(n: int, rng: np.random.Generator) -> np.ndarray:
    """Couplings of ±1 from five other neurons: an odd number, so that there are no ties."""
    J = np.zeros((n, n))
    for i in range(n):
        others = np.delete(np.arange(n), i)
        J[i, rng.choice(others, INPUTS, replace=False)] = rng.choice([-1, 1], INPUTS)
    return J


def truth_tables(J: np.ndarray) -> Iterator[tuple[list[int], list[int]]]:
    """Inputs of each neuron, and its next bit for each of their states, first input highest."""
    for row in J:
        inputs = np.flatnonzero(row)
        states = np.array(list(itertools.product([-1, 1], repeat=inputs.size)))
        yield inputs.tolist(), (states @ row[inputs] > 0).astype(int).tolist()


def ours(J: np.ndarray, n_threads: int = 1) -> list[tuple[int, int]]:
    """(length, basin) of each cycle."""
    from isochron.analysis.sign_networks import enumerate_attractors

    found = enumerate_attractors(J, n_threads=n_threads)
    return sorted(zip(found.lengths.tolist(), found.basins.tolist(), strict=True))


def numpy_table(J: np.ndarray) -> list[tuple[int, int]]:
    """Successors by matrix products, then doubling of steps: (length, basin) of each cycle."""
    n = len(J)
    following = np.empty(1 << n, dtype=np.int64)
    for first in range(0, 1 << n, 1 << 16):
        numbers = np.arange(first, min(1 << n, first + (1 << 16)))
        states = (numbers[:, None] >> np.arange(n) & 1) * 2 - 1
        following[numbers] = (states @ J.T > 0) @ (1 << np.arange(n))
    ends, size = following, -1
    while True:
        cyclic = np.flatnonzero(np.bincount(ends, minlength=1 << n))
        if cyclic.size == size:
            break
        ends, size = ends[ends], cyclic.size
    label, at = cyclic.copy(), following[cyclic]
    place = np.searchsorted(cyclic, at)
    for _ in range(int(cyclic.size).bit_length()):
        label, place = np.minimum(label, label[place]), place[place]
    names, which, lengths = np.unique(label, return_inverse=True, return_counts=True)
    basins = np.bincount(which[np.searchsorted(cyclic, ends)], minlength=names.size)
    return sorted(zip(lengths.tolist(), basins.tolist(), strict=True))


def boolforge_job(J: np.ndarray) -> Job:
    """The same by boolforge, which gives basins as fractions.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed.
    """
    boolforge = import_module("boolforge")
    inputs, tables = zip(*truth_tables(J), strict=True)
    network: Any = boolforge.BooleanNetwork(list(tables), list(inputs))

    def job() -> list[tuple[int, int]]:
        network.clear_cache()
        found = network.get_attractors_synchronous_exact()
        return sorted(
            (len(cycle), round(share * (1 << len(J))))
            for cycle, share in zip(found["Attractors"], found["BasinSizes"], strict=True)
        )

    return job
