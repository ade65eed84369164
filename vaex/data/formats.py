"""Arrays from files, by the file's name. Pickles are never read."""

import re
from pathlib import Path

import numpy as np

from vaex.data._idx import read_idx
from vaex.data._matlab import read_mat
from vaex.data._numpy import read_npy, read_npz
from vaex.data._text import read_amat, read_csv
from vaex.errors import InputError

_READERS = {
    r"\.npy$": read_npy,
    r"\.npz$": read_npz,
    r"\.csv(\.gz)?$": read_csv,
    r"[.-]idx\d*(-ubyte)?(\.gz)?$": read_idx,
    r"\.mat$": read_mat,
    r"\.amat(\.gz)?$": read_amat,
}
_KNOWN = ".npy, .npz, .csv[.gz], .idx[.gz], -idx3-ubyte[.gz], .mat, .amat[.gz]"


def read_array(path: str | Path, *, missing: bool = False) -> dict[str, np.ndarray]:
    r"""Arrays in a file, by name.

    Args:
      path: .npy, .csv, idx (also gzipped) and .amat files hold one array, called
        `x`; a .csv with a header has its names too, as `columns` [C]; .npz and
        .mat (MATLAB 5 to 7) files hold several.
      missing: empty cells of a .csv, and those that say NA or the like, are NaN; else
        they are refused.

    Returns:
      Name -> array in the file's own dtype; a table of text is float64, .amat with
      single digits uint8.

    Raises:
      InputError: if the file is absent, empty, truncated, damaged, of a kind that
        is not read, or has a cell that is not a number (its line and column).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "table.csv")
    ...     _ = file.write_text("age,weight\n31,70.5\n45,81\n")
    ...     arrays = read_array(file)
    >>> arrays["x"].tolist(), arrays["columns"].tolist()
    ([[31.0, 70.5], [45.0, 81.0]], ['age', 'weight'])
    """
    path = Path(path).expanduser()
    for pattern, read in _READERS.items():
        if re.search(pattern, path.name, re.IGNORECASE):
            if missing and read is read_csv:
                return read_csv(path, missing=True)
            return read(path)
    raise InputError(
        f"path must end in one of {_KNOWN}, got {str(path)!r}; save the array in one "
        "of these (pickles are never read)"
    )
