"""Parameters of temporal convolutions. Light: no torch, so that help is instant."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from isochron.ann_bridge.nets.stepped_parameters import SteppedParameters
from isochron.settings import setting
from isochron.wording import shown

MOST_LAYERS, WIDEST = 16, 1000  # 16 layers reach 131 070 steps with a width of 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvolutionParameters(SteppedParameters):
    """Parameters of a temporal convolution.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    By default the output depends on as many inputs as a trial of the task has:

    >>> task = ann_bridge.tasks.FlipFlop()
    >>> p = ann_bridge.ConvolutionParameters.for_task(task)
    >>> task.n_steps, p.n_layers, p.reach
    (100, 6, 126)
    """

    usual_learning_rate = 3e-3
    feedback: ClassVar[float] = 0.0  # a convolution does not read its output

    n_units: int = setting(32, "Number of units of each layer")
    n_layers: int = setting(6, "Number of layers; the default suits the task")
    width: int = setting(3, "Number of values that a unit reads from each unit of the layer below")

    def __post_init__(self) -> None:
        SteppedParameters.__post_init__(self)
        for name, least, most in (("n_layers", 1, MOST_LAYERS), ("width", 2, WIDEST)):
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= most:
                raise ValueError(
                    f"{name} must be a whole number, at least {least} and at most {most}, got "
                    f"{shown(value)}."
                )

    @property
    def reach(self) -> int:
        """Age in steps of the oldest input that the output depends on."""
        return (self.width - 1) * (2**self.n_layers - 1)

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """As many layers as the window needs to be as long as a trial of the task."""
        steps = getattr(task, "n_steps", None)
        return {} if steps is None else {"n_layers": max(1, math.ceil(math.log2(1 + steps / 2)))}
