"""Compiled tanh net in few variables, in float64: one state at a time, its units in the cache.

    z[t+1] = (1 - a) z[t] + a L R'tanh(E z[t]) + d[t]

Factors are transposed, so that every pass runs along the units.
"""

import numpy as np

from isochron.ann_bridge.kernels.arithmetic import compiled
from isochron.ann_bridge.kernels.elementwise import fill_tanh
from isochron.ann_bridge.kernels.thin import add_multiple, dot


@compiled
def fill_rates(z, embedding, rates):
    """Write tanh(E z) into `rates`; E' has the shape (dimension, n)."""
    rates[:] = 0
    for j in range(z.shape[0]):
        add_multiple(rates, z[j], embedding[j])
    fill_tanh(rates, rates)


@compiled
def update(z, rates, drive, leak, left, right):
    """Move z one step, given its rates; L has the shape (dimension, k), R' (k, n)."""
    for j in range(z.shape[0]):
        z[j] = (1 - leak) * z[j] + drive[j]
    for r in range(right.shape[0]):
        sent = leak * dot(right[r], rates)
        for j in range(z.shape[0]):
            z[j] += sent * left[j, r]


@compiled
def run(states, drives, leak, embedding, left, right, path):
    """Move each of the states, shape (batch, dimension), through all drives, in place.

    Parameters
    ----------
    drives : ndarray, shape (n_steps, dimension)
    path : ndarray, shape (n_steps + 1, batch, dimension) or (0, batch, dimension)
        Overwritten with the states on the way, if there is room.
    """
    rates = np.empty(embedding.shape[1])
    kept = path.shape[0] > 0
    for b in range(states.shape[0]):
        z = states[b]
        for t in range(drives.shape[0]):
            if kept:
                path[t, b] = z
            fill_rates(z, embedding, rates)
            update(z, rates, drives[t], leak, left, right)
        if kept:
            path[drives.shape[0], b] = z


@compiled
def linearise(z, tangents, drives, leak, embedding, left, right):
    """Move one state and tangents of it, shape (k, dimension), through all drives, in place."""
    dimension, n = embedding.shape
    rates, weighted = np.empty(n), np.empty(n)
    jacobian, moved = np.empty((dimension, dimension)), np.empty(dimension)
    for t in range(drives.shape[0]):
        fill_rates(z, embedding, rates)
        jacobian[:] = 0
        for j in range(dimension):
            jacobian[j, j] = 1 - leak
        for r in range(right.shape[0]):
            for i in range(n):
                weighted[i] = right[r, i] * (1 - rates[i] * rates[i])
            for k in range(dimension):
                slope = leak * dot(weighted, embedding[k])
                for j in range(dimension):
                    jacobian[j, k] += slope * left[j, r]
        update(z, rates, drives[t], leak, left, right)
        for c in range(tangents.shape[0]):
            for j in range(dimension):
                moved[j] = dot(jacobian[j], tangents[c])
            tangents[c] = moved
