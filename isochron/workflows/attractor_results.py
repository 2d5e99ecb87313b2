"""Results of `isochron attractors`."""

import math
from dataclasses import dataclass
from typing import Any, Self

from isochron.analysis import sign_networks


@dataclass(frozen=True, kw_only=True)
class AttractorRow:
    """An attractor: its length and the longest transient to it that was seen, in steps."""

    length: int
    representative: Any
    max_transient: int


@dataclass(frozen=True, kw_only=True)
class EnumeratedRow(AttractorRow):
    """An attractor of a network whose states are all enumerated: `basin` states lead to it."""

    basin: int


@dataclass(frozen=True, kw_only=True)
class SampledRow(AttractorRow):
    """An attractor that was sampled, and the interval of its part of the states."""

    basin_low: float
    basin_high: float


@dataclass(frozen=True, kw_only=True)
class Enumerated:
    """All attractors of a network."""

    n: int
    tie_rule: str
    n_attractors: int
    cycles_by_length: dict[int, int]
    attractors: tuple[EnumeratedRow, ...]
    seconds: float
    states_per_second: float

    @classmethod
    def of(cls, found: Any) -> Self:
        """Make it from the result of `isochron.analysis.sign_networks.enumerate_attractors`."""
        return cls(
            n=found.n,
            tie_rule=found.tie_rule,
            n_attractors=found.n_attractors,
            cycles_by_length=found.cycles_by_length,
            attractors=tuple(
                EnumeratedRow(
                    length=one.length,
                    basin=one.basin,
                    representative=one.representative,
                    max_transient=one.max_transient,
                )
                for one in found.attractors
            ),
            seconds=found.seconds,
            states_per_second=found.states_per_second,
        )


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Attractors that random states lead to; there may be more.

    Attributes
    ----------
    unseen_mass, unseen_mass_bound : float
        Part of the states that lead to attractors that were not found: estimate and bound.
    mean_transient : float or None
        Steps; None if no state reached an attractor.
    """

    n_starts: int
    n_unfinished: int
    n_found: int
    n_attractors_at_least: Any
    unseen_mass: float
    unseen_mass_bound: float
    found_by_length: dict[int, int]
    starts_by_length: dict[int, int]
    mean_transient: float | None
    max_transient: int
    attractors: tuple[SampledRow, ...]

    @classmethod
    def of(cls, sample: sign_networks.Sample, **more: Any) -> Self:
        """Make it from the result of `sample_attractors`; `more` are further fields."""
        return cls(
            n_starts=sample.n_starts,
            n_unfinished=sample.n_unfinished,
            n_found=len(sample.attractors),
            n_attractors_at_least=sample.n_attractors_at_least,
            unseen_mass=sample.unseen_mass,
            unseen_mass_bound=sample.unseen_mass_bound,
            found_by_length=sample.found_by_length,
            starts_by_length=sample.hits_by_length,
            mean_transient=float(sample.transients.mean()) if sample.transients.size else None,
            max_transient=int(sample.transients.max(initial=0)),
            attractors=tuple(
                SampledRow(
                    length=one.length,
                    basin_low=one.basin_low,
                    basin_high=one.basin_high,
                    representative=one.representative,
                    max_transient=one.max_transient,
                )
                for one in sample.attractors
            ),
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class SampledNetwork(Sampled):
    """The sampled attractors of a network of n neurons."""

    n: int
    tie_rule: str


@dataclass(frozen=True, kw_only=True)
class SampledNull(Sampled):
    """The sampled attractors of a rewiring."""

    symmetry_degree: float


@dataclass(frozen=True, kw_only=True)
class MeanWithError:
    """A mean and its standard error."""

    mean: float
    se: float


@dataclass(frozen=True, kw_only=True)
class EnsembleTheory:
    """The exact mean number of fixed points; None below three neurons."""

    mean_fixed_points: float | None


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Mean numbers of attractors over random networks."""

    n: int
    symmetry: float
    n_networks: int
    tie_rule: str
    mean_by_length: dict[int, MeanWithError]
    mean_total: MeanWithError
    mean_ln_total: MeanWithError
    mean_largest_basin: float
    mean_transient: float
    theory: EnsembleTheory
    seed: int


@dataclass(frozen=True, kw_only=True)
class TheoryValue:
    """A number of the theory, and its kind: ``exact mean`` or ``annealed``."""

    value: float | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class Theory:
    """Mean numbers in dense Gaussian networks of one size and symmetry degree."""

    ensemble: str
    mean_fixed_points: TheoryValue
    ln_mean_fixed_points: float | None
    complexity_of_fixed_points: TheoryValue
    complexity_of_2_cycles: TheoryValue

    @classmethod
    def of(cls, n: int, symmetry: float) -> Self:
        """For n neurons."""
        mean = sign_networks.mean_fixed_points(n, symmetry)
        known = symmetry > -1
        return cls(
            ensemble="dense Gaussian couplings, no ties, same n and symmetry degree",
            mean_fixed_points=TheoryValue(value=mean, kind="exact mean"),
            ln_mean_fixed_points=math.log(mean) if mean > 0 else None,
            complexity_of_fixed_points=TheoryValue(
                value=sign_networks.fixed_point_complexity(symmetry) if known else None,
                kind="annealed",
            ),
            complexity_of_2_cycles=TheoryValue(
                value=sign_networks.complexity(2, symmetry).leading if known else None,
                kind="annealed",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class SolvedFixedPoints:
    """Number of fixed points found by a solver, and whether it is complete."""

    count: int
    complete: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class ConnectomePlacement:
    """A connectome as a network of ±1 neurons, next to its null models and the theory.

    Attributes
    ----------
    sampled_by_tie_rule : dict of str to Sampled
    fixed_points : SolvedFixedPoints or None
        None without OR-tools.
    null_model : str
        The null model of `nulls`.
    nulls : tuple of SampledNull
    theory : Theory
        At the size and symmetry degree of the connectome.
    """

    dataset: str
    layers: tuple[str, ...]
    signs: str
    n_inhibitory: int
    n: int
    tie_rule: str
    symmetry_degree: float
    symmetry_degree_definition: str
    sampled: Sampled
    sampled_by_tie_rule: dict[str, Sampled]
    fixed_points: SolvedFixedPoints | None
    null_model: str
    nulls: tuple[SampledNull, ...]
    theory: Theory
    seed: int


@dataclass(frozen=True, kw_only=True)
class NetworkOfConnectome:
    """A connectome, or a null model of it, as one network of ±1 neurons.

    Attributes
    ----------
    sampled : Sampled
    symmetry_degree : float
    fixed_points : SolvedFixedPoints or None
        None if they were not solved for, or without OR-Tools.
    """

    sampled: Sampled
    symmetry_degree: float
    fixed_points: SolvedFixedPoints | None = None


@dataclass(frozen=True, kw_only=True)
class RandomNetwork:
    """The attractors of one random network: lengths, basins in states, and transients."""

    n: int
    lengths: tuple[int, ...]
    basins: tuple[int, ...]
    transients: tuple[int, ...]
