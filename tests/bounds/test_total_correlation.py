"""The decomposition of the rate and its sampling weights, by enumeration.

N examples, two binary latent dimensions: every expectation is a sum.
"""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from vaex.bounds.total_correlation import (
    decompose,
    stratified_sampling,
    weighted_sampling,
)
from vaex.errors import InputError

N = 5
PROB = np.random.default_rng(0).uniform(0.05, 0.95, (N, 2))  # q(z_l = 1 | x)
PRIOR = np.array([0.3, 0.6])
OUTCOMES = np.array(list(itertools.product((0, 1), repeat=2)))  # [4, 2]


def log_prob(prob, z):
    return np.log(np.where(z == 1, prob, 1.0 - prob))


LOG_PAIRS = log_prob(PROB[None], OUTCOMES[:, None])  # [4 outcomes, N, 2]
LOG_QZ_X = LOG_PAIRS.sum(-1)
LOG_PZ = log_prob(PRIOR, OUTCOMES).sum(-1)
JOINT = np.exp(LOG_QZ_X) / N  # probability of outcome and example


def parts_of(log_weights):
    """Expectations of the parts under q(z, x), outcomes as the S samples."""
    pairs = np.broadcast_to(LOG_PAIRS[:, None], (4, N, N, 2))
    prior = np.broadcast_to(LOG_PZ[:, None], (4, N))
    found = decompose(
        jnp.asarray(LOG_QZ_X), jnp.asarray(prior), jnp.asarray(pairs), log_weights
    )
    return np.array([(JOINT * np.asarray(part)).sum() for part in found])


def exact():
    """Mutual information, total correlation and KL by dimension, from tables."""
    aggregate = JOINT.sum(1)  # [4]
    marginals = PROB.mean(0)
    product = np.exp(log_prob(marginals, OUTCOMES).sum(-1))
    mutual = (JOINT * (LOG_QZ_X - np.log(aggregate)[:, None])).sum()
    total = (aggregate * np.log(aggregate / product)).sum()
    ratio = marginals * np.log(marginals / PRIOR)
    ratio += (1 - marginals) * np.log((1 - marginals) / (1 - PRIOR))
    return np.array([mutual, total, ratio.sum()])


RATE = (JOINT * (LOG_QZ_X - LOG_PZ[:, None])).sum()


def test_the_parts_sum_to_the_rate_with_any_weights():
    assert exact().sum() == pytest.approx(RATE, rel=1e-9)
    for weights in (weighted_sampling(N, N), stratified_sampling(N, 50 * N)):
        assert parts_of(weights).sum() == pytest.approx(RATE, abs=1e-5)


def test_stratified_sampling_is_exact_for_the_whole_data_set():
    np.testing.assert_allclose(parts_of(stratified_sampling(N, N)), exact(), atol=1e-5)
    weights = np.exp(stratified_sampling(N, N))
    np.testing.assert_allclose(weights, 1 / N, rtol=1e-9)


def test_weighted_sampling_is_off_by_log_n_for_the_whole_data_set():
    """log q(z) by log N, and so is each of the two log q(z_l)."""
    off = np.log(N) * np.array([1.0, -1.0 + 2.0, -2.0])
    found = parts_of(weighted_sampling(N, N))
    np.testing.assert_allclose(found, exact() + off, atol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_stratified_sampling_is_unbiased_over_all_batches(size):
    aggregate = np.exp(LOG_QZ_X).mean(1)
    weights = np.exp(stratified_sampling(size, N))[0]
    for own in range(N):
        others = [j for j in range(N) if j != own]
        estimates = [
            np.exp(LOG_QZ_X[:, [own, *chosen]]) @ weights
            for chosen in itertools.combinations(others, size - 1)
        ]
        np.testing.assert_allclose(np.mean(estimates, 0), aggregate, rtol=1e-9)


def test_stratified_weights_are_the_mean_of_the_papers_over_its_arbitrary_choice():
    """There, of M = B - 1 others, M - 1 weigh 1/M and one (N - M)/(N M)."""
    count, total = 4, 9
    paper = np.full((count, count), 1 / count)
    np.fill_diagonal(paper, (total - count) / (total * count))
    found = np.exp(stratified_sampling(count + 1, total))[0]
    np.testing.assert_allclose(found[1:], paper.mean(0), rtol=1e-9)
    assert found[0] == pytest.approx(1 / total)
    np.testing.assert_allclose(
        np.exp(stratified_sampling(count + 1, total)).sum(1), 1.0, rtol=1e-9
    )


def test_batches_that_cannot_be_are_refused():
    for sampling in (weighted_sampling, stratified_sampling):
        with pytest.raises(InputError, match="num_examples .* batch's 4 .* got 3"):
            sampling(4, 3)
    with pytest.raises(InputError, match="at least 2 examples in a batch, got 1"):
        stratified_sampling(1, 3)
