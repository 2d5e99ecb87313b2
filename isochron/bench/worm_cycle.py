"""The limit cycle of the worm: Newton-Krylov, and simulation until it has converged."""

from typing import Any

import numpy as np

from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Stopwatch

TOLERANCE, STEP_MS, LEAD_MS = 1e-9, 8.0, 8000.0


def measure_cycle(watch: Stopwatch, *, step_ms: float = STEP_MS) -> Measurement:
    """Both from 8 s after a random state, until the return error is 1e-9 of the orbit's size.

    Relaxation is given the period, which it would have to find; only its steps are counted.
    """
    from isochron import analysis, connectome, sims

    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    steps = sims.GradedMap(worm, touch, step_ms=step_ms)
    start = worm.random_state(touch, np.random.default_rng(0))
    start = steps.advance(start, round(LEAD_MS / step_ms))
    steps.advance(start, 1, tangents=np.eye(start.size)[:, :1])  # compiles
    system = analysis.ExtrapolatedMap(steps)
    control = analysis.ShootingControl(tolerance=TOLERANCE, n_multipliers=6)

    def search() -> Any:
        return analysis.find_limit_cycle(system, start, max_period=5000, control=control)

    cycle = search()
    ours, peer = watch.take_turns(
        search, lambda: count_periods(system, start, cycle), turns=2, warm=0
    )
    return Measurement(
        seconds=ours,
        peers=(Peer(name="simulation by the same map until it has converged", seconds=peer),),
        note=f"period {cycle.period:.4f} ms, return error {cycle.residual:.0e}, six multipliers",
    )


def count_periods(system: Any, start: np.ndarray, cycle: Any, max_periods: int = 1000) -> int:
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
