"""What `export_neuroml` writes, as far as a command line can state it; no heavy imports."""

import math
from dataclasses import dataclass

from isochron.settings import check_choices, setting
from isochron.sims.neuroml.levels import LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """What is exported.

    Attributes
    ----------
    level : {"graded", "A", "B", "C1"}
        graded: the equations of `GradedNetwork`, starting at the equilibrium under the
        constant part of the stimulus. A: integrate-and-fire cells, gap junctions do not
        conduct. B: the same with gap junctions. C1: cells with ion channels and graded
        synapses. A, B and C1 are those of OpenWorm's c302.
    muscles : bool
        Write the muscles of the connectome too.
    duration_s, step_ms : float
        What the LEMS file simulates.

    Raises
    ------
    ValueError
        If there is no such level, or a number is out of range.
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
