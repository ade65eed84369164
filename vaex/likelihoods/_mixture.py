"""Mixture of element-wise distributions."""

from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


class Mixture(distrax.Distribution):
    """p(x) = sum_k w_k p_k(x), element by element.

    Component k stands at index k of the first axis of `components`, so that whatever
    they share over the axes of an event keeps its place.

    Args:
      logits: [K, ...] of the weights w.
      components: distribution with batch shape [K, ...] and event shape ().

    Numerics: log-sum-exp; where all components are -inf so is the value, with
      gradient 0. There is no entropy or mode in closed form.
    """

    def __init__(self, logits: Array, components: Any):
        super().__init__()
        self._log_weights = jax.nn.log_softmax(logits, axis=0)
        self._components = components

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(): an event is one number."""
        return ()

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """That of the components without K."""
        return self._log_weights.shape[1:]

    @property
    def weights(self) -> Array:
        """[K, ...] w."""
        return jnp.exp(self._log_weights)

    @property
    def probs(self) -> Array:
        """Average of the components' probabilities, where they have them."""
        probs = self._components.probs
        more = probs.ndim - self._log_weights.ndim
        weights = self.weights.reshape(*self._log_weights.shape, *(1,) * more)
        return (weights * probs).sum(0)

    def _sample_n(self, key: Array, n: int) -> Array:
        which, what = jax.random.split(key)
        shape = (n, *self.batch_shape)
        index = jax.random.categorical(which, self._log_weights, axis=0, shape=shape)
        drawn = self._components.sample(seed=what, sample_shape=(n,))
        return jnp.take_along_axis(drawn, index[:, None], axis=1)[:, 0]

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of values [...]."""
        x = jnp.asarray(value)
        x = jnp.broadcast_to(x, jnp.broadcast_shapes(x.shape, self.batch_shape))
        axis = x.ndim - len(self.batch_shape)
        parts = self._components.log_prob(jnp.expand_dims(x, axis))
        terms = self._log_weights + parts
        possible = (terms > -jnp.inf).any(axis, keepdims=True)
        terms = jnp.where(possible, terms, 0.0)
        total = jax.nn.logsumexp(terms, axis=axis)
        return jnp.where(jnp.squeeze(possible, axis), total, -jnp.inf)

    def mean(self) -> Array:
        """[...] average of the components' means."""
        return (self.weights * self._components.mean()).sum(0)

    def variance(self) -> Array:
        """[...] mean of the components' variances plus the variance of their means."""
        means = self._components.mean()
        away = jnp.square(means - (self.weights * means).sum(0))
        return (self.weights * (self._components.variance() + away)).sum(0)
