"""I_q, the marginal KL, shuffled z and scales at their floor, against exact answers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp, softmax

from tests.evaluation.health import KEY, measured, vae
from tests.evaluation.variables import random_variables
from tests.oracles import linear_two_layers as exact
from tests.oracles.linear_two_layers import gaussian_of, linear_two_layers
from tests.oracles.ppca import inverse_softplus, ppca
from vaex.evaluation.latent_health import (
    Reasons,
    examine,
    make_health,
    summarize_health,
)
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.fixed_scale_gaussian import FixedScaleGaussian
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.likelihoods.soft_f1_loss import SoftF1Loss
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.numerics import named_fold
from vaex.posteriors.categorical import Categorical
from vaex.posteriors.deterministic import Deterministic
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.planar_flow import PlanarFlow
from vaex.posteriors.von_mises_fisher import VonMisesFisher
from vaex.preparations.identity import Identity
from vaex.priors.categorical import Categorical as CategoricalPrior
from vaex.priors.uniform_sphere import UniformSphere

NONE = Reasons(None, None, None)


def drawn(model, variables, x):
    """The z that is drawn for rows x, and q(z|x)."""
    q = model.apply(variables, {"x": x}, method="encode")
    return np.asarray(q.sample(seed=named_fold(KEY, "z")), np.float64), q


@functools.cache
def pca(shift, stretch):
    """The oracle's measurements on 1024 draws of its own, and what is exact."""
    oracle = ppca(shift, stretch)
    params = oracle.variables["params"]
    head = {k: np.asarray(v, np.float64) for k, v in _flat(params["likelihood"])}
    weights, mean, scale = head["kernel"].T, head["bias"], 0.4
    generator = np.random.default_rng(11)
    z = generator.normal(size=(1024, 3))
    x = z @ weights.T + mean + scale * generator.normal(size=(1024, 6))
    x = x.astype(np.float32)
    found, chosen = measured(oracle.model, oracle.variables, {"x": x})
    projection = params["posterior"]["projection"]
    kernel = np.asarray(projection["kernel"], np.float64)[:, ::2]
    bias = np.asarray(projection["bias"], np.float64)
    q_scale = np.logaddexp(0.0, bias[1::2]) + 1e-4
    q_loc = x[chosen] @ kernel + bias[::2]
    kl = 0.5 * (q_loc**2 + q_scale**2 - 1.0) - np.log(q_scale)
    # Of the population: x ~ N(mean, covariance), z given x linear.
    covariance = weights @ weights.T + scale**2 * np.eye(6)
    spread = kernel.T @ covariance @ kernel + np.diag(q_scale**2)
    centre = mean @ kernel + bias[::2]
    exact = {
        "information": 0.5 * np.linalg.slogdet(spread)[1] - np.log(q_scale).sum(),
        "marginal": 0.5
        * (np.trace(spread) + centre @ centre - 3 - np.linalg.slogdet(spread)[1]),
    }
    z, _ = drawn(oracle.model, oracle.variables, x[chosen])
    return found, x[chosen], (q_loc, q_scale, z), kl.sum(1), exact


def _flat(head):
    return head["projection"].items()


def test_every_pair_is_held_against_each_other_as_scipy_does():
    found, _, (loc, scale, z), _, _ = pca(0.5, 1.5)
    pairs = stats.norm(loc, scale).logpdf(z[:, None]).sum(-1)
    expected = np.diag(pairs) - (logsumexp(pairs, 1) - np.log(1024))
    # float32 log-densities of order 100 for the far pairs, 10 for those that count.
    np.testing.assert_allclose(found["information"], expected, atol=1e-4)
    assert found["information"].max() <= np.log(1024)


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 1.0), (0.5, 1.5)])
def test_information_and_marginal_kl_bracket_those_of_the_gaussian(shift, stretch):
    """With the own posterior in q(z) I is bounded from below, without it from above."""
    found, _, _, kl, known = pca(shift, stretch)
    results = summarize_health(found, kl, NONE)
    one, two = results["mutual_information"], results["marginal_kl"]
    own_share = np.exp(found["information"].astype(np.float64)) / 1024
    bias = np.log(1023 / 1024) - np.log1p(-own_share).mean()
    assert 0 < bias < 0.1  # of about 3 nats: a bracket that can be missed
    for entry, value, sign in (
        (one, known["information"], 1.0),
        (two, known["marginal"], -1.0),
    ):
        error = sign * (value - entry["value"])
        assert -4 * entry["se"] < error < bias + 4 * entry["se"]
        assert 0 < entry["se"] < 0.1
    if stretch == 1.0:
        assert known["marginal"] == pytest.approx(0.0, abs=1e-6)
        weights = np.array([2.0, 1.0, 0.5])
        shannon = 0.5 * np.log1p(weights**2 / 0.16).sum()
        assert known["information"] == pytest.approx(shannon, abs=1e-6)
    assert one["value"] + two["value"] == pytest.approx(kl.mean(), abs=1e-6)
    assert one["ceiling"] == np.log(1024)
    assert not one["is_saturated"]


