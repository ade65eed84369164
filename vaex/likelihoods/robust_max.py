"""Class labels as the largest of several noisy scores, with some labels wrong."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support
from vaex.likelihoods.categorical import _Labels

_TINY = 1e-30


class RobustMax(Likelihood):
    """x_d = argmax_k f_dk with probability 1 - epsilon, else any other class.

    The scores f_dk ~ N(loc_dk, scale_dk^2) are independent; a wrong label is uniform
    over the K - 1 others, so that a single one costs a bounded number of nats. On
    class indices: 2 K raw numbers per element, K means and K scales (min_scale +
    softplus(raw)). With a_k = P(argmax f = k),

      log p(x|z) = log(a_x (1 - epsilon) + (1 - a_x) epsilon / (K - 1)).

    Attributes:
      num_classes: K; taken from the data where it is not given.
      epsilon: share of wrong labels, in (0, 1).
      expected: whether training uses E log p(x|f) instead, a lower bound of it.
      num_points: of the Gauss-Hermite rule.

    Numerics: a_k = int N(f; loc_k, scale_k^2) prod_{j != k} Phi((f - loc_j) /
      scale_j) df by Gauss-Hermite quadrature, divided by its sum over k, so that the
      mass is 1. Steps of Phi much narrower than the Gaussian fall between the points:
      where the K scales differ by a factor 2, a_k of 20 points is right to 7e-6, by 3
      to 6e-4, by 5 to 5e-3; of 100 points by 5 to 5e-7, by 10 to 2e-4.

    Source: Hernandez-Lobato, Hernandez-Lobato, Dupont, "Robust Multi-Class Gaussian
      Process Classification", NIPS 2011 (the label model); Girolami, Rogers,
      "Variational Bayesian Multinomial Probit Regression with Gaussian Process
      Priors", Neural Computation 18, 2006,
      https://doi.org/10.1162/neco.2006.18.8.1790 (the integral).

    >>> head = RobustMax(event_shape=(3,), num_classes=4)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> found = head.apply(variables, jnp.zeros((2, 4)), method="probabilities")
    >>> [round(float(p), 4) for p in found[0, 0]]
    [0.25, 0.25, 0.25, 0.25]
    """

    num_classes: int = 2
    epsilon: float = 1e-3
    expected: bool = False
    num_points: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_classes < 2:
            raise InputError(f"num_classes must be at least 2, got {self.num_classes}")
        if not 0 < self.epsilon < 1:
            raise InputError(f"epsilon must lie between 0 and 1, got {self.epsilon}")
        if not 1 <= self.num_points <= 100:
            raise InputError(f"num_points must be from 1 to 100, got {self.num_points}")

    @property
    def num_params(self) -> int:
        """A mean and a scale per class."""
        return 2 * self.num_classes

    @property
    def support(self) -> support.Support:
        """The class indices."""
        return support.integers(self.num_classes)

    def from_raw(self, raw: Array) -> "_RobustLabels":
        """Categorical over the labels."""
        loc, raw_scale = jnp.split(raw, 2, axis=-1)
        scale = positive(raw_scale, self.min_scale)
        return _RobustLabels(loc, scale, self.epsilon, self.num_points)

    def score(
        self, elements: "_RobustLabels", x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Log-probability, or in training its lower bound where `expected`."""
        del mask
        if train and self.expected:
            return elements.expected_log_prob(x)
        return elements.log_prob(x)

    def expected_log_prob(self, features: Array, x: Array, *, axes: int = 0) -> Array:
        """E log p(x|f) over the scores f, a lower bound of log p(x|z).

        Returns:
          [..., *E] nats, a_x log(1 - epsilon) + (1 - a_x) log(epsilon / (K - 1)).
        """
        return self.elements(features, axes=axes).expected_log_prob(x)

    def sampled_expected_log_prob(
        self,
        features: Array,
        x: Array,
        key: Array,
        *,
        num_samples: int = 1000,
        axes: int = 0,
    ) -> Array:
        """The same as an average over draws of the scores: a check, [..., *E] nats."""
        elements = self.elements(features, axes=axes)
        return elements.expected_log_prob(x, elements.frequencies(key, num_samples))


def _argmax_probabilities(loc: Array, scale: Array, num_points: int) -> Array:
    """P(argmax f = k) for f_k ~ N(loc_k, scale_k^2), [..., K]."""
    points, weights = np.polynomial.hermite_e.hermegauss(num_points)
    weights = jnp.asarray(weights / weights.sum(), loc.dtype)
    points = jnp.asarray(points, loc.dtype)
    # In few axes: XLA's CPU compiler crashes on gradients of sums over arrays of eight.
    shape, loc, scale = loc.shape, *(v.reshape(-1, v.shape[-1]) for v in (loc, scale))
    # By the logarithm of a Phi with a floor: log_ndtr has gradient inf * 0 far out.
    f = loc[..., None, :, None] + scale[..., None, :, None] * points[:, None, None]
    below = ndtr((f - loc[..., None, None, :]) / scale[..., None, None, :])
    own = jnp.eye(loc.shape[-1], dtype=bool)
    log_below = jnp.log(jnp.where(own, 1.0, jnp.maximum(below, _TINY)))
    found = jnp.einsum("s,...sk->...k", weights, jnp.exp(log_below.sum(-1)))
    return (found / found.sum(-1, keepdims=True)).reshape(shape)


class _RobustLabels(_Labels):
    """Labels whose probabilities come from those of the largest score."""

    def __init__(self, loc: Array, scale: Array, epsilon: float, num_points: int):
        share = _argmax_probabilities(loc, scale, num_points)
        wrong = epsilon / (loc.shape[-1] - 1)
        probs = share * (1.0 - epsilon) + (1.0 - share) * wrong
        super().__init__(logits=jnp.log(probs))
        self._loc, self._scale, self._share = loc, scale, share
        self._hit = jnp.full((), np.log1p(-epsilon), loc.dtype)
        self._miss = jnp.full((), np.log(wrong), loc.dtype)

    def expected_log_prob(self, x: ArrayLike, share: Array | None = None) -> Array:
        """E log p(x|f), given P(argmax f = k) if not by quadrature."""
        share = self._share if share is None else share
        index = jnp.asarray(x).astype(jnp.int32)
        index = jnp.broadcast_to(
            index, jnp.broadcast_shapes(index.shape, share.shape[:-1])
        )
        share = jnp.broadcast_to(share, (*index.shape, share.shape[-1]))
        share = jnp.take_along_axis(share, index[..., None], axis=-1)[..., 0]
        return share * self._hit + (1.0 - share) * self._miss

    def frequencies(self, key: Array, num_samples: int) -> Array:
        """How often each score is the largest of those drawn, [..., K]."""
        shape = (num_samples, *self._loc.shape)
        noise = jax.random.normal(key, shape, self._loc.dtype)
        largest = (self._loc + self._scale * noise).argmax(-1)
        return jax.nn.one_hot(largest, self._loc.shape[-1]).mean(0)
