"""One row as a score sees it: prepared, with the model that it is held against."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.training.state import step_rngs
from vaex.types import Batch, Terms


class Example(NamedTuple):
    """A batch of one, and a model.

    Attributes:
      model: unbound.
      variables: its.
      batch: see `vaex.types.Batch`, B = 1.
      stored: the row as it is stored, [1, ...].
      key: of the row; what a preparation draws comes from it.
      log_jacobian: nats, log |det d prepared / d data| of all cells together.
      arrays: of the score, `Score.arrays()`.
    """

    model: Any
    variables: Any
    batch: Batch
    stored: Mapping[str, Array]
    key: Array
    log_jacobian: float
    arrays: Any

    @classmethod
    def prepared(
        cls,
        model: Any,
        variables: Any,
        preparation: Any,
        stored: Mapping[str, Array],
        key: Array,
        arrays: Any,
    ) -> "Example":
        """The row prepared with the part of its key that is for this."""
        batch = preparation(named_fold(key, "prepare"), stored)
        log_det = float(preparation.log_det)
        return cls(model, variables, batch, stored, key, log_det, arrays)

    @property
    def log_det_by_dimension(self) -> Array:
        """What log p(x_d|z) of the data has above that of prepared values, [*A] nats.

        The Jacobian of the preparation is one number for a row. Each element that is
        scored has the same part of it, hidden ones none: which element is odd does not
        depend on the units of columns. Of a row with hidden cells the sum is therefore
        not the Jacobian of the observed ones where columns have different scales.
        """
        head = self.model.likelihood
        share = jnp.ones(head.attribution_shape)
        if "mask" in self.batch:
            mask = self.batch["mask"].astype(bool)
            counts = head.attributed(mask)
            if head.joint_rank and head.marginalizes:  # a part of the cells may be seen
                counts = mask.mean(tuple(range(-head.joint_rank, 0)))
            share = share * counts[0]
        return self.log_jacobian * share / share.size

    @property
    def log_det(self) -> Array:
        """Nats to add to log p(prepared x) for the density of the observed data."""
        return self.log_det_by_dimension.sum()

    def apply(self, function: Callable[[Any], Any], key: Array) -> Any:
        """`function(bound model)`, drawing from the streams of a key."""
        return nn.apply(function, self.model)(self.variables, rngs=step_rngs(key))

    def terms(self, key: Array, num_samples: int, posterior: Any = None) -> Terms:
        """The model's terms in evaluation mode, [S, 1]."""
        options = {} if posterior is None else {"posterior": posterior}

        def found(bound: Any) -> Terms:
            return bound.terms(
                self.batch, num_samples=num_samples, train=False, **options
            )

        return self.apply(found, key)

    def log_px_by_dimension(self, key: Array, z: Any) -> Array:
        """Log p(x_d|z) in the data's unit, [S, *A] nats, for z [S, 1, L]."""
        seen = z[0] if isinstance(z, tuple) else z  # of layers the first makes x
        batch = self.batch

        def found(bound: Any) -> Array:
            features = bound.decoder(seen, batch.get("condition"), train=False)
            return bound.likelihood.log_prob_per_dimension(
                features,
                batch["x"],
                batch.get("mask"),
                axes=bound.decoder.event_axes,
                train=False,
            )

        return self.apply(found, key)[:, 0] + self.log_det_by_dimension

    def predicted(self, key: Array, z: Any) -> Array:
        """E[x|z] of prepared values, [S, *E], for z [S, 1, L]."""

        def found(bound: Any) -> Array:
            return bound.decode(z, self.batch.get("condition")).mean()

        try:
            return self.apply(found, key)[:, 0]
        except NotImplementedError as error:
            head = type(self.model.likelihood).__name__
            raise InputError(
                f"score=error compares x with E[x|z], but the likelihood {head} has "
                "no mean; use score=reconstruction"
            ) from error

    def latent_mean(self, key: Array) -> Array:
        """Mean of q(z|x), [L]; of layers each at the mean of the one before, joined."""

        def found(bound: Any) -> Any:
            q = bound.encode(self.batch, train=False)
            return q.layer_means() if hasattr(q, "layer_means") else q.mean()

        try:
            mean = self.apply(found, key)
        except NotImplementedError as error:
            posterior = type(self.model.posterior).__name__
            raise InputError(
                f"score=mahalanobis needs the mean of q(z|x), which {posterior} does "
                "not have in closed form; use posterior=diagonal_gaussian, or "
                "score=reconstruction"
            ) from error
        layers = mean if isinstance(mean, tuple) else (mean,)
        return jnp.concatenate([layer[0] for layer in layers])
