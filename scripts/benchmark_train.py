"""Training speed of vaex beside numpyro's scanned SVI and a hand-written step.

All three train the same network from parameters of the same law: 784-500-20 with
relu, Bernoulli head, one posterior sample and the KL in closed form, MNIST binarised
anew inside each step, batch 128, Adam 1e-3, float32. Each runs a whole chunk of steps
as one compiled program on device-resident data, with the same gather, the same order
and the same binarisation (`vaex.preparations.binarize`), its state donated. Timings
alternate; the table holds their medians, and the mean loss of the last chunk.

    pip install -c constraints.txt -e '.[benchmark]'
    python scripts/benchmark_train.py --json benchmark_train.json
"""

import argparse
import functools
import json
import os
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from vaex.preparations.binarize import Binarize
from vaex.training.order import BatchOrder

BATCH, HIDDEN, LATENT, RATE = 128, 500, 20, 1e-3
PEERS = ("numpyro", "jax", "optax", "flax", "distrax", "jaxlib", "vaex-jax")

Run = Callable[[Any, Array, np.ndarray], tuple[Any, Array]]
"""(state, images [N, 28, 28] uint8, indices [steps, B]) -> (state, losses [steps])."""


def vaex_run(images: Array) -> tuple[Any, Run]:
    """The state, and vaex's own compiled chunk."""
    from vaex.likelihoods.bernoulli import Bernoulli
    from vaex.models.vae import VAE
    from vaex.nn.mlp import MLPDecoder, MLPEncoder
    from vaex.objectives.evidence_lower_bound import elbo
    from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
    from vaex.priors.standard_gaussian import StandardGaussian
    from vaex.training.experiment import Experiment
    from vaex.training.optimizers import adam
    from vaex.training.state import make_init
    from vaex.training.step import make_chunk, make_step

    model = VAE(
        encoder=MLPEncoder(hidden=(HIDDEN,)),
        posterior=DiagonalGaussian(LATENT),
        prior=StandardGaussian(LATENT),
        decoder=MLPDecoder(hidden=(HIDDEN,)),
        likelihood=Bernoulli(event_shape=(28, 28)),
    )
    optimizer = functools.partial(adam, learning_rate=RATE)
    experiment = Experiment(model, elbo, optimizer, Binarize(256))
    init = make_init(experiment, {"x": images[:BATCH]})
    state = jax.jit(init)(jax.random.key(0), experiment.hparams())
    chunk = jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)

    def run(state: Any, images: Array, indices: np.ndarray) -> tuple[Any, Array]:
        state, metrics = chunk(state, {"x": images}, indices, np.int32(len(indices)))
        return state, metrics["loss"]

    return state, run


def dense(key: Array, size: int, width: int) -> tuple[Array, Array]:
    """Weights of variance 1/size (LeCun's), and biases of 0."""
    kernel = jax.nn.initializers.lecun_normal()(key, (size, width))
    return kernel, jnp.zeros(width)


def network(key: Array) -> dict[str, tuple[Array, Array]]:
    """Parameters of encoder and decoder."""
    sizes = {
        "hidden": (784, HIDDEN),
        "posterior": (HIDDEN, 2 * LATENT),
        "features": (LATENT, HIDDEN),
        "logits": (HIDDEN, 784),
    }
    keys = jax.random.split(key, len(sizes))
    return {name: dense(k, *sizes[name]) for name, k in zip(sizes, keys, strict=True)}


def encode(params: Any, x: Array) -> tuple[Array, Array]:
    """Location and scale of q(z|x)."""
    (a, b), (c, d) = params["hidden"], params["posterior"]
    loc, raw = jnp.split(jax.nn.relu(x @ a + b) @ c + d, 2, axis=-1)
    return loc, 1e-4 + jax.nn.softplus(raw)


def decode(params: Any, z: Array) -> Array:
    """Logits of p(x|z)."""
    (a, b), (c, d) = params["features"], params["logits"]
    return jax.nn.relu(z @ a + b) @ c + d


def scanned(step: Callable[[Any, Array, Array], tuple[Any, Array]]) -> Run:
    """Many steps (state, key, x [B, 784]) -> (state, loss) as one program."""

    @functools.partial(jax.jit, donate_argnums=0)
    def run(carry: Any, images: Array, indices: Array) -> tuple[Any, Array]:
        def body(carry: Any, index: Array) -> tuple[Any, Array]:
            state, key = carry
            key, binarize_key, step_key = jax.random.split(key, 3)
            x = Binarize(256).prepare(binarize_key, images[index]).reshape(-1, 784)
            state, loss = step(state, step_key, x)
            return (state, key), loss

        return jax.lax.scan(body, carry, indices)

    return run


