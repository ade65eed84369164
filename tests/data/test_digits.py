"""Digits: read from scikit-learn's folder, without importing it."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vaex.data import digits
from vaex.data.digits import Digits
from vaex.errors import InputError


def test_the_values_are_those_of_scikit_learn():
    data = Digits(seed=5).load()
    train, test = data.splits["train"], data.splits["test"]
    assert train["x"].shape == (1437, 8, 8)
    assert test["x"].shape == (360, 8, 8)
    assert train["x"].dtype == np.uint8
    assert train["label"].dtype == np.int32
    assert data.num_levels == 17
    truth = load_digits()
    order = np.random.RandomState(5).permutation(1797)
    x = np.concatenate([train["x"], test["x"]])
    np.testing.assert_array_equal(x, truth.images[order])
    label = np.concatenate([train["label"], test["label"]])
    np.testing.assert_array_equal(label, truth.target[order])


def test_neither_scikit_learn_nor_jax_is_imported():
    program = (
        "import sys; from vaex.data.digits import Digits; Digits().load(); "
        "print(*{'sklearn', 'jax', 'scipy', 'pooch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "digits.csv").write_text("1,2,3\n")
    monkeypatch.setattr(digits, "_packaged", lambda: tmp_path / "digits.csv")
    with pytest.raises(InputError, match="install scikit-learn again"):
        Digits().load()


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setattr(digits, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install scikit-learn"):
        Digits().load()


@pytest.mark.parametrize("seed", [-1, 1 << 32, 0.0, None, True])
def test_seeds(seed):
    with pytest.raises(InputError, match="seed must be an integer from 0"):
        Digits(seed=seed)
