"""Attractors of networks too large to enumerate: many random starts, simulated together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.results import short_repr
from isochron.analysis.sign_networks.estimates import (
    chao1,
    unseen_mass,
    unseen_mass_bound,
    wilson_interval,
)
from isochron.analysis.sign_networks.network import SignNetwork
from isochron.arguments import require_rng
from isochron.settings import settings_from

Report = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class SampledAttractor:
    """An attractor that random starts converged to.

    Attributes
    ----------
    length : int
        Number of states on it: 1 for a fixed point.
    representative : int
        Its smallest state: neuron 0 is the lowest bit, and a bit of 1 means +1.
    hits : int
        Number of starts that converged to it.
    basin_low, basin_high : float
        Wilson interval, 95 %, of the fraction of states that converge to it.
    max_transient : int
        Largest number of steps to it among these starts.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> sample = sign_networks.sample_attractors(ring, n_starts=100, rng=np.random.default_rng(0))
    >>> first = sample.attractors[0]  # 6 of the 8 states
    >>> first.length, first.basin_low < 6 / 8 < first.basin_high
    (6, True)
    """

    length: int
    representative: int
    hits: int
    basin_low: float
    basin_high: float
    max_transient: int


@short_repr
@dataclass(frozen=True, kw_only=True)
class Sample:
    """Attractors that random starts found; there may be more.

    Attributes
    ----------
    n : int
        Number of neurons.
    tie_rule : str
        Next state of a neuron whose field is exactly 0, as in `SignNetwork`.
    n_starts : int
        Number of random states that were simulated.
    n_unfinished : int
        Number of starts that did not close a cycle within the steps allowed. They are excluded
        from all counts.
    attractors : tuple of SampledAttractor
        Attractors found, most hits first.
    transients : ndarray of int64, shape (n_starts - n_unfinished,)
        Number of steps before each start was on its attractor, unordered.

    Examples
    --------
    A symmetric network of 40 neurons has far more attractors than 300 starts can find:

    >>> from isochron.analysis import sign_networks
    >>> couplings = sign_networks.random_couplings(40, 1.0, np.random.default_rng(0))
    >>> sample = sign_networks.sample_attractors(
    ...     couplings, n_starts=300, rng=np.random.default_rng(1)
    ... )
    >>> len(sample.attractors), round(sample.n_attractors_at_least)
    (275, 2308)
    >>> sample.unseen_mass
    0.853
    """

    n: int
    tie_rule: str
    n_starts: int
    n_unfinished: int
    attractors: tuple[SampledAttractor, ...]
    transients: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """Hits of each attractor."""
        return np.array([attractor.hits for attractor in self.attractors], dtype=np.int64)

    @property
    def found_by_length(self) -> dict[int, int]:
        """Number of attractors found, by length."""
        lengths, counts = np.unique([a.length for a in self.attractors], return_counts=True)
        return dict(zip(map(int, lengths), map(int, counts), strict=True))

    @property
    def hits_by_length(self) -> dict[int, int]:
        """Number of starts that converged to an attractor, by its length."""
        total: dict[int, int] = {}
        for attractor in sorted(self.attractors, key=lambda a: a.length):
            total[attractor.length] = total.get(attractor.length, 0) + attractor.hits
        return total

    @property
    def unseen_mass(self) -> float:
        """Estimated fraction of states that converge to attractors not found (Good-Turing)."""
        return unseen_mass(self.hits)

    @property
    def unseen_mass_bound(self) -> float:
        """Upper bound, with a confidence of 95 %, on the fraction that `unseen_mass` estimates."""
        return unseen_mass_bound(self.hits)

    @property
    def n_attractors_at_least(self) -> float:
        """Estimated lower bound on the number of attractors (Chao1)."""
        return chao1(self.hits)


def _check_positive(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class SamplingLimits:
    """Limits of a simulation of random starts: steps, and starts at a time.

    Attributes
    ----------
    max_steps : int
        Largest number of steps of a start that does not reach a cycle.
    batch : int
        Number of starts that are simulated together.

    Raises
    ------
    ValueError
        If a number is below 1.

    Examples
    --------
    With a single step no cycle of 6 states is closed:

    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> limits = sign_networks.SamplingLimits(max_steps=1)
    >>> sample = sign_networks.sample_attractors(
    ...     ring, n_starts=100, rng=np.random.default_rng(0), limits=limits
    ... )
    >>> sample.n_unfinished
    100
    """

    max_steps: int = 1 << 16
    batch: int = 4096

    def __post_init__(self) -> None:
        _check_positive(max_steps=self.max_steps, batch=self.batch)


def sample_attractors(
    J: ArrayLike,
    theta: ArrayLike = 0,
    tie: str = "plus",
    *,
    n_starts: int = 1000,
    rng: np.random.Generator,
    clamped: Mapping[int, int] | None = None,
    limits: SamplingLimits | None = None,
    progress: Report | None = None,
    **fields: Any,
) -> Sample:
    """Find attractors of a network of +-1 neurons from uniformly random states.

    Cycles are found by Brent's method, for all starts of a batch at a time: the state is
    compared with the one at the last power of two. All steps are exact, as those of
    `enumerate_attractors`.

    Parameters
    ----------
    J : array_like, shape (n, n)
        Couplings ``[post, pre]``; the diagonal is used as given.
    theta : array_like, shape (n,) or ()
        Thresholds.
    tie : {"plus", "minus", "keep", "flip"}
        The next state of a neuron whose field is exactly 0.
    n_starts : int
        Number of random states to start from, at least 1.
    rng : numpy.random.Generator
        Source of these states.
    clamped : mapping of int to int, optional
        Neurons that are clamped, and their states, +1 or -1.
    limits : SamplingLimits, optional
        Longest simulation of a start, and number of starts that are simulated together.
    **fields
        Fields of `SamplingLimits` as keywords, instead of `limits`.
    progress : callable, optional
        Called as ``progress(fraction, text)``. Raise from it, or press Ctrl-C, to stop.

    Returns
    -------
    Sample
        Attractors with their hits, and estimates of those not found.

    Raises
    ------
    ValueError
        If the network is not valid, a number is below 1, or a clamped neuron or its state does
        not exist.
    TypeError
        If `limits` and its fields are both given.

    References
    ----------
    Brent (1980), BIT 20:176.

    Examples
    --------
    All 8 states of this ring are on a cycle of 6 or of 2 states; with neuron 0 clamped to +1 a
    fixed point is left.

    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> sample = sign_networks.sample_attractors(ring, n_starts=100, rng=np.random.default_rng(0))
    >>> sample.found_by_length, sample.unseen_mass
    ({2: 1, 6: 1}, 0.0)
    >>> sign_networks.sample_attractors(
    ...     ring, clamped={0: 1}, rng=np.random.default_rng(0)
    ... ).found_by_length
    {1: 1}
    """
    require_rng(rng)
    limits = settings_from(SamplingLimits, limits, fields)
    _check_positive(n_starts=n_starts)
    batch = limits.batch
    network = clamp(SignNetwork.of(J, theta, tie), clamped or {})
    tally: dict[tuple[bytes, int], list[int]] = {}
    transients, unfinished = [], 0
    for first in range(0, n_starts, batch):
        size = min(batch, n_starts - first)
        if progress is not None:
            progress(first / n_starts, f"{len(tally)} attractors")
        starts = rng.choice(np.array([-1, 1], np.int8), (size, network.n))
        for neuron, state in (clamped or {}).items():
            starts[:, neuron] = state
        which, states, lengths = _close(network, starts, limits.max_steps)
        unfinished += size - which.size
        delays = _delays(network, starts[which], lengths)
        transients.append(delays)
        for key, length, delay in zip(
            _smallest(network, states, lengths), lengths.tolist(), delays.tolist(), strict=True
        ):
            entry = tally.setdefault((key, length), [0, 0])
            entry[0] += 1
            entry[1] = max(entry[1], delay)
    if progress is not None:
        progress(1.0, "done")
    return Sample(
        n=network.n,
        tie_rule=tie,
        n_starts=n_starts,
        n_unfinished=unfinished,
        attractors=_describe(tally, n_starts - unfinished),
        transients=np.concatenate(transients),
    )


def clamp(network: SignNetwork, clamped: Mapping[int, int]) -> SignNetwork:
    """The network with some neurons clamped, by a threshold instead of their inputs.

    Raises
    ------
    ValueError
        If a neuron does not exist, or a state is not +1 or -1.
    """
    if not clamped:
        return network
    couplings = network.couplings.copy()
    thresholds = network.thresholds.astype(float)
    for neuron, state in clamped.items():
        if not 0 <= neuron < network.n:
            last = network.n - 1
            raise ValueError(f"Neuron {neuron!r} cannot be clamped: neurons are 0 to {last}.")
        if state not in (-1, 1):
            raise ValueError(f"Neuron {neuron} can be clamped to +1 or -1, got {state!r}.")
        couplings[neuron], thresholds[neuron] = 0, -state
    return SignNetwork.of(couplings, thresholds, network.tie)


def _close(network, starts, max_steps):
    """Which starts close a cycle in time, a state on each, and its length."""
    active = np.arange(len(starts))
    anchor, state = starts, starts
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    power, length = 1, 0
    for _ in range(max_steps):
        if length == power:
            anchor, power, length = state, 2 * power, 0
        state = network.step(state)
        length += 1
        closed = (state == anchor).all(axis=1)
        if closed.any():
            found.append((active[closed], state[closed], np.full(closed.sum(), length)))
            active, state, anchor = active[~closed], state[~closed], anchor[~closed]
            if not active.size:
                break
    if not found:
        return active[:0], starts[:0], active[:0]
    which, states, lengths = (np.concatenate(part) for part in zip(*found, strict=True))
    return which, states, lengths


def _delays(network, starts, lengths):
    """Steps before each start is on its cycle: two walkers, one cycle apart, until they meet."""
    ahead = starts
    for step in range(int(lengths.max(initial=0))):
        moving = lengths > step
        if moving.all():
            ahead = network.step(ahead)
        else:
            ahead = ahead.copy()
            ahead[moving] = network.step(ahead[moving])
    delays = np.zeros(len(starts), dtype=np.int64)
    active, behind = np.arange(len(starts)), starts
    while True:
        apart = (ahead != behind).any(axis=1)
        active, ahead, behind = active[apart], ahead[apart], behind[apart]
        if not active.size:
            return delays
        delays[active] += 1
        ahead, behind = network.step(ahead), network.step(behind)


def _smallest(network, states, lengths) -> list[bytes]:
    """Smallest state of each cycle, as bytes, highest neuron first."""
    best = _octets(states)
    for step in range(1, int(lengths.max(initial=1))):
        moving = np.flatnonzero(lengths > step)
        states = states.copy()
        states[moving] = network.step(states[moving])
        octets = _octets(states[moving])
        first = np.argmax(octets != best[moving], axis=1)
        rows = np.arange(moving.size)
        smaller = octets[rows, first] < best[moving][rows, first]
        best[moving[smaller]] = octets[smaller]
    return [row.tobytes() for row in best]


def _octets(states: np.ndarray) -> np.ndarray:
    return np.packbits(states > 0, axis=1, bitorder="little")[:, ::-1]


def _describe(tally, n_finished) -> tuple[SampledAttractor, ...]:
    entries = [
        (hits, length, int.from_bytes(key, "big"), delay)
        for (key, length), (hits, delay) in tally.items()
    ]
    entries.sort(key=lambda entry: (-entry[0], entry[2]))
    low, high = wilson_interval([entry[0] for entry in entries], max(1, n_finished))
    return tuple(
        SampledAttractor(
            length=length, representative=first, hits=hits, basin_low=a, basin_high=b,
            max_transient=delay,
        )
        for (hits, length, first, delay), a, b in zip(
            entries, low.tolist(), high.tolist(), strict=True
        )
    )  # fmt: skip
