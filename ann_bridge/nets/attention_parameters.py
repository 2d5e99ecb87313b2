"""Parameters of attention networks. Light: no torch, so that help is instant."""

import math
from dataclasses import dataclass
from typing import Any

from isochron.ann_bridge.nets.stepped_parameters import SteppedParameters
from isochron.settings import setting
from isochron.wording import shown

POSITIONS = ("rotary", "sinusoidal")
SPACING_MS = 16.0  # time between the inputs that are read, of a network for a task
MOST_LAYERS, LONGEST = 1000, 100_000  # LONGEST in steps
SPARE = 1.2  # window of a network for a task, in trials


@dataclass(frozen=True, kw_only=True, slots=True)
class AttentionParameters(SteppedParameters):
    """Parameters of a causal transformer whose window moves with time.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    By default the window is longer than a trial of the task:

    >>> task = ann_bridge.tasks.PhaseMemory()
    >>> p = ann_bridge.AttentionParameters.for_task(task)
    >>> task.n_steps, p.window, p.stride, p.reach
    (400, 481, 8, 480)
    """

    usual_learning_rate = 3e-3

    n_layers: int = setting(1, "Number of layers")
    n_heads: int = setting(4, "Number of heads of each layer; they divide the units evenly")
    window: int = setting(481, "Steps that a layer reads back, the present one included")
    stride: int = setting(8, "Steps between inputs that a layer reads")
    positions: str = setting("rotary", "Code of the age of an input", choices=POSITIONS)
    feedback: float = setting(
        0.0, "Gain of outputs that are added to the first inputs a step later; 0: not recurrent"
    )

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        for name in ("n_layers", "n_heads", "window", "stride"):
            value, most = getattr(self, name), MOST_LAYERS if name == "n_layers" else LONGEST
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ValueError(
                    f"{name} must be a whole number, at least 1 and at most {most}, got "
                    f"{shown(value)}."
                )
        if self.n_units % (2 * self.n_heads):
            raise ValueError(
                f"n_units must be a multiple of 2 n_heads = {2 * self.n_heads}, so that each head "
                f"has an even number of units, got {self.n_units}."
            )
        if not math.isfinite(self.feedback):
            raise ValueError(f"feedback must be finite, got {shown(self.feedback)}.")
        if self.feedback and self.n_outputs > self.n_inputs:
            raise ValueError(
                f"feedback needs an input for each output, got {self.n_inputs} inputs and "
                f"{self.n_outputs} outputs."
            )

    @property
    def n_read(self) -> int:
        """Number of inputs that a layer reads."""
        return 1 + (self.window - 1) // self.stride

    @property
    def reach(self) -> int:
        """Age in steps of the oldest input that the output depends on."""
        return self.n_layers * (self.n_read - 1) * self.stride

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """Inputs read every 16 ms, in a window longer than a trial of the task."""
        stride = max(1, round(SPACING_MS / task.step_ms))
        steps = getattr(task, "n_steps", None)
        if steps is None:
            return {"stride": stride}
        return {"stride": stride, "window": 1 + stride * math.ceil(SPARE * steps / stride)}
