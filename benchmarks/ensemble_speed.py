"""Many worms with different parameters: together, one after the other, and in torch.

python benchmarks/ensemble_speed.py [--members 1000] [--seconds 1] [--torch-members 64]

Graded model of varshney2011 at PLM 2000 pA, step 8 ms; conductances and capacitance differ
by 10 % between members. One thread. Times are medians of three, without compilation. Building
the networks is included in both times. With a CUDA device, torch runs there too.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import statistics
import time

import numpy as np
import torch

from isochron import connectome, sims

STEP = 8.0


def median_time(function, repeats=3):
    """Median wall time, after a first call."""
    function()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description="Many worms: together, one by one, in torch.")
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--torch-members", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    p = worm.parameters
    networks = [
        worm.with_parameters(
            gap_conductance=p.gap_conductance * g,
            synaptic_conductance=p.synaptic_conductance * s,
            capacitance=p.capacitance * c,
        )
        for g, s, c in 1 + 0.1 * rng.standard_normal((arguments.members, 3)).clip(-3, 3)
    ]
    start = worm.random_state(touch, rng)
    options = {
        "duration_s": arguments.seconds,
        "step_ms": STEP,
        "record_every_ms": 1e3 * arguments.seconds,
    }

    def together(count, **choice):
        return lambda: sims.simulate_many(
            networks[:count], touch, initial_states=start, **options, **choice
        )

    def alone(count):
        def run():
            for network in networks[:count]:
                sims.simulate(network.with_parameters(), touch, initial_state=start, **options)

        return run

    few = arguments.torch_members
    rows = [
        ("one after the other, numba", arguments.members, alone(arguments.members), 3),
        ("together, numba", arguments.members, together(arguments.members), 3),
        ("torch, CPU, float64", few, together(few, engine="torch"), 1),
        ("torch, CPU, float32", few, together(few, engine="torch", dtype="float32"), 1),
    ]
    if torch.cuda.is_available():
        for dtype in ("float64", "float32"):
            choice = {"engine": "torch", "device": "cuda", "dtype": dtype, "chunk": 8192}
            run = together(arguments.members, **choice)
            rows.append((f"torch, GPU, {dtype}", arguments.members, run, 3))
    print(f"{'':<28}{'members':>8}{'wall s':>9}{'worm-seconds per s':>20}")
    rates = {}
    for name, count, run, repeats in rows:
        wall = median_time(run, repeats)
        rates[name] = count * arguments.seconds / wall
        print(f"{name:<28}{count:>8}{wall:>9.2f}{rates[name]:>20.0f}")
    print(f"\ntogether / one after the other: {rates[rows[1][0]] / rates[rows[0][0]]:.2f}")


if __name__ == "__main__":
    main()
