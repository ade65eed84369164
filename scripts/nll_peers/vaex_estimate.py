"""vaex: `estimate`, as `vaex evaluate` runs it."""

import time
from typing import Any

import jax
import jax.numpy as jnp
from _alternation import Run
from train_peers._setting import BATCH, HIDDEN, LATENT, binary

from vaex.evaluation.estimates import estimate, make_estimate
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.binarize import Binarize
from vaex.priors.standard_gaussian import StandardGaussian


def prepare(options: dict[str, Any]) -> Run:
    """Options: `images`, `steps` of 128 rows, `samples`, `samples_per_chunk`."""
    data = {"x": binary(options).reshape(-1, 28, 28)}
    encoder, decoder = MLPEncoder(hidden=(HIDDEN,)), MLPDecoder(hidden=(HIDDEN,))
    posterior, prior = DiagonalGaussian(LATENT), StandardGaussian(LATENT)
    model = VAE(encoder, posterior, prior, decoder, Bernoulli(event_shape=(28, 28)))
    key = jax.random.key(0)
    first = {"x": jnp.asarray(data["x"][:1], jnp.float32)}
    variables = model.init({"params": key, "sample": key}, first)
    function = make_estimate(model, Binarize(2), options["samples_per_chunk"])
    compiled = jax.jit(function)

    def run() -> dict[str, float]:
        started = time.perf_counter()
        found = estimate(
            compiled,
            variables,
            key,
            data,
            num_samples=options["samples"],
            block_size=BATCH,
        )
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "nll": -float(found["log_px"].mean())}

    return run
