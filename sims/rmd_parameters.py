"""Constants of the neuron RMD. Light, so that settings and help are instant."""

import math
from dataclasses import dataclass, fields

from isochron.settings import check_types, setting


@dataclass(frozen=True, kw_only=True, slots=True)
class RMDParameters:
    """Capacitance and largest conductances of the neuron RMD.

    Raises
    ------
    ValueError
        If a value is not a number, the capacitance is not positive, or a conductance is negative or
        not finite.

    Examples
    --------
    A neuron without the calcium channel CCA-1:

    >>> sims.RMDNeuron(sims.RMDParameters(cca1=0.0)).parameters.cca1
    0.0
    """

    capacitance: float = setting(1.2, "Membrane capacitance, positive", unit="pF")
    shl1: float = setting(2.48, "Conductance of the fast potassium channel SHL-1", unit="nS")
    shk1: float = setting(1.1, "Conductance of the potassium channel SHK-1", unit="nS")
    egl36: float = setting(1.3, "Conductance of the slow potassium channel EGL-36", unit="nS")
    irk: float = setting(0.2, "Conductance of the inward rectifier IRK-1/3", unit="nS")
    unc2: float = setting(0.9, "Conductance of the calcium channel UNC-2", unit="nS")
    egl19: float = setting(0.99, "Conductance of the calcium channel EGL-19", unit="nS")
    cca1: float = setting(3.1, "Conductance of the calcium channel CCA-1", unit="nS")
    slo: float = setting(
        0.3, "Conductance of each of the four complexes of SLO-1 or SLO-2 with UNC-2 or EGL-19",
        unit="nS",
    )  # fmt: skip
    kcnl: float = setting(0.06, "Conductance of the calcium-gated channel KCNL", unit="nS")
    nca: float = setting(0.05, "Conductance of the sodium leak NCA", unit="nS")
    leak: float = setting(0.4, "Leak conductance", unit="nS")

    def __post_init__(self) -> None:
        check_types(self)
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < math.inf or (field.name == "capacitance" and value == 0):
                least = "positive" if field.name == "capacitance" else "not negative"
                raise ValueError(f"{field.name} must be {least} and finite, got {value!r}.")
