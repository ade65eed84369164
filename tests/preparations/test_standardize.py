"""Standardize: statistics of an element and of all, and elements that never vary."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.errors import InputError
from vaex.preparations.standardize import Standardize


def test_one_mean_and_std_for_all_elements(getkey):
    x = np.random.RandomState(0).standard_normal((400, 3, 2)) * 2
    x = (x + np.arange(6).reshape(3, 2)).astype(np.float32)
    prepare = Standardize(x.mean(0), x.std(0), per_element=False)
    prepared = np.asarray(prepare(getkey(), {"x": jnp.asarray(x)})["x"])
    np.testing.assert_allclose(prepared, (x - x.mean()) / x.std(), rtol=1e-4, atol=1e-6)
    assert prepare.log_det == pytest.approx(-6 * np.log(x.std()), rel=1e-5)
    np.testing.assert_allclose(prepare.inverse(prepared), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("per_element", [True, False])
@pytest.mark.parametrize("std", [0.0, 1e-42])
def test_elements_that_never_vary(per_element, std, getkey):
    prepare = Standardize(np.full(2, 7.0), np.full(2, std), per_element)
    prepared = prepare(getkey(), {"x": jnp.array([[7.0, 8.0]])})["x"]
    assert prepared.tolist() == [[0.0, 1.0]]
    assert prepare.log_det == 0


def test_it_can_be_a_static_argument(getkey):
    prepare = Standardize(np.zeros(2), np.ones(2))
    run = jax.jit(lambda p, key, x: p(key, {"x": x})["x"], static_argnums=0)
    assert run(prepare, getkey(), jnp.ones((1, 2))).tolist() == [[1.0, 1.0]]


def test_bad_arguments():
    with pytest.raises(InputError, match=r"one shape, got \(2,\) and \(3,\)"):
        Standardize(np.zeros(2), np.zeros(3))
    with pytest.raises(InputError, match="num_classes must be an integer"):
        Standardize(np.zeros(2), np.zeros(2), num_classes=1)
