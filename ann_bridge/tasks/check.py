"""Checks of tasks and their trials, for all training and evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from isochron.ann_bridge.host_traffic import checks_values
from isochron.ann_bridge.tasks.task import Trials
from isochron.real_numbers import require_real


def draw_trials(
    task: Any, batch_size: int, generator: torch.Generator, *, dtype: torch.dtype = torch.float32
) -> Trials:
    """Draw trials of a task, check them, and convert them to one data type.

    Parameters
    ----------
    task : Task
        Task whose `sample` is called.
    batch_size : int
        Number of trials.
    generator : torch.Generator
        Source of randomness.
    dtype : torch.dtype
        Data type of the network.

    Raises
    ------
    TypeError
        If the task does not return trials of arrays.
    ValueError
        If a shape is not that of `Trials`, a value is not finite, or a mask has a negative value
        or is 0 everywhere.
    """
    name, drawn = type(task).__name__, task.sample(batch_size, generator)
    if not isinstance(drawn, Sequence) or len(drawn) != 3:
        raise TypeError(
            f"{name}.sample must return Trials(inputs, targets, mask), got {_what_it_is(drawn)}."
        )
    parts = zip(Trials._fields, drawn, strict=True)
    trials = Trials(*(_tensor(name, part, it, generator.device, dtype) for part, it in parts))
    if task.n_outputs == 1 and trials.targets.ndim == 3 and trials.targets.shape[2] == 1:
        trials = trials._replace(targets=trials.targets[..., 0])
    _check_shapes(name, task, batch_size, trials)
    if checks_values():
        _check_values(name, trials)
    return trials


def _what_it_is(drawn: Any) -> str:
    """The type of what a task returned, and the number of its parts."""
    kind = type(drawn).__name__
    if isinstance(drawn, Mapping):
        return f"{kind} with the keys {', '.join(map(str, drawn))}" if drawn else f"empty {kind}"
    if not isinstance(drawn, Sequence):
        return kind
    missing = f" (no {', '.join(Trials._fields[len(drawn) :])})" if 0 < len(drawn) < 3 else ""
    return f"{kind} of {len(drawn)} part{'s' * (len(drawn) != 1)}{missing}"


def _tensor(name: str, part: str, values: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    require_real(f"{part} of {name}", values)
    try:
        tensor = torch.as_tensor(values, device=device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{part} of {name} must be a tensor or an array: {error}") from error
    return tensor.to(dtype)


def _check_shapes(name: str, task: Any, batch_size: int, trials: Trials) -> None:
    """Compare all shapes with the sizes of the task."""
    plain = (task.n_steps, batch_size)
    wanted = {
        "inputs": (*plain, task.n_inputs),
        "targets": plain if task.n_outputs == 1 else (*plain, task.n_outputs),
        "mask": plain,
    }
    symbols = {
        "inputs": "(n_steps, batch, n_inputs)",
        "targets": "(n_steps, batch)" if task.n_outputs == 1 else "(n_steps, batch, n_outputs)",
        "mask": "(n_steps, batch)",
    }
    for part, shape in wanted.items():
        found = tuple(getattr(trials, part).shape)
        if found == shape:
            continue
        hint = ""
        if found[:2] == plain[::-1] and found[2:] == shape[2:]:
            hint = f" It is batch first; time comes first: use {part}.transpose(0, 1)."
        raise ValueError(
            f"{part} of {name} must have the shape {symbols[part]} = {shape}, got {found}.{hint}"
        )


def _check_values(name: str, trials: Trials) -> None:
    """Check that all values are finite and that some outputs count."""
    for part, values in zip(Trials._fields, trials, strict=True):
        if not values.isfinite().all():
            where = "; put 0 where the mask is 0" if part == "targets" else ""
            raise ValueError(f"{part} of {name} must be finite{where}.")
    if (trials.mask < 0).any() or not trials.mask.any():
        raise ValueError(
            f"mask of {name} must be >= 0 and not 0 everywhere: it is 1 where the output counts."
        )
