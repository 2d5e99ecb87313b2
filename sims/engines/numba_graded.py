"""The engine "numba": the compiled second-order step of `isochron.sims.engines.strang`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from isochron.sims.engines.multistep import runs as multistep
from isochron.sims.engines.request import (
    DivergenceError,
    EngineRequest,
    diverged,
    raise_if_diverged,
)
from isochron.sims.engines.strang import Pattern, StepInputs, build_kernel, find_pattern
from isochron.sims.engines.strang_lanes import (
    LANES,
    advance_lanes,
    compile_lanes,
    side_by_side,
)
from isochron.sims.engines.strang_rows import advance
from isochron.sims.engines.strang_rows import build_kernel as build_one

BLOCK_STEPS = 512  # number of steps for which changing currents are computed at a time
BLOCK_SIZE = 2**20  # steps times neurons of a block under a steady input: less than a second


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    if request.method == "multistep":
        return multistep.run(request)
    network, step = request.network, request.step_ms
    kernel = build_one(network.parameters, network.laplacian, network.synapses, network.reversal)
    state = np.array(request.initial_state, dtype=float)
    no_tangents = np.empty((state.size, 0))
    states = np.empty((request.n_samples, state.size))
    states[0] = state
    found = request.progress.resume(request, states)
    state[:] = found.get("state", state)
    # Blocks end where a sample is taken.
    steps = BLOCK_SIZE // network.n_neurons if request.steady else BLOCK_STEPS
    block = request.every * max(1, steps // request.every)
    for first in range(int(found.get("n_steps", 0)), request.n_steps, block):
        count = min(block, request.n_steps - first)
        middles = (first + np.arange(1 if request.steady else count) + 0.5) * step
        thresholds = request.thresholds(middles[:1] if request.steady_thresholds else middles)
        samples = states[1 + first // request.every :][: count // request.every]
        inputs = StepInputs(
            np.ascontiguousarray(thresholds), request.currents(middles), start=0, step=step
        )
        taken = advance(kernel, state, no_tangents, inputs, count, request.every, samples)
        if taken < count or not np.isfinite(state).all():
            written = states[: 1 + (first + min(taken + 1, count)) // request.every]
            raise_if_diverged(request, written)
            neurons = diverged(network.connectome.neurons, written[-1], state)
            raise DivergenceError(
                f"The simulation is not finite after {(first + count) * step:g} ms at a step of "
                f"{step:g} ms, in {neurons}."
            )
        done = first + count
        request.progress.update(states, 1 + done // request.every, state=state, n_steps=done)
    return states


def run_many(
    requests: Sequence[EngineRequest], *, workers: int = 1, dtype: str = "float64"
) -> np.ndarray:
    """States of runs with the same step and length; shape (n_members, n_samples, 2 n_neurons).

    `LANES` members are advanced together in a thread. A member that does not stay finite
    continues as NaN.
    """
    if requests[0].method == "multistep":
        return multistep.run_many(requests, workers=workers, dtype=dtype)
    compile_lanes()
    # Members often share a connectome; each is used once.
    unique = {id(r.network.connectome): r.network for r in requests}.values()
    pattern = find_pattern(
        np.any([network.laplacian for network in unique], axis=0),
        np.any([network.synapses for network in unique], axis=0),
    )
    groups = [requests[i : i + LANES] for i in range(0, len(requests), LANES)]
    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(lambda group: _run_group(group, pattern), groups)))


def _run_group(members: Sequence[EngineRequest], pattern: Pattern) -> np.ndarray:
    one = members[0]
    filled = [*members, *[members[-1]] * (LANES - len(members))]
    kernels = [
        build_kernel(n.parameters, n.laplacian, n.synapses, n.reversal, pattern)
        for n in (member.network for member in filled)
    ]
    lanes = side_by_side(kernels)
    state = np.stack([member.initial_state for member in filled], axis=-1).astype(float)
    states = np.empty((one.n_samples, *state.shape))
    states[0] = state
    steady = all(member.steady for member in members)
    still = all(member.steady_thresholds for member in members)
    block = one.every * max(1, BLOCK_STEPS // LANES // one.every)
    block = max(1, one.n_steps) if steady else block
    for first in range(0, one.n_steps, block):
        count = min(block, one.n_steps - first)
        middles = (first + np.arange(1 if steady else count) + 0.5) * one.step_ms
        currents = np.stack([member.currents(middles) for member in filled], axis=-1)
        times = middles[:1] if still else middles
        thresholds = np.stack([member.thresholds(times) for member in filled], axis=-1)
        samples = states[1 + first // one.every :][: count // one.every]
        advance_lanes(lanes, state, thresholds, currents, count, one.step_ms, one.every, samples)
    return np.moveaxis(states, -1, 0)[: len(members)]
