"""Measurements of small linear models."""

import jax

from vaex.evaluation.latent_health import (
    examine,
    make_health,
)
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.testing._compiled import quick_jit

KEY = jax.random.key(3)


def measured(model, variables, data):
    compiled = quick_jit(make_health(model, Identity()))
    return examine(compiled, variables, KEY, data)


def vae(posterior, likelihood, event=4, prior=None):
    return VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=posterior,
        prior=prior or StandardGaussian(2),
        decoder=MLPDecoder(hidden=()),
        likelihood=likelihood((event,)) if isinstance(likelihood, type) else likelihood,
    )
