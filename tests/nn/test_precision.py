"""Products in bfloat16: what is rounded, and that nothing else is."""

from collections.abc import Iterator
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed
from vaex.errors import InputError
from vaex.io.parts import assemble
from vaex.likelihoods.discretized_logistic import DiscretizedLogistic
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.low_rank_gaussian import LowRankGaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.nn.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.inverse_autoregressive_flow import InverseAutoregressiveFlow
from vaex.training.state import make_init
from vaex.training.step import make_gradient, make_step, prepared

ULP = 2.0**-7
"""Relative distance of neighbours in bfloat16, at the most."""

NETWORKS = [
    (MLPEncoder((4,), dtype="bfloat16"), (2, 6)),
    (MLPDecoder((4,), dtype="bfloat16"), (2, 6)),
    (ConvolutionalEncoder((4,), 3, dtype="bfloat16"), (2, 6, 5)),
    (ConvolutionalDecoder((6, 5), (4,), dtype="bfloat16"), (2, 6)),
]

PRODUCTS = {"dot_general", "conv_general_dilated"}
MOVES = {"convert_element_type", "reshape", "transpose", "rev", "pad", "slice"}
"""What may give bfloat16 besides a product: it computes nothing."""


def equations(jaxpr: Any) -> Iterator[Any]:
    """Of a program and of all programs in it."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else [value]:
                part = getattr(part, "jaxpr", part)
                if hasattr(part, "eqns"):
                    yield from equations(part)


def in_bfloat16(jaxpr: Any) -> list[str]:
    """Names of primitives that give bfloat16, but for those that hold programs."""
    found = []
    for equation in equations(jaxpr):
        low = any(v.aval.dtype == jnp.bfloat16 for v in equation.outvars)
        parts = equation.params.values()
        if low and not any(hasattr(p, "eqns") or hasattr(p, "jaxpr") for p in parts):
            found.append(equation.primitive.name)
    return found


def dtypes(tree: Any) -> set[str]:
    leaves = jax.tree.leaves(tree)
    return {str(a.dtype) for a in leaves if jnp.issubdtype(a.dtype, jnp.inexact)}


IMAGES = "encoder=convolutional decoder=convolutional decoder.spectral_norm=true"


@pytest.mark.parametrize(
    ("line", "forward"), [("", 2), (IMAGES, 6), ("model=two_layer_vae", 6)]
)
def test_a_step_multiplies_in_bfloat16_and_does_no_more_in_it(line, forward):
    experiment = assemble(composed("precision=bfloat16", *line.split())).experiment
    rows = {"x": np.zeros((4, 8, 8), np.uint8)}
    init = make_init(experiment, rows)
    state = jax.eval_shape(init, jax.random.key(0), experiment.hparams())
    assert dtypes((state.params, state.variables, state.opt_state)) == {"float32"}

    after = jax.eval_shape(make_step(experiment), state, rows)
    assert dtypes(after) == {"float32"}

    @jax.make_jaxpr
    def gradient(state, rows):
        return make_gradient(experiment)(state, *prepared(experiment, state, rows))

    traced = gradient(state, rows)
    assert dtypes(traced.out_avals) == {"float32"}
    given = in_bfloat16(traced.jaxpr)
    assert set(given) <= {*PRODUCTS, *MOVES}
    # One forward, one back to the kernel, one back to inputs that are not the data.
    assert sum(name in PRODUCTS for name in given) == 3 * forward - 1


class RoundedEncoder(nn.Module):
    """One of a user's own, all in bfloat16, which batch normalisation sees too."""

    dtype: Any = jnp.bfloat16

    @nn.compact
    def __call__(self, x, condition=None, *, train=False):
        x = nn.BatchNorm(use_running_average=not train, dtype=self.dtype)(x)
        return nn.Dense(3, dtype=self.dtype)(nn.LayerNorm(dtype=self.dtype)(x))


def test_statistics_of_a_layer_in_bfloat16_are_float32():
    x = jax.random.normal(jax.random.key(0), (4, 6))
    network = RoundedEncoder()

    @jax.make_jaxpr
    def program(x):
        return network.init_with_output(jax.random.key(0), x, train=True)

    traced = program(x)
    sums = [e for e in equations(traced.jaxpr) if "reduce" in e.primitive.name]
    assert sums
    assert {str(v.aval.dtype) for e in sums for v in e.outvars} == {"float32"}
    features, *variables = traced.out_avals
    assert features.dtype == jnp.bfloat16
    assert dtypes(variables) == {"float32"}


