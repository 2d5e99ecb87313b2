"""Constants of the body-wall muscles. Light, so that settings and help are instant."""

import math
from dataclasses import dataclass

from isochron.settings import check_types
from isochron.wording import shown


@dataclass(frozen=True, kw_only=True, slots=True)
class MuscleParameters:
    """Constants of muscles of first order.

    Attributes
    ----------
    time_constant : float
        Time constant tau, in ms, positive.
    gain : float
        Activation per unit of drive.
    normalized : bool
        Whether the weights onto each muscle are divided by their sum. If all neurons excite and
        have an output of 1, the drive of every muscle is then 1, whatever its number of contacts.

    Raises
    ------
    ValueError
        If a value is of a different type, the time constant is not positive and finite, or the gain
        is not finite.

    References
    ----------
    Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10; they use 100 ms.

    Examples
    --------
    >>> slow = sims.MuscleParameters(time_constant=200)
    >>> slow.time_constant, sims.BOYLE2012.time_constant
    (200, 100.0)
    """

    time_constant: float = 100.0
    gain: float = 1.0
    normalized: bool = True

    def __post_init__(self) -> None:
        check_types(self)
        if not 0 < self.time_constant < math.inf:
            raise ValueError(
                f"time_constant must be positive (in ms), got {shown(self.time_constant)}."
            )


BOYLE2012 = MuscleParameters()
