"""What every distribution of the folder must do; new files are found by themselves.

A file with a new distribution needs one entry in `CASES`: parameters, support and a
float64 twin by scipy. The forgotten entry fails `test_a_distribution_has_a_case`.
"""

import importlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

import vaex.distributions

N = 20_000  # samples per parameter in goodness-of-fit tests
LEVEL = 1e-3


class Case(NamedTuple):
    parameters: dict[str, list[float]]
    extremes: dict[str, list[float]]
    static: dict[str, int] = {}
    values: list[float] | None = None  # of a discrete support; None: the unit interval
    log_prob: Callable[..., Any] | None = None  # float64; None: there is no density
    cdf: Callable[..., Any] | None = None


def truncated_exponential(logits):
    """The continuous Bernoulli at -|l|, as scipy knows it."""
    rate = np.maximum(np.abs(logits), 1e-9)
    return stats.truncexpon(b=rate, scale=1 / rate)


def continuous_bernoulli_log_prob(x, logits):
    return truncated_exponential(logits).logpdf(np.where(logits > 0, 1 - x, x))


def continuous_bernoulli_cdf(x, logits):
    twin = truncated_exponential(logits)
    return twin.sf(1 - x) if logits > 0 else twin.cdf(x)


def discretized_logistic_log_prob(x, loc, scale):
    twin = stats.logistic(loc, scale)
    lower = np.where(x == 0, -np.inf, x - 0.5)
    upper = np.where(x == 4, np.inf, x + 0.5)
    # Whichever tail is the smaller, so that the difference does not cancel.
    right = np.log(np.maximum(twin.sf(lower) - twin.sf(upper), 1e-300))
    left = np.log(np.maximum(twin.cdf(upper) - twin.cdf(lower), 1e-300))
    return np.where(x > loc, right, left)


CASES = {
    "Bernoulli": Case(
        parameters={"logits": [-5.0, -0.5, 0.0, 3.0]},
        extremes={"logits": [-1e4, 0.0, 1e4]},
        values=[0, 1],
        log_prob=lambda x, logits: stats.bernoulli(expit(logits)).logpmf(x),
    ),
    "Binomial": Case(
        parameters={"total_count": [1, 12, 12, 9], "logits": [0.0, -4.0, 0.3, 2.0]},
        extremes={"total_count": [12, 12, 1], "logits": [-1e4, 1e4, 0.0]},
        values=list(range(13)),
        log_prob=lambda x, total_count, logits: stats.binom(
            total_count, expit(logits)
        ).logpmf(x),
    ),
    "ContinuousBernoulli": Case(
        parameters={"logits": [-30.0, -2.0, -1e-3, 0.0, 0.02, 0.7, 5.0, 100.0]},
        extremes={"logits": [-1e4, 0.0, 1e4]},
        log_prob=continuous_bernoulli_log_prob,
        cdf=continuous_bernoulli_cdf,
    ),
    "DiscretizedLogistic": Case(
        parameters={"loc": [-3.0, 1.2, 2.5, 6.0], "scale": [1.0, 0.1, 20.0, 0.5]},
        extremes={"loc": [-1e4, 1e4, 2.0, 2.0], "scale": [0.05, 1.0, 1e-3, 1e4]},
        static={"num_classes": 5},
        values=[0, 1, 2, 3, 4],
        log_prob=discretized_logistic_log_prob,
    ),
    "PointPrediction": Case(
        parameters={"loc": [-1.0, 0.0, 2.0]}, extremes={"loc": [-1e4, 1e4]}
    ),
}


def discover() -> list[type[distrax.Distribution]]:
    folder = Path(vaex.distributions.__path__[0])
    modules = [
        importlib.import_module(f"vaex.distributions.{file.stem}")
        for file in sorted(folder.glob("*.py"))
        if not file.stem.startswith("_")
    ]
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, distrax.Distribution) and kind.__module__ == module.__name__
    ]


KINDS = discover()
DENSITIES = [kind for kind in KINDS if CASES[kind.__name__].log_prob]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
every_density = pytest.mark.parametrize(
    "kind", DENSITIES, ids=lambda kind: kind.__name__
)


