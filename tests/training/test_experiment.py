"""Model and objective under one set of variables."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.training.toy import EVENT, bits, order, squares, tiny_vae, toy
from vaex.training.loop import initial_state
from vaex.training.optimizers import sgd
from vaex.training.state import make_init, model_variables, step_rngs
from vaex.training.step import make_chunk, make_step
from vaex.types import Scalar


class Learned(nn.Module):
    """squares with a learned temperature, exp(-raw) residual + raw, and its count."""

    start: float = 2.0

    @nn.compact
    def __call__(self, model, batch, *, train, weight: Scalar = 1.0):
        raw = self.param("raw", nn.initializers.constant(self.start), ())
        calls = self.variable("batch_stats", "calls", lambda: jnp.zeros(()))
        if not self.is_initializing():
            calls.value += 1.0
        loss, metrics = squares(model, batch, train=train)
        return weight * (jnp.exp(-raw) * loss + raw), {**metrics, "raw": raw}


class Normalised(nn.Module):
    """A model with batch normalisation and dropout."""

    @nn.compact
    def __call__(self, batch, *, train):
        x = nn.Dense(4)(batch["x"])
        x = nn.BatchNorm(use_running_average=not train, momentum=0.5)(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        return nn.Dense(EVENT)(x)


class Plain(nn.Module):
    """x - w."""

    @nn.compact
    def __call__(self, batch, *, train):
        del train
        return batch["x"] - self.param("w", nn.initializers.normal(1.0), (EVENT,))


class Bare(nn.Module):
    """A model with nothing to learn."""

    def __call__(self, batch, *, train):
        del train
        return batch["x"] + jax.random.normal(self.make_rng("sample"), (EVENT,))


def trained(experiment, steps):
    data, rows = bits(), order()
    state = initial_state(experiment, jax.device_put(data), rows)
    step, first, metrics = jax.jit(make_step(experiment)), state, {}
    for row in rows.indices(0, steps):
        state, metrics = step(state, {"x": data["x"][row]})
    return first, state, metrics


def test_a_module_objective_learns_beside_the_model():
    experiment = toy(functools.partial(Learned(), weight=3.0))
    assert experiment.hparams()["objective.weight"] == 3.0
    first, last, metrics = trained(experiment, 3)
    assert set(first.params) == {"model", "objective"}
    assert float(first.params["objective"]["raw"]) == 2.0
    assert float(last.params["objective"]["raw"]) < 2.0
    assert float(last.variables["batch_stats"]["objective"]["calls"]) == 3.0
    assert int(last.variables["batch_stats"]["model"]["seen"]) == 3
    assert "raw" in metrics
    shares = model_variables(last)
    assert set(shares) == {"params", "batch_stats"}
    assert set(shares["params"]) == {"w"}


def test_a_function_objective_adds_no_parameters():
    first, _, _ = trained(toy(), 1)
    assert set(first.params) == {"model"}
    assert set(first.variables) == {"batch_stats"}


def test_batch_statistics_move_in_training_only():
    def objective(model, batch, *, train):
        return jnp.square(batch["x"] - model(batch, train=train)).mean(), {}

    first, last, _ = trained(toy(objective, model=Normalised()), 2)
    before, after = (
        s.variables["batch_stats"]["model"]["BatchNorm_0"] for s in (first, last)
    )
    assert (before["mean"] == 0).all()
    assert (after["mean"] != 0).any()
    assert (after["var"] < 1).all()  # the bits' share of it is small
    evaluate = functools.partial(
        Normalised().apply, train=False, mutable=["batch_stats"]
    )
    out, updated = jax.jit(evaluate)(model_variables(last), {"x": bits()["x"][:2]})
    updated = updated["batch_stats"]["BatchNorm_0"]
    np.testing.assert_array_equal(updated["mean"], after["mean"])
    assert out.shape == (2, EVENT)


def test_the_gradient_through_the_root_is_the_objectives_own():
    """One step of gradient descent on 3 mean (x - w)^2, its gradient written out."""
    experiment = toy(
        functools.partial(squares, weight=3.0),
        functools.partial(sgd, learning_rate=0.1),
        Plain(),
    )
    first, last, metrics = trained(experiment, 1)
    x, w = bits()["x"][order().indices(0, 1)[0]], first.params["model"]["w"]
    gradient = -2.0 * 3.0 * (x - w).mean(0) / EVENT
    np.testing.assert_allclose(last.params["model"]["w"], w - 0.1 * gradient, rtol=1e-5)
    loss = 3.0 * float(jnp.square(x - w).mean())
    assert float(metrics["loss"]) == pytest.approx(loss, rel=1e-5)


def test_a_model_without_parameters_still_steps():
    experiment = toy(
        lambda model, batch, *, train: (model(batch, train=train).mean(), {}),
        model=Bare(),
    )
    state = initial_state(experiment, jax.device_put(bits()), order())
    assert state.params == {}
    chunk = jax.jit(make_chunk(make_step(experiment)))
    state, metrics = chunk(state, bits(), order().indices(0, 2), np.int32(2))
    assert metrics["finite"].all()
    assert int(state.step) == 2


def test_init_draws_parameters_data_and_training_noise_from_separate_streams():
    experiment = tiny_vae()
    rows = {"x": jnp.asarray(bits()["x"][:8])}
    init = jax.jit(make_init(experiment, rows))
    one, two = (init(jax.random.key(seed), experiment.hparams()) for seed in (0, 1))
    kernel = ("model", "encoder", "stack", "Dense_0", "kernel")
    values = [functools.reduce(lambda t, k: t[k], kernel, s.params) for s in (one, two)]
    assert (values[0] != values[1]).any()
    assert one.key != two.key
    assert one.key != jax.random.key(0)
    names = step_rngs(one.key)
    data = {jax.random.key_data(key).tobytes() for key in names.values()}
    assert len(data) == len(names) == 3
    assert int(one.step) == 0
    assert one.step.dtype == jnp.int32


def test_shapes_are_known_without_computing():
    experiment = tiny_vae()
    init = make_init(experiment, {"x": jnp.asarray(bits()["x"][:1])})
    shapes = jax.eval_shape(init, jax.random.key(0), experiment.hparams())
    assert shapes.step.shape == ()
    assert shapes.params["model"]["likelihood"]["projection"]["bias"].shape == (EVENT,)
