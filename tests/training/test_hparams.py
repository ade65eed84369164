import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from vaex.objectives.evidence_lower_bound import elbo
from vaex.training import optimizers
from vaex.training.hparams import (
    arguments,
    make_hparams,
    numeric_parameters,
    unwrap,
)
from vaex.types import Scalar


def objective(
    model, batch, *, train, beta: Scalar = 1.0, gamma: "Scalar" = 2, size: int = 3
):
    del model, batch, train
    return beta * gamma * size, {}


class Learned(nn.Module):
    """An objective with parameters of its own."""

    size: int = 3

    @nn.compact
    def __call__(self, model, batch, *, train, delta: Scalar = 0.5, eps: float = 1.0):
        return delta * eps, {}


class Callable:
    def __call__(self, model, batch, *, train, rho: Scalar = 4.0):
        return rho, {}


class Factory:
    def __init__(self, learning_rate: Scalar = 0.1, steps: int = 3):
        self.learning_rate = learning_rate


@functools.wraps(objective)
def wrapped(*args, **kwargs):
    return objective(*args, **kwargs)


partial = functools.partial


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (objective, {"beta": 1.0, "gamma": 2.0}),
        (partial(objective, beta=4.0, size=9), {"beta": 4.0, "gamma": 2.0}),
        (partial(partial(objective, beta=4.0), beta=5), {"beta": 5.0, "gamma": 2.0}),
        (partial(objective, beta=np.float32(0.5)), {"beta": 0.5, "gamma": 2.0}),
        (Learned(), {"delta": 0.5}),
        (partial(Learned(), delta=3.0), {"delta": 3.0}),
        (Callable(), {"rho": 4.0}),
        (Factory, {"learning_rate": 0.1}),
        (wrapped, {"beta": 1.0, "gamma": 2.0}),
        (jax.jit(objective), {"beta": 1.0, "gamma": 2.0}),
        (elbo, {"beta": 1.0}),
        (optax.adam, {}),
        (optax.lion, {}),  # its annotations name what it imports for checkers only
        (lambda model, batch, *, train, **weights: (0.0, {}), {}),
    ],
)
def test_parameters_annotated_scalar_are_numeric_and_no_others(factory, expected):
    found = numeric_parameters(factory)
    assert found == expected
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize("value", [True, "0.1", None, [1.0], 1j])
def test_a_numeric_parameter_must_be_a_number(value):
    with pytest.raises(TypeError, match="beta must be a number, got"):
        numeric_parameters(partial(objective, beta=value))


def test_a_numeric_parameter_without_a_value_is_named():
    def needs(model, batch, *, train, temperature: Scalar):
        return temperature, {}

    with pytest.raises(TypeError, match="needs needs a number for temperature"):
        numeric_parameters(needs)
    assert numeric_parameters(partial(needs, temperature=1)) == {"temperature": 1.0}


def test_an_annotation_that_may_be_scalar_but_cannot_be_resolved_is_refused():
    source = (
        "from __future__ import annotations\n"
        "def objective(model: Unknown, beta: Scalar = 1.0): ...\n"
    )
    names: dict = {}
    exec(source, names)
    with pytest.raises(TypeError, match="import Scalar outside"):
        numeric_parameters(names["objective"])
    names["Scalar"] = Scalar
    assert numeric_parameters(names["objective"]) == {"beta": 1.0}


def test_arguments_bound_by_position_are_refused():
    with pytest.raises(TypeError, match="arguments of Learned must be bound by keyw"):
        unwrap(partial(Learned(), 1.0))


def test_hparams_are_float32_leaves_by_path():
    hparams = make_hparams(objective=objective, optimizer=optimizers.adamw)
    assert set(hparams) == {"objective.beta", "objective.gamma"} | {
        f"optimizer.{name}"
        for name in ("learning_rate", "b1", "b2", "eps", "weight_decay")
    }
    for value in hparams.values():
        assert value.dtype == jnp.float32
        assert value.shape == ()
    assert arguments(hparams, "objective").keys() == {"beta", "gamma"}


def test_an_owner_is_no_prefix_of_another():
    assert arguments({"objective.a": 1, "objective2.b": 2}, "objective") == {"a": 1}
