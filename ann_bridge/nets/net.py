"""What all nets have in common."""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.steps import Step


class RecurrentNet(nn.Module):
    """A net that turns inputs over time into outputs over time.

    Attributes
    ----------
    kind : str
        Name of the kind of net, in files and on the command line.
    settings : frozen dataclass
        With at least n_units, n_inputs, n_outputs and step_ms.
    """

    kind: ClassVar[str]
    settings: Any

    @abstractmethod
    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Random states from which trials start, shape (batch, dimension)."""

    @abstractmethod
    def run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs as `forward`, and what the units send, shape (n_steps, batch, n_units)."""

    @abstractmethod
    def float64_step(self) -> Step:
        """One step without noise, in float64, for `TrainedMap`."""

    def forward(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Output of the net on a batch of trials.

        Parameters
        ----------
        inputs : Tensor, shape (n_steps, batch, n_inputs)
        generator : torch.Generator
            Source of initial states and of noise, on the device of the net.

        Returns
        -------
        Tensor, shape (n_steps, batch), or (n_steps, batch, n_outputs) if there are several
            Sample t is read after the step that input t enters.
        """
        return self.run(inputs, generator)[0]
