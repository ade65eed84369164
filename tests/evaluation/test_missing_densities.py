"""Estimates of models some of whose densities do not exist."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.evaluation.compiled import KEY, compiled, prepared, sampled
from tests.evaluation.variables import random_variables
from tests.oracles.ppca import ppca
from vaex.evaluation.estimates import estimate, kl_form
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.types import Terms


class Partial(nn.Module):
    """A model some of whose densities do not exist, with noise for the rest."""

    missing: tuple[str, ...]

    def terms(self, batch, *, num_samples, train):
        del train
        key = self.make_rng("sample")
        values = jax.random.normal(key, (3, num_samples, len(batch["x"])))
        has = {"log_px_z": values[0], "log_pz": values[1], "log_qz_x": values[2]}
        has["kl"] = values[2][..., None] * jnp.array([1.0, 2.0])
        for name in self.missing:
            has[name] = None
        return Terms(**has, z=None, aux={"reconstruction_loss": -values[0]})

    def encode(self, batch, *, train):
        del batch, train
        raise NotImplementedError


@pytest.mark.parametrize(
    ("missing", "names"),
    [
        ((), {"distortion", "rate", "elbo", "log_px", "ess"}),
        (("log_px_z",), {"reconstruction_loss", "rate"}),
        (("log_qz_x", "kl"), {"distortion"}),
        (("log_pz", "kl"), {"distortion"}),
        (("log_px_z", "log_qz_x", "kl"), {"reconstruction_loss"}),
    ],
)
def test_what_has_no_density_is_left_out(missing, names):
    found = estimate(
        compiled(Partial(missing), 4),
        {},
        KEY,
        {"x": np.zeros((5, 3), np.float32)},
        num_samples=6,
        block_size=2,
    )
    assert set(found) == names
    assert all(np.isfinite(values).all() for values in found.values())
    assert all(values.dtype == np.float32 for values in found.values())
    if "rate" in names:
        assert found["rate"].shape == (5, 2)


@pytest.mark.parametrize(
    ("model", "variables", "form"),
    [
        (ppca().model, ppca().variables, "closed form"),
        (sampled().model, ppca().variables, "single-sample estimate"),
        (Partial(("kl", "log_qz_x")), {}, None),
    ],
)
def test_how_the_rate_is_had_is_told_from_shapes(model, variables, form):
    assert kl_form(model, prepared, variables, {"x": ppca().x[:1]}) == form


def test_a_loss_only_head_has_a_loss_and_a_rate():
    model = VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=DiagonalGaussian(2),
        prior=StandardGaussian(2),
        decoder=MLPDecoder(hidden=()),
        likelihood=MeanSquaredError(event_shape=(3,)),
    )
    x = np.ones((4, 3), np.float32)
    variables = random_variables(model, {"x": jnp.ones((1, 3))})
    found = estimate(
        compiled(model, 4), variables, KEY, {"x": x}, num_samples=2, block_size=4
    )
    assert set(found) == {"reconstruction_loss", "rate", "posterior_mean"}
    assert (found["reconstruction_loss"] > 0).all()