def test_the_gap_is_that_of_the_density_at_the_z_of_another_example():
    found, x, (_, _, z), _, _ = pca(0.5, 1.5)
    params = ppca().variables["params"]["likelihood"]["projection"]
    kernel, bias = (np.asarray(params[k], np.float64) for k in ("kernel", "bias"))
    for name, latent in (("loss", z), ("loss_shuffled", np.roll(z, 1, axis=0))):
        expected = -stats.norm(latent @ kernel + bias, 0.4).logpdf(x).sum(1)
        # float32 sums of order 100 in the tails.
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-4)
    gap = summarize_health(found, None, NONE)["shuffle_gap"]
    assert gap["value"] == pytest.approx(
        (found["loss_shuffled"] - found["loss"]).mean(), rel=1e-5
    )
    assert gap["unit"] == "nats/example"


@functools.cache
def discrete():
    """One variable of four categories, four kinds of x, 256 of each."""
    model = VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=Categorical(num_variables=1, num_categories=4),
        prior=CategoricalPrior(num_variables=1, num_categories=4),
        decoder=MLPDecoder(hidden=()),
        likelihood=Gaussian(event_shape=(4,)),
    )
    variables = random_variables(model, {"x": jnp.zeros((1, 4))})
    kernel = np.random.default_rng(1).normal(0.0, 2.0, (4, 4))
    projection = {"kernel": kernel.astype(np.float32), "bias": np.zeros(4, np.float32)}
    params = variables["params"] | {"posterior": {"projection": projection}}
    head = params["likelihood"]["projection"]
    # The decoder looks at nothing; two of four scales are at their floor.
    raw_scale = np.array([-30.0, 0.0, -30.0, inverse_softplus(1e-4)])
    bias = np.concatenate([np.zeros(4), raw_scale]).astype(np.float32)
    silent = {"kernel": np.zeros_like(head["kernel"]), "bias": bias}
    params["likelihood"] = {"projection": silent}
    x = np.repeat(np.eye(4, dtype=np.float32), 256, axis=0)
    found, chosen = measured(model, {"params": params}, {"x": x})
    return found, x[chosen] @ kernel, kernel


def test_information_of_a_discrete_code_is_that_of_its_enumeration():
    found, logits, kernel = discrete()
    p = softmax(kernel, axis=1)  # rows are the kinds of x
    aggregate = p.mean(0)
    exact_information = (p * np.log(p / aggregate)).sum(1).mean()
    exact_marginal = (aggregate * np.log(4 * aggregate)).sum()
    each = softmax(logits, axis=1)
    rate = (each * np.log(4 * each)).sum(1)
    results = summarize_health(found, rate, NONE)
    for name, value in (
        ("mutual_information", exact_information),
        ("marginal_kl", exact_marginal),
    ):
        entry = results[name]
        assert 0.005 < entry["se"] < 0.05
        assert abs(entry["value"] - value) < 4 * entry["se"], name


def test_a_decoder_that_ignores_z_loses_nothing_by_another_z():
    gap = summarize_health(discrete()[0], None, NONE)["shuffle_gap"]
    assert (gap["value"], gap["se"]) == (0.0, 0.0)


def test_scales_at_their_floor_are_counted():
    """0.001 twice, 0.001 + log 2, and 0.0011, which is a tenth above."""
    found = summarize_health(discrete()[0], None, NONE, min_scale=1e-3)
    floor = found["scale_at_floor"]
    assert floor == {"value": 0.5, "se": 0.0, "unit": "of elements", "min_scale": 1e-3}


