"""A linear-Gaussian model with two layers as a TwoLayerVAE: everything in closed form.

z2 ~ N(0, I), z1 = A z2 + a + s1 noise, x = B z1 + b + s noise, and
q(z1|x) = N(M x + m, C1), q(z2|z1) = N(F z1 + f, C2), exact unless told otherwise. In
float64, by dense matrices, from the definitions.
"""

import copy
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy import stats

from tests.oracles.ppca import inverse_softplus
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian
from vaex.models.two_layer_vae import TwoLayerVAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.full_covariance_gaussian import FullCovarianceGaussian
from vaex.priors.standard_gaussian import StandardGaussian

EVENT, LOWER, UPPER = 5, 3, 2
A = np.array([[1.0, 0.3], [-0.4, 0.9], [0.5, 0.5]])
LOC1, SCALE1 = np.array([0.2, -0.1, 0.4]), np.array([0.6, 0.8, 0.5])
B = np.random.default_rng(5).normal(size=(EVENT, LOWER))
LOC, SCALE = np.random.default_rng(6).normal(size=EVENT), 0.7
COVARIANCE1 = A @ A.T + np.diag(SCALE1**2)


class Oracle(NamedTuple):
    model: TwoLayerVAE
    variables: dict[str, Any]
    x: np.ndarray
    log_px: np.ndarray
    """[N] exact log p(x)."""


class Bound(NamedTuple):
    """Exact parts of the ELBO, [N] nats each."""

    distortion: np.ndarray
    rate1: np.ndarray
    rate2: np.ndarray

    @property
    def elbo(self) -> np.ndarray:
        return -(self.distortion + self.rate1 + self.rate2)


def raw_gaussian(kernel, bias, factor) -> dict[str, np.ndarray]:
    """Projection of a FullCovarianceGaussian: mean kernel' h + bias, root `factor`."""
    size = len(bias)
    below = factor[np.tril_indices(size, -1)]
    diagonal = inverse_softplus(np.diag(factor) - 1e-4)
    zeros = np.zeros((len(kernel), size + len(below)))
    return {
        "kernel": np.concatenate([kernel, zeros], 1),
        "bias": np.concatenate([bias, diagonal, below]),
    }


def gaussian_of(projection, size) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel [F, L], bias [L] and covariance [L, L] of such a projection."""
    bias = np.asarray(projection["bias"], np.float64)
    root = np.diag(np.logaddexp(0.0, bias[size : 2 * size]) + 1e-4)
    root[np.tril_indices(size, -1)] = bias[2 * size :]
    kernel = np.asarray(projection["kernel"], np.float64)[:, :size]
    return kernel, bias[:size], root @ root.T


def linear_two_layers(shift: float = 0.0, stretch: float = 1.0) -> Oracle:
    """The oracle; a shift or a stretch of both posteriors makes them wrong."""
    generator = np.random.default_rng(0)
    covariance = B @ COVARIANCE1 @ B.T + SCALE**2 * np.eye(EVENT)
    marginal = stats.multivariate_normal(LOC + B @ LOC1, covariance)
    x = marginal.rvs(16, generator)
    gain1 = COVARIANCE1 @ B.T @ np.linalg.inv(covariance)
    root1 = np.linalg.cholesky(COVARIANCE1 - gain1 @ B @ COVARIANCE1)
    gain2 = A.T @ np.linalg.inv(COVARIANCE1)
    root2 = np.linalg.cholesky(np.eye(UPPER) - gain2 @ A)
    offset1 = LOC1 - gain1 @ (LOC + B @ LOC1) + shift
    lower = raw_gaussian(gain1.T, offset1, stretch * root1)
    upper = raw_gaussian(gain2.T + shift / 2, -gain2 @ LOC1 - shift, stretch * root2)
    scale1 = inverse_softplus(SCALE1 - 1e-4)
    bias1 = np.stack([LOC1, scale1], -1).reshape(-1)
    kernel1 = np.stack([A.T, np.zeros_like(A.T)], -1).reshape(UPPER, -1)
    params = {
        "lower_posterior": {"projection": lower},
        "posterior": {"projection": upper},
        "conditional_prior": {"projection": {"kernel": kernel1, "bias": bias1}},
        "likelihood": {
            "projection": {"kernel": B.T, "bias": LOC},
            "raw_scale": inverse_softplus(np.array(SCALE - 1e-3)),
        },
    }
    model = TwoLayerVAE(
        encoder=MLPEncoder(hidden=()),
        lower_posterior=FullCovarianceGaussian(LOWER),
        upper_encoder=MLPDecoder(hidden=()),
        posterior=FullCovarianceGaussian(UPPER),
        prior=StandardGaussian(UPPER),
        upper_decoder=MLPDecoder(hidden=()),
        conditional_prior=DiagonalGaussian(LOWER),
        decoder=MLPDecoder(hidden=()),
        likelihood=SharedScaleGaussian(event_shape=(EVENT,)),
    )
    variables = {"params": _float32(params)}
    return Oracle(model, variables, x.astype(np.float32), marginal.logpdf(x))


def exact_bound(params: Any, x: np.ndarray) -> Bound:
    """The ELBO's parts at these posteriors, by moments of the joint q(z1, z2|x)."""
    kernel1, bias1, cov1 = gaussian_of(params["lower_posterior"]["projection"], LOWER)
    kernel2, bias2, cov2 = gaussian_of(params["posterior"]["projection"], UPPER)
    f = kernel2.T
    mean1 = np.asarray(x, np.float64) @ kernel1 + bias1
    mean2 = mean1 @ f.T + bias2
    residual = x - LOC - mean1 @ B.T
    spread = np.trace(B @ cov1 @ B.T)
    log_2pi = np.log(2.0 * np.pi)
    squares = (np.square(residual).sum(1) + spread) / SCALE**2
    distortion = 0.5 * (squares + EVENT * (log_2pi + 2.0 * np.log(SCALE)))
    # z1 - A z2 - a under q, where z2 = F z1 + f + noise.
    left = np.eye(LOWER) - A @ f
    away = mean1 - mean2 @ A.T - LOC1
    variance = np.diag(left @ cov1 @ left.T + A @ cov2 @ A.T)
    cross = 0.5 * ((np.square(away) + variance) / SCALE1**2).sum(1)
    cross += np.log(SCALE1).sum() + 0.5 * LOWER * log_2pi
    entropy = 0.5 * (np.linalg.slogdet(cov1)[1] + LOWER * (1.0 + log_2pi))
    second = np.square(mean2).sum(1) + np.trace(f @ cov1 @ f.T) + np.trace(cov2)
    rate2 = 0.5 * (second - UPPER - np.linalg.slogdet(cov2)[1])
    return Bound(distortion, cross - entropy, rate2)


def exact_slope(params: Any, x: np.ndarray, part: str, leaf: str) -> np.ndarray:
    """Minus d mean ELBO / d a projection's kernel or bias, by central differences."""
    values = np.asarray(params[part]["projection"][leaf], np.float64)
    slope = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        sides = []
        for step in (1e-5, -1e-5):
            moved = copy.deepcopy(params)
            changed = values.copy()
            changed[index] += step
            moved[part]["projection"][leaf] = changed
            sides.append(-exact_bound(moved, x).elbo.mean())
        slope[index] = (sides[0] - sides[1]) / 2e-5
    return slope


def _float32(tree):
    if isinstance(tree, dict):
        return {k: _float32(v) for k, v in tree.items()}
    return jnp.asarray(tree, jnp.float32)
