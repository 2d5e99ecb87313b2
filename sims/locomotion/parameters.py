"""Sets of constants with which a worm crawls. Light, so that settings and help are instant."""

import math
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from isochron.arguments import require_instance
from isochron.registry import Entry, Registry
from isochron.settings import check_types, setting
from isochron.sims.body.media import AGAR_SHEN2011
from isochron.sims.body.parameters import BodyParameters, require_positive
from isochron.sims.muscle_parameters import BOYLE2012, MuscleParameters
from isochron.sims.proprioception import JOINTS, Proprioception
from isochron.wording import shown

LONGEST_STEP_MS = 100.0  # with it the rms curvature of the standard model is 9 % too large


@dataclass(frozen=True, kw_only=True, slots=True)
class CrawlParameters:
    """Constants of the closed loop around a graded network: body, muscles and proprioception.

    Attributes
    ----------
    body : BodyParameters
        Body and medium.
    muscles : MuscleParameters
        Muscles; they follow (s - s_eq) / s_eq, the relative activation of synapses.
    proprioception : Proprioception
        Neurons that feel the curvature.

    Raises
    ------
    TypeError
        If a part is of a different type.

    Examples
    --------
    The loop gain H, current per curvature times curvature per activation, in pA:

    >>> for parameters in (sims.STANDARD_CRAWL, sims.SOFT_CRAWL, sims.STIFF_CRAWL):
    ...     print(round(parameters.loop_gain, 1))
    920.0
    848.7
    389.6
    """

    body: BodyParameters = dataclass_field(default_factory=BodyParameters)
    muscles: MuscleParameters = dataclass_field(
        default_factory=lambda: MuscleParameters(time_constant=300.0)
    )
    proprioception: Proprioception = dataclass_field(default_factory=Proprioception)

    def __post_init__(self) -> None:
        kinds = {"body": BodyParameters, "muscles": MuscleParameters,
                 "proprioception": Proprioception}  # fmt: skip
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} must be a {kind.__name__}, got {shown(value)}.")

    @property
    def loop_gain(self) -> float:
        """Gain H of the loop: proprioception times curvature gain of the body, pA."""
        return self.proprioception.gain * self.body.curvature_gain


def require_crawl_step(step_ms: float) -> None:
    """Raise ValueError for a time step with which a crawl is not resolved."""
    require_positive(step_ms=step_ms)
    if step_ms > LONGEST_STEP_MS:
        raise ValueError(
            f"step_ms must be at most {LONGEST_STEP_MS:g} (ms), got {shown(step_ms)}: longer steps "
            "do not resolve a crawl. 8 ms is the default."
        )


STANDARD_CRAWL = CrawlParameters()
SOFT_CRAWL = CrawlParameters(
    body=BodyParameters(stiffness=0.00462, viscosity=1.68e-4, curvature_gain=46.34),
    muscles=MuscleParameters(time_constant=172.0),
    proprioception=Proprioception(gain=18.314, field=0.368, edges=JOINTS),
)
STIFF_CRAWL = CrawlParameters(
    body=BodyParameters(n_links=24, stiffness=0.095, viscosity=5e-4, curvature_gain=100.0),
    muscles=BOYLE2012,
    proprioception=Proprioception(gain=3.896, field=0.3, edges=JOINTS),
)
VISCOUS_CRAWL = CrawlParameters(
    body=BodyParameters(stiffness=0.2, viscosity=0.07, curvature_gain=130.0, medium=AGAR_SHEN2011),
    muscles=MuscleParameters(time_constant=900.0),
    proprioception=Proprioception(gain=3.0, field=0.218),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BistableParameters:
    """Constants of a worm with bistable B motor neurons.

    Attributes
    ----------
    body : BodyParameters
        Body and medium.

    Raises
    ------
    TypeError
        If the body is of a different type.
    ValueError
        If a value is of a different type, or out of range.

    References
    ----------
    Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10.

    Examples
    --------
    A unit switches at the threshold, where the input is as large as the barrier:

    >>> parameters = sims.BistableParameters(threshold=2.0)
    >>> round(parameters.sensitivity * parameters.threshold, 4)
    0.5328
    """

    body: BodyParameters = dataclass_field(
        default_factory=lambda: BodyParameters(stiffness=0.008, viscosity=4e-4, curvature_gain=5.5)
    )
    steepness: float = setting(2.0, "Steepness g of the units, more than 1")
    threshold: float = setting(0.68, "Mean curvature at which a unit switches", unit="1/mm")
    field: float = setting(0.48, "Length of the part of the body that a unit feels, 0 to 1")
    inhibition: float = setting(0.4, "Relaxation of the opposite side per contraction, >= 0")
    unit_time_constant: float = setting(20.0, "Time constant of the units, positive", unit="ms")
    muscle_time_constant: float = setting(
        100.0, "Time constant of the muscles, positive", unit="ms"
    )
    head_rows: int = setting(6, "Number of rows of muscles that the head units control")

    def __post_init__(self) -> None:
        require_instance("body", self.body, BodyParameters, "sims.BodyParameters(n_links=24)")
        check_types(self)
        if not 1 < self.steepness < math.inf:
            raise ValueError(f"steepness must be more than 1, got {shown(self.steepness)}.")
        require_positive(
            threshold=self.threshold,
            unit_time_constant=self.unit_time_constant,
            muscle_time_constant=self.muscle_time_constant,
        )
        if not 0 < self.field <= 1:
            raise ValueError(f"field must be in (0, 1] (body lengths), got {shown(self.field)}.")
        if not 0 <= self.inhibition < math.inf:
            raise ValueError(f"inhibition must be >= 0, got {shown(self.inhibition)}.")
        if self.head_rows not in range(1, 24):
            raise ValueError(
                f"head_rows must be a whole number from 1 to 23, got {shown(self.head_rows)}."
            )

    @property
    def sensitivity(self) -> float:
        """Change b of the argument of tanh per curvature, mm."""
        root = math.sqrt(1 - 1 / self.steepness)
        return (self.steepness * root - math.atanh(root)) / self.threshold


BISTABLE_CRAWL = BistableParameters()

_HERE = "isochron.sims.locomotion.parameters"
CRAWLS = Registry(
    "model of a crawling worm",
    {
        "standard": Entry(
            f"{_HERE}:STANDARD_CRAWL",
            "Graded network; a limit cycle near the gait of the animal, converged.",
        ),
        "soft": Entry(
            f"{_HERE}:SOFT_CRAWL",
            "Graded network, softest body; a gait that changes with the number of links.",
        ),
        "stiff": Entry(
            f"{_HERE}:STIFF_CRAWL",
            "Graded network, bending stiffness of Fang-Yen et al. (2010); a fast gait.",
        ),
        "viscous": Entry(
            f"{_HERE}:VISCOUS_CRAWL",
            "Graded network, K = 10; near the gait of the animal with a body and muscles that are "
            "slower than measured.",
        ),
        "bistable": Entry(
            f"{_HERE}:BISTABLE_CRAWL", "Bistable B motor neurons in place of the whole network."
        ),
    },
)
