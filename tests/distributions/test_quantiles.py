"""Against scipy's ppf, through Independent, and what has no quantiles."""

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.distributions.bernoulli import Bernoulli
from vaex.distributions.gamma import Gamma
from vaex.distributions.log_normal import LogNormal
from vaex.distributions.quantiles import quantile

Q = np.float32([1e-6, 0.01, 0.3, 0.5, 0.9, 0.999])

CLOSED = {
    "normal": (distrax.Normal(1.0, 2.0), stats.norm(1.0, 2.0)),
    "laplace": (distrax.Laplace(1.0, 2.0), stats.laplace(1.0, 2.0)),
    "logistic": (distrax.Logistic(1.0, 2.0), stats.logistic(1.0, 2.0)),
    "uniform": (distrax.Uniform(-1.0, 3.0), stats.uniform(-1.0, 4.0)),
    "log_normal": (LogNormal(0.5, 1.5), stats.lognorm(1.5, scale=np.exp(0.5))),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_are_scipys(name):
    d, twin = CLOSED[name]
    actual = jax.jit(lambda q: quantile(d, q))(Q)
    assert actual.dtype == jnp.float32
    expected = twin.ppf(Q.astype(np.float64))
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=1e-6)


def test_classes_are_summed():
    """Also of logits, of several distributions and of the last class."""
    probs = np.array([[0.25, 0.25, 0.5], [0.5, 0.0, 0.5]])
    q = np.array([[0.1], [0.25], [0.3], [0.5], [0.6], [1.0]])
    expected = [[0, 0], [0, 0], [1, 0], [1, 0], [2, 2], [2, 2]]
    d = distrax.Categorical(probs=probs)
    np.testing.assert_array_equal(quantile(d, q), expected)
    logits = distrax.Categorical(logits=jnp.log(jnp.array([0.2, 0.3, 0.5])))
    assert quantile(logits, jnp.array([0.1, 0.4, 0.9])).tolist() == [0.0, 1.0, 2.0]


def test_elements_of_independent_are_taken_one_by_one():
    elements = Bernoulli(jnp.array([-1.0, 0.0, 1.0]))
    d = distrax.Independent(elements, 1)
    assert quantile(d, 0.4).tolist() == quantile(elements, 0.4).tolist() == [0, 0, 1]
    assert quantile(d, Q[:, None]).shape == (6, 3)


def test_the_ends_are_those_of_the_support():
    ends = jnp.array([0.0, 1.0])
    for name in ("normal", "laplace", "logistic"):
        assert quantile(CLOSED[name][0], ends).tolist() == [-np.inf, np.inf]
    assert quantile(CLOSED["uniform"][0], ends).tolist() == [-1.0, 3.0]
    assert quantile(CLOSED["log_normal"][0], ends).tolist() == [0.0, np.inf]


def test_what_has_none_is_named():
    with pytest.raises(NotImplementedError, match="Gamma has no quantiles"):
        quantile(Gamma(1.0, 1.0), 0.5)
