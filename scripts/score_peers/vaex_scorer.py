"""vaex: reconstruction probability of 64 posterior samples, with its error."""

from typing import Any

import jax
import numpy as np
from _alternation import Run

from score_peers._setting import FEATURES, HIDDEN, LATENT, SAMPLES, table, timed
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.likelihoods.gaussian import Gaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.standardize import Standardize
from vaex.priors.standard_gaussian import StandardGaussian


def prepare(options: dict[str, Any]) -> Run:
    """A scorer of a model as it starts; option `samples`."""
    rows = table(1000)
    model = VAE(
        MLPEncoder(hidden=(HIDDEN,)),
        DiagonalGaussian(LATENT),
        StandardGaussian(LATENT),
        MLPDecoder(hidden=(HIDDEN,)),
        Gaussian(event_shape=(FEATURES,)),
    )
    rngs = {"params": jax.random.key(0), "sample": jax.random.key(1)}
    variables = jax.jit(model.init)(rngs, {"x": rows[:1]})
    preparation = Standardize(rows.mean(0), rows.std(0))
    scorer = Scorer(
        model,
        variables,
        preparation,
        ReconstructionProbability(),
        num_samples=options.get("samples", SAMPLES),
    )

    def score(x: np.ndarray) -> np.ndarray:
        return scorer({"x": x}).value

    return timed(score, options)
