"""A small run, its configuration and its data."""

import numpy as np


def configuration(data):
    """A whole configuration, as `config.json` holds it."""
    mlp = {"hidden": [8], "activation": "jax.nn.tanh"}
    return {
        "seed": 3,
        "latent_dim": 2,
        "data": {"_target_": "vaex.data.array.ArrayFile", "path": str(data)},
        "preparation": {"_target_": "vaex.preparations.standardize.Standardize"},
        "model": {"_target_": "vaex.models.vae.VAE", "closed_form_kl": "auto"},
        "encoder": {"_target_": "vaex.nn.mlp.MLPEncoder", **mlp},
        "decoder": {"_target_": "vaex.nn.mlp.MLPDecoder", **mlp},
        "posterior": {
            "_target_": "vaex.posteriors.diagonal_gaussian.DiagonalGaussian",
            "latent_dim": 2,
        },
        "prior": {
            "_target_": "vaex.priors.standard_gaussian.StandardGaussian",
            "latent_dim": 2,
        },
        "likelihood": {
            "_target_": "vaex.likelihoods.shared_scale_gaussian.SharedScaleGaussian"
        },
        "objective": {
            "_target_": "vaex.objectives.evidence_lower_bound.elbo",
            "_partial_": True,
            "beta": 0.5,
        },
        "optimizer": {
            "_target_": "vaex.training.optimizers.adam",
            "_partial_": True,
            "learning_rate": 0.01,
        },
        "trainer": {"epochs": 2, "batch_size": 16},
        "evaluation": {"num_samples": 6, "samples_per_chunk": 4, "block_size": 16},
        "checkpoint": {"every_minutes": None},
        "run": {
            "root": "runs",
            "fresh": False,
            "accept_changes": False,
            "figures": False,
        },
    }


def write_data(path, seed=0):
    values = np.random.default_rng(seed).normal(3.0, 2.0, size=(60, 4))
    np.save(path, values.astype(np.float32))
