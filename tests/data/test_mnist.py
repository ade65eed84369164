"""MNIST and Fashion-MNIST against the published facts."""

import numpy as np
import pytest

from vaex.data.fashion_mnist import FashionMNIST
from vaex.data.mnist import MNIST

TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("source", "train_counts", "test_counts", "mean"),
    [
        (MNIST(), TRAIN, TEST, 33.318),
        (FashionMNIST(), [6000] * 10, [1000] * 10, 72.940),
    ],
)
def test_the_published_facts(source, train_counts, test_counts, mean):
    data = source.load()
    train, test = data.splits["train"], data.splits["test"]
    assert train["x"].shape == (60000, 28, 28)
    assert test["x"].shape == (10000, 28, 28)
    assert train["x"].dtype == np.uint8
    assert train["x"].flags.c_contiguous
    assert np.bincount(train["label"]).tolist() == train_counts
    assert np.bincount(test["label"]).tolist() == test_counts
    assert data.num_levels == 256
    assert data.checksum == source.checksum()
    assert train["x"].mean() == pytest.approx(mean, abs=5e-4)
    spec = data.spec()
    assert spec.train_mean.shape == (28, 28)
    assert spec.train_mean.mean() == pytest.approx(mean, abs=5e-4)
    corner = train["x"][:, 12:16, 12:16].astype(np.float64)
    np.testing.assert_allclose(spec.train_std[12:16, 12:16], corner.std(0), rtol=1e-6)
