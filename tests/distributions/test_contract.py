"""What every distribution of the folder must do; new files are found by themselves.

A file with a new distribution needs a file of its name in `cases/`: parameters,
support and a float64 twin. Without it `test_a_distribution_has_a_case` fails.
"""

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

import vaex.distributions
from tests.contracts.discovery import classes
from tests.contracts.integration import nodes
from tests.distributions.case import Case
from vaex.distributions._sphere import SphereDistribution
from vaex.distributions.spherical_uniform import SphericalUniform

N = 20_000  # samples per parameter in goodness-of-fit tests
LEVEL = 1e-3
FOLDER = Path(__file__).parent / "cases"
# Those of unit vectors are held to a contract of their own in test_sphere.py.
SPHERES = (SphereDistribution, SphericalUniform)
KINDS = [
    kind
    for kind in classes(vaex.distributions, distrax.Distribution)
    if not issubclass(kind, SPHERES)
]


def file_of(kind) -> str:
    return kind.__module__.rpartition(".")[2]


@cache
def case_of(kind) -> Case:
    return importlib.import_module(f"tests.distributions.cases.{file_of(kind)}").CASE


def having(test):
    """Marks a test of those kinds whose case passes a test."""
    found = [k for k in KINDS if (FOLDER / f"{file_of(k)}.py").exists()]
    found = [kind for kind in found if test(kind, case_of(kind))]
    params = [pytest.param(k, marks=pytest.mark.xdist_group(k.__name__)) for k in found]
    return pytest.mark.parametrize("kind", params, ids=lambda kind: kind.__name__)


every_kind = having(lambda kind, case: True)
every_density = having(lambda kind, case: case.log_prob)


def build(kind, arrays):
    case = case_of(kind)
    return (case.build or kind)(**arrays, **case.static)


def rounded(parameters) -> dict[str, np.ndarray]:
    """Parameters as float32 holds them, in float64."""
    return {
        name: np.array(v, np.float32).astype(np.float64)
        for name, v in parameters.items()
    }


def make(kind, dtype=jnp.float32):
    case = case_of(kind)
    return build(kind, {k: jnp.asarray(v, dtype) for k, v in case.parameters.items()})


@cache
def grid(kind) -> tuple[np.ndarray, np.ndarray]:
    """[V, 1] values and weights: summed or integrated over, they are the support."""
    case = case_of(kind)
    if case.values is not None:
        x = np.array(case.values, np.float64)[:, None]
        return x, np.ones_like(x)
    x, weights = nodes(case.support)
    # Beyond, squares overflow in float32; what mass is there is far below 1e-9.
    kept = np.abs(x) < 1e12
    return x[kept].astype(np.float64)[:, None], weights[kept][:, None]


@cache
def reference(kind) -> np.ndarray:
    """[V, parameters] log-densities in float64."""
    case = case_of(kind)
    assert case.log_prob is not None
    found = case.log_prob(grid(kind)[0], **rounded(case.parameters))
    # What is below the floats is -inf in them.
    return np.where(found < np.finfo(np.float32).min, -np.inf, found)


def probe(d, inside):
    """One array computed from a distribution, differentiable where it has a density."""
    return d.log_prob(inside) if case_of(type(d)).log_prob else d.mean()


def test_a_distribution_has_a_case():
    assert {file_of(kind) for kind in KINDS} == {f.stem for f in FOLDER.glob("*.py")}


@cache
def computed(kind) -> dict[str, Any]:
    """All that is computed from the parameters and the grid, in one program."""
    names = ["mean", "variance", "mode", "entropy"]
    names = [
        n for n in names if getattr(kind, n) is not getattr(distrax.Distribution, n)
    ]
    inside = case_of(kind).inside

    @jax.jit
    def everything(d, x, typed):
        found = {name: getattr(d, name)() for name in names} | {
            "log_prob": d.log_prob(x),
            "at_typed": [d.log_prob(values) for values in typed],
            "at_inside": d.log_prob(inside),
            "independent": distrax.Independent(d, 1).log_prob(
                jnp.full(d.batch_shape, inside)
            ),
        }
        return found | (
            {"at_mode": d.log_prob(found["mode"])} if "mode" in found else {}
        )

    typed = [np.array([[0], [1]], t) for t in (np.float32, np.uint8, np.int32, bool)]
    return everything(make(kind), jnp.asarray(grid(kind)[0], jnp.float32), typed)


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


@having(lambda kind, case: case.log_prob and case.values is not None)
def test_samples_follow_the_probabilities(kind, getkey):
    x, (values, _) = draws(kind, getkey()), grid(kind)
    assert np.isin(x, values).all()
    observed = (x[None] == values[:, None]).sum(1)
    for count, prob in zip(observed.T, np.exp(reference(kind)).T, strict=True):
        assert chi_squared(count, N * prob) > LEVEL


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
        if case_of(kind).is_rectangular:
            assert leaf.shape == make(kind).batch_shape
        assert not leaf.weak_type


@every_kind
def test_vmap_and_scan(kind):
    """Inside, and out of them: more than distrax's own distributions can do."""
    case = case_of(kind)
    arrays = {name: jnp.array(v, jnp.float32) for name, v in case.parameters.items()}

    def use(row):
        d = build(kind, row)
        return d, probe(d, case.inside)

    @jax.jit
    def everything(arrays):
        _, scanned = jax.lax.scan(lambda _, row: (None, use(row)), None, arrays)
        return use(arrays), jax.vmap(use)(arrays), scanned

    (d, expected), *others = everything(arrays)
    for other, result in others:
        assert other.batch_shape == d.batch_shape
        jax.tree.map(np.testing.assert_array_equal, other, d)
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


@every_kind
def test_equal_shapes_are_traced_once(kind):
    traces = []

    @jax.jit
    def step(d):
        traces.append(1)
        return d, probe(d, case_of(kind).inside)

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
    d, found = make(kind), computed(kind)
    assert distrax.Independent(d, 1).event_shape == d.batch_shape
    np.testing.assert_allclose(
        found["independent"], found["at_inside"].sum(), rtol=1e-6
    )
