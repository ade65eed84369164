"""ADBench: tables in which some rows are known to be anomalies."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vaex.data._adbench_files import FILES
from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.formats import read_array
from vaex.data.remote_file import RemoteFile
from vaex.data.source import Source
from vaex.errors import InputError


@dataclass(frozen=True)
class ADBench(Source):
    """A table of ADBench for detecting anomalies from normal rows alone.

    The first half of the normal rows, in the order of the file, is the training split;
    the other half and all anomalies are the test split. Labels are 0 for normal rows
    and 1 for anomalies. Columns are as they are in the file, in units of very different
    sizes: `preparation=standardize`.

    Attributes:
      table: its name in small letters, without the number that its file begins with.

    Source: Han, Hu, Huang, Jiang, Zhao, "ADBench: Anomaly Detection Benchmark", NeurIPS
      2022, https://arxiv.org/abs/2206.09426. The split: Livernoche, Jain, Hezaveh,
      Ravanbakhsh, "On Diffusion Modeling for Anomaly Detection", ICLR 2024,
      https://arxiv.org/abs/2305.18593 (its semi-supervised setting).

    >>> len(ADBench.files), ADBench("optdigits").fingerprints()[0][:6]
    (20, '60de17')
    """

    name: ClassVar[str] = "adbench"
    about: ClassVar[str] = "20 tables of ADBench with known anomalies"
    files: ClassVar[tuple[RemoteFile, ...]] = tuple(FILES.values())

    table: str = "thyroid"

    def __post_init__(self) -> None:
        if self.table not in FILES:
            raise InputError(
                f"table must be one of {', '.join(sorted(FILES))}, got {self.table!r}"
            )

    def fingerprints(self) -> tuple[str, ...]:
        """Of the table's own file."""
        return (FILES[self.table].sha256,)

    def load(self) -> Dataset:
        """Reads the file and splits it."""
        path = require(FILES[self.table])
        arrays = read_array(path)
        if not {"X", "y"} <= arrays.keys():
            raise InputError(f"{path} must hold X and y, got {sorted(arrays)}")
        x = np.ascontiguousarray(arrays["X"], np.float32)
        label = arrays["y"].astype(np.int32)
        normal = np.flatnonzero(label == 0)
        train = normal[: len(normal) // 2]
        test = np.setdiff1d(np.arange(len(x)), train)
        splits = {
            name: {"x": x[rows], "label": label[rows]}
            for name, rows in (("train", train), ("test", test))
        }
        return Dataset(f"{self.name}_{self.table}", splits, None, self.checksum())
