"""A digest at the end of HDF5 files that isochron writes, checked before they are read.

HDF5 has checksums for data only: a flipped bit in its other bytes gives different names or
attributes without an error. The digest follows the last byte of the HDF5 file, which all
readers ignore, so that no layout changes. A program that changes the file discards it.
"""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

MARK = b"\nisochron-sha256 "
LENGTH = len(MARK) + 64 + 1
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BLOCK = 2**20


def seal(content: BytesIO) -> None:
    """Add its digest to the end of an HDF5 file in memory."""
    digest = hashlib.sha256(content.getbuffer())
    content.seek(0, os.SEEK_END)
    content.write(_ending(digest))


def check_seal(path: Path) -> bool:
    """Check the digest of an HDF5 file.

    Returns
    -------
    bool
        Whether it has one; files of other programs do not.

    Raises
    ------
    ValueError
        If the file or its digest has been altered.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        end = _end_of_hdf5(file) or size
        file.seek(max(0, size - LENGTH))
        found = file.read()
        if not found.startswith(MARK) and not 0 < size - end <= LENGTH:
            return False
        if found != _ending(_digest(file, size - LENGTH)):
            raise ValueError(f"{path} has been altered since isochron wrote it.")
    return True


def _ending(digest: "hashlib._Hash") -> bytes:
    return MARK + digest.hexdigest().encode() + b"\n"


def _digest(file: BinaryIO, size: int) -> "hashlib._Hash":
    """Digest of the first bytes of a file."""
    found = hashlib.sha256()
    file.seek(0)
    while size > 0 and (block := file.read(min(size, _BLOCK))):
        found.update(block)
        size -= len(block)
    return found


def _end_of_hdf5(file: BinaryIO) -> int:
    """Size of an HDF5 file as its first block states it; 0 if that is not readable."""
    file.seek(0)
    head = file.read(64).ljust(64, b"\0")
    if not head.startswith(_SIGNATURE):
        return 0
    version = head[8]
    start = {0: 40, 1: 44, 2: 28, 3: 28}.get(version)
    width = head[13] if version < 2 else head[9]
    return 0 if start is None or width != 8 else int.from_bytes(head[start : start + 8], "little")
