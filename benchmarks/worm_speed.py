"""Sixty seconds of the worm by every engine that is installed, and what a step costs.

python benchmarks/worm_speed.py

All integrate the same equations from the same state at PLM 2000 pA, one thread, in one run.
Times are medians after a first call, so compilation is not in them; the first call is given
for the compiled engine. The error is that of the period, against the limit cycle found by
shooting at rtol 1e-9. Brian2 and jNeuroML run a few seconds or less and are scaled.

A step of Strang's method on varshney2011 (279 neurons, 2194 synapses, 1074 entries of the factor)
-----------------------------------------------------------------------------------------
                        operations                                    bytes
relaxation of s   558 exponentials, 558 divisions, 2 500 others     11 000
synaptic sums     4 × 2194 = 8 800                                  2194 × 20 = 44 000
factor            3848 products and 1074 divisions, twice: 9 800    3848 × 12 + 1074 × 28 = 76 000
solution          4 × 1074 + 279 divisions = 4 600                  1074 × 24 = 26 000

In all 26 000 operations, 840 of them divisions and 560 exponentials that take some 15 and
20 cycles, and 160 kB, from the second cache at 32 bytes a cycle 5 000 cycles. One operation
a cycle would be 26 000 + 12 000 + 11 000 cycles, 16 µs at 3 GHz; the kernel needs about
that. What it leaves on the table is the width of the vector instructions, as the sums and
products go through indices: `sims.simulate_many` fills it with other worms.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from isochron import analysis, connectome, sims
from isochron.bench.worm import mean_period

SECONDS = 60.0
NEURON = "VB5"
SLOW_ENGINES = {"brian2": (0.1, 4.0), "jneuroml": (0.1, 0.2)}  # step in ms, seconds to run


def timed(function, repeats: int) -> tuple[float, Any]:
    """Median time of several runs, and the last result."""
    times, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
    return statistics.median(times), result


def fresh(code):
    """Median time of a fresh process."""
    return timed(lambda: subprocess.run([sys.executable, "-c", code], check=True), 7)[0]


def slow_rows(network, stimulus, start):
    """Wall seconds of engines that take minutes, scaled from short runs."""
    for engine, (step, seconds) in SLOW_ENGINES.items():

        def run(duration_s, engine=engine, step=step):
            return sims.simulate(
                network, stimulus, engine=engine, duration_s=duration_s, step_ms=step,
                record_every_ms=10, initial_state=start,
            )  # fmt: skip

        try:
            run(0.01)  # compiles
            short, _ = timed(lambda run=run, s=seconds: run(s / 2), 3)
            long, _ = timed(lambda run=run, s=seconds: run(s), 3)
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{engine}: not measured: {str(error).splitlines()[0]}")
            continue
        # The difference leaves the start of the engine out.
        yield f"{engine}, step {step:g} ms (scaled)", (long - short) / (seconds / 2) * SECONDS


def main():
    """Print the table."""
    network = sims.GradedNetwork(connectome.load("varshney2011"))
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    field = network.field_under(stimulus)
    first, settled = timed(
        lambda: sims.simulate(
            network, stimulus, duration_s=120, step_ms=2, record_every_ms=1000,
            rng=np.random.default_rng(0),
        ),
        1,
    )  # fmt: skip
    print(f"first call, with loading or compilation of the code: {first:.2f} s for 120 s")
    start = sims.state_vector(settled.isel(time=-1))
    cycle = analysis.find_limit_cycle(
        field, start, max_period=5000, control=analysis.ShootingControl(n_multipliers=0)
    )
    neuron = network.connectome.index([NEURON])[0]
    print(f"period by shooting: {cycle.period:.4f} ms, return error {cycle.residual:.1e}\n")
    print(f"{'60 simulated seconds':<34}{'wall s':>8}{'sim s/s':>9}{'period error':>14}")

    rows = []
    methods = [
        *(("strang", step) for step in (2.0, 4.0, 8.0)),
        ("multistep", 16.0),
        ("multistep", 24.0),
    ]
    for method, step in methods:

        def engine(method=method, step=step):
            return sims.simulate(
                network, stimulus, duration_s=SECONDS, method=method, step_ms=step,
                record_every_ms=8, initial_state=cycle.point,
            )  # fmt: skip

        wall, run = timed(engine, 5)
        period = mean_period(run.time.values, run.V.values[:, neuron])
        rows.append((f"numba, {method}, step {step:g} ms", wall, period))
    for rtol in (1e-3, 1e-5):

        def peer(rtol=rtol):
            return solve_ivp(
                field, (0, 1e3 * SECONDS), cycle.point, method="BDF", jac=field.jacobian,
                rtol=rtol, atol=rtol * 1e-2, t_eval=np.arange(0, 1e3 * SECONDS, 8.0),
            )  # fmt: skip

        wall, run = timed(peer, 3)
        period = mean_period(run.t, run.y[neuron])
        rows.append((f"SciPy BDF, Jacobian, rtol {rtol:g}", wall, period))
    for name, wall, period in rows:
        error = abs(period / cycle.period - 1)
        print(f"{name:<34}{wall:>8.2f}{SECONDS / wall:>9.0f}{error:>14.1e}")
    ours = rows[2][1]
    slow = list(slow_rows(network, stimulus, cycle.point))
    for name, wall in slow:
        print(f"{name:<34}{wall:>8.0f}{SECONDS / wall:>9.2g}{'':>14}")
    print(f"\nnumba at 8 ms: {1e6 * ours * 8e-3 / SECONDS:.1f} µs a step; as fast as")
    for name, wall in [(name, wall) for name, wall, _ in rows[len(methods) :]] + slow:
        print(f"  {wall / ours:8.1f} × {name}")

    bare = fresh("import numpy")
    loaded = fresh("from isochron import connectome; connectome.load('varshney2011')")
    shown = fresh("import sys; from isochron.cli import main; sys.stdout = None; main(['--help'])")
    print(f"\nfresh process: import numpy {bare:.3f} s, load varshney2011 {loaded:.3f} s, ", end="")
    print(f"isochron --help {shown:.3f} s")


if __name__ == "__main__":
    main()
