"""Settings that commands on simulated connectomes share. Light, so that help is instant."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isochron.settings import setting

if TYPE_CHECKING:
    from isochron.runs.simulation_spec import SimulationSpec
    from isochron.sims import Stimulus

DATASET_HELP = (
    "Connectome: ID of a data set, or a file: .csv, .tsv, .txt, .graphml, .nml, .xml, .nc, or a "
    ".toml file with its options"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionSettings:
    """Connections and constant currents of a simulated connectome."""

    stimulate: tuple[str, ...] = setting(
        (),
        "Constant current into a neuron, class, type or pattern; may be repeated",
        form="NAME=pA",
    )
    signs: str | None = setting(
        None,
        "Sign rule; by default the signs of the connectome if it has some, else gaba",
        choices="isochron.connectome:SIGN_RULES",
    )
    ablate: tuple[str, ...] = setting(
        (), "Neuron, class, type or pattern that is omitted; may be repeated", form="NAME"
    )

    @property
    def currents(self) -> tuple[tuple[str, float], ...]:
        """Names and currents in pA.

        Raises
        ------
        ValueError
            If one has a different form.
        """
        return tuple(map(_named_current, self.stimulate))

    def stimulus(self) -> "Stimulus":
        """The constant currents."""
        from isochron.sims import Stimulus, step_current

        parts = (step_current([name], amplitude_pA=pA) for name, pA in self.currents)
        return sum(parts, Stimulus())


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSettings(ConnectionSettings):
    """A simulated connectome."""

    dataset: str = setting("varshney2011", DATASET_HELP)
    model: str = setting("graded", "Model of the neurons", choices="isochron.sims.models:MODELS")

    def spec(self, **more: Any) -> "SimulationSpec":
        """The specification of a simulation.

        Raises
        ------
        ValueError
            If model or sign rule is not known, or a current has a different form.
        """
        from isochron.runs.datasets import resolve_dataset
        from isochron.runs.simulation_spec import SimulationSpec

        return SimulationSpec(
            dataset=resolve_dataset(self.dataset), model=self.model, signs=self.signs,
            ablate=self.ablate, currents=self.currents, **more,
        )  # fmt: skip


def _named_current(text: str) -> tuple[str, float]:
    name, _, amplitude = text.rpartition("=")
    try:
        value = float(amplitude)
    except ValueError:
        value = math.nan
    if not name or not math.isfinite(value):
        raise ValueError(f"--stimulate takes NAME=CURRENT in pA, such as PLML=2000; got {text!r}.")
    return name, value