@pytest.mark.parametrize(
    "kind", [Gaussian, DiscretizedLogistic, LowRankGaussian, MeanSquaredError]
)
def test_a_head_takes_features_on_in_float32(kind):
    head = kind((6,))
    features = jnp.ones((2, 3), jnp.bfloat16)

    def loss(features):
        x, method = jnp.zeros((2, 6)), "reconstruction_loss"
        key = jax.random.key(0)
        return head.init_with_output(key, features, x, method=method)[0]

    traced = jax.make_jaxpr(loss)(features)
    assert in_bfloat16(traced.jaxpr) == []
    assert dtypes(traced.out_avals) == {"float32"}


@pytest.mark.parametrize("kind", [DiagonalGaussian, InverseAutoregressiveFlow])
def test_a_posterior_takes_features_on_in_float32(kind):
    def draw(features):
        q = kind(2).init_with_output(jax.random.key(0), features)[0]
        return q.sample_and_log_prob(seed=jax.random.key(1))

    traced = jax.make_jaxpr(draw)(jnp.ones((2, 3), jnp.bfloat16))
    assert in_bfloat16(traced.jaxpr) == []
    assert dtypes(traced.out_avals) == {"float32"}


def rounded(x: np.ndarray) -> np.ndarray:
    return np.asarray(x).astype(ml_dtypes.bfloat16).astype(np.float64)


def test_values_are_those_of_rounded_factors_and_exact_biases():
    x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    encoder = MLPEncoder((7, 4), activation=nn.tanh, dtype="bfloat16")

    @quick_jit
    def run(key, x):
        _, variables = encoder.init_with_output(key, x)
        moved = jax.tree.map(lambda a: a + 2.0**-13, variables)
        return encoder.apply(moved, x), moved["params"]["stack"]

    actual, layers = jax.device_get(run(jax.random.key(0), x))
    assert actual.dtype == np.float32
    h = x
    for name in ("Dense_0", "Dense_1"):
        product = rounded(rounded(h) @ rounded(layers[name]["kernel"]))
        h = np.tanh(product + layers[name]["bias"])
    # A sum near the middle of two neighbours is rounded to either; the second layer
    # carries that on.
    np.testing.assert_allclose(actual, h, atol=2 * ULP)


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_without_inputs_biases_come_out_as_they_are(network, shape):
    zeros, bias = np.zeros(shape, np.float32), np.float32(1 + 2.0**-20)

    @quick_jit
    def run(key):
        _, variables = network.init_with_output(key, zeros)
        last = lambda path, leaf: 0 * leaf + bias * (path[-1].key == "bias")  # noqa: E731
        return network.apply(jax.tree_util.tree_map_with_path(last, variables), zeros)

    features = run(jax.random.key(0))
    assert features.dtype == np.float32
    assert (features == bias).all()


@pytest.mark.parametrize("kind", [type(network) for network, _ in NETWORKS])
@pytest.mark.parametrize("dtype", ["floaty", "int8", 3])
def test_a_type_that_is_no_floating_one_is_refused(kind, dtype):
    shape = {"event_shape": (4, 4)} if kind is ConvolutionalDecoder else {}
    with pytest.raises(InputError, match="dtype must be a floating type .* got"):
        kind(**shape, dtype=dtype)


def test_one_key_reaches_every_network():
    line = ("precision=bfloat16", "model=two_layer_vae", "decoder=convolutional")
    config = composed(*line)
    nodes = [config["encoder"], config["decoder"]]
    nodes += [config["model"]["upper_encoder"], config["model"]["upper_decoder"]]
    assert [node["dtype"] for node in nodes] == ["bfloat16"] * 4


def test_another_precision_is_refused():
    message = "precision must be float32 or bfloat16, got float16"
    with pytest.raises(InputError, match=message):
        assemble(composed("precision=float16"))


class PlainEncoder(nn.Module):
    @nn.compact
    def __call__(self, x, condition=None, *, train=False):
        return nn.Dense(3)(x.reshape(len(x), -1))


class PlainDecoder(nn.Module):
    event_axes = 0

    @nn.compact
    def __call__(self, z, condition=None, *, train=False):
        return nn.Dense(3)(z)


def test_a_precision_that_no_network_is_told_of_is_refused():
    config = composed("precision=bfloat16")
    own = {"encoder": {"_target_": f"{__name__}.PlainEncoder"}}
    assert assemble({**config, **own}).experiment.model.decoder.dtype == "bfloat16"
    own["decoder"] = {"_target_": f"{__name__}.PlainDecoder"}
    assert assemble({**config, **own, "precision": "float32"})
    message = "PlainEncoder and PlainDecoder were not given"
    with pytest.raises(InputError, match=message):
        assemble({**config, **own})
