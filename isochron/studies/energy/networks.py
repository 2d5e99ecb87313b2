"""Trained networks on the axis of symmetry, and their energy with the reference off."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from isochron import ann_bridge
from isochron.analysis import rate_energy, uphill_share
from isochron.connectome.statistics import symmetry_degree
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.studies.energy.configuration import EnergyConfig
from isochron.studies.energy.results import Energetics, NetworkRow
from isochron.studies.paired_networks import PairedNet, paired_nets

STILL = 1e-6  # of the largest state: change per step of a start that rests
STEADY = 0.9  # of the speed an eighth of the time before: a slower start is on its way to rest


def net_specs(config: EnergyConfig) -> list[PairedNet]:
    """All networks, pair by pair."""
    return paired_nets(config.networks.pairs, config.substrates, config.tasks)


def train_net(config: EnergyConfig, folder: RunPaths, spec: PairedNet, report: Report) -> Any:
    """Train a network, or resume it, and save it; its losses as JSON values."""
    given = spec.configure(config.training.budget)
    training = Training(
        net=build_network(given, spec.seed(config.seed, "weights")),
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=spec.seed(config.seed, "training"),
        evaluation_seed=spec.seed(config.seed, "evaluation"),
    )
    return to_json_values(train_and_save(training, folder, spec.name, report).record)


def measure_net(config: EnergyConfig, folder: RunPaths, spec: PairedNet, report: Report) -> Any:
    """Place a trained network on the axis; a `NetworkRow` without its training."""
    net, notes = ann_bridge.load_net(folder.net_path(spec.name))
    report(0.1, "before training")
    first = RateNetwork.of(
        build_network(spec.configure(config.training.budget), spec.seed(config.seed, "weights"))
    )
    trained = RateNetwork.of(net)
    rng = np.random.default_rng(derive_seed(config.seed, "starts", spec.pair))
    states = rng.standard_normal((config.networks.n_starts, len(trained.weights)))

    def place(network: RateNetwork) -> Energetics:
        return describe(network, states, config.networks.n_steps)

    path = []
    for k, a in enumerate(config.mixture.asymmetries):
        report(0.2 + 0.8 * k / len(config.mixture.asymmetries), f"asymmetry {a:g}")
        path.append(place(trained.mixed(a)))
    evaluation = ann_bridge.Evaluation.from_record(
        {**notes, "chance": spec.configure(config.training.budget).task.task().chance}
    )
    return {
        "name": spec.name,
        "substrate": spec.substrate.name,
        "task": spec.task.name,
        "pair": spec.pair,
        "loss": evaluation.loss,
        "learned": evaluation.learned == "yes",
        "before": to_json_values(place(first)),
        "after": to_json_values(place(trained)),
        "symmetrized": to_json_values(place(trained.symmetrized())),
        "path": to_json_values(tuple(path)),
    }


@dataclass(frozen=True, eq=False)
class RateNetwork:
    """x <- (1 - a) x + a (W tanh(x) + b), without noise and inputs.

    Attributes
    ----------
    weights : ndarray, shape (n, n)
        W, ``[post, pre]``.
    bias : ndarray, shape (n,)
    alphas : ndarray, shape (n,)
        Fraction a of each unit.
    """

    weights: np.ndarray
    bias: np.ndarray
    alphas: np.ndarray

    @classmethod
    @torch.no_grad()
    def of(cls, net: Any) -> "RateNetwork":
        """The recurrence of a leaky network with tanh."""
        left, right = net.connectivity()
        weights = left if right is None else left @ right.T
        n, bias, alphas = len(weights), net.bias(), net.unit_alphas()
        return cls(
            weights.double().numpy(),
            np.zeros(n) if bias is None else bias.double().numpy(),
            np.full(n, net.alpha) if alphas is None else alphas.double().numpy(),
        )

    def symmetrized(self) -> "RateNetwork":
        """With W replaced by its symmetric part."""
        return RateNetwork((self.weights + self.weights.T) / 2, self.bias, self.alphas)

    def mixed(self, asymmetry: float) -> "RateNetwork":
        """With (1 - a) S + a A of the parts of W, scaled to the same mean square."""
        S, A = (self.weights + self.weights.T) / 2, (self.weights - self.weights.T) / 2
        mixed = (1 - asymmetry) * S + asymmetry * A
        size = np.linalg.norm(mixed)
        return RateNetwork(
            mixed * (np.linalg.norm(self.weights) / size if size else 1.0), self.bias, self.alphas
        )

    def step(self, states: np.ndarray) -> np.ndarray:
        """The next states, shape (n_starts, n)."""
        return states + self.alphas * (np.tanh(states) @ self.weights.T + self.bias - states)

    def energy(self, states: np.ndarray) -> np.ndarray:
        """Energy of states, shape (n_starts,)."""
        return rate_energy(self.weights, states, self.bias)


def describe(network: RateNetwork, states: np.ndarray, n_steps: int) -> Energetics:
    """Symmetry degree, energy and rest of a network from random states."""
    energies, speeds, size = [network.energy(states)], [], np.abs(states).max()
    for _ in range(n_steps):
        after = network.step(states)
        speeds.append(np.abs(after - states).max(axis=1))
        states, size = after, max(size, np.abs(after).max())
        energies.append(network.energy(states))
    shares = np.array([uphill_share(each) for each in np.transpose(energies)])
    known = shares[np.isfinite(shares)]
    return Energetics(
        symmetry_degree=symmetry_degree(network.weights),
        uphill_share=float(np.median(known)) if known.size else None,
        moving_share=float(np.mean(_move(np.array(speeds) / size))),
    )


def _move(speeds: np.ndarray) -> np.ndarray:
    """Whether starts move at the end: their speed is neither tiny nor on the decline."""
    eighth = max(1, len(speeds) // 8)
    last, before = speeds[-eighth:].max(axis=0), speeds[-2 * eighth : -eighth].max(axis=0)
    return (last > STILL) & (last > STEADY * before)


def read_row(measured: Any, training: Any) -> NetworkRow:
    """A row from the results of its two steps."""
    return from_json_values(measured | {"training": training}, NetworkRow)
