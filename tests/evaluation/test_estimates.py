"""Per-example estimates: each example once, any K exact, the same bits in any order."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from tests.evaluation.compiled import KEY, compiled, prepared, sampled
from tests.evaluation.variables import random_variables
from tests.oracles.ppca import ppca
from vaex.evaluation.estimates import estimate
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.numerics import named_fold
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.binarize import Binarize
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training.state import step_rngs
from vaex.types import Terms, log_weights

# float32 log-densities of order 10 summed over a few dimensions.
ROUNDING = 3e-5


def estimates(oracle, num_samples, *, chunk=4, block_size=16, num=64, **options):
    return estimate(
        compiled(oracle.model, chunk),
        oracle.variables,
        KEY,
        {"x": oracle.x[:num]},
        num_samples=num_samples,
        block_size=block_size,
        **options,
    )


@functools.cache
def drawn(example, chunk):
    """Terms of one example's chunk of four samples, drawn as `make_estimate` says."""
    oracle = sampled()
    key = jax.random.fold_in(jax.random.fold_in(KEY, example), chunk)
    terms = functools.partial(
        oracle.model.apply, method="terms", num_samples=4, train=False
    )
    return jax.jit(terms)(
        oracle.variables,
        {"x": jnp.asarray(oracle.x[example : example + 1])},
        rngs=step_rngs(key),
    )


