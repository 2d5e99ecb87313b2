"""Sixty seconds of the worm: the compiled engine against SciPy, and the cost of loading.

python benchmarks/worm_speed.py

Both integrate the same equations from the same state at PLM 2000 pA, one thread. The error
is that of the period, against the limit cycle found by shooting at rtol 1e-9.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import subprocess
import sys
import time
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from isochron import analysis, connectome, sims

SECONDS = 60.0
NEURON = "VB5"


def mean_period(times, signal):
    """Mean time between upward crossings of the mean, over the last half."""
    late = times > times[-1] / 2
    times, signal = times[late], signal[late] - signal[late].mean()
    k = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    crossings = times[k] - signal[k] * (times[k + 1] - times[k]) / (signal[k + 1] - signal[k])
    return np.diff(crossings).mean()


def best(function, repeats: int) -> tuple[float, Any]:
    """Shortest time of several runs, and the last result."""
    times, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - began)
    return min(times), result


def fresh(code):
    """Shortest time of a fresh process."""
    return best(lambda: subprocess.run([sys.executable, "-c", code], check=True), 7)[0]


def main():
    """Print the table."""
    network = sims.GradedNetwork(connectome.load("varshney2011"))
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    field = network.field_under(stimulus)
    settled = sims.simulate(
        network, stimulus, duration_s=120, step_ms=2, rng=np.random.default_rng(0)
    )
    start = sims.state_vector(settled.isel(time=-1))
    cycle = analysis.find_limit_cycle(field, start, max_period=5000, n_multipliers=0)
    neuron = network.wiring.index([NEURON])[0]
    print(f"period by shooting: {cycle.period:.4f} ms, closure {cycle.residual:.1e}\n")
    print(f"{'60 simulated seconds':<34}{'wall s':>8}{'sim s/s':>9}{'period error':>14}")

    rows = []
    for step in (2.0, 4.0, 8.0):

        def engine(step=step):
            return sims.simulate(
                network, stimulus, duration_s=SECONDS, step_ms=step, record_every_ms=8,
                initial_state=cycle.point,
            )  # fmt: skip

        wall, run = best(engine, 3)
        period = mean_period(run.time.values, run.V.values[:, neuron])
        rows.append((f"compiled engine, step {step:g} ms", wall, period))
    for rtol in (1e-3, 1e-5):

        def peer(rtol=rtol):
            return solve_ivp(
                field, (0, 1e3 * SECONDS), cycle.point, method="BDF", jac=field.jacobian,
                rtol=rtol, atol=rtol * 1e-2, t_eval=np.arange(0, 1e3 * SECONDS, 8.0),
            )  # fmt: skip

        wall, run = best(peer, 1)
        rows.append(
            (f"SciPy BDF, Jacobian, rtol {rtol:g}", wall, mean_period(run.t, run.y[neuron]))
        )
    for name, wall, period in rows:
        error = abs(period / cycle.period - 1)
        print(f"{name:<34}{wall:>8.2f}{SECONDS / wall:>9.0f}{error:>14.1e}")
    print(f"\nratio BDF (rtol 1e-5) / engine (8 ms): {rows[-1][1] / rows[2][1]:.1f}")

    bare = fresh("import numpy")
    loaded = fresh("from isochron import connectome; connectome.load('varshney2011')")
    shown = fresh("import sys; from isochron.cli import main; sys.stdout = None; main(['--help'])")
    print(f"\nfresh process: import numpy {bare:.3f} s, load varshney2011 {loaded:.3f} s, ", end="")
    print(f"isochron --help {shown:.3f} s")


if __name__ == "__main__":
    main()
