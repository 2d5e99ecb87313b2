"""The simulated worm as a network: trained on a task by `train`, through the simulation.

The inputs of the task are currents into touch neurons, in pA; the output is a linear readout of
the opening rates φ of motor neurons. The free parameters of the worm are trained together with
the input and output weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from isochron.ann_bridge.draws import checked_generator, normal, zeros
from isochron.ann_bridge.fitting.parameters import Choice, FreeParameters
from isochron.ann_bridge.fitting.worm_file import read_worm, write_worm
from isochron.ann_bridge.float64_steps import Step
from isochron.ann_bridge.nets import RecurrentNet
from isochron.settings import check_types, settings_from
from isochron.sims import GradedNetwork, Stimulus
from isochron.sims.engines.torch_graded import BatchParameters, GradedBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class WormNetParameters:
    """Settings of a worm as a network.

    A trial starts at the equilibrium, with normal noise on each potential.

    Parameters
    ----------
    n_inputs : int
        Number of inputs, that of the task.
    n_outputs : int
        Number of outputs, that of the task.
    step_ms : float
        Time step of the task and of the simulation, in ms: 4 to 8.
    touched : tuple of str
        Neurons into which the inputs flow, as in `Connectome.select`.
    read : tuple of str
        Neurons whose opening rates are read.
    input_pA : float
        Current of an input of 1 before training, in pA: standard deviation over neurons.
    initial_mV : float
        Standard deviation of the noise on the initial potentials, in mV.
    window_steps : int
        Number of time steps between stored states; see `isochron.ann_bridge.fitting.recording`.

    Raises
    ------
    ValueError
        If a value is out of range, or `touched` or `read` is one text instead of a list.

    Examples
    --------
    >>> settings = ann_bridge.WormNetParameters(n_inputs=2, touched=("PLM",))
    >>> settings.touched, settings.read, settings.step_ms
    (('PLM',), ('motor',), 8.0)
    """

    n_inputs: int
    n_outputs: int = 1
    step_ms: float = 8.0
    touched: tuple[str, ...] = ("PLM", "ALM", "AVM", "PVM")
    read: tuple[str, ...] = ("motor",)
    input_pA: float = 200.0
    initial_mV: float = 5.0
    window_steps: int = 25

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("n_inputs", "n_outputs", "window_steps"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {value!r}.")
        for name, unit in (("step_ms", "ms"), ("input_pA", "pA")):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name} must be positive (in {unit}), got {getattr(self, name)!r}."
                )
        if not 0 <= self.initial_mV < math.inf:
            raise ValueError(f"initial_mV must be >= 0, got {self.initial_mV!r}.")
        for name in ("touched", "read"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a list of names, got {getattr(self, name)!r}.")
            object.__setattr__(self, name, tuple(getattr(self, name)))


class WormNet(RecurrentNet):
    """A graded network, whole or a circuit, as a network for `train` and `evaluate`.

    Everything that is not trained (connectome, constants, stimulus, choices) is stored as JSON
    among the tensors, so that files and checkpoints contain the worm and match only that worm.

    Parameters
    ----------
    network : GradedNetwork
        Worm at the start of training.
    stimulus : Stimulus
        Constant current in addition to the inputs; it sets the thresholds.
    choices : sequence of Constant, ConnectionScale or Current
        Parameters of the worm that are trained.
    parameters : WormNetParameters, optional
        Settings, if they are not given as keywords.
    generator : torch.Generator, optional
        Source of the initial weights; one with seed 0 by default.
    **fields
        Fields of `WormNetParameters` as keywords.

    Raises
    ------
    ValueError
        If the stimulus changes with time, or a choice or a setting is out of range.

    Examples
    --------
    The touch circuit of the worm, trained for two steps on a short task:

    >>> graph = connectome.load("varshney2011").subset("PLM", "PVC", "AVB", "DB*")
    >>> worm, touch = sims.GradedNetwork(graph), sims.step_current(["PLM"], amplitude_pA=20)
    >>> free = [ann_bridge.Constant("capacitance", 0.3, 10)]
    >>> net = ann_bridge.WormNet(worm, touch, free, n_inputs=1, touched=("PLM",))
    >>> task = ann_bridge.tasks.DelayedComparison(
    ...     lead_ms=16, sample_ms=32, delay_ms=(16, 32), test_ms=32, response_ms=32, step_ms=8
    ... )
    >>> settings = ann_bridge.TrainingParameters(steps=2, batch_size=4)
    >>> record = ann_bridge.train(net, task, settings, seed=0)
    >>> trained = net.network()
    >>> print(worm.parameters.capacitance, round(trained.parameters.capacitance, 3))  # pF
    1.5 1.525
    """

    kind: ClassVar[str] = "worm"
    parameters_type = WormNetParameters
    settings: WormNetParameters
    worm: Tensor

    def __init__(
        self,
        network: GradedNetwork,
        stimulus: Stimulus,
        choices: Sequence[Choice],
        parameters: WormNetParameters | None = None,
        *,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        if not stimulus.steady:
            raise ValueError("The stimulus of a WormNet must be constant; only the inputs change.")
        p = settings_from(WormNetParameters, parameters, fields)
        g = checked_generator(generator)
        self.settings = p
        self.free = FreeParameters(network, stimulus, choices)
        self._network, self._batch = network, GradedBatch([network])
        worm = bytearray(write_worm(network, stimulus, choices))
        self.register_buffer("worm", torch.frombuffer(worm, dtype=torch.uint8))
        connectome = network.connectome
        self._touched, self._read = (
            torch.as_tensor(connectome.index(connectome.select(*names)))
            for names in (p.touched, p.read)
        )
        self.coordinates = nn.Parameter(self.free.start.clone())
        n_touched, n_read = len(self._touched), len(self._read)
        self.input_weights = nn.Parameter(normal(n_touched, p.n_inputs, generator=g))
        self.output_weights = nn.Parameter(
            normal(n_read, p.n_outputs, generator=g) / math.sqrt(n_read)
        )
        self.output_bias = nn.Parameter(zeros(p.n_outputs))

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the input and output weights; the simulation is in float64."""
        return self.output_weights.dtype

    @classmethod
    def rebuild(cls, parameters: WormNetParameters, tensors: dict[str, Tensor]) -> "WormNet":
        """The network of the worm that is stored among the tensors of a file.

        Raises
        ------
        ValueError
            If the description of the worm is not valid.
        """
        net = cls(*read_worm(tensors["worm"].numpy().tobytes()), parameters)
        net.worm = tensors["worm"]
        return net

    def network(self) -> GradedNetwork:
        """The worm with its trained parameters, for every engine."""
        return self.free.network(self.coordinates.detach())

    def stimulus(self) -> Stimulus:
        """The constant stimulus with its trained currents."""
        return self.free.stimulus(self.coordinates.detach())

    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """The equilibrium and noise, shape (batch, 2 n_neurons)."""
        p, _, thresholds = self._constants()
        return torch.cat(self._start(p, thresholds, batch_size, generator)).T

    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs, and the opening rates φ of all neurons."""
        p, constant, thresholds = self._constants()
        state = self._start(p, thresholds, inputs.shape[1], generator)
        rates = []
        for window in inputs.double().split(self.settings.window_steps):
            state, seen = checkpoint(
                self._window, state, window, constant, thresholds, p, self.input_weights,
                use_reentrant=False,
            )  # type: ignore[misc]  # fmt: skip
            rates.append(seen)
        rates = torch.cat(rates).to(self.output_weights.dtype)
        outputs = (2 * rates[..., self._read] - 1) @ self.output_weights + self.output_bias
        return outputs[..., 0] if self.settings.n_outputs == 1 else outputs, rates

    def float64_step(self) -> Step:
        """Not supported: analyze the worm itself, ``network().field_under(...)`` or a `GradedMap`.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "Analyze the worm itself: net.network().field_under(stimulus), or sims.GradedMap."
        )

    def _constants(self) -> tuple[BatchParameters, Tensor, Tensor]:
        if self._batch.device != self.coordinates.device:
            self._batch = GradedBatch([self._network], device=self.coordinates.device)
        values = self.free.values(self.coordinates)
        p = self.free.batch_parameters(self._batch, values)
        constant = self.free.current(values)[:, None]
        return p, constant, self._batch.thresholds(constant, p)

    def _start(
        self, p: BatchParameters, thresholds: Tensor, batch: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        shape = (self._batch.n_neurons, batch)
        noise = torch.randn(
            shape, generator=generator, dtype=torch.float64, device=generator.device
        )
        resting = p.activation_rate / (p.activation_rate + 2 * p.decay_rate)
        return thresholds + self.settings.initial_mV * noise, resting.expand(shape)

    def _window(
        self,
        state: tuple[Tensor, Tensor],
        inputs: Tensor,
        constant: Tensor,
        thresholds: Tensor,
        p: BatchParameters,
        input_weights: Tensor,
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """State after a window, and the rates after each step, (n_steps, batch, n_neurons)."""
        weights, rates = self.settings.input_pA * input_weights.double(), []
        for values in inputs:
            touch = torch.zeros_like(state[0])
            touch = touch.index_add(0, self._touched.to(touch.device), weights @ values.T)
            state = self._batch.step(state, constant + touch, thresholds, self.settings.step_ms, p)
            rates.append(torch.sigmoid(p.steepness * (state[0] - thresholds)).T)
        return state, torch.stack(rates)
