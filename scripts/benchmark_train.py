"""Training speed of vaex beside numpyro's scanned SVI and a step written by hand.

All train the same network: 784-500-20 with relu, Bernoulli head, one posterior sample,
KL in closed form, MNIST binarised anew in each step, batch 128, Adam 1e-3, float32.
Each runs a chunk of steps as one program on the device, with the same order, gather
and binarisation (vaex's). Timings alternate; the table holds medians, and the mean
loss of the last chunk, in which all should agree.

    pip install -c constraints.txt -e '.[benchmark]'
    python scripts/benchmark_train.py --json benchmark_train.json
"""
# pyright: reportMissingImports=false

import argparse
import functools
import json
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import optax
from jax import Array
from numpyro import distributions, infer

from vaex.data.mnist import MNIST
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.binarize import Binarize
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training.experiment import Experiment
from vaex.training.optimizers import adam
from vaex.training.order import BatchOrder
from vaex.training.state import make_init
from vaex.training.step import make_chunk, make_step

BATCH, HIDDEN, LATENT, RATE = 128, 500, 20, 1e-3
SIZES = ((784, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, 784))

Run = Callable[[Any, Array, np.ndarray], tuple[Any, Array]]
"""(state, images [N, 28, 28] uint8, indices [steps, B]) -> (state, losses [steps])."""


def vaex_run(images: Array) -> tuple[Any, Run]:
    """A state, and the compiled chunk that `vaex train` runs."""
    encoder, decoder = MLPEncoder(hidden=(HIDDEN,)), MLPDecoder(hidden=(HIDDEN,))
    posterior, prior = DiagonalGaussian(LATENT), StandardGaussian(LATENT)
    model = VAE(encoder, posterior, prior, decoder, Bernoulli(event_shape=(28, 28)))
    optimizer = functools.partial(adam, learning_rate=RATE)
    experiment = Experiment(model, elbo, optimizer, Binarize(256))
    init = make_init(experiment, {"x": images[:BATCH]})
    chunk = jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)

    def run(state: Any, images: Array, indices: np.ndarray) -> tuple[Any, Array]:
        state, metrics = chunk(state, {"x": images}, indices, np.int32(len(indices)))
        return state, metrics["loss"]

    return jax.jit(init)(jax.random.key(0), experiment.hparams()), run


def draw_params(key: Array) -> list[tuple[Array, Array]]:
    """Kernels with variance 1 / inputs, as flax draws them, and biases of 0."""
    draw, keys = jax.nn.initializers.lecun_normal(), jax.random.split(key, len(SIZES))
    return [(draw(k, s), jnp.zeros(s[1])) for k, s in zip(keys, SIZES, strict=True)]


def encode(params: Any, x: Array) -> tuple[Array, Array]:
    """Location and scale of q(z|x)."""
    (a, b), (c, d) = params[:2]
    loc, raw = jnp.split(jax.nn.relu(x @ a + b) @ c + d, 2, axis=-1)
    return loc, 1e-4 + jax.nn.softplus(raw)


def decode(params: Any, z: Any) -> Array:
    """Logits of p(x|z)."""
    (a, b), (c, d) = params[2:]
    return jax.nn.relu(z @ a + b) @ c + d


def scanned(step: Callable[[Any, Array, Array], tuple[Any, Array]]) -> Run:
    """Many steps (state, key, x [B, 784]) -> (state, loss) as one program."""

    def run(carry: Any, images: Array, indices: Array) -> tuple[Any, Array]:
        def body(carry: Any, index: Array) -> tuple[Any, Array]:
            key, binarize_key, step_key = jax.random.split(carry[1], 3)
            x = Binarize(256).prepare(binarize_key, images[index]).reshape(-1, 784)
            state, loss = step(carry[0], step_key, x)
            return (state, key), loss

        return jax.lax.scan(body, carry, indices)

    return jax.jit(run, donate_argnums=0)


