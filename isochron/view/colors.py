"""Color maps of the page and of its poster, equally spaced in OKLab.

The diverging map goes from blue to orange through a neutral color; the cyclic map is a circle
in the plane of lightness and blue against orange. Both can be read by people who do not
distinguish red and green, since hue changes only along that axis.
"""

import numpy as np

ENTRIES = 256
_BLUE, _ORANGE = np.radians(250), np.radians(58)
_CYCLE_LIGHTNESS, _CYCLE_RADIUS = 0.68, 0.115
_ENDS_LIGHTNESS, _ENDS_CHROMA = 0.66, 0.15


def diverging_map(middle_lightness: float) -> np.ndarray:
    """Blue for low, neutral of a given lightness for the middle, orange for high.

    Parameters
    ----------
    middle_lightness : float
        Lightness of the middle in OKLab: high on a dark background, lower on a white one.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
    """
    place = np.linspace(-1, 1, ENTRIES)
    strength = np.abs(place)
    lightness = middle_lightness + strength * (_ENDS_LIGHTNESS - middle_lightness)
    hue = np.where(place < 0, _BLUE, _ORANGE)
    return from_oklab(lightness, _ENDS_CHROMA * strength, hue)


def cyclic_map() -> np.ndarray:
    """A closed map for phases: equal steps of phase are equal steps in OKLab.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Entry k is the color of the phase 2 pi k / 256.
    """
    phase = 2 * np.pi * np.arange(ENTRIES) / ENTRIES
    toward_orange = _CYCLE_RADIUS * np.sin(phase)
    lightness = _CYCLE_LIGHTNESS + _CYCLE_RADIUS * np.cos(phase)
    return from_oklab(lightness, toward_orange, np.full(ENTRIES, _ORANGE))


def from_oklab(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Colors of OKLab in sRGB, 8 bit (Ottosson, 2020)."""
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    cones = np.stack([
        lightness + 0.3963377774 * a + 0.2158037573 * b,
        lightness - 0.1055613458 * a - 0.0638541728 * b,
        lightness - 0.0894841775 * a - 1.2914855480 * b,
    ])  # fmt: skip
    to_rgb = np.array([
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ])  # fmt: skip
    linear = np.clip(to_rgb @ cones**3, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded.T).astype(np.uint8)
