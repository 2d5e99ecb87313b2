"""Settings of `export_neuroml` that a command line can give; no heavy imports."""

import math
from dataclasses import dataclass

from isochron.settings import check_choices, setting
from isochron.sims.neuroml.levels import LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """Settings of an export to NeuroML, without the constants of the model.

    Attributes
    ----------
    level : {"graded", "A", "B", "C1"}
        Model. graded: the equations of `GradedNetwork`, from the equilibrium under the constant
        part of the stimulus. A: integrate-and-fire cells, gap junctions do not conduct. B: the
        same with gap junctions. C1: cells with ion channels and graded synapses. A, B and C1 are
        levels of OpenWorm's c302.
    muscles : bool
        Whether the muscles of the connectome are written too.
    duration_s, step_ms : float
        Simulated time of the LEMS file in s, and its time step in ms.

    Raises
    ------
    ValueError
        If the level does not exist, or a number is out of range.

    Examples
    --------
    >>> from isochron.sims import neuroml
    >>> neuroml.ExportSettings(level="C1", duration_s=0.5)
    ExportSettings(level='C1', muscles=True, duration_s=0.5, step_ms=0.05)
    """

    level: str = setting(
        "graded", "Model: the graded one, or a level of OpenWorm's c302", choices=LEVELS
    )
    muscles: bool = setting(True, "Export the muscles")
    duration_s: float = setting(1.0, "Time that the LEMS file simulates", unit="s")
    step_ms: float = setting(0.05, "Time step of the LEMS file", unit="ms")

    def __post_init__(self) -> None:
        check_choices(self)
        for name in ("duration_s", "step_ms"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {value!r}.")
        if self.step_ms > 1e3 * self.duration_s:
            raise ValueError(
                f"step_ms={self.step_ms:g} is longer than duration_s={self.duration_s:g}."
            )
        from isochron.sims.step_choice import LARGEST_STEPS

        if (n_steps := 1e3 * self.duration_s / self.step_ms) > LARGEST_STEPS:
            raise ValueError(
                f"The LEMS file would take {n_steps:.3g} steps; at most {LARGEST_STEPS:.0g} are "
                "allowed. Raise step_ms."
            )
