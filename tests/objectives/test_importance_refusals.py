"""Numbers of the importance-weighted objectives, and what they refuse."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.objectives.test_importance import FAMILY, Fixed, drawn
from tests.oracles.ppca import LATENT, ppca
from vaex.bounds import estimators
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.objectives.combination_weighted import ciwae
from vaex.objectives.importance_weighted import iwae
from vaex.objectives.multiply_weighted import miwae, piwae
from vaex.objectives.renyi_bound import renyi
from vaex.posteriors.planar_flow import PlanarFlow
from vaex.training.hparams import numeric_parameters

partial = functools.partial


def test_numeric_parameters_are_the_weights():
    assert numeric_parameters(ciwae) == {"beta": 0.05}
    assert numeric_parameters(renyi) == {"alpha": 0.5}
    assert numeric_parameters(miwae) == {}


@pytest.mark.parametrize("name", FAMILY)
def test_what_has_no_weights_is_refused(name):
    class Enumerated(Fixed):
        is_importance = False

    with pytest.raises(InputError, match="enumerates its latent variables"):
        FAMILY[name](Enumerated(drawn()), {}, train=True)
    implicit = drawn()._replace(log_qz_x=None)
    with pytest.raises(InputError, match="the posterior has no density"):
        FAMILY[name](Fixed(implicit), {}, train=True)
    loss_only = ppca().model.clone(likelihood=MeanSquaredError((6,)))

    def run(model):
        return FAMILY[name](model, {"x": jnp.zeros((2, 6))}, train=True)

    with pytest.raises(
        InputError, match="MeanSquaredError has none|head has no density"
    ):
        nn.init(run, loss_only)(
            {"params": jax.random.key(0), "sample": jax.random.key(1)}
        )


@pytest.mark.parametrize("objective", [miwae, piwae])
def test_no_groups_and_no_samples_are_refused(objective):
    with pytest.raises(InputError, match="num_groups .* at least 1, got 0"):
        objective(Fixed(drawn()), {}, train=True, num_groups=0)
    with pytest.raises(InputError, match="num_samples .* at least 1, got 0"):
        objective(Fixed(drawn()), {}, train=True, num_samples=0)


@pytest.mark.slow
def test_a_flow_without_an_inverse_takes_the_bounds_own_gradient_only():
    model = ppca().model.clone(posterior=PlanarFlow(LATENT))
    keys = {"params": jax.random.key(0), "sample": jax.random.key(1)}

    def loss(model, estimator):
        return iwae(model, {"x": jnp.ones((2, 6))}, train=True, estimator=estimator)

    run = partial(loss, estimator=estimators.reparameterised)
    (value, _), _ = nn.init_with_output(run, model)(keys)
    assert np.isfinite(float(value))
    run = partial(loss, estimator=estimators.doubly_reparameterised)
    with pytest.raises(InputError, match="iwae: .*PlanarFlow"):
        nn.init(run, model)(keys)
