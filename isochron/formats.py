"""Kind of a file by its first bytes."""

import codecs
import os
from pathlib import Path

HEAD_BYTES = 4096  # that are looked at
NPY = "a NumPy array (.npy)"
_ZIP = b"PK\x03\x04"
_BEGINNINGS = (
    (b"\x93NUMPY", NPY),
    (b"MATLAB 5.0", "a MATLAB 5 file"),
    (b"MATLAB 7.3", "a MATLAB 7.3 file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"CDF\x01", "a netCDF-3 file"),
    (b"CDF\x02", "a netCDF-3 file"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\xd0\xcf\x11\xe0", "an Excel file (.xls)"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "a sound or video file (RIFF)"),
    (b"%PDF", "a PDF document"),
    (b"BRAINVIS", "a BrainVision header"),
    (b"0       ", "an EDF file"),
)


def describe_content(path: str | os.PathLike) -> str:
    """Kind of a file by its content, such as ``a MATLAB 5 file``; empty if it is not known.

    Nothing of it is executed or expanded.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return "empty"
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head.startswith(_ZIP):
        return _describe_zip(path.suffix.lower(), head)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text in UTF-16"
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return "pickled Python objects"
    return _describe_text(head)


def _describe_zip(suffix: str, head: bytes) -> str:
    if b".npy" in head[:200]:
        return "several arrays of NumPy (.npz)"
    if suffix in (".pt", ".pth") or b"data.pkl" in head[:200]:
        return "a file of torch.save"
    return "an Excel file (.xlsx)" if suffix in (".xlsx", ".xlsm") else "a ZIP archive"


def _describe_text(head: bytes) -> str:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < HEAD_BYTES - 4:
            return ""  # otherwise a character was cut at the end
        text = head[: error.start].decode("utf-8-sig")
    if not all(character.isprintable() or character.isspace() for character in text):
        return ""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return "JSON"
    if start == "<":
        return "XML"
    lines = text.splitlines()
    table = any(mark in lines[0] for mark in ",;\t") if lines else False
    return "a table" if table else "text"
