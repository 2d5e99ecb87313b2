"""The neuron that is emulated: its circuit, and trials of it under noise currents."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.tasks import Trials
from isochron.ann_bridge.tasks.references import autoregressive
from isochron.ann_bridge.tasks.task import check_batch
from isochron.runs.datasets import open_connectome
from isochron.sims import GradedNetwork, RMDNeuron, Stimulus
from isochron.sims.engines.torch_graded import GradedBatch
from isochron.sims.rmd import VARIABLES
from isochron.studies.twin.configuration import GRADED, NeuronSection

LONGEST_STEP_MS = 5.0  # of the simulation; its error is of second order
RMD_STEP_MS = 0.4  # 1 - R² is 4e-6 against steps of 0.04 ms
SCALE_TRIALS, SCALE_SEED = 128, 0  # trials that set the unit of the output


@dataclass(frozen=True)
class Circuit:
    """A neuron and the presynaptic neurons that receive currents.

    Attributes
    ----------
    network : GradedNetwork
        With the connections onto the neuron, and no others.
    neuron : int
        Index of the neuron.
    presynaptic : tuple of int
        Indices of the others, the one with the most contacts first.
    """

    network: GradedNetwork
    neuron: int
    presynaptic: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the presynaptic neurons."""
        neurons = self.network.connectome.neurons
        return tuple(neurons[k] for k in self.presynaptic)

    @property
    def contacts(self) -> tuple[int, ...]:
        """Numbers of their contacts, negative for inhibitory ones."""
        graph = self.network.connectome
        signed = graph.chemical * np.asarray(graph.signs)
        return tuple(int(signed[self.neuron, k]) for k in self.presynaptic)

    @property
    def n_variables(self) -> int:
        """Number of variables that the potential of the neuron depends on."""
        return 1 + 2 * len(self.presynaptic)


@lru_cache(maxsize=8)
def find_circuit(dataset: str, neuron: str, n_presynaptic: int) -> Circuit:
    """The neuron and its presynaptic neurons with the most contacts, without anything else.

    Raises
    ------
    ValueError
        If the neuron is not in the connectome, or has fewer presynaptic neurons.
    """
    graph = GradedNetwork(open_connectome(dataset)).connectome  # signed
    at = int(graph.index([neuron])[0])
    contacts = np.where(np.asarray(graph.signs)[at] != 0, graph.chemical[at], 0)
    contacts[at] = 0
    found = int(np.count_nonzero(contacts))
    if found < n_presynaptic:
        raise ValueError(
            f"n_presynaptic must be at most {found}, the number of presynaptic neurons of {neuron} "
            f"in {graph.name}, got {n_presynaptic}."
        )
    chosen = np.argsort(-contacts, kind="stable")[:n_presynaptic]
    names = [graph.neurons[k] for k in chosen]
    small = graph.subset(neuron, *names)
    onto = np.zeros_like(small.chemical, dtype=bool)
    place = int(small.index([neuron])[0])
    onto[place, small.index(names)] = True
    alone = small.changed(
        f"only the connections onto {neuron}",
        chemical=small.chemical * onto,
        gap=np.zeros_like(small.gap),
        signs=np.asarray(small.signs) * onto,
    )
    return Circuit(GradedNetwork(alone), place, tuple(int(k) for k in small.index(names)))


def noise(p: NeuronSection, n_trials: int, generator: torch.Generator) -> Tensor:
    """Currents in units of their standard deviation, shape (n_steps, n_trials, n_currents).

    Each is the sum of stationary Ornstein-Uhlenbeck processes with equal variances, one for each
    correlation time, sampled at the start of the steps.
    """
    n_steps, n = round(p.duration_ms / p.step_ms), n_trials * p.n_currents
    parts = [
        autoregressive((n_steps, n), math.exp(-p.step_ms / time), generator)
        for time in p.correlation_ms
    ]
    summed = torch.stack(parts).sum(dim=0) / math.sqrt(len(parts))
    return summed.reshape(n_steps, n_trials, p.n_currents)


@torch.no_grad()
def respond(circuit: Circuit, currents: Tensor, step_ms: float) -> Tensor:
    """Potential of the neuron minus its threshold after each step, in mV.

    All thresholds are those without currents, and do not move with them. Trials start at rest.

    Parameters
    ----------
    circuit : Circuit
    currents : Tensor, shape (n_steps, n_trials, n_presynaptic)
        Currents into the presynaptic neurons, in pA, constant during a step.
    step_ms : float
        Time step, in ms; it is divided into steps of at most 5 ms.

    Returns
    -------
    Tensor, shape (n_steps, n_trials)
        float64.
    """
    batch, n_trials = GradedBatch([circuit.network]), currents.shape[1]
    substeps = math.ceil(step_ms / LONGEST_STEP_MS)
    into = torch.zeros(batch.n_neurons, n_trials, dtype=batch.dtype)
    thresholds = batch.thresholds(into[:, :1])
    resting = circuit.network.parameters.equilibrium_activation
    state = thresholds.expand_as(into), torch.full_like(into, resting)
    potentials = []
    for given in currents.to(batch.dtype):
        into[list(circuit.presynaptic)] = given.T
        for _ in range(substeps):
            state = batch.step(state, into, thresholds, step_ms / substeps)
        potentials.append(state[0][circuit.neuron] - thresholds[circuit.neuron])
    return torch.stack(potentials)


