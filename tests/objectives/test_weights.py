"""Example weights: means, pairs and draws by them, against counting by hand."""

import functools

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed, options, smaller
from tests.models.parts import vae
from vaex.bounds.kernel_discrepancy import gaussian_kernel, squared_discrepancy
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.likelihoods.optimal_sigma_gaussian import OptimalSigmaGaussian
from vaex.objectives.adversarial import _resampled
from vaex.objectives.sparsity import activity_divergence
from vaex.objectives.weighting import example_mean, example_shares
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.testing import _objective_subject as subjects

RANDOM = np.random.default_rng(0)
COUNTS = np.array([2, 1, 0, 3, 1])
REPEATED = np.repeat(np.arange(5), COUNTS)
WEIGHTS = {"weight": jnp.asarray(COUNTS, jnp.float32)}


def test_a_mean_is_that_of_repeated_examples():
    values = RANDOM.normal(size=(3, 5, 2)).astype(np.float32)
    for axis, array in [(-1, values[..., 0]), (1, values), (0, values[0])]:
        found = example_mean(jnp.asarray(array), WEIGHTS, axis)
        repeated = np.take(array, REPEATED, axis).astype(np.float64)
        leading = tuple(range(axis % array.ndim + 1))
        np.testing.assert_allclose(found, repeated.mean(leading), 1e-5, 1e-6)
        plain = example_mean(jnp.asarray(array), {}, axis)
        np.testing.assert_array_equal(plain, jnp.asarray(array).mean(leading))


def test_examples_of_weight_0_may_be_anything_and_all_of_them_are_none():
    values = jnp.array([1.0, 2.0, jnp.nan, jnp.inf, 5.0])
    weight = jnp.array([1.0, 1.0, 0.0, 0.0, 2.0])
    assert float(example_mean(values, {"weight": weight})) == 3.25
    assert float(example_mean(values, {"weight": 0.0 * weight})) == 0.0


def test_weights_are_one_number_for_each_example():
    message = r"weight of a batch must have shape \(5,\), .* got \(5, 1\)"
    with pytest.raises(InputError, match=message):
        example_shares({"weight": jnp.ones((5, 1))}, 5)


@pytest.mark.slow
def test_the_discrepancy_is_unbiased_for_weighted_draws():
    """Sums over pairs, one by one; and even shares are the plain statistic."""
    x, y = RANDOM.normal(size=(5, 2)), 1.0 + RANDOM.normal(size=(4, 2))
    shares = COUNTS / COUNTS.sum()
    k = functools.cache(lambda a, b: np.exp(-((np.array(a) - b) ** 2).sum() / 4.0))

    def mean(first, second, weigh):
        pairs = [(i, j) for i in range(len(first)) for j in range(len(second))]
        if first is second:
            pairs = [(i, j) for i, j in pairs if i != j]
        each = [k(tuple(first[i]), tuple(second[j])) * weigh(i, j) for i, j in pairs]
        return sum(each) / sum(weigh(i, j) for i, j in pairs)

    expected = mean(x, x, lambda i, j: shares[i] * shares[j])
    expected += mean(y, y, lambda i, j: 1.0)
    expected -= 2.0 * mean(x, y, lambda i, j: shares[i])
    x, y = jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)
    found = squared_discrepancy(x, y, gaussian_kernel, jnp.asarray(shares, jnp.float32))
    assert float(found) == pytest.approx(expected, abs=1e-5)
    even = squared_discrepancy(x, y, gaussian_kernel, jnp.full(5, 0.2))
    plain = squared_discrepancy(x, y, gaussian_kernel)
    assert float(even) == pytest.approx(float(plain), abs=1e-6)


@pytest.mark.slow
def test_the_mean_activity_is_that_of_repeated_examples():
    logits = RANDOM.normal(size=(5, 3)).astype(np.float32) * 4.0
    compiled = quick_jit(jax.value_and_grad(activity_divergence))
    shares = (COUNTS / COUNTS.sum()).astype(np.float32)
    value, slope = compiled(logits, 0.1, shares)
    assert float(value) == pytest.approx(
        float(activity_divergence(jnp.asarray(logits[REPEATED]), 0.1)), rel=1e-5
    )
    assert (slope[2] == 0.0).all()
    value, slope = compiled(logits, 0.1, 0.0 * shares)
    assert float(value) == 0.0
    assert (slope == 0.0).all()


