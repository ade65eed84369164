"""Kernels drawn anew: which parameters, with what spread, and nothing by default."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex import objectives, training
from vaex.errors import InputError
from vaex.likelihoods import Gaussian
from vaex.models import VAE
from vaex.nn.kernels import drawn_anew
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors import StandardGaussian
from vaex.training.state import make_init

ROWS = {"x": np.ones((4, 60), np.float32)}


def model(kernel_scale=None):
    return VAE(
        encoder=MLPEncoder(hidden=(80,)),
        posterior=DiagonalGaussian(latent_dim=30),
        prior=StandardGaussian(latent_dim=30),
        decoder=MLPDecoder(hidden=(80,)),
        likelihood=Gaussian(event_shape=(60,)),
        kernel_scale=kernel_scale,
    )


def start(kernel_scale):
    experiment = training.Experiment(
        model(kernel_scale), objectives.elbo, training.adam, Identity()
    )
    init = make_init(experiment, ROWS)
    return init(jax.random.key(0), experiment.hparams()).params["model"]


def test_all_kernels_of_a_model_have_the_scale_and_biases_stay():
    plain, anew = (jax.tree.leaves_with_path(start(s)) for s in (None, 0.01))
    kernels = 0
    for (path, before), (_, after) in zip(plain, anew, strict=True):
        if "kernel" not in jax.tree_util.keystr(path):
            assert np.array_equal(before, after)
            continue
        kernels += 1
        assert float(jnp.std(before)) > 0.05  # of LeCun, 1 / sqrt(80) at least
        # 2400 draws at least: a standard error of 1.5 %; five of them.
        assert float(jnp.std(after)) == pytest.approx(0.01, rel=0.075)
        assert abs(float(jnp.mean(after))) < 5 * 0.01 / np.sqrt(after.size)
    assert kernels == 4  # encoder, posterior, decoder, head


def test_kernels_of_one_shape_are_drawn_apart():
    params = {name: {"kernel": jnp.zeros((3, 3))} for name in "ab"}
    anew = drawn_anew(params, jax.random.key(0), 1.0)
    assert not np.array_equal(anew["a"]["kernel"], anew["b"]["kernel"])


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_cannot_work(scale):
    with pytest.raises(InputError, match="kernel_scale must be above 0 and finite"):
        model(scale)
