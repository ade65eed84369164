"""Options of the posterior slot that bring a prior, in the layers of a model."""

import jax
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException

from tests.contracts.test_configs import FOLDER, composed
from tests.models.running import B, batch_of
from tests.models.test_two_layer_vae import two_layers
from vaex.cli._messages import explain
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.models.two_layer_vae import TwoLayerVAE
from vaex.nn.mlp import MLPDecoder
from vaex.posteriors.categorical import Categorical
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.relaxed_categorical import RelaxedCategorical
from vaex.training.experiment import Experiment
from vaex.training.optimizers import sgd
from vaex.training.state import make_init

LOWER, CONDITIONAL = (
    "posterior@model.lower_posterior",
    "posterior@model.conditional_prior",
)
PLAIN = sorted(path.stem for path in (FOLDER / "posterior/plain").glob("*.yaml"))


@pytest.mark.parametrize("option", PLAIN)
def test_a_plain_option_is_the_slots_own_without_what_that_brings(option):
    own, plain = composed(f"posterior={option}"), composed(f"posterior=plain/{option}")
    assert plain["posterior"] == own["posterior"]
    assert plain["prior"] == composed()["prior"] != own["prior"]


def test_the_lower_layer_can_be_of_relaxed_codes():
    words = [f"{slot}=plain/relaxed_categorical" for slot in (LOWER, CONDITIONAL)]
    sizes = [
        f"{slot.partition('@')[2]}.num_variables=10" for slot in (LOWER, CONDITIONAL)
    ]
    node = composed("model=two_layer_vae", *words, *sizes)["model"]
    for slot in ("lower_posterior", "conditional_prior"):
        built = construct(node[slot], slot, {})
        assert isinstance(built, RelaxedCategorical)
        assert built.latent_dim == 100


def test_an_option_that_brings_a_prior_says_which_one_does_not():
    config = initialize_config_dir(str(FOLDER), version_base="1.3")
    with config, pytest.raises(HydraException) as caught:
        compose("config", ["model=two_layer_vae", f"{LOWER}=categorical"])
    assert explain(caught.value) == (
        f"{LOWER}=categorical: this option brings a prior of its own, for the slot "
        f"posterior alone; use {LOWER}=plain/categorical"
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Categorical, "posteriors whose samples pass a gradient, which those of Categ"),
        (
            RelaxedCategorical,
            "lower_posterior RelaxedCategorical and conditional_prior",
        ),
    ],
)
def test_codes_below_that_do_not_fit_are_refused_by_their_slots(kind, message):
    lower = kind(num_variables=2, num_categories=3)
    layers, upper = MLPDecoder(), DiagonalGaussian(6)
    with pytest.raises(InputError, match=message):
        TwoLayerVAE(None, lower, layers, upper, None, layers, upper, layers, None)


@pytest.mark.parametrize("option", ["beta_tcvae", "dip_vae_ii", "factor_vae"])
def test_an_objective_of_one_vector_says_what_to_use_with_two(option):
    """As it is traced: nothing is compiled."""
    node = composed(f"objective={option}")["objective"]
    objective = construct(node, "objective", {"num_examples": 10 * B})
    experiment = Experiment(two_layers(), objective, sgd, lambda key, stored: stored)
    init = make_init(experiment, batch_of())
    message = (
        f"{option} needs .* TwoLayerVAE are not; use model=vae, or .*objective=elbo"
    )
    with pytest.raises(InputError, match=message):
        jax.eval_shape(init, jax.random.key(0), experiment.hparams())
