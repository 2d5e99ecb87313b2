"""Base class of all networks."""

import os
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn

from isochron.ann_bridge.checks import checked_inputs
from isochron.ann_bridge.draws import checked_generator
from isochron.ann_bridge.float64_steps import Step
from isochron.ann_bridge.nets.parameters import BYTES_DRAWN, FROM_TASK, require_network_fits
from isochron.ann_bridge.tasks.task import require_task
from isochron.settings import settings_from

if TYPE_CHECKING:
    from isochron.ann_bridge.tasks import Task
    from isochron.connectome import Connectome


class RecurrentNet(nn.Module):
    """Base class of networks that map inputs over time to outputs over time.

    Parameters
    ----------
    *args, **kwargs
        Those of ``torch.nn.Module``, which takes none; each kind of network has a different
        constructor.

    Attributes
    ----------
    kind : str
        Name of the kind of network, in files and on the command line.
    parameters_type : type
        The frozen dataclass of the settings, a `NetworkParameters`, which also states the learning
        rate and the settings that suit a task.
    settings : frozen dataclass
        Settings of this network.

    Examples
    --------
    All kinds of networks have this interface:

    >>> import torch
    >>> task = ann_bridge.tasks.FlipFlop()
    >>> net = ann_bridge.GRUNet.for_task(task, n_units=8)
    >>> isinstance(net, ann_bridge.RecurrentNet), net.settings.n_inputs, net.settings.step_ms
    (True, 3, 20.0)
    >>> generator = torch.Generator().manual_seed(0)
    >>> inputs = task.sample(5, generator).inputs
    >>> outputs, rates = net.run(inputs, generator)
    >>> print(*(tuple(part.shape) for part in (inputs, outputs, rates)))
    (100, 5, 3) (100, 5, 3) (100, 5, 8)
    """

    kind: ClassVar[str]
    parameters_type: ClassVar[type[Any]]
    settings: Any

    @classmethod
    def for_task(
        cls,
        task: "Task",
        parameters: Any = None,
        *,
        connectome: "Connectome | None" = None,
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> Self:
        """A network before training, with the inputs, outputs and time step of a task.

        Parameters
        ----------
        task : Task
            Task that sets the sizes, the time step and the defaults.
        parameters : frozen dataclass, optional
            The settings; sizes and time step are replaced by those of the task.
        connectome : Connectome, optional
            The connectome, for networks on one. Sign it first (`Connectome.with_signs`) to fix
            the signs of the weights.
        generator : torch.Generator, optional
            Source of the initial weights; one with seed 0 by default.
        **fields
            Settings in the place of `parameters`; the others suit the task.

        Returns
        -------
        RecurrentNet
            The network, in float32 on the CPU.

        Raises
        ------
        TypeError
            If the network does not have a setting of this name.
        ValueError
            If a setting is out of range, or a connectome is missing or not supported.
        """
        if connectome is not None:
            raise ValueError(f"A network of kind {cls.kind} does not have a connectome.")
        constructor: Any = cls  # each kind has a different constructor
        settings = cls.parameters_for(task, parameters, **fields)
        return constructor(settings, generator=checked_generator(generator))

    @classmethod
    def parameters_for(cls, task: "Task", parameters: Any = None, **fields: Any) -> Any:
        """Settings that `for_task` would use.

        Parameters
        ----------
        task : Task
            Task that sets the sizes, the time step and the defaults.
        parameters : frozen dataclass, optional
            The settings; sizes and time step are replaced by those of the task.
        **fields
            Settings in the place of `parameters`.

        Returns
        -------
        frozen dataclass
            An instance of `parameters_type`.

        Raises
        ------
        TypeError
            If an argument is something else, a setting does not exist, or settings are given twice.
        ValueError
            If a setting is out of range.
        """
        if parameters is not None:
            settings_from(cls.parameters_type, parameters, fields)
            require_task(task, FROM_TASK)
            return replace(parameters, **{name: getattr(task, name) for name in FROM_TASK})
        return cls.parameters_type.for_task(task, **fields)

    def started(
        self, parameters: Any, generator: torch.Generator | None, fields: Mapping[str, Any]
    ) -> tuple[Any, torch.Generator]:
        """Settings and generator of a constructor, checked before it draws weights.

        Parameters
        ----------
        parameters : frozen dataclass, optional
            The settings, an instance of `parameters_type`; saved as `settings`.
        generator : torch.Generator, optional
            Source of the initial weights; one with seed 0 by default.
        fields : mapping of str to any
            Settings in the place of `parameters`.

        Returns
        -------
        parameters : frozen dataclass
            The settings.
        generator : torch.Generator
            The source.

        Raises
        ------
        TypeError
            If one is of a different type, or settings are given twice or do not exist.
        TooLargeError
            If the weights do not fit into the memory.
        """
        p = self.settings = settings_from(self.parameters_type, parameters, fields)
        require_network_fits(p, self.kind, BYTES_DRAWN)
        return p, checked_generator(generator)

    @classmethod
    def rebuild(cls, parameters: Any, tensors: dict[str, Tensor]) -> Self:
        """A network of the sizes and constants of a file; its weights are loaded afterwards.

        Parameters
        ----------
        parameters : frozen dataclass
            The settings.
        tensors : dict of str to Tensor
            The content of the file by name, of any shapes, for networks whose constants are in it.

        Returns
        -------
        RecurrentNet
            The network, with initial weights.
        """
        constructor: Any = cls
        return constructor(parameters, generator=torch.Generator().manual_seed(0))

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights and states."""
        return next(self.parameters()).dtype

    @abstractmethod
    def initial_states(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Random states from which trials start.

        Parameters
        ----------
        batch_size : int
            Number of trials.
        generator : torch.Generator
            Source of the states, on the device of the network.

        Returns
        -------
        Tensor, shape (batch_size, dimension)
            The states, in the data type of the network.
        """

    def run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Outputs as `forward`, and firing rates.

        Parameters
        ----------
        inputs : Tensor, shape (n_steps, batch, n_inputs)
            Inputs, on the device of the network; converted to its data type.
        generator : torch.Generator
            Source of initial states and of noise, on the device of the network.

        Returns
        -------
        outputs : Tensor, shape (n_steps, batch) or (n_steps, batch, n_outputs)
            Sample t is read after the step that input t enters.
        rates : Tensor, shape (n_steps, batch, n_units)
            Firing rates of the units, or what replaces them in this kind of network.

        Raises
        ------
        TypeError
            If `inputs` is not a tensor, or `generator` not a generator.
        ValueError
            If `inputs` has a different shape or device, is complex, or is not finite.
        """
        inputs = self.checked_inputs(inputs)
        checked_generator(generator, required=True)
        return self._run(inputs, generator) if len(inputs) else self._no_steps(inputs)

    def _no_steps(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and firing rates of a trial without time steps."""
        n_outputs, batch = self.settings.n_outputs, inputs.shape[1]
        shape = (0, batch) if n_outputs == 1 else (0, batch, n_outputs)
        return inputs.new_empty(shape), inputs.new_empty(0, batch, self.settings.n_units)

    @abstractmethod
    def _run(self, inputs: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """As `run`, on inputs that were checked."""

    def checked_inputs(self, inputs: Tensor) -> Tensor:
        """Inputs in the data type of the network.

        Parameters
        ----------
        inputs : Tensor, shape (n_steps, batch, n_inputs)
            Inputs as the caller gave them.

        Returns
        -------
        Tensor, shape (n_steps, batch, n_inputs)
            The inputs, converted.

        Raises
        ------
        TypeError, ValueError
            As in `run`.
        """
        return checked_inputs(inputs, self.settings.n_inputs, next(self.parameters()))

    @abstractmethod
    def float64_step(self) -> Step:
        """One step without noise, in float64, for `TrainedMap`."""

    def forward(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Output of the network on a batch of trials.

        Parameters
        ----------
        inputs : Tensor, shape (n_steps, batch, n_inputs)
            Converted to the data type of the network.
        generator : torch.Generator
            Source of initial states and of noise, on the device of the network.

        Returns
        -------
        Tensor, shape (n_steps, batch), or (n_steps, batch, n_outputs) if there are several
            Sample t is read after the step that input t enters.

        Raises
        ------
        TypeError, ValueError
            As in `run`.
        """
        return self.run(inputs, generator)[0]


def check_network(net: Any) -> None:
    """Check that an object is a network, or has settings and a step as one.

    Raises
    ------
    TypeError
        If it is not; the message shows how to get a network from what was given.
    """
    if not isinstance(net, type) and hasattr(net, "settings") and hasattr(net, "float64_step"):
        return
    what, way_out = type(net).__name__, "ann_bridge.LowRankRNN(n_units=512)"
    if isinstance(net, tuple) and any(isinstance(part, RecurrentNet) for part in net):
        what = "a tuple, as load_net returns it"
        way_out = "net, notes = ann_bridge.load_net(path), and then pass net"
    elif isinstance(net, str | os.PathLike):
        what, way_out = f"a path, {str(net)!r}", f"net, notes = ann_bridge.load_net({str(net)!r})"
    elif isinstance(net, type):
        what, way_out = f"the class {net.__name__}", f"an instance, {net.__name__}(...)"
    elif isinstance(net, nn.Module):
        what = f"{what}, a module of torch"
        way_out = "for the analysis, ann_bridge.ModuleMap(module, inputs=...)"
    raise TypeError(f"A network of isochron.ann_bridge is needed, got {what}. Example: {way_out}.")
