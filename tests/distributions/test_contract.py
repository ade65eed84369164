"""What every distribution of the folder must do; new files are found by themselves.

A file with a new distribution needs a file of its name in `cases/`: parameters,
support and a float64 twin. Without it `test_a_distribution_has_a_case` fails.
"""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from tests.distributions.kinds import (
    FOLDER,
    KINDS,
    build,
    case_of,
    computed,
    every_density,
    file_of,
    grid,
    having,
    make,
    reference,
    rounded,
)

N = 20_000  # samples per parameter in goodness-of-fit tests
LEVEL = 1e-3


def test_a_distribution_has_a_case():
    assert {file_of(kind) for kind in KINDS} == {f.stem for f in FOLDER.glob("*.py")}


@every_density
def test_log_prob_is_the_twins(kind):
    actual = computed(kind)["log_prob"]
    assert actual.dtype == jnp.float32
    expected = reference(kind)
    # exp(-1e4) is no mass: there a power may have multiplied the rounding of an exp.
    far = np.abs(expected) > 1e4
    for kept, rtol in ((~far, 2e-6), (far, 2e-5)):
        np.testing.assert_allclose(actual[kept], expected[kept], rtol, 2e-6)


@every_density
def test_total_mass_is_one(kind):
    prob = np.exp(np.asarray(computed(kind)["log_prob"], np.float64))
    np.testing.assert_allclose((prob * grid(kind)[1]).sum(0), 1.0, rtol=2e-6)


@every_density
def test_moments_are_those_of_the_density(kind):
    """Or, on a circle, those that the case gives."""
    case, log_prob, actual = case_of(kind), reference(kind), computed(kind)
    x, weights = grid(kind)
    prob = np.exp(log_prob) * weights
    mean, parameters = (prob * x).sum(0), rounded(case.parameters)
    expected = {
        "mean": case.mean(**parameters) if case.mean else mean,
        "variance": (
            case.variance(**parameters)
            if case.variance
            else (prob * (x - mean) ** 2).sum(0)
        ),
        "entropy": -(prob * np.where(prob > 0, log_prob, 0.0)).sum(0),
    }
    for name in expected.keys() & actual.keys():
        np.testing.assert_allclose(
            actual[name], expected[name], 1e-5, 2e-6, err_msg=name
        )


@having(lambda kind, case: case.log_prob and "mode" in vars(kind))
def test_mode_has_the_highest_density(kind):
    highest = computed(kind)["log_prob"].max(0)
    assert (computed(kind)["at_mode"] >= highest - 1e-6).all()


def draws(kind, key) -> np.ndarray:
    """[N, parameters], as drawn: four calls by vmap."""
    d = make(kind)
    draw = jax.vmap(lambda key: d.sample(seed=key, sample_shape=(N // 4,)))
    x = jax.jit(draw)(jax.random.split(key, 4))
    assert x.shape == (4, N // 4, *d.batch_shape)
    assert x.dtype == jnp.float32
    return np.asarray(x).reshape(N, -1)


@pytest.mark.slow
@having(lambda kind, case: case.log_prob and case.values is not None)
def test_samples_follow_the_probabilities(kind, getkey):
    x, (values, _) = draws(kind, getkey()), grid(kind)
    assert np.isin(x, values).all()
    observed = (x[None] == values[:, None]).sum(1)
    for count, prob in zip(observed.T, np.exp(reference(kind)).T, strict=True):
        assert chi_squared(count, N * prob) > LEVEL


@pytest.mark.slow
@having(lambda kind, case: case.log_prob and case.values is None)
def test_samples_follow_the_density(kind, getkey):
    x, case = draws(kind, getkey()), case_of(kind)
    assert case.cdf is not None
    assert case.support.contains(x).all()
    rows = rounded(case.parameters).values()
    for column, *values in zip(x.astype(np.float64).T, *rows, strict=True):
        named = dict(zip(case.parameters, values, strict=True))
        assert stats.kstest(column, lambda t, p=named: case.cdf(t, **p)).pvalue > LEVEL


def chi_squared(observed, expected) -> float:
    """P-value, with outcomes expected fewer than 10 times added to the likeliest."""
    assert observed[expected < 1e-4].sum() == 0
    rare, likeliest = expected < 10, expected.argmax()
    observed, expected = observed.astype(float), expected.copy()
    for counts in (observed, expected):
        counts[likeliest] += counts[rare].sum()
    observed, expected = observed[~rare], expected[~rare]
    statistic = ((observed - expected) ** 2 / expected).sum()
    return float(stats.chi2(max(len(expected) - 1, 1)).sf(statistic))


@having(lambda kind, case: hasattr(kind, "quantile"))
def test_quantile_is_the_twins(kind):
    """And of a discrete distribution the smallest value with that much below it."""
    case, d = case_of(kind), make(kind)
    q = np.array([[0.001], [0.1], [0.3], [0.55], [0.9], [0.995]], np.float32)
    actual = jax.jit(lambda d, q: d.quantile(q))(d, q)
    assert actual.shape == (len(q), *d.batch_shape)
    if case.values is not None:
        x, below = grid(kind)[0], np.exp(reference(kind)).cumsum(0)
        expected = x[(below[None] < q[:, None]).sum(1), 0]
        np.testing.assert_array_equal(actual, expected)
        return
    assert case.ppf is not None
    expected = case.ppf(q.astype(np.float64), **rounded(case.parameters))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@having(lambda kind, case: case.exact)
def test_log_prob_at_large_arguments(kind):
    """Against 50 digits, at the parameters and values as float32 holds them."""
    case, large = case_of(kind), rounded(case_of(kind).large)
    assert case.exact is not None
    arrays = {name: jnp.asarray(v, jnp.float32) for name, v in large.items()}
    value = arrays.pop("value")
    actual = jax.jit(lambda a, x: build(kind, a).log_prob(x))(arrays, value)
    with mpmath.workdps(50):
        rows = [
            {name: mpmath.mpf(float(v)) for name, v in zip(large, row, strict=True)}
            for row in zip(*large.values(), strict=True)
        ]
        expected = np.array(
            [float(case.exact(row.pop("value"), **row)) for row in rows]
        )
    error = np.abs(np.asarray(actual, np.float64) - expected) / (1 + np.abs(expected))
    assert (error < case.tolerance).all(), list(zip(expected, error, strict=True))


@pytest.mark.slow
@every_density
def test_values_and_gradients_at_the_extremes(kind):
    """Finite inside the support; at its ends perhaps infinite, and never NaN."""
    case = case_of(kind)
    arrays = {name: jnp.array(v, jnp.float32) for name, v in case.extremes.items()}
    values = case.values or [*case.edges, case.inside]
    values = np.array(values, np.float32)[:, None]
    values = np.minimum(values, case.extremes.get("total_count", np.inf))

    def summed(arrays, values):
        log_prob = build(kind, arrays).log_prob(values)
        return log_prob.sum(), log_prob

    slope = jax.jit(jax.grad(summed, has_aux=True))
    everywhere, log_prob = slope(arrays, jnp.asarray(values))
    inside = jnp.asarray(values if case.values else values[-1:])
    gradient, finite = slope(arrays, inside)
    assert jnp.isfinite(finite).all(), finite
    assert not jnp.isnan(log_prob).any(), log_prob
    for name, g in gradient.items():
        assert jnp.isfinite(g).all(), (name, g)
        assert not jnp.isnan(everywhere[name]).any(), (name, everywhere[name])
