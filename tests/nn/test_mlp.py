"""Multilayer perceptrons: events of any shape, sample axes, conditions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.compiled import quick_jit
from tests.nn.shapes import shape_of
from vaex.errors import InputError
from vaex.nn.dense_stack import DenseStack
from vaex.nn.mlp import MLPDecoder, MLPEncoder

widths = st.lists(st.integers(1, 5), max_size=3).map(tuple)


@settings(max_examples=40)
@given(
    event=st.lists(st.integers(1, 4), max_size=4).map(tuple),
    hidden=widths,
    condition=st.booleans(),
)
def test_the_encoder_takes_events_of_any_shape(event, hidden, condition):
    last = int(np.prod(event)) + 3 * condition
    expected = (2, *hidden[-1:]) if hidden else (2, last)
    given_ = (2, 3) if condition else None
    assert shape_of(MLPEncoder(hidden), (2, *event), given_) == expected


@settings(max_examples=40)
@given(
    lead=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    hidden=widths,
    condition=st.booleans(),
)
def test_the_decoder_keeps_sample_axes(lead, hidden, condition):
    last = hidden[-1] if hidden else 2 + 3 * condition
    given_ = (lead[-1], 3) if condition else None
    assert shape_of(MLPDecoder(hidden), (*lead, 2), given_) == (*lead, last)


def test_values_are_those_of_matrices():
    generator = np.random.default_rng(0)
    x, c = generator.normal(size=(2, 3, 2)), generator.normal(size=(2, 4))
    encoder = MLPEncoder(hidden=(5, 3), activation=nn.tanh)

    @quick_jit
    def run(key, x, c):
        return encoder.init_with_output(key, x, c)

    actual, variables = run(jax.random.key(0), x, c)
    h = np.concatenate([x.reshape(2, 6), c], -1)
    for layer in ("Dense_0", "Dense_1"):
        weights = variables["params"]["stack"][layer]
        h = np.tanh(h @ weights["kernel"] + weights["bias"])
    np.testing.assert_allclose(actual, h, rtol=1e-5, atol=1e-6)


def test_the_condition_belongs_to_the_batch_not_to_the_samples():
    z = np.ones((4, 2, 3), np.float32)
    c = np.array([[1.0], [-1.0]], np.float32)
    y = quick_jit(lambda key: MLPDecoder((16,)).init_with_output(key, z, c)[0])(
        jax.random.key(0)
    )
    assert (y == y[0]).all()
    assert (y[0, 0] != y[0, 1]).any()


def test_no_layers_is_the_identity():
    x = jnp.arange(6.0).reshape(2, 3)
    y, variables = DenseStack(()).init_with_output(jax.random.key(0), x)
    assert variables == {}
    assert (y == x).all()


def test_integers_are_taken_as_numbers():
    x = jax.ShapeDtypeStruct((2, 3), jnp.uint8)
    y = jax.eval_shape(
        lambda x: MLPEncoder((4,)).init_with_output(jax.random.key(0), x)[0], x
    )
    assert y.dtype == jnp.float32


@pytest.mark.parametrize("kind", [MLPEncoder, MLPDecoder])
@pytest.mark.parametrize("hidden", [(0,), (4, -1), (2.5,), (True,), 500])
def test_widths_that_cannot_be_are_refused(kind, hidden):
    with pytest.raises(InputError, match="hidden must hold positive integers, got"):
        kind(hidden=hidden)


def test_a_condition_of_another_batch_is_refused():
    with pytest.raises(InputError, match=r"condition .*\(3, 1\).*\(2, 4\)"):
        shape_of(MLPEncoder((4,)), (2, 4), (3, 1))
