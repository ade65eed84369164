"""Gaussian likelihood with the scale that is best for the decoder as it is."""

from collections.abc import Mapping

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.likelihoods.base import Likelihood


class OptimalSigmaGaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, sigma^2), sigma^2 the mean squared error.

    In training sigma^2 is the maximum-likelihood value of the batch, the mean over
    samples, examples and elements of (x - loc)^2, and the gradient passes through
    it: no scale is learned, none has to be tuned. That of the last batch stands in
    the collection `calibration`; when training ends it is set by one pass over the
    training set. Everywhere but in a training step this number is used, so that
    `log_prob` is a density of x alone. In a training step each example's
    log-density depends on the others through sigma^2.

    Attributes:
      min_scale: lower bound of sigma, in units of the prepared data.

    Source: Rybkin, Daniilidis, Levine, "Simple and Effective VAE Training with
      Calibrated Decoders", ICML 2021, https://arxiv.org/abs/2006.13202: the optimal
      sigma-VAE. Storing sigma for evaluation is ours.

    >>> head = OptimalSigmaGaussian(event_shape=(3,))
    >>> features, x = jnp.zeros((2, 4)), jnp.ones((2, 3))
    >>> variables = head.init(jax.random.key(0), features)
    >>> log_prob, updated = head.apply(
    ...     variables, features, x, train=True, method="log_prob",
    ...     mutable=["calibration"],
    ... )
    >>> updated["calibration"]["variance"].tolist()
    1.0
    """

    is_calibrated = True

    def distribution(self, loc: Array) -> distrax.Normal:
        """Normal with this location and the stored scale."""
        stored = self.variable("calibration", "variance", jnp.ones, ()).value
        return self._normal(loc, stored)

    def score(
        self, elements: distrax.Normal, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """With the batch's own scale in a training step."""
        if not train:
            return jnp.asarray(elements.log_prob(x))
        seen = jnp.ones(x.shape, bool) if mask is None else mask
        totals = self.calibration_totals(elements, x, seen)
        variance = totals["squared"].sum() / jnp.maximum(totals["count"].sum(), 1.0)
        if self.is_mutable_collection("calibration") and not self.is_initializing():
            stored = jax.lax.stop_gradient(variance)
            self.put_variable("calibration", "variance", stored)
        best = self._normal(jnp.asarray(elements.loc), variance)
        return jnp.asarray(best.log_prob(x))

    def calibration_totals(
        self, elements: distrax.Normal, x: Array, mask: Array
    ) -> dict[str, Array]:
        """Sum of squared errors of each example, and how many there are."""
        event = tuple(range(-len(self.event_shape), 0))
        squared = jnp.where(mask, jnp.square(x - elements.loc), 0.0)
        count = jnp.broadcast_to(mask, squared.shape).astype(squared.dtype)
        return {"squared": squared.sum(event), "count": count.sum(event)}

    def calibration_values(self, totals: Mapping[str, Array]) -> dict[str, Array]:
        """sigma^2 over all that was seen."""
        count = jnp.maximum(jnp.asarray(totals["count"]), 1.0)
        return {"variance": jnp.float32(totals["squared"] / count)}

    def _normal(self, loc: Array, variance: Array) -> distrax.Normal:
        floor = jnp.maximum(variance, self.min_scale**2)
        return distrax.Normal(loc, jnp.broadcast_to(jnp.sqrt(floor), loc.shape))
