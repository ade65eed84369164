"""Posterior of categorical variables with straight-through gradients."""

from collections.abc import Mapping
from typing import ClassVar

from jax import Array

from vaex.distributions.categorical_vectors import (
    CategoricalVectors,
    straight_through_categoricals,
)
from vaex.posteriors._categories import CategoricalPosterior, check_temperature


class StraightThroughCategorical(CategoricalPosterior):
    """q(z|x) of `Categorical`, whose samples pass the gradient of something smooth.

    A sample is one-hot; its derivative is that of softmax(logits) or, with a
    temperature t, of the Gumbel-softmax sample at the same noise. Values (the ELBO,
    its closed-form KL, importance weights) are those of the discrete model exactly;
    gradients through samples are biased, and so are all estimators made of them.

    Attributes:
      latent_dim: L = V C; leave it out.
      min_scale: of no effect, there is no scale.
      num_variables: V.
      num_categories: C, of each variable.
      temperature: t, or None for the gradient of the probabilities; the traced
        setting "temperature" stands in for it where a caller gives one, as
        objective.temperature does in training.

    Source: Bengio, Leonard, Courville, "Estimating or Propagating Gradients Through
      Stochastic Neurons for Conditional Computation", 2013,
      https://arxiv.org/abs/1308.3432; with a temperature: Jang, Gu, Poole,
      "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017,
      https://arxiv.org/abs/1611.01144.

    >>> import jax, jax.numpy as jnp
    >>> posterior = StraightThroughCategorical(num_variables=3, num_categories=4)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, float(q.sample(seed=jax.random.key(1)).sum())
    ((12,), 6.0)
    """

    temperature: float | None = None

    traced_settings: ClassVar[tuple[str, ...]] = ("temperature",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.temperature is not None:
            check_temperature(self.temperature)

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> CategoricalVectors:
        """Of logits [..., V, C]."""
        temperature = settings.get("temperature", self.temperature)
        return straight_through_categoricals(raw, temperature)
