"""Gaussian vectors written in every way that distrax has."""

from functools import cache

import distrax
import jax.numpy as jnp
import numpy as np

B, L = 3, 4
FACTORISED = {"independent", "diag"}
KINDS = [*sorted(FACTORISED), "tri", "negative", "upper", "full"]


def normal(loc, scale):
    loc, scale = (jnp.asarray(x, jnp.float32) for x in (loc, scale))
    return distrax.Independent(distrax.Normal(loc, scale), 1)


@cache
def gaussian(kind, seed, *batch):
    """A Gaussian vector of this kind, its mean and covariance in float64."""
    rng = np.random.default_rng(seed)
    loc = rng.normal(size=(*batch, L)).astype(np.float32)
    scale = np.exp(0.3 * rng.normal(size=(*batch, L))).astype(np.float32)
    a = np.tril(0.3 * rng.normal(size=(*batch, L, L)), -1) + scale[..., None] * np.eye(
        L
    )
    a = a.astype(np.float32)
    tri = distrax.MultivariateNormalTri
    if kind in FACTORISED:
        a = scale[..., None] * np.eye(L, dtype=np.float32)
        vector = {"independent": normal, "diag": distrax.MultivariateNormalDiag}[kind]
        d = vector(jnp.array(loc), jnp.array(scale))
    elif kind == "tri":
        d = tri(jnp.array(loc), jnp.array(a))
    elif kind == "negative":  # a factor whose diagonal is not positive
        d = tri(jnp.array(loc), jnp.array(a * np.float32([1, -1, 1, -1])))
    elif kind == "upper":
        a = np.swapaxes(a, -1, -2)
        d = tri(jnp.array(loc), jnp.array(a), is_lower=False)
    else:
        covariance = jnp.array(a @ np.swapaxes(a, -1, -2))
        d = distrax.MultivariateNormalFullCovariance(jnp.array(loc), covariance)
    wide = a.astype(np.float64)
    return d, loc.astype(np.float64), wide @ np.swapaxes(wide, -1, -2)
