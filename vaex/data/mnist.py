"""MNIST: handwritten digits."""

from dataclasses import dataclass
from typing import ClassVar

from vaex.data._mnist_files import four_files, read_splits
from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.source import Source


@dataclass(frozen=True)
class MNIST(Source):
    """Handwritten digits: 28x28, 256 grey levels, 60000 / 10000, 10 classes.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to
      document recognition", 1998.

    >>> [file.path.split("-")[0] for file in MNIST.files]
    ['mnist/train', 'mnist/train', 'mnist/t10k', 'mnist/t10k']
    """

    name: ClassVar[str] = "mnist"
    about: ClassVar[str] = "MNIST digits, 28x28 grey, 60000 / 10000"
    files = four_files(
        "mnist",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    )

    def load(self) -> Dataset:
        """Reads the four idx files."""
        splits = read_splits([require(file) for file in self.files])
        return Dataset(self.name, splits, 256, self.checksum())
