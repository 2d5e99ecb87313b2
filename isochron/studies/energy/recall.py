"""Recall in Hopfield networks against their load, and its transition in large networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from isochron.analysis import sign_networks
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.studies.energy.configuration import EnergyConfig
from isochron.studies.energy.results import HalfLoad, Recall, Transition

PER_NETWORK = 10  # memories that are recalled in one network
MOST_STEPS = 100  # of parallel update
LOST, AFTER = 0.02, 2  # share recalled, and number of loads with less, that end a size
EXPONENT = 2 / 3
CRITICAL_LOAD = 0.138


def recall_memories(config: EnergyConfig, n_neurons: int, report: Report) -> Any:
    """Recall at the loads of one size until it is lost; a list of `Recall` as JSON values."""
    rng = np.random.default_rng(derive_seed(config.seed, "memories", n_neurons))
    rows = []
    for k, load in enumerate(config.memories.loads):
        report(k / len(config.memories.loads), f"load {load:g}")
        rows.append(_recall(config, n_neurons, load, rng))
        if len(rows) >= AFTER and all(it.n_recalled < LOST * it.n for it in rows[-AFTER:]):
            break
    return to_json_values(tuple(rows))


def _recall(config: EnergyConfig, n: int, load: float, rng: np.random.Generator) -> Recall:
    section, n_patterns = config.memories, max(1, round(load * n))
    each = min(PER_NETWORK, n_patterns)
    overlaps, parallel, two_cycles = [], [], 0
    while len(overlaps) < section.n_memories:
        patterns = rng.choice(np.array([-1, 1], dtype=np.int8), (n_patterns, n))
        couplings = sign_networks.hebbian_couplings(patterns)
        tried = patterns[:each]
        ends = sign_networks.recall(couplings, tried, rng)
        overlaps += list(np.mean(ends * tried, axis=1))
        means, moving = _recall_at_once(couplings, tried)
        parallel += list(means)
        two_cycles += moving
    return Recall(
        n_neurons=n,
        n_patterns=n_patterns,
        n=len(overlaps),
        n_recalled=int(np.sum(np.array(overlaps) > section.recalled_above)),
        overlap=float(np.mean(overlaps)),
        parallel_recalled=int(np.sum(np.array(parallel) > section.recalled_above)),
        parallel_two_cycles=two_cycles,
    )


def _recall_at_once(couplings: np.ndarray, tried: np.ndarray) -> tuple[np.ndarray, int]:
    """Overlap after parallel update, mean of the last two states, and number of 2-cycles.

    Fields are integers, exact in the type that is used; a neuron in a field of 0 keeps its state.
    """
    largest = int(np.abs(couplings).sum(axis=1).max())
    kind = np.float32 if largest < 2**24 else np.float64
    J, before = couplings.astype(kind), tried.astype(kind)
    now = before
    for _ in range(MOST_STEPS):
        field = now @ J
        following = np.where(field == 0, now, np.sign(field))
        if np.array_equal(following, before):
            break
        before, now = now, following
    moving = int((before != now).any(axis=1).sum())
    return np.mean((before + now) / 2 * tried, axis=1), moving


def fit_transition(
    rows: Sequence[Recall], confidence: float = 0.95, *, seed: int = 0, n_resamples: int = 200
) -> Transition:
    """Load of half recall in the limit of many neurons.

    In each size the load of half recall is that of a logistic curve. Across sizes it is fitted
    by limit + slope N^(-2/3), of which the exponent describes the sizes used here; the
    interval is that of resampled recalls (parametric bootstrap).

    References
    ----------
    Amit, Gutfreund and Sompolinsky (1987), Annals of Physics 173:30, for the limit 0.138;
    Stiefvater, Müller and Kühn (1996), Physica A 232:61, for finite sizes.
    """
    sizes = sorted({row.n_neurons for row in rows})
    by_size = [[row for row in rows if row.n_neurons == size] for size in sizes]
    found = [_half_load(it, [row.n_recalled for row in it]) for it in by_size]
    rng, draws = np.random.default_rng(seed), []
    for _ in range(n_resamples):
        draws.append([_half_load(it, _resampled(it, rng)) for it in by_size])
    known = np.isfinite(found)
    sizes, spread = np.array(sizes)[known], np.array(draws)[:, known]
    spread = spread[np.isfinite(spread).all(axis=1)]
    errors = spread.std(axis=0) if len(spread) else np.full(known.sum(), np.nan)
    halves = tuple(
        HalfLoad(n_neurons=int(size), load=float(load), error=float(error))
        for size, load, error in zip(sizes, np.array(found)[known], errors, strict=True)
    )
    if len(halves) < 3 or len(spread) < n_resamples / 2:
        return Transition(half_loads=halves if len(spread) else (), exponent=EXPONENT)
    limits = [_limit(sizes, loads, errors) for loads in spread]
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(limits, [tail, 100 - tail])
    return Transition(
        half_loads=halves,
        limit=_limit(sizes, [it.load for it in halves], errors),
        low=float(low),
        high=float(high),
        exponent=EXPONENT,
    )


def _limit(sizes: Any, loads: Any, errors: Any) -> float:
    weights = 1 / np.maximum(errors, 1e-6)
    return float(np.polyfit(np.power(sizes, -EXPONENT), loads, 1, w=weights)[1])


def _resampled(rows: Sequence[Recall], rng: np.random.Generator) -> list[int]:
    return [int(rng.binomial(row.n, row.n_recalled / row.n)) for row in rows]


def _half_load(rows: Sequence[Recall], counts: Sequence[int]) -> float:
    """Load at which a logistic curve through the shares is 1/2; NaN outside of the loads."""
    loads = np.array([row.load for row in rows])
    n, k = np.array([row.n for row in rows]), np.array(counts)
    u = (loads - loads.mean()) / np.ptp(loads)
    basis = np.stack([np.ones_like(u), u])

    def cost(curve: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus the log-likelihood, and its gradient."""
        z = curve @ basis
        value = np.sum(k * np.logaddexp(0, z) + (n - k) * np.logaddexp(0, -z))
        return float(value), basis @ (n * expit(z) - (n - k))

    level, slope = minimize(cost, [0.0, 5.0], jac=True, method="BFGS").x
    half = loads.mean() - np.ptp(loads) * level / slope if slope > 0 else np.nan
    return float(half) if loads.min() <= half <= loads.max() else float("nan")
