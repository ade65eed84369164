"""The idx layout of MNIST: magic number, sizes, big-endian values.

Source: LeCun, Cortes, Burges, "The MNIST database", section "The IDX file format",
  http://yann.lecun.com/exdb/mnist/
"""

import math
from pathlib import Path

import numpy as np

from vaex.data._streams import content
from vaex.errors import InputError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> dict[str, np.ndarray]:
    """The one array of an idx file, as `x`, in native byte order."""
    data = content(path)
    dtype, shape, start = header(data, len(data), path)
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return {"x": array.astype(dtype.newbyteorder("="), copy=False)}


def header(data: bytes, size: int, path: Path) -> tuple[np.dtype, tuple[int, ...], int]:
    """The values' dtype, the array's shape, and where in the file it starts.

    Args:
      data: the file's first bytes at least.
      size: bytes in the whole file.
      path: for messages.

    Raises:
      InputError: if it is another file, or has another size than it says.
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise InputError(
            f"{path} is not an idx file: it must begin with 00 00, a type and a rank, "
            f"got {data[:4].hex(' ')}"
        )
    dtype, rank = np.dtype(_TYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    if size < start:
        raise InputError(
            f"{path} is truncated: an idx file of rank {rank} begins with {start} "
            f"bytes, got {size}; delete it and get it again"
        )
    shape = tuple(int(count) for count in np.frombuffer(data[4:start], ">u4"))
    expected = start + math.prod(shape) * dtype.itemsize
    if size != expected:
        raise InputError(
            f"{path} is truncated or damaged: an idx file of shape {shape} has "
            f"{expected} bytes, got {size}; delete it and get it again"
        )
    return dtype, shape, start
