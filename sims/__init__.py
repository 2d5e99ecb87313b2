"""How it moves: dynamics on a wiring. Units: mV, ms, pF, nS, pA."""

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
from isochron.sims.simulate import simulate, state_vector
from isochron.sims.step_size import StepError, estimate_step_error, largest_explicit_step
from isochron.sims.stepping import GradedMap
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
from isochron.sims.storage import load_dataset, save_dataset

__all__ = [
    "ENGINES",
    "GRADED_INTERACTOME",
    "GRADED_KUNERT2014",
    "THRESHOLD_RULES",
    "DivergenceError",
    "GradedField",
    "GradedMap",
    "GradedNetwork",
    "GradedParameters",
    "StepError",
    "Stimulus",
    "chirp_current",
    "estimate_step_error",
    "largest_explicit_step",
    "load_current",
    "load_dataset",
    "noise_current",
    "pulse_current",
    "ramp_current",
    "save_dataset",
    "simulate",
    "simulate_many",
    "sinusoidal_current",
    "state_vector",
    "step_current",
]
