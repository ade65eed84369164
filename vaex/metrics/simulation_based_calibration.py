"""Is the posterior right? Ranks of z among draws of q(z|x), x simulated from z.

N simulations, L latent, S draws.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.metrics._ranks import counts_of
from vaex.metrics.calibration import Evenness, evenness
from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.state import step_rngs


def make_posterior_ranks(model: nn.Module, preparation: Any) -> Callable[..., Any]:
    """A function (variables, key, rows, row indices, S) -> ranks of z.

    z is drawn from p(z), x from p(x|z), and S times z' from q(z'|x). Where q(z|x) is
    the exact posterior z and the z' are draws of one distribution, so that the rank of
    each element of z, the number of z' below it, is uniform on 0, ..., S. The data have
    no part in it: a model may be wrong and its posterior right.

    Args:
      model: unbound, with prior, posterior and head that can be drawn from.
      preparation: its `encoder_input` says what the encoder sees of x.

    Returns:
      The function, not jitted; it maps over simulations, each of which draws from its
      own fold of the key, by its index. It goes into
      `vaex.evaluation.estimates.estimate`, whose `num_samples` is S; of the rows the
      `condition` is used, where there is one. Its result holds `rank` [L], layers of z
      in one row; among equals (discrete z) the place is random.

    Source: Talts, Betancourt, Simpson, Vehtari, Gelman, "Validating Bayesian Inference
      Algorithms with Simulation-Based Calibration", 2018,
      https://arxiv.org/abs/1804.06788
    """

    def simulation(
        variables: Any, key: Array, row: Any, index: Array, num: Array
    ) -> dict[str, Array]:
        key = fold_in(key, index)
        given = {k: row[k][None] for k in ("condition",) if k in row}

        def forward(bound: Any) -> Array:
            condition = given.get("condition")
            prior = bound.prior_distribution(condition)
            z = prior.sample(seed=named_fold(key, "z"), sample_shape=(1,))
            x = bound.decode(z, condition).sample(seed=named_fold(key, "x"))
            x = x.astype(jnp.float32)
            seen = preparation.encoder_input(x)
            batch = {**given, "x": x} | ({} if seen is None else {"input": seen})
            posterior = bound.encode(batch, train=False)

            def draw(key: Array) -> Array:
                return _flat(posterior.sample(seed=key))

            value = _flat(z)
            less, equal = counts_of(named_fold(key, "draws"), value, draw, num)
            place = jax.random.uniform(named_fold(key, "place"), value.shape)
            return less + jnp.floor(place * (equal + 1.0))

        rngs = step_rngs(named_fold(key, "rngs"))
        rank: Any = nn.apply(forward, model)(variables, rngs=rngs)
        return {"rank": rank}

    return jax.vmap(simulation, in_axes=(None, None, 0, 0, None))


def rank_counts(ranks: np.ndarray, num_draws: int, bins: int) -> np.ndarray:
    """Histograms of ranks, in bins of as many ranks each.

    Args:
      ranks: [N, L] integers 0 to S.
      num_draws: S; S + 1 must be a multiple of `bins`, or the bins could not be even.
      bins: B.

    Returns:
      [L, B] counts.

    Raises:
      InputError: if ranks cannot be shared out evenly.

    >>> rank_counts(np.array([[0], [1], [3]]), 3, 2).tolist()
    [[2, 1]]
    """
    if bins < 2 or (num_draws + 1) % bins:
        raise InputError(
            f"bins must divide num_draws + 1 = {num_draws + 1} and be at least 2, got "
            f"{bins}"
        )
    places = (np.asarray(ranks, np.int64) * bins) // (num_draws + 1)
    return np.stack([np.bincount(column, minlength=bins) for column in places.T])


def rank_tests(ranks: np.ndarray, num_draws: int, bins: int) -> list[Evenness]:
    """Chi-square test of even ranks for each element of z.

    Args:
      ranks: [N, L] integers 0 to S, N at least 5 `bins`.
      num_draws: S.
      bins: B, a divisor of S + 1; the test has B - 1 degrees of freedom.

    Returns:
      L outcomes. They are not independent: the smallest p-value times L is a p-value
      for all (Bonferroni).

    Raises:
      InputError: if ranks cannot be shared out evenly, or are too few.

    >>> rank_tests(np.arange(40)[:, None] % 4, 3, 4)[0].p_value
    1.0
    """
    return [evenness(counts) for counts in rank_counts(ranks, num_draws, bins)]


def _flat(z: Any) -> Array:
    """The numbers of z, of all layers, [L]."""
    leaves = [leaf.reshape(-1) for leaf in jax.tree.leaves(z)]
    return jnp.concatenate(leaves).astype(jnp.float32)
