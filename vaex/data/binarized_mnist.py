"""Binarised MNIST: one fixed draw of bits, the same for everybody."""

from dataclasses import dataclass
from typing import ClassVar

from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.formats import read_array
from vaex.data.remote_file import RemoteFile
from vaex.data.source import Source

_HOST = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/"
_CHECKSUMS = {
    "train": "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
    "valid": "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
    "test": "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
}


@dataclass(frozen=True)
class BinarizedMNIST(Source):
    """MNIST binarised once: 28x28 in {0, 1}, 50000 / 10000 / 10000, no labels.

    Source: Salakhutdinov and Murray, "On the quantitative analysis of deep belief
      networks", ICML 2008; the published bits are Larochelle's.

    >>> [file.path.split("_")[-1] for file in BinarizedMNIST.files]
    ['train.amat', 'valid.amat', 'test.amat']
    """

    name: ClassVar[str] = "binarized_mnist"
    about: ClassVar[str] = "MNIST binarised once, 28x28, 50000 / 10000 / 10000"
    files = tuple(
        RemoteFile(f"binarized-mnist/{file}", (_HOST + file,), sha256)
        for part, sha256 in _CHECKSUMS.items()
        for file in (f"binarized_mnist_{part}.amat",)
    )

    def load(self) -> Dataset:
        """Reads the three text files; they may be gzipped."""
        names = ("train", "validation", "test")
        splits = {
            name: {"x": read_array(require(file))["x"].reshape(-1, 28, 28)}
            for name, file in zip(names, self.files, strict=True)
        }
        return Dataset(self.name, splits, 2, self.checksum())