def case_of(kind) -> Case:
    return CASES[kind.__name__]


def make(kind, dtype=jnp.float32, **changes):
    case = case_of(kind)
    arrays = {name: jnp.asarray(v, dtype) for name, v in case.parameters.items()}
    return kind(**(arrays | changes), **case.static)


def grid(kind) -> np.ndarray:
    """[V, 1] values: the support, or Gauss-Legendre nodes of the unit interval."""
    values = case_of(kind).values
    values = quadrature()[0] if values is None else values
    return np.array(values, np.float32).astype(np.float64)[:, None]


@cache
def quadrature() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return (nodes + 1) / 2, weights / 2


def weights(kind) -> np.ndarray:
    """[V, 1] weights with which values of the density sum to an integral over it."""
    if case_of(kind).values is not None:
        return np.ones_like(grid(kind))
    return quadrature()[1][:, None]


def reference(kind) -> np.ndarray:
    """[V, parameters] log-densities in float64."""
    case = case_of(kind)
    assert case.log_prob is not None
    parameters = {name: np.array(v, np.float64) for name, v in case.parameters.items()}
    return case.log_prob(grid(kind), **parameters)


def probe(d):
    """One array computed from a distribution, differentiable where it has a density."""
    return d.log_prob(1.0) if case_of(type(d)).log_prob else d.mean()


def test_a_distribution_has_a_case():
    assert {kind.__name__ for kind in KINDS} == set(CASES)


@cache
def computed(kind) -> dict[str, Any]:
    """All that is computed from the parameters and the grid, in one program."""
    names = ["mean", "variance", "mode", "entropy"]
    names = [
        n for n in names if getattr(kind, n) is not getattr(distrax.Distribution, n)
    ]

    @jax.jit
    def everything(d, x, typed):
        return {name: getattr(d, name)() for name in names} | {
            "log_prob": d.log_prob(x),
            "at_mode": d.log_prob(d.mode()),
            "at_typed": [d.log_prob(values) for values in typed],
            "independent": distrax.Independent(d, 1).log_prob(jnp.ones(d.batch_shape)),
        }

    typed = [np.array([[0], [1]], t) for t in (np.float32, np.uint8, np.int32, bool)]
    return everything(make(kind), grid(kind), typed)


@every_density
def test_log_prob_is_scipys(kind):
    actual = computed(kind)["log_prob"]
    assert actual.dtype == jnp.float32
    np.testing.assert_allclose(actual, reference(kind), rtol=2e-6, atol=2e-6)


@every_density
def test_total_mass_is_one(kind):
    prob = np.exp(np.asarray(computed(kind)["log_prob"], np.float64))
    np.testing.assert_allclose((prob * weights(kind)).sum(0), 1.0, rtol=2e-6)


@every_density
def test_moments_are_those_of_the_density(kind):
    x, log_prob, actual = grid(kind), reference(kind), computed(kind)
    prob = np.exp(log_prob) * weights(kind)
    mean = (prob * x).sum(0)
    expected = {
        "mean": mean,
        "variance": (prob * (x - mean) ** 2).sum(0),
        "entropy": -(prob * np.where(prob > 0, log_prob, 0.0)).sum(0),
    }
    for name in expected.keys() & actual.keys():
        np.testing.assert_allclose(
            actual[name], expected[name], 1e-5, 2e-6, err_msg=name
        )


@every_density
def test_mode_has_the_highest_density(kind):
    highest = computed(kind)["log_prob"].max(0)
    assert (computed(kind)["at_mode"] >= highest - 1e-6).all()


