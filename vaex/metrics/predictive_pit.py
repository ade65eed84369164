"""PIT values of examples among draws from p(x|z) at their own posterior's z.

N examples, E event, S draws.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from vaex.metrics._ranks import counts_of
from vaex.metrics.calibration import pit_of_counts
from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.state import step_rngs

STATISTICS = ("mean", "standard_deviation", "smallest", "largest")
"""Of an example's elements."""


def make_predictive_pit(model: nn.Module, preparation: Any) -> Callable[..., Any]:
    """A function (variables, key, stored rows, row indices, S) -> PIT values.

    One z is drawn from q(z|x) for each example x, and S times x' from p(x'|z); the PIT
    is the rank of x among the x', by element, and that of a few statistics of all
    elements of x among theirs.

    If x comes from the model and q is its exact posterior, (x, z) is a draw from p(x,
    z) and x one more draw from p(x|z): so every PIT is uniform, for any head, discrete
    or not, and any S. With more than one z, or z from q's mean, it would not be. What
    is not uniform says that the head, the decoder or the posterior is wrong, and not
    which; SBC tests the posterior alone.

    Args:
      model: unbound, with a head that is a density.
      preparation: (key, stored) -> Batch.

    Returns:
      The function, not jitted; it maps over examples, each of which draws from its own
      fold of the key, by its index, so that the batch does not matter. It goes into
      `vaex.evaluation.estimates.estimate`, whose `num_samples` is S. Its result holds,
      by example, `pit` [*E] of prepared values (NaN where masked) and `statistics` [4],
      as `STATISTICS` (of the observed elements).

    Source: Gelman, Meng, Stern, "Posterior Predictive Assessment of Model Fitness via
      Realized Discrepancies", Statistica Sinica 6, 1996 (statistics of draws against
      the data's); Czado, Gneiting, Held 2009, as `vaex.metrics.calibration.pit_of_cdf`.
    """

    def example(variables: Any, key: Array, row: Any, index: Array, num: Array) -> Any:
        key = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = preparation(named_fold(key, "prepare"), stored)
        x = batch["x"].astype(jnp.float32)
        seen = batch.get("mask", jnp.ones(x.shape, bool))

        def joined(x: Array) -> Array:
            """Elements and statistics in one vector."""
            return jnp.concatenate([x.reshape(-1), _statistics(x, seen)])

        def forward(bound: Any) -> Array:
            z = bound.encode(batch, train=False).sample(seed=named_fold(key, "z"))
            likelihood = bound.decode(z, batch.get("condition"))

            def draw(key: Array) -> Array:
                return joined(likelihood.sample(seed=key).astype(jnp.float32))

            value = joined(x)
            less, equal = counts_of(named_fold(key, "draws"), value, draw, num)
            place = jax.random.uniform(named_fold(key, "place"), value.shape)
            return pit_of_counts(less, equal, num.astype(jnp.float32), place)

        rngs = step_rngs(named_fold(key, "rngs"))
        pit: Any = nn.apply(forward, model)(variables, rngs=rngs)
        elements = pit[: x.size].reshape(x.shape[1:])
        return {
            "pit": jnp.where(seen[0], elements, jnp.nan),
            "statistics": jnp.where(seen.any(), pit[x.size :], jnp.nan),
        }

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def _statistics(x: Array, seen: Array) -> Array:
    """`STATISTICS` [4] of the elements of x that are seen."""
    count = jnp.maximum(seen.sum(), 1)
    mean = jnp.where(seen, x, 0.0).sum() / count
    variance = jnp.where(seen, jnp.square(x - mean), 0.0).sum() / count
    low = jnp.where(seen, x, jnp.inf).min()
    high = jnp.where(seen, x, -jnp.inf).max()
    return jnp.stack([mean, jnp.sqrt(variance), low, high])
