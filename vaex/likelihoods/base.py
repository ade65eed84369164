"""The contract of likelihood heads: decoder features to a normalised p(x|z).

S posterior samples, B batch, E event, F features, P raw parameters per element.
"""

import dataclasses
import math
from typing import Any, final

import distrax
import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex import support
from vaex.distributions.point_prediction import PointPrediction
from vaex.errors import InputError
from vaex.likelihoods._support_check import check_values
from vaex.numerics import positive

__all__ = ["Likelihood", "positive", "support"]


class Likelihood(nn.Module):
    """p(x|z) as a function of decoder features: what a head subclasses.

    A subclass states `num_params` and `support` and fills in one hook:
    `distribution(*raw)`, given `num_params` unconstrained arrays of shape
    [..., *E], or `from_raw(raw)`, given them stacked as [..., *E, P]. Both return
    the element-wise distrax distribution; parameters shared by all examples are
    made there by `self.param`. A head that scores its last axes jointly, on a
    support of numbers, states `attribution_shape`; one that is no density sets
    `is_normalized = False`, gives a `PointPrediction` and fills in `score`.
    Everything else is final.

    Attributes:
      event_shape: E, shape of one example.
      min_scale: lower bound of every scale, in the units of the prepared data.

    >>> import jax
    >>> class Laplace(Likelihood):
    ...     num_params = 2
    ...     def distribution(self, loc, raw_scale):
    ...         return distrax.Laplace(loc, positive(raw_scale, self.min_scale))
    >>> head = Laplace(event_shape=(8,))
    >>> features = jnp.ones((5, 16))
    >>> variables = head.init(jax.random.key(0), features)
    >>> head.apply(variables, features, jnp.zeros((5, 8)), method="log_prob").shape
    (5,)
    """

    event_shape: tuple[int, ...] = ()
    min_scale: float = 1e-3

    num_params = 1
    support = support.real
    is_normalized = True

    _final = (
        "__call__",
        "elements",
        "log_prob",
        "log_prob_per_dimension",
        "reconstruction_loss",
        "mean",
        "mode",
        "sample",
        "probabilities",
        "check_support",
        "describe",
    )

    def __init_subclass__(cls, **options: Any) -> None:
        below = cls.__mro__[: cls.__mro__.index(Likelihood)]
        for name in Likelihood._final:
            if any(name in parent.__dict__ for parent in below):
                raise TypeError(
                    f"{cls.__name__} overrides {name}, which is final; fill in "
                    "`distribution`, `from_raw` or `score`, or wrap the head"
                )
        super().__init_subclass__(**options)
        for field in dataclasses.fields(cls):
            if field.name in ("num_params", "support", "is_normalized"):
                raise TypeError(
                    f"{cls.__name__}.{field.name} has a type annotation, which makes "
                    "it a constructor argument; leave the annotation out"
                )

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(not isinstance(n, int) or n < 1 for n in self.event_shape):
            raise InputError(
                f"event_shape must hold positive integers, got {self.event_shape}"
            )
        if not self.min_scale > 0:
            raise InputError(
                f"min_scale must be above 0, got {self.min_scale}; a density with "
                "scale 0 is unbounded"
            )

    @classmethod
    def example(cls, event_shape: tuple[int, ...]) -> "Likelihood":
        """A head for tests; override where an argument has no default."""
        return cls(event_shape=event_shape)

    # Hooks.

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """Shape of `log_prob_per_dimension` of one example: E without joint axes."""
        return self.event_shape[: len(self.event_shape) - self.support.event_rank]

    def distribution(self, *raw: Array) -> distrax.Distribution:
        """Element-wise distribution of `num_params` arrays [..., *E]."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `distribution` or `from_raw`"
        )

    def from_raw(self, raw: Array) -> distrax.Distribution:
        """Element-wise distribution of raw parameters [..., *E, P]."""
        return self.distribution(*jnp.moveaxis(raw, -1, 0))

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Log-density in nats by element, [..., *attribution_shape].

        `x` is inside the support where `mask` is False; the base sets those
        elements of the result to 0. A loss-only head returns minus its loss.
        """
        del mask, train
        return elements.log_prob(x)

    # Final.

    @property
    def joint_rank(self) -> int:
        """Number of last event axes that are scored as a whole."""
        return len(self.event_shape) - len(self.attribution_shape)

    @final
    @nn.compact
    def elements(
        self, features: Array | None, *, axes: int = 0, raw: Array | None = None
    ) -> Any:
        """Element-wise distribution of features, or of raw numbers from a wrapper.

        Args:
          features: [..., *E[:axes], F] from a decoder whose `event_axes` is `axes`.
          axes: number of leading event axes that the features carry.
          raw: [..., *E, P] instead of features.

        Returns:
          The distribution that the hooks give, float32.
        """
        if raw is None:
            assert features is not None
            raw = self._project(features, axes)
        distribution = self.from_raw(raw.astype(jnp.float32))
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
    def log_prob_per_dimension(
        self,
        features: Array,
        x: Array,
        mask: Array | None = None,
        *,
        axes: int = 0,
        train: bool = False,
    ) -> Array:
        """Log-density by element; sums to `log_prob`.

        Args:
          features: [..., B, *E[:axes], F].
          x: [B, *E] in the support; broadcast against leading sample axes.
          mask: [B, *E], True where observed; others count exactly 0 nats.
          axes: event axes of the features.
          train: whether this is a training step.

        Returns:
          [..., B, *attribution_shape] nats.

        Raises:
          ValueError: if the head has no density.
        """
        if not self.is_normalized:
            raise ValueError(
                f"{type(self).__name__} is a loss, not a density "
                "(is_normalized = False): it has no log-probability, NLL or "
                "importance weight; choose a normalised head such as Gaussian"
            )
        return self._scores(features, x, mask, axes=axes, train=train)

    @final
    def log_prob(
        self,
        features: Array,
        x: Array,
        mask: Array | None = None,
        *,
        axes: int = 0,
        train: bool = False,
    ) -> Array:
        """Returns log p(x|z), [..., B] nats; arguments as `log_prob_per_dimension`."""
        scores = self.log_prob_per_dimension(features, x, mask, axes=axes, train=train)
        return self._sum(scores)

    @final
    def reconstruction_loss(
        self,
        features: Array,
        x: Array,
        mask: Array | None = None,
        *,
        axes: int = 0,
        train: bool = False,
    ) -> Array:
        """What training minimises, [..., B]: -log p(x|z), or a loss-only head's loss.

        Arguments as `log_prob_per_dimension`.
        """
        return -self._sum(self._scores(features, x, mask, axes=axes, train=train))

    @final
    def mean(self, features: Array, *, axes: int = 0) -> Array:
        """E[x|z], [..., *E].

        Raises:
          ValueError: if the head's values have no mean (class labels).
        """
        try:
            return self(features, axes=axes).mean()
        except NotImplementedError:
            raise ValueError(
                f"{type(self).__name__} has no mean; use `mode` or `probabilities`"
            ) from None

    @final
    def mode(self, features: Array, *, axes: int = 0) -> Array:
        """Most probable x given z, [..., *E].

        Raises:
          ValueError: if the distribution has no mode in closed form.
        """
        try:
            return self(features, axes=axes).mode()
        except NotImplementedError:
            raise ValueError(f"{type(self).__name__} has no closed-form mode") from None

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
        if not (self.support.is_discrete and hasattr(elements, "probs")):
            raise ValueError(
                f"{type(self).__name__} is not made of logits; use `mean`, or "
                "`__call__` for the whole distribution"
            )
        return elements.probs

    @final
    def check_support(self, values: np.ndarray, mask: np.ndarray | None = None) -> None:
        """Refuses data outside the support, before anything compiles.

        Args:
          values: [N, *E] prepared values, numpy.
          mask: [N, *E], True where observed.

        Raises:
          InputError: naming the head, its support, the first value outside and
            how many there are; or a mask that cuts through a jointly scored
            element.
        """
        check_values(self, np.asarray(values), mask)

    @final
    def describe(self) -> str:
        """The head as it stands in messages."""
        return f"the likelihood {type(self).__name__}"

    def _project(self, features: Array, axes: int) -> Array:
        """Raw numbers [..., *E, P]; called from the compact method only."""
        spatial = features.shape[-1 - axes : -1] if axes else ()
        if spatial != self.event_shape[:axes]:
            raise InputError(
                f"features carry the event axes {spatial}, but event_shape is "
                f"{self.event_shape}; the decoder does not give this event shape"
            )
        size = math.prod(self.event_shape[axes:]) * self.num_params
        # In two axes: XLA's CPU compiler copies the gradients of a product over more.
        rows = features.reshape(-1, features.shape[-1])
        flat = nn.Dense(size, name="projection")(rows)
        shape = (*features.shape[:-1], *self.event_shape[axes:], self.num_params)
        return flat.reshape(shape)

    def _scores(
        self, features: Array, x: Array, mask: Array | None, *, axes: int, train: bool
    ) -> Array:
        rank = len(self.event_shape)
        if x.shape[x.ndim - rank :] != self.event_shape:
            raise InputError(
                f"x must end in event_shape {self.event_shape}, got shape {x.shape}"
            )
        x = x.astype(jnp.float32)
        elements = self.elements(features, axes=axes)
        if mask is None:
            return self.score(elements, x, None, train=train)
        if mask.shape != x.shape:
            raise InputError(f"mask must have x's shape {x.shape}, got {mask.shape}")
        mask = mask.astype(bool)
        x = jnp.where(mask, x, jnp.asarray(self.support.inside, x.dtype))
        scores = self.score(elements, x, mask, train=train)
        joint = tuple(range(-self.joint_rank, 0))
        return jnp.where(mask.all(joint), scores, 0.0)

    def _sum(self, scores: Array) -> Array:
        return scores.sum(tuple(range(-len(self.attribution_shape), 0)))
