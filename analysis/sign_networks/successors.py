"""Compiled: the successors of a block of states, from split tables of their fields.

The field of a neuron is a sum over three groups of neurons, low, middle and top bits of
the state. The low group is tabulated for all its states, one row for each neuron, so that
256 states in a row are one comparison of that row with a number: eight to an AVX2
instruction. All sums are of 32-bit integers and exact; if couplings had to be rounded to
fit, fields too close to zero are detected and summed again in full precision.
"""

from typing import NamedTuple

import numpy as np
from numba import int32, uint32, uint64

from isochron.analysis.sign_networks.network import limbs, rounded_rows
from isochron.compilation import compiled

LOW_BITS, MIDDLE_BITS = 8, 6
FIELD_BITS = 31


class Tables(NamedTuple):
    """Everything the compiled code needs of a network.

    Attributes
    ----------
    low : ndarray of int32, shape (n_padded, 2**low_bits)
        Field of each neuron from the neurons of the low bits, for each of their states.
        Neurons are padded to a multiple of four; padding is always -1, a bit of 0.
    middle : ndarray of int32, shape (2**middle_bits, n_padded)
        Field of each neuron from the neurons of the middle bits, for each of their states.
    top : ndarray of int32, shape (n_top, n_padded)
        Couplings from the neurons of the top bits.
    base : ndarray of int32, shape (n_padded,)
        Minus the thresholds; with `odd`, also the field of the last neuron, clamped to -1.
    slack : int32
        Fields up to this size are summed again from `exact`; -1 for never.
    exact : ndarray of int64, shape (n, n + 1, n_limbs)
        The couplings in base 2**32.
    n : int
        Number of neurons.
    odd : bool
        Whether only one of s and -s is represented: the one whose last neuron is -1.
    """

    low: np.ndarray
    middle: np.ndarray
    top: np.ndarray
    base: np.ndarray
    slack: np.int32
    exact: np.ndarray
    n: int
    odd: bool

    @property
    def n_states(self) -> int:
        """Number of states, or of pairs s and -s."""
        return self.block_size << len(self.top)

    @property
    def block_size(self) -> int:
        """Number of states of a block: those that share their top bits."""
        return self.low.shape[1] * len(self.middle)


