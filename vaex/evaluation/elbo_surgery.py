"""The rate taken apart: I_q(n; z) and KL(q(z) || p(z)), with all N components.

N examples of a split, Q of them whose z is drawn, B in a block, L latent.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.evaluation.estimates import Preparation
from vaex.evaluation.latent_health import SATURATED
from vaex.evaluation.summary import average, missing
from vaex.numerics import named_fold
from vaex.threefry import fold_in

NATS = "nats/example"


class Surgery(NamedTuple):
    """Compiled parts of the surgery.

    Attributes:
      draw: (variables, key, stored rows [B], row indices [B]) -> z [B, L] ~ q(z|x),
        `own`, log q(z|x) [B], and `log_ratio`, log q(z|x) - log p(z) [B] of all layers
        of z, where the prior has a density; nats.
      mixture: (variables, key, stored rows [B], row indices [B], valid [B], z [Q, L])
        -> log sum_b q(z|x_b) over the valid rows, [Q] nats.
    """

    draw: Callable[..., dict[str, Array]]
    mixture: Callable[..., Array]


def make_surgery(model: nn.Module, preparation: Preparation) -> Surgery:
    """The two programs, jitted; keys and prepared x are those of the estimates.

    Of two layers z1 is taken for I_q: z2 depends on x through it alone.

    Args:
      model: unbound, with a posterior whose density is known at any z.
      preparation: (key, stored) -> Batch.
    """
    prior_kind: Any = getattr(model, "prior", None)
    has_prior = getattr(prior_kind, "has_density", True)

    def prepared(key: Array, rows: Any, index: Array) -> tuple[Any, Array]:
        keys = jax.vmap(partial(fold_in, key))(index)

        def one(key: Array, row: Any) -> Any:
            stored = jax.tree.map(lambda a: a[None], row)
            return preparation(named_fold(key, "prepare"), stored)

        batch = jax.vmap(one)(keys, rows)
        return jax.tree.map(lambda a: a[:, 0], batch), keys

    def draw(variables: Any, key: Array, rows: Any, index: Array) -> dict[str, Array]:
        batch, keys = prepared(key, rows, index)

        def one(key: Array, row: Any) -> dict[str, Array]:
            single = jax.tree.map(lambda a: a[None], row)

            def forward(bound: Any) -> dict[str, Array]:
                q = bound.encode(single, train=False)
                z = q.sample(seed=named_fold(key, "surgery"))
                found = {}
                prior = bound.prior_distribution(single.get("condition"))
                if has_prior:
                    found["log_ratio"] = (q.log_prob(z) - prior.log_prob(z))[0]
                if isinstance(z, tuple):
                    q, z = q.first, z[0]
                return found | {"z": z[0], "own": q.log_prob(z)[0]}

            found: Any = nn.apply(forward, model)(variables)
            return found

        return jax.vmap(one)(keys, batch)

    def mixture(
        variables: Any, key: Array, rows: Any, index: Array, valid: Array, z: Array
    ) -> Array:
        batch, _ = prepared(key, rows, index)

        def forward(bound: Any) -> Array:
            q = bound.encode(batch, train=False)
            q = getattr(q, "first", q)

            def query(z: Array) -> Array:
                every = q.log_prob(jnp.broadcast_to(z, (len(valid), *z.shape)))
                return jax.nn.logsumexp(jnp.where(valid, every, -jnp.inf))

            return jax.lax.map(query, z)  # q is closed over, and not returned

        found: Any = nn.apply(forward, model)(variables)
        return found

    return Surgery(jax.jit(draw), jax.jit(mixture))


def operate(
    surgery: Surgery,
    variables: Any,
    key: Array,
    data: Mapping[str, np.ndarray],
    chosen: np.ndarray,
    *,
    block_size: int,
    on_block: Callable[[int], None] = lambda done: None,
) -> dict[str, np.ndarray]:
    """Log q(z_n|x_n) - log q(z_n) of chosen examples, q(z) the mean of all N.

    Every pair is computed, block by block: N Q densities of L dimensions.

    Args:
      surgery: `make_surgery`'s.
      variables: of the model.
      key: of the estimates of the split.
      data: a split as stored, name -> [N, ...].
      chosen: [Q] rows whose z is drawn.
      block_size: B, rows encoded at a time.
      on_block: called with the number of components done.

    Returns:
      `information` [Q] nats, and `log_ratio` [Q] where the prior has a density.
    """
    total, parts = len(data["x"]), []
    for start in range(0, len(chosen), block_size):
        places = np.minimum(np.arange(start, start + block_size), len(chosen) - 1)
        index = chosen[places].astype(np.int32)
        rows = {name: values[index] for name, values in data.items()}
        found = jax.device_get(surgery.draw(variables, key, rows, index))
        used = min(block_size, len(chosen) - start)
        parts.append({name: values[:used] for name, values in found.items()})
    drawn = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    log_sum = np.full(len(chosen), -np.inf)
    for start in range(0, total, block_size):
        index = np.arange(start, start + block_size)
        valid = index < total
        index = np.where(valid, index, start).astype(np.int32)
        rows = {name: values[index] for name, values in data.items()}
        block = surgery.mixture(variables, key, rows, index, valid, drawn["z"])
        log_sum = np.logaddexp(log_sum, np.asarray(block, np.float64))
        on_block(min(start + block_size, total))
    information = drawn["own"].astype(np.float64) - (log_sum - np.log(total))
    rest = {k: v for k, v in drawn.items() if k == "log_ratio"}
    return {"information": information, **rest}


def summarize_surgery(
    found: Mapping[str, np.ndarray],
    rate: np.ndarray | None,
    num_components: int,
    *,
    is_conditional: bool = False,
) -> dict[str, Any]:
    """The entry `surgery` of results: value, standard error, unit, or a reason.

    rate = I_q(n; z) + KL(q(z) || p(z)): how much z tells which of the N examples it
    was, and how far the average posterior is from the prior. For these N as the data
    both are without bias. `remainder` is the rate of the results less the two, which
    differs from 0 by the draws of z alone.

    Args:
      found: `operate`'s, name -> [Q].
      rate: [Q] nats of the same examples, None where there is no KL.
      num_components: N; I_q cannot exceed log N.
      is_conditional: whether the prior may depend on a condition.

    Source: Hoffman, Johnson, "ELBO surgery: yet another way to carve up the variational
      evidence lower bound", NIPS 2016 workshop on Advances in Approximate Bayesian
      Inference, http://approximateinference.org/accepted/HoffmanJohnson2016.pdf

    >>> found = {"information": np.full(4, 1.0), "log_ratio": np.full(4, 1.25)}
    >>> results = summarize_surgery(found, np.full(4, 1.25), 8)
    >>> {name: results[name]["value"] for name in ("marginal_kl", "remainder")}
    {'marginal_kl': 0.25, 'remainder': 0.0}
    """
    information = np.asarray(found["information"], np.float64)
    ceiling = float(np.log(num_components))
    one = average(information, NATS)
    size = {"num_examples": len(information), "num_components": num_components}
    is_saturated = (one["value"] or 0.0) > ceiling - SATURATED
    one |= {"ceiling": ceiling, "is_saturated": is_saturated} | size
    if is_conditional or "log_ratio" not in found:
        reason = (
            "the prior may depend on the condition"
            if is_conditional
            else "the prior has no density"
        )
        other = remainder = missing(reason, NATS)
        return {
            "mutual_information": one, "marginal_kl": other, "remainder": remainder
        }  # fmt: skip
    log_ratio = np.asarray(found["log_ratio"], np.float64)
    other = average(log_ratio - information, NATS) | size
    remainder = missing("the posterior has no density", NATS)
    if rate is not None:
        remainder = average(np.asarray(rate, np.float64) - log_ratio, NATS)
    return {"mutual_information": one, "marginal_kl": other, "remainder": remainder}