@every_density
def test_samples_follow_the_density(kind, getkey):
    d, case = make(kind), case_of(kind)
    draw = jax.vmap(lambda key: d.sample(seed=key, sample_shape=(N // 4,)))
    x = jax.jit(draw)(jax.random.split(getkey(), 4))
    assert x.shape == (4, N // 4, *d.batch_shape)
    assert x.dtype == jnp.float32
    x = np.asarray(x, np.float64).reshape(N, -1)
    if case.values is not None:
        assert np.isin(x, case.values).all()
        observed = (x[None] == grid(kind)[:, None]).sum(1)
        for count, prob in zip(observed.T, np.exp(reference(kind)).T, strict=True):
            assert chi_squared(count, N * prob) > LEVEL
        return
    assert case.cdf is not None
    assert ((x >= 0) & (x <= 1)).all()
    for column, *values in zip(x.T, *case.parameters.values(), strict=True):
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


@every_density
def test_values_and_gradients_are_finite_at_the_extremes(kind):
    case = case_of(kind)
    names = list(case.extremes)
    arrays = [jnp.array(case.extremes[name], jnp.float32) for name in names]
    ends = np.array([0.0, 0.5, 1.0] if case.values is None else case.values)[:, None]
    ends = np.minimum(ends, case.extremes.get("total_count", np.inf))

    def total(arrays):
        d = kind(**dict(zip(names, arrays, strict=True)), **case.static)
        log_prob = d.log_prob(jnp.asarray(ends))
        return log_prob.sum(), log_prob

    gradient, log_prob = jax.jit(jax.grad(total, has_aux=True))(arrays)
    assert jnp.isfinite(log_prob).all(), log_prob
    for name, g in zip(names, gradient, strict=True):
        assert jnp.isfinite(g).all(), (name, g)


@every_kind
def test_a_distribution_is_an_argument_and_a_result_of_jit(kind):
    d = make(kind)
    returned = jax.jit(lambda d: jax.tree.map(lambda leaf: leaf + 0, d))(d)
    built = jax.jit(lambda: make(kind))()
    for other in (returned, built):
        assert type(other) is kind
        assert other.batch_shape == d.batch_shape
        assert other.event_shape == ()
        jax.tree.map(np.testing.assert_array_equal, other, d)


@every_kind
def test_leaves_are_arrays_of_the_batch_shape(kind):
    for leaf in jax.tree.leaves(make(kind)):
        assert isinstance(leaf, jax.Array)
        assert leaf.shape == make(kind).batch_shape
        assert not leaf.weak_type


@every_kind
def test_vmap_and_scan(kind):
    """Inside, and out of them: more than distrax's own distributions can do."""
    case = case_of(kind)
    arrays = {name: jnp.array(v, jnp.float32) for name, v in case.parameters.items()}

    def use(row):
        d = kind(**row, **case.static)
        return d, probe(d)

    @jax.jit
    def everything(arrays):
        _, scanned = jax.lax.scan(lambda _, row: (None, use(row)), None, arrays)
        return use(arrays), jax.vmap(use)(arrays), scanned

    (d, expected), *others = everything(arrays)
    for other, result in others:
        assert other.batch_shape == d.batch_shape
        jax.tree.map(np.testing.assert_array_equal, other, d)
        np.testing.assert_allclose(result, expected, rtol=1e-6)


@every_kind
def test_equal_shapes_are_traced_once(kind):
    traces = []

    @jax.jit
    def step(d):
        traces.append(1)
        return d, probe(d)

    d = make(kind)
    for factor in (1.0, 0.5, 0.25):
        d, _ = step(jax.tree.map(lambda leaf, f=factor: leaf * f, d))
        d, _ = step(make(kind))
    assert len(traces) == 1


@every_density
def test_half_precision_is_widened(kind):
    d = make(kind, dtype=jnp.bfloat16)
    x = jax.ShapeDtypeStruct(d.batch_shape, jnp.bfloat16)
    assert jax.eval_shape(lambda x: d.log_prob(x), x).dtype == jnp.float32
    assert jax.eval_shape(lambda: d.sample(seed=jax.random.key(0))).dtype == jnp.float32


@every_density
def test_values_of_any_type_count_as_numbers(kind):
    expected, *others = computed(kind)["at_typed"]
    for other in others:
        np.testing.assert_array_equal(other, expected)


@every_density
def test_the_event_of_independent_is_summed(kind):
    d, ones = make(kind), computed(kind)["at_typed"][0][1]
    assert distrax.Independent(d, 1).event_shape == d.batch_shape
    np.testing.assert_allclose(computed(kind)["independent"], ones.sum(), rtol=1e-6)
