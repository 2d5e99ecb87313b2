"""Parameters that all networks share. Light: no torch, so that help is instant."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from isochron.ann_bridge.tasks.task import require_task
from isochron.memory import require_memory
from isochron.settings import LARGEST, LEAST, check_types, setting, settings_from
from isochron.wording import shown

FROM_TASK = ("n_inputs", "n_outputs", "step_ms")  # a task sets them
HINTS = {
    "time_constant_ms": " FullRankRNN.from_weights takes one for each unit.",
    "output_scale": " Multiply output_weights instead.",
}
BYTES_DRAWN = 8.0  # of a weight and of a copy while it is drawn
BYTES_TRAINED = 64.0  # weight, gradient, averages of Adam, and copies in float64


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkParameters:
    """Parameters of every network; a kind of network extends them.

    Attributes
    ----------
    usual_learning_rate : float
        Learning rate of Adam with which such networks usually learn.
    options_type : type, optional
        A frozen dataclass of further settings of ``for_task``, which the network does not save.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 1, a setting is not of its type, or a number
        is above 1e9 in size.

    Examples
    --------
    >>> from isochron.ann_bridge.nets import NetworkParameters
    >>> NetworkParameters.for_task(ann_bridge.tasks.FlipFlop(n_bits=2))
    NetworkParameters(n_units=64, n_inputs=2, n_outputs=2, step_ms=20.0)
    """

    usual_learning_rate: ClassVar[float] = 1e-2
    options_type: ClassVar[type | None] = None

    n_units: int = setting(64, "Number of units")
    n_inputs: int = setting(3, "Number of inputs; that of the task")
    n_outputs: int = setting(1, "Number of outputs; that of the task")
    step_ms: float = setting(2.0, "Time step; that of the task", unit="ms")

    def __post_init__(self) -> None:
        check_single_numbers(self)
        check_types(self, LARGEST)
        for name in ("n_units", "n_inputs", "n_outputs"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be a whole number, at least 1, got {shown(value)}.")

    @property
    def n_weights(self) -> int:
        """Estimate of the number of weights, which limits the size of a network."""
        return self.n_units * (self.n_units + self.n_inputs + self.n_outputs)

    @classmethod
    def for_task(cls, task: Any, **given: Any) -> Self:
        """Parameters with the sizes and time step of a task; those not given suit it.

        Parameters
        ----------
        task : Task
            Task with ``n_inputs``, ``n_outputs`` and ``step_ms``.
        **given
            Other settings; they replace those that suit the task.

        Returns
        -------
        NetworkParameters
            An instance of the class on which it is called.

        Raises
        ------
        TypeError
            If `task` is not a task, or a setting does not exist.
        ValueError
            If a setting is out of range.
        """
        require_task(task, FROM_TASK)
        sizes = {name: getattr(task, name) for name in FROM_TASK}
        return settings_from(cls, None, cls.suited_to(task) | given | sizes)

    @classmethod
    def suited_to(cls, task: Any) -> dict[str, Any]:
        """Default values that depend on the task, such as time constants.

        Parameters
        ----------
        task : Task
            Task with a time step ``step_ms``.

        Returns
        -------
        dict of str to any
            Settings by name; empty if the defaults suit the task.
        """
        return {}

    @classmethod
    def is_on_connectome(cls, settings: Mapping[str, Any]) -> bool:
        """Whether a network with these settings is on a connectome, which then sets its units.

        Parameters
        ----------
        settings : mapping of str to any
            Settings by name, also those of ``options_type``.

        Returns
        -------
        bool
            False unless the kind of network has connectomes.
        """
        return False


def require_network_fits(
    parameters: NetworkParameters, kind: str, bytes_per_weight: float = BYTES_TRAINED
) -> None:
    """Check that the weights of a network fit into the memory.

    Parameters
    ----------
    parameters : NetworkParameters
    kind : str
        Kind of network, for the message.
    bytes_per_weight : float
        With what training needs for each weight by default.

    Raises
    ------
    TooLargeError
        If they do not.
    """
    require_memory(
        bytes_per_weight * parameters.n_weights,
        f"A network of kind {kind} with {parameters.n_units} units",
        "Lower n_units, or the other sizes.",
    )


def check_single_numbers(parameters: Any) -> None:
    """Check that no parameter is an array; NumPy numbers become Python numbers.

    Raises
    ------
    ValueError
        If a parameter is an array.
    """
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if not hasattr(value, "shape") and not isinstance(value, list | tuple):
            continue
        import numpy as np

        shape = np.shape(value)
        if shape != ():
            raise ValueError(
                f"{field.name} must be one number for the whole network, got {shape[0]} values "
                f"(shape {shape}).{HINTS.get(field.name, '')}"
            )
        object.__setattr__(parameters, field.name, value.item())  # type: ignore[union-attr]


def check_positive(parameters: Any, *names: str) -> None:
    """Check that parameters are positive, and not too small or large for float32.

    Raises
    ------
    ValueError
        With the name and value of the first that is not.
    """
    for name in names:
        value = getattr(parameters, name)
        if not LEAST <= value <= LARGEST:
            raise ValueError(
                f"{name} must be positive, between {LEAST:g} and {LARGEST:g}, got {shown(value)}."
            )


def check_not_negative(parameters: Any, *names: str) -> None:
    """Check that parameters are not negative.

    Raises
    ------
    ValueError
        With the name and value of the first that is not.
    """
    for name in names:
        value = getattr(parameters, name)
        if not 0 <= value <= LARGEST:
            raise ValueError(f"{name} must lie between 0 and {LARGEST:g}, got {shown(value)}.")
