"""The model of a crawl that settings state: its map, and runs from a state."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from isochron import sims
from isochron.connectome import Connectome
from isochron.runs.simulation_spec import SimulationSpec
from isochron.workflows.crawl_settings import CrawlSettings


@dataclass(frozen=True)
class GradedModel:
    """A graded network with muscles, body and proprioception."""

    settings: CrawlSettings
    constants: sims.CrawlParameters
    network: sims.GradedNetwork
    stimulus: sims.Stimulus

    @property
    def connectome(self) -> Connectome:
        """The connectome of the network, with its signs."""
        return self.network.connectome

    @property
    def body(self) -> sims.BodyParameters:
        """The body of the settings."""
        return self.settings.changed_body(self.constants.body)

    def map(self, body: sims.BodyParameters, step_ms: float) -> sims.CrawlMap:
        """The map from one step to the next."""
        feedback = replace(self.constants.proprioception, **self.settings.feedback)
        parameters = replace(self.constants, body=body, proprioception=feedback)
        return sims.CrawlMap(self.network, self.stimulus, parameters, step_ms=step_ms)

    def simulate(
        self, body: sims.BodyParameters, step_ms: float, state: np.ndarray | None = None
    ) -> xr.Dataset:
        """A run from a state, or from the random one of the seed."""
        rng = np.random.default_rng(self.settings.seed) if state is None else None
        return sims.simulate_worm(
            self.network,
            self.stimulus,
            body=body,
            muscles=self.constants.muscles,
            proprioception=replace(self.constants.proprioception, **self.settings.feedback),
            rng=rng,
            initial_state=state,
            duration_s=self.settings.duration_s,
            step_ms=step_ms,
            record_every_ms=self.settings.record_every_ms,
        )


@dataclass(frozen=True)
class BistableModel:
    """Bistable B motor neurons with muscles and body."""

    settings: CrawlSettings
    constants: sims.BistableParameters
    connectome: Connectome

    @property
    def body(self) -> sims.BodyParameters:
        """The body of the settings."""
        return self.settings.changed_body(self.constants.body)

    def map(self, body: sims.BodyParameters, step_ms: float) -> sims.BistableMap:
        """The map from one step to the next."""
        field = {} if self.settings.field is None else {"field": self.settings.field}
        parameters = replace(self.constants, body=body, **field)
        return sims.BistableMap(self.connectome, parameters, step_ms=step_ms)

    def simulate(
        self, body: sims.BodyParameters, step_ms: float, state: np.ndarray | None = None
    ) -> xr.Dataset:
        """A run from a state, or from the random one of the seed."""
        crawl = self.map(body, step_ms)
        rng = np.random.default_rng(self.settings.seed)
        return crawl.simulate(
            duration_s=self.settings.duration_s,
            record_every_ms=self.settings.record_every_ms,
            initial_state=crawl.random_state(rng) if state is None else state,
        )


CrawlModel = GradedModel | BistableModel


def open_model(spec: SimulationSpec, settings: CrawlSettings) -> CrawlModel:
    """The model of the settings.

    Raises
    ------
    ValueError
        If a setting has no effect on the model.
    """
    constants: Any = sims.CRAWLS.load(settings.model)
    if isinstance(constants, sims.CrawlParameters):
        return GradedModel(settings, constants, spec.network(), spec.stimulus())
    if settings.currents or settings.gain is not None or settings.signs is not None:
        raise ValueError(
            "--stimulate, --signs and --gain have no effect on the bistable model, which does not "
            "contain the network. Use --model standard, soft, stiff or viscous."
        )
    return BistableModel(settings, constants, spec.connectome())
