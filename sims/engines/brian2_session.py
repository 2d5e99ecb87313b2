"""Brian2 without side effects: its changes of the process are undone."""

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np

from isochron.extras import import_extra
from isochron.memory import TooLargeError

CODEGEN_TARGETS = ("auto", "cython", "numpy", "cpp_standalone")
MEMORY_LIMIT_BYTES = 4 * 2**30


def check_memory(n_numbers: int) -> None:
    """Check that the input in every step and the record of a run fit in memory.

    Raises
    ------
    ValueError
        If `n_numbers` float64 take more than `MEMORY_LIMIT_BYTES`.
    """
    if 8 * n_numbers > MEMORY_LIMIT_BYTES:
        raise TooLargeError(
            f"The input in every step and the record would take {8 * n_numbers / 2**30:.3g} GiB; "
            f"{MEMORY_LIMIT_BYTES / 2**30:.0f} GiB are allowed. Record less often or run shorter."
        )


def import_brian2() -> ModuleType:
    """Brian2, imported without its hook on uncaught exceptions and on warnings.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed; the message contains the command that installs it.
    """
    hook = sys.excepthook
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return import_extra("brian2", "A simulation in Brian2", "spiking")
    finally:
        sys.excepthook = hook


@contextmanager
def brian2_session(codegen_target: str | None = None) -> Iterator[ModuleType]:
    """Brian2 in double precision with a code generation target; preferences are restored after.

    Build the objects, run them and copy the results inside: ``cpp_standalone`` works in a
    temporary folder. One run per session.

    Parameters
    ----------
    codegen_target : {"auto", "cython", "numpy", "cpp_standalone"}, optional
        ``auto`` compiles with Cython if a compiler works, and uses NumPy if not. By default
        ``brian2.prefs.codegen.target``, which is ``auto`` unless changed. Cython compiles each
        set of equations once, for a minute or more, and caches the result.

    Raises
    ------
    ValueError
        If the target does not exist.
    RuntimeError
        If a Brian2 device other than ``runtime`` is active in the process.
    """
    if codegen_target not in (None, *CODEGEN_TARGETS):
        raise ValueError(
            f"Unknown codegen_target {codegen_target!r}; choose from {', '.join(CODEGEN_TARGETS)}."
        )
    brian2 = import_brian2()
    if (active := brian2.get_device()) is not brian2.devices.all_devices["runtime"]:
        raise RuntimeError(
            f"Brian2 is set to the device {type(active).__name__}; "
            "call brian2.set_device('runtime') first."
        )
    gc.collect()  # frees the names of former objects, so that compiled code is found again
    standalone = codegen_target == "cpp_standalone"
    wanted: dict[str, Any] = {
        "core.default_float_dtype": np.float64,
        "core.stop_on_keyboard_interrupt": False,  # a run that stops looks like a finished one
    }
    if codegen_target is not None and not standalone:
        wanted["codegen.target"] = codegen_target
    before = {name: brian2.prefs[name] for name in wanted}
    objects = set(brian2.BrianObject.__instances__())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            for name, value in wanted.items():
                brian2.prefs[name] = value
            with _standalone(brian2) if standalone else _nothing():
                yield brian2
        except BaseException:
            _leave_unused(brian2, objects)
            raise
        finally:
            for name, value in before.items():
                brian2.prefs[name] = value


def _leave_unused(brian2: Any, before: set[Any]) -> None:
    """Let objects of an interrupted session go without the warning that no network has them."""
    for reference in set(brian2.BrianObject.__instances__()) - before:
        if (made := reference()) is not None:
            made._network = "interrupted"


@contextmanager
def _standalone(brian2: Any) -> Iterator[None]:
    from brian2.devices.device import reset_device

    step = brian2.defaultclock.dt
    with TemporaryDirectory(prefix="isochron-brian2-") as folder:
        brian2.set_device("cpp_standalone", directory=folder, build_on_run=True, debug=False)
        try:
            yield
        finally:
            brian2.get_device().reinit()
            reset_device()
            brian2.defaultclock.dt = step


@contextmanager
def _nothing() -> Iterator[None]:
    yield
