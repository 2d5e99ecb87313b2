"""What rhythms there are: arrays and callables in, results out.

Knows neither worm nor net. A system is either a vector field, ``field(t, x)`` with
``field.jacobian(t, x)``, or a map with ``advance`` (see `isochron.analysis.systems`).
"""

from isochron.analysis.census import Census, find_locked_cycles
from isochron.analysis.continuation import (
    Branch,
    FoldCurve,
    SpecialPoint,
    continue_cycles,
    continue_cycles_from_hopf,
    continue_fixed_points,
    continue_fold,
)
from isochron.analysis.dimensionality import (
    participation_ratio,
    principal_components,
)
from isochron.analysis.fixed_points import FixedPoint, FixedPointSearch, find_fixed_points
from isochron.analysis.floquet import floquet_exponents, floquet_multipliers
from isochron.analysis.flow import flow
from isochron.analysis.limit_cycles import (
    LimitCycle,
    RecurrenceSearch,
    find_limit_cycle,
    find_recurrent_cycles,
)
from isochron.analysis.locking import Tongue, find_tongue, phase_locking_value
from isochron.analysis.lyapunov import LyapunovSpectrum, compute_lyapunov_spectrum
from isochron.analysis.phase import compute_phase, harmonic_phase
from isochron.analysis.poincare import Section, compute_section_return, find_crossings
from isochron.analysis.systems import (
    DrivenMap,
    Flow,
    SteppedMap,
    SystemFamily,
    VectorField,
    black_box,
)

__all__ = [
    "Branch",
    "Census",
    "DrivenMap",
    "FixedPoint",
    "FixedPointSearch",
    "Flow",
    "FoldCurve",
    "LimitCycle",
    "LyapunovSpectrum",
    "RecurrenceSearch",
    "Section",
    "SpecialPoint",
    "SteppedMap",
    "SystemFamily",
    "Tongue",
    "VectorField",
    "black_box",
    "compute_lyapunov_spectrum",
    "compute_phase",
    "compute_section_return",
    "continue_cycles",
    "continue_cycles_from_hopf",
    "continue_fixed_points",
    "continue_fold",
    "find_crossings",
    "find_fixed_points",
    "find_limit_cycle",
    "find_locked_cycles",
    "find_recurrent_cycles",
    "find_tongue",
    "floquet_exponents",
    "floquet_multipliers",
    "flow",
    "harmonic_phase",
    "participation_ratio",
    "phase_locking_value",
    "principal_components",
]
