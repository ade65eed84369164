"""Binarised MNIST against the published facts."""

import pytest

from vaex.data.binarized_mnist import BinarizedMNIST


@pytest.mark.slow
@pytest.mark.usefixtures("data_folder")
def test_the_published_facts():
    data = BinarizedMNIST().load()
    facts = {
        "train": (50000, 0.13056),
        "validation": (10000, 0.13113),
        "test": (10000, 0.13251),
    }
    assert data.splits.keys() == facts.keys()
    for name, (rows, ones) in facts.items():
        x = data.splits[name]["x"]
        assert x.shape == (rows, 28, 28)
        assert x.mean() == pytest.approx(ones, abs=5e-6)
    assert data.num_levels == 2
