"""Arrays mapped from files: nothing is read until rows are taken."""

import re
from pathlib import Path

import numpy as np

from vaex.data._idx import header
from vaex.data._streams import ADVICE, opened
from vaex.errors import InputError

_NPY = r"\.npy$"
_IDX = r"[.-]idx\d*(-ubyte)?$"


def can_map(path: str | Path) -> bool:
    """Whether a file of this name can be mapped."""
    return bool(re.search(f"{_NPY}|{_IDX}", Path(path).name, re.IGNORECASE))


def files_of(path: Path) -> list[Path]:
    """The file, or the .npy files of the folder in the order of their names.

    Raises:
      InputError: if there is none, or the file cannot be mapped.
    """
    if path.is_dir():
        files = sorted(path.glob("*.npy"))
        if not files:
            raise InputError(f"{path} must hold .npy files, got a folder without any")
        return files
    if not can_map(path):
        raise InputError(
            f"memory_map=true needs a .npy or an uncompressed idx file, or a folder of "
            f".npy files, got {str(path)!r} (arrays inside .npz and .mat files and "
            "compressed or text files cannot be mapped); save the data with "
            "numpy.save('data.npy', x) and labels and weights in files of their own"
        )
    return [path]


def mapped(path: Path) -> np.ndarray:
    """The array of a .npy or idx file, mapped to be read.

    Raises:
      InputError: if the file is absent, damaged, or laid out so that rows do not lie
        together.
    """
    with opened(path) as stream:  # says what is wrong with the path
        start = stream.read(1 << 11)
    size = path.stat().st_size
    if re.search(_IDX, path.name, re.IGNORECASE):
        dtype, shape, offset = header(start, size, path)
        return np.memmap(path, dtype, "r", offset, shape)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if "Python objects" in str(error):
            raise InputError(
                f"{path} holds pickled Python objects, which are never read; save a "
                "numeric array with numpy.save(..., allow_pickle=False)"
            ) from error
        raise InputError(
            f"{path} is not a whole .npy file ({error}); {ADVICE}"
        ) from error
    if not array.flags.c_contiguous:
        raise InputError(
            f"memory_map needs the rows of {path} one after the other, got an array "
            "in Fortran's order; save numpy.ascontiguousarray(x), or pass "
            "memory_map=false"
        )
    if size != array.offset + array.nbytes:
        raise InputError(f"{path} goes on after its array; {ADVICE}")
    return array
