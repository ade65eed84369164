"""What a loaded model takes and gives: units, conditions, masks, layers."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import vaex
from tests.evaluation.variables import random_variables
from tests.oracles.linear_two_layers import linear_two_layers
from tests.oracles.ppca import ppca
from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.likelihoods.binomial import Binomial
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.preparations.levels import Levels
from vaex.priors.standard_gaussian import StandardGaussian

CONFIG = {"seed": 0, "evaluation": {"num_samples": 4, "samples_per_chunk": 4}}


def loaded(model, variables, preparation, event, levels=None, condition_dim=0):
    spec = Spec(event, levels, condition_dim, np.zeros(event), np.ones(event))
    path = Path("nowhere")
    return vaex.LoadedModel(path, model, variables, preparation, spec, CONFIG, None)


def grey(condition_dim=0):
    """A VAE on 17 levels [2, 3]."""
    model = VAE(
        encoder=MLPEncoder(hidden=(4,)),
        posterior=DiagonalGaussian(2),
        prior=StandardGaussian(2),
        decoder=MLPDecoder(hidden=(4,)),
        likelihood=Binomial(event_shape=(2, 3), total_count=16),
    )
    batch = {"x": jnp.zeros((1, 2, 3))}
    if condition_dim:
        batch["condition"] = jnp.zeros((1, condition_dim))
    variables = random_variables(model, batch)
    return loaded(model, variables, Levels(17), (2, 3), 17, condition_dim)


def test_levels_and_intensities_are_told_apart_by_their_type():
    model = grey()
    levels = np.random.default_rng(0).integers(0, 17, (5, 2, 3))
    z = model.encode(levels)
    assert z.shape == (5, 2)
    # A shift of less than half a level is rounded away.
    near = np.clip(levels / 16 + 0.02, 0, 1)
    assert model.encode(near).tobytes() == z.tobytes()
    for bad, got in ((levels + 1, "17 of int64"), (levels / 15.0, "of float64")):
        with pytest.raises(InputError, match=rf"intensities in \[0, 1\].*{got}"):
            model.encode(bad)


@pytest.mark.slow
def test_what_is_hidden_does_not_matter_and_a_condition_does():
    model = grey(condition_dim=2)
    x = np.random.default_rng(0).integers(0, 17, (5, 2, 3))
    mask = np.ones(x.shape, bool)
    mask[:, 0, 1] = False
    other = np.where(mask, x, 3)
    condition = np.ones((5, 2))
    z = model.encode(x, condition, mask)
    assert model.encode(other, condition, mask).tobytes() == z.tobytes()
    assert (model.encode(other, condition) != z).any()
    assert (model.encode(x, 2 * condition, mask) != z).any()
    assert model.sample(3, condition=condition[:3]).shape == (3, 2, 3)
    found = model.log_prob_estimate(x, condition=condition, mask=mask)
    assert found.shape == (5,)
    with pytest.raises(InputError, match=r"condition must be \[5, 2\].*, got none"):
        model.encode(x)
    with pytest.raises(InputError, match=r"condition must be \[5, 2\].*got \(4, 2\)"):
        model.encode(x, condition[:4])


@pytest.mark.slow
def test_log_prob_is_exact_where_it_is_known():
    oracle = ppca()
    model = loaded(oracle.model, oracle.variables, Identity(), (6,))
    found = model.log_prob_estimate(oracle.x)
    # float32 log-densities of order 10 summed over six dimensions.
    np.testing.assert_allclose(found, oracle.log_px, atol=3e-5)


@pytest.mark.slow
def test_layers_are_a_tuple_both_ways():
    oracle = linear_two_layers()
    model = loaded(oracle.model, oracle.variables, Identity(), (5,))
    z = model.encode(oracle.x)
    assert [layer.shape for layer in z] == [(16, 3), (16, 2)]
    decoded = model.decode(z)
    np.testing.assert_allclose(decoded, model.reconstruct(oracle.x), atol=1e-5)
