"""Probabilistic PCA as a VAE: every density in closed form.

x = W z + mean + scale * noise with z ~ N(0, I). W has orthogonal columns, so that the
exact posterior N(z; M^-1 W' (x - mean), scale^2 M^-1), M = W'W + scale^2 I, is diagonal
and the VAE below can hold it. Source: Tipping, Bishop, JRSS B 61, 1999.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy import stats

from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian

EVENT, LATENT = 6, 3


class Oracle(NamedTuple):
    model: VAE
    variables: dict
    x: np.ndarray
    log_px: np.ndarray
    """[N] exact log p(x)."""
    kl: np.ndarray
    """[N, L] exact KL(q(z|x) || p(z)) by latent dimension."""


def inverse_softplus(y: np.ndarray) -> np.ndarray:
    return np.log(np.expm1(y))


def ppca(posterior_shift: float = 0.0, posterior_stretch: float = 1.0) -> Oracle:
    """The oracle; a shift (in units of the scale) or stretch makes q(z|x) wrong."""
    generator = np.random.default_rng(0)
    basis = np.linalg.qr(generator.normal(size=(EVENT, LATENT)))[0]
    weights = basis * np.array([2.0, 1.0, 0.5])  # [E, L], orthogonal columns
    mean, scale = generator.normal(size=EVENT), 0.4
    z = generator.normal(size=(64, LATENT))
    x = z @ weights.T + mean + scale * generator.normal(size=(64, EVENT))
    covariance = weights @ weights.T + scale**2 * np.eye(EVENT)
    log_px = stats.multivariate_normal(mean, covariance).logpdf(x)
    inverse = 1.0 / (np.diag(weights.T @ weights) + scale**2)  # diagonal of M^-1
    encode = weights * inverse  # [E, L]
    q_scale = scale * np.sqrt(inverse) * posterior_stretch
    q_loc = (x - mean) @ encode + posterior_shift * q_scale
    kl = 0.5 * (q_loc**2 + q_scale**2 - 1.0) - np.log(q_scale)
    kernel = np.stack([encode, np.zeros_like(encode)], -1).reshape(EVENT, -1)
    raw_scale = inverse_softplus(q_scale - 1e-4)
    bias = np.stack([-mean @ encode + posterior_shift * q_scale, raw_scale], -1)
    params = {
        "posterior": {"projection": {"kernel": kernel, "bias": bias.reshape(-1)}},
        "likelihood": {
            "projection": {"kernel": weights.T, "bias": mean},
            "raw_scale": inverse_softplus(np.array(scale - 1e-3)),
        },
    }
    model = VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=DiagonalGaussian(LATENT),
        prior=StandardGaussian(LATENT),
        decoder=MLPDecoder(hidden=()),
        likelihood=SharedScaleGaussian(event_shape=(EVENT,)),
    )
    params = {k: _float32(v) for k, v in params.items()}
    return Oracle(model, {"params": params}, x.astype(np.float32), log_px, kl)


def _float32(tree):
    if isinstance(tree, dict):
        return {k: _float32(v) for k, v in tree.items()}
    return jnp.asarray(tree, jnp.float32)
