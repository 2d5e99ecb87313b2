"""Gates of the neuron RMD of Nicoletti et al. (2019): steady states and time constants.

Times in ms, potentials in mV. Constants are those of the published XPPAUT file of RMD (OpenWorm,
NicolettiEtAl2019_NeuronModels), with each shift of a voltage added to the midpoint.
"""

import math

import numpy as np
from scipy.special import expit

POTASSIUM, CALCIUM, SODIUM = -80.0, 60.0, 30.0  # reversal potentials, mV
GATES = (
    "shl1_m", "shl1_hf", "shl1_hs", "shk1_m", "shk1_h", "egl36_s", "egl36_m", "egl36_f", "irk_m",
    "unc2_m", "unc2_h", "egl19_m", "egl19_h", "cca1_m", "cca1_h",
)  # fmt: skip
# Midpoint and scale of the steady state; a negative scale closes with depolarization. That of
# egl19_h is the first factor of a product.
_MIDPOINTS = np.array([
    -6.8, -51.1, -51.1, 20.4, -6.95, 63.0, 63.0, 63.0, -82.0, -37.17, -77.47, -4.4, 14.8573, -57.65,
    -73.0,
])  # fmt: skip
_SCALES = np.array([
    14.1, -8.3, -8.3, 7.7, -5.8, 28.5, 28.5, 28.5, -13.0, 3.97, -5.6, 7.5, 11.9541, 2.38, -8.05,
])  # fmt: skip
SLO1 = (3.152961, 0.012643, 34.338784, 1e-4, 0.156217, 0.027527, 55.726816, 1.299198)
SLO2 = (0.896395, 0.019405, 3294.553404, 1e-5, 0.026719, 0.024123, 93.449423, 1.835067)
_BACKGROUND_uM = 0.05  # calcium at a closed channel
# µM for each mV of driving force: at 13 nm from a channel of 40 pS, with buffer
_NANODOMAIN_uM = (
    40e-12 * 1e-3 / (8 * math.pi * 13e-9 * 250e-12 * 96485) * 1e3
    * math.exp(-13e-9 / math.sqrt(250e-12 / (500e6 * 30e-6)))
)  # fmt: skip


def _bell(v, height, left, left_scale, right, right_scale):
    return height / (np.exp(-(v - left) / left_scale) + np.exp((v - right) / right_scale))


def _falling(v, height, midpoint, scale):
    return height * expit((midpoint - v) / scale)


def steady_states(v):
    """Steady states of `GATES` at a potential, shape (15, ...)."""
    column = (-1, *(1,) * v.ndim)
    found = expit((v - _MIDPOINTS.reshape(column)) / _SCALES.reshape(column))
    found[12] = (1.4314 * found[12] + 0.1427) * (_falling(v, 5.9589, -20.5428, 8.0552) + 0.6038)
    return found


def time_constants(v):
    """Time constants of `GATES` at a potential in ms, shape (15, ...)."""
    found = np.empty((len(GATES), *v.shape))
    found[0] = 0.1 * (_bell(v, 13.8, -17.5165, 12.9213, -3.7082, 6.4876) + 1.8849)
    found[1] = 0.1 * (_falling(v, 539.1584, -28.1990, 4.9199) + 27.2811)
    found[2] = 0.1 * (_falling(v, 8422.0, -37.7391, 6.3785) + 118.8983)
    found[3] = _bell(v, 26.571450568, -33.7416118, 15.364937729, -33.7416118, 15.757936311)
    found[3] += 1.990037273
    found[4] = 1400.0
    found[5], found[6], found[7] = 355.0, 63.0, 13.0
    found[8] = _bell(v, 17.0752, -17.8258, 20.3154, -43.4414, 11.1691) + 3.8329
    found[9] = 3 * (_bell(v, 1.4969, -38.1761, 9.0753, -38.1761, 15.3456) + 0.1029)
    found[10] = 1.7 * (
        _falling(v, 83.8037, 22.8997, 3.4557) + _falling(v, 72.0995, -6.0991, -3.5903)
    )
    found[11] = 2.3359 + 2.9324 * np.exp(-(((v + 4.7643) / 6) ** 2))
    found[11] += 1.8739 * np.exp(-(((v + 8.6070) / 30) ** 2))
    found[12] = 0.4 * (
        _falling(v, 44.614845, -32.9723, 5) + 43.0937 + _falling(v, 36.43965, 18.7251, 3.7125)
    )
    found[13] = 0.5 * (_falling(v, 40, -92.5393, 21.20886) + 0.6947)
    found[14] = 0.08 * (_falling(v, 280, -75.7312, 9.37464) + 19.7456)
    return found


def slo_rates(v, channel):
    """Rates of a SLO channel next to an open calcium channel, and its closing rate next to a
    closed one, in 1/ms.

    Parameters
    ----------
    v : ndarray
        Potential.
    channel : tuple of float
        `SLO1` or `SLO2`.

    Returns
    -------
    tuple of ndarray
        Opening, closing, and closing next to a closed channel.
    """
    closing, closing_slope, k_close, n_close, opening, opening_slope, k_open, n_open = channel
    near = _NANODOMAIN_uM * np.abs(v - CALCIUM) + _BACKGROUND_uM
    rate = closing * np.exp(-closing_slope * v)
    closes = rate / (1 + (near / k_close) ** n_close)
    closes_alone = rate / (1 + (_BACKGROUND_uM / k_close) ** n_close)
    opens = opening * np.exp(opening_slope * v) / (1 + (k_open / near) ** n_open)
    return opens, closes, closes_alone


def complex_with(rates, open_share, steady, time_constant):
    """Steady state and time constant of a SLO channel in complex with a calcium channel.

    Parameters
    ----------
    rates : tuple of ndarray
        As of `slo_rates`.
    open_share, steady, time_constant : ndarray
        Activation of the calcium channel: its value, steady state and time constant.
    """
    opens, closes, closes_alone = rates
    alpha = steady / time_constant
    total = 1 / time_constant + closes_alone
    product = (opens + closes) * (closes_alone + alpha)
    product += (1 / time_constant - alpha) * closes_alone
    return open_share * opens * total / product, total / product
