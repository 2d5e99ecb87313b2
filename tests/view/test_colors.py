"""The color maps: uniform, closed, in gamut, and apart for people who do not see red and green."""

import numpy as np
import pytest

from isochron.view.colors import cyclic_map, diverging_map
from isochron.view.page import DARK_MIDDLE, LIGHT_MIDDLE

TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def oklab(colors):
    """sRGB, 8 bit, in OKLab: the published matrices, written out a second time."""
    part = colors / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T


def test_steps_of_phase_are_equal_steps_of_color():
    """To the rounding to 8 bit: the steps of 1/16 of a turn differ by less than 6 %."""
    around = oklab(cyclic_map())[::16]
    steps = np.linalg.norm(np.roll(around, -1, axis=0) - around, axis=1)
    assert steps.max() / steps.min() < 1.06


def test_opposite_phases_are_apart_without_red_against_green():
    lab = oklab(cyclic_map())
    seen = lab[:, [0, 2]]  # lightness, and blue against yellow
    apart = np.linalg.norm(seen - np.roll(seen, 128, axis=0), axis=1)
    assert apart.min() > 0.15
    assert np.abs(lab[:, 0]).min() > 0.5
    assert np.abs(lab[:, 0]).max() < 0.85


@pytest.mark.parametrize("middle", [DARK_MIDDLE, LIGHT_MIDDLE])
def test_the_diverging_map_has_a_neutral_middle_and_equal_ends(middle):
    lab = oklab(diverging_map(middle))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    assert chroma[[127, 128]].max() < 0.005
    assert lab[128, 0] == pytest.approx(middle, abs=0.01)
    assert lab[0, 0] == pytest.approx(lab[-1, 0], abs=0.02)
    assert (np.diff(chroma[128:]) > -0.004).all()
    assert lab[0, 2] < -0.1 < 0.1 < lab[-1, 2]
