"""The scale of a training step, and the stored one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.likelihoods.fixed_scale_gaussian import FixedScaleGaussian
from vaex.likelihoods.optimal_sigma_gaussian import OptimalSigmaGaussian

S, B, D, FEATURES = 2, 4, 3, 5
HEAD = OptimalSigmaGaussian(event_shape=(D,))
RANDOM = np.random.default_rng(0)
FEATURE_VALUES = RANDOM.normal(size=(S, B, FEATURES)).astype(np.float32)
X = RANDOM.normal(2.0, 3.0, (B, D)).astype(np.float32)
MASK = np.arange(B * D).reshape(B, D) % 3 != 1


def started():
    return HEAD.init(jax.random.key(0), FEATURE_VALUES)


def step(mask=None, x=X, min_scale=1e-3):
    head = OptimalSigmaGaussian((D,), min_scale)
    return head.apply(
        started(),
        FEATURE_VALUES,
        x,
        mask,
        train=True,
        method="log_prob",
        mutable=["calibration"],
    )


def squared_errors():
    return np.square(X - np.asarray(HEAD.apply(started(), FEATURE_VALUES).mean()))


def test_a_training_step_has_the_batchs_own_scale_and_stores_it():
    log_prob, updated = step()
    variance = squared_errors().mean()
    np.testing.assert_allclose(updated["calibration"]["variance"], variance, rtol=1e-5)
    # The best a shared scale can do: -D/2 (log(2 pi sigma^2) + 1) on average.
    best = -D / 2 * (np.log(2 * np.pi * variance) + 1)
    np.testing.assert_allclose(log_prob.mean(), best, rtol=1e-5)
    assert started()["calibration"]["variance"] == 1.0


def test_hidden_cells_are_left_out_of_the_scale():
    hidden = np.where(MASK, X, np.nan)
    log_prob, updated = step(MASK, hidden)
    seen = np.broadcast_to(MASK, (S, B, D))
    variance = squared_errors()[seen].mean()
    np.testing.assert_allclose(updated["calibration"]["variance"], variance, rtol=1e-5)
    loc = np.asarray(HEAD.apply(started(), FEATURE_VALUES).mean())
    cells = stats.norm(loc, np.sqrt(variance)).logpdf(X)
    expected = np.where(MASK, cells, 0.0).sum(-1)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
    nothing, updated = step(np.zeros_like(MASK))
    assert (nothing == 0).all()
    assert np.isfinite(updated["calibration"]["variance"])


def test_the_scale_has_a_lower_bound():
    x = np.asarray(HEAD.apply(started(), FEATURE_VALUES[:1]).mean())[0]
    log_prob, _ = HEAD.apply(
        started(),
        FEATURE_VALUES[:1],
        x,
        train=True,
        method="log_prob",
        mutable=["calibration"],
    )
    expected = D * stats.norm(0, 1e-3).logpdf(0)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


@pytest.mark.slow
def test_the_gradient_is_that_at_the_fixed_best_scale():
    """The envelope theorem: at its maximum the scale has no first-order effect."""
    params = started()["params"]

    def loss(params, head, variables):
        value, _ = head.apply(
            {"params": params, **variables},
            FEATURE_VALUES,
            X,
            train=True,
            method="log_prob",
            mutable=["calibration"],
        )
        return value.mean()

    scale = float(np.sqrt(squared_errors().mean()))
    fixed = FixedScaleGaussian((D,), scale=scale)
    calibration = {"calibration": started()["calibration"]}
    actual = jax.grad(loss)(params, HEAD, calibration)
    expected = jax.grad(loss)(params, fixed, {})
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        actual,
        expected,
    )


def test_elsewhere_the_stored_scale_counts():
    variables = started() | {"calibration": {"variance": jnp.float32(4.0)}}
    loc = np.asarray(HEAD.apply(variables, FEATURE_VALUES).mean())
    expected = stats.norm(loc, 2.0).logpdf(X).sum(-1)
    actual = HEAD.apply(variables, FEATURE_VALUES, X, method="log_prob")
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
