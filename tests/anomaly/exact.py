"""What every score is in closed form, in a linear model with Gaussian noise.

q(z|x) = N(m, s^2) is shifted and stretched from the true posterior, so that no score is
exact by luck. Formulas are written from the definitions, in float64.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import erf

from tests.oracles.ppca import Oracle, ppca

FLOORS = (1e-4, 1e-3)  # of the posterior's and of the head's scale


class Linear(NamedTuple):
    """The oracle's numbers: x = W z + b + noise, and q(z|x) of rows x."""

    weights: np.ndarray
    bias: np.ndarray
    noise: float
    mean: np.ndarray
    """[N, L]."""
    scale: np.ndarray
    """[L]."""


@functools.cache
def model() -> Oracle:
    return ppca(0.3, 1.3)


@functools.cache
def rows(count: int = 600) -> np.ndarray:
    """Rows of the model itself, [N, E] float32."""
    oracle, generator = model(), np.random.default_rng(5)
    linear = numbers(oracle.variables, oracle.x)
    z = generator.normal(size=(count, linear.weights.shape[1]))
    noise = generator.normal(size=(count, len(linear.bias)))
    return (z @ linear.weights.T + linear.bias + linear.noise * noise).astype("f4")


def numbers(variables: dict, x: np.ndarray) -> Linear:
    """Read off the variables, as the model has them."""
    head = variables["params"]["likelihood"]
    q = variables["params"]["posterior"]["projection"]
    kernel, bias = (np.asarray(q[name], np.float64) for name in ("kernel", "bias"))
    softplus = [
        floor + np.logaddexp(0.0, np.asarray(raw, np.float64))
        for floor, raw in zip(FLOORS, (bias[1::2], head["raw_scale"]), strict=True)
    ]
    return Linear(
        np.asarray(head["projection"]["kernel"], np.float64).T,
        np.asarray(head["projection"]["bias"], np.float64),
        float(softplus[1]),
        x @ kernel[:, ::2] + bias[::2],
        softplus[0],
    )


def residuals(variables: dict, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean [N, E] and variance [E] of x - W z - b under q, and the noise."""
    linear = numbers(variables, x)
    mean = x - linear.bias - linear.mean @ linear.weights.T
    return mean, (linear.weights**2) @ linear.scale**2, linear.noise


def reconstruction(variables: dict, x: np.ndarray) -> np.ndarray:
    """-E_q log p(x_d|z), [N, E]."""
    mean, variance, noise = residuals(variables, x)
    squares = mean**2 + variance
    return 0.5 * np.log(2 * np.pi * noise**2) + squares / (2 * noise**2)


def elbo(variables: dict, x: np.ndarray) -> np.ndarray:
    linear = numbers(variables, x)
    kl = 0.5 * (linear.mean**2 + linear.scale**2 - 1) - np.log(linear.scale)
    return reconstruction(variables, x).sum(1) + kl.sum(1)


def log_mean_density(variables: dict, x: np.ndarray) -> np.ndarray:
    """N(x; W m + b, W S W' + noise^2)."""
    linear = numbers(variables, x)
    mean, _, noise = residuals(variables, x)
    size = len(linear.bias)
    spread = linear.weights * linear.scale
    covariance = spread @ spread.T + noise**2 * np.eye(size)
    return -stats.multivariate_normal(np.zeros(size), covariance).logpdf(mean)


def log_marginal(variables: dict, x: np.ndarray) -> np.ndarray:
    linear = numbers(variables, x)
    size = len(linear.bias)
    covariance = linear.weights @ linear.weights.T + linear.noise**2 * np.eye(size)
    return -stats.multivariate_normal(linear.bias, covariance).logpdf(x)


def squared_error(variables: dict, x: np.ndarray) -> np.ndarray:
    mean, variance, _ = residuals(variables, x)
    return (mean**2 + variance) / x.shape[1]


def absolute_error(variables: dict, x: np.ndarray) -> np.ndarray:
    """Means of folded normal distributions."""
    mean, variance, _ = residuals(variables, x)
    scale = np.sqrt(variance)
    folded = scale * np.sqrt(2 / np.pi) * np.exp(-(mean**2) / (2 * variance))
    folded += mean * erf(mean / (scale * np.sqrt(2)))
    return folded / x.shape[1]
