"""What a run of `isochron study energy` found, in words, and what it cannot say."""

from collections.abc import Sequence

import numpy as np

from isochron.analysis import permutation_p
from isochron.studies.energy.recall import CRITICAL_LOAD
from isochron.studies.energy.results import EnergyResults, NetworkRow, WormRow
from isochron.wording import counted, joined

STANDARD_ERRORS = 3  # between a mean and theory


def answer(results: EnergyResults) -> list[str]:
    """Findings, the main one first."""
    return [_main(results), *_theory(results), *_recall(results), *_networks(results),
            *_worm(results)]  # fmt: skip


def _main(results: EnergyResults) -> str:
    symmetric = [it for it in results.ensembles if it.symmetry == 1]
    longest = max((it.longest for it in results.ensembles), default=0)
    text = ""
    if symmetric:
        one = symmetric[0]
        found = "no attractor is longer than 2 states" if one.longest <= 2 else (
            f"an attractor of {one.longest} states contradicts the theorem"
        )  # fmt: skip
        text = (
            f"With symmetric connections {found}, in {counted(one.n_networks, 'network')} of "
            f"{results.config.ensemble.n_neurons} neurons all of whose states were enumerated. "
        )
    return f"{text}Without symmetry there are attractors of up to {longest} states."


def _theory(results: EnergyResults) -> list[str]:
    z = [it.z for it in results.ensembles]
    known = [abs(value) for value in z if value is not None]
    within = sum(value <= STANDARD_ERRORS for value in known)
    return [
        f"The mean number of fixed points is within {STANDARD_ERRORS} standard errors of the exact "
        f"mean at {within} of {counted(len(z), 'symmetry degree')}."
    ]


def _recall(results: EnergyResults) -> list[str]:
    found = results.transition
    if found.limit is None or found.low is None or found.high is None:
        return ["The load at which recall is lost could not be fitted from these sizes and loads."]
    inside = "contains" if found.low <= CRITICAL_LOAD <= found.high else "does not contain"
    moving = sum(row.parallel_two_cycles for row in results.recalls)
    tried = sum(row.n for row in results.recalls)
    return [
        f"Half of the memories are recalled up to a load of {found.limit:.4f} "
        f"({found.low:.4f} to {found.high:.4f}) in the limit of many neurons; the interval "
        f"{inside} the theoretical {CRITICAL_LOAD}.",
        f"With all neurons updated at once {moving} of {counted(tried, 'recall')} end in a cycle "
        "of 2 states and not in a fixed point.",
    ]


def _networks(results: EnergyResults) -> list[str]:
    lines = []
    for name in dict.fromkeys(row.substrate for row in results.networks):
        rows = [row for row in results.networks if row.substrate == name]
        lines.append(_describe_substrate(name, rows))
    return lines


def _describe_substrate(name: str, rows: Sequence[NetworkRow]) -> str:
    before = [row.before.symmetry_degree for row in rows]
    after = [row.after.symmetry_degree for row in rows]
    learned = sum(row.learned for row in rows)
    moving = sum(row.after.moving_share > 0 for row in rows)
    still = sum(row.symmetrized.moving_share == 0 for row in rows)
    return (
        f"{name}: {learned} of {counted(len(rows), 'network')} learned. Symmetry degree "
        f"{_span(before)} before training, {_span(after)} after it. With the reference off "
        f"{moving} of them {'still moves' if moving == 1 else 'still move'} from some start; with "
        f"symmetrized weights {still} of {len(rows)} rest from every start."
    )


def _span(values: Sequence[float]) -> str:
    """Smallest to largest value."""
    low, high = min(values), max(values)
    return f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"


def _worm(results: EnergyResults) -> list[str]:
    real, draws = split_worms(results)
    lines = []
    for noun, name in (
        ("symmetry degree", "symmetry_degree"),
        ("share of the energy's change that is upwards", "uphill_share"),
    ):
        value, nulls = getattr(real, name), np.array([getattr(it, name) for it in draws])
        p = permutation_p(value, nulls, alternative="two-sided").p_value
        lines.append(
            f"The {noun} of {results.config.worm.dataset} is {value:.3f}, and "
            f"{np.median(nulls):.3f} ({nulls.min():.3f} to {nulls.max():.3f}) "
            f"in {counted(len(draws), 'draw')} of {results.config.worm.null_model}; p = {p:.3f}, "
            "two-sided."
        )
    return lines


def split_worms(results: EnergyResults) -> tuple[WormRow, list[WormRow]]:
    """The connectome, and the draws from the null model."""
    real = next(row for row in results.worms if row.draw is None)
    return real, [row for row in results.worms if row.draw is not None]


def caveats(results: EnergyResults) -> list[str]:
    """What the run cannot say, and what would change the answer."""
    config = results.config
    sizes = sorted({config.ensemble.n_neurons, config.mixture.n_neurons})
    neurons = joined([str(size) for size in sizes])
    lines = [
        f"Numbers of attractors are those of networks of {neurons} neurons. They grow "
        "exponentially with the number of neurons; larger networks are not enumerated.",
        "The load of half recall is extrapolated from networks of up to "
        f"{max(config.memories.sizes)} neurons with an exponent of 2/3, which describes these "
        "sizes and is not derived. The interval covers the recalls, not the choice of the "
        "exponent.",
        "On a whole cycle the upward share is 1/2 whatever the weights are: the share tells how a "
        "network reaches its attractor, not what the attractor is.",
        "The sign network of the connectome has states of ±1, a tie rule and no time constants. "
        "It is not the graded model.",
    ]
    few = config.networks.pairs
    if few < 10:
        lines.append(
            f"{counted(few, 'network')} of each substrate: differences between substrates are not "
            "tested."
        )
    return lines
