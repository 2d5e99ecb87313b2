"""All attractors of a ±1 network: isochron, a NumPy table, boolforge and cana.

OMP_NUM_THREADS=1 python benchmarks/attractor_speed.py [--sizes 20 24 28] [--repeats 5]

All results: cycles, basins, transients (the peers do not report transients). Truth tables of
dense networks of 20 neurons are too large for some peers, so they get networks of five inputs a
neuron; isochron gets the same ones. `pip install isochron[bench]` installs the peers; missing ones
are omitted.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import subprocess
import sys
import tempfile
import time
from importlib import import_module

import numpy as np

from isochron.analysis.sign_networks import enumerate_attractors, random_couplings
from isochron.bench.sign_networks import (
    boolforge_job,
    numpy_table,
    ours,
    sparse_couplings,
    truth_tables,
)

PEER_SIZES = {"NumPy table": 20, "boolforge": 20, "cana": 14}


def cana_job(J):
    """The same by cana; its attractors come without basins."""
    BooleanNetwork = import_module("cana.boolean_network").BooleanNetwork
    logic = {
        i: {"name": str(i), "in": inputs, "out": table}
        for i, (inputs, table) in enumerate(truth_tables(J))
    }

    def job():
        found = BooleanNetwork.from_dict(logic).attractors(mode="stg")
        return sorted(len(cycle) for cycle in found)

    return job


def best(job, repeats):
    """Shortest time of several runs, and the last result."""
    times, results = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        results.append(job())
        times.append(time.perf_counter() - began)
    return min(times), results[-1]


def compare_with_peers(repeats):
    """Same network, same result, ratio of speeds."""
    rng = np.random.default_rng(0)
    jobs = {"NumPy table": lambda J: lambda: numpy_table(J), "boolforge": boolforge_job,
            "cana": cana_job}  # fmt: skip
    print(f"\n{'five inputs a neuron':<22}{'n':>4}{'M states/s':>12}{'ours':>9}{'ratio':>8}")
    for name, make in jobs.items():
        n = PEER_SIZES[name]
        J = sparse_couplings(n, rng)
        try:
            job = make(J)
        except ImportError:
            print(f"{name:<22}not installed")
            continue
        job()
        seconds, result = best(job, 1 if name == "cana" else 3)
        own, expected = best(lambda J=J: ours(J), repeats)
        if name == "cana":
            expected = sorted(length for length, _ in expected)
        assert result == expected, f"{name} finds something else"
        speed, own_speed = 2**n / seconds / 1e6, 2**n / own / 1e6
        print(f"{name:<22}{n:>4}{speed:>12.3f}{own_speed:>9.1f}{own_speed / speed:>8.0f}")


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 24, 28])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()

    print("dense Gaussian couplings, symmetry degree 0, million states per second")
    print(f"{'n':>4}{'1 thread':>10}{'2 threads':>11}{'ratio':>7}  cycles by length")
    for n in options.sizes:
        J = random_couplings(n, 0.0, np.random.default_rng(0))
        for n_threads in (1, 2):
            ours(J, n_threads)
        repeats = options.repeats if n < 27 else 2
        one, _ = best(lambda J=J: ours(J, 1), repeats)
        two, _ = best(lambda J=J: ours(J, 2), repeats)
        print(
            f"{n:>4}{2**n / one / 1e6:>10.0f}{2**n / two / 1e6:>11.0f}{one / two:>7.2f}"
            f"  {enumerate_attractors(J).cycles_by_length}"
        )
    compare_with_peers(options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        compiled, loaded = fresh_process(folder), fresh_process(folder)
    print(f"\nfresh process: {compiled:.1f} s to compile, {loaded:.1f} s with compiled code")


def fresh_process(cache):
    """Seconds until a new process is ready to enumerate."""
    code = "from isochron.analysis.sign_networks import compiled; compiled.warm_up()"
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_CACHE_DIR": cache}
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