def describe_neuron(p: NeuronSection) -> dict[str, Any]:
    """Facts of the neuron, as fields of `NeuronRow`.

    Raises
    ------
    ValueError
        As of `find_circuit`.
    """
    if p.model == GRADED:
        circuit = find_circuit(p.dataset, p.neuron, p.n_presynaptic)
        return {
            "name": p.neuron,
            "presynaptic": circuit.names,
            "contacts": circuit.contacts,
            "n_variables": circuit.n_variables,
            "rest_mV": float(circuit.network.equilibrium(Stimulus())[circuit.neuron]),
            "threshold_mV": None,
        }
    rest, *others = RMDNeuron().equilibria()
    return {
        "name": "RMD",
        "presynaptic": (),
        "contacts": (),
        "n_variables": len(VARIABLES),
        "rest_mV": float(rest),
        "threshold_mV": float(others[0]),
    }


def respond_of(p: NeuronSection, currents: Tensor) -> Tensor:
    """Potential of the neuron of a model minus its potential at rest after each step, in mV.

    Parameters
    ----------
    p : NeuronSection
    currents : Tensor, shape (n_steps, n_trials, n_currents)
        In units of their standard deviation, constant during a step.

    Returns
    -------
    Tensor, shape (n_steps, n_trials)
        float64.
    """
    in_pA = p.deviation_pA * currents
    if p.model == GRADED:
        return respond(find_circuit(p.dataset, p.neuron, p.n_presynaptic), in_pA, p.step_ms)
    neuron = RMDNeuron()
    currents_pA = in_pA[..., 0].double().numpy()
    potentials = neuron.respond(currents_pA, p.step_ms, longest_step_ms=RMD_STEP_MS)
    return torch.from_numpy(potentials - neuron.resting_state()[0])


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of the output in mV, on trials that no network sees."""

    mean_mV: float
    deviation_mV: float


@lru_cache(maxsize=8)
def find_scale(p: NeuronSection) -> Scale:
    """Unit of the output: it has mean 0 and variance 1 over the steps that count."""
    generator = torch.Generator().manual_seed(SCALE_SEED)
    potentials = respond_of(p, noise(p, SCALE_TRIALS, generator))[_washout(p) :]
    return Scale(potentials.mean().item(), potentials.std().item())


def threshold_of(p: NeuronSection) -> float | None:
    """The unstable equilibrium of a neuron with two stable ones, in units of `find_scale`."""
    found, scale = describe_neuron(p), find_scale(p)
    if found["threshold_mV"] is None:
        return None
    return (found["threshold_mV"] - found["rest_mV"] - scale.mean_mV) / scale.deviation_mV


def _washout(p: NeuronSection) -> int:
    return round(p.washout_ms / p.step_ms)


@dataclass(frozen=True, kw_only=True)
class NeuronTrials:
    """A task: the potential of a neuron from the currents, in trials that are drawn once.

    Inputs are the currents, in units of their standard deviation, and a constant 1; the output is
    the potential of the neuron minus that at rest, in units of `find_scale`.

    Attributes
    ----------
    neuron : NeuronSection
    seed : int
        Seed of the trials. Two tasks with different seeds do not share a trial.
    """

    neuron: NeuronSection
    seed: int
    n_outputs: int = 1

    @property
    def n_inputs(self) -> int:
        """Number of inputs: the currents and a constant."""
        return self.neuron.n_currents + 1

    @property
    def n_steps(self) -> int:
        """Number of time steps in a trial."""
        return round(self.neuron.duration_ms / self.step_ms)

    @property
    def step_ms(self) -> float:
        """Time step, in ms."""
        return self.neuron.step_ms

    @property
    def chance(self) -> float:
        """Loss of the best constant output: the variance of the targets in all trials."""
        trials = self.trials
        return trials.targets[trials.mask > 0].double().var(correction=0).item()

    @property
    def trials(self) -> Trials:
        """All trials."""
        return _draw_trials(self.neuron, self.seed)

    def sample(self, batch_size: int, generator: torch.Generator) -> Trials:
        """Choose trials at random, with replacement.

        Parameters
        ----------
        batch_size : int
            Number of trials, at least 1.
        generator : torch.Generator
            Source of randomness.

        Returns
        -------
        Trials
            float32.

        Raises
        ------
        ValueError
            If `batch_size` is not positive.
        """
        check_batch(self, batch_size, generator)
        chosen = torch.randint(self.neuron.n_trials, (batch_size,), generator=generator)
        return Trials(*(part[:, chosen] for part in self.trials))


@lru_cache(maxsize=4)
def _draw_trials(p: NeuronSection, seed: int) -> Trials:
    generator = torch.Generator().manual_seed(seed)
    currents, scale = noise(p, p.n_trials, generator), find_scale(p)
    potentials = respond_of(p, currents)
    inputs = torch.cat([currents, torch.ones_like(currents[..., :1])], dim=2)
    targets = ((potentials - scale.mean_mV) / scale.deviation_mV).float()
    mask = torch.ones_like(targets)
    mask[: _washout(p)] = 0
    return Trials(inputs, targets, mask)
