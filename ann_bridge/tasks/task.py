"""Trials, the protocol of a task, and checks and durations that all tasks share."""

from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from isochron.ann_bridge.draws import checked_generator, uniform
from isochron.memory import require_memory
from isochron.settings import LARGEST, LEAST, check_type, check_types
from isochron.wording import shown

if TYPE_CHECKING:
    import torch

MOST_CHANNELS = 1000  # inputs or outputs
ATTRIBUTES = ("n_inputs", "n_outputs", "n_steps", "step_ms", "sample")
LONG_STEP_MS = 10.0  # from here on, units with the usual time constants decay too fast


class Trials(NamedTuple):
    """A batch of trials, time first.

    Attributes
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
        Inputs of the network.
    targets : Tensor, shape (n_steps, batch), or (n_steps, batch, n_outputs) if there are several
        Outputs that the network is trained to produce.
    mask : Tensor, shape (n_steps, batch)
        Weight of each step in the loss, >= 0: 1 where the output counts, else 0.

    Examples
    --------
    >>> import torch
    >>> trials = ann_bridge.tasks.FlipFlop().sample(5, torch.Generator().manual_seed(0))
    >>> [tuple(part.shape) for part in trials]
    [(100, 5, 3), (100, 5, 3), (100, 5)]
    """

    inputs: "torch.Tensor"
    targets: "torch.Tensor"
    mask: "torch.Tensor"


def usual_time_constant_ms(task: Any) -> float | None:
    """Time constant of units, in ms, for a task with long time steps.

    It is that of the task (``task.usual_time_constant_ms``) or 100 ms; None for a task with
    shorter steps, for which the default time constants of networks are suitable.
    """
    if task.step_ms < LONG_STEP_MS:
        return None
    return getattr(task, "usual_time_constant_ms", 100.0)


class ReferenceInput(NamedTuple):
    """Input channel of a task that carries a periodic reference.

    Attributes
    ----------
    channel : int
        Index of the input, from 0.
    frequency_Hz : float
        Mean frequency, in Hz.
    amplitude : float
        Mean amplitude.

    Examples
    --------
    >>> ann_bridge.tasks.PhaseMemory().reference_input
    ReferenceInput(channel=0, frequency_Hz=8.4, amplitude=1.0)
    """

    channel: int
    frequency_Hz: float
    amplitude: float


class Task(Protocol):
    """Protocol of a task on which a network can be trained: a frozen dataclass with these members.

    A task with a periodic reference also has an attribute ``reference_input``, a
    `ReferenceInput`. Networks trained on it are analyzed under this reference; those of any
    other task are analyzed without forcing.

    Attributes
    ----------
    n_inputs, n_outputs : int
        Number of input and output channels.
    n_steps : int
        Number of time steps in a trial.
    step_ms : float
        Time step, in ms.
    chance : float
        Loss of the best constant output: the mean squared error where the mask is 1.

    Examples
    --------
    A user-defined task, whose output is the input of the same step:

    >>> import torch
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Repeat:
    ...     n_inputs: int = 1
    ...     n_outputs: int = 1
    ...     n_steps: int = 20
    ...     step_ms: float = 20.0
    ...     chance: float = 1.0  # variance of the target
    ...
    ...     def sample(self, batch_size, generator):
    ...         inputs = torch.randn(self.n_steps, batch_size, 1, generator=generator)
    ...         mask = torch.ones(self.n_steps, batch_size)
    ...         return ann_bridge.tasks.Trials(inputs, inputs[..., 0], mask)
    >>> net = ann_bridge.LowRankRNN.for_task(Repeat(), n_units=8, rank=1)
    >>> settings = ann_bridge.TrainingParameters(steps=2, batch_size=4)
    >>> record = ann_bridge.train(net, Repeat(), settings, seed=0)
    >>> len(record.losses)
    2
    """

    @property
    def n_inputs(self) -> int: ...  # noqa: D102
    @property
    def n_outputs(self) -> int: ...  # noqa: D102
    @property
    def n_steps(self) -> int: ...  # noqa: D102
    @property
    def step_ms(self) -> float: ...  # noqa: D102
    @property
    def chance(self) -> float: ...  # noqa: D102

    def sample(self, batch_size: int, generator: "torch.Generator") -> Trials:
        """Draw trials, on the device of the generator.

        Parameters
        ----------
        batch_size : int
            Number of trials, at least 1.
        generator : torch.Generator
            Source of randomness.

        Returns
        -------
        Trials
            Inputs, shape (n_steps, batch_size, n_inputs); targets, shape (n_steps, batch_size)
            or (n_steps, batch_size, n_outputs); mask, shape (n_steps, batch_size).
        """
        ...


def describe_task(task: Any) -> dict[str, Any]:
    """Description of a task in the file of a network, as JSON values.

    ``task`` is its text, ``chance`` the loss of the best constant output (with its standard
    error ``chance_error`` if it is estimated; absent if the task does not state it), and
    ``reference`` the `ReferenceInput` as a mapping, or None. A text is recorded unchanged.
    """
    if isinstance(task, str):
        return {"task": task}
    reference = getattr(task, "reference_input", None)
    chance, error = getattr(task, "chance", None), float(getattr(task, "chance_error", 0.0))
    return {
        "task": str(task),
        **({} if chance is None else {"chance": float(chance)}),
        **({"chance_error": error} if error else {}),
        "reference": None if reference is None else reference._asdict(),
    }


