"""Order of labeled units by phase: whether two systems go through them in the same order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from isochron.analysis.arrays import as_angles, circular_pair
from isochron.analysis.results import short_repr
from isochron.analysis.statistics import SignificanceTest, permutation_p
from isochron.arguments import require_instance, require_rng
from isochron.wording import shown

_LEAST = 4  # fewer units have too few circular orders to tell anything


def circular_rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Rank correlation of paired angles: 1 for the same circular order, -1 for the reverse one.

    It is the correlation coefficient of Fisher and Lee of the angles 2π rank / n. It does not
    depend on where either circle begins, or on how the phases are spread along it.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Phases in radians of the same n >= 4 units in two systems. Complex values count by their
        angle.

    Returns
    -------
    float
        From -1 to 1; 0 on average for unrelated orders.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than 4 units, a phase is not finite, or all phases
        of a system are equal.

    References
    ----------
    Fisher and Lee (1982), Biometrika 69:315; (1983), Biometrika 70:327.

    Examples
    --------
    >>> phases = np.array([0.1, 0.9, 1.5, 3.0, 5.0])
    >>> later = (phases + 2.5) % (2 * np.pi)  # the same order from a different start
    >>> analysis.circular_rank_correlation(phases, later)
    1.0
    >>> analysis.circular_rank_correlation(phases, -phases)
    -1.0
    """
    one, two = circular_pair(first, second, ("first", "second"))
    if one.size < _LEAST:
        raise ValueError(f"An order by phase needs {_LEAST} or more units, got {one.size}.")
    return _correlation(_rank_angles(one), _rank_angles(two))


@short_repr
@dataclass(frozen=True, kw_only=True)
class PhaseOrder:
    """Agreement of the orders by phase in several animals with that in a reference.

    Attributes
    ----------
    correlations : ndarray, shape (n_animals,)
        Circular rank correlation of each animal with the reference.
    n_shared : tuple of int
        Number of labels that each animal shares with the reference.
    test : SignificanceTest
        Test of the mean correlation against permutations of the labels of the reference.

    Examples
    --------
    >>> model = {"AVA": 0.0, "RIB": 1.0, "SMDV": 2.0, "AVB": 3.0, "RME": 4.0}
    >>> animal = {"AVA": 1.1, "RIB": 2.5, "SMDV": 2.6, "AVB": 5.0, "unknown": 2.0}
    >>> order = analysis.phase_order_test(model, [animal], rng=np.random.default_rng(0))
    >>> order.correlations.round(3), order.n_shared
    (array([1.]), (4,))
    """

    correlations: np.ndarray
    n_shared: tuple[int, ...]
    test: SignificanceTest


def phase_order_test(
    reference: Mapping[str, float],
    animals: Sequence[Mapping[str, float]],
    *,
    n_permutations: int = 999,
    rng: np.random.Generator,
) -> PhaseOrder:
    """Test whether animals go through labeled neurons in the order of a model.

    The statistic is the mean over animals of the circular rank correlation of the neurons that
    an animal shares with the reference. Under the null hypothesis the labels of the reference
    are exchangeable; each permutation is the same for all animals, because their orders
    resemble each other and so are not independent evidence. Neurons that always have the same
    phase, such as those of a left-right pair, are not exchangeable: give one of each class.

    Parameters
    ----------
    reference : mapping of str to float
        Phase in radians of each label, such as that of a model.
    animals : sequence of mappings of str to float
        The same of each animal; labels that the reference does not have are ignored.
    n_permutations : int
        Number of permutations, at least 1.
    rng : numpy.random.Generator
        Source of the permutations.

    Returns
    -------
    PhaseOrder
        The p-value is one-sided: only the same order is significant, not the reverse.

    Raises
    ------
    ValueError
        If there are no animals, one shares fewer than 4 labels with the reference, a phase is not
        finite, or `n_permutations` is below 1.

    Examples
    --------
    Three animals with noisy phases, in the order of the model:

    >>> rng = np.random.default_rng(0)
    >>> model = {f"N{k}": 0.6 * k for k in range(10)}
    >>> animals = [
    ...     {name: phase + 1.0 + rng.normal() / 3 for name, phase in model.items()}
    ...     for _ in range(3)
    ... ]
    >>> order = analysis.phase_order_test(model, animals, rng=rng)
    >>> order.correlations.round(1), order.test.p_value
    (array([1. , 0.9, 0.9]), 0.001)
    """
    require_rng(rng)
    require_instance("reference", reference, Mapping, "{'AVAL': 0.0, 'RIML': 1.5}")
    require_instance("animals", animals, Sequence, "[reference]")
    if not animals or not n_permutations >= 1:
        raise ValueError(
            "Need one animal or more and n_permutations >= 1, got "
            f"{len(animals)} and {shown(n_permutations)}."
        )
    names = sorted(reference)
    phases = as_angles([reference[name] for name in names], "reference")
    shared, angles = [], []
    for number, animal in enumerate(animals):
        present = [k for k, name in enumerate(names) if name in animal]
        if len(present) < _LEAST:
            raise ValueError(
                f"Animal {number} shares {len(present)} labels with the reference; an order by "
                f"phase needs {_LEAST}. Omit it, or give more labels."
            )
        shared.append(np.array(present))
        own = as_angles([animal[names[k]] for k in present], f"phases of animal {number}")
        angles.append(_rank_angles(own))

    def correlations(order: np.ndarray) -> list[float]:
        permuted = phases[order]
        pairs = zip(shared, angles, strict=True)
        return [_correlation(_rank_angles(permuted[which]), own) for which, own in pairs]

    found = np.array(correlations(np.arange(len(names))))
    null = [
        float(np.mean(correlations(rng.permutation(len(names))))) for _ in range(n_permutations)
    ]
    test = permutation_p(float(found.mean()), null, alternative="greater")
    return PhaseOrder(
        correlations=found,
        n_shared=tuple(len(which) for which in shared),
        test=SignificanceTest(
            statistic=test.statistic,
            p_value=test.p_value,
            null=test.null,
            method=f"{n_permutations} permutations of the labels of the reference, greater",
        ),
    )


def _rank_angles(phases: np.ndarray) -> np.ndarray:
    """2π rank / n of phases on the circle; tied ones have their mean rank."""
    if np.abs(np.exp(1j * phases).mean()) > 1 - 1e-14:
        raise ValueError("All phases are equal: they do not have an order.")
    return 2 * np.pi * rankdata(phases % (2 * np.pi)) / phases.size


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Fisher and Lee (1983): Σ sin(a_i - a_j) sin(b_i - b_j), normalized."""

    def products(a: np.ndarray, b: np.ndarray) -> float:
        same, reverse = np.exp(1j * (a - b)).mean(), np.exp(1j * (a + b)).mean()
        return float(abs(same) ** 2 - abs(reverse) ** 2)

    scale = products(first, first) * products(second, second)
    return products(first, second) / math.sqrt(scale)
