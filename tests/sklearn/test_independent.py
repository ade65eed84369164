"""Independent columns: exact, and never better than the model that is returned."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

import vaex.likelihoods
from tests.sklearn.conftest import SMALL, correlated
from vaex.sklearn._independent import independent_head
from vaex.sklearn._weight_prior import adam_with_prior
from vaex.sklearn.density import VAEDensity
from vaex.sklearn.detector import VAEDetector
from vaex.sklearn.imputer import VAEImputer
from vaex.sklearn.transformer import VAETransformer

pytestmark = pytest.mark.xdist_group("sklearn")


def least_loss(name, x):
    """The least -log-likelihood of a column by one distribution of a family, nats."""
    if name == "Bernoulli":
        return stats.bernoulli(x.mean()).entropy()
    if name == "Categorical":
        return stats.entropy(np.unique(x, return_counts=True)[1])
    if name == "Poisson":
        return -stats.poisson(x.mean()).logpmf(x).mean()
    if name == "Logistic":
        return -stats.logistic(*stats.logistic.fit(x)).logpdf(x).mean()
    if name == "NegativeBinomial":

        def loss(raw):
            size = np.exp(raw)
            return -stats.nbinom(size, size / (size + x.mean())).logpmf(x).mean()

        return optimize.minimize_scalar(loss, bounds=(-5, 5), method="bounded").fun
    assert name == "StudentT"

    def loss(raw):
        df, scale = 2.0 + np.exp(raw[0]), np.exp(raw[2])
        return -stats.t(df, raw[1], scale).logpdf(x).mean()

    return optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", tol=1e-9).fun


COLUMNS = {
    "Bernoulli": stats.bernoulli(0.02),
    "Categorical": stats.binom(2, 0.2),
    "Poisson": stats.poisson(2000.0),
    "NegativeBinomial": stats.nbinom(2.0, 0.05),
    "Logistic": stats.logistic(3.0, 0.4),
    "StudentT": stats.t(3.5, -1.0, 0.5),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_by_itself_is_as_probable_as_can_be(name):
    options = {"num_classes": 3} if name == "Categorical" else {}
    head = getattr(vaex.likelihoods, name)(event_shape=(2,), **options)
    x = COLUMNS[name].rvs(300, random_state=1).astype(np.float32)
    rows = {"x": jnp.array([x, 0 * x]).T, "mask": jnp.array([[True, False]] * 300)}
    params = head.init(jax.random.key(0), jnp.zeros((1, 4)))["params"]
    found = independent_head(head, params, rows)
    assert (found["projection"]["kernel"] == 0).all()
    anything = jax.random.normal(jax.random.key(1), (300, 4))
    nats = -head.apply({"params": found}, anything, *rows.values(), method="log_prob")
    # Nelder-Mead, and Adam's last steps, stop within 1e-3 of the optimum.
    np.testing.assert_allclose(nats.mean(), least_loss(name, x), atol=2e-3)


NOISE = np.random.default_rng(3).normal(size=(40, 8))
"""Columns that have nothing to do with each other, and few rows to find that out."""


@pytest.mark.parametrize(
    ("kind", "options"),
    [(VAEDetector, {"num_models": 2}), (VAEDensity, {}), (VAEImputer, {})],
)
def test_no_model_is_worse_than_independent_columns(kind, options):
    options = {**SMALL, "learning_rate": 3.0, **options}  # nothing can be learned
    model = kind(**options, likelihood="Gaussian").fit(NOISE)
    assert len(model.independent_loss_) == len(model.members_)
    pairs = zip(model.held_out_loss_, model.independent_loss_, strict=True)
    assert all(loss == bare for loss, bare in pairs)


def test_codes_say_something_even_where_the_bound_says_nothing():
    options = {**SMALL, "learning_rate": 0.3}
    codes = VAETransformer(**options, likelihood="Gaussian").fit_transform(NOISE)
    assert (codes.std(0) > 0).any()


def test_the_density_of_independent_columns_needs_no_samples():
    """Its posterior is the prior: every importance weight is log p(x)."""
    options = {**SMALL, "num_steps": 1, "learning_rate": 1e-9}
    model = VAEDensity(**options, likelihood="Gaussian", num_samples=3).fit(NOISE)
    assert model.held_out_loss_ == model.independent_loss_
    values = model.score_samples(NOISE)
    exact = stats.norm(NOISE.mean(0), NOISE.std(0)).logpdf(NOISE).sum(1)
    # Fitted to the 30 rows that were not held out: scales are off by a tenth.
    assert abs(values - exact).mean() < 1.0
    again = model.set_params(num_samples=1).score_samples(NOISE)
    np.testing.assert_allclose(again, values, rtol=1e-6)


def test_counts_of_any_size_are_within_reach_of_a_short_training():
    x = np.random.default_rng(0).poisson([5.0, 50.0, 3000.0], size=(60, 3))
    options = {**SMALL, "num_steps": 30, "learning_rate": 2e-3}
    model = VAEDensity(**options, likelihood="Poisson").fit(x)
    exact = stats.poisson([5.0, 50.0, 3000.0]).logpmf(x).sum(1).mean()
    assert model.score(x) == pytest.approx(exact, abs=0.2)


def test_the_prior_pulls_kernels_alone():
    params = {"kernel": jnp.full(1, 3.0), "bias": jnp.full(1, 3.0)}
    optimizer = adam_with_prior(0.1, 2.0)
    slope = {"kernel": jnp.full(1, -6.0), "bias": jnp.zeros(1)}  # of minus 6 w
    change, _ = optimizer.update(slope, optimizer.init(params), params)
    # At w = 3 the gradient 2 w of the prior balances it.
    assert float(change["kernel"][0]) == 0.0
    assert float(change["bias"][0]) == 0.0


def test_few_rows_are_learned_better_under_the_prior():
    """New rows near a plane of which 60 are known, against a normal distribution."""
    x, new = correlated(60, columns=8), correlated(1000, seed=1, columns=8)
    options = {"num_steps": 1000, "random_state": 0, "likelihood": "Gaussian"}
    model = VAEDensity(**options).fit(x)
    exact = stats.multivariate_normal(x.mean(0), np.cov(x.T)).logpdf(new).mean()
    # 1.2 below; 2.1 without the prior.
    assert model.score(new) > exact - 1.6
