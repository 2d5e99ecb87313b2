"""Sign networks whose attractors are enumerated: random ones, and memories with asymmetry."""

import math
from typing import Any

import numpy as np

from isochron.analysis import sign_networks, uphill_share
from isochron.connectome.statistics import symmetry_degree
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.studies.energy.configuration import EnergyConfig
from isochron.studies.energy.results import Ensemble, Estimate, Mixture

TIE = "plus"
MOST_STEPS = 200
MEAN_OF = 12  # steps, a multiple of the lengths 2, 3, 4


def count_ensemble(config: EnergyConfig, symmetry: float, report: Report) -> Any:
    """Attractors of random networks of one symmetry degree; `Ensemble` as JSON values."""
    section = config.ensemble
    n = section.n_neurons
    rng = np.random.default_rng(derive_seed(config.seed, "ensemble", f"{symmetry:g}"))
    found, shares = [], []
    for k in range(section.n_networks):
        report(k / section.n_networks, f"network {k + 1} of {section.n_networks}")
        couplings = sign_networks.random_couplings(n, symmetry, rng)
        found.append(sign_networks.enumerate_attractors(couplings, 0, TIE, n_threads=1))
        shares += follow_energy(couplings, section.n_trajectories, rng)
    counted = sign_networks.EnsembleCount.of(symmetry, found)
    of_length = {int(it): counted.counts[:, k] for k, it in enumerate(counted.lengths)}
    nothing = np.zeros(section.n_networks)
    row = Ensemble(
        symmetry=symmetry,
        n_networks=section.n_networks,
        fixed_points=estimate(of_length.get(1, nothing)),
        two_cycles=estimate(of_length.get(2, nothing)),
        longer_cycles=estimate(sum((c for it, c in of_length.items() if it > 2), nothing)),
        exact_fixed_points=sign_networks.mean_fixed_points(n, symmetry),
        longest=max(of_length),
        uphill_share=float(np.mean(shares)) if shares else None,
    )
    return to_json_values(row)


def follow_energy(couplings: np.ndarray, n_starts: int, rng: np.random.Generator) -> list[float]:
    """Share of the change of the two-step energy that is upwards, of random starts that change.

    Of each trajectory until a state repeats, or of `MOST_STEPS` steps.
    """
    network = sign_networks.SignNetwork.of(couplings, 0, TIE)
    states = [rng.choice(np.array([-1, 1], dtype=np.int8), (n_starts, network.n))]
    for _ in range(MOST_STEPS):
        states.append(network.step(states[-1]))
        if len(states) > 2 and np.array_equal(states[-1], states[-3]):
            break
    shares = [
        uphill_share(sign_networks.two_step_energy(couplings, path))
        for path in np.stack(states, axis=1)
    ]
    return [share for share in shares if not math.isnan(share)]


def mix_memories(config: EnergyConfig, asymmetry: float, report: Report) -> Any:
    """Memories with an antisymmetric part; `Mixture` as JSON values.

    Seeds do not depend on the asymmetry: the same memories at each.
    """
    section = config.mixture
    n, rng = section.n_neurons, np.random.default_rng(derive_seed(config.seed, "mixture"))
    counts: dict[str, list[float]] = {"fixed": [], "two": [], "longer": [], "overlap": []}
    degrees, stable = [], []
    for k in range(section.n_networks):
        report(k / section.n_networks, f"network {k + 1} of {section.n_networks}")
        patterns = rng.choice(np.array([-1, 1], dtype=np.int8), (section.n_memories, n))
        couplings = mixed_couplings(patterns, asymmetry, rng)
        lengths = sign_networks.enumerate_attractors(couplings, 0, TIE, n_threads=1).lengths
        counts["fixed"].append(float((lengths == 1).sum()))
        counts["two"].append(float((lengths == 2).sum()))
        counts["longer"].append(float((lengths > 2).sum()))
        network = sign_networks.SignNetwork.of(couplings, 0, TIE)
        stable.append(float((network.step(patterns) == patterns).all(axis=1).mean()))
        counts["overlap"].append(_overlap(network, patterns))
        degrees.append(symmetry_degree(couplings))
    row = Mixture(
        asymmetry=asymmetry,
        symmetry_degree=float(np.mean(degrees)),
        n_networks=section.n_networks,
        fixed_points=estimate(counts["fixed"]),
        two_cycles=estimate(counts["two"]),
        longer_cycles=estimate(counts["longer"]),
        overlap=estimate(counts["overlap"]),
        stable_share=float(np.mean(stable)),
    )
    return to_json_values(row)


def mixed_couplings(patterns: np.ndarray, asymmetry: float, rng: np.random.Generator) -> np.ndarray:
    """(1 - a) S + a A: S stores the patterns, A is Gaussian of the same mean square."""
    S = sign_networks.hebbian_couplings(patterns) / len(patterns[0])
    A = sign_networks.random_couplings(len(S), -1.0, rng)
    A *= np.sqrt(np.mean(S**2) / np.mean(A**2))
    return (1 - asymmetry) * S + asymmetry * A


def _overlap(network: sign_networks.SignNetwork, patterns: np.ndarray) -> float:
    """Mean overlap of patterns with the states that they lead to, over the last steps."""
    states = patterns
    for _ in range(MOST_STEPS):
        states = network.step(states)
    overlaps = []
    for _ in range(MEAN_OF):
        states = network.step(states)
        overlaps.append(np.mean(states * patterns))
    return float(np.mean(overlaps))


def estimate(values: Any) -> Estimate:
    """Mean of the values of networks, and its standard error."""
    found = np.asarray(values, dtype=float)
    return Estimate(mean=float(found.mean()), error=float(found.std(ddof=1) / len(found) ** 0.5))
