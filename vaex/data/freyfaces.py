"""Frey faces: frames of a short film of one face."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from vaex.data._split import checked_seed, shuffled_split
from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.formats import read_array
from vaex.data.remote_file import RemoteFile
from vaex.data.source import Source
from vaex.errors import InputError


def _frames(path: Path) -> np.ndarray:
    """[1965, 560] uint8, a frame in each row, in time order."""
    arrays = read_array(path)
    if "ff" not in arrays:
        raise InputError(f"{path} must hold the array 'ff', got {sorted(arrays)}")
    return arrays["ff"].T


def _content_sha256(path: Path) -> str:
    return hashlib.sha256(_frames(path).tobytes()).hexdigest()


@dataclass(frozen=True)
class FreyFaces(Source):
    """Frames of one face: 28x20, 256 grey levels (8 to 238 occur), 1600 / 365.

    The frames are split at random by `RandomState(seed).permutation(1965)`: test
    frames have near twins in the training split. No labels. The file is known by
    the frames in it, not by its bytes.

    Attributes:
      seed: of the permutation; 0 is the split of the reference numbers.

    Source: Brendan Frey's video, from Sam Roweis' page,
      https://cs.nyu.edu/~roweis/data.html

    >>> FreyFaces(seed=0).checksum() == FreyFaces().checksum()
    True
    """

    name: ClassVar[str] = "freyfaces"
    about: ClassVar[str] = "Frey faces, 28x20 grey video frames, 1600 / 365"
    files = (
        RemoteFile(
            "freyfaces/frey_rawface.mat",
            ("https://cs.nyu.edu/~roweis/data/frey_rawface.mat",),
            "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78",
            digest=_content_sha256,
        ),
    )

    seed: int = 0

    def __post_init__(self) -> None:
        checked_seed(self.seed)

    def load(self) -> Dataset:
        """Reads the frames and splits them."""
        x = _frames(require(self.files[0])).reshape(-1, 28, 20)
        splits = shuffled_split({"x": x}, 365, self.seed)
        return Dataset(self.name, splits, 256, self.checksum())
