"""A step by hand of jax and optax alone, scanned: what a framework may add to."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from _alternation import Run
from jax import Array

from train_peers._by_hand import decode, draw_params, encode
from train_peers._setting import RATE, binary, epoch


def prepare(options: dict[str, Any]) -> Run:
    """An epoch as one program."""
    images, optimizer = jax.device_put(binary(options)), optax.adam(RATE)

    def loss_fn(params: Any, key: Array, x: Array) -> Array:
        loc, scale = encode(params, x)
        logits = decode(params, loc + scale * jax.random.normal(key, loc.shape))
        softplus = jnp.maximum(logits, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(logits)))
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - jnp.log(scale)
        return (kl.sum(-1) - (x * logits - softplus).sum(-1)).mean()

    def body(carry: Any, index: Array) -> tuple[Any, Array]:
        params, opt_state, key = carry
        key, step_key = jax.random.split(key)
        x = images[index].astype(jnp.float32)
        loss, grads = jax.value_and_grad(loss_fn)(params, step_key, x)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state, key), loss

    train = jax.jit(lambda c, index: jax.lax.scan(body, c, index), donate_argnums=0)
    params = draw_params(jax.random.key(0))
    carry, done = (params, optimizer.init(params), jax.random.key(1)), 0

    def run() -> dict[str, float]:
        nonlocal carry, done
        started = time.perf_counter()
        carry, losses = train(carry, epoch(done, len(images)))
        mean, done = float(np.mean(losses)), done + 1
        return {"seconds": time.perf_counter() - started, "loss": mean}

    return run
