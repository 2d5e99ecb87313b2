"""The graded worm of the settings of a run, with its stimulus and its start."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from isochron import sims
from isochron.runs.null_models import draw_connectome
from isochron.runs.provenance import derive_seed
from isochron.runs.sweep.experiments import Experiment
from isochron.runs.sweep.experiments.simulate_settings import ModelSettings, WormSettings
from isochron.sims.graded_parameters import GradedParameters
from isochron.sims.step_choice import require_few_steps

PARAMETERS = {field.name for field in fields(GradedParameters)}


@dataclass(frozen=True)
class Worm:
    """A model, its stimulus, and the source of its initial state."""

    network: sims.GradedNetwork
    stimulus: sims.Stimulus
    rng: np.random.Generator


class WormExperiment(Experiment):
    """What simulations of graded worms share: the data set is a file or not, and the device."""

    files: ClassVar[tuple[str, ...]] = ("dataset",)
    shared: ClassVar[tuple[str, ...]] = ("dataset", "duration_s", "step_ms", "engine", "device")

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check the settings of a run, and that its simulation ends."""
        made = self.read(settings)
        require_few_steps(
            1e3 * made.duration_s / made.step_ms, made.step_ms, made.duration_s, n_neurons=1
        )

    def limit_workers(self, settings: Mapping[str, Any], workers: int) -> int:
        """One process for a GPU."""
        if settings.get("device", "cpu") == "cpu":
            return workers
        import torch

        if not torch.cuda.is_available():
            raise ValueError(
                "device = 'cuda', but torch does not find a GPU on this machine. Use device = "
                "'cpu', or a machine that has one: --executor dask or slurm."
            )
        return 1


def make_network(settings: ModelSettings) -> sims.GradedNetwork:
    """The network of a run."""
    network = _network(settings.dataset, settings.ablate, settings.null_model, settings.draw)
    return network.with_parameters(**{name: getattr(settings, name) for name in PARAMETERS})


def make_worm(settings: WormSettings, seed: int) -> Worm:
    """The worm of a run."""
    return Worm(
        make_network(settings),
        sims.step_current(list(settings.stimulate), amplitude_pA=settings.amplitude_pA),
        np.random.default_rng(derive_seed(seed, "start")),
    )


@lru_cache(maxsize=64)
def _network(dataset: str, ablate: tuple[str, ...], null: str, draw: int) -> sims.GradedNetwork:
    network = sims.GradedNetwork(draw_connectome(dataset, null, draw))
    return network.disconnect(*ablate) if ablate else network
