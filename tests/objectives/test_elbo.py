"""The ELBO objective: units, the weight on the rate, and what is logged."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from tests.contracts.compiled import quick_jit
from tests.oracles.ppca import ppca
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.ledger import ledger_of
from vaex.training.hparams import numeric_parameters
from vaex.types import Terms

S, B = 3, 4


def example_terms() -> Terms:
    generator = np.random.default_rng(0)

    def draw(*shape):
        return jnp.asarray(generator.normal(size=shape), jnp.float32)

    kl = jnp.abs(draw(1, B, 2))
    return Terms(draw(S, B), draw(S, B), draw(S, B), kl, draw(S, B, 2), {})


class Fixed:
    """A model whose terms are given."""

    def __init__(self, terms):
        self._terms = terms

    def terms(self, batch, *, num_samples, train):
        del batch, num_samples, train
        return self._terms


def twice(terms):
    return jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf], 1), terms)


def loss_of(terms, **weights):
    return elbo(Fixed(terms), {}, train=True, **weights)


@pytest.mark.parametrize("beta", [0.0, 1.0, 3.5])
def test_the_loss_is_the_mean_over_examples_of_sums_over_the_event(beta):
    terms = example_terms()
    loss, metrics = loss_of(terms, beta=beta, num_samples=S)
    distortion = -np.asarray(terms.log_px_z).mean()
    rate = np.asarray(terms.kl).sum(-1).mean()
    assert float(loss) == pytest.approx(distortion + beta * rate, rel=1e-5)
    assert float(metrics["distortion"]) == pytest.approx(distortion, rel=1e-5)
    assert float(metrics["rate"]) == pytest.approx(rate, rel=1e-5)
    assert float(metrics["elbo"]) == pytest.approx(-distortion - rate, rel=1e-5)


def test_a_duplicated_batch_has_the_same_loss_and_ledger():
    terms = example_terms()
    one, two = loss_of(terms, beta=2.0), loss_of(twice(terms), beta=2.0)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), one, two)


def test_a_duplicated_batch_has_the_same_gradient():
    """Through a real model: with all noise off, twice the rows is the same step."""
    oracle = ppca(0.5, 1.4)
    oracle = oracle._replace(model=oracle.model.clone(closed_form_kl=False))
    x = jnp.asarray(oracle.x[:B])

    def loss(params, x):
        def objective(model):
            still = Still(model.encode({"x": x}))
            terms = model.terms({"x": x}, num_samples=1, train=True, posterior=still)
            return elbo(Fixed(terms), {}, train=True)[0]

        return nn.apply(objective, oracle.model)(
            {"params": params}, rngs={"sample": jax.random.key(0)}
        )

    both = quick_jit(
        lambda p: [
            jax.value_and_grad(loss)(p, x),
            jax.value_and_grad(loss)(p, jnp.concatenate([x, x])),
        ]
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        *both(oracle.variables["params"]),
    )


class Still:
    """A posterior whose samples are its mean."""

    def __init__(self, q):
        self.q = q
        self.event_shape, self.batch_shape = q.event_shape, q.batch_shape

    def sample(self, *, seed, sample_shape):
        del seed
        return jnp.broadcast_to(self.q.mean(), (*sample_shape, *self.q.mean().shape))

    def log_prob(self, z):
        return self.q.log_prob(z)

    def sample_and_log_prob(self, *, seed, sample_shape):
        z = self.sample(seed=seed, sample_shape=sample_shape)
        return z, self.log_prob(z)


def test_beta_changes_the_rate_in_the_gradient_and_nothing_else():
    terms = example_terms()

    def slopes(beta):
        densities = terms.log_px_z, terms.kl

        def loss(log_px_z, kl):
            return loss_of(terms._replace(log_px_z=log_px_z, kl=kl), beta=beta)[0]

        return jax.grad(loss, (0, 1))(*densities)

    (px_one, kl_one), (px_four, kl_four) = slopes(1.0), slopes(4.0)
    np.testing.assert_array_equal(px_one, px_four)
    np.testing.assert_allclose(4 * kl_one, kl_four, rtol=1e-6)
    np.testing.assert_allclose(px_one, -1 / (S * B), rtol=1e-6)
    np.testing.assert_allclose(kl_one, 1 / B, rtol=1e-6)


def test_beta_is_the_one_numeric_parameter_and_is_traced_once():
    assert numeric_parameters(elbo) == {"beta": 1.0}
    traces = []

    @quick_jit
    def loss(terms, beta):
        traces.append(beta)
        return loss_of(terms, beta=beta)

    ledgers = [loss(example_terms(), beta)[1] for beta in (0.5, 1.0, 4.0)]
    assert len(traces) == 1
    for ledger in ledgers[1:]:
        jax.tree.map(np.testing.assert_array_equal, ledger, ledgers[0])


def test_a_loss_only_head_is_logged_as_what_it_is():
    loss = jnp.ones((S, B))
    terms = example_terms()._replace(log_px_z=None, aux={"reconstruction_loss": loss})
    value, metrics = loss_of(terms)
    assert set(metrics) == {"reconstruction_loss", "rate"}
    assert float(metrics["reconstruction_loss"]) == 1.0
    assert float(value) == pytest.approx(1.0 + float(metrics["rate"]), rel=1e-6)


def test_what_does_not_exist_is_left_out_of_the_ledger():
    terms = example_terms()._replace(log_qz_x=None, kl=None)
    assert set(ledger_of(terms)) == {"distortion"}
    with pytest.raises(ValueError, match="posterior and a prior with a density"):
        loss_of(terms)


def test_no_samples_is_refused():
    with pytest.raises(InputError, match="num_samples .* at least 1, got 0"):
        loss_of(example_terms(), num_samples=0)


def test_squared_error_is_the_sum_over_the_event():
    head, x = MeanSquaredError((2, 3)), jnp.ones((B, 2, 3))
    params = {"projection": {"kernel": jnp.zeros((5, 6)), "bias": jnp.zeros(6)}}
    loss = head.apply(
        {"params": params}, jnp.zeros((B, 5)), x, method="reconstruction_loss"
    )
    assert loss.tolist() == [6.0] * B
