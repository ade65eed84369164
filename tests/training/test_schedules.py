"""Unit schedules, and the training step that an objective's weight follows."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed, options
from tests.training.toy import bits, tiny_vae, toy
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.training.hparams import make_hparams
from vaex.training.schedules import (
    cosine,
    cyclic,
    exponential,
    inverse_square_root,
    linear_warmup,
    piecewise,
    warmup_cosine,
)
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


def joined_by_optax(warmup, *later):
    """optax's linear warm-up that ends at 1 in step warmup - 1, then another."""
    rise = optax.linear_schedule(1 / warmup, 1.0, warmup - 1)
    return optax.join_schedules([rise, *later], [warmup])


TWINS = {
    "linear_warmup": (linear_warmup(5), optax.linear_schedule(0.2, 1.0, 4)),
    "cosine": (cosine(9, 0.1), optax.cosine_decay_schedule(1.0, 9, alpha=0.1)),
    "warmup_cosine": (
        warmup_cosine(4, 13, 0.1),
        joined_by_optax(4, optax.cosine_decay_schedule(1.0, 9, alpha=0.1)),
    ),
    "exponential": (
        exponential(8, 0.02),
        optax.exponential_decay(1.0, 8, 0.02, end_value=0.02),
    ),
    "piecewise": (
        piecewise((3, 4, 9), 0.3),
        optax.piecewise_constant_schedule(1.0, dict.fromkeys((3, 4, 9), 0.3)),
    ),
    "inverse_square_root": (
        inverse_square_root(4),
        joined_by_optax(4, lambda since: jnp.sqrt(4.0 / (since + 5.0))),
    ),
}
"""Option of optimizer/schedule -> ours, and the same put together from optax's own."""


@pytest.mark.parametrize("name", options("optimizer/schedule"))
def test_a_schedule_is_optaxs(name):
    ours, theirs = TWINS[name]
    steps = jnp.arange(20)
    found, expected = jax.jit(lambda t: (ours(t), jax.vmap(theirs)(t)))(steps)
    # One rounding of a cosine near -1 is 1e-7 of the whole range.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-7)
    assert len(np.unique(found)) >= 4
    at_five = float(ours(5))  # Python's own number, as in `settled`
    np.testing.assert_allclose(at_five, expected[5], rtol=1e-5)


def test_the_passes_of_the_importance_weighted_autoencoder():
    """10^(-i/7) for 3^i passes, i = 0 ... 7, of one step here."""
    expected = np.concatenate([np.full(3**i, 10 ** (-i / 7)) for i in range(8)])
    boundaries = np.cumsum([3**i for i in range(7)]).tolist()
    schedule = piecewise(tuple(boundaries), 10 ** (-1 / 7))
    found = schedule(jnp.arange(len(expected)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear_warmup(0), "steps must be at least 1, got 0"),
        (lambda: cosine(3, 1.5), "floor must lie between 0 and 1, got 1.5"),
        (lambda: warmup_cosine(0, 3), "warmup_steps must be at least 1, got 0"),
        (lambda: warmup_cosine(3, 3), "steps must be more than the 3 of warmup_steps"),
        (lambda: exponential(3, 0.0), "floor must be above 0 and at most 1, got 0.0"),
        (lambda: piecewise(()), r"boundaries must be steps from 1 on, .* got \[\]"),
        (lambda: piecewise((4, 4)), r"boundaries must be .* got \[4, 4\]"),
        (lambda: piecewise((4,), 0.0), "factor must be above 0, got 0.0"),
        (lambda: inverse_square_root(0), "warmup_steps must be at least 1, got 0"),
    ],
)
def test_what_is_no_schedule_is_refused(make, message):
    with pytest.raises(InputError, match=f"^{message}"):
        make()


SINGLE = [name for name in options("optimizer") if name != "two_players"]


@pytest.mark.parametrize(
    "words",
    [
        *[[f"optimizer={name}", "optimizer/schedule=cosine"] for name in SINGLE],
        *[[f"optimizer/schedule={name}"] for name in options("optimizer/schedule")],
    ],
    ids=" ".join,
)
def test_a_line_gives_any_optimizer_any_schedule(words):
    config = composed(*words)["optimizer"]
    optimizer = construct(config, "optimizer", {})
    stem = words[-1].partition("=")[2]
    assert config["schedule"]["_target_"] == f"vaex.training.schedules.{stem}"
    assert float(optimizer.keywords["schedule"](0)) <= 1.0
    assert "o.learning_rate" in make_hparams(o=optimizer)


def test_a_player_has_a_schedule_of_its_own():
    config = composed(
        "optimizer=two_players",
        "optimizer/schedule@optimizer.model.schedule=warmup_cosine",
        "optimizer.model.schedule.steps=300",
    )["optimizer"]
    assert config["objective"]["schedule"] is None
    optimizer = construct(config, "optimizer", {})
    schedule = optimizer.keywords["model"].keywords["schedule"]
    found = [float(schedule(step)) for step in (0, 99, 300)]
    np.testing.assert_allclose(found, [0.01, 1.0, 0.0], rtol=1e-6)
