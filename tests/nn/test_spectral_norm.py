"""Kernels over their largest singular value, against numpy's decomposition."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from vaex.nn.convolutional import ConvolutionalDecoder
from vaex.nn.mlp import MLPDecoder

Z = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)


def linear(x):
    return x


@functools.cache
def settled(decoder):
    """Variables after 100 training steps of the power iteration, and the compiled f."""
    variables = decoder.init(jax.random.key(0), Z)
    stats = variables["batch_stats"]

    @quick_jit
    def settle(params, stats):
        def body(_, stats):
            given = {"params": params, "batch_stats": stats}
            return decoder.apply(given, Z, train=True, mutable=["batch_stats"])[1][
                "batch_stats"
            ]

        return jax.lax.fori_loop(0, 100, body, stats)

    stats = settle(variables["params"], stats)
    return {"params": variables["params"], "batch_stats": stats}


def kernels(params):
    """[-1, F] in float64, by layer."""
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if path[-1].key == "kernel":
            found[path[-2].key] = np.asarray(leaf, np.float64).reshape(
                -1, leaf.shape[-1]
            )
    return found


@pytest.mark.parametrize(
    "decoder",
    [
        MLPDecoder((4, 3), linear, spectral_norm=True),
        ConvolutionalDecoder((3, 3), (3, 2), linear, spectral_norm=True),
    ],
    ids=lambda decoder: type(decoder).__name__,
)
def test_the_values_are_numpys(decoder):
    variables = settled(decoder)
    exact = {
        name: np.linalg.svd(kernel, compute_uv=False)[0]
        for name, kernel in kernels(variables["params"]).items()
    }
    found = {
        path[-1].key.split("/")[0]: float(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(variables["batch_stats"])
        if path[-1].key.endswith("sigma")
    }
    assert set(found) == set(exact)
    for name, value in exact.items():
        # Float32, after (second / first singular value)^200 has gone.
        assert found[name] == pytest.approx(value, rel=1e-5)


def test_the_layers_are_those_of_normalised_kernels():
    variables = settled(MLPDecoder((4, 3), linear, spectral_norm=True))
    decoder = MLPDecoder((4, 3), linear, spectral_norm=True)
    product = np.eye(2)
    for kernel in kernels(variables["params"]).values():
        product = product @ (kernel / np.linalg.svd(kernel, compute_uv=False)[0])
    found = decoder.apply(variables, Z)
    np.testing.assert_allclose(found, Z @ product, rtol=1e-5, atol=1e-5)
    slope = np.linalg.norm(np.asarray(found, np.float64), axis=-1)
    assert (slope <= np.linalg.norm(Z, axis=-1) * (1 + 1e-5)).all()


def test_the_kernels_scale_is_of_no_effect_and_has_no_slope():
    """d f(c W) / d c = 0: the gradient is orthogonal to the kernel."""
    variables = settled(MLPDecoder((4, 3), linear, spectral_norm=True))
    decoder = MLPDecoder((4, 3), linear, spectral_norm=True)

    def loss(params):
        given = {**variables, "params": params}
        return jnp.square(decoder.apply(given, Z)).sum()

    gradient = quick_jit(jax.grad(loss))(variables["params"])
    for name, slope in kernels(gradient).items():
        kernel = kernels(variables["params"])[name]
        assert np.abs(slope).max() > 1e-3
        assert abs((slope * kernel).sum()) < 1e-5 * np.abs(slope * kernel).sum() + 1e-5


def test_a_decoder_without_it_keeps_no_statistics():
    assert set(MLPDecoder((4,)).init(jax.random.key(0), Z)) == {"params"}
