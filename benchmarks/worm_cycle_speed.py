"""The worm's limit cycle: Newton-Krylov against relaxation by simulation to the same residual.

python benchmarks/worm_cycle_speed.py

Both start from the same state, 8 s after a random one, and continue until the return error of
one period is 1e-9 of the size of the orbit. Relaxation is given the period, which it would have to
find; only its steps are counted. Its duration follows from the leading multiplier, 0.8966:
ln 1e-9 / ln 0.8966 = 190 periods from an error of 1. Times are of the process, one thread, medians
of three runs.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import statistics
import time
from typing import Any

import numpy as np

from isochron import analysis, connectome, sims

TOLERANCE, STEP_MS, LEAD_MS = 1e-9, 8.0, 8000.0


def timed(function: Any, repeats: int = 3) -> tuple[float, Any]:
    """Median CPU seconds of several runs, and the last result."""
    times, result = [], None
    for _ in range(repeats):
        began = time.process_time()
        result = function()
        times.append(time.process_time() - began)
    return statistics.median(times), result


def relax(system, start, cycle, max_periods=1000):
    """Number of simulated periods until the return error is small."""
    n_steps = len(cycle.states) - 1
    system = system.with_step(cycle.period / n_steps)
    size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
    state = start
    for count in range(1, max_periods + 1):
        last, state = state, system.advance(state, n_steps)
        if np.linalg.norm(state - last) < TOLERANCE * size:
            return count
    raise ArithmeticError(f"The return error is above {TOLERANCE:g} after {max_periods} periods.")


def compare(name, system, start):
    """Print both times; the cycle, the periods of relaxation, and the time of the search."""

    def search(n_multipliers):
        return analysis.find_limit_cycle(
            system,
            start,
            max_period=5000,
            control=analysis.ShootingControl(tolerance=TOLERANCE, n_multipliers=n_multipliers),
        )

    newton, cycle = timed(lambda: search(0))
    proof, _ = timed(lambda: search(6))
    relaxation, n_periods = timed(lambda: relax(system, start, cycle))
    print(f"{name}: period {cycle.period:.6f} ms, residual {cycle.residual:.0e}")
    print(f"  Newton-Krylov {newton:.2f} s, with six multipliers and checks {proof:.2f} s")
    print(f"  relaxation {relaxation:.2f} s, {n_periods} periods: {relaxation / newton:.2f} times")
    return cycle, n_periods, newton


def main():
    """Both searches, and what a period of the stiff equations costs."""
    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    field = worm.field_under(touch)
    steps = sims.GradedMap(worm, touch, step_ms=STEP_MS)
    start = worm.random_state(touch, np.random.default_rng(0))
    start = steps.advance(start, round(LEAD_MS / STEP_MS))
    steps.advance(start, 1, tangents=np.eye(558)[:, :1])  # compiles
    for name, system in (
        ("compiled map", steps),
        ("extrapolated map", analysis.ExtrapolatedMap(steps)),
    ):

        def search(n_multipliers, system=system):
            return analysis.find_limit_cycle(
                system,
                start,
                max_period=5000,
                control=analysis.ShootingControl(tolerance=TOLERANCE, n_multipliers=n_multipliers),
            )

        newton, cycle = timed(lambda: search(0))
        proof, _ = timed(lambda: search(6))
        relaxation, n_periods = timed(
            lambda system=system, cycle=cycle: relax(system, start, cycle)
        )
        print(f"{name}: period {cycle.period:.6f} ms, residual {cycle.residual:.0e}")
        print(f"  Newton-Krylov {newton:.2f} s, with six multipliers and checks {proof:.2f} s")
        print(
            f"  relaxation {relaxation:.2f} s, {n_periods} periods: {relaxation / newton:.2f} times"
        )
    one, _ = timed(lambda: analysis.flow(field, cycle.point, cycle.period), 1)
    print(f"relaxation of the stiff equations (Radau, rtol 1e-9): {one:.2f} s a period,")
    print(f"  {n_periods * one:.0f} s in all: {n_periods * one / newton:.0f} times the last search")


if __name__ == "__main__":
    main()
