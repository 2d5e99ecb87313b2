"""The engine "torch": the second-order step of `strang` for a batch of worms, differentiable.

The members of a batch may differ in everything but their number of neurons: constants,
weights, input, thresholds, initial state. Inside, arrays have neurons first and members
last. On a GPU the order of sums over synapses is not fixed, so that the last bits may differ
from run to run, unless ``torch.use_deterministic_algorithms(True)`` is set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from isochron.sims.engines.elimination import plan_elimination
from isochron.sims.engines.request import EngineRequest, raise_if_diverged
from isochron.sims.engines.torch_solve import SparseSolver, plan_dense
from isochron.sims.graded import GradedNetwork

DENSE_NEURONS = 64  # up to this number, one dense factorization is twice as fast
BLOCK_BYTES = 64 * 2**20  # size of changing currents that are computed at a time

Tensor = torch.Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchParameters:
    """Constants of the members of a batch. Any of them may require gradients.

    Each constant has shape (n_members,) or (1,); units as in `GradedParameters`. `contacts`
    and `gap_contacts` are counts for each connection, shape (n_connections, n_members or 1);
    a connectome mask multiplies them.
    """

    capacitance: Tensor
    leak_conductance: Tensor
    leak_reversal: Tensor
    gap_conductance: Tensor
    synaptic_conductance: Tensor
    excitatory_reversal: Tensor
    inhibitory_reversal: Tensor
    activation_rate: Tensor
    decay_rate: Tensor
    steepness: Tensor
    contacts: Tensor
    gap_contacts: Tensor


class GradedBatch:
    """Graded networks over the same neurons, advanced together.

    Parameters
    ----------
    networks : sequence of GradedNetwork
        Members; they may differ in parameters and in connections.
    device : torch.device or str
        Device of all tensors.
    dtype : torch.dtype
        Data type, float64 or float32.

    Attributes
    ----------
    parameters : BatchParameters
        Constants of the networks. `step` and `thresholds` accept others in their place.
    post, pre : Tensor, shape (n_connections,)
        Postsynaptic and presynaptic neuron of each of `contacts`.
    signed_contacts : Tensor, shape (n_connections, n_members or 1)
        Counts of `contacts` of the networks, negative for inhibitory synapses.
    gap_first, gap_second : Tensor, shape (n_connections,)
        The two neurons of each of `gap_contacts`.
    """

    def __init__(
        self,
        networks: Sequence[GradedNetwork],
        *,
        device: Any = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.n_neurons = networks[0].n_neurons
        self.device, self.dtype = torch.device(device), dtype
        # Members often share a connectome; each is used once.
        unique = {id(network.connectome): network for network in networks}
        which = [list(unique).index(id(network.connectome)) for network in networks]
        chemical = np.stack([_signed(network) for network in unique.values()])
        gap = np.stack([np.triu(network.connectome.gap, 1) for network in unique.values()])
        post, pre = np.nonzero(chemical.any(axis=0))
        first, second = np.nonzero(gap.any(axis=0))
        self.post, self.pre = self._index(post), self._index(pre)
        make_plan = plan_dense if self.n_neurons <= DENSE_NEURONS else plan_elimination
        plan = make_plan(self.n_neurons, first, second)
        self._solver = SparseSolver(plan, first, second, self.device)
        self.gap_first, self.gap_second = self._solver.first, self._solver.second
        signed = chemical[:, post, pre].T
        columns = [0] if len(unique) == 1 else which
        self.signed_contacts = self._tensor(signed[:, columns])
        self._inhibitory = self._tensor((signed < 0)[:, columns])
        self.parameters = BatchParameters(
            **{
                item.name: self._shared(networks, item.name)
                for item in fields(BatchParameters)
                if item.name not in ("contacts", "gap_contacts")
            },
            contacts=self._tensor(np.abs(signed)[:, columns]),
            gap_contacts=self._tensor(gap[:, first, second].T[:, columns]),
        )

    def thresholds(self, current: Tensor, parameters: BatchParameters | None = None) -> Tensor:
        """Vth under constant currents; both of shape (n_neurons, n_members), pA and mV."""
        p = self.parameters if parameters is None else parameters
        s = p.activation_rate / (p.activation_rate + 2 * p.decay_rate)
        resting = s.expand(current.shape[1]).expand(self.n_neurons, -1)
        conductance, pull = self._synaptic_sums(p, resting)
        right = p.leak_conductance * p.leak_reversal + pull + current
        return self._solve(p, p.leak_conductance + conductance, right)

    def step(
        self,
        state: tuple[Tensor, Tensor],
        current: Tensor,
        thresholds: Tensor,
        step_ms: float | Tensor,
        parameters: BatchParameters | None = None,
    ) -> tuple[Tensor, Tensor]:
        """One step of potentials and activations, each of shape (n_neurons, n_members).

        Parameters
        ----------
        state : pair of Tensor, each of shape (n_neurons, n_members)
            Potentials in mV, and activations.
        current, thresholds : Tensor, shape (n_neurons, n_members or 1)
            Values in the middle of the step; pA, mV.
        step_ms : float or Tensor
            Time step; a tensor may require its gradient.
        parameters : BatchParameters, optional
            Constants in place of those of the networks.
        """
        p = self.parameters if parameters is None else parameters
        v, s = state
        s = self._relax(p, v, s, thresholds, 0.5 * step_ms)
        conductance, pull = self._synaptic_sums(p, s)
        inertia = 2 * p.capacitance / step_ms
        right = inertia * v + p.leak_conductance * p.leak_reversal + pull + current
        v = 2 * self._solve(p, inertia + p.leak_conductance + conductance, right) - v
        return v, self._relax(p, v, s, thresholds, 0.5 * step_ms)

    def _relax(self, p, v, s, thresholds, duration):
        opening = p.activation_rate * torch.sigmoid(p.steepness * (v - thresholds))
        rate = opening + p.decay_rate
        target = opening / rate
        return target + torch.exp(-rate * duration) * (s - target)

    def _synaptic_sums(self, p: BatchParameters, s: Tensor) -> tuple[Tensor, Tensor]:
        """Conductance into each neuron (nS), and the current that it drives towards 0 mV (pA)."""
        opened = p.synaptic_conductance * p.contacts * s[self.pre]
        total = torch.zeros_like(s).index_add(0, self.post, opened)
        closed = torch.zeros_like(s).index_add(0, self.post, opened * self._inhibitory)
        pull = p.excitatory_reversal * (total - closed) + p.inhibitory_reversal * closed
        return total, pull

    def _solve(self, p: BatchParameters, diagonal: Tensor, right: Tensor) -> Tensor:
        gap = p.gap_conductance * p.gap_contacts
        per_neuron = gap.new_zeros((self.n_neurons, gap.shape[1]))
        per_neuron = per_neuron.index_add(0, self._solver.first, gap)
        per_neuron = per_neuron.index_add(0, self._solver.second, gap)
        return self._solver.solve((diagonal + per_neuron).expand_as(right), -gap, right)

    def _index(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, dtype=torch.int64, device=self.device)

    def _tensor(self, array: Any) -> Tensor:
        return torch.as_tensor(np.array(array), dtype=self.dtype, device=self.device)

    def _shared(self, networks: Sequence[GradedNetwork], name: str) -> Tensor:
        values = [getattr(network.parameters, name) for network in networks]
        return self._tensor(values[:1] if len(set(values)) == 1 else values)


def _signed(network: GradedNetwork) -> np.ndarray:
    signs = network.connectome.signs
    return (
        np.zeros_like(network.connectome.chemical)
        if signs is None
        else (network.connectome.chemical * signs.astype(float))
    )


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    (states,) = run_many([request])
    raise_if_diverged(request, states)
    return states


@torch.no_grad()
def run_many(
    requests: Sequence[EngineRequest],
    *,
    device: Any = "cpu",
    dtype: torch.dtype = torch.float64,
) -> np.ndarray:
    """States of runs with the same step and length; shape (n_members, n_samples, 2 n_neurons).

    A member that does not stay finite continues as NaN.
    """
    one = requests[0]
    batch = GradedBatch([r.network for r in requests], device=device, dtype=dtype)
    start = np.stack([r.initial_state for r in requests], axis=1)
    v, s = batch._tensor(start[: batch.n_neurons]), batch._tensor(start[batch.n_neurons :])
    states = np.empty((one.n_samples, *start.shape), dtype=np.float64)
    states[0] = start
    steady = all(r.steady for r in requests)
    block = max(1, BLOCK_BYTES // (16 * start.size))
    for first in range(0, one.n_steps, one.n_steps if steady else block):
        count = one.n_steps if steady else min(block, one.n_steps - first)
        middles = (first + np.arange(1 if steady else count) + 0.5) * one.step_ms
        current = batch._tensor(np.stack([r.currents(middles) for r in requests], axis=-1))
        still = all(r.steady_thresholds for r in requests)
        moving = [r.thresholds(middles[:1] if still else middles) for r in requests]
        thresholds = batch._tensor(np.stack(moving, axis=-1))
        for i in range(count):
            v, s = batch.step(
                (v, s), current[i % len(current)], thresholds[i % len(thresholds)], one.step_ms
            )
            taken = first + i + 1
            if taken % one.every == 0:
                states[taken // one.every] = torch.cat([v, s]).cpu().numpy()
    return np.moveaxis(states, -1, 0)
