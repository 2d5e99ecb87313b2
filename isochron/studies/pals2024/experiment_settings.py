"""Settings of a run of the experiment `pals2024` of a sweep: one network of a condition."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from isochron.ann_bridge.tasks.stimulus_task import GeneratedReferenceSettings
from isochron.settings import check_choices, setting
from isochron.studies.pals2024.configuration import AnalysisSection, Pals2024Config

FULL_RANK = "full"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pals2024RunSettings(GeneratedReferenceSettings):
    """One network of a condition: training and analysis.

    The settings of theta have no effect under sines, so that a sweep can vary the reference.
    """

    rank: str = setting("2", "Rank of the network", choices=("1", "2", "3", FULL_RANK))
    readout: str = setting(
        "linear", "The output is a sum of the states, or of their tanh", choices=("linear", "tanh")
    )
    initialization: str = setting(
        "default", "Loadings before training: random, or those of an oscillator",
        choices=("default", "oscillatory"),
    )  # fmt: skip
    n_stimuli: int = setting(2, "Number of stimuli, 2 or 4")
    replicate: int = setting(0, "Number of the network, to train several of one condition")
    n_units: int | None = setting(
        None, "Number of units; by default 512, or 100 of full rank, as in the paper"
    )
    steps: int | None = setting(
        None, "Largest number of training steps; by default 2000, or 10000 for four stimuli"
    )
    batch_size: int | None = setting(
        None, "Number of trials in each training step; by default 128, as in the paper"
    )
    learning_rate: float | None = setting(
        None, "Learning rate of Adam; by default 0.01, or 0.001 for full rank"
    )
    stop_below: float | None = setting(
        None,
        "Mean loss of 20 steps below which the training stops; by default 0.01, 0: it does not "
        "stop early",
    )
    n_starts: int = setting(96, "Number of initial states of the survey under the reference")
    n_intrinsic_starts: int = setting(64, "Number of initial states with the reference off")
    n_trials: int = setting(32, "Number of trials of each stimulus in the analysis")

    def __post_init__(self) -> None:
        check_choices(self)
        for name in ("theta_phase_diffusion", "theta_amplitude_std", "theta_noise_std"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be >= 0 and finite, got {getattr(self, name)!r}.")
        if self.n_stimuli not in (2, 4):
            raise ValueError(f"n_stimuli must be 2 or 4, got {self.n_stimuli!r}.")
        if self.replicate < 0:
            raise ValueError(f"replicate must be 0 or more, got {self.replicate!r}.")
        if self.n_units is not None and self.n_units < 1:
            raise ValueError(f"n_units must be at least 1, got {self.n_units!r}.")

    @property
    def condition(self) -> str:
        """Name of the condition."""
        kind = "full-rank" if self.rank == FULL_RANK else f"rank-{self.rank}"
        oscillatory = "-oscillatory" * (self.initialization == "oscillatory")
        return f"{kind}-{self.readout}{oscillatory}{'-four' * (self.n_stimuli == 4)}"

    @property
    def config(self) -> Pals2024Config:
        """The configuration of the study with this network alone."""
        usual = Pals2024Config(nets=1, conditions=(self.condition,))
        training = self._given("steps", "batch_size", "learning_rate", "stop_below")
        name = "full_rank" if self.rank == FULL_RANK else "low_rank"
        section = replace(getattr(usual, name), **training, **self._given("n_units"))
        reference = {field.name for field in fields(GeneratedReferenceSettings)}
        theta = self.reference != "sines"
        return replace(
            usual,
            **{name: section},
            four_stimuli=replace(usual.four_stimuli, **training),
            task=GeneratedReferenceSettings(
                **({it: getattr(self, it) for it in reference} if theta else {})
            ),
            analysis=AnalysisSection(
                n_starts=self.n_starts,
                n_intrinsic_starts=self.n_intrinsic_starts,
                n_trials=self.n_trials,
            ),
        )

    def _given(self, *names: str) -> dict[str, Any]:
        """The settings that are not left to their default."""
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}
