"""Gaits of the animal, to compare simulated gaits with."""

from dataclasses import dataclass

from isochron.registry import Entry, Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class AnimalGait:
    """Numbers of the gait of adult hermaphrodites in one medium; None where not known.

    Attributes
    ----------
    frequency_Hz, frequency_error : float or None
        Frequency and its error, Hz.
    wavelength, wavelength_error : float or None
        Wavelength and its error, body lengths.
    speed, speed_error : float or None
        Forward speed and its error, mm/s; of a different assay than the frequency.
    efficiency : float or None
        Speed divided by the speed of the wave.
    rms_curvature, peak_curvature : float or None
        Curvature, 1/mm.
    source : str
        Where the numbers are from.

    Examples
    --------
    >>> agar = sims.ANIMAL_GAITS.load("agar")
    >>> agar.frequency_Hz, agar.wavelength
    (0.3, 0.65)
    """

    frequency_Hz: float | None = None
    frequency_error: float | None = None
    wavelength: float | None = None
    wavelength_error: float | None = None
    speed: float | None = None
    speed_error: float | None = None
    efficiency: float | None = None
    rms_curvature: float | None = None
    peak_curvature: float | None = None
    source: str


_SOURCE = (
    "frequency and wavelength: Fang-Yen et al. (2010), PNAS 107:20323; all numbers as later models "
    "quote them"
)
ON_AGAR = AnimalGait(
    frequency_Hz=0.30,
    frequency_error=0.02,
    wavelength=0.65,
    wavelength_error=0.03,
    speed=0.219,
    speed_error=0.029,
    rms_curvature=4.3,
    peak_curvature=9.8,
    source=_SOURCE,
)
IN_WATER = AnimalGait(frequency_Hz=1.76, wavelength=1.54, efficiency=0.08, source=_SOURCE)

_HERE = "isochron.sims.locomotion.animal"
ANIMAL_GAITS = Registry(
    "medium of an animal",
    {
        "agar": Entry(f"{_HERE}:ON_AGAR", "Crawling on an agar plate."),
        "agar-shen2011": Entry(f"{_HERE}:ON_AGAR", "Crawling on an agar plate."),
        "water": Entry(f"{_HERE}:IN_WATER", "Swimming in water."),
    },
)
