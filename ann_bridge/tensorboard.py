"""Curves of a training in TensorBoard."""

import os
from typing import Any

from isochron.extras import import_extra


class TrainingLog:
    """Scalars by step in an event file: loss, gradient_norm, learning_rate.

    Parameters
    ----------
    folder : path-like or None
        Folder of the event file; None logs nothing.
    first_step : int
        Number of steps done; later steps in the folder, from before an interruption, are hidden.

    Raises
    ------
    ImportError
        If TensorBoard is not installed.
    """

    def __init__(self, folder: str | os.PathLike | None, *, first_step: int = 0) -> None:
        self._writer: Any = None
        if folder is None:
            return
        tools = import_extra("torch.utils.tensorboard", "log_folder", "tensorboard")
        self._writer = tools.SummaryWriter(os.fspath(folder), purge_step=first_step + 1)

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, step: int, **values: float) -> None:
        """Add the values of a step, counted from 1."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
