"""Beyond the contract: ranks, two classes, equal thresholds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from vaex.distributions.ordinal import Ordinal


def test_two_classes_are_a_bernoulli():
    score = jnp.array([-3.0, 0.0, 2.0])
    d = Ordinal(jnp.zeros(1), score)
    np.testing.assert_allclose(d.probs[:, 1], expit(score), rtol=1e-6)
    np.testing.assert_allclose(d.mean(), expit(score), rtol=1e-6)


@pytest.mark.slow
def test_shapes_are_broadcast():
    d = Ordinal(jnp.array([-1.0, 0.0, 2.0]), jnp.zeros((4, 5)))
    assert d.batch_shape == (4, 5)
    assert d.num_classes == 4
    assert d.probs.shape == (4, 5, 4)
    assert d.log_prob(jnp.zeros((3, 1, 1))).shape == (3, 4, 5)
    assert d.sample(seed=jax.random.key(0), sample_shape=(2,)).shape == (2, 4, 5)
    np.testing.assert_allclose(d.probs.sum(-1), 1.0, rtol=1e-6)


@pytest.mark.slow
def test_equal_thresholds_leave_a_class_out():
    """With probability 0 and gradients that are numbers."""

    def entropy(thresholds):
        return Ordinal(thresholds, 0.3).entropy()

    thresholds = jnp.array([0.0, 0.0, 1.0])
    assert Ordinal(thresholds, 0.3).log_prob(1.0) == -np.inf
    assert jnp.isfinite(jax.grad(lambda t: Ordinal(t, 0.3).mean())(thresholds)).all()
    assert jnp.isfinite(entropy(thresholds))


def test_outside_the_classes():
    d = Ordinal(jnp.array([0.0, 1.0]), 0.0)
    assert d.log_prob(jnp.array([-1.0, 3.0])).tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize("thresholds", [0.0, np.zeros((3, 0))])
def test_a_threshold_is_needed(thresholds):
    with pytest.raises(ValueError, match="thresholds must hold K - 1 >= 1 numbers"):
        Ordinal(thresholds, 0.0)
