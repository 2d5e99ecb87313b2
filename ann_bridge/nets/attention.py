"""Attention networks: a causal transformer whose state is its window of inputs."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm

from isochron.ann_bridge.draws import normal, zeros
from isochron.ann_bridge.nets.attention_parameters import AttentionParameters
from isochron.ann_bridge.nets.window import WindowNet

EXPANSION = 2  # units of the hidden layer of a perceptron, in units of the network


class AttentionLayer(nn.Module):
    """x + heads of attention, then x + perceptron, each of the normalized x.

    The score of an input of age a depends on a, never on the time, so that the layer does not
    contain a clock. Rotary: q and k are rotated by ω a. Sinusoidal: q'k + (q + u)' R s(a), with the
    sines and cosines s of ω a. The ω of a head are geometric from 1 to 1 / n_read per input read.

    Parameters
    ----------
    p : AttentionParameters
    generator : torch.Generator
        Source of the initial weights, normal over √ of the number of summands.

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762; Dai et al. (2019), arXiv:1901.02860 (sinusoidal); Su
    et al. (2021), arXiv:2104.09864 (rotary).
    """

    frequencies: Tensor

    def __init__(self, p: AttentionParameters, generator: torch.Generator) -> None:
        super().__init__()
        n, head = p.n_units, p.n_units // p.n_heads

        def draw(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(normal(rows, columns, generator=generator) / math.sqrt(columns))

        self.settings = p
        self.query_key_value = draw(3 * n, n)
        self.query_bias = nn.Parameter(normal(n, generator=generator))
        self.heads_output = draw(n, n)
        self.hidden_weights = draw(EXPANSION * n, n)
        self.hidden_bias = nn.Parameter(zeros(EXPANSION * n))
        self.perceptron_output = draw(n, EXPANSION * n)
        self.scales = nn.Parameter(1 + zeros(2, n))
        if p.positions == "sinusoidal":
            self.position_weights = draw(n, n)
            self.position_bias = nn.Parameter(normal(n, generator=generator))
        places = torch.arange(head // 2, dtype=torch.float32) / max(1, head // 2 - 1)
        self.register_buffer("frequencies", float(p.n_read) ** -places, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Units at all positions but the first n_read - 1, of which only later ones have a window.

        Parameters
        ----------
        x : Tensor, shape (batch, n_positions, n_units)

        Returns
        -------
        Tensor, shape (batch, n_positions - n_read + 1, n_units)
        """
        first = self.settings.n_read - 1
        query, key, value = (_normalized(x, self.scales[0]) @ self.query_key_value.T).chunk(3, -1)
        parts = (query[:, first:] + self.query_bias, key, value)
        q, k, v = (self._by_head(part) for part in parts)
        weights = torch.softmax(self._scores(q, k), dim=-1)
        sums = (weights @ v).transpose(1, 2).flatten(2)
        x = x[:, first:] + sums @ self.heads_output.T
        hidden = gelu(_normalized(x, self.scales[1]) @ self.hidden_weights.T + self.hidden_bias)
        return x + hidden @ self.perceptron_output.T

    def _by_head(self, x: Tensor) -> Tensor:
        """Shape (batch, n_heads, n_positions, units of a head)."""
        return x.unflatten(2, (self.settings.n_heads, -1)).transpose(1, 2)

    def _scores(self, q: Tensor, k: Tensor) -> Tensor:
        """Scores of all positions for the last ones; minus infinity outside of the window."""
        n_read = self.settings.n_read
        at = torch.arange(k.shape[2], device=k.device)
        ages = at[n_read - 1 :, None] - at
        outside = (ages < 0) | (ages >= n_read)
        if self.settings.positions == "rotary":
            angles = at.to(k.dtype)[:, None] * self.frequencies.to(k.dtype)
            scores = _rotated(q, angles[n_read - 1 :]) @ _rotated(k, angles).transpose(2, 3)
        else:
            by_age = (q + self._by_head(self.position_bias[None, None])) @ self._age_keys(q)
            places = ages.clamp(0, n_read - 1).expand(*q.shape[:2], -1, -1)
            scores = q @ k.transpose(2, 3) + by_age.gather(3, places)
        return (scores / math.sqrt(q.shape[3])).masked_fill(outside, -math.inf)

    def _age_keys(self, q: Tensor) -> Tensor:
        """R s(a) of every age a, shape (1, n_heads, units of a head, n_read)."""
        p = self.settings
        angles = torch.arange(p.n_read, device=q.device).to(q.dtype)[:, None]
        angles = angles * self.frequencies.to(q.dtype)
        code = torch.cat([angles.sin(), angles.cos()], dim=1).repeat(1, p.n_heads)
        return self._by_head((code @ self.position_weights.T)[None]).transpose(2, 3)


