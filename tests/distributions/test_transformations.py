"""Every distribution is an array among arrays: under jit, vmap, scan, in any type."""

import distrax
import jax
import jax.numpy as jnp
import numpy as np

from tests.contracts.compiled import quick_jit
from tests.distributions.kinds import (
    build,
    case_of,
    computed,
    every_density,
    every_kind,
    make,
)


def probe(d, inside):
    """One array computed from a distribution, differentiable where it has a density."""
    return d.log_prob(inside) if case_of(type(d)).log_prob else d.mean()


@every_kind
def test_a_distribution_is_an_argument_and_a_result_of_jit(kind):
    d = make(kind)
    returned = quick_jit(lambda d: jax.tree.map(lambda leaf: leaf + 0, d))(d)
    built = quick_jit(lambda: make(kind))()
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

    @quick_jit
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

    @quick_jit
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
