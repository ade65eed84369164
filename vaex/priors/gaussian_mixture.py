"""Mixture of learned diagonal Gaussians as a prior."""

import math
from collections.abc import Callable
from typing import Any

import distrax
import flax.linen as nn
from jax import Array

from vaex.errors import InputError
from vaex.numerics import positive
from vaex.priors.base import Prior


class GaussianMixture(Prior):
    """p(z) = sum_k w_k prod_l N(z_l; loc_kl, scale_kl^2), all of it learned.

    Starts with equal weights, unit scales, and means drawn from N(0, spread^2):
    components that start alike would stay alike.

    Attributes:
      latent_dim: L.
      num_components: K.
      spread: standard deviation of the means at the start, in units of z.
      min_scale: lower bound of every scale, which is min_scale + softplus(raw).

    Numerics: by log-sum-exp over components; a weight that vanishes takes no
      probability with it. A component may shrink onto a few codes: min_scale bounds
      what that gains.

    Source: Dilokthanakul et al., "Deep Unsupervised Clustering with Gaussian Mixture
      Variational Autoencoders", 2016, https://arxiv.org/abs/1611.02648, and as the
      baseline "MoG" in Tomczak, Welling, "VAE with a VampPrior", AISTATS 2018,
      https://arxiv.org/abs/1705.07120; here the component is summed out, as in the
      latter, and the weights are learned.

    >>> import jax, jax.numpy as jnp
    >>> prior = GaussianMixture(latent_dim=2, num_components=3)
    >>> p = prior.apply(prior.init(jax.random.key(0), None), None)
    >>> p.event_shape, p.batch_shape
    ((2,), ())
    """

    num_components: int = 10
    spread: float = 1.0
    min_scale: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_components < 1:
            raise InputError(
                f"num_components must be at least 1, got {self.num_components}"
            )
        if not self.spread > 0:
            raise InputError(
                f"spread must be above 0, got {self.spread}; components that start "
                "alike stay alike"
            )
        if not 0 < self.min_scale < 1:
            raise InputError(
                "min_scale must lie between 0 and 1, where scales start, got "
                f"{self.min_scale}"
            )

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> distrax.MixtureSameFamily:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        shape = (self.num_components, self.latent_dim)
        one = nn.initializers.constant(math.log(math.expm1(1.0 - self.min_scale)))
        loc = self.param("loc", nn.initializers.normal(self.spread), shape)
        scale = positive(self.param("raw_scale", one, shape), self.min_scale)
        logits = self.param("logits", nn.initializers.zeros, shape[:1])
        components = distrax.Independent(distrax.Normal(loc, scale), 1)
        return distrax.MixtureSameFamily(distrax.Categorical(logits), components)
