"""numpyro: the update of `SVI` with `TraceMeanField_ELBO`, scanned over an epoch."""
# pyright: reportMissingImports=false

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import optax
from _alternation import Run
from jax import Array
from numpyro import distributions, infer

from train_peers._by_hand import decode, draw_params, encode
from train_peers._setting import BATCH, LATENT, PIXELS, RATE, binary, epoch


def _model(x: Array) -> None:
    params: Any = numpyro.param("params", draw_params)
    with numpyro.plate("batch", BATCH):
        p_z = distributions.Normal(0, 1).expand([LATENT]).to_event(1)
        logits = decode(params, numpyro.sample("z", p_z))
        p_x_z = distributions.Bernoulli(logits=logits)
        numpyro.sample("x", p_x_z.to_event(1), obs=x)


def _guide(x: Array) -> None:
    params: Any = numpyro.param("params", draw_params)
    with numpyro.plate("batch", BATCH):
        numpyro.sample("z", distributions.Normal(*encode(params, x)).to_event(1))


def prepare(options: dict[str, Any]) -> Run:
    """An epoch as one program."""
    images = jax.device_put(binary(options))
    svi = infer.SVI(_model, _guide, optax.adam(RATE), infer.TraceMeanField_ELBO())

    def body(state: Any, index: Array) -> tuple[Any, Array]:
        state, loss = svi.update(state, images[index].astype(jnp.float32))
        return state, loss / BATCH

    train = jax.jit(lambda s, index: jax.lax.scan(body, s, index), donate_argnums=0)
    state, done = svi.init(jax.random.key(0), jnp.zeros((BATCH, PIXELS))), 0

    def run() -> dict[str, float]:
        nonlocal state, done
        started = time.perf_counter()
        state, losses = train(state, epoch(done, len(images)))
        mean, done = float(np.mean(losses)), done + 1
        return {"seconds": time.perf_counter() - started, "loss": mean}

    return run
