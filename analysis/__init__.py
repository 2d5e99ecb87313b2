"""What rhythms there are: arrays and callables in, results out.

Knows neither worm nor network. A system is either a vector field, ``field(t, x)`` with
``field.jacobian(t, x)``, or a map with ``advance`` (see `isochron.analysis.systems`).
"""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.analysis import features, limit_cycles, plotting, sign_networks
    from isochron.analysis.continuation import (
        Branch,
        FoldCurve,
        SpecialPoint,
        StepControl,
        continue_cycles,
        continue_cycles_from_hopf,
        continue_doubled_cycles,
        continue_fixed_points,
        continue_fold,
    )
    from isochron.analysis.contrasts import (
        Contrast,
        Proportion,
        benjamini_hochberg,
        holm,
        mcnemar_test,
        paired_contrast,
        power_of_mcnemar,
        proportion_interval,
    )
    from isochron.analysis.delay_models import (
        DelayModel,
        choose_rank,
        dynamical_distance,
        fit_delay_model,
    )
    from isochron.analysis.dimensionality import (
        CycleDimension,
        compute_cycle_dimension,
        participation_ratio,
        principal_components,
    )
    from isochron.analysis.energy import rate_energy, uphill_share
    from isochron.analysis.fixed_points import FixedPoint, FixedPointSearch, find_fixed_points
    from isochron.analysis.floquet import floquet_exponents, floquet_multipliers
    from isochron.analysis.limit_cycles import (
        LimitCycle,
        RecurrenceSearch,
        ShootingControl,
        find_limit_cycle,
        find_recurrent_cycles,
    )
    from isochron.analysis.locking import (
        Tongue,
        TongueScan,
        find_tongue,
        n_to_m_locking_value,
        pairwise_phase_consistency,
        phase_locking_value,
        scan_tongue,
    )
    from isochron.analysis.lyapunov import (
        LyapunovSpectrum,
        TangentControl,
        compute_lyapunov_spectrum,
    )
    from isochron.analysis.mantel import mantel_test
    from isochron.analysis.phase.coupling import (
        CouplingFunction,
        LockedState,
        find_locked_states,
        fixed_radius_field,
        locking_range,
        phase_coupling_function,
    )
    from isochron.analysis.phase.estimation import (
        compute_phase,
        fourier_protophase,
        harmonic_phase,
        protophase_to_phase,
        section_protophase,
    )
    from isochron.analysis.phase.isochrons import asymptotic_phase, difference_of_phases
    from isochron.analysis.phase.order import (
        PhaseOrder,
        circular_rank_correlation,
        phase_order_test,
    )
    from isochron.analysis.phase.oscillation import OscillationTest, oscillation_test
    from isochron.analysis.phase.planar import PlanarRotation, planar_rotation
    from isochron.analysis.phase.response import (
        PhaseResponse,
        find_map_phase_response,
        find_phase_response,
        perturbed_phase_response,
    )
    from isochron.analysis.phase.rotation import (
        InvariantCircle,
        RotationNumber,
        find_invariant_circle,
        rotation_number,
        weighted_birkhoff_average,
    )
    from isochron.analysis.similarity import (
        CycleComparison,
        compare_cycles,
        distance_beyond_ellipse,
        ellipse_of,
        linear_cka,
        noise_ceiling,
        procrustes_distance,
    )
    from isochron.analysis.spectra import Spectrum, multitaper_spectrum
    from isochron.analysis.statistics import (
        Interval,
        SignificanceTest,
        amplitude_adjusted,
        block_bootstrap,
        cyclic_shift,
        permutation_p,
        permuted,
        phase_randomized,
        rayleigh_test,
        surrogate_test,
    )
    from isochron.analysis.survey.attractor_results import AttractorSurvey, FoundAttractor
    from isochron.analysis.survey.attractors import find_all_attractors
    from isochron.analysis.survey.entrained_cycles import (
        EntrainedCycleSurvey,
        find_entrained_cycles,
    )
    from isochron.analysis.survey.samplers import gaussian_around, uniform_box
    from isochron.analysis.survey.settings import NewtonStarts, SurveyTimes, SurveyTolerances
    from isochron.analysis.survey.symmetry import has_odd_symmetry
    from isochron.analysis.systems.extrapolation import ExtrapolatedMap
    from isochron.analysis.systems.family import SystemFamily
    from isochron.analysis.systems.flow import flow
    from isochron.analysis.systems.functions import Flow, SteppedMap, black_box
    from isochron.analysis.systems.protocols import ForcedMap, VectorField
    from isochron.analysis.systems.return_map import Section, compute_section_return, find_crossings

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    # Systems
    "Flow",
    "SteppedMap",
    "SystemFamily",
    "ExtrapolatedMap",
    "black_box",
    "VectorField",
    "ForcedMap",
    "features",
    "flow",
    # Fixed points, cycles, multipliers
    "FixedPoint",
    "FixedPointSearch",
    "find_fixed_points",
    "LimitCycle",
    "ShootingControl",
    "find_limit_cycle",
    "RecurrenceSearch",
    "find_recurrent_cycles",
    "floquet_exponents",
    "floquet_multipliers",
    # Surveys of attractors
    "AttractorSurvey",
    "FoundAttractor",
    "SurveyTimes",
    "SurveyTolerances",
    "find_all_attractors",
    "EntrainedCycleSurvey",
    "NewtonStarts",
    "find_entrained_cycles",
    "has_odd_symmetry",
    "gaussian_around",
    "limit_cycles",
    "plotting",
    "sign_networks",
    "uniform_box",
    # Continuation
    "Branch",
    "FoldCurve",
    "SpecialPoint",
    "StepControl",
    "continue_cycles",
    "continue_cycles_from_hopf",
    "continue_doubled_cycles",
    "continue_fixed_points",
    "continue_fold",
    # Poincaré sections and exponents
    "Section",
    "compute_section_return",
    "find_crossings",
    "LyapunovSpectrum",
    "TangentControl",
    "compute_lyapunov_spectrum",
    # Phase response, isochrons, coupling
    "PhaseResponse",
    "find_phase_response",
    "find_map_phase_response",
    "perturbed_phase_response",
    "asymptotic_phase",
    "difference_of_phases",
    "CouplingFunction",
    "LockedState",
    "phase_coupling_function",
    "find_locked_states",
    "locking_range",
    "fixed_radius_field",
    # Rotation, locking, tongues
    "InvariantCircle",
    "find_invariant_circle",
    "RotationNumber",
    "rotation_number",
    "weighted_birkhoff_average",
    "Tongue",
    "TongueScan",
    "find_tongue",
    "scan_tongue",
    "phase_locking_value",
    "n_to_m_locking_value",
    "pairwise_phase_consistency",
    # Phase from data
    "OscillationTest",
    "oscillation_test",
    "compute_phase",
    "section_protophase",
    "fourier_protophase",
    "protophase_to_phase",
    "harmonic_phase",
    "PlanarRotation",
    "planar_rotation",
    "PhaseOrder",
    "phase_order_test",
    "mantel_test",
    "circular_rank_correlation",
    # Similarity and dimension
    "CycleComparison",
    "compare_cycles",
    "ellipse_of",
    "distance_beyond_ellipse",
    "procrustes_distance",
    "linear_cka",
    "DelayModel",
    "fit_delay_model",
    "choose_rank",
    "dynamical_distance",
    "noise_ceiling",
    "CycleDimension",
    "compute_cycle_dimension",
    "participation_ratio",
    "principal_components",
    # Energy
    "rate_energy",
    "uphill_share",
    # Spectra and statistics
    "Spectrum",
    "multitaper_spectrum",
    "Interval",
    "SignificanceTest",
    "surrogate_test",
    "amplitude_adjusted",
    "cyclic_shift",
    "permuted",
    "phase_randomized",
    "block_bootstrap",
    "rayleigh_test",
    "permutation_p",
    # Contrasts of two conditions, several tests
    "Contrast",
    "mcnemar_test",
    "paired_contrast",
    "power_of_mcnemar",
    "Proportion",
    "proportion_interval",
    "holm",
    "benjamini_hochberg",
]
