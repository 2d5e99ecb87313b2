"""Files written whole or not at all, and files of a user read with care."""

import csv
import os
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

LARGEST_TEXT = 64 * 2**20
P = ParamSpec("P")
T = TypeVar("T")


class DataFileError(ValueError):
    """A file of data is damaged, or is not what it should be."""


class MissingDataFileError(DataFileError, FileNotFoundError):
    """A file of data is not there."""


def reads_data(reader: Callable[P, T]) -> Callable[P, T]:
    """Make a reader, whose first argument is a path, say which file it cannot read.

    What it raises as ValueError, EOFError or FileNotFoundError is raised as `DataFileError` or
    `MissingDataFileError`, which are such errors too.
    """

    @wraps(reader)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        path: Any = args[0] if args else kwargs["path"]
        try:
            return reader(*args, **kwargs)
        except DataFileError:
            raise
        except FileNotFoundError as error:
            text = f"There is no file {path}." if error.filename else str(error)
            raise MissingDataFileError(text) from error
        except (ValueError, EOFError, csv.Error) as error:
            text = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise DataFileError(text) from error

    return read


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all: under a temporary name in its folder, then renamed.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` is left as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


@reads_data
def read_text(path: str | os.PathLike) -> str:
    """Text of a user's file: UTF-8, with or without a byte-order mark, 64 MB at most.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an ordinary file, is too large, or is not UTF-8.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if not path.is_file():
        raise ValueError(f"{path} is not a file.")
    if path.stat().st_size > LARGEST_TEXT:
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes; at most {LARGEST_TEXT} are read."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from None
    if "\0" in text:
        raise ValueError(f"{path} is not text: it holds NUL bytes.")
    return text


@reads_data
def read_xml(path: str | os.PathLike) -> bytes:
    """Bytes of a user's XML file that no parser can be led astray by.

    Document types and entities are refused before any parser sees the file: they can name
    other files, or grow without bound.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_text`, and if the file declares a document type or an entity.
    """
    text = read_text(path)
    for forbidden in ("<!DOCTYPE", "<!ENTITY"):
        if forbidden in text.upper():
            raise ValueError(f"{path} holds {forbidden}, which is refused; delete that line.")
    declared = re.match(r"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", text)
    if declared and declared[1].upper() not in ("UTF-8", "UTF8", "US-ASCII", "ASCII"):
        raise ValueError(f"{path} says that it is {declared[1]}; save it as UTF-8.")
    return text.encode()
