"""Random networks between symmetric and antisymmetric, and numbers of their attractors."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from isochron.analysis.results import short_repr
from isochron.analysis.sign_networks.enumeration import (
    MAX_NEURONS,
    MAX_ON_GPU,
    enumerate_attractors,
)
from isochron.analysis.sign_networks.results import Enumeration
from isochron.arguments import require_rng
from isochron.settings import settings_from

LAWS = ("gaussian", "uniform", "sign")
DILUTIONS = ("couples", "directions")
Report = Callable[[float, str], None]


def asymmetry(symmetry: float) -> float:
    """The epsilon of a symmetry degree: eta = (1 - epsilon) / (1 - epsilon + epsilon^2 / 2).

    Parameters
    ----------
    symmetry : float
        eta, from -1 (antisymmetric) to 1 (symmetric).

    Returns
    -------
    float
        epsilon of `random_couplings`, from 0 (symmetric) to 2 (antisymmetric).

    Raises
    ------
    ValueError
        If the symmetry degree is not between -1 and 1.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.asymmetry(symmetry) for symmetry in (1, 0, -1)]
    [0.0, 1.0, 2.0]
    """
    if not -1 <= symmetry <= 1:
        raise ValueError(
            f"The symmetry degree must lie between -1 (antisymmetric) and 1 (symmetric), got "
            f"{symmetry!r}."
        )
    if symmetry == 1:
        return 0.0
    return 2 * (1 - symmetry) / (1 - symmetry + math.sqrt(1 - symmetry**2))


@dataclass(frozen=True, kw_only=True)
class CouplingLaw:
    """Distribution of random couplings, and dilution.

    Attributes
    ----------
    entries : {"gaussian", "uniform", "sign"}
        Distribution of the independent entries of S and A (see `random_couplings`), of variance
        1. With ``sign`` every J_ij is +-1 and J_ji = J_ij with probability (1 + eta) / 2.
    dilution : float
        Fraction of connections to remove, from 0 to less than 1.
    dilute : {"couples", "directions"}
        Whether J_ij and J_ji are removed together, or independently of each other. With
        ``directions`` the symmetry degree becomes eta (1 - dilution).

    Raises
    ------
    ValueError
        If a value is out of range or a name is not known.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> law = sign_networks.CouplingLaw(entries="sign", dilution=0.5)
    >>> couplings = sign_networks.random_couplings(200, 0.0, np.random.default_rng(0), law=law)
    >>> print(np.unique(couplings), np.mean(couplings == 0).round(1))
    [-1.  0.  1.] 0.5
    """

    entries: str = "gaussian"
    dilution: float = 0.0
    dilute: str = "couples"

    def __post_init__(self) -> None:
        if self.entries not in LAWS:
            raise ValueError(f"entries must be one of {', '.join(LAWS)}, got {self.entries!r}.")
        if self.dilute not in DILUTIONS:
            raise ValueError(f"dilute must be one of {', '.join(DILUTIONS)}, got {self.dilute!r}.")
        if not 0 <= self.dilution < 1:
            raise ValueError(f"dilution must be from 0 to less than 1, got {self.dilution!r}.")


def random_couplings(
    n: int,
    symmetry: float,
    rng: np.random.Generator,
    *,
    law: CouplingLaw | None = None,
    **fields: Any,
) -> np.ndarray:
    """Draw J = (1 - epsilon/2) S + (epsilon/2) A, S symmetric and A antisymmetric.

    Parameters
    ----------
    n : int
        Number of neurons.
    symmetry : float
        eta = <J_ij J_ji> / <J_ij^2> before dilution, between -1 and 1.
    rng : numpy.random.Generator
        Source of the entries.
    law : CouplingLaw, optional
        Distribution of the entries, and dilution; Gaussian without dilution by default.
    **fields
        Fields of `CouplingLaw` as keywords, instead of `law`.

    Returns
    -------
    ndarray, shape (n, n)
        J, ``[post, pre]``, with a diagonal of 0.

    Raises
    ------
    ValueError
        If a value is out of range.
    TypeError
        If `law` and its fields are both given.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325, for the mixture; Folli et al. (2018), Neural Networks
    104:50, for dilution.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> couplings = sign_networks.random_couplings(300, 0.5, np.random.default_rng(0))
    >>> print(round(np.mean(couplings * couplings.T) / np.mean(couplings**2), 2))
    0.5
    """
    require_rng(rng)
    law = settings_from(CouplingLaw, law, fields)
    epsilon = asymmetry(symmetry)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n!r}.")
    upper = np.triu_indices(n, 1)
    if law.entries == "sign":
        above = rng.choice([-1.0, 1.0], upper[0].size)
        below = np.where(rng.random(upper[0].size) < (1 + symmetry) / 2, above, -above)
    else:
        draw = rng.standard_normal if law.entries == "gaussian" else _standard_uniform(rng)
        even, odd = draw(upper[0].size), draw(upper[0].size)
        above = (1 - epsilon / 2) * even + epsilon / 2 * odd
        below = (1 - epsilon / 2) * even - epsilon / 2 * odd
    if law.dilution:
        kept = rng.random((2, upper[0].size)) >= law.dilution
        above = np.where(kept[0], above, 0.0)
        below = np.where(kept[0 if law.dilute == "couples" else 1], below, 0.0)
    couplings = np.zeros((n, n))
    couplings[upper] = above
    couplings.T[upper] = below
    return couplings


def _standard_uniform(rng: np.random.Generator):
    edge = math.sqrt(3)
    return lambda size: rng.uniform(-edge, edge, size)


@short_repr
@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleCount:
    """Attractors of many random networks.

    Attributes
    ----------
    n : int
        Number of neurons.
    symmetry : float
        eta, from -1 to 1.
    lengths : ndarray of int64, shape (n_lengths,)
        All lengths that occurred, ascending.
    counts : ndarray of int64, shape (n_networks, n_lengths)
        Number of attractors of each network by length.
    largest_basins : ndarray, shape (n_networks,)
        Fraction of states that converge to the attractor with the largest basin.
    basins : ndarray, shape (n_attractors,)
        Fraction of states of every attractor of every network, network by network.
    basin_lengths : ndarray of int64, shape (n_attractors,)
        Length of these attractors.
    mean_transients : ndarray, shape (n_networks,)
        Number of steps to the attractor, mean over states.

    Examples
    --------
    Symmetric networks have only fixed points and cycles of length 2:

    >>> from isochron.analysis import sign_networks
    >>> count = sign_networks.count_attractors(6, 1.0, 50, np.random.default_rng(0))
    >>> count.lengths
    array([1, 2])
    """

    n: int
    symmetry: float
    lengths: np.ndarray
    counts: np.ndarray
    largest_basins: np.ndarray
    basins: np.ndarray
    basin_lengths: np.ndarray
    mean_transients: np.ndarray

    @classmethod
    def of(cls, symmetry: float, networks: Sequence[Enumeration]) -> Self:
        """The attractors of random networks that were enumerated one by one.

        Parameters
        ----------
        symmetry : float
            eta of their ensemble.
        networks : sequence of Enumeration
            At least 2, of the same number of neurons; in the order of the arrays.

        Returns
        -------
        EnsembleCount
            Their numbers by length, basins and transients.
        """
        n = networks[0].n
        states = 2.0**n
        lengths = np.unique(np.concatenate([one.lengths for one in networks]))
        counts = [np.bincount(np.searchsorted(lengths, one.lengths), minlength=lengths.size)
                  for one in networks]  # fmt: skip
        return cls(
            n=n,
            symmetry=symmetry,
            lengths=lengths,
            counts=np.array(counts, dtype=np.int64),
            largest_basins=np.array([one.basins.max() / states for one in networks]),
            basins=np.concatenate([one.basins / states for one in networks]),
            basin_lengths=np.concatenate([one.lengths for one in networks]),
            mean_transients=np.array([one.mean_transient for one in networks]),
        )

    def of_length(self, length: int) -> tuple[float, float]:
        """Mean number of attractors of a length.

        Parameters
        ----------
        length : int
            Number of states of the attractors; 1 for fixed points.

        Returns
        -------
        mean, error : float
            Mean over networks, and its standard error.
        """
        place = np.flatnonzero(self.lengths == length)
        column = self.counts[:, place].sum(axis=1)
        return _mean_and_error(column)

    @property
    def total(self) -> tuple[float, float]:
        """E N: mean number of attractors, and its standard error."""
        return _mean_and_error(self.counts.sum(axis=1))

    @property
    def log_total(self) -> tuple[float, float]:
        """E ln N, the logarithm of a typical number, and its standard error."""
        return _mean_and_error(np.log(self.counts.sum(axis=1)))


def count_attractors(
    n: int,
    symmetry: float,
    n_networks: int,
    rng: np.random.Generator,
    *,
    law: CouplingLaw | None = None,
    tie: str = "plus",
    n_threads: int | None = None,
    device: str = "cpu",
    progress: Report | None = None,
    **fields: Any,
) -> EnsembleCount:
    """Enumerate the attractors of random networks; see `random_couplings` for the ensemble.

    Parameters
    ----------
    n : int
        Number of neurons, up to 30, on a GPU up to 32.
    symmetry : float
        eta, between -1 and 1.
    n_networks : int
        Number of networks, at least 2, for a standard error.
    rng : numpy.random.Generator
        Source of the couplings.
    law : CouplingLaw, optional
        Distribution of the couplings, and dilution; Gaussian without dilution by default.
    **fields
        Fields of `CouplingLaw` as keywords, instead of `law`.
    tie : {"plus", "minus", "keep", "flip"}
        Next state of a neuron whose field is exactly 0. It matters for laws that are not
        continuous, and for diluted neurons without input.
    n_threads : int, optional
        Number of threads, as in `enumerate_attractors`.
    device : {"cpu", "cuda"}
        Device, as in `enumerate_attractors`.
    progress : callable, optional
        Called as ``progress(fraction, text)``. Raise from it, or press Ctrl-C, to stop.

    Returns
    -------
    EnsembleCount
        Attractors of each network by length, their basins and transients.

    Raises
    ------
    ValueError
        If a value is out of range.
    TypeError
        If `law` and its fields are both given.

    Examples
    --------
    Without symmetry the mean number of fixed points is 1, at any size:

    >>> from isochron.analysis import sign_networks
    >>> count = sign_networks.count_attractors(8, 0.0, 200, np.random.default_rng(0))
    >>> mean, error = count.of_length(1)
    >>> abs(mean - 1) < 3 * error
    True
    """
    require_rng(rng)
    law = settings_from(CouplingLaw, law, fields)
    largest = MAX_NEURONS if device == "cpu" else MAX_ON_GPU
    if not 1 <= n <= largest:
        raise ValueError(f"n must be from 1 to {largest}, got {n!r}.")
    if n_networks < 2:
        raise ValueError(
            f"n_networks must be at least 2, for a standard error; got {n_networks!r}."
        )
    found = []
    for k in range(n_networks):
        if progress is not None:
            progress(k / n_networks, f"network {k + 1} of {n_networks}")
        couplings = random_couplings(n, symmetry, rng, law=law)
        found.append(enumerate_attractors(couplings, 0, tie, n_threads=n_threads, device=device))
    if progress is not None:
        progress(1.0, "done")
    return EnsembleCount.of(symmetry, found)


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size))
