"""Temporal convolutions, networks whose state is their window of inputs."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.nets.convolution_parameters import ConvolutionParameters
from isochron.ann_bridge.nets.window import WindowNet


class ConvolutionNet(WindowNet):
    """A causal convolution in time with dilated layers; a state is the window, oldest input first.

    In layer l, counted from 0, and with x^0 the inputs::

        x^(l+1)[t] = tanh(W_0 x^l[t] + W_1 x^l[t - 2^l] + ... + b),  `width` summands

    The output is a weighted sum of the last layer. It is a function of the inputs of the last
    `reach` + 1 steps; there is no other memory.

    Parameters
    ----------
    parameters : ConvolutionParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `ConvolutionParameters` as keywords.

    References
    ----------
    Bai, Kolter and Koltun (2018), arXiv:1803.01271, here without residual connections.

    Examples
    --------
    Whatever the weights, an input is forgotten in one step, when it leaves the window:

    >>> net = ann_bridge.ConvolutionNet(n_units=8, n_inputs=1, n_layers=2, width=2)
    >>> system = ann_bridge.TrainedMap(net)
    >>> zeros, pulse = np.zeros(4), np.array([0, 0, 0, 1.0])
    >>> [bool(system.outputs(system.advance(pulse, n)) != system.outputs(zeros)) for n in (2, 3, 4)]
    [True, True, False]
    """

    kind: ClassVar[str] = "convolution"
    parameters_type = ConvolutionParameters
    settings: ConvolutionParameters

    def __init__(
        self,
        parameters: ConvolutionParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        columns = [p.width * n for n in (p.n_inputs, *[p.n_units] * (p.n_layers - 1))]
        self.weights = nn.ParameterList(
            normal(p.n_units, n, generator=g) / math.sqrt(n) for n in columns
        )
        self.biases = nn.ParameterList(zeros(p.n_units) for _ in columns)
        shape = (p.n_units,) if p.n_outputs == 1 else (p.n_units, p.n_outputs)
        self.output_weights = nn.Parameter(normal(*shape, generator=g) / math.sqrt(p.n_units))

    def sent(self, inputs: Tensor) -> Tensor:
        """Units of the last layer at the last steps.

        Parameters
        ----------
        inputs : Tensor, shape (n_positions, batch, n_inputs)
            Inputs in order of time, `reach` more than there are results.

        Returns
        -------
        Tensor, shape (n_positions - reach, batch, n_units)
        """
        x, width = inputs, self.settings.width
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            apart = 2**layer
            n = len(x) - (width - 1) * apart
            read = torch.cat([x[k * apart : k * apart + n] for k in range(width)], dim=2)
            x = torch.tanh(read @ weights.T + biases)
        return x

    def units(self, states: Tensor) -> Tensor:
        """Units of the last layer in given states.

        Parameters
        ----------
        states : Tensor, shape (..., dimension)
            Windows of inputs.

        Returns
        -------
        Tensor, shape (..., n_units)
            Units at the newest input.
        """
        p = self.settings
        windows = states.reshape(-1, p.reach + 1, p.n_inputs).transpose(0, 1)
        return self.sent(windows)[0].reshape(*states.shape[:-1], p.n_units)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs, and units of the last layer."""
        units = self.sent(torch.cat([self.history(inputs.shape[1], generator), inputs]))
        return units @ self.output_weights, units
