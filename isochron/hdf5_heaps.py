"""A check of the heaps of an HDF5 file, on some of which the library waits for ever.

HDF5 (2.0, and earlier) goes from one object of a global heap, where texts are, to the next by the
size that the object states. If a forged size leads to the same place again, it never returns.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01\0\0\0"  # signature, version, reserved
_BLOCK = 2**20
_WIDTHS = {4: "<I", 8: "<Q"}  # of sizes


def check_heaps(path: Path) -> None:
    """Check that the objects of each global heap follow one another up to its end.

    A file that does not start as HDF5 is not checked: the library does not open it.

    Raises
    ------
    ValueError
        If the objects of a heap do not.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        width, end = _width_of_sizes(content), 0
        for at in _places(content) if width else ():
            if at < end:
                raise ValueError("it is damaged: a heap is inside a different one")
            end = _check_heap(content, at, width)


def _places(content: mmap.mmap) -> Iterator[int]:
    """Where the signature of a heap is; blocks are searched faster than the mapped file."""
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK + len(_HEAP) - 1]
        at = block.find(_HEAP)
        while at >= 0:
            yield start + at
            at = block.find(_HEAP, at + 1)


def _width_of_sizes(content: mmap.mmap) -> int:
    """Bytes of a size, as the superblock states it; 0 without a superblock."""
    start = 0  # a block of the user may precede: 512 bytes, or a power of two times that
    while start + 16 <= len(content):
        if content[start : start + 8] == _SIGNATURE:
            return content[start + (14 if content[start + 8] < 2 else 10)]
        start = 2 * start or 512
    return 0


def _check_heap(content: mmap.mmap, start: int, width: int) -> int:
    """Check the objects of a heap, and return where it ends."""
    if width not in _WIDTHS:
        raise ValueError(f"it has sizes of {width} bytes, which are not supported")
    number = struct.Struct(_WIDTHS[width])
    header = -(-(8 + width) // 8) * 8
    if start + header > len(content):
        return 0
    size = number.unpack_from(content, start + 8)[0]
    end = start + size
    if end > len(content):
        return 0  # HDF5 reports it, or these bytes are data
    at = start + header
    while at + header <= end:
        length = number.unpack_from(content, at + 8)[0]
        is_object = content[at] or content[at + 1]  # index 0 is the free space
        at += header + -(-length // 8) * 8 if is_object else length
        if at > end or length == 0 and not is_object:
            raise ValueError("it is damaged: an object of a heap has a size that is not possible")
    return end
