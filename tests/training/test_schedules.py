"""Unit schedules, and the training step that an objective's weight follows."""

import functools

import flax.linen as nn
import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.training.toy import bits, tiny_vae, toy
from vaex.training.schedules import cyclic, linear_warmup
from vaex.training.state import make_init
from vaex.training.step import make_step
from vaex.types import Scalar


def timed(model, batch, *, train, step=0, weight: Scalar = 1.0):
    """A loss that shows the step it was given."""
    value = model(batch, train=train).mean()
    return weight * value, {"seen": step + 0.0}


class Scale(nn.Module):
    """A learned factor, started at 2."""

    @nn.compact
    def __call__(self, x):
        return x * self.param("factor", nn.initializers.constant(2.0), ())


def joined(model, batch, *, train, step=0, scale, weight: Scalar = 1.0):
    """A function whose learned module is an argument."""
    return weight * scale(model(batch, train=train).mean()) ** 2, {"seen": step + 0.0}


def run(experiment, steps):
    """The state at last and the metrics of every step."""
    data = bits(8)
    init, traces, found = make_init(experiment, data), [], []
    state = quick_jit(init)(jax.random.key(0), experiment.hparams())

    @quick_jit
    def step(state, data):
        traces.append(1)
        return make_step(experiment)(state, data)

    for _ in range(steps):
        state, metrics = step(state, data)
        found.append(jax.device_get(metrics))
    assert len(traces) == 1
    return state, found


def test_an_objective_that_takes_the_step_is_given_it():
    _, found = run(toy(timed), 3)
    assert [float(metrics["seen"]) for metrics in found] == [0.0, 1.0, 2.0]


def test_a_module_among_the_options_is_learned_beside_the_model():
    experiment = toy(functools.partial(joined, scale=Scale(), weight=3.0))
    assert experiment.hparams()["objective.weight"] == 3.0
    state, found = run(experiment, 2)
    assert [float(metrics["seen"]) for metrics in found] == [0.0, 1.0]
    factor = state.params["objective"]["learned_scale"]["factor"]
    assert float(factor) != 2.0


def test_warm_up_is_part_of_one_compiled_step_and_leaves_the_ledger_alone():
    _, found = run(tiny_vae(beta=4.0, schedule=linear_warmup(4)), 6)
    for number, metrics in enumerate(found):
        weight = 4.0 * min(1.0, (number + 1) / 4)
        expected = metrics["distortion"] + weight * metrics["rate"]
        np.testing.assert_allclose(metrics["loss"], expected, rtol=1e-5)
        np.testing.assert_allclose(
            metrics["elbo"], -metrics["distortion"] - metrics["rate"], rtol=1e-5
        )


def test_cycles_rise_and_hold():
    schedule = cyclic(10, ramp=0.4)
    found = [float(schedule(step)) for step in range(20)]
    expected = [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] * 2
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_cycle_refuses_what_is_none():
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        cyclic(0)
    with pytest.raises(ValueError, match="ramp must be above 0 .* got 0"):
        cyclic(3, ramp=0.0)
