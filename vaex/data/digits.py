"""Digits: the small handwritten digits that scikit-learn's wheel contains."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from vaex.data._split import checked_seed, shuffled_split
from vaex.data.dataset import Dataset
from vaex.data.formats import read_array
from vaex.data.source import Source
from vaex.errors import InputError

_CONTENT = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"


def _packaged() -> Path:
    """The file in scikit-learn's folder; scikit-learn is not imported (2 s)."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise InputError(
            "the digits are in scikit-learn's package, which is not installed; run "
            "`pip install scikit-learn`"
        )
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


@dataclass(frozen=True)
class Digits(Source):
    """Handwritten digits: 8x8, 17 grey levels, 1437 / 360, 10 classes; no download.

    Attributes:
      seed: of the permutation that splits them, `RandomState(seed)`.

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI,
      1998 (its test part), as packaged by scikit-learn.

    >>> data = Digits().load()
    >>> data.splits["train"]["x"].shape, data.splits["test"]["x"].dtype
    ((1437, 8, 8), dtype('uint8'))
    """

    name: ClassVar[str] = "digits"
    about: ClassVar[str] = "scikit-learn's digits, 8x8 grey, 1437 / 360, no download"

    seed: int = 0

    def __post_init__(self) -> None:
        checked_seed(self.seed)

    def fingerprints(self) -> tuple[str, ...]:
        """The known digest of the 1797x65 values."""
        return (_CONTENT,)

    def load(self) -> Dataset:
        """Reads the packaged file and splits it."""
        path = _packaged()
        table = read_array(path)["x"].astype(np.uint8)
        if (got := hashlib.sha256(table.tobytes()).hexdigest()) != _CONTENT:
            raise InputError(
                f"{path} must hold the table with sha256 {_CONTENT}, got {got}; "
                "install scikit-learn again"
            )
        x, label = table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int32)
        splits = shuffled_split({"x": x, "label": label}, 360, self.seed)
        return Dataset(self.name, splits, 17, self.checksum())
