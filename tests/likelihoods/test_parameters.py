"""What the verbs of particular heads give, beyond what their twins say."""

import jax
import numpy as np
import pytest
from scipy import special

from tests.contracts.compiled import quick_jit
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.discretized_logistic import DiscretizedLogistic
from vaex.likelihoods.gaussian import Gaussian


def test_at_zero_a_head_on_levels_stands_in_their_middle():
    head = DiscretizedLogistic((1,), num_classes=256)
    params = {"projection": {"kernel": np.zeros((3, 2)), "bias": np.zeros(2)}}
    mean = quick_jit(
        lambda p: head.apply({"params": p}, np.zeros((1, 3)), method="mean")
    )(params)
    # The mean is a sum over 256 levels in float32.
    np.testing.assert_allclose(mean, 127.5, rtol=1e-5)


def test_probabilities_are_those_of_the_logits():
    raw = np.array([[-1.0], [2.0]], np.float32)

    def binary(features):
        params = {"projection": {"kernel": np.eye(1), "bias": np.zeros(1)}}
        return Bernoulli((1,)).apply(
            {"params": params}, features, method="probabilities"
        )

    np.testing.assert_allclose(quick_jit(binary)(raw), special.expit(raw), rtol=1e-6)
    with pytest.raises(ValueError, match="Gaussian is not made of logits; use `mean`"):
        jax.eval_shape(
            lambda key: Gaussian((1,)).init_with_output(
                key, raw, method="probabilities"
            ),
            jax.random.key(0),
        )
