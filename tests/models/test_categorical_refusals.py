"""What is refused of categorical latents, before anything compiles."""

import functools
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import vae
from tests.models.test_categorical_latents import BATCH, SIZES, VIMCO, B, C, V, model_of
from vaex.bounds import estimators
from vaex.errors import InputError
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.importance_weighted import iwae
from vaex.objectives.kernel_discrepancy import wae_mmd
from vaex.objectives.multiply_weighted import piwae
from vaex.objectives.wake_sleep import reweighted_wake_sleep
from vaex.posteriors.categorical import Categorical
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.relaxed_categorical import RelaxedCategorical
from vaex.posteriors.straight_through_categorical import StraightThroughCategorical
from vaex.priors import categorical as priors
from vaex.priors import relaxed_categorical as relaxed_priors
from vaex.priors.standard_gaussian import StandardGaussian

# What is refused, before anything compiles.


partial = functools.partial


def initialised(objective: Any) -> None:
    model = model_of(Categorical(**SIZES))
    key = jax.random.key(0)
    keys = {"params": key, "sample": key, "objective": key}

    def loss(model: Any) -> Any:
        return objective(model, BATCH, train=True)

    jax.eval_shape(lambda: nn.init(loss, model)(keys))


@pytest.mark.parametrize(
    "objective",
    [
        elbo,
        iwae,
        wae_mmd,
        partial(iwae, estimator=estimators.doubly_reparameterised),
        partial(iwae, estimator=estimators.sticking_the_landing),
        partial(piwae, estimator=estimators.reparameterised),
    ],
    ids=["elbo", "iwae", "wae_mmd", "dreg", "stl", "piwae"],
)
def test_a_gradient_through_codes_that_pass_none_is_refused(objective):
    ways = "vimco.*straight_through_categorical.*relaxed_categorical"
    with pytest.raises(InputError, match=f"no gradient.*{ways}"):
        initialised(objective)


@pytest.mark.parametrize(
    "objective",
    [VIMCO, partial(piwae, estimator=estimators.vimco), reweighted_wake_sleep],
    ids=["vimco", "piwae", "wake-sleep"],
)
def test_estimators_that_need_no_path_are_not(objective):
    initialised(objective)


def test_parts_that_do_not_go_together_are_refused_by_name():
    straight, relaxed = StraightThroughCategorical(**SIZES), RelaxedCategorical(**SIZES)
    with pytest.raises(InputError, match="RelaxedCategorical and prior Cat.*one-"):
        model_of(relaxed)
    with pytest.raises(InputError, match="Categorical and prior Standard.*one-"):
        vae(posterior=straight, prior=StandardGaussian(V * C))
    with pytest.raises(InputError, match="DiagonalGaussian and prior Cat.*real"):
        model_of(DiagonalGaussian(V * C))
    other = priors.Categorical(num_variables=C, num_categories=V)
    with pytest.raises(InputError, match="num_variables.*equal, got 2 and 3"):
        vae(posterior=straight, prior=other)
    other = priors.Categorical(num_variables=V, num_categories=4)
    with pytest.raises(InputError, match="num_categories.*equal, got 3 and 4"):
        vae(posterior=straight, prior=other)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"num_variables": 0}, "num_variables must be at least 1, got 0"),
        ({"num_categories": 1}, "num_categories must be at least 2, got 1"),
        ({"latent_dim": 7}, "= 160, got 7; leave it out"),
    ],
)
@pytest.mark.parametrize("kind", [Categorical, priors.Categorical])
def test_sizes_that_cannot_be_are_refused(kind, arguments, reason):
    with pytest.raises(InputError, match=reason):
        kind(**arguments)


@pytest.mark.parametrize(
    "kind",
    [
        StraightThroughCategorical,
        RelaxedCategorical,
        relaxed_priors.RelaxedCategorical,
    ],
)
def test_temperatures_that_cannot_be_are_refused(kind):
    with pytest.raises(InputError, match=r"temperature must be above 0, got 0\.0"):
        kind(temperature=0.0)


@pytest.mark.parametrize("kind", [RelaxedCategorical, StraightThroughCategorical])
def test_the_traced_temperature_stands_in_for_the_posteriors_own(kind):
    posterior, raw = kind(**SIZES, temperature=0.5), np.zeros((B, V, C), np.float32)

    @quick_jit
    def temperatures(raw, given):
        own = posterior.from_raw(raw, {})
        return [q._temperature for q in (own, posterior.from_raw(raw, given))]

    own, given = temperatures(raw, {"temperature": 2.0})
    np.testing.assert_array_equal(own, [0.5] * B)
    np.testing.assert_array_equal(given, [2.0] * B)
