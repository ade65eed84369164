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
from jax.typing import ArrayLike

from vaex import support
from vaex.distributions.point_prediction import PointPrediction
from vaex.distributions.quantiles import quantile as inverse_cdf
from vaex.errors import InputError
from vaex.likelihoods._hooks import Hooks
from vaex.numerics import positive

__all__ = ["Likelihood", "positive", "support"]


class Likelihood(Hooks):
    """p(x|z) as a function of decoder features: what a head subclasses.

    A subclass states `num_params` and `support` and fills in one hook:
    `distribution(*raw)`, given `num_params` unconstrained arrays of shape
    [..., *E], or `from_raw(raw)`, given them stacked as [..., *E, P]. Both return
    the element-wise distrax distribution; parameters shared by all examples are
    made there by `self.param`. Heads that need more than this state it:

    - `attribution_shape`, where the last axes are scored jointly on a support of
      numbers; `marginalizes = True` where `score` leaves hidden ones of them out
      exactly, so that a mask may cut through them.
    - `raw_shape`, where parameters are not as many for each element.
    - `is_normalized = False` for a loss: it gives a `PointPrediction`, fills in
      `score` and names the density to use instead, `normalized_instead`;
      `couples_batch = True` where it is one number for the whole batch.
    - `is_calibrated = True`, where something is set by a pass over the training set
      when training ends: `calibration_totals` and `calibration_values`.

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

    _final = (
        "__call__",
        "elements",
        "log_prob",
        "log_prob_per_dimension",
        "reconstruction_loss",
        "calibration",
        "mean",
        "mode",
        "variance",
        "entropy",
        "quantile",
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
            if field.name in Likelihood._constants:
                raise TypeError(
                    f"{cls.__name__}.{field.name} has a type annotation, which makes "
                    "it a constructor argument; leave the annotation out"
                )

    @classmethod
    def example(cls, event_shape: tuple[int, ...]) -> "Likelihood":
        """A head for tests; override where an argument has no default."""
        return cls(event_shape=event_shape)

    @final
    @nn.compact
    def elements(
        self, features: Array | None, *, axes: int = 0, raw: Array | None = None
    ) -> Any:
        """Element-wise distribution of features, or of raw numbers from a wrapper.

        Args:
          features: [..., *E[:axes], F] from a decoder whose `event_axes` is `axes`.
          axes: number of leading event axes that the features carry.
          raw: [..., *raw_shape] instead of features.

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
                "importance weight; choose a normalised head such as "
                f"{self.normalized_instead}"
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
    def calibration(
        self,
        features: Array,
        x: Array,
        mask: Array | None = None,
        *,
        axes: int = 0,
    ) -> dict[str, Array]:
        """What each example adds to a calibrated head's totals, [..., B] each.

        Arguments as `log_prob_per_dimension`; {} where nothing is calibrated.
        """
        if not self.is_calibrated:
            return {}
        x, mask = self._observed(x, mask)
        elements = self.elements(features, axes=axes)
        return self.calibration_totals(elements, x, mask)

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
        values = np.asarray(values)
        self.check_values(values, None if mask is None else np.asarray(mask, bool))

    @final
    def describe(self) -> str:
        """The head as it stands in messages."""
        return f"the likelihood {type(self).__name__}"

    def _stated(self, name: str, features: Array, axes: int) -> Array:
        try:
            return jnp.asarray(getattr(self(features, axes=axes), name)())
        except NotImplementedError:
            raise ValueError(
                f"{type(self).__name__} has no closed-form {name}; use `sample`, or "
                "`probabilities` of class labels"
            ) from None

    def _project(self, features: Array, axes: int) -> Array:
        """Raw numbers [..., *raw_shape]; called from the compact method only."""
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
        # In two axes: XLA's CPU compiler copies the gradients of a product over more.
        rows = features.reshape(-1, features.shape[-1])
        size = math.prod(self.raw_shape[axes:])
        flat = nn.Dense(size, name="projection")(rows)
        return flat.reshape(*features.shape[:-1], *self.raw_shape[axes:])

    def _observed(self, x: Array, mask: Array | None) -> tuple[Array, Array]:
        """Values as float32, hidden ones replaced by one inside the support."""
        rank = len(self.event_shape)
        if x.shape[x.ndim - rank :] != self.event_shape:
            raise InputError(
                f"x must end in event_shape {self.event_shape}, got shape {x.shape}"
            )
        x = x.astype(jnp.float32)
        if mask is None:
            return x, jnp.ones(x.shape, bool)
        if mask.shape != x.shape:
            raise InputError(f"mask must have x's shape {x.shape}, got {mask.shape}")
        mask = mask.astype(bool)
        return jnp.where(mask, x, jnp.asarray(self.support.inside, x.dtype)), mask

    def _scores(
        self, features: Array, x: Array, mask: Array | None, *, axes: int, train: bool
    ) -> Array:
        x, seen = self._observed(x, mask)
        elements = self.elements(features, axes=axes)
        scores = self.score(elements, x, None if mask is None else seen, train=train)
        if self.couples_batch:
            batch = features.shape[: features.ndim - 1 - axes]
            return jnp.broadcast_to(scores[..., None], batch)
        return scores if mask is None else jnp.where(self.attributed(seen), scores, 0.0)

    def _sum(self, scores: Array) -> Array:
        return scores.sum(tuple(range(-len(self.attribution_shape), 0)))
