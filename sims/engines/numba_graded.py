"""The engine "numba": the compiled second-order step of `isochron.sims.engines.strang`."""

import numpy as np

from isochron.sims.engines.request import DivergenceError, EngineRequest
from isochron.sims.engines.strang import advance, build_kernel

METHODS = ("strang",)
BLOCK_STEPS = 512  # changing currents are made for so many steps at a time


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    network, step = request.network, request.step_ms
    kernel = build_kernel(network.parameters, network.laplacian, network.synapses, network.reversal)
    state = np.array(request.initial_state, dtype=float)
    no_tangents = np.empty((state.size, 0))
    states = np.empty((request.n_samples, state.size))
    states[0] = state
    # Blocks end where a sample is taken.
    block = request.every * max(1, BLOCK_STEPS // request.every)
    if request.steady:
        block = max(1, request.n_steps)
    for first in range(0, request.n_steps, block):
        count = min(block, request.n_steps - first)
        middles = (first + np.arange(1 if request.steady else count) + 0.5) * step
        thresholds = request.thresholds(middles[:1] if request.steady_thresholds else middles)
        samples = states[1 + first // request.every :][: count // request.every]
        taken = advance(
            kernel, state, no_tangents, np.ascontiguousarray(thresholds),
            request.currents(middles), 0, count, step, request.every, samples,
        )  # fmt: skip
        if taken < count or not np.isfinite(state).all():
            raise DivergenceError(
                f"The simulation is not finite after {(first + taken) * step:g} ms at a step of "
                f"{step:g} ms."
            )
    return states
