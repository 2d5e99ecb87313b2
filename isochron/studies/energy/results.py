"""Results of `isochron study energy`, as in ``results.json``."""

from dataclasses import dataclass

from isochron.runs.provenance import Provenance
from isochron.runs.results import TrainingRecord
from isochron.studies.energy.configuration import EnergyConfig


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        """1.02 ± 0.03."""
        return f"{self.mean:.3g} ± {self.error:.2g}"


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Attractors of random networks of one symmetry degree.

    Attributes
    ----------
    symmetry : float
    n_networks : int
    fixed_points, two_cycles, longer_cycles : Estimate
        Number in a network.
    exact_fixed_points : float
        Mean over the ensemble, from theory.
    longest : int
        Length of the longest attractor of all networks.
    uphill_share : float or None
        Share of the change of the two-step energy that is upwards, on transients; None if
        nothing changed.
    """

    symmetry: float
    n_networks: int
    fixed_points: Estimate
    two_cycles: Estimate
    longer_cycles: Estimate
    exact_fixed_points: float
    longest: int
    uphill_share: float | None

    @property
    def z(self) -> float | None:
        """Standard errors between the mean number of fixed points and theory."""
        gap, error = self.fixed_points.mean - self.exact_fixed_points, self.fixed_points.error
        return gap / error if error else (0.0 if abs(gap) < 1e-9 else None)


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Recall of memories at one size and load, neuron by neuron and all neurons at once.

    Attributes
    ----------
    n_neurons, n_patterns, n_recalled, n : int
        Size, memories of a network, memories recalled, memories tried.
    overlap : float
        Mean overlap with the memory after recall.
    parallel_recalled, parallel_two_cycles : int
        With parallel update: memories recalled, and starts that end in a cycle of length 2.
    """

    n_neurons: int
    n_patterns: int
    n: int
    n_recalled: int
    overlap: float
    parallel_recalled: int
    parallel_two_cycles: int

    @property
    def load(self) -> float:
        """Memories per neuron."""
        return self.n_patterns / self.n_neurons


@dataclass(frozen=True, kw_only=True)
class HalfLoad:
    """Load at which half of the memories of a size are recalled."""

    n_neurons: int
    load: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Transition:
    """Finite-size fit, load(N) = limit + slope N^-exponent; None where it was not possible."""

    half_loads: tuple[HalfLoad, ...]
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    exponent: float


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Memories with an antisymmetric part of weight a.

    Attributes
    ----------
    asymmetry, symmetry_degree : float
        a, and the mean symmetry degree of the couplings.
    fixed_points, two_cycles, longer_cycles, overlap : Estimate
        Number in a network, and overlap of a memory with the state after its recall.
    stable_share : float
        Share of the memories that are fixed points.
    """

    asymmetry: float
    symmetry_degree: float
    n_networks: int
    fixed_points: Estimate
    two_cycles: Estimate
    longer_cycles: Estimate
    overlap: Estimate
    stable_share: float


@dataclass(frozen=True, kw_only=True)
class Energetics:
    """A rate network on the axis of symmetry, with the reference off.

    Attributes
    ----------
    symmetry_degree : float
    uphill_share : float or None
        Median over starts of the share of the change of the energy that is upwards; None if no
        state changes.
    moving_share : float
        Share of the starts that still move at the end.
    """

    symmetry_degree: float
    uphill_share: float | None
    moving_share: float


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """A trained network, before training, after it, and with symmetrized weights."""

    name: str
    substrate: str
    task: str
    pair: int
    loss: float
    learned: bool
    before: Energetics
    after: Energetics
    symmetrized: Energetics
    path: tuple[Energetics, ...]
    training: TrainingRecord


@dataclass(frozen=True, kw_only=True)
class WormRow:
    """A connectome, or a draw from a null model of it, as a sign network.

    Attributes
    ----------
    draw : int or None
        Number of the draw; None for the connectome.
    symmetry_degree, uphill_share : float
    longest : int
        Length of the longest attractor found.
    """

    draw: int | None
    symmetry_degree: float
    uphill_share: float
    longest: int


@dataclass(frozen=True, kw_only=True)
class EnergyResults:
    """Everything in ``results.json``.

    Attributes
    ----------
    schema : int
    experiment, question : str
    provenance : Provenance
    config : EnergyConfig
    ensembles : tuple of Ensemble
        Random sign networks, by symmetry degree.
    recalls : tuple of Recall
    transition : Transition
    mixtures : tuple of Mixture
    networks : tuple of NetworkRow
    worms : tuple of WormRow
        The connectome, then the draws.
    seconds : dict of str to float
        Duration of each step.
    """

    schema: int
    experiment: str
    question: str
    provenance: Provenance
    config: EnergyConfig
    ensembles: tuple[Ensemble, ...]
    recalls: tuple[Recall, ...]
    transition: Transition
    mixtures: tuple[Mixture, ...]
    networks: tuple[NetworkRow, ...]
    worms: tuple[WormRow, ...]
    seconds: dict[str, float]
