"""Beyond the contract: other children, and which are refused."""

import distrax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.distributions.negative_binomial import NegativeBinomial
from vaex.distributions.poisson import Poisson
from vaex.distributions.zero_inflated import ZeroInflated


@pytest.mark.slow
def test_no_extra_zeros_leave_the_child():
    child = NegativeBinomial(jnp.array([0.0, 2.0]), 0.5)
    d, x = ZeroInflated(child, -1e4), jnp.arange(20.0)[:, None]
    np.testing.assert_allclose(d.log_prob(x), child.log_prob(x), rtol=1e-6)
    np.testing.assert_allclose(d.variance(), child.variance(), rtol=1e-6)


@pytest.mark.slow
def test_nothing_but_zeros(getkey):
    d = ZeroInflated(Poisson(5.0), 1e4)
    assert (d.sample(seed=getkey(), sample_shape=(99,)) == 0.0).all()
    assert d.log_prob(0.0) == d.mean() == d.variance() == d.mode() == 0.0


def test_children_that_are_refused():
    with pytest.raises(ValueError, match=r"distribution of single numbers, got .*\(3,"):
        ZeroInflated(distrax.Independent(Poisson(jnp.zeros(3)), 1), 0.0)
    with pytest.raises(ValueError, match=r"broadcast to the child's batch_shape \(3,"):
        ZeroInflated(Poisson(jnp.zeros(3)), jnp.zeros((2, 3)))
