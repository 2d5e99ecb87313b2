"""Attractors of a connectome as a network of ±1 neurons, next to null models and theory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isochron.analysis import sign_networks
from isochron.connectome import Connectome, gaba_inhibitory
from isochron.connectome.null_models import NULL_MODELS
from isochron.connectome.statistics import symmetry_degree
from isochron.runs.null_models import NO_NULL, OF_SIGNS, randomized
from isochron.runs.results import extended
from isochron.runs.sign_couplings import LAYERS, connectome_couplings, signs_of, which_signs
from isochron.wording import shown
from isochron.workflows.attractor_results import (
    ConnectomePlacement,
    Ensemble,
    EnsembleTheory,
    MeanWithError,
    NetworkOfConnectome,
    Sampled,
    SampledNull,
    SolvedFixedPoints,
    Theory,
)
from isochron.workflows.experiments.settings import AttractorSettings

FEWEST_NEURONS = 3  # of the theory
SYMMETRY = (
    "sum over i != j of J_ij J_ji / sum over i != j of J_ij^2, weighted, signed, not centered"
)
SOLVER_LIMIT, SOLVER_SECONDS = 10_000, 600.0
Report = Callable[[float, str], None]


MOST_NULLS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class NullModels:
    """Randomized connectomes.

    Attributes
    ----------
    n : int
        Number of randomized connectomes, 0 to 1,000,000.
    model : str
        Null model, one of `isochron.connectome.null_models.NULL_MODELS`. ``rewire`` preserves
        degrees, and weights and signs stay with their presynaptic neurons.

    Raises
    ------
    ValueError
        If `n` is out of range or the null model is not known.

    Examples
    --------
    >>> from isochron.workflows.attractors import NullModels
    >>> NullModels(n=10, model="erdos-renyi")
    NullModels(n=10, model='erdos-renyi')
    """

    n: int = 0
    model: str = "rewire"

    def __post_init__(self) -> None:
        NULL_MODELS.check(self.model)
        if self.n < 0:
            raise ValueError(f"The number of null models must be at least 0, got {self.n!r}.")
        if self.n > MOST_NULLS:
            raise ValueError(
                f"The number of null models must be at most {MOST_NULLS:,}, got {shown(self.n)}."
            )


def place_on_axis(
    connectome: Connectome,
    *,
    layers: Sequence[str] = LAYERS,
    signs: str | None = None,
    tie: str = "plus",
    nulls: NullModels | None = None,
    n_starts: int = 2000,
    seed: int = 0,
    progress: Report | None = None,
) -> ConnectomePlacement:
    """Attractors of a connectome under every tie rule, of null models, and theory at its eta.

    Parameters
    ----------
    connectome : Connectome
        Connectome whose weights become couplings.
    layers, signs
        As for `connectome_couplings`.
    tie : str
        Tie rule of the null models and of the solver; the connectome is sampled under all four.
    nulls : NullModels, optional
        Randomized connectomes to compare with; none by default.
    n_starts : int
        Number of random initial states of each network, at least 1.
    seed : int
        Seed of the initial states and of the null models.
    progress : callable, optional
        Called as ``progress(fraction, text)``.

    Returns
    -------
    ConnectomePlacement
        Attractors of the connectome and of the null models, symmetry degree and theory.

    Raises
    ------
    ValueError
        If a setting is out of range or not known, or the connectome has fewer than 3 neurons.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325.

    Examples
    --------
    >>> from isochron.workflows.attractors import place_on_axis
    >>> ring = np.roll(np.eye(5), 1, axis=0)  # 0 to 1 to 2 ... to 0
    >>> names = ["A", "B", "C", "D", "E"]
    >>> graph = connectome.from_matrices(names, ring, rows="postsynaptic", name="ring")
    >>> found = place_on_axis(graph, layers=["chemical"], signs="none", n_starts=200)
    >>> found.symmetry_degree, found.fixed_points.count  # all +1 and all -1
    (0.0, 2)
    """
    n = len(connectome.neurons)
    if n < FEWEST_NEURONS:
        raise ValueError(
            f"{connectome.name}: random networks, next to which it is placed, need "
            f"{FEWEST_NEURONS} neurons or more, got {n}."
        )
    points = placement_points(
        connectome.name, layers=layers, signs=signs, tie=tie, nulls=nulls, n_starts=n_starts,
        seed=seed,
    )  # fmt: skip
    report = progress or (lambda fraction, text: None)
    parts = []
    for k, point in enumerate(points):
        report(k / len(points), _step(point))
        parts.append(sample_network(connectome, point, seed))
    report(1.0, "done")
    return placement(connectome, points, parts)


def placement_points(
    dataset: str,
    *,
    layers: Sequence[str] = LAYERS,
    signs: str | None = None,
    tie: str = "plus",
    nulls: NullModels | None = None,
    n_starts: int = 2000,
    seed: int = 0,
) -> list[AttractorSettings]:
    """The networks of `place_on_axis`: the connectome under each tie rule, then null models.

    Raises
    ------
    ValueError
        If a setting is out of range or not known.
    """
    if n_starts < 1:
        raise ValueError(f"The number of starts must be at least 1, got {n_starts!r}.")
    if tie not in sign_networks.TIE_RULES:
        raise ValueError(f"tie must be one of {', '.join(sign_networks.TIE_RULES)}, got {tie!r}.")
    nulls = nulls or NullModels()
    base = AttractorSettings(
        dataset=dataset, layers=tuple(layers), signs=signs, tie=tie, n_starts=n_starts, seed=seed
    )
    rules = [replace(base, tie=it, solve=it == tie) for it in sign_networks.TIE_RULES]
    return [*rules, *(replace(base, null_model=nulls.model, draw=k) for k in range(nulls.n))]


def _step(point: AttractorSettings) -> str:
    if point.null_model != NO_NULL:
        return f"null model {point.draw + 1}"
    return f"sampling, tie rule {point.tie}"


def sample_network(
    connectome: Connectome, settings: AttractorSettings, seed: int
) -> NetworkOfConnectome:
    """Sampled attractors of a connectome, or of a null model of it, and its symmetry degree.

    The stream of random numbers depends on the seed and on the place of the network among those of
    `place_on_axis`, not on how many there are.
    """
    rules, null = sign_networks.TIE_RULES, settings.null_model
    which = which_signs(connectome, settings.signs)
    place = rules.index(settings.tie) if null == NO_NULL else len(rules) + settings.draw
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(place,)))
    if null != NO_NULL:
        connectome, which = _randomized(connectome, null, which, rng)
    return sample_connectome(connectome, replace(settings, signs=which), rng)


def sample_connectome(
    connectome: Connectome, settings: AttractorSettings, rng: np.random.Generator
) -> NetworkOfConnectome:
    """Sampled attractors of a connectome as it is, and its symmetry degree."""
    which = which_signs(connectome, settings.signs)
    couplings = connectome_couplings(connectome, settings.layers, which)
    sample = sign_networks.sample_attractors(
        couplings, 0, settings.tie, n_starts=settings.n_starts, rng=rng
    )
    return NetworkOfConnectome(
        sampled=Sampled.of(sample),
        symmetry_degree=symmetry_degree(couplings),
        fixed_points=_solve_fixed_points(couplings, settings.tie) if settings.solve else None,
    )


def _randomized(
    connectome: Connectome, null: str, which: str, rng: np.random.Generator
) -> tuple[Connectome, str]:
    """A draw from a null model, and the choice of its signs: its own if they were permuted."""
    if null == OF_SIGNS and which == "gaba":
        return randomized(connectome, null, rng, gaba_inhibitory), "own"
    return randomized(connectome, null, rng), which


def placement(
    connectome: Connectome,
    points: Sequence[AttractorSettings],
    parts: Sequence[NetworkOfConnectome],
) -> ConnectomePlacement:
    """The result of `place_on_axis` from the results of its networks."""
    first, n_rules = points[0], len(sign_networks.TIE_RULES)
    tie, seed = next((it.tie, it.seed or 0) for it in points if it.solve)
    which = which_signs(connectome, first.signs)
    by_rule = {
        it.tie: part.sampled for it, part in zip(points[:n_rules], parts[:n_rules], strict=True)
    }
    solved = next(part for it, part in zip(points, parts, strict=True) if it.solve)
    n, eta = connectome.chemical.shape[0], solved.symmetry_degree
    return ConnectomePlacement(
        dataset=connectome.name,
        layers=first.layers,
        signs=which,
        n_inhibitory=int((signs_of(connectome, which) * connectome.chemical < 0).sum()),
        n=n,
        tie_rule=tie,
        symmetry_degree=eta,
        symmetry_degree_definition=SYMMETRY,
        sampled=by_rule[tie],
        sampled_by_tie_rule=by_rule,
        fixed_points=solved.fixed_points,
        null_model=points[-1].null_model if len(points) > n_rules else NullModels().model,
        nulls=tuple(
            extended(part.sampled, SampledNull, symmetry_degree=part.symmetry_degree)
            for part in parts[n_rules:]
        ),
        theory=Theory.of(n, eta),
        seed=seed,
    )


def _solve_fixed_points(couplings: np.ndarray, tie: str) -> SolvedFixedPoints | None:
    """All fixed points within the limits of number and time; None without OR-Tools."""
    try:
        solved = sign_networks.solve_cycles(
            couplings, 0, tie, limit=SOLVER_LIMIT, time_limit_s=SOLVER_SECONDS
        )
    except ImportError:
        return None
    return SolvedFixedPoints(count=solved.count, complete=solved.complete, message=solved.message)


def count_in_ensemble(
    n: int, symmetry: float, n_networks: int, *, tie: str, seed: int, **options: Any
) -> Ensemble:
    """Mean numbers of attractors of random networks, and the theory of their fixed points.

    `options` are those of `isochron.analysis.sign_networks.count_attractors`.
    """
    rng = np.random.default_rng(seed)
    counted = sign_networks.count_attractors(n, symmetry, n_networks, rng, tie=tie, **options)
    return describe_ensemble(counted, tie=tie, seed=seed)


def describe_ensemble(counted: sign_networks.EnsembleCount, *, tie: str, seed: int) -> Ensemble:
    """Mean numbers of attractors of networks that were enumerated, and the theory."""
    n, symmetry = counted.n, counted.symmetry
    mean = sign_networks.mean_fixed_points(n, symmetry) if n >= 3 else None
    return Ensemble(
        n=n,
        symmetry=symmetry,
        n_networks=len(counted.counts),
        tie_rule=tie,
        mean_by_length={
            int(length): _mean_with_error(counted.of_length(length)) for length in counted.lengths
        },
        mean_total=_mean_with_error(counted.total),
        mean_ln_total=_mean_with_error(counted.log_total),
        mean_largest_basin=float(counted.largest_basins.mean()),
        mean_transient=float(counted.mean_transients.mean()),
        theory=EnsembleTheory(mean_fixed_points=mean),
        seed=seed,
    )


def _mean_with_error(pair: tuple[float, float]) -> MeanWithError:
    return MeanWithError(mean=pair[0], se=pair[1])
