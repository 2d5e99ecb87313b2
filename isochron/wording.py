"""Words of messages that depend on a number, and commands to paste into a shell."""

import math
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress

LONGEST = 200  # characters of a value in a message
RESUMES = "The same command resumes from here."  # in the message of an interrupted command


def counted(number: int, what: str, several: str = "") -> str:
    """A number of things: ``1 muscle``, ``2 muscles``.

    Parameters
    ----------
    number : int
    what : str
        One of them. More than one have an ``s`` at the end, or where ``(s)`` is:
        ``"connection(s) without a sign"``.
    several : str, optional
        More than one of them, if an ``s`` is not enough: ``"starts come to rest"``.
    """
    if number == 1:
        return f"1 {what.replace('(s)', '')}"
    return f"{number} {several or (what.replace('(s)', 's') if '(s)' in what else f'{what}s')}"


def printable(text: str) -> str:
    """A text whose control characters, which a terminal obeys, are written as escapes."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def print_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning as one line on stderr, in the place of ``warnings.showwarning``.

    Python shows the place in the source, too, and its line of code.
    """
    if sys.stderr is not None:
        with suppress(OSError):  # a full disk; Python ignores it, too
            sys.stderr.write(f"isochron: Warning: {printable(' '.join(str(message).split()))}\n")


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def command(what: str, *arguments: str | os.PathLike) -> str:
    """A command of isochron that can be pasted into a shell.

    Parameters
    ----------
    what : str
        The command and its options: ``"train --out"``.
    *arguments : str or path
        Values, quoted where the shell needs it. One that starts with a dash is a path: ``./-x``.
    """
    values = [os.fspath(value) for value in arguments]
    quoted = (shlex.quote(f"./{text}" if text.startswith("-") else text) for text in values)
    return " ".join(("isochron", what, *quoted))


def shown(value: object) -> str:
    """The repr of a value of a caller, without the types of NumPy: 0.5 for np.float64(0.5).

    It is one line, and the beginning of a long one.
    """
    if isinstance(value, int) and abs(value) >= 2**65:
        return f"a whole number of {math.floor(math.log10(abs(value))) + 1} digits"
    try:
        text = _repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        text = f"a {type(value).__name__} with very large numbers"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _repr(value: object) -> str:
    if type(value).__module__ != "numpy" and not isinstance(value, tuple | list | dict | set):
        text = repr(value)
    else:
        import numpy as np

        with np.printoptions(legacy="1.25", threshold=20, edgeitems=3):
            text = repr(value)
    return " ".join(text.split()) if "\n" in text else text