def floor_run() -> tuple[Any, Run]:
    """The step written by hand: jax and optax alone."""
    optimizer = optax.adam(RATE)

    def loss_fn(params: Any, key: Array, x: Array) -> Array:
        loc, scale = encode(params, x)
        logits = decode(params, loc + scale * jax.random.normal(key, loc.shape))
        softplus = jnp.maximum(logits, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(logits)))
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - jnp.log(scale)
        return (kl.sum(-1) - (x * logits - softplus).sum(-1)).mean()

    def step(state: Any, key: Array, x: Array) -> tuple[Any, Array]:
        params, opt_state = state
        loss, grads = jax.value_and_grad(loss_fn)(params, key, x)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state), loss

    params = draw_params(jax.random.key(0))
    return ((params, optimizer.init(params)), jax.random.key(1)), scanned(step)


def numpyro_run() -> tuple[Any, Run]:
    """The update of `SVI` with `TraceMeanField_ELBO`, whose KL is in closed form."""

    def model(x: Array) -> None:
        params = numpyro.param("params", draw_params)
        with numpyro.plate("batch", BATCH):
            p_z = distributions.Normal(0, 1).expand([LATENT]).to_event(1)
            logits = decode(params, numpyro.sample("z", p_z))
            p_x_z = distributions.Bernoulli(logits=logits)
            numpyro.sample("x", p_x_z.to_event(1), obs=x)

    def guide(x: Array) -> None:
        params = numpyro.param("params", draw_params)
        with numpyro.plate("batch", BATCH):
            numpyro.sample("z", distributions.Normal(*encode(params, x)).to_event(1))

    svi = infer.SVI(model, guide, optax.adam(RATE), infer.TraceMeanField_ELBO())

    def step(state: Any, _: Array, x: Array) -> tuple[Any, Array]:  # it has a key
        state, loss = svi.update(state, x)
        return state, loss / BATCH

    state = svi.init(jax.random.key(2), jnp.zeros((BATCH, 784)))
    return (state, jax.random.key(1)), scanned(step)


def measure(images: Array, steps: int, repeats: int) -> dict[str, dict[str, Any]]:
    """Median speed and last loss of each, by name."""
    runs = {"vaex": vaex_run(images), "numpyro": numpyro_run(), "floor": floor_run()}
    states = {name: state for name, (state, _) in runs.items()}
    results: dict[str, Any] = {name: {"seconds": []} for name in runs}
    for repeat in range(repeats + 1):
        indices = BatchOrder(0, len(images), BATCH).indices(repeat * steps, steps)
        for name, (_, run) in runs.items():
            started = time.perf_counter()
            done = jax.block_until_ready(run(states[name], images, indices))
            results[name]["seconds"].append(time.perf_counter() - started)
            states[name], results[name]["loss"] = done[0], float(done[1].mean())
    for found in results.values():  # the first timing holds the compilation
        found["ms_per_step"] = 1e3 * float(np.median(found["seconds"][1:])) / steps
        found["examples_per_second"] = 1e3 * BATCH / found["ms_per_step"]
    return results


def main() -> None:
    """Measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=400, help="steps of one timing")
    parser.add_argument("--repeats", type=int, default=5, help="timings of each")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--synthetic", action="store_true", help="noise for MNIST")
    options = parser.parse_args()
    values = np.random.default_rng(0).integers(0, 256, (2048, 28, 28), np.uint8)
    if not options.synthetic:
        values = MNIST().load().splits["train"]["x"]
    device, load = jax.devices()[0].device_kind, os.getloadavg()[0]
    results = measure(jax.device_put(values), options.steps, options.repeats)
    print(f"{'':10}{'ms/step':>10}{'examples/s':>14}{'loss, nats':>12}")
    for name, found in results.items():
        ms, speed = found["ms_per_step"], found["examples_per_second"]
        print(f"{name:10}{ms:10.3f}{speed:14,.0f}{found['loss']:12.2f}")
    ours = results["vaex"]["ms_per_step"]
    ratios = {k: ours / results[k]["ms_per_step"] for k in ("numpyro", "floor")}
    versions = {k: version(k) for k in ("numpyro", "jax", "optax", "flax", "vaex-jax")}
    print("time of vaex/" + ", vaex/".join(f"{k} {r:.2f}" for k, r in ratios.items()))
    print(f"{device}, {os.cpu_count()} cores, load {load:.1f}, {versions}")
    if options.json:
        report = {"device": device, "cores": os.cpu_count(), "load": load}
        report |= vars(options) | {"versions": versions, "time_over": ratios}
        text = json.dumps(report | {"results": results}, indent=2, default=str)
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
