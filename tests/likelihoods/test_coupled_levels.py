"""Channels that are scored jointly: mass, samples and mean by enumeration."""

import itertools

import jax
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from vaex.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture

DRAWS = 20_000


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_mass_samples_and_mean_agree(channels, getkey):
    levels = 4
    head = DiscretizedLogisticMixture(
        (1, 1, channels), num_classes=levels, num_components=2
    )
    grid = np.array(list(itertools.product(range(levels), repeat=channels)), "f4")
    raw = np.random.default_rng(channels).normal(size=head.raw_shape).astype("f4")

    def run(key):
        p = head.apply({}, None, raw=raw, method="elements")
        draws = p.sample(seed=key, sample_shape=DRAWS)
        return p.log_prob(grid[:, None, None]), draws, p.mean()

    log_prob, draws, mean = quick_jit(run)(getkey())
    prob = np.exp(np.asarray(log_prob, np.float64))[:, 0, 0]
    # Float32 sums of up to 256 probabilities.
    np.testing.assert_allclose(prob.sum(), 1.0, rtol=2e-6)
    draws = np.asarray(draws)[:, 0, 0]
    code = (draws @ levels ** np.arange(channels)[::-1]).astype(int)
    observed = np.bincount(code, minlength=len(grid))
    often = DRAWS * prob >= 10
    table = [np.append(v[often], v[~often].sum()) for v in (observed, DRAWS * prob)]
    kept = [v[table[1] > 5] for v in table]
    scaled = kept[1] * kept[0].sum() / kept[1].sum()
    assert stats.chisquare(kept[0], scaled).pvalue > 1e-3
    exact = prob @ grid
    spread = np.sqrt(prob @ grid**2 - exact**2)
    # The mean of coupled channels is a quasi-Monte-Carlo average: 1.1
    # percent of a standard deviation was the worst of 60, 0.4 their root mean square.
    assert (np.abs(mean[0, 0] - exact) < 0.02 * spread).all()


def test_channels_are_coupled_where_they_are_few():
    coupled = DiscretizedLogisticMixture((4, 4, 3))
    assert coupled.attribution_shape == (4, 4)
    assert coupled.raw_shape == (4, 4, 10 * (1 + 6 + 3))
    for head in (
        DiscretizedLogisticMixture((4, 4, 3), coupled=False),
        DiscretizedLogisticMixture((4, 4, 5)),
        DiscretizedLogisticMixture((4, 3)),
    ):
        assert head.attribution_shape == head.event_shape
        assert head.raw_shape == (*head.event_shape, 30)


def test_far_out_raw_numbers_have_numbers_for_value_and_gradient():
    head = DiscretizedLogisticMixture((1, 1, 3), num_components=2)
    random = np.random.default_rng(0)
    raw = random.choice([-1e4, 0.0, 1e4], (40, *head.raw_shape)).astype("f4")
    x = random.choice([0.0, 7.0, 255.0], (40, 1, 1, 3)).astype("f4")

    def score(raw, x):
        return head.apply({}, None, raw=raw, method="elements").log_prob(x).sum()

    value, slope = quick_jit(jax.vmap(jax.value_and_grad(score)))(raw, x)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
