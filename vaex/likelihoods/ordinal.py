"""Ordinal likelihood on ordered classes."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.distributions.ordinal import Ordinal as OrdinalDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support


class Ordinal(Likelihood):
    """p(x|z) = prod_d P(x_d), with P(x_d <= k) = sigma(t_k - s_d): cumulative logits.

    On the integers 0, ..., K - 1 whose order means something but whose distances do
    not: grades and ratings. One raw number per element, the score s, predicted from z;
    the K - 1 thresholds t are learned and shared by all elements. They are ordered by
    construction: t_1 is free and each gap is min_scale + softplus(raw). At the start
    all classes are equally probable at s = 0.

    Attributes:
      min_scale: lower bound of the gap between thresholds, in units of the score.
      num_classes: K; taken from the data where it is not given.

    Source: McCullagh, "Regression Models for Ordinal Data", Journal of the Royal
      Statistical Society B 42, 1980.

    >>> import jax, jax.numpy as jnp
    >>> head = Ordinal(event_shape=(3,), num_classes=4)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> found = head.apply(variables, jnp.zeros((2, 4)), method="probabilities")
    >>> [round(float(p), 4) for p in found[0, 0]]
    [0.25, 0.25, 0.25, 0.25]
    """

    num_classes: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_classes < 2:
            raise InputError(f"num_classes must be at least 2, got {self.num_classes}")

    @property
    def support(self) -> support.Support:
        """The class indices."""
        return support.integers(self.num_classes)

    def _initial(self, key: Array) -> Array:
        del key
        share = np.arange(1, self.num_classes) / self.num_classes
        thresholds = np.log(share) - np.log1p(-share)
        gaps = np.maximum(np.diff(thresholds) - self.min_scale, 1e-6)
        raw = np.concatenate([thresholds[:1], np.log(np.expm1(gaps))])
        return jnp.asarray(raw, jnp.float32)

    def distribution(self, score: Array) -> OrdinalDistribution:
        """Ordered classes at this score."""
        raw = self.param("raw_thresholds", self._initial)
        first, gaps = raw[:1], positive(raw[1:], self.min_scale)
        thresholds = jnp.concatenate([first, first + jnp.cumsum(gaps)])
        return OrdinalDistribution(thresholds, score)
