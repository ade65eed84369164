"""Mean gradients of a model with two layers, by estimator, where they are known.

Linear-Gaussian, with both posteriors wrong: for one sample the gradient of the ELBO is
known exactly, for more the estimators must agree among themselves.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.test_vae_split import bound, surrogate
from tests.oracles.linear_two_layers import exact_slope, linear_two_layers
from vaex.bounds import estimators

pytestmark = pytest.mark.slow

DRAWS, ROWS = 3000, 8
LAYERS = [
    (part, leaf)
    for part in ("lower_posterior", "posterior")
    for leaf in ("kernel", "bias")
]


@functools.cache
def found(names, num_samples, shift=0.3, stretch=1.3):
    """Name -> gradients [DRAWS, ...] of minus the bound, in one program.

    "bound" is automatic differentiation of the importance-weighted bound.
    """
    oracle = linear_two_layers(shift, stretch)
    batch = {"x": jnp.asarray(oracle.x[:ROWS])}

    def loss(params, key, name):
        terms = oracle.model.apply(
            {"params": params},
            batch,
            num_samples=num_samples,
            train=True,
            split=name != "bound",
            rngs={"sample": key},
            method="terms",
        )
        if name == "bound":
            return bound(terms)
        return surrogate(terms, getattr(estimators, name))

    @quick_jit
    def everything(params, keys):
        def one(key):
            return {name: jax.grad(loss)(params, key, name) for name in names}

        return jax.lax.map(one, keys, batch_size=50)

    keys = jax.random.split(jax.random.key(2), DRAWS)
    return jax.device_get(everything(oracle.variables["params"], keys))


def leaf_of(gradient, part, leaf):
    return gradient[part]["projection"][leaf].astype(np.float64)


def z_scores(samples, expected):
    """Of the entries that vary: a mean does not depend on some raw numbers at all."""
    error = samples.std(0, ddof=1) / np.sqrt(len(samples))
    away = np.abs(samples.mean(0) - expected)
    return np.where(error > 0, away / np.where(error > 0, error, 1.0), away > 1e-5)


ONE = ("bound", "sticking_the_landing", "doubly_reparameterised")


@pytest.mark.parametrize("name", ONE)
def test_one_sample_gives_the_gradient_of_the_exact_bound(name):
    oracle = linear_two_layers(0.3, 1.3)
    params = jax.device_get(oracle.variables["params"])
    gradient = found(ONE, 1)[name]
    for part, leaf in LAYERS:
        size = 3 if part == "lower_posterior" else 2
        exact = exact_slope(params, oracle.x[:ROWS], part, leaf)
        samples = leaf_of(gradient, part, leaf)
        # The oracle's slopes are those of means and constant covariances: a kernel's
        # columns for the raw covariance are left out.
        exact, samples = (
            (exact[:, :size], samples[..., :size])
            if leaf == "kernel"
            else (exact, samples)
        )
        # The largest of 30 standard normals stays below 4.5 with probability 0.9998.
        assert z_scores(samples, exact).max() < 4.5, (part, leaf)
        assert z_scores(samples, 0.0).max() > 10, (part, leaf)


MANY = ("bound", "sticking_the_landing", "doubly_reparameterised", "vimco")


@pytest.mark.parametrize("name", ["doubly_reparameterised", "vimco"])
def test_more_samples_agree_with_the_bounds_own_gradient(name):
    whole, other = (found(MANY, 4)[n] for n in ("bound", name))
    for part, leaf in LAYERS:
        difference = leaf_of(other, part, leaf) - leaf_of(whole, part, leaf)
        assert difference.std() > 1e-3
        assert z_scores(difference, 0.0).max() < 4.5, (part, leaf)


def test_sticking_the_landing_is_biased_for_more_samples():
    whole, other = (found(MANY, 4)[n] for n in ("bound", "sticking_the_landing"))
    difference = leaf_of(other, "posterior", "bias") - leaf_of(
        whole, "posterior", "bias"
    )
    assert z_scores(difference, 0.0).max() > 10


def test_the_generative_gradient_is_the_bounds_own():
    gradients = found(MANY, 4)
    for part in ("likelihood", "conditional_prior"):
        for name in ("doubly_reparameterised", "vimco"):
            jax.tree.map(
                # Sums of terms of order 100, in float32.
                lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3),
                gradients[name][part],
                gradients["bound"][part],
            )


def test_the_path_vanishes_at_the_exact_posterior():
    gradient = found(("bound", "doubly_reparameterised"), 4, 0.0, 1.0)
    for part, leaf in LAYERS:
        path = leaf_of(gradient["doubly_reparameterised"], part, leaf)
        np.testing.assert_allclose(path, 0.0, atol=2e-4)
        assert np.abs(leaf_of(gradient["bound"], part, leaf)).max() > 0.1


def test_a_slope_without_the_way_through_the_upper_layer_would_be_found(monkeypatch):
    """What z1 moves through q(z2|z1), left out: the test of one sample tells."""
    from vaex.models import _two_layer_split

    lifted = _two_layer_split.lifted_vjp

    def blocked(module, function, z):
        value, backward, aux = lifted(module, function, z)
        if not isinstance(value, tuple):
            return value, backward, aux
        return value, lambda c: (jnp.zeros_like(z[0]), backward(c)[1]), aux

    monkeypatch.setattr(_two_layer_split, "lifted_vjp", blocked)
    oracle = linear_two_layers(0.3, 1.3)
    gradient = found.__wrapped__(("doubly_reparameterised",), 1)
    exact = exact_slope(
        jax.device_get(oracle.variables["params"]),
        oracle.x[:ROWS],
        "lower_posterior",
        "bias",
    )
    samples = leaf_of(gradient["doubly_reparameterised"], "lower_posterior", "bias")
    assert z_scores(samples, exact).max() > 10