def test_hidden_elements_do_not_count_as_at_the_floor():
    head = Gaussian(event_shape=(2,))
    model = vae(DiagonalGaussian(2), head, event=2)
    variables = random_variables(model, {"x": jnp.zeros((1, 2))})
    raw = {"kernel": np.zeros((2, 4)), "bias": np.array([0.0, 0.0, -30.0, 1.0])}
    variables["params"]["likelihood"] = {"projection": raw}
    mask = np.array([[True, True], [False, True], [True, False], [True, True]])
    data = {"x": np.ones((4, 2), np.float32), "mask": mask}
    found, chosen = measured(model, variables, data)
    expected = np.array([0.5, 0.0, 1.0, 0.5])
    np.testing.assert_allclose(found["scale_at_floor"], expected[chosen])


@pytest.mark.parametrize(
    ("posterior", "likelihood", "name", "reason"),
    [
        (Deterministic, Gaussian, "mutual_information", "posterior has no density"),
        (PlanarFlow, Gaussian, "marginal_kl", "knows the density of its own samples"),
        (DiagonalGaussian, Bernoulli, "scale_at_floor", "head states no scale"),
        (DiagonalGaussian, FixedScaleGaussian, "scale_at_floor", "scale is fixed"),
        (DiagonalGaussian, SoftF1Loss, "shuffle_gap", "couples the batch"),
        (DiagonalGaussian, MeanSquaredError, "scale_at_floor", "states no scale"),
    ],
)
def test_what_does_not_exist_has_a_reason(posterior, likelihood, name, reason):
    """Shapes alone: nothing is compiled."""
    model = vae(posterior(2), likelihood)
    rows = {"x": np.zeros((3, 4), np.float32)}
    variables = random_variables(model, {"x": jnp.zeros((1, 4))})
    shapes = jax.eval_shape(
        make_health(model, Identity()), variables, KEY, rows, np.arange(3)
    )
    assert {value.shape for value in shapes.values()} <= {(3,)}
    found = {key: np.ones(3) for key in shapes}
    entry = summarize_health(found, np.ones(3), Reasons.of(model))[name]
    assert entry["value"] is None
    assert reason in entry["reason"]


def test_one_example_has_no_health():
    found, chosen = examine(lambda *_: {}, {}, KEY, {"x": np.zeros((1, 4))})
    assert len(chosen) == 0
    results = summarize_health(found, None, NONE)
    assert {row["reason"] for row in results.values()} == {"needs two examples"}


def test_a_prior_of_a_condition_leaves_no_marginal_kl():
    found = {"information": np.ones(3)}
    results = summarize_health(found, np.ones(3), NONE, is_conditional=True)
    assert results["marginal_kl"]["value"] is None
    assert results["mutual_information"]["is_saturated"]


@pytest.mark.slow
def test_of_two_layers_the_lower_one_counts():
    oracle = linear_two_layers(0.3, 1.5)
    found, chosen = measured(oracle.model, oracle.variables, {"x": oracle.x})
    x = oracle.x[chosen]
    projection = oracle.variables["params"]["lower_posterior"]["projection"]
    kernel, bias, covariance = gaussian_of(projection, exact.LOWER)
    loc = x @ kernel + bias
    q = oracle.model.apply(oracle.variables, {"x": x}, method="encode")
    z1 = np.asarray(q.sample(seed=named_fold(KEY, "z"))[0], np.float64)
    pairs = stats.multivariate_normal(np.zeros(exact.LOWER), covariance).logpdf(
        z1[:, None] - loc
    )
    expected = np.diag(pairs) - logsumexp(pairs, 1) + np.log(len(x))
    np.testing.assert_allclose(found["information"], expected, atol=1e-4)


@pytest.mark.slow
def test_on_the_sphere_densities_are_scipys():
    model = vae(VonMisesFisher(3), Gaussian, prior=UniformSphere(3))
    x = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    variables = random_variables(model, {"x": jnp.zeros((1, 4))})
    found, chosen = measured(model, variables, {"x": x})
    z, _ = drawn(model, variables, x[chosen])
    projection = variables["params"]["posterior"]["projection"]
    raw = x[chosen] @ projection["kernel"] + projection["bias"]
    loc = raw[:, :3] / np.linalg.norm(raw[:, :3], axis=1, keepdims=True)
    concentration = np.logaddexp(0.0, raw[:, 3]) + 1e-4
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    pairs = np.stack(
        [
            stats.vonmises_fisher(mu / np.linalg.norm(mu), k).logpdf(z)
            for mu, k in zip(loc.astype(np.float64), concentration, strict=True)
        ],
        1,
    )
    expected = np.diag(pairs) - logsumexp(pairs, 1) + np.log(len(x))
    np.testing.assert_allclose(found["information"], expected, atol=1e-4)