def masked_loss(outputs: "torch.Tensor", trials: Trials) -> "torch.Tensor":
    """Mean squared error over all outputs and over the steps that count.

    Parameters
    ----------
    outputs : Tensor, shape (n_steps, batch) or (n_steps, batch, n_outputs)
        Outputs of a network; the same shape as the targets.
    trials : Trials
        Targets, and the mask that weights each step.

    Returns
    -------
    Tensor, shape ()
        The loss; differentiable.

    Examples
    --------
    Two steps with errors of 1 and 3, of which only the first counts:

    >>> import torch
    >>> mask = torch.tensor([[1.0], [0.0]])
    >>> trials = ann_bridge.tasks.Trials(torch.zeros(2, 1, 1), torch.zeros(2, 1), mask)
    >>> ann_bridge.tasks.masked_loss(torch.tensor([[1.0], [3.0]]), trials).item()
    1.0
    """
    squared = (outputs - trials.targets) ** 2
    if squared.ndim == 3:
        squared = squared.mean(dim=2)
    return (trials.mask * squared).sum() / trials.mask.sum()


def require_task(task: Any, attributes: tuple[str, ...] = ATTRIBUTES) -> None:
    """Check that an object has the attributes of a task.

    Raises
    ------
    TypeError
        If it lacks one of the attributes, by default those that training needs, or is a class.
    """
    name = task.__name__ if isinstance(task, type) else type(task).__name__
    if isinstance(task, type):
        raise TypeError(f"A task is needed, got the class {name}. Example: {name}().")
    if missing := [it for it in attributes if not hasattr(task, it)]:
        raise TypeError(
            f"{name} is not a task: it lacks {', '.join(missing)}. A task has "
            f"{', '.join(ATTRIBUTES[:-1])}, chance and sample(batch_size, generator); see "
            "isochron.ann_bridge.tasks.Task."
        )


def check_batch(task: Any, batch_size: int, generator: "torch.Generator") -> None:
    """Check the arguments of `Task.sample`, and that the trials fit into the memory.

    Raises
    ------
    ValueError
        If `batch_size` is not a whole number, or not positive.
    TypeError
        If `generator` is not a generator.
    TooLargeError
        If the trials do not fit.
    """
    check_type("batch_size", batch_size, int)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {shown(batch_size)}.")
    checked_generator(generator, required=True)
    channels = task.n_inputs + task.n_outputs + 1
    require_memory(
        4.0 * batch_size * task.n_steps * channels,
        f"{batch_size} trials of {task.n_steps:g} time steps and {channels:g} channels",
        "Lower batch_size, or the duration or size of the task.",
    )


def check_count(task: Any, name: str, least: int, most: int = MOST_CHANNELS) -> None:
    """Check that a setting is a whole number from `least` to `most`, inputs or outputs of a task.

    Raises
    ------
    ValueError
        If it is not.
    """
    value = getattr(task, name)
    if (
        not isinstance(value, Integral)
        or isinstance(value, bool)
        or not least <= int(value) <= most
    ):
        raise ValueError(
            f"{name} must be a whole number, at least {least} and at most {most}, got "
            f"{shown(value)}."
        )


def check_durations(task: Any, *names: str) -> None:
    """Check that all settings have their types, and that durations are at least one step.

    Raises
    ------
    ValueError
        If one does not, or is above 1e9 ms.
    """
    check_types(task, LARGEST)
    for name in ("step_ms", *names):
        value = getattr(task, name)
        if not value >= LEAST:
            raise ValueError(f"{name} must be positive (in ms), got {shown(value)}.")
        if value < task.step_ms:
            raise ValueError(
                f"{name} must be at least a step of {task.step_ms:g} ms, got {shown(value)}."
            )


def check_range(task: Any, name: str) -> None:
    """Check that a range is 0 <= low <= high.

    Raises
    ------
    ValueError
        If it is not.
    """
    low, high = getattr(task, name)
    if not 0 <= low <= high:
        raise ValueError(f"{name} must be a range 0 <= low <= high, got {shown((low, high))}.")


def check_sampled(frequency_Hz: float, step_ms: float) -> None:
    """Check that a period of a reference has more than two time steps.

    Raises
    ------
    ValueError
        If not: sampled, it would be an oscillation of a lower frequency.
    """
    if not frequency_Hz * step_ms < 500:
        raise ValueError(
            f"frequency_Hz must be below {500 / step_ms:g} Hz, half the sampling frequency of "
            f"steps of {step_ms:g} ms, got {frequency_Hz!r}. Shorten step_ms."
        )


def whole_steps(task: Any, duration_ms: float) -> int:
    """A duration in steps of a task."""
    return round(duration_ms / task.step_ms)


def random_steps(
    task: Any, range_ms: tuple[float, float], batch_size: int, generator: "torch.Generator"
) -> "torch.Tensor":
    """Durations in steps, uniform in a range, shape (batch,)."""
    import torch

    low, high = (whole_steps(task, value) for value in range_ms)
    return torch.randint(low, high + 1, (batch_size,), generator=generator, device=generator.device)


def random_signs(*shape: int, generator: "torch.Generator", chance: float = 0.5) -> "torch.Tensor":
    """+1 with a probability, else -1."""
    drawn = uniform(*shape, generator=generator) < chance
    return 2.0 * drawn.float() - 1.0
