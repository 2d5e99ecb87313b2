"""Simulation of the dynamics of a connectome. Units: mV, ms, pF, nS, pA."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.sims import neuroml, spiking, storage
    from isochron.sims.body.media import MEDIA, Medium
    from isochron.sims.body.parameters import BodyParameters
    from isochron.sims.body.simulation import simulate_body
    from isochron.sims.drive import THRESHOLD_RULES
    from isochron.sims.engines import ENGINES
    from isochron.sims.engines.accuracy import StepWarning
    from isochron.sims.engines.request import DivergenceError
    from isochron.sims.ensembles import simulate_many
    from isochron.sims.graded import GradedField, GradedNetwork
    from isochron.sims.graded_map import GradedMap
    from isochron.sims.graded_parameters import (
        GRADED_INTERACTOME,
        GRADED_KUNERT2014,
        GradedParameters,
    )
    from isochron.sims.locomotion.animal import ANIMAL_GAITS, AnimalGait
    from isochron.sims.locomotion.bistable import BistableMap
    from isochron.sims.locomotion.crawl_map import CrawlMap
    from isochron.sims.locomotion.ensemble import WormEnsembleSettings, simulate_worm_many
    from isochron.sims.locomotion.gait import Gait, describe_gait
    from isochron.sims.locomotion.onset import CrawlMode, find_crawl_onset
    from isochron.sims.locomotion.parameters import (
        BISTABLE_CRAWL,
        CRAWLS,
        SOFT_CRAWL,
        STANDARD_CRAWL,
        STIFF_CRAWL,
        VISCOUS_CRAWL,
        BistableParameters,
        CrawlParameters,
    )
    from isochron.sims.locomotion.simulation import WormRunSettings, simulate_worm
    from isochron.sims.models import MODELS
    from isochron.sims.muscle_parameters import BOYLE2012, MuscleParameters
    from isochron.sims.muscles import (
        compute_bending,
        neuromuscular_matrix,
        plot_kymograph,
        simulate_muscles,
    )
    from isochron.sims.neuroml import export_neuroml, read_neuroml
    from isochron.sims.onset import Onset, find_onset
    from isochron.sims.proprioception import Proprioception
    from isochron.sims.rmd import RMDNeuron
    from isochron.sims.rmd_parameters import RMDParameters
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
    from isochron.sims.tierpsy import load_tierpsy
    from isochron.sims.wcon import load_wcon, save_wcon

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "ANIMAL_GAITS",
    "AnimalGait",
    "BISTABLE_CRAWL",
    "BOYLE2012",
    "BistableMap",
    "BistableParameters",
    "BodyParameters",
    "CRAWLS",
    "CrawlMap",
    "CrawlMode",
    "CrawlParameters",
    "DivergenceError",
    "ENGINES",
    "EnsembleSettings",
    "GRADED_INTERACTOME",
    "GRADED_KUNERT2014",
    "Gait",
    "GradedField",
    "GradedMap",
    "GradedNetwork",
    "GradedParameters",
    "MEDIA",
    "MODELS",
    "Medium",
    "MuscleParameters",
    "Onset",
    "Proprioception",
    "RMDNeuron",
    "RMDParameters",
    "RunSettings",
    "SOFT_CRAWL",
    "STANDARD_CRAWL",
    "STIFF_CRAWL",
    "VISCOUS_CRAWL",
    "SpikingNetwork",
    "StepError",
    "StepWarning",
    "Stimulus",
    "THRESHOLD_RULES",
    "WormEnsembleSettings",
    "WormRunSettings",
    "append_dataset",
    "chirp_current",
    "compute_bending",
    "compute_rates",
    "describe_gait",
    "estimate_step_error",
    "export_neuroml",
    "export_nwb",
    "find_crawl_onset",
    "find_onset",
    "largest_explicit_step",
    "load_current",
    "load_dataset",
    "load_tierpsy",
    "load_wcon",
    "neuroml",
    "neuromuscular_matrix",
    "noise_current",
    "plot_kymograph",
    "pulse_current",
    "ramp_current",
    "read_neuroml",
    "run_spiking",
    "save_dataset",
    "save_wcon",
    "simulate",
    "simulate_body",
    "simulate_many",
    "simulate_muscles",
    "simulate_worm",
    "simulate_worm_many",
    "sinusoidal_current",
    "spiking",
    "state_vector",
    "step_current",
    "storage",
]
