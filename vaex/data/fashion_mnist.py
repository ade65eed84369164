"""Fashion-MNIST: photographs of clothes in MNIST's form."""

from dataclasses import dataclass
from typing import ClassVar

from vaex.data._mnist_files import four_files, read_splits
from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.source import Source


@dataclass(frozen=True)
class FashionMNIST(Source):
    """Clothes: 28x28, 256 grey levels, 60000 / 10000, 10 classes.

    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017,
      https://arxiv.org/abs/1708.07747

    >>> len(FashionMNIST.files)
    4
    """

    name: ClassVar[str] = "fashion_mnist"
    about: ClassVar[str] = "Fashion-MNIST clothes, 28x28 grey, 60000 / 10000"
    files = four_files(
        "fashion-mnist",
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    )

    def load(self) -> Dataset:
        """Reads the four idx files."""
        splits = read_splits([require(file) for file in self.files])
        return Dataset(self.name, splits, 256, self.checksum())
