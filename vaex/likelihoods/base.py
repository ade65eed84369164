"""The contract of likelihood heads: decoder features to a normalised p(x|z).

S posterior samples, B batch, E event, F features, P raw parameters per element.
"""

import dataclasses
import math
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex import support
from vaex.errors import InputError
from vaex.likelihoods._predictions import Predictions
from vaex.numerics import positive, sum_of_last

__all__ = ["Likelihood", "positive", "support"]


class Likelihood(Predictions):
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
    - `ignores_event_shape = True`, where these hooks treat all elements alike: x is
      then scored with the event as one axis, [..., D] for [..., *E], which XLA's CPU
      code takes down to a sixth of the time for. A subclass that fills in a hook
      states it anew.
    - `is_calibrated = True`, where something is set by a pass over the training set
      when training ends: `calibration_totals` and `calibration_values`.

    Everything else is final.

    Attributes:
      event_shape: E, shape of one example.
      min_scale: lower bound of every scale, in the units of the prepared data.

    >>> import distrax, jax
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

    def __init_subclass__(cls, **options: Any) -> None:
        below = cls.__mro__[: cls.__mro__.index(Likelihood)]
        for name in {name for parent in below for name in vars(parent)}:
            if getattr(getattr(Likelihood, name, None), "__final__", False):
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
        hooks = {"distribution", "from_raw", "score"} & vars(cls).keys()
        if hooks and "ignores_event_shape" not in vars(cls):
            cls.ignores_event_shape = False  # a parent's promise is about its own

    @classmethod
    def example(cls, event_shape: tuple[int, ...]) -> "Likelihood":
        """A head for tests; override where an argument has no default."""
        return cls(event_shape=event_shape)

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
        own, flat = None if mask is None else seen, self.ignores_event_shape
        elements = self.elements(features, axes=axes, in_one_axis=flat)
        if flat:
            x, own = jax.tree.map(self._in_one_axis, (x, own))
        scores = self.score(elements, x, own, train=train)
        if flat:
            scores = scores.reshape(*scores.shape[:-1], *self.event_shape)
        if self.couples_batch:
            batch = features.shape[: features.ndim - 1 - axes]
            return jnp.broadcast_to(scores[..., None], batch)
        return scores if mask is None else jnp.where(self.attributed(seen), scores, 0.0)

    def _in_one_axis(self, values: Array) -> Array:
        lead = values.shape[: values.ndim - len(self.event_shape)]
        return values.reshape(*lead, math.prod(self.event_shape))

    def _sum(self, scores: Array) -> Array:
        return sum_of_last(scores, len(self.attribution_shape))
