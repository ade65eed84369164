"""Penalties of sparse codes, against scipy."""

import functools

import flax.linen as nn
import jax
import numpy as np
import pytest
from scipy.special import expit, rel_entr

from tests.contracts.compiled import quick_jit
from tests.objectives.test_reconstruction import ORACLE, X, run
from vaex.objectives.reconstruction import autoencoder
from vaex.objectives.sparsity import (
    activity_divergence,
    kl_sparse_autoencoder,
    sparse_autoencoder,
)

PARAMS = ORACLE.variables["params"]


def exact(logits, rho):
    on = expit(logits.astype(np.float64)).mean(0)
    off = expit(-logits.astype(np.float64)).mean(0)
    return (rel_entr(rho, on) + rel_entr(1.0 - rho, off)).sum()


def test_the_divergence_is_scipys_also_of_units_that_are_off_throughout():
    random = np.random.default_rng(0)
    compiled = quick_jit(jax.value_and_grad(activity_divergence))
    for shift, rho in [(0.0, 0.05), (-30.0, 0.05), (60.0, 0.05), (0.0, 0.0)]:
        logits = (random.normal(size=(7, 3)) * 3.0 + shift).astype(np.float32)
        value, slope = compiled(logits, rho)
        assert float(value) == pytest.approx(exact(logits, rho), rel=1e-5)
        column = np.zeros_like(logits)
        column[:, 1] = 1e-3
        expected = exact(logits + column, rho) - exact(logits - column, rho)
        # The sums of the difference quotient are of float32 logits.
        assert float(slope[:, 1].sum()) == pytest.approx(expected / 2e-3, rel=1e-3)
        assert np.isfinite(slope).all()


@functools.cache
def samples():
    """[B, L] of the posterior, at the key that objectives are run with."""

    def call(model):
        return model.terms({"x": X}, num_samples=1, train=True).z

    rngs = {"sample": jax.random.key(1)}
    return np.asarray(nn.apply(call, ORACLE.model)(ORACLE.variables, rngs=rngs))[0]


@pytest.mark.parametrize(
    ("objective", "options", "expected"),
    [
        (sparse_autoencoder, {}, lambda z: np.abs(z).sum(-1).mean()),
        (kl_sparse_autoencoder, {"activity": 0.2}, lambda z: exact(z, 0.2)),
    ],
)
def test_the_penalty_is_added_with_its_weight(objective, options, expected):
    start, _ = run(autoencoder, PARAMS)
    loss, metrics = run(objective, PARAMS, weight=3.0, **options)
    penalty = expected(samples())
    assert float(metrics["sparsity"]) == pytest.approx(penalty, rel=1e-5)
    assert float(loss) == pytest.approx(float(start) + 3.0 * penalty, rel=1e-5)
