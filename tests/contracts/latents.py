"""Posteriors and priors, with parameters, as their contracts are tested."""

import functools
from typing import Any, NamedTuple

import distrax
import jax
import jax.numpy as jnp
import numpy as np

import vaex.posteriors
import vaex.priors
from tests.contracts.discovery import classes
from vaex.distributions.categorical_vectors import (
    one_hot_categoricals,
    relaxed_categoricals,
)
from vaex.distributions.spherical_uniform import SphericalUniform
from vaex.posteriors.base import Posterior
from vaex.priors.base import Prior

B, LATENT, FEATURES = 3, 2, 5

POSTERIORS = classes(vaex.posteriors, Posterior)
PRIORS = classes(vaex.priors, Prior)


class Setup(NamedTuple):
    module: Any
    variables: dict


def encode(x):
    """A posterior of pseudo-inputs [K, *I], for priors that ask for one."""
    flat = x.reshape(len(x), -1)
    loc = jnp.resize(flat, (len(x), LATENT)) + jnp.arange(LATENT)
    return distrax.Independent(distrax.Normal(loc, 0.5 + jnp.abs(loc)), 1)


def example(kind: type, **arguments: Any) -> Any:
    """By the class's own `example(latent_dim)`, else by its defaults."""
    if hasattr(kind, "example"):
        return kind.example(LATENT)
    return kind(latent_dim=LATENT, **arguments)


def _filled(module: Any, *arguments: Any) -> Setup:
    generator = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), *arguments))
    variables = jax.tree.map(
        lambda leaf: (0.4 * generator.normal(size=leaf.shape)).astype(leaf.dtype),
        shapes,
    )
    return Setup(module, variables)


def standard(kind: type) -> Any:
    """The plainest distribution where the parts of a class live."""
    if "sphere" in kind.space:
        return SphericalUniform(LATENT)
    if "one-hot" in kind.space:
        return one_hot_categoricals(jnp.zeros((1, LATENT)))
    if "simplex" in kind.space:  # at temperature 1 and L = 2, uniform
        return relaxed_categoricals(jnp.zeros((1, LATENT)), 1.0)
    return distrax.Independent(distrax.Normal(jnp.zeros(LATENT), jnp.ones(LATENT)), 1)


@functools.cache
def posterior(kind: type) -> Setup:
    return _filled(example(kind), jnp.zeros((B, FEATURES)))


@functools.cache
def prior(kind: type) -> Setup:
    return _filled(example(kind), encode)


@functools.cache
def features() -> np.ndarray:
    """[B, F]."""
    return np.random.default_rng(1).normal(size=(B, FEATURES)).astype(np.float32)


def off_sum(log_prob: Any) -> np.ndarray:
    """Largest mixed difference of a log-density [L]: 0 where it is a sum over z_l.

    f(z + a + b) - f(z + a) - f(z + b) + f(z), steps a and b in two dimensions.
    """
    z = np.random.default_rng(2).normal(size=(20, LATENT)).astype(np.float32)
    a, b = np.eye(LATENT, dtype=np.float32)[:2]
    parts = [log_prob(z + shift) for shift in (a + b, a, b, 0 * a)]
    return np.abs(parts[0] - parts[1] - parts[2] + parts[3]).max()
