"""Atomic writing of files, and guarded reading of files of a user."""

import codecs
import csv
import errno
import hashlib
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from isochron.formats import describe_content

LARGEST_TEXT = 64 * 2**20
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
P = ParamSpec("P")
T = TypeVar("T")


class DataFileError(ValueError):
    """A file of data is damaged, or its content is not as expected."""


class MissingDataFileError(DataFileError, FileNotFoundError):
    """A file of data does not exist."""


def reads_data(reader: Callable[P, T]) -> Callable[P, T]:
    """Decorator for a reader whose first argument is a path: its errors name the file.

    ValueError, EOFError and FileNotFoundError are raised again as `DataFileError` or
    `MissingDataFileError`, which are subclasses of ValueError and FileNotFoundError.
    """

    @wraps(reader)
    def read(*args: P.args, **kwargs: P.kwargs) -> T:
        path: Any = args[0] if args else kwargs["path"]
        try:
            return reader(*args, **kwargs)
        except (DataFileError, MemoryError):
            raise
        except FileNotFoundError as error:
            text = f"The file {path} does not exist." if error.filename else str(error)
            raise MissingDataFileError(text) from error
        except (ValueError, EOFError, csv.Error) as error:
            text = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise DataFileError(text) from error

    return read


@contextmanager
def reading(path: str | os.PathLike, kind: str) -> Iterator[None]:
    """A context in which a library reads a file: each of its errors is one of damaged data.

    Parameters
    ----------
    path : path-like
        The file.
    kind : str
        What it should be, such as ``a whole HDF5 file``.

    Raises
    ------
    DataFileError
        For all errors but ValueError, a lack of memory and those of the file system.
    """
    try:
        yield
    except (ValueError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and type(error) is not OSError:
            raise  # it does not exist, is not permitted, is a folder
        text = str(error).strip("'\"") or type(error).__name__
        raise DataFileError(f"{path} is not {kind}: {text}.") from error


def is_disk_full(error: BaseException) -> bool:
    """Whether an error is that a disk does not have the space for a file."""
    return isinstance(error, OSError) and error.errno in FULL


def part_path(path: Path) -> Path:
    """A temporary name for a file in its folder: of this process, and different each time."""
    process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.name}.{process}.part")


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all: under a temporary name in its folder, then renamed.

    Of two processes that write the same file at once, the last one wins. A symbolic link at
    `path` is replaced; the file to which it refers does not change.

    Raises
    ------
    OSError
        If it cannot be written; an existing file stays unchanged.
    """
    part = part_path(path)
    try:
        with open(part, "xb", opener=_open_without_links) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):  # of a file system that became read-only: the first error counts
            part.unlink(missing_ok=True)


def append_text(path: Path, text: str) -> None:
    """Add text to the end of a file, which is made if it does not exist.

    Raises
    ------
    OSError
        If it cannot be written, or is a symbolic link; it names the file.
    """
    try:
        with open(path, "a", encoding="utf-8", opener=_open_without_links) as file:
            file.write(text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _open_without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


@reads_data
def read_text(path: str | os.PathLike) -> str:
    """Text of a user's file: UTF-8, or UTF-16 with a byte-order mark; 64 MB at most.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not an ordinary file, is too large, or is neither UTF-8 nor UTF-16.
    """
    content = _content(path)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return _decoded(path, content, "utf-16" if wide else "utf-8-sig")


def require_file(path: str | os.PathLike) -> Path:
    """Check that a path is an ordinary file: a pipe would wait, a device may have no end.

    Raises
    ------
    MissingDataFileError
        If it does not exist.
    DataFileError
        If it is a folder, a pipe or a device.
    """
    path = Path(path)
    try:
        exists = path.exists()
    except OSError as error:
        raise DataFileError(f"{str(path)[:100]} is not a file: {error.strerror}.") from error
    if not exists:
        raise MissingDataFileError(f"The file {path} does not exist.")
    if not path.is_file():
        raise DataFileError(f"{path} is not a file.")
    return path


def _content(path: str | os.PathLike) -> bytes:
    """Bytes of an ordinary file of at most `LARGEST_TEXT`."""
    path = require_file(path)
    if path.stat().st_size > LARGEST_TEXT:
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes; at most {LARGEST_TEXT} are read."
        )
    return path.read_bytes()


def _decoded(path: str | os.PathLike, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
        kind = _kind(path)
        what = f"{error.reason} at byte {error.start}{kind}"
        way_out = "" if kind else " Save it as UTF-8."
        raise ValueError(f"{path} is not {name}: {what}.{way_out}") from None
    if "\0" in text:
        raise ValueError(f"{path} is not text: it contains NUL bytes{_kind(path)}.")
    return text


def _kind(path: str | os.PathLike) -> str:
    kind = describe_content(path)
    return f"; it is {kind}" if kind else ""


@reads_data
def read_xml(path: str | os.PathLike) -> bytes:
    """UTF-8 bytes of a user's XML file, safe for any parser.

    The encoding that the file declares in its first line is used; without one it is UTF-8.
    Document types and entities are rejected in the decoded text, before any parser sees the
    file: they can name other files, or grow without bound.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_text`; if the file declares a document type, an entity, or an encoding that is
        not supported.
    """
    content = _content(path)
    text = _decoded(path, content, _xml_encoding(path, content))
    for forbidden in ("<!DOCTYPE", "<!ENTITY"):
        if forbidden in text.upper():
            raise ValueError(
                f"{path} contains {forbidden}, which is not allowed; delete that line."
            )
    # Without the declaration the parser reads UTF-8, which is what it gets.
    return _XML_DECLARATION.sub("", text, count=1).encode()


# Every encoding here writes ASCII characters as ASCII.
_XML_ENCODING = re.compile(
    r"utf-?8|(us-)?ascii|iso[-_]?8859[-_]?\d\d?|latin-?\d|(windows|cp)-?125\d", re.IGNORECASE
)
_XML_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"^<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")


def _xml_encoding(path: str | os.PathLike, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    declared = _DECLARED.match(content)
    name = declared[1].decode("ascii", "replace").strip() if declared else "utf-8"
    try:
        known = _XML_ENCODING.fullmatch(name) and codecs.lookup(name).name
    except LookupError:
        known = None
    if not known:
        raise ValueError(
            f"{path} declares the encoding {name!r}, which is not supported; save it as UTF-8."
        )
    return "utf-8-sig" if known == "utf-8" else known


def sha256(content: bytes | Iterable[bytes | memoryview]) -> str:
    """SHA-256 of bytes, or of several one after the other, in hexadecimal digits."""
    found = hashlib.sha256()
    for part in [content] if isinstance(content, bytes) else content:
        found.update(part)
    return found.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, which may be larger than the memory."""
    with require_file(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_sha256(value: Any) -> str:
    """SHA-256 of a value as JSON, whatever the order of its keys."""
    return sha256(json.dumps(value, sort_keys=True).encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON without NaN or Infinity.

    Raises
    ------
    ArithmeticError
        If a number is not finite.
    """
    write_bytes(path, (to_json(value) + "\n").encode())


def write_sealed_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON with the SHA-256 of its content, for `read_sealed_json`.

    Raises
    ------
    ArithmeticError
        If a number is not finite.
    """
    write_json(path, {**value, "sha256": json_sha256(value)})


def read_sealed_json(path: Path, *, required: bool = True) -> dict[str, Any]:
    """Read what `write_sealed_json` wrote.

    Parameters
    ----------
    path : Path
    required : bool
        Whether a file without a digest, as other programs write it, is an error.

    Raises
    ------
    DataFileError
        If the file is not JSON, or has been altered.
    """
    content = read_json(path)
    digest = content.pop("sha256", None) if isinstance(content, dict) else None
    if digest is None and not required:
        return content
    if digest != json_sha256(content):
        raise DataFileError(f"{path} has been altered.")
    return content


def to_json(value: Any, **options: Any) -> str:
    """Indented JSON; options as for `json.dumps`.

    Raises
    ------
    ArithmeticError
        If a number is not finite.
    """
    try:
        return json.dumps(value, indent=1, allow_nan=False, **options)
    except ValueError as error:
        raise ArithmeticError(f"A result is not finite: {error}.") from error


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, as ``object_pairs_hook`` of `json.loads`, each of whose keys is there once.

    Raises
    ------
    ValueError
        If one is there twice; of two values Python would take the last.
    """
    content = dict(pairs)
    if len(content) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"The JSON object has the key {twice[:50]!r} twice.")
    return content


@reads_data
def read_json(path: Path) -> Any:
    """Read JSON.

    Raises
    ------
    ValueError
        If the file is not JSON.
    """
    try:
        text = require_file(path).read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=without_repeats)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}.") from error
