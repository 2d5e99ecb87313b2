"""Networks of coupled oscillators: coRNN."""

import math
from typing import Any, ClassVar, Self

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import uniform
from isochron.ann_bridge.nets.agreement import check_agreement, module_setting
from isochron.ann_bridge.nets.arrays import Weights, checked_doubles, fit_sizes, read_weights
from isochron.ann_bridge.nets.autograd_loop import Advance, SteppedNet
from isochron.ann_bridge.nets.stepped_parameters import CoupledOscillatorParameters
from isochron.shapes import check_shape
from isochron.wording import shown


class CoupledOscillatorNet(SteppedNet):
    """y'' = tanh(W y + W~ y' + V u + b) - γ y - ε y', in steps Δt; a state is (y, z = y').

    Each step takes the friction at its end (IMEX) and y from the new z::

        z ← (z + Δt (tanh(W y + W~ z + V u + b) - γ y)) / (1 + ε Δt)
        y ← y + Δt z

    The output reads y.

    Parameters
    ----------
    parameters : CoupledOscillatorParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights, uniform within 1 / √n_units except those of the inputs;
        one with seed 0 by default.
    **fields
        Fields of `CoupledOscillatorParameters` as keywords.

    References
    ----------
    Rusch and Mishra (2021), ICLR, arXiv 2010.00951, equation 3 with n̄ = n.

    Examples
    --------
    A unit alone is a damped oscillator; its frequency in Hz, from the eigenvalues of one step of
    2 ms, is 8 with the default settings.

    >>> net = ann_bridge.CoupledOscillatorNet(n_units=1)
    >>> _ = net.load_state_dict({name: 0 * tensor for name, tensor in net.state_dict().items()})
    >>> _, step = ann_bridge.TrainedMap(net).advance([0, 0], 1, tangents=np.eye(2))
    >>> frequency = np.angle(np.linalg.eigvals(step)) / (2 * np.pi * 0.002)
    >>> print(abs(frequency).round(2))
    [8.01 8.01]
    """

    kind: ClassVar[str] = "coupled-oscillators"
    parameters_type = CoupledOscillatorParameters
    settings: CoupledOscillatorParameters

    def __init__(
        self,
        parameters: CoupledOscillatorParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        p, g = self.started(parameters, generator, fields)
        bound, n = 1 / math.sqrt(p.n_units), p.n_units

        def within(limit: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(limit * (2 * uniform(*shape, generator=g) - 1))

        self.recurrent_weights = within(bound, n, 2 * n)  # W and W~, in columns
        self.input_weights = within(p.input_gain, n, p.n_inputs)  # V
        self.biases = within(bound, n)  # b
        self.output_weights = self.draw_readout(g)

    @classmethod
    def from_cornn(
        cls,
        weights: Weights,
        *,
        output_weights: ArrayLike,
        time_step: float,
        stiffness: float,
        friction: float,
        friction_at: str = "start",
        prefix: str | None = None,
        **fields: Any,
    ) -> Self:
        """A network from the authors' ``coRNNCell``, or from its state dict.

        Their code takes the friction at the start of a step, z ← z + Δt (tanh(...) - γ y - ε z),
        and this class at its end. With k = 1 - ε Δt the two are the same network in other
        units: Δt' = Δt / √k, ε' = (1/k - 1) / Δt', z' = √k z. The settings are those of this
        class; y, which the output reads, does not change.

        Parameters
        ----------
        weights : Module, mapping of str to array_like, or pairs
            ``i2h.weight``, shape (n_units, n_inputs + 2 n_units) with columns for u, z and y,
            and ``i2h.bias``.
        output_weights : array_like, shape (n_units,) or (n_units, n_outputs)
            As in `FullRankRNN.from_weights`.
        time_step, stiffness, friction : float
            dt, gamma and epsilon of the authors, without unit, which a state dict does not
            contain.
        friction_at : {"start", "end"}
            Where in a step the friction is taken.
        prefix : str, optional
            What precedes these names in a larger module: ``cell``.
        **fields
            Further settings of `CoupledOscillatorParameters`; `initial_std` is 0 by default.

        Returns
        -------
        CoupledOscillatorNet
            The network, in float32.

        Raises
        ------
        ValueError
            If names or shapes do not fit, a setting contradicts the weights or the module (its
            attributes ``dt``, ``gamma``, ``epsilon``), or the friction is 1 / time_step or more at
            the start.
        """
        given = {"time_step": time_step, "stiffness": stiffness, "friction": friction}
        theirs = {"time_step": "dt", "stiffness": "gamma", "friction": "epsilon"}
        stated = {ours: module_setting(weights, prefix, name) for ours, name in theirs.items()}
        check_agreement(given, stated, "the settings of the module")
        names = ("i2h.weight", "i2h.bias")
        found = read_weights(weights, prefix=prefix, needed=names, what="of a coRNN")
        tensors = checked_doubles(**found, output_weights=output_weights)
        matrix, biases = (tensors[name] for name in names)
        check_shape("i2h.bias", biases, ("n_units",))
        n = len(biases)
        n_inputs = matrix.shape[1] - 2 * n if matrix.ndim == 2 else 0
        if matrix.shape != (n, n_inputs + 2 * n) or n_inputs < 1:
            raise ValueError(
                f"i2h.weight must have the shape ({n}, n_inputs + {2 * n}) for {n} units, got "
                f"{tuple(matrix.shape)}."
            )
        by_input, by_z, by_y = matrix.split([n_inputs, n, n], dim=1)
        sizes, readout = fit_sizes(n, by_input, tensors["output_weights"])
        check_agreement(fields, sizes, "the weights")
        kept = _kept(friction, time_step, friction_at)
        step = time_step / math.sqrt(kept)
        friction = friction if kept == 1 else (1 / kept - 1) / step
        settings: dict[str, Any] = {"initial_std": 0.0} | fields | sizes
        settings |= {"time_step": step, "stiffness": stiffness, "friction": friction}
        net = cls(CoupledOscillatorParameters(**settings))
        recurrent = torch.cat([by_y, by_z / math.sqrt(kept)], dim=1)
        parts = {"recurrent_weights": recurrent, "input_weights": by_input}
        net.load_state_dict(parts | {"biases": biases, "output_weights": readout})
        return net

    @property
    def dimension(self) -> int:
        """Number of variables: y and z."""
        return 2 * self.settings.n_units

    @property
    def bounded(self) -> bool:
        """Whether a step without the tanh, whose determinant is d = 1 / (1 + ε h), contracts."""
        p = self.settings
        determinant = 1 / (1 + p.friction * p.time_step)
        pull = determinant * p.stiffness * p.time_step**2
        return determinant < 1 and 0 < pull < 2 * (1 + determinant)

    def drive(self, inputs: Tensor) -> Tensor:
        """V u + b."""
        return inputs @ self.input_weights.T + self.biases

    def stepper(self) -> Advance:
        """One step."""
        p, weights = self.settings, self.recurrent_weights.T

        def advance(states: Tensor, drive: Tensor) -> Tensor:
            y, z = states.split(p.n_units, dim=-1)
            pushed = torch.tanh(states @ weights + drive) - p.stiffness * y
            z = (z + p.time_step * pushed) / (1 + p.friction * p.time_step)
            return torch.cat([y + p.time_step * z, z], dim=-1)

        return advance


def _kept(friction: float, time_step: float, friction_at: str) -> float:
    """The factor k of z in a step of the authors; 1 if the friction is taken at its end."""
    if friction_at not in ("start", "end"):
        raise ValueError(f"friction_at must be start or end, got {shown(friction_at)}.")
    kept = 1 - friction * time_step if friction_at == "start" else 1.0
    if not kept > 0:
        raise ValueError(
            f"friction * time_step must be below 1 with the friction at the start of a step, got "
            f"{shown(friction)} * {shown(time_step)}."
        )
    return kept
