"""Attractors of a connectome as a network of ±1 neurons, next to null models and theory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron.analysis import sign_networks
from isochron.connectome import Connectome, gaba_inhibitory
from isochron.connectome.null_models import NULL_MODELS
from isochron.connectome.statistics import symmetry_degree
from isochron.workflows.attractor_results import (
    ConnectomePlacement,
    Ensemble,
    EnsembleTheory,
    MeanWithError,
    Sampled,
    SampledNull,
    SolvedFixedPoints,
    Theory,
)

LAYERS = ("chemical", "gap")
SIGNS = ("own", "gaba", "none")
SYMMETRY = (
    "sum over i != j of J_ij J_ji / sum over i != j of J_ij^2, weighted, signed, not centered"
)
SOLVER_LIMIT, SOLVER_SECONDS = 10_000, 600.0
Report = Callable[[float, str], None]


def connectome_couplings(
    connectome: Connectome, layers: Sequence[str], signs: str | None = None
) -> np.ndarray:
    """Couplings of a connectome: signed chemical synapses, and gap junctions with a plus sign.

    Self-connections are omitted, as in the model.

    Parameters
    ----------
    connectome : Connectome
        Connectome whose weights become couplings.
    layers : sequence of {"chemical", "gap"}
        Layers that are added up.
    signs : {"own", "gaba", "none"}, optional
        The signs of the connectome (a connection without a sign is omitted); the 26 GABAergic
        neurons inhibit; or all excite. By default "own" if the connectome has signs, else
        "gaba".

    Returns
    -------
    ndarray, shape (n, n)
        Couplings ``[post, pre]``, in the unit of the weights, 0 on the diagonal.

    Raises
    ------
    ValueError
        If a layer or a sign rule is not known, or `signs` is "own" and the connectome does not
        have signs.

    Examples
    --------
    >>> from isochron.workflows.attractors import connectome_couplings
    >>> couplings = connectome_couplings(connectome.load("varshney2011"), ["chemical"])
    >>> np.count_nonzero(couplings), np.count_nonzero(couplings < 0)
    (2194, 76)
    """
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown or not layers:
        raise ValueError(
            f"No layer {', '.join(map(repr, unknown)) or 'given'}. Known: {', '.join(LAYERS)}."
        )
    which = which_signs(connectome, signs)
    couplings = np.zeros(connectome.chemical.shape, dtype=float)
    if "chemical" in layers:
        couplings += connectome.chemical * _signs(connectome, which)
    if "gap" in layers:
        couplings += connectome.gap
    np.fill_diagonal(couplings, 0)
    return couplings


def which_signs(connectome: Connectome, signs: str | None) -> str:
    """The choice of signs, one of `SIGNS`; by default those of the connectome, if it has some.

    Raises
    ------
    ValueError
        If the choice is not known, or the connectome does not have signs.
    """
    if signs is None:
        return "gaba" if connectome.signs is None else "own"
    if signs not in SIGNS:
        raise ValueError(f"No sign rule {signs!r}. Known: {', '.join(SIGNS)}.")
    if signs == "own" and connectome.signs is None:
        raise ValueError(f"{connectome.name} does not have signs; choose gaba or none.")
    return signs


def _signs(connectome: Connectome, which: str) -> np.ndarray | int:
    if which == "own" and connectome.signs is not None:
        return connectome.signs
    return gaba_inhibitory(connectome) if which == "gaba" else 1


@dataclass(frozen=True, kw_only=True)
class NullModels:
    """Randomized connectomes.

    Attributes
    ----------
    n : int
        Number of randomized connectomes, >= 0.
    model : str
        Null model, one of `isochron.connectome.null_models.NULL_MODELS`. ``rewire`` preserves
        degrees, and weights and signs stay with their presynaptic neurons.

    Raises
    ------
    ValueError
        If `n` is negative or the null model is not known.

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
        If a setting is out of range or not known.

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
    if n_starts < 1:
        raise ValueError(f"The number of starts must be at least 1, got {n_starts!r}.")
    if tie not in sign_networks.TIE_RULES:
        raise ValueError(f"tie must be one of {', '.join(sign_networks.TIE_RULES)}, got {tie!r}.")
    nulls = nulls or NullModels()
    randomize = NULL_MODELS.load(nulls.model)
    report = progress or (lambda fraction, text: None)
    which = which_signs(connectome, signs)
    couplings = connectome_couplings(connectome, layers, which)
    streams = np.random.default_rng(seed).spawn(len(sign_networks.TIE_RULES) + nulls.n)
    total = len(streams) + 1
    by_rule = {}
    for k, rule in enumerate(sign_networks.TIE_RULES):
        report(k / total, f"sampling, tie rule {rule}")
        by_rule[rule] = Sampled.of(
            sign_networks.sample_attractors(couplings, 0, rule, n_starts=n_starts, rng=streams[k])
        )
    report(len(by_rule) / total, "solving for fixed points")
    fixed_points = _solve_fixed_points(couplings, tie)
    samples = []
    for k, rng in enumerate(streams[len(by_rule) :]):
        report((len(by_rule) + 1 + k) / total, f"null model {k + 1} of {nulls.n}")
        rewired = connectome_couplings(randomize(connectome, rng), layers, which)
        sample = sign_networks.sample_attractors(rewired, 0, tie, n_starts=n_starts, rng=rng)
        samples.append(SampledNull.of(sample, symmetry_degree=symmetry_degree(rewired)))
    report(1.0, "done")
    eta = symmetry_degree(couplings)
    return ConnectomePlacement(
        dataset=connectome.name,
        layers=tuple(layers),
        signs=which,
        n_inhibitory=int((_signs(connectome, which) * connectome.chemical < 0).sum()),
        n=len(couplings),
        tie_rule=tie,
        symmetry_degree=eta,
        symmetry_degree_definition=SYMMETRY,
        sampled=by_rule[tie],
        sampled_by_tie_rule=by_rule,
        fixed_points=fixed_points,
        null_model=nulls.model,
        nulls=tuple(samples),
        theory=Theory.of(len(couplings), eta),
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
    mean = sign_networks.mean_fixed_points(n, symmetry) if n >= 3 else None
    return Ensemble(
        n=n,
        symmetry=symmetry,
        n_networks=n_networks,
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
