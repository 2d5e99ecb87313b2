"""The engine "triton": ensembles of worms on a GPU, one worm to a lane, many steps in a launch.

The equations, the method and the elimination order are those of the engine "numba"; the kernel is
in `triton_lanes`. Members may differ in everything but their neurons.
"""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

from isochron.devices import require_device
from isochron.extras import import_extra
from isochron.sims.engines.request import EngineRequest, raise_if_diverged
from isochron.sims.engines.strang import find_pattern
from isochron.sims.engines.torch_graded import BLOCK_BYTES, GradedBatch

LANES = 32  # members of a program: one warp
CONSTANTS = (
    "capacitance", "leak_conductance", "leak_reversal", "gap_conductance",
    "synaptic_conductance", "excitatory_reversal", "inhibitory_reversal", "activation_rate",
    "decay_rate", "steepness",
)  # fmt: skip

Tensor = torch.Tensor


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    (states,) = run_many([request], device=require_device("cuda"))
    raise_if_diverged(request, states)
    return states


def run_many(
    requests: Sequence[EngineRequest], *, device: Any, dtype: torch.dtype = torch.float64
) -> np.ndarray:
    """States of runs with the same step and length; shape (n_members, n_samples, 2 n_neurons).

    A member that does not stay finite continues as NaN.

    Raises
    ------
    ValueError
        If the device is not a GPU.
    MemoryError
        If the members do not fit in the free memory of the GPU.
    """
    device = torch.device(device)
    _check_device(device)
    one = requests[0]
    start = np.stack([request.initial_state for request in requests], axis=1)
    worms = _Members(requests, device, dtype)
    state = worms.tensor(start)
    states = np.empty((one.n_samples, *start.shape))
    states[0] = start
    steady = all(request.steady for request in requests)
    still = all(request.steady_thresholds for request in requests)
    # A block ends at a sample, or where the memory for changing input ends.
    longest = one.every if steady else max(1, BLOCK_BYTES // (16 * start.size))
    done, currents, thresholds = 0, state, state  # both are set before the first step
    while done < one.n_steps:
        count = min(one.every - done % one.every, longest, one.n_steps - done)
        middles = (done + np.arange(1 if steady else count) + 0.5) * one.step_ms
        if done == 0 or not steady:
            currents = worms.each(lambda request, t=middles: request.currents(t))
        if done == 0 or not still:
            times = middles[:1] if still else middles
            thresholds = worms.each(lambda request, t=times: request.thresholds(t))
        worms.advance(state, thresholds, currents, count)
        done += count
        if done % one.every == 0:
            states[done // one.every] = state.cpu().numpy()
    return np.moveaxis(states, -1, 0)


def is_interpreted() -> bool:
    """Whether Triton's interpreter runs kernels, on a CPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def _check_device(device: torch.device) -> None:
    if device.type != "cuda" and not is_interpreted():
        raise ValueError(
            "The engine 'triton' runs on a GPU: device='cuda'. On a CPU use engine='numba'."
        )


class _Members:
    """Constants and connections of the members on the device, and memory to work in."""

    def __init__(
        self, requests: Sequence[EngineRequest], device: torch.device, dtype: torch.dtype
    ) -> None:
        networks = [request.network for request in requests]
        self._requests, self._device, self._dtype = requests, device, dtype
        self._n, self._count = networks[0].n_neurons, len(networks)
        # Members often share a connectome; each is used once.
        unique = {id(network.connectome): network for network in networks}.values()
        gap = np.any([np.triu(network.connectome.gap, 1) for network in unique], axis=0)
        synapses = np.any([network.connectome.chemical for network in unique], axis=0)
        pattern = find_pattern(gap | gap.T | np.eye(self._n, dtype=bool), synapses)
        self._n_entries = len(pattern.factor_row)
        self._check_memory(len(unique) > 1, len(pattern.pre))
        batch = GradedBatch(networks, device="cpu", dtype=dtype)
        self._per_member = len(unique) > 1
        values = batch.parameters
        constants = [getattr(values, name).expand(self._count) for name in CONSTANTS]
        self._constants = torch.stack(constants).to(device).contiguous()
        self._step = self.tensor([requests[0].step_ms])
        self._lists = [
            self._index(np.searchsorted(batch.post.numpy(), np.arange(self._n + 1))),
            self._index(batch.pre.numpy()),
            batch.signed_contacts.to(device).contiguous(),
            self._index(pattern.order),
            *self._gap_junctions(batch, pattern),
            self._index(pattern.update_place),
        ]
        rows = 4 * self._n + self._n_entries
        self._work = torch.empty(rows, self._count, dtype=dtype, device=device)

    def _gap_junctions(self, batch: GradedBatch, pattern: Any) -> tuple[Tensor, ...]:
        """Sums of gap junctions, then start, row and weight of the entries of the factor."""
        contacts = batch.parameters.gap_contacts
        ends = batch.gap_first, batch.gap_second
        sums = contacts.new_zeros(self._n, contacts.shape[1])
        for end in ends:
            sums = sums.index_add(0, end, contacts)
        position = np.argsort(pattern.order)
        first, second = (position[end.numpy()] for end in ends)
        entry = {
            (int(row), int(column)): e
            for e, (row, column) in enumerate(
                zip(pattern.factor_row, pattern.factor_column, strict=True)
            )
        }
        low, high = np.minimum(first, second), np.maximum(first, second)
        places = [entry[int(a), int(b)] for a, b in zip(high, low, strict=True)]
        weights = contacts.new_zeros(max(1, self._n_entries), contacts.shape[1])
        weights[places] = contacts
        return (
            sums[pattern.order].to(self._device).contiguous(),
            self._index(pattern.factor_start),
            self._index(pattern.factor_row),
            weights.to(self._device).contiguous(),
        )

    def _check_memory(self, per_member: bool, n_synapses: int) -> None:
        """Compare what the members need with what the GPU has, before any work."""
        if self._device.type != "cuda":
            return
        rows = 8 * self._n + self._n_entries + len(CONSTANTS)
        rows += per_member * (n_synapses + self._n + self._n_entries)
        needed = rows * self._count * self._dtype.itemsize + 2 * BLOCK_BYTES
        free = torch.cuda.mem_get_info(self._device)[0]
        if needed > free:
            raise MemoryError(
                f"{self._count} members need {needed:,} bytes on the GPU, {free:,} are free. Use "
                f"a smaller chunk: chunk={max(1, self._count * free // (2 * needed))}."
            )

    def tensor(self, values: Any) -> Tensor:
        """Numbers on the device."""
        return torch.as_tensor(np.array(values), dtype=self._dtype, device=self._device)

    def _index(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.int32), device=self._device)

    def each(self, values: Any) -> Tensor:
        """Values of every member, shape (n_times, n_neurons, n_members)."""
        return self.tensor(np.stack([values(request) for request in self._requests], axis=-1))

    def advance(self, state: Tensor, thresholds: Tensor, currents: Tensor, n_steps: int) -> None:
        """Take steps in place."""
        kernels = import_extra(
            "isochron.sims.engines.triton_lanes", "The engine 'triton'", "triton"
        )
        advance_members: Any = kernels.advance_members
        lanes = min(LANES, 1 << (self._count - 1).bit_length())
        lanes = lanes if self._device.type == "cpu" else LANES
        here = torch.cuda.device(self._device) if state.is_cuda else nullcontext()
        with here:
            advance_members[(-(-self._count // lanes),)](
                state, self._work, self._constants, thresholds, currents, self._step,
                *self._lists, self._n, self._n_entries, self._count, n_steps,
                len(thresholds), len(currents), self._per_member, LANES=lanes, num_warps=1,
                enable_fp_fusion=True,
            )  # fmt: skip
