"""numpy's own files; pickled arrays are never read."""

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from vaex.data._streams import ADVICE, opened
from vaex.errors import InputError

_DAMAGE = (
    ValueError,
    EOFError,
    OSError,
    LookupError,
    SyntaxError,
    MemoryError,
    RuntimeError,
    TokenError,
    zlib.error,
)


def _pickled(error: BaseException) -> bool:
    return "allow_pickle" in str(error)


def read_npy(path: Path) -> dict[str, np.ndarray]:
    """The array of a .npy file, as `x`."""
    with opened(path) as stream:
        try:
            array = np.lib.format.read_array(stream, allow_pickle=False)
        except _DAMAGE as error:
            if _pickled(error):
                raise InputError(
                    f"{path} holds pickled Python objects, which are never read; "
                    "save a numeric array with numpy.save(..., allow_pickle=False)"
                ) from error
            raise InputError(
                f"{path} is not a whole .npy file ({error}); {ADVICE}"
            ) from error
        if stream.read(1):
            raise InputError(f"{path} goes on after its array; {ADVICE}")
    return {"x": array}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz file; pickled members are left out."""
    arrays: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    with opened(path) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                for member in archive.namelist():
                    key = member.removesuffix(".npy")
                    try:
                        with archive.open(member) as file:
                            read = np.lib.format.read_array(file, allow_pickle=False)
                            file.read()  # to the end: the checksum is tested there
                    except ValueError as error:
                        if not _pickled(error):
                            raise
                        left_out.append(key)
                        continue
                    arrays[key] = read
        except (*_DAMAGE, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path} is not a whole .npz file ({error}); {ADVICE}"
            ) from error
    if not arrays:
        why = (
            f"{left_out} are pickled objects, never read" if left_out else "it has none"
        )
        raise InputError(f"{path} must hold numeric arrays: {why}")
    return arrays