@pytest.mark.parametrize("num_samples", [1, 3, 4, 10])
def test_any_number_of_samples_is_exact_for_the_draws(num_samples):
    """K = 10 in chunks of 4: the last chunk counts for two samples."""
    oracle = sampled()
    found = estimates(oracle, num_samples, num=3)
    for example in range(3):
        chunks = [drawn(example, i) for i in range(3)]
        log_w = np.concatenate([log_weights(t)[:, 0] for t in chunks])[:num_samples]
        log_px_z = np.concatenate([t.log_px_z[:, 0] for t in chunks])[:num_samples]
        kl = np.concatenate([t.kl[:, 0] for t in chunks])[:num_samples]
        expected = {
            "log_px": logsumexp(log_w) - np.log(num_samples),
            "distortion": -log_px_z.mean(),
            "rate": kl.mean(0),
            "elbo": log_px_z.mean() - kl.sum(1).mean(),
            "ess": np.exp(2 * logsumexp(log_w) - logsumexp(2 * log_w)),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(
                found[name][example], value, atol=ROUNDING, rtol=1e-4, err_msg=name
            )


def test_with_one_sample_log_px_is_the_sampled_elbo():
    found = estimates(sampled(), 1)
    np.testing.assert_allclose(found["log_px"], found["elbo"], atol=ROUNDING)
    np.testing.assert_allclose(found["ess"], 1.0, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num", "block_size", "done"),
    [(40, 16, [16, 32, 40]), (32, 16, [16, 32]), (3, 16, [3])],
)
def test_each_example_is_visited_once(num, block_size, done):
    """The exact log p(x) of every row, in its place; no row twice, none left out."""
    blocks = []
    found = estimates(ppca(), 5, num=num, block_size=block_size, on_block=blocks.append)
    assert blocks == done
    assert {len(values) for values in found.values()} == {num}
    np.testing.assert_allclose(found["log_px"], ppca().log_px[:num], atol=ROUNDING)


def test_one_compilation_for_every_number_of_samples_and_examples():
    oracle, traces = ppca(), 0

    def counting(key, stored):
        nonlocal traces
        traces += 1
        return prepared(key, stored)

    function = compiled(oracle.model, 4, counting)
    for num, num_samples in ((64, 1), (63, 20), (5, 8)):
        estimate(
            function,
            oracle.variables,
            KEY,
            {"x": oracle.x[:num]},
            num_samples=num_samples,
            block_size=16,
        )
    assert function._cache_size() == 1
    assert traces == 1


@functools.cache
def network():
    """A VAE wide enough that its products are cut into tiles."""
    model = VAE(
        encoder=MLPEncoder(hidden=(64,)),
        posterior=DiagonalGaussian(7),
        prior=StandardGaussian(7),
        decoder=MLPDecoder(hidden=(64,)),
        likelihood=Bernoulli(event_shape=(9, 11)),
    )
    x = np.random.default_rng(0).integers(0, 256, (50, 9, 11), np.uint8)
    return model, random_variables(model, {"x": jnp.zeros((1, 9, 11))}), x


def test_an_example_has_the_same_bits_in_any_batch_and_place():
    model, variables, x = network()
    function = compiled(model, 5, Binarize(256))

    def run(index):
        found = function(variables, KEY, {"x": x[index]}, index, np.int32(13))
        return {name: np.asarray(values) for name, values in found.items()}

    whole = {
        name: np.concatenate([a, b])
        for (name, a), b in zip(
            run(np.arange(25)).items(), run(np.arange(25, 50)).values(), strict=True
        )
    }
    generator = np.random.default_rng(3)
    for _ in range(4):
        index = generator.permutation(50)[:25]
        for name, values in run(index).items():
            assert values.tobytes() == whole[name][index].tobytes(), name
    repeated = run(np.full(25, 31))
    assert all((values == values[:1]).all() for values in repeated.values())
    assert (repeated["log_px"] == whole["log_px"][31]).all()


@pytest.mark.slow
def test_the_chunk_length_changes_the_draws_and_not_the_statistics():
    oracle = sampled()
    one, two = (estimates(oracle, 512, chunk=chunk) for chunk in (4, 64))
    assert (one["log_px"] != two["log_px"]).any()
    for name in ("elbo", "log_px", "distortion"):
        error = one[name] - two[name]
        # 64 examples with independent draws: the mean of their differences is within
        # 4 of its standard errors with probability 0.9999.
        assert abs(error.mean()) < 4 * error.std() / 8, name
    assert np.abs(one["posterior_mean"] - two["posterior_mean"]).max() < 1e-5


def test_another_key_gives_other_draws():
    oracle = sampled()
    function = compiled(oracle.model, 4)
    rows, index = {"x": oracle.x[:16]}, np.arange(16)
    one, two = (
        function(oracle.variables, jax.random.key(seed), rows, index, np.int32(8))
        for seed in (0, 1)
    )
    assert (one["log_px"] != two["log_px"]).all()


class Recorder(nn.Module):
    """A model that hands its input back as the density."""

    def terms(self, batch, *, num_samples, train):
        del train
        x = jnp.broadcast_to(batch["x"].sum(-1), (num_samples, 1))
        return Terms(-x, None, None, None, None, {})

    def encode(self, batch, *, train):
        del batch, train
        raise NotImplementedError


def test_each_example_is_prepared_with_a_key_of_its_own():
    """Equal rows are binarised differently, each as its index says."""
    x = np.full((6, 40), 128, np.uint8)
    found = estimate(
        compiled(Recorder(), 2, Binarize(256)),
        {},
        KEY,
        {"x": x},
        num_samples=3,
        block_size=4,
    )["distortion"]
    expected = [
        Binarize(256)(
            named_fold(jax.random.fold_in(KEY, i), "prepare"), {"x": x[i : i + 1]}
        )["x"].sum()
        for i in range(6)
    ]
    np.testing.assert_allclose(found, expected)
    assert len(set(found.tolist())) > 1


@pytest.mark.parametrize(("name", "value"), [("num_samples", 0), ("block_size", -1)])
def test_numbers_must_be_positive(name, value):
    options = {"num_samples": 1, "block_size": 1, name: value}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {value}"):
        estimate(compiled(Recorder(), 1), {}, KEY, {"x": np.zeros((1, 3))}, **options)


def test_a_block_is_dispatched_before_the_one_before_it_is_fetched():
    events = []

    def compiled(variables, key, rows, index, k):
        events.append(("dispatched", int(index[0])))
        return {"elbo": rows["x"]}

    def fetch(block):
        events.append(("fetched", int(block["elbo"][0])))
        return block

    x = np.arange(5)
    found = estimate(
        compiled,
        None,
        jax.random.key(0),
        {"x": x},
        num_samples=1,
        block_size=2,
        on_block=lambda done: events.append(("done", done)),
        fetch=fetch,
    )
    np.testing.assert_array_equal(found["elbo"], x)
    assert events == [
        ("dispatched", 0),
        ("dispatched", 2),
        ("fetched", 0),
        ("done", 2),
        ("dispatched", 4),
        ("fetched", 2),
        ("done", 4),
        ("fetched", 4),
        ("done", 5),
    ]
