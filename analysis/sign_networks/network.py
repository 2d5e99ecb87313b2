"""Networks of threshold neurons in exact integers: with any tie rule, no field is zero.

Every float is an integer times a power of two, so every row of couplings becomes a row of
integers without rounding. Doubling it makes every field even; one odd term then breaks
every tie according to the rule, and does not change any other sign:

    plus  +1      minus  -1      keep  +s_i(t)      flip  -s_i(t)
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.real_numbers import require_real

TIE_RULES = ("plus", "minus", "keep", "flip")


@dataclass(frozen=True, eq=False)
class SignNetwork:
    """s_i(t+1) = sgn(sum_j J_ij s_j(t) - theta_i), all neurons at once, in exact arithmetic.

    Attributes
    ----------
    couplings : ndarray, shape (n, n)
        J, ``[post, pre]``. The diagonal is used as given; in the model of Hwang et al. it is 0.
    thresholds : ndarray, shape (n,)
        theta, in the unit of the couplings.
    tie : str
        Next state of a neuron in a field of exactly 0: ``plus`` (+1), ``minus`` (-1), ``keep``
        (its state) or ``flip`` (the opposite).

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> network = sign_networks.SignNetwork.of(ring)
    >>> state = np.array([1, 1, 1])
    >>> for _ in range(3):
    ...     state = network.step(state)
    ...     print(state)
    [-1  1  1]
    [-1 -1  1]
    [-1 -1 -1]
    """

    couplings: np.ndarray
    thresholds: np.ndarray
    tie: str

    @classmethod
    def of(cls, J: ArrayLike, theta: ArrayLike = 0, tie: str = "plus") -> "SignNetwork":
        """Make a network after a check of couplings, thresholds and tie rule.

        Parameters
        ----------
        J : array_like, shape (n, n)
            Couplings ``[post, pre]``, integers or floats of at most 64 bits.
        theta : array_like, shape () or (n,)
            Thresholds.
        tie : {"plus", "minus", "keep", "flip"}
            Next state of a neuron whose field is exactly 0.

        Returns
        -------
        SignNetwork
            Network of n neurons.

        Raises
        ------
        ValueError
            If J is not square, theta does not fit it, a value is not a finite real number, or
            the tie rule is unknown.
        """
        couplings, thresholds = _numbers("J", J), _numbers("theta", theta)
        if couplings.ndim != 2 or couplings.shape[0] != couplings.shape[1] or not couplings.size:
            raise ValueError(
                f"J must be a square matrix, shape (n, n) with n >= 1, got shape {couplings.shape}."
            )
        n = len(couplings)
        if thresholds.shape not in ((), (n,)):
            raise ValueError(
                f"theta must be one number or one for each neuron, shape ({n},), got shape "
                f"{thresholds.shape}."
            )
        if tie not in TIE_RULES:
            raise ValueError(f"tie must be one of {', '.join(TIE_RULES)}, got {tie!r}.")
        return cls(couplings, np.broadcast_to(thresholds, n).copy(), tie)

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.couplings)

    @property
    def without_thresholds(self) -> bool:
        """Whether every threshold is 0, so that F(-s) = -F(s) wherever no field is 0."""
        return not self.thresholds.any()

    @property
    def breaks_symmetry(self) -> bool:
        """Whether the tie rule prefers a sign, so that a tie breaks F(-s) = -F(s)."""
        return self.tie in ("plus", "minus")

    @cached_property
    def plain_rows(self) -> list[list[int]]:
        """Integer rows (2 J_i1 ... 2 J_in, -2 theta_i), each divided by its common factor.

        Their fields have the sign of the true ones, and are 0 at a tie.
        """
        return [
            [2 * value for value in _integers(row, threshold)]
            for row, threshold in zip(self.couplings, self.thresholds, strict=True)
        ]

    @cached_property
    def rows(self) -> list[list[int]]:
        """`plain_rows` with the term that breaks ties: their fields are never 0."""
        rows = [list(row) for row in self.plain_rows]
        for i, row in enumerate(rows):
            place = -1 if self.breaks_symmetry else i
            row[place] += 1 if self.tie in ("plus", "keep") else -1
        return rows

    def step(self, states: ArrayLike) -> np.ndarray:
        """The next states, computed exactly.

        Parameters
        ----------
        states : ndarray of int, shape (..., n)
            States +1 or -1 of the neurons.

        Returns
        -------
        ndarray of int8, shape (..., n)
            States +1 or -1 after one step.

        Raises
        ------
        ValueError
            If a state is complex or masked.
        """
        require_real("states", states)
        states = np.asarray(states)
        rows, slack = self._float_rows
        fields = states.astype(float) @ rows[:, :-1].T + rows[:, -1]
        following = np.where(fields > 0, 1, -1).astype(np.int8)
        for place in np.argwhere(np.abs(fields) <= slack) if slack else ():
            *which, i = place
            state = states[tuple(which)].tolist()
            row = self.rows[i]
            field = sum(a * s for a, s in zip(row, [*state, 1], strict=True))
            following[tuple(place)] = 1 if field > 0 else -1
        return following

    @cached_property
    def _float_rows(self) -> tuple[np.ndarray, int]:
        """Rows whose sums are exact in float64."""
        rows, slack = rounded_rows(self.rows, 52)
        return rows.astype(float), slack


def rounded_rows(rows: list[list[int]], bits: int) -> tuple[np.ndarray, int]:
    """Rows scaled down, by powers of two, until the sum of their moduli fits in `bits` bits.

    Returns
    -------
    ndarray of int64, shape (n, n + 1)
    int
        Bound: a field of a larger modulus has the sign of the exact one; 0 if nothing was
        rounded. The error of each of the n + 1 terms is at most 1/2.
    """
    shifts = [max(0, sum(map(abs, row)).bit_length() - bits + 1) for row in rows]
    rounded = [
        [(value + (1 << shift >> 1)) >> shift for value in row]
        for row, shift in zip(rows, shifts, strict=True)
    ]
    return np.array(rounded, dtype=np.int64), (len(rows) + 2) // 2 if any(shifts) else 0


def limbs(rows: list[list[int]]) -> np.ndarray:
    """Rows of integers of any size in base 2**32, least significant limb first.

    Returns
    -------
    ndarray of int64, shape (n, n + 1, n_limbs)
        The last limb carries the sign; the others are from 0 to 2**32 - 1.
    """
    longest = max(value.bit_length() for row in rows for value in row)
    count = longest // 32 + 1
    values = np.empty((len(rows), len(rows) + 1, count), dtype=np.int64)
    for limb in range(count):
        last = limb == count - 1
        part = [
            [(value >> 32 * limb) & (-1 if last else 0xFFFFFFFF) for value in row] for row in rows
        ]
        values[:, :, limb] = part
    return values


def from_boolean(weights: ArrayLike, thresholds: ArrayLike = 0) -> tuple[np.ndarray, np.ndarray]:
    """Couplings and thresholds of +-1 neurons that are equivalent to a network of 0/1 neurons.

    x_i(t+1) = 1 if sum_j W_ij x_j(t) > b_i becomes, with x = (1 + s) / 2, the sign of
    sum_j W_ij s_j - (2 b_i - sum_j W_ij). The tie rule stays the same: ``plus`` is >=, ``minus``
    is >, and ``keep`` and ``flip`` have the same meaning.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        W, ``[post, pre]``.
    thresholds : array_like, shape (n,) or ()
        b, in the unit of the weights.

    Returns
    -------
    J : ndarray, shape (n, n)
        Couplings, equal to W.
    theta : ndarray, shape (n,)
        Thresholds 2 b - sum W.

    Raises
    ------
    ValueError
        If the network is not valid, or 2 b - sum W cannot be written as floats without rounding:
        a tie would then be lost. Scale the weights to integers.

    Examples
    --------
    Neuron 0 copies neuron 1; neuron 1 is 1 only if both are:

    >>> from isochron.analysis import sign_networks
    >>> J, theta = sign_networks.from_boolean([[0, 1], [1, 1]], [0.5, 1.5])
    >>> theta
    array([0., 1.])
    >>> sign_networks.SignNetwork.of(J, theta).step([[1, 1], [1, -1], [-1, 1]])
    array([[ 1,  1],
           [-1, -1],
           [ 1, -1]], dtype=int8)
    """
    network = SignNetwork.of(weights, thresholds)
    theta = []
    for i in range(network.n):
        exact = 2 * Fraction(network.thresholds[i].item())
        exact -= sum(Fraction(value) for value in network.couplings[i].tolist())
        if Fraction(float(exact)) != exact:
            raise ValueError(
                f"The threshold of neuron {i} in the +-1 convention, {float(exact)!r}, would be "
                "rounded. Scale weights and thresholds to integers."
            )
        theta.append(float(exact))
    return network.couplings.astype(float), np.array(theta)


def pack(states: ArrayLike) -> list[int]:
    """States as integers: neuron 0 is the lowest bit, and a bit of 1 means +1.

    Parameters
    ----------
    states : ndarray of int, shape (n_states, n)
        States +1 or -1.

    Returns
    -------
    list of int
        One number for each state, from 0 to 2**n - 1.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> sign_networks.pack([[1, -1, -1], [-1, 1, 1]])
    [1, 6]
    """
    bits = np.packbits(np.asarray(states) > 0, axis=-1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in bits]


def unpack(numbers: ArrayLike, n: int) -> np.ndarray:
    """The states of integers made by `pack`.

    Parameters
    ----------
    numbers : array_like of int, shape () or (n_states,)
        Numbers from 0 to 2**n - 1.
    n : int
        Number of neurons.

    Returns
    -------
    ndarray of int8, shape (n_states, n)
        States +1 or -1.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> sign_networks.unpack([1, 6], 3)
    array([[ 1, -1, -1],
           [-1,  1,  1]], dtype=int8)
    """
    rows = [int(number).to_bytes((n + 7) // 8, "little") for number in np.atleast_1d(numbers)]
    octets = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)
    bits = np.unpackbits(octets, axis=1, count=n, bitorder="little")
    return bits.astype(np.int8) * 2 - 1


def _numbers(name: str, values: Any) -> np.ndarray:
    require_real(name, values)
    array = np.array(values)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ValueError(
            f"{name} must contain real numbers of at most 64 bits, got type {array.dtype}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but contains NaN or infinity.")
    return array.astype(np.int8) if array.dtype.kind == "b" else array


def _integers(row: np.ndarray, threshold: np.generic) -> list[int]:
    """(J_i1 ... J_in, -theta_i) times the smallest factor that makes them integers."""
    ratios = [value.as_integer_ratio() for value in [*row.tolist(), threshold.item()]]
    scale = max(denominator for _, denominator in ratios)  # all are powers of two
    values = [numerator * (scale // denominator) for numerator, denominator in ratios]
    values[-1] = -values[-1]
    common = math.gcd(*values)
    return [value // common for value in values] if common else values
