"""Values of the losses by hand, and what is peculiar to them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.likelihoods.twins.soft_f1_loss import macro, weighted
from vaex.errors import InputError
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.focal_loss import FocalLoss
from vaex.likelihoods.soft_f1_loss import SoftF1Loss
from vaex.likelihoods.weighted_binary_cross_entropy import WeightedBinaryCrossEntropy

RANDOM = np.random.default_rng(0)


def score(head, raw, x, mask=None):
    def direct(module, raw):
        elements = module.elements(None, raw=raw)
        return module.score(elements, jnp.asarray(x), mask, train=True)

    return head.apply({}, jnp.asarray(raw, jnp.float32), method=direct)


@pytest.mark.parametrize(
    ("p", "expected"),
    # fvcore's sigmoid_focal_loss, float64 by hand: 0.25 (1 - p)^2 (-log p).
    [(0.9, 2.634013e-4), (0.1, 0.466273)],
)
def test_focal_values(p, expected):
    logit = np.log(p / (1 - p))
    loss = -score(FocalLoss(alpha=0.25), [[logit]], np.ones(1))
    np.testing.assert_allclose(loss, expected, rtol=2e-6)


@pytest.mark.parametrize("head", [Bernoulli(), FocalLoss(), FocalLoss(gamma=0.0)])
def test_a_wrong_element_at_logit_100_costs_100(head):
    np.testing.assert_allclose(score(head, [[100.0]], np.zeros(1)), -100.0, rtol=1e-6)
    np.testing.assert_allclose(score(head, [[-100.0]], np.ones(1)), -100.0, rtol=1e-6)


LABELS = (RANDOM.random((6, 3)) < 0.4).astype(np.float32)
LABELS[:, 2] = 0.0  # a class without a 1


@pytest.mark.parametrize(
    ("average", "twin"), [("macro", macro), ("weighted", weighted)]
)
def test_soft_f1_is_that_of_the_whole_batch(average, twin):
    head = SoftF1Loss((3,), average=average)
    raw = 2 * RANDOM.normal(size=(2, 6, 3))  # two posterior samples
    loss = -score(head, raw[..., None], LABELS)
    assert loss.shape == (2,)
    np.testing.assert_allclose(loss, [twin(r, LABELS) for r in raw], rtol=1e-5)
    seen = np.ones((6, 3), bool)
    seen[4:] = False
    masked = -score(head, raw[..., None], LABELS, seen)
    expected = [twin(r[:4], LABELS[:4]) for r in raw]
    np.testing.assert_allclose(masked, expected, rtol=1e-5)
    nothing = score(head, raw[..., None], LABELS, np.zeros((6, 3), bool))
    assert (nothing == 0).all()


def test_soft_f1_of_images_pools_all_but_the_last_axis():
    head = SoftF1Loss((2, 3))
    raw = RANDOM.normal(size=(4, 2, 3))
    x = (RANDOM.random((4, 2, 3)) < 0.5).astype(np.float32)
    expected = macro(raw.reshape(-1, 3), x.reshape(-1, 3))
    np.testing.assert_allclose(-score(head, raw[..., None], x), expected, rtol=1e-5)


def test_a_loss_that_couples_the_batch_is_one_number_for_all_of_it():
    head = SoftF1Loss((3,))
    features = RANDOM.normal(size=(2, 6, 5)).astype(np.float32)
    variables = head.init(jax.random.key(0), features)
    loss = head.apply(variables, features, LABELS, method="reconstruction_loss")
    assert loss.shape == (2, 6)
    assert (loss == loss[:, :1]).all()
    with pytest.raises(ValueError, match="SoftF1Loss is a loss.*such as Bernoulli"):
        head.apply(variables, features, LABELS, method="log_prob")


def test_weights_of_another_shape_say_both_shapes():
    with pytest.raises(InputError, match=r"event_shape \(2,\), got shape \(3,\)"):
        WeightedBinaryCrossEntropy((2,), element_weights=(1.0, 1.0, 1.0))