@pytest.mark.slow
def test_rows_are_drawn_as_often_as_their_shares_say():
    """Once each where shares are even; in the mean over starts by their shares."""
    rows = jnp.arange(10.0)[:, None]
    draw = jax.jit(
        jax.vmap(lambda key, shares: _resampled(key, rows, shares), (0, None))
    )
    keys = jax.random.split(jax.random.key(0), 2000)
    even = np.asarray(draw(keys, jnp.full(5, 0.2)))
    np.testing.assert_array_equal(even, np.tile(rows, (2000, 1, 1)))
    shares = jnp.array([0.37, 0.0, 0.11, 0.5, 0.02])
    found = np.asarray(draw(keys, shares))[..., 0]
    counts = (found[..., None] == np.arange(10.0)).sum(1)
    expected = 5.0 * np.asarray(jnp.tile(shares, 2))
    assert (abs(counts - expected) < 1.0).all()
    # A count is one of two neighbours: its standard deviation is at most 1/2.
    assert (abs(counts.mean(0) - expected) < 4.5 * 0.5 / np.sqrt(2000)).all()


def test_a_head_with_the_scale_of_a_batch_refuses_weights():
    model = vae(likelihood=OptimalSigmaGaussian(event_shape=(4,)))
    batch = {"x": jnp.zeros((3, 4)), "weight": jnp.ones(3)}
    rngs = {"params": jax.random.key(0), "sample": jax.random.key(0)}

    def init(batch, train):
        options = {"num_samples": 1, "train": train, "method": "terms"}
        jax.eval_shape(lambda: model.init(rngs, batch, **options))

    message = "OptimalSigmaGaussian takes no example weights: .*shared_scale_gaussian"
    with pytest.raises(InputError, match=message):
        init(batch, True)
    init(batch, False)
    init({"x": batch["x"]}, True)


class Shared(distrax.Normal):
    """Its samples are made of one noise for all examples."""

    def _sample_n(self, key, n):
        noise = jax.random.normal(key, (n, 1, *self.batch_shape[1:]))
        return self.loc + self.scale * noise

    def _sample_n_and_log_prob(self, key, n):
        z = self._sample_n(key, n)
        return z, self.log_prob(z)


class SharedNoise(DiagonalGaussian):
    """A posterior under which equal examples have equal z."""

    def distribution(self, *raw):
        normal = super().distribution(*raw).distribution
        return distrax.Independent(Shared(normal.loc, normal.scale), 1)


UNLIKE = {
    "beta_tcvae": "takes no weights",
    "factor_vae": "permutes rows, which of the copies is random",
    "gradient_penalized_autoencoder": "draws a direction for each row",
    "info_vae": "leaves out pairs of a row with itself, not with its copy",
    "wae_mmd": "leaves out pairs of a row with itself, not with its copy",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "option",
    [option for option in options("objective") if option not in UNLIKE],
)
def test_an_example_of_weight_2_is_the_same_one_twice(option, monkeypatch):
    monkeypatch.setattr(subjects, "DiagonalGaussian", SharedNoise)
    node = smaller(composed(f"objective={option}")["objective"])
    subject = subjects.Subject(construct(node, "objective", {}))
    x = np.asarray(subject.batch["x"])
    twice = {**subject.batch, "x": np.concatenate([x[:-1], x[:1]])}
    weight = np.array([2, 1, 1, 1, 1, 0], np.float32)
    found = subject.at(subject.hparams, batch={**subject.batch, "weight": weight})
    expected = subject.at(subject.hparams, batch=twice)
    theirs = jax.tree.leaves((expected.loss, expected.metrics, expected.gradient))
    ours = jax.tree.leaves((found.loss, found.metrics, found.gradient))
    for a, b in zip(ours, theirs, strict=True):
        # Sums of float32 numbers in another order.
        np.testing.assert_allclose(a, b, 1e-4, 3e-5)
