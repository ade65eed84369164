"""What a likelihood head says of x: p(x|z), and the numbers read off it.

S posterior samples, B batch, E event, F features, P raw parameters per element.
"""

import math
from typing import Any, final

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions.point_prediction import PointPrediction
from vaex.distributions.quantiles import quantile as inverse_cdf
from vaex.errors import InputError
from vaex.likelihoods._hooks import Hooks


class Predictions(Hooks):
    """Features to a distribution, and its mean, mode, quantiles, samples."""

    @final
    @nn.compact
    def elements(
        self,
        features: Array | None,
        *,
        axes: int = 0,
        raw: Array | None = None,
        in_one_axis: bool = False,
    ) -> Any:
        """Element-wise distribution of features, or of raw numbers from a wrapper.

        Args:
          features: [..., *E[:axes], F] from a decoder whose `event_axes` is `axes`.
          axes: number of leading event axes that the features carry.
          raw: [..., *raw_shape] instead of features.
          in_one_axis: whether E is one axis to the hooks, see `ignores_event_shape`.

        Returns:
          The distribution that the hooks give, float32.
        """
        if raw is not None:
            distribution = self.from_raw(raw.astype(jnp.float32))
        else:
            assert features is not None
            distribution = self._of_features(features, axes, in_one_axis)
        if not (self.is_normalized or isinstance(distribution, PointPrediction)):
            raise TypeError(
                f"{type(self).__name__} is a loss, not a density (is_normalized = "
                "False), so that its distribution must be a PointPrediction, got "
                f"{type(distribution).__name__}"
            )
        return distribution

    @final
    def __call__(self, features: Array, *, axes: int = 0) -> distrax.Distribution:
        """p(x|z) with event shape E and the features' leading axes as batch."""
        elements = self.elements(features, axes=axes)
        rank = len(elements.batch_shape) - (features.ndim - 1 - axes)
        return distrax.Independent(elements, rank) if rank else elements

    @final
    def mean(self, features: Array, *, axes: int = 0) -> Array:
        """E[x|z], [..., *E].

        Raises:
          ValueError: if the head's values have no mean (class labels).
        """
        return self._stated("mean", features, axes)

    @final
    def mode(self, features: Array, *, axes: int = 0) -> Array:
        """Most probable x given z, [..., *E].

        Raises:
          ValueError: if the distribution has no mode in closed form.
        """
        return self._stated("mode", features, axes)

    @final
    def variance(self, features: Array, *, axes: int = 0) -> Array:
        """Var[x|z] of each element, [..., *E].

        Raises:
          ValueError: if there is none in closed form.
        """
        return self._stated("variance", features, axes)

    @final
    def entropy(self, features: Array, *, axes: int = 0) -> Array:
        """Entropy of p(x|z), [...] nats.

        Raises:
          ValueError: if it has no closed form.
        """
        return self._stated("entropy", features, axes)

    @final
    def quantile(
        self,
        features: Array,
        q: ArrayLike,
        *,
        axes: int = 0,
        key: Array | None = None,
        num_samples: int = 1000,
    ) -> Array:
        """The x with P(X <= x | z) = q, by element; the lowest of discrete values.

        By the inverse distribution function; where there is none in closed form, by
        the order of `num_samples` draws, of standard error about sqrt(q (1 - q) /
        num_samples) in q.

        Args:
          features: as `__call__`.
          q: [*Q] probabilities.
          axes: event axes of the features.
          key: of the draws; None refuses to draw.
          num_samples: draws.

        Returns:
          [*Q, ..., *E].

        Raises:
          ValueError: if there is no closed form and no key.
        """
        elements = self.elements(features, axes=axes)
        q = jnp.asarray(q, jnp.float32)
        rank = features.ndim - 1 - axes + len(self.event_shape)
        try:
            found = inverse_cdf(elements, q.reshape(*q.shape, *(1,) * rank))
        except NotImplementedError:
            if key is None:
                raise ValueError(
                    f"{type(self).__name__} has no closed-form quantile; give a key "
                    f"for an estimate from num_samples={num_samples} draws"
                ) from None
            draws = elements.sample(seed=key, sample_shape=(num_samples,))
            found = jnp.quantile(draws.astype(jnp.float32), q, axis=0)
        return found.astype(jnp.float32)

    @final
    def sample(self, features: Array, key: Array, *, axes: int = 0) -> Array:
        """A draw x ~ p(x|z), [..., *E] float32."""
        return self(features, axes=axes).sample(seed=key).astype(jnp.float32)

    @final
    def probabilities(self, features: Array, *, axes: int = 0) -> Array:
        """Probabilities that the logits stand for: of 1 (binary), or of each class.

        Returns:
          [..., *E], or [..., *E, K] for a categorical head.

        Raises:
          ValueError: if the head is not made of logits.
        """
        elements = self.elements(features, axes=axes)
        of_logits = self.support.is_discrete or not self.is_normalized
        if not (of_logits and hasattr(elements, "probs")):
            raise ValueError(
                f"{type(self).__name__} is not made of logits; use `mean`, or "
                "`__call__` for the whole distribution"
            )
        return elements.probs

    def _stated(self, name: str, features: Array, axes: int) -> Array:
        try:
            return jnp.asarray(getattr(self(features, axes=axes), name)())
        except NotImplementedError:
            raise ValueError(
                f"{type(self).__name__} has no closed-form {name}; use `sample`, or "
                "`probabilities` of class labels"
            ) from None

    def _of_features(self, features: Array, axes: int, in_one_axis: bool) -> Any:
        """The hooks' distribution; called from the compact method only."""
        flat = self._project(features, axes)
        lead = features.shape[: features.ndim - 1 - axes]
        *event, number = self.raw_shape
        if in_one_axis:
            event = [math.prod(self.event_shape)]
        if type(self).from_raw is not Hooks.from_raw:
            return self.from_raw(flat.reshape(*lead, *event, number))
        # A block for each parameter: side by side for each element, XLA's CPU code
        # for all that follows, and for its gradient, is free of vector instructions.
        blocks = jnp.split(flat, number, axis=-1)
        return self.distribution(*(block.reshape(*lead, *event) for block in blocks))

    def _project(self, features: Array, axes: int) -> Array:
        """Raw numbers of the axes that features lack, [..., *E[:axes], R]."""
        carried = features.shape[-1 - axes : -1] if axes else ()
        if carried != self.event_shape[:axes]:
            raise InputError(
                f"features carry the event axes {carried}, but event_shape is "
                f"{self.event_shape}; the decoder does not give this event shape"
            )
        if self.raw_shape[:axes] != carried:
            raise InputError(
                f"{type(self).__name__} scores the event {self.event_shape} jointly, "
                f"but features carry the event axes {carried}; choose a decoder with "
                "event_axes 0, such as decoder=mlp"
            )
        # A decoder's arithmetic may be bfloat16; from here on all is float32.
        features = features.astype(jnp.float32)
        # In two axes: XLA's CPU compiler copies the gradients of a product over more.
        rows = features.reshape(-1, features.shape[-1])
        size = math.prod(self.raw_shape[axes:])
        flat = nn.Dense(size, name="projection")(rows)
        return flat.reshape(*features.shape[:-1], size).astype(jnp.float32)
