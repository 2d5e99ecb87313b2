"""How it moves: dynamics on a wiring. Units: mV, ms, pF, nS, pA."""

from isochron.sims.graded import (
    GRADED_INTERACTOME,
    GRADED_KUNERT2014,
    GradedField,
    GradedNetwork,
    GradedParameters,
)
from isochron.sims.simulate import simulate, state_vector
from isochron.sims.stepping import GradedMap
from isochron.sims.stimuli import Stimulus, sinusoidal_current, step_current
from isochron.sims.storage import load_dataset, save_dataset

__all__ = [
    "GRADED_INTERACTOME",
    "GRADED_KUNERT2014",
    "GradedField",
    "GradedMap",
    "GradedNetwork",
    "GradedParameters",
    "Stimulus",
    "load_dataset",
    "save_dataset",
    "simulate",
    "sinusoidal_current",
    "state_vector",
    "step_current",
]
