"""Convolutional backbones: every image size and channel count, exactly."""

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
from vaex.nn.convolutional import ConvolutionalDecoder, ConvolutionalEncoder

sizes = st.integers(1, 33)
images = st.one_of(st.tuples(sizes, sizes), st.tuples(sizes, sizes, st.integers(1, 4)))
widths = st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple)


@settings(max_examples=50)
@given(
    event=images,
    channels=widths,
    lead=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    condition=st.booleans(),
)
def test_the_decoder_gives_exactly_the_images_size(event, channels, lead, condition):
    decoder = ConvolutionalDecoder(event_shape=event, channels=channels)
    given_ = (lead[-1], 5) if condition else None
    expected = (*lead, *event[:2], channels[-1])
    assert shape_of(decoder, (*lead, 2), given_) == expected


@settings(max_examples=50)
@given(
    event=images,
    channels=st.lists(st.integers(1, 3), max_size=4).map(tuple),
    condition=st.booleans(),
)
def test_the_encoder_takes_any_image(event, channels, condition):
    encoder = ConvolutionalEncoder(channels=channels, features=7)
    given_ = (2, 5) if condition else None
    assert shape_of(encoder, (2, *event), given_) == (2, 7)


def test_grey_images_with_and_without_a_channel_axis_are_the_same():
    encoder = ConvolutionalEncoder(channels=(2,), features=3)
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)

    @quick_jit
    def both(key, x):
        y, variables = encoder.init_with_output(key, x)
        return y, encoder.apply(variables, x[..., None])

    np.testing.assert_array_equal(*both(jax.random.key(0), x))


@pytest.mark.parametrize("condition", [False, True])
def test_sample_axes_are_a_loop_and_the_condition_is_the_batchs(condition):
    decoder = ConvolutionalDecoder(event_shape=(5, 3), channels=(3, 2))
    generator = np.random.default_rng(0)
    z = generator.normal(size=(4, 2, 3)).astype(np.float32)
    c = generator.normal(size=(2, 5)).astype(np.float32) if condition else None

    @quick_jit
    def everything(key, z):
        whole, variables = decoder.init_with_output(key, z, c)
        loop = [decoder.apply(variables, one, c) for one in z]
        other = None if c is None else decoder.apply(variables, z, -c)
        return whole, jnp.stack(loop), other

    whole, loop, other = everything(jax.random.key(0), z)
    assert whole.shape == (4, 2, 5, 3, 2)
    np.testing.assert_allclose(whole, loop, rtol=1e-5, atol=1e-6)
    # Not one value for the whole image: the position matters.
    assert (whole.std((2, 3)) > 0).any(2).all()
    if other is not None:
        assert (np.abs(whole - other).max((2, 3, 4)) > 1e-3).all()


def test_the_condition_reaches_the_encoders_features():
    encoder = ConvolutionalEncoder(channels=(2,), features=16)
    x, c = np.ones((2, 4, 4), np.float32), np.ones((2, 3), np.float32)

    @quick_jit
    def both(key):
        y, variables = encoder.init_with_output(key, x, c)
        return y, encoder.apply(variables, x, -c)

    y, other = both(jax.random.key(0))
    assert (np.abs(y - other).max(1) > 1e-3).all()


def test_the_activation_is_the_one_that_is_given():
    arguments = {"channels": (2,), "activation": nn.tanh}
    x = np.full((2, 3, 3), 100.0, np.float32)

    @quick_jit
    def outputs(key):
        encoder = ConvolutionalEncoder(features=4, **arguments)
        decoder = ConvolutionalDecoder(event_shape=(3, 3), **arguments)
        y, _ = encoder.init_with_output(key, x)
        return y, decoder.init_with_output(key, 100 * y)[0]

    for values in outputs(jax.random.key(0)):
        assert (np.abs(values) <= 1).all()
        assert (values < 0).any()


@pytest.mark.parametrize("kind", [ConvolutionalEncoder, ConvolutionalDecoder])
@pytest.mark.parametrize("channels", [(0,), (4, -1), (2.5,), (True,)])
def test_channels_that_cannot_be_are_refused(kind, channels):
    with pytest.raises(InputError, match="channels must hold positive integers"):
        kind(channels=channels)


def test_a_decoder_without_channels_is_refused():
    with pytest.raises(InputError, match=r"channels must hold at least one.*\(\)"):
        ConvolutionalDecoder(channels=())


def test_a_width_of_zero_is_refused():
    with pytest.raises(InputError, match="features must hold positive integers"):
        ConvolutionalEncoder(features=0)


@pytest.mark.parametrize("event", [(), (3,), (2, 3, 4, 5)])
def test_what_is_no_image_is_refused_with_the_way_out(event):
    with pytest.raises(InputError, match="encoder=mlp"):
        shape_of(ConvolutionalEncoder(), (2, *event))
    with pytest.raises(InputError, match="decoder=mlp"):
        ConvolutionalDecoder(event_shape=event)
