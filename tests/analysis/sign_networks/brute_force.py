"""An independent, simple method: every state, every field, in exact rational numbers."""

from fractions import Fraction

import numpy as np


def successor(J, theta, tie, state):
    """Next state of a state given as a list of +-1."""
    after = []
    for i, row in enumerate(J):
        field = sum((a * s for a, s in zip(row, state, strict=True)), -theta[i])
        at_zero = {"plus": 1, "minus": -1, "keep": state[i], "flip": -state[i]}[tie]
        after.append(1 if field > 0 else -1 if field < 0 else at_zero)
    return after


def attractors(J, theta, tie):
    """Sorted (representative, length, basin, longest transient), and the histogram."""
    n = len(J)
    rows = [[Fraction(value) for value in row] for row in np.asarray(J).tolist()]
    limits = [Fraction(value) for value in np.broadcast_to(theta, n).tolist()]
    following = []
    for number in range(2**n):
        state = [1 if number >> i & 1 else -1 for i in range(n)]
        after = successor(rows, limits, tie, state)
        following.append(sum(1 << i for i, s in enumerate(after) if s > 0))
    found, histogram = {}, {}
    for number in range(2**n):
        met, at = {}, number
        while at not in met:
            met[at] = len(met)
            at = following[at]
        delay = met[at]
        cycle = list(met)[delay:]
        length, basin, longest = found.get(min(cycle), (len(cycle), 0, 0))
        found[min(cycle)] = (length, basin + 1, max(longest, delay))
        histogram[delay] = histogram.get(delay, 0) + 1
    table = sorted((first, *rest) for first, rest in found.items())
    return table, [histogram[delay] for delay in range(len(histogram))]
