"""The graded worm of the settings of a run, with its stimulus and its start."""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from isochron import sims
from isochron.connectome import Connectome
from isochron.connectome.null_models import NULL_MODELS
from isochron.runs.datasets import open_connectome
from isochron.runs.provenance import derive_seed
from isochron.runs.sweep.experiments.simulate_settings import NO_NULL, WormSettings
from isochron.sims.graded import GradedParameters

PARAMETERS = {field.name for field in fields(GradedParameters)}


@dataclass(frozen=True)
class Worm:
    """A model, its stimulus, and the source of its initial state."""

    network: sims.GradedNetwork
    stimulus: sims.Stimulus
    rng: np.random.Generator


def make_worm(settings: WormSettings, seed: int) -> Worm:
    """The worm of a run."""
    network = _network(settings.dataset, settings.ablate, settings.null_model, settings.draw)
    given = {name: getattr(settings, name) for name in PARAMETERS}
    return Worm(
        network.with_parameters(**given),
        sims.step_current(list(settings.stimulate), amplitude_pA=settings.amplitude_pA),
        np.random.default_rng(derive_seed(seed, "start")),
    )


@lru_cache(maxsize=64)
def _network(dataset: str, ablate: tuple[str, ...], null: str, draw: int) -> sims.GradedNetwork:
    network = sims.GradedNetwork(_connectome(dataset, null, draw))
    return network.disconnect(*ablate) if ablate else network


def _connectome(dataset: str, null: str, draw: int) -> Connectome:
    connectome = open_connectome(dataset)
    if null == NO_NULL:
        return connectome
    rng = np.random.default_rng(derive_seed("null model", dataset, null, draw))
    return NULL_MODELS.load(null)(connectome, rng)