def build_tables(rows: list[list[int]], *, odd: bool, check_ties: bool) -> Tables:
    """Tables of integer rows (J_i1 ... J_in, constant); see `SignNetwork`.

    Parameters
    ----------
    odd : bool
        Whether only one of s and -s is represented.
    check_ties : bool
        Whether the fields may be 0, which must be detected.
    """
    n = len(rows)
    values, slack = rounded_rows(rows, FIELD_BITS)
    padded = np.zeros((-(-n // 4) * 4, n + 1), dtype=np.int32)
    padded[:n] = values
    padded[n:, -1] = -(1 << 30)  # far from zero: never taken for a tie
    base = padded[:, n] - padded[:, n - 1] if odd else padded[:, n].copy()
    bits = n - 1 if odd else n
    low = min(LOW_BITS, bits)
    middle = min(MIDDLE_BITS, bits - low)
    return Tables(
        low=_subset_fields(padded[:, :low]),
        middle=np.ascontiguousarray(_subset_fields(padded[:, low : low + middle]).T),
        top=np.ascontiguousarray(padded[:, low + middle : bits].T),
        base=base,
        slack=np.int32(slack if slack or check_ties else -1),
        exact=limbs(rows),
        n=n,
        odd=odd,
    )


def _subset_fields(couplings: np.ndarray) -> np.ndarray:
    """Fields from a few neurons in each of their states, shape (n, 2**n_few)."""
    n, few = couplings.shape
    fields = np.zeros((n, 1), dtype=np.int32)
    for column in couplings.T:
        fields = np.concatenate([fields - column[:, None], fields + column[:, None]], axis=1)
    return np.ascontiguousarray(fields)


@compiled()
def block_successors(tables, block, check_ties, out):
    """Successors of all states of a block.

    Parameters
    ----------
    check_ties : bool
        Whether fields too close to zero are detected and summed again.
    out : ndarray of uint32, shape (2**middle_bits, 2**low_bits)
        Overwritten, as words of n bits.

    Returns
    -------
    tuple of bool
        Whether a field was too close to zero, and whether one was exactly zero.
    """
    size = tables.low.shape[1]
    base = _block_base(tables, block)
    field = np.empty(base.size, np.int32)
    nearest = np.empty(size, np.int32)
    doubt, tie = False, False
    for m in range(out.shape[0]):
        for i in range(base.size):
            field[i] = tables.middle[m, i] + base[i]
        if not check_ties:
            _words(tables.low, field, out[m])
        elif _words_and_margin(tables.low, field, out[m], nearest) <= tables.slack:
            first = (uint64(block) * out.shape[0] + m) * size
            tie |= _correct(tables, first, nearest, out[m])
            doubt = True
    return doubt, tie


@compiled()
def _block_base(tables, block):
    base = tables.base.copy()
    for k in range(tables.top.shape[0]):
        up = (block >> k) & 1
        for i in range(base.size):
            base[i] += tables.top[k, i] if up else -tables.top[k, i]
    return base


@compiled()
def _words(low, field, out):
    """Sign bits of low + field, four neurons at a time; all in 32 bits, so that it vectorizes."""
    out[:] = 0
    for i in range(0, low.shape[0], 4):
        low0, low1, low2, low3 = low[i], low[i + 1], low[i + 2], low[i + 3]
        edge0, edge1, edge2, edge3 = -field[i], -field[i + 1], -field[i + 2], -field[i + 3]
        bit0, bit1 = uint32(1 << i), uint32(2 << i)
        bit2, bit3 = uint32(4 << i), uint32(8 << i)
        for x in range(out.size):
            word = uint32(out[x])
            word = uint32(word | (bit0 if low0[x] > edge0 else uint32(0)))
            word = uint32(word | (bit1 if low1[x] > edge1 else uint32(0)))
            word = uint32(word | (bit2 if low2[x] > edge2 else uint32(0)))
            word = uint32(word | (bit3 if low3[x] > edge3 else uint32(0)))
            out[x] = word


@compiled()
def _words_and_margin(low, field, out, nearest):
    """As `_words`, with the smallest modulus of the fields of each state; returns the smallest."""
    out[:] = 0
    nearest[:] = 0x7FFFFFFF
    for i in range(0, low.shape[0], 4):
        low0, low1, low2, low3 = low[i], low[i + 1], low[i + 2], low[i + 3]
        add0, add1, add2, add3 = field[i], field[i + 1], field[i + 2], field[i + 3]
        bit0, bit1 = uint32(1 << i), uint32(2 << i)
        bit2, bit3 = uint32(4 << i), uint32(8 << i)
        for x in range(out.size):
            word = uint32(out[x])
            margin = nearest[x]
            sum0, sum1 = int32(low0[x] + add0), int32(low1[x] + add1)
            sum2, sum3 = int32(low2[x] + add2), int32(low3[x] + add3)
            word = uint32(word | (bit0 if sum0 > 0 else uint32(0)))
            word = uint32(word | (bit1 if sum1 > 0 else uint32(0)))
            word = uint32(word | (bit2 if sum2 > 0 else uint32(0)))
            word = uint32(word | (bit3 if sum3 > 0 else uint32(0)))
            margin = min(margin, abs(sum0))
            margin = min(margin, abs(sum1))
            margin = min(margin, abs(sum2))
            margin = min(margin, abs(sum3))
            out[x] = word
            nearest[x] = margin
    smallest = int32(0x7FFFFFFF)
    for x in range(out.size):
        smallest = min(smallest, nearest[x])
    return smallest


@compiled()
def _correct(tables, first, nearest, out):
    """Sum the fields of the states in doubt again; returns whether one is exactly zero."""
    tie = False
    for x in range(out.size):
        if nearest[x] <= tables.slack:
            word = uint64(0)
            for i in range(tables.n):
                sign = _exact_sign(tables.exact[i], first + uint64(x))
                tie |= sign == 0
                if sign > 0:
                    word |= uint64(1) << uint64(i)
            out[x] = word
    return tie


@compiled()
def _exact_sign(row, state):
    """Sign of a field in base 2**32: add limb by limb, carry up."""
    n = row.shape[0] - 1
    carry, rest = np.int64(0), np.int64(0)
    for limb in range(row.shape[1]):
        total = carry + row[n, limb]
        for j in range(n):
            up = (state >> uint64(j)) & uint64(1)
            total += row[j, limb] if up else -row[j, limb]
        rest |= total & 0xFFFFFFFF
        carry = total >> 32
    if carry < 0:
        return -1
    return 1 if carry > 0 or rest != 0 else 0
