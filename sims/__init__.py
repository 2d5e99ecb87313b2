"""Simulation of the dynamics of a connectome. Units: mV, ms, pF, nS, pA."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.sims.drive import THRESHOLD_RULES
    from isochron.sims.engines import ENGINES
    from isochron.sims.engines.request import DivergenceError
    from isochron.sims.ensembles import simulate_many
    from isochron.sims.graded import (
        GRADED_INTERACTOME,
        GRADED_KUNERT2014,
        GradedField,
        GradedNetwork,
        GradedParameters,
    )
    from isochron.sims.graded_map import GradedMap
    from isochron.sims.models import MODELS
    from isochron.sims.muscles import (
        BOYLE2012,
        MuscleParameters,
        compute_bending,
        neuromuscular_matrix,
        plot_kymograph,
        simulate_muscles,
    )
    from isochron.sims.neuroml import export_neuroml, read_neuroml
    from isochron.sims.run_settings import EnsembleSettings, RunSettings
    from isochron.sims.simulation import simulate, state_vector
    from isochron.sims.spiking import SpikingNetwork, compute_rates, run_spiking
    from isochron.sims.step_size import StepError, estimate_step_error, largest_explicit_step
    from isochron.sims.stimuli import (
        Stimulus,
        chirp_current,
        load_current,
        noise_current,
        pulse_current,
        ramp_current,
        sinusoidal_current,
        step_current,
    )
    from isochron.sims.storage import append_dataset, export_nwb, load_dataset, save_dataset

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "BOYLE2012",
    "DivergenceError",
    "ENGINES",
    "EnsembleSettings",
    "GRADED_INTERACTOME",
    "GRADED_KUNERT2014",
    "GradedField",
    "GradedMap",
    "GradedNetwork",
    "GradedParameters",
    "MODELS",
    "MuscleParameters",
    "RunSettings",
    "SpikingNetwork",
    "StepError",
    "Stimulus",
    "THRESHOLD_RULES",
    "append_dataset",
    "chirp_current",
    "compute_bending",
    "compute_rates",
    "estimate_step_error",
    "export_neuroml",
    "export_nwb",
    "largest_explicit_step",
    "load_current",
    "load_dataset",
    "neuromuscular_matrix",
    "noise_current",
    "plot_kymograph",
    "pulse_current",
    "ramp_current",
    "read_neuroml",
    "run_spiking",
    "save_dataset",
    "simulate",
    "simulate_many",
    "simulate_muscles",
    "sinusoidal_current",
    "state_vector",
    "step_current",
]