class AttentionNet(WindowNet):
    """A causal transformer with a moving window; a state is the window, oldest input first.

    Each output is a function of the inputs of the last `reach` + 1 steps, of which every
    `stride`-th is read; there is no other memory, and no clock. With `feedback` g the outputs y are
    added to the first inputs of the next step, u + g y, which makes the network recurrent::

        window ← (window without its oldest input, u + g y(window))

    Parameters
    ----------
    parameters : AttentionParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `AttentionParameters` as keywords.

    Examples
    --------
    Whatever the weights, an input is forgotten in one step, when it leaves the window:

    >>> net = ann_bridge.AttentionNet(n_units=8, n_inputs=1, window=5, stride=1)
    >>> system = ann_bridge.TrainedMap(net)
    >>> zeros, pulse = np.zeros(5), np.array([0, 0, 0, 0, 1.0])
    >>> [bool(system.outputs(system.advance(pulse, n)) != system.outputs(zeros)) for n in (3, 4, 5)]
    [True, True, False]
    """

    kind: ClassVar[str] = "attention"
    parameters_type = AttentionParameters
    settings: AttentionParameters

    def __init__(
        self,
        parameters: AttentionParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        self.input_weights = nn.Parameter(normal(p.n_units, p.n_inputs, generator=g))
        self.biases = nn.Parameter(normal(p.n_units, generator=g))
        self.layers = nn.ModuleList(AttentionLayer(p, g) for _ in range(p.n_layers))
        self.scale = nn.Parameter(1 + zeros(p.n_units))
        shape = (p.n_units,) if p.n_outputs == 1 else (p.n_units, p.n_outputs)
        self.output_weights = nn.Parameter(normal(*shape, generator=g) / p.n_units)

    def sent(self, windows: Tensor) -> Tensor:
        """Normalized units at the last positions of windows.

        Parameters
        ----------
        windows : Tensor, shape (batch, n_positions, n_inputs)
            Inputs that are read, with n_layers (n_read - 1) more than those that are last.

        Returns
        -------
        Tensor, shape (batch, n_positions - n_layers (n_read - 1), n_units)
        """
        x = windows @ self.input_weights.T + self.biases
        for layer in self.layers:
            x = layer(x)
        return _normalized(x, self.scale)

    def units(self, states: Tensor) -> Tensor:
        """Normalized units in given states.

        Parameters
        ----------
        states : Tensor, shape (..., dimension)
            Windows of inputs.

        Returns
        -------
        Tensor, shape (..., n_units)
            Units of the last layer at the newest input.
        """
        p = self.settings
        windows = states.reshape(-1, p.reach + 1, p.n_inputs)[:, :: p.stride]
        return self.sent(windows)[:, -1].reshape(*states.shape[:-1], p.n_units)

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs, and normalized units."""
        if self.settings.feedback:
            start = self.initial_states(inputs.shape[1], generator)
            units = self._one_by_one(start, inputs)
        else:
            history = self.history(inputs.shape[1], generator)
            units = self._all_at_once(torch.cat([history, inputs]), len(inputs))
        return units @ self.output_weights, units

    def _all_at_once(self, tokens: Tensor, n_steps: int) -> Tensor:
        """Units at the last steps; steps a stride apart do not read the inputs between them."""
        stride, batch = self.settings.stride, tokens.shape[1]
        missing = -len(tokens) % stride
        tokens = torch.cat([tokens, tokens.new_zeros(missing, *tokens.shape[1:])])
        apart = tokens.unflatten(0, (-1, stride)).permute(1, 2, 0, 3).flatten(0, 1)
        units = self.sent(apart).unflatten(0, (stride, batch))
        return units.permute(2, 0, 1, 3).flatten(0, 1)[:n_steps]

    def _one_by_one(self, state: Tensor, inputs: Tensor) -> Tensor:
        """Units at all steps, each with the output of the step before."""
        units, sent = [], self.units(state)
        for given in inputs.unbind(0):
            token = self.with_feedback(given, sent)
            state = torch.cat([state[:, self.settings.n_inputs :], token], dim=1)
            sent = self.units(state)
            units.append(sent)
        return torch.stack(units)


def _normalized(x: Tensor, scale: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:]) * scale


def _rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Pairs (first half, second half) of x turned by angles, shape (n_positions, n / 2)."""
    one, other = x.chunk(2, dim=-1)
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([one * cosine - other * sine, one * sine + other * cosine], dim=-1)
