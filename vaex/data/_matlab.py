"""MATLAB files up to version 7; version 7.3 is another format (HDF5)."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np

from vaex.data._streams import ADVICE, content
from vaex.errors import InputError

_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    OSError,
    EOFError,
    MemoryError,
    OverflowError,
    AttributeError,
    NameError,
    struct.error,
    zlib.error,
)


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """The numeric arrays of a .mat file; cells, structures and text are left out."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    data = content(path)
    try:
        variables = loadmat(io.BytesIO(data))
    except NotImplementedError as error:
        raise InputError(
            f"{path} is a MATLAB 7.3 file (HDF5), which is not read; save it in MATLAB "
            "with save(..., '-v7'), or as .npz"
        ) from error
    except (*_DAMAGE, MatReadError) as error:
        raise InputError(
            f"{path} is not a whole .mat file ({error}); {ADVICE}"
        ) from error
    arrays = {
        key: value
        for key, value in variables.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    }
    if not arrays:
        raise InputError(f"{path} must hold numeric arrays, got none; {ADVICE}")
    return arrays
