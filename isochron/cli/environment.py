"""Check of what a command inherits, for which libraries have unclear errors, or none."""

import errno
import os

NUMBERS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS", "SOURCE_DATE_EPOCH",
)  # fmt: skip


def check_environment() -> None:
    """Check the current folder, and the environment variables that are numbers.

    Raises
    ------
    FileNotFoundError
        If the current folder has been deleted: relative paths have no meaning.
    ValueError
        If a variable is not a whole number.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        text = "The current folder has been deleted; change to a different one"
        raise FileNotFoundError(errno.ENOENT, text, os.environ.get("PWD", ".")) from None
    for name in NUMBERS:
        value = os.environ.get(name, "")
        if value and not (value.isascii() and value.isdigit()):
            raise ValueError(
                f"The environment variable {name} must be a whole number, got {value!r}."
            )
