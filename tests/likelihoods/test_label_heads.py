"""Noisy labels, robust labels and mixtures beyond what their twins say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from tests.contracts.compiled import quick_jit
from tests.likelihoods.twins.mixture_density import REFUSED_CHILDREN
from tests.likelihoods.twins.zero_inflated import REFUSED_CHILDREN as NO_COUNTS
from vaex.errors import InputError
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mixture_density import MixtureDensity
from vaex.likelihoods.noisy_categorical import NoisyCategorical
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.likelihoods.ordinal import Ordinal
from vaex.likelihoods.robust_max import RobustMax
from vaex.likelihoods.zero_inflated import ZeroInflated

LABELS = np.arange(3.0, dtype=np.float32)


def test_a_learned_transition_starts_near_the_identity():
    head = NoisyCategorical((2,), num_classes=4, diagonal=0.8)
    features = np.zeros((1, 3), np.float32)
    variables = head.init(jax.random.key(0), features)
    rows = special.softmax(variables["params"]["raw_transition"], axis=1)
    expected = np.full((4, 4), 0.2 / 3) + (0.8 - 0.2 / 3) * np.eye(4)
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


def test_clean_probabilities_are_those_before_the_noise():
    given = ((0.8, 0.2, 0.0), (0.0, 1.0, 0.0), (0.1, 0.4, 0.5))
    head = NoisyCategorical((1,), num_classes=3, transition=given)
    logits = np.array([[1.0, -2.0, 0.3]], np.float32)
    params = {"projection": {"kernel": np.eye(3), "bias": np.zeros(3)}}

    @quick_jit
    def both(features):
        variables = {"params": params}
        return [
            head.apply(variables, features, method=name)
            for name in ("clean_probabilities", "probabilities")
        ]

    clean, noisy = both(logits)
    expected = special.softmax(logits.astype(np.float64))
    np.testing.assert_allclose(clean[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(noisy[:, 0], expected @ np.array(given), rtol=1e-6)


def robust(head, method, *arguments, size, raw=None, **options):
    """A verb of a head with one element whose raw numbers are given."""
    raw = np.zeros(size) if raw is None else np.asarray(raw, np.float64)
    params = {"projection": {"kernel": np.zeros((1, size)), "bias": raw}}
    features = np.zeros((3, 1), np.float32)
    return quick_jit(
        lambda: head.apply(
            {"params": params}, features, *arguments, method=method, **options
        )
    )()


def test_robust_max_at_equal_scores():
    """Scores of mean 0 and scale 1: each of three is the largest as often."""
    unit = np.log(np.expm1(1.0 - 1e-3))
    head = RobustMax((1,), num_classes=3, epsilon=1e-3)
    raw, x = [0.0] * 3 + [unit] * 3, LABELS[:, None]
    lower = robust(head, "expected_log_prob", x, size=6, raw=raw)
    by_hand = np.log(1 - 1e-3) / 3 + 2 * np.log(1e-3 / 2) / 3
    assert round(by_hand, 4) == -5.0676
    np.testing.assert_allclose(lower, by_hand, rtol=1e-6)
    exact = robust(head, "log_prob", x, size=6, raw=raw)
    np.testing.assert_allclose(exact, -np.log(3), rtol=1e-6)


def test_the_expected_log_probability_is_that_of_drawn_scores(getkey):
    raw, x = [0.5, -0.3, 0.0, 0.4, 0.2, 0.6], LABELS[:, None]
    head, count = RobustMax((1,), num_classes=3, epsilon=0.1), 40_000
    exact = robust(head, "expected_log_prob", x, size=6, raw=raw)
    drawn = robust(
        head,
        "sampled_expected_log_prob",
        x,
        getkey(),
        num_samples=count,
        size=6,
        raw=raw,
    )
    # A frequency has standard error at most 1/2 / sqrt(N), times the range of nats.
    error = 0.5 * (np.log(0.9) - np.log(0.05)) / np.sqrt(count)
    assert np.abs(exact - drawn).max() < 4.5 * error
    assert np.ptp(exact) > 40 * error


def test_training_on_the_expected_log_probability_is_an_option():
    raw, x = [0.5, -0.3, 0.0, 0.4, 0.2, 0.6], LABELS[:, None]
    head = RobustMax((1,), num_classes=3, epsilon=0.1, expected=True)
    options = {"size": 6, "raw": raw}
    lower = robust(head, "expected_log_prob", x, **options)[:, 0]
    whole = robust(head, "log_prob", x, **options)
    np.testing.assert_array_equal(
        robust(head, "log_prob", x, train=True, **options), lower
    )
    np.testing.assert_array_equal(
        robust(RobustMax((1,), 1e-3, 3, 0.1), "log_prob", x, train=True, **options),
        whole,
    )
    assert (lower < whole).all()


@pytest.mark.parametrize("child", REFUSED_CHILDREN, ids=lambda c: type(c).__name__)
def test_a_mixture_refuses_what_has_no_density_by_element(child):
    with pytest.raises(InputError, match=f"child must .*{type(child).__name__}"):
        MixtureDensity((3,), child=child)


@pytest.mark.parametrize("child", NO_COUNTS, ids=lambda c: type(c).__name__)
def test_zeros_are_added_to_counts_only(child):
    with pytest.raises(InputError, match=f"child must .*{type(child).__name__}"):
        ZeroInflated((3,), child=child)


def test_ordered_classes_start_equally_probable():
    head, features = Ordinal((1,), num_classes=6), np.zeros((1, 3), np.float32)
    variables = head.init(jax.random.key(0), features)
    found = head.apply(variables, features, method="probabilities")
    np.testing.assert_allclose(found[0, 0], 1 / 6, rtol=1e-5)


def test_samples_of_a_mixture_follow_it(getkey):
    head = MixtureDensity(child=Gaussian(min_scale=0.1), num_components=2)
    raw = np.array([0.3, -0.5, -2.0, -1.0, 2.0, 0.5], np.float32)
    p = head.apply({}, None, raw=raw, method="elements")
    x = quick_jit(lambda key: p.sample(seed=key, sample_shape=20_000))(getkey())
    first, second = special.softmax(raw[:2].astype(np.float64))
    scales = 0.1 + np.logaddexp(0, [-1.0, 0.5])

    def cdf(t):
        parts = stats.norm.cdf(t, -2.0, scales[0]), stats.norm.cdf(t, 2.0, scales[1])
        return first * parts[0] + second * parts[1]

    assert stats.kstest(np.asarray(x, np.float64), cdf).pvalue > 1e-3


def test_a_mixture_of_impossible_values_has_gradient_zero():
    head = MixtureDensity(child=Gaussian(), num_components=2)

    def score(raw):
        return head.apply({}, None, raw=raw, method="elements").log_prob(1e30)

    value, slope = quick_jit(jax.value_and_grad(score))(jnp.zeros(6))
    assert value == -np.inf
    assert np.isfinite(slope).all()


def test_one_hot_vectors_need_an_axis():
    with pytest.raises(InputError, match="event_shape must have an axis"):
        OneHotCategorical().init(jax.random.key(0), jnp.zeros((2, 4)))
