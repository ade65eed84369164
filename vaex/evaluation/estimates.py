"""Per-example estimates of the ELBO and of log p(x), the same bits in any batch.

S samples in a chunk, N examples, G latent groups, L latent.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.state import step_rngs
from vaex.types import Batch, Terms, log_weights

Preparation = Callable[[Array, Mapping[str, Array]], Batch]


def make_estimate(
    model: nn.Module, preparation: Preparation, samples_per_chunk: int
) -> Callable[..., dict[str, Any]]:
    """A function (variables, key, stored rows, row indices, K) -> estimates.

    Each example draws from its own fold of the key, by its index, so that neither
    the batch nor the order it comes in matters; K is traced, and samples beyond K
    in the last chunk are given weight 0, so that any K is exact.

    Args:
      model: unbound model.
      preparation: (key, stored) -> Batch.
      samples_per_chunk: S, samples drawn at a time.

    Returns:
      The function, not jitted; it maps over examples. Its result holds, by example:
      `distortion`, `elbo`, `rate` [G] (averages over the K samples), `log_px`
      (importance-weighted log p(x) with K samples), `ess` (effective sample size of
      the weights), in nats; for a loss-only head `reconstruction_loss` in place of
      `distortion`, `elbo`, `log_px`, `ess`; `posterior_mean` [L] where it exists.
      Where z is a tuple of layers, of which it has no closed form, `posterior_mean` is
      the tuple of averages over the K samples, and `posterior_mean_variance` that of
      the squares of their standard errors.
    """
    count = samples_per_chunk

    def example(variables: Any, key: Array, row: Any, index: Array, k: Array):
        key = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = preparation(named_fold(key, "prepare"), stored)

        def accumulate(chunk: Array, sums: dict[str, Any]) -> dict[str, Any]:
            chunk_key = fold_in(key, chunk)
            terms: Any = model.apply(
                variables,
                batch,
                num_samples=count,
                train=False,
                rngs=step_rngs(chunk_key),
                method="terms",
            )
            valid = jnp.arange(count) + chunk * count < k
            new = _accumulate(sums, terms, valid)
            layers = terms.z if isinstance(terms.z, tuple) else ()
            return new | _layer_sums(sums, layers, valid)

        shapes = jax.eval_shape(accumulate, jnp.int32(0), {})
        start: Any = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        for name in ("log_w", "log_w2"):
            if name in start:
                start[name] = jnp.full_like(start[name], -jnp.inf)
        chunks = (k + count - 1) // count
        sums = jax.lax.fori_loop(0, chunks, accumulate, start)
        found = _estimates(sums, k)
        if "z" in sums:
            return found | _layer_means(sums, k)
        mean = _posterior_mean(model, variables, batch)
        return found | ({} if mean is None else {"posterior_mean": mean})

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def estimate(
    compiled: Callable[..., Any],
    variables: Any,
    key: Array,
    data: Mapping[str, np.ndarray],
    *,
    num_samples: int,
    block_size: int,
    on_block: Callable[[int], None] = lambda done: None,
    fetch: Callable[[Any], dict[str, Any]] = jax.device_get,
) -> dict[str, Any]:
    """Estimates of every example of a split, each seen once.

    Works in blocks of one fixed size; the last is filled up with its first row,
    whose repeated values are dropped. A block is dispatched before the one before it
    is waited for, so that devices need not wait for the host.

    Args:
      compiled: `make_estimate`'s function, jitted.
      variables: of the model.
      key: named fold of the run's key.
      data: a split as stored, name -> [N, ...].
      num_samples: K.
      block_size: examples at a time.
      on_block: called with the number of examples done.
      fetch: what `compiled` gave -> name -> [B, ...] on the host.

    Returns:
      Name -> [N, ...] float32, or a tuple of such.

    Raises:
      InputError: if `num_samples` or `block_size` is not positive.
    """
    for name, value in (("num_samples", num_samples), ("block_size", block_size)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    total = len(data["x"])
    results: list[dict[str, Any]] = []
    dispatched: list[tuple[Any, int]] = []

    def finish_first() -> None:
        block, done = dispatched.pop(0)
        results.append(fetch(block))
        on_block(done)

    for start in range(0, total, block_size):
        index = np.arange(start, start + block_size)
        used = min(block_size, total - start)
        index[used:] = start
        rows = {name: array[index] for name, array in data.items()}
        block = compiled(
            variables, key, rows, index.astype(np.int32), np.int32(num_samples)
        )
        dispatched.append((block, start + used))
        if len(dispatched) > 1:
            finish_first()
    if dispatched:
        finish_first()
    # Filled up in the last block alone.
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:total], *results)


def kl_form(
    model: nn.Module,
    preparation: Preparation,
    variables: Any,
    rows: Mapping[str, np.ndarray],
) -> str | None:
    """How the model has its rate: nothing is computed, only shapes are.

    Args:
      model: unbound model.
      preparation: (key, stored) -> Batch.
      variables: of the model.
      rows: of a split as stored, name -> [B, ...].

    Returns:
      "closed form", "single-sample estimate", or None where there is no KL.
    """

    def terms(variables: Any, rows: Any) -> Any:
        key = jax.random.key(0)
        options: Any = {"num_samples": 2, "train": False, "method": "terms"}
        batch = preparation(key, rows)
        return model.apply(variables, batch, rngs=step_rngs(key), **options)

    kl = jax.eval_shape(terms, variables, dict(rows)).kl
    if kl is None:
        return None
    return "closed form" if kl.shape[0] == 1 else "single-sample estimate"


def _accumulate(sums: dict[str, Array], terms: Terms, valid: Array) -> dict[str, Array]:
    """Adds a chunk of samples [S, 1] to the running sums of one example."""
    new: dict[str, Array] = {}
    if terms.log_px_z is None:
        loss = terms.aux["reconstruction_loss"][:, 0]
        new["reconstruction_loss"] = jnp.where(valid, loss, 0.0).sum()
    else:
        new["distortion"] = jnp.where(valid, -terms.log_px_z[:, 0], 0.0).sum()
    if terms.kl is not None:
        groups = jnp.broadcast_to(terms.kl[:, 0], (len(valid), terms.kl.shape[-1]))
        new["rate"] = jnp.where(valid[:, None], groups, 0.0).sum(0)
    new = {name: sums.get(name, 0.0) + value for name, value in new.items()}
    if None not in (terms.log_px_z, terms.log_pz, terms.log_qz_x):
        log_w = jnp.where(valid, log_weights(terms)[:, 0], -jnp.inf)
        for name, power in (("log_w", 1.0), ("log_w2", 2.0)):
            chunk = jax.nn.logsumexp(power * log_w)
            new[name] = jnp.logaddexp(sums[name], chunk) if name in sums else chunk
    return new


def _estimates(sums: dict[str, Array], k: Array) -> dict[str, Array]:
    averaged = ("distortion", "reconstruction_loss", "rate")
    result = {name: sums[name] / k for name in averaged if name in sums}
    if "distortion" in result and "rate" in result:
        result["elbo"] = -(result["distortion"] + result["rate"].sum())
    if "log_w" in sums:
        result["log_px"] = sums["log_w"] - jnp.log(k.astype(jnp.float32))
        result["ess"] = jnp.exp(2 * sums["log_w"] - sums["log_w2"])
    return result


def _layer_sums(
    sums: dict[str, Any], layers: tuple[Array, ...], valid: Array
) -> dict[str, Any]:
    """Running sums of each layer's samples [S, 1, L] and of their squares, [L] each."""
    new: dict[str, Any] = {}
    for name, power in (("z", 1), ("z2", 2)) if layers else ():
        chunk = (jnp.where(valid[:, None], z[:, 0] ** power, 0).sum(0) for z in layers)
        old = sums.get(name, (0.0,) * len(layers))
        new[name] = tuple(a + b for a, b in zip(old, chunk, strict=True))
    return new


def _layer_means(sums: dict[str, Any], k: Array) -> dict[str, Any]:
    """Averages, and the squares of their standard errors: not finite for K = 1."""
    mean = tuple(total / k for total in sums["z"])
    squares = (total / k for total in sums["z2"])
    # Rounding may leave a variance just below 0.
    spread = (jnp.maximum(s - m**2, 0.0) for s, m in zip(squares, mean, strict=True))
    error = tuple(s / (k.astype(jnp.float32) - 1.0) for s in spread)
    return {"posterior_mean": mean, "posterior_mean_variance": error}


def _posterior_mean(model: nn.Module, variables: Any, batch: Batch) -> Array | None:
    def mean(bound: Any) -> Array | None:
        try:
            return bound.encode(batch, train=False).mean()[0]
        except NotImplementedError:
            return None

    return nn.apply(mean, model)(variables)
