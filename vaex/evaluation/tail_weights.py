"""The largest importance weights of each example, kept exactly while chunks go by.

S samples in a chunk, M weights of the tail, K weights in all.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.evaluation.estimates import Preparation
from vaex.evaluation.pareto_tail import (
    FEWEST,
    RELIABLE,
    pareto_k,
    reliable_below,
    tail_size,
)
from vaex.evaluation.summary import RESAMPLES, missing
from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.state import step_rngs
from vaex.types import log_weights


def make_tail_weights(
    model: nn.Module, preparation: Preparation, samples_per_chunk: int, num_samples: int
) -> Callable[..., dict[str, Array]]:
    """A function (variables, key, stored rows, row indices, K) -> largest weights.

    The weights are those of `vaex.evaluation.estimates.make_estimate` for the same
    key, chunk and K; to be called by `vaex.evaluation.estimates.estimate`.

    Args:
      model: unbound; its posterior, prior and head have densities.
      preparation: (key, stored) -> Batch.
      samples_per_chunk: S.
      num_samples: K, which fixes how many are kept.

    Returns:
      The function, not jitted. Its result holds `largest`, [N, M + 1] log-weights in
      nats, descending: those of the tail and the next one; and `rest`, [N] log of the
      sum of the others, which is -inf where there are none. (What the largest leave of
      the sum of all would have lost its digits.)
    """
    count, kept = samples_per_chunk, tail_size(num_samples) + 1

    def example(variables: Any, key: Array, row: Any, index: Array, k: Array):
        key = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = preparation(named_fold(key, "prepare"), stored)

        def merge(chunk: Array, found: tuple[Array, Array]) -> tuple[Array, Array]:
            largest, rest = found
            terms: Any = model.apply(
                variables,
                batch,
                num_samples=count,
                train=False,
                rngs=step_rngs(fold_in(key, chunk)),
                method="terms",
            )
            valid = jnp.arange(count) + chunk * count < k
            new = jnp.where(valid, log_weights(terms)[:, 0], -jnp.inf)
            every = jnp.concatenate([largest, new])
            ordered = jax.lax.top_k(every, len(every))[0]
            dropped = jax.nn.logsumexp(ordered[kept:])
            return ordered[:kept], jnp.logaddexp(rest, dropped)

        none = jnp.full(kept, -jnp.inf), jnp.float32(-jnp.inf)
        chunks = (k + count - 1) // count
        largest, rest = jax.lax.fori_loop(0, chunks, merge, none)
        return {"largest": largest, "rest": rest}

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def summarize_tails(
    largest: np.ndarray | None, num_samples: int, reason: str = ""
) -> dict[str, Any]:
    """The entry `k_hat` of results: its median, how many examples exceed 0.7.

    Args:
      largest: [N, M + 1] nats; None where there are no weights.
      num_samples: K.
      reason: why there are no weights.

    Returns:
      `value`, the median of k-hat, and its standard error by 200 bootstrap resamples;
      `above_0.7`, share of the examples whose importance-weighted estimate is not to be
      trusted with any number of samples; `above_threshold`, share of those for which K
      samples are too few, by `threshold`; `largest`; and `meaning`, a sentence.

    >>> summarize_tails(np.zeros((3, 27)), 128)["above_0.7"]
    0.0
    """
    least = 5 * FEWEST
    if largest is None:
        return missing(reason, "k")
    if num_samples < least:
        return missing(f"needs {least} importance samples, got {num_samples}", "k")
    k = pareto_k(largest)
    bad = int(np.isnan(k).sum())
    if bad:
        return missing(f"not finite for {bad} of {len(k)} examples", "k")
    threshold = reliable_below(num_samples)
    random = np.random.default_rng(0)
    draws = (random.integers(0, len(k), len(k)) for _ in range(RESAMPLES))
    medians = [np.median(k[rows]) for rows in draws]
    return {
        "value": float(np.median(k)),
        "se": float(np.std(medians)) if len(k) > 1 else None,
        "unit": "k",
        "num_samples": num_samples,
        "num_examples": len(k),
        "above_0.7": float((k > RELIABLE).mean()),
        "threshold": threshold,
        "above_threshold": float((k > threshold).mean()),
        "largest": float(k.max()),
        "meaning": _meaning(k, threshold, num_samples),
    }


def _meaning(k: np.ndarray, threshold: float, num_samples: int) -> str:
    never, few = float((k > RELIABLE).mean()), float((k > threshold).mean())
    if never:
        return (
            f"k-hat is above {RELIABLE} for {never:.1%} of the examples: their NLL is "
            "too high by an amount that its standard error does not show, and more "
            "samples hardly help; see --metrics ais"
        )
    if few:
        return (
            f"k-hat is above {threshold:.2f} for {few:.1%} of the examples: "
            f"{num_samples} samples are too few for them; raise --num-samples"
        )
    return f"k-hat is below {threshold:.2f} for all examples: the NLL can be trusted"
