"""XLA's products of a decoder's pass over all samples, and nothing else."""

import time
from typing import Any

import jax
import jax.numpy as jnp
from _alternation import Run
from jax import Array
from train_peers._setting import BATCH, HIDDEN, LATENT, PIXELS


def prepare(options: dict[str, Any]) -> Run:
    """As many rows as examples times samples, in blocks of one chunk of a block."""
    rows = BATCH * options["samples_per_chunk"]
    count = options["steps"] * options["samples"] // options["samples_per_chunk"]
    a, b = jnp.ones((LATENT, HIDDEN)), jnp.ones((HIDDEN, PIXELS))

    @jax.jit
    def work(z: Array) -> Array:
        def body(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            return carry[0] + 1.0, (carry[0] @ a) @ b

        return jax.lax.fori_loop(0, count, body, (z, jnp.zeros((rows, PIXELS))))[1]

    z = jnp.zeros((rows, LATENT))

    def run() -> dict[str, float]:
        started = time.perf_counter()
        jax.block_until_ready(work(z))
        return {"seconds": time.perf_counter() - started}

    return run
