"""A network under analysis, and what is found of it."""

from dataclasses import dataclass

import numpy as np
import torch

from isochron.analysis import EntrainedCycleSurvey, FixedPoint, LimitCycle
from isochron.ann_bridge import TrainedMap
from isochron.ann_bridge.tasks import Task
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.provenance import derive_seed
from isochron.studies.compare.configuration import ReferenceSection
from isochron.studies.compare.results import NetLabel, NetOutcome
from isochron.studies.compare.similarity import turn_of


def pair_seed(pair: int, purpose: str) -> int:
    """A seed that all networks of a pair share."""
    return derive_seed("pair", pair, purpose)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network under analysis.

    Attributes
    ----------
    label : NetLabel
    outcome : NetOutcome
    network : AnalysedNetwork
    task : Task or None
        None if it is not known.
    reference : ReferenceSection
        Reference and surveys.
    channel : int
        Input of the reference.
    forced : bool
        Whether it is analyzed under the reference; else without inputs.
    seed : int
        Seed that the results state.
    notes : tuple of str
    """

    label: NetLabel
    outcome: NetOutcome
    network: AnalysedNetwork
    task: Task | None
    reference: ReferenceSection
    channel: int = 0
    forced: bool = True
    seed: int
    notes: tuple[str, ...] = ()

    def map_at(self, frequency_Hz: float, amplitude: float) -> TrainedMap:
        """The map under a reference."""
        return self.network.map_at(frequency_Hz, amplitude, channel=self.channel)

    @property
    def system(self) -> TrainedMap:
        """The map under the reference of the analysis."""
        return self.map_at(self.reference.frequency_Hz, self.reference.amplitude)

    @property
    def condition(self) -> str:
        """The reference in words."""
        reference = self.reference
        text = f"reference {reference.frequency_Hz:.4g} Hz, amplitude {reference.amplitude:g}"
        return text + (f", input {self.channel}" if self.channel else "")

    def states(self, cycle: LimitCycle) -> np.ndarray:
        """States of the units on a cycle, shape (n_times, n_units)."""
        return self.network.units(cycle.states)

    def turn(self, cycle: LimitCycle) -> np.ndarray:
        """States of the units during one period of the reference, shape (n_times, n_units)."""
        return turn_of(self.states(cycle), self.system.forcing_cycles)

    @torch.no_grad()
    def starts(self, count: int) -> np.ndarray:
        """Initial states of a survey: half from noisy runs, half after trials, at all phases.

        The states after trials are those in which a network stores a memory. Without a task all
        are from noisy runs.
        """
        seed = pair_seed(self.label.pair, "states")
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        system, n_after = self.system, 0 if self.task is None else count // 2
        spread = system.initial_states(count - n_after, rng)
        if self.task is None or not n_after:
            return spread
        before = self.network.first_states(n_after, generator)
        inputs = self.task.sample(n_after, generator).inputs.numpy()
        return np.concatenate([spread, system.respond(before, inputs)])


@dataclass(frozen=True)
class Found:
    """The cycles under the reference and the fixed points of a network.

    Attributes
    ----------
    survey : EntrainedCycleSurvey or None
        None if it is analyzed without a reference.
    points : list of FixedPoint
    """

    survey: EntrainedCycleSurvey | None
    points: list[FixedPoint]

    @property
    def cycles(self) -> tuple[LimitCycle, ...]:
        """All cycles under the reference."""
        return () if self.survey is None else tuple(self.survey.cycles)

    @property
    def stable(self) -> tuple[LimitCycle, ...]:
        """The stable ones, largest basin first."""
        return () if self.survey is None else self.survey.stable

    @property
    def largest(self) -> LimitCycle | None:
        """The stable cycle with the largest basin."""
        return self.stable[0] if self.stable else None
