"""The four idx files that MNIST and its look-alikes are published as."""

from pathlib import Path

import numpy as np

from vaex.data.formats import read_array
from vaex.data.remote_file import RemoteFile

_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def four_files(
    folder: str, hosts: tuple[str, ...], checksums: tuple[str, ...]
) -> tuple[RemoteFile, ...]:
    """Training images and labels, test images and labels."""
    return tuple(
        RemoteFile(f"{folder}/{name}", tuple(host + name for host in hosts), sha256)
        for name, sha256 in zip(_NAMES, checksums, strict=True)
    )


def read_splits(paths: list[Path]) -> dict[str, dict[str, np.ndarray]]:
    """Splits with x [N, 28, 28] uint8 and label [N] int32."""
    arrays = [read_array(path)["x"] for path in paths]
    return {
        name: {"x": images, "label": labels.astype(np.int32)}
        for name, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:]))
    }
