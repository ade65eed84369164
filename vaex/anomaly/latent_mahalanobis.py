"""How far a row's code lies from those of the training data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError


@dataclass(frozen=True)
class _LatentMean(Score):
    """No score: the mean of q(z|x), [L], as the attribution of a value of 0.

    >>> _LatentMean().is_random
    False
    """

    name = "mahalanobis"
    is_random = False

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """0, and the mean."""
        return Draws(jnp.zeros(1), example.latent_mean(key)[None])


@dataclass(frozen=True, eq=False)
class LatentMahalanobis(Score):
    """(m(x) - mu)' Sigma^-1 (m(x) - mu) / 2, with m(x) the mean of q(z|x).

    mu and Sigma are mean and covariance of m over the training data. In nats: up to a
    constant it is minus the log-density of N(mu, Sigma) at m(x); sqrt(2 value) is
    Mahalanobis' distance. Nothing is drawn.

    Hazards: blind to whatever the encoder does not tell apart, and to directions in
    which training codes do not vary (they are left out). Not for codes on a sphere.

    Attributes:
      center: [L] mu, set by `fit`.
      whitener: [L, R], W with W W' = Sigma^-1 on the R directions that vary.

    Source: Mahalanobis, "On the generalised distance in statistics", Proceedings of the
      National Institute of Sciences of India 2, 1936; on codes of deep networks: Lee,
      Lee, Lee, Shin, "A Simple Unified Framework for Detecting Out-of-Distribution
      Samples and Adversarial Attacks", NeurIPS 2018, https://arxiv.org/abs/1807.03888.

    >>> LatentMahalanobis().is_fitted
    False
    """

    center: np.ndarray | None = None
    whitener: np.ndarray | None = None

    name = "mahalanobis"
    is_random = False
    needs_fit = True

    @property
    def is_fitted(self) -> bool:
        """Whether `center` and `whitener` are there."""
        return self.center is not None

    def fit(
        self,
        model: Any,
        variables: Any,
        preparation: Any,
        rows: Mapping[str, np.ndarray],
        *,
        seed: int = 0,
    ) -> Self:
        """With mean and covariance of the codes of training rows."""
        scorer = Scorer(model, variables, preparation, _LatentMean(), seed=seed)
        codes = scorer(rows).attribution
        assert codes is not None
        if len(codes) < 2:
            raise InputError(
                f"rows must be two at least, to have a covariance, got {len(codes)}"
            )
        center = codes.mean(0, dtype=np.float64)
        covariance = np.atleast_2d(np.cov(codes.T.astype(np.float64)))
        variance, directions = np.linalg.eigh(covariance)
        # Codes are float32: below this a direction is their rounding.
        rounding = (np.finfo(np.float32).eps * np.abs(codes).max()) ** 2
        varies = variance > max(1e-10 * variance.max(), rounding)
        whitener = directions[:, varies] / np.sqrt(variance[varies])
        return replace(
            self,
            center=center.astype(np.float32),
            whitener=whitener.astype(np.float32),
        )

    def arrays(self) -> Any:
        """Center and whitener."""
        return {"center": self.center, "whitener": self.whitener}

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Half the squared distance."""
        given = example.arrays
        white = (example.latent_mean(key) - given["center"]) @ given["whitener"]
        return Draws(0.5 * (white**2).sum()[None])
