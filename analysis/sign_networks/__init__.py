"""Number of attractors of networks of +-1 neurons.

Small networks are enumerated (`enumerate_attractors`), ensembles of them counted
(`count_attractors`) and compared with theory (`mean_fixed_points`, `complexity`, ...); large
ones are sampled (`sample_attractors`) or solved for their short cycles (`solve_cycles`).
"""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.analysis.sign_networks.complexity_theory import (
        Complexity,
        complexity,
        complexity_asymptote,
        fixed_point_complexity,
        fixed_point_prefactor,
        interior_branch_end,
    )
    from isochron.analysis.sign_networks.constraints import SolvedCycles, solve_cycles
    from isochron.analysis.sign_networks.ensembles import (
        CouplingLaw,
        EnsembleCount,
        asymmetry,
        count_attractors,
        random_couplings,
    )
    from isochron.analysis.sign_networks.enumeration import enumerate_attractors
    from isochron.analysis.sign_networks.estimates import (
        chao1,
        unseen_mass,
        unseen_mass_bound,
        wilson_interval,
    )
    from isochron.analysis.sign_networks.exact_means import (
        limit_at_zero_symmetry,
        mean_fixed_points,
        mean_three_cycles,
        mean_two_cycles,
    )
    from isochron.analysis.sign_networks.memories import (
        hebbian_couplings,
        recall,
        two_step_energy,
    )
    from isochron.analysis.sign_networks.network import (
        TIE_RULES,
        SignNetwork,
        from_boolean,
        pack,
        unpack,
    )
    from isochron.analysis.sign_networks.results import Attractor, Enumeration
    from isochron.analysis.sign_networks.sampling import (
        Sample,
        SampledAttractor,
        SamplingLimits,
        sample_attractors,
    )

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "TIE_RULES",
    "Attractor",
    "Complexity",
    "CouplingLaw",
    "EnsembleCount",
    "Enumeration",
    "Sample",
    "SampledAttractor",
    "SamplingLimits",
    "SignNetwork",
    "SolvedCycles",
    "asymmetry",
    "chao1",
    "complexity",
    "complexity_asymptote",
    "count_attractors",
    "enumerate_attractors",
    "fixed_point_complexity",
    "fixed_point_prefactor",
    "from_boolean",
    "hebbian_couplings",
    "interior_branch_end",
    "limit_at_zero_symmetry",
    "mean_fixed_points",
    "mean_three_cycles",
    "mean_two_cycles",
    "pack",
    "random_couplings",
    "recall",
    "sample_attractors",
    "solve_cycles",
    "two_step_energy",
    "unpack",
    "unseen_mass",
    "unseen_mass_bound",
    "wilson_interval",
]
