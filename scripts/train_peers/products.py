"""XLA's matrix products of a step and nothing else: eleven, as a VAE needs them."""

import time
from typing import Any

import jax
import jax.numpy as jnp
from _alternation import Run
from jax import Array

from train_peers._by_hand import draw_params
from train_peers._setting import LATENT, binary, epoch


def prepare(options: dict[str, Any]) -> Run:
    """An epoch as one program."""
    images = jax.device_put(binary(options))
    params = [kernel for kernel, _ in draw_params(jax.random.key(0))]

    def step(kernels: list[Array], x: Array) -> list[Array]:
        a, b, c, d = kernels
        h = x @ a
        z = (h @ b)[:, :LATENT]
        g = z @ c
        logits = g @ d
        dg = logits @ d.T
        dz = dg @ c.T
        draw = jnp.concatenate([dz, dz], -1)
        dh = draw @ b.T
        return [x.T @ dh, h.T @ draw, z.T @ dg, g.T @ logits]

    @jax.jit
    def train(kernels: list[Array], index: Array) -> Any:
        def body(_: Any, i: Array) -> tuple[list[Array], None]:
            return step(kernels, images[i].astype(jnp.float32)), None

        return jax.lax.scan(body, kernels, index)[0]

    done = 0

    def run() -> dict[str, float]:
        nonlocal done
        started = time.perf_counter()
        jax.block_until_ready(train(params, epoch(done, len(images))))
        done += 1
        return {"seconds": time.perf_counter() - started}

    return run