def floor_run() -> tuple[Any, Run]:
    """A step written by hand: jax and optax alone."""
    optimizer = optax.adam(RATE)

    def loss_fn(params: Any, key: Array, x: Array) -> Array:
        loc, scale = encode(params, x)
        z = loc + scale * jax.random.normal(key, loc.shape)
        logits = decode(params, z)
        positive = jnp.maximum(logits, 0.0)
        log_px_z = x * logits - positive - jnp.log1p(jnp.exp(-jnp.abs(logits)))
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - jnp.log(scale)
        return (kl.sum(-1) - log_px_z.sum(-1)).mean()

    def step(state: Any, key: Array, x: Array) -> tuple[Any, Array]:
        params, opt_state = state
        loss, grads = jax.value_and_grad(loss_fn)(params, key, x)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state), loss

    params = network(jax.random.key(0))
    return ((params, optimizer.init(params)), jax.random.key(1)), scanned(step)


def numpyro_run(images: Array) -> tuple[Any, Run]:
    """numpyro's `SVI.update`, scanned, with the KL in closed form."""
    import numpyro
    from numpyro import distributions as dist
    from numpyro.infer import SVI, TraceMeanField_ELBO

    start = network(jax.random.key(0))

    def model(x: Array) -> None:
        params = numpyro.param("decoder", {k: start[k] for k in ("features", "logits")})
        with numpyro.plate("batch", BATCH):
            z = numpyro.sample("z", dist.Normal(0, 1).expand([LATENT]).to_event(1))
            x_given_z = dist.Bernoulli(logits=decode(params, z)).to_event(1)
            numpyro.sample("x", x_given_z, obs=x)

    def guide(x: Array) -> None:
        params = numpyro.param(
            "encoder", {k: start[k] for k in ("hidden", "posterior")}
        )
        with numpyro.plate("batch", BATCH):
            numpyro.sample("z", dist.Normal(*encode(params, x)).to_event(1))

    svi = SVI(model, guide, optax.adam(RATE), TraceMeanField_ELBO())
    state = svi.init(jax.random.key(0), images[:BATCH].reshape(-1, 784) / 255.0)

    def step(state: Any, key: Array, x: Array) -> tuple[Any, Array]:
        del key  # SVI carries its own
        state, loss = svi.update(state, x)
        return state, loss / BATCH

    return (state, jax.random.key(1)), scanned(step)


def measure(images: Array, steps: int, repeats: int) -> dict[str, dict[str, Any]]:
    """Seconds of each chunk of steps, and the loss of the last, by name."""
    order = BatchOrder(0, len(images), BATCH)
    runs = {
        "vaex": vaex_run(images),
        "numpyro": numpyro_run(images),
        "floor": floor_run(),
    }
    states = {name: state for name, (state, _) in runs.items()}
    results: dict[str, Any] = {name: {"seconds": []} for name in runs}
    for repeat in range(repeats + 1):  # the first one compiles
        indices = order.indices(repeat * steps, steps)
        for name, (_, run) in runs.items():
            started = time.perf_counter()
            states[name], losses = jax.block_until_ready(
                run(states[name], images, indices)
            )
            seconds = time.perf_counter() - started
            results[name]["seconds"] += [seconds] if repeat else []
            results[name]["loss"] = float(losses.mean())
    for found in results.values():
        median = statistics.median(found["seconds"])
        found["ms_per_step"] = 1e3 * median / steps
        found["examples_per_second"] = BATCH * steps / median
    return results


def main() -> None:
    """Measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400, help="steps timed at once")
    parser.add_argument("--repeats", type=int, default=5, help="timings, of a median")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--synthetic", action="store_true", help="noise, not MNIST")
    options = parser.parse_args()
    if options.synthetic:
        values = np.random.default_rng(0).integers(0, 256, (2048, 28, 28), np.uint8)
    else:
        from vaex.data.mnist import MNIST

        values = MNIST().load().splits["train"]["x"]
    images = jax.device_put(values)
    results = measure(images, options.steps, options.repeats)
    ms = {name: found["ms_per_step"] for name, found in results.items()}
    report = {
        "device": jax.devices()[0].device_kind,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {name: version(name) for name in PEERS},
        "steps": options.steps,
        "repeats": options.repeats,
        "results": results,
        "vaex/numpyro": ms["vaex"] / ms["numpyro"],
        "vaex/floor": ms["vaex"] / ms["floor"],
    }
    print(f"{'':10}{'ms/step':>10}{'examples/s':>14}{'loss, nats':>12}")
    for name, found in results.items():
        speed, loss = found["examples_per_second"], found["loss"]
        print(f"{name:10}{ms[name]:10.3f}{speed:14,.0f}{loss:12.2f}")
    for ratio in ("vaex/numpyro", "vaex/floor"):
        print(f"time of {ratio}: {report[ratio]:.2f}")
    print(
        f"{report['device']}, {report['cores']} cores, load {report['load']:.1f};",
        end=" ",
    )
    print(", ".join(f"{name} {number}" for name, number in report["versions"].items()))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
