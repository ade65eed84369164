"""Each option around the optimizer, against numpy and the same steps by hand."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed
from tests.training.toy import bits, toy
from vaex.errors import InputError
from vaex.io.parts import assemble
from vaex.training.optimizers import adam, sgd
from vaex.training.player_optimizers import two_players
from vaex.training.state import make_init
from vaex.training.step import make_step
from vaex.training.updates import UpdatesConfig

GRADIENTS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
LOSSES = np.array([-1, -2, -3, -2.9, -2.9, -2.9, -3.5, -3, -3, -3, -3, -3], np.float32)


def moved(optimizer, gradients=GRADIENTS, losses=LOSSES):
    """Parameters after each update, from 0; [T, 4] for gradients [T, 4]."""
    optimizer = optax.with_extra_args_support(optimizer)

    @quick_jit
    def run(gradients, losses):
        def body(carry, given):
            params, state = carry
            update, state = optimizer.update(given[0], state, params, value=given[1])
            params = optax.apply_updates(params, update)
            return (params, state), params

        start = jnp.zeros(4)
        carry = (start, optimizer.init(start))
        return jax.lax.scan(body, carry, (gradients, losses))[1]

    return np.asarray(run(gradients, losses[: len(gradients)]))


def around(optimizer, batch_size=None, **options):
    return UpdatesConfig(**options).around(optimizer, batch_size)


def test_by_default_it_is_the_optimizer_itself():
    optimizer = optax.adam(1e-3)
    assert around(optimizer) is optimizer
    assert UpdatesConfig().skip_above is None


def test_clipping_scales_long_gradients_to_the_norm():
    norms = np.linalg.norm(GRADIENTS, axis=1, keepdims=True)
    bound = float(np.median(norms))
    assert norms.min() < bound < norms.max()
    expected = -np.cumsum(GRADIENTS * np.minimum(1.0, bound / norms), axis=0)
    found = moved(around(optax.sgd(1.0), clip_norm=bound))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_an_update_is_the_optimizers_on_the_mean_gradient():
    """Adam's moments see means of three, and its count of updates."""
    found = moved(around(optax.adam(0.1), accumulate=3, clip_norm=0.5))
    means = GRADIENTS.reshape(4, 3, 4).mean(1)
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    clipped = means * np.minimum(1.0, 0.5 / norms)
    expected = moved(optax.adam(0.1), clipped.astype(np.float32))
    # optax averages as it goes: other rounding than numpy's mean.
    np.testing.assert_allclose(found[2::3], expected, rtol=1e-5, atol=1e-6)
    assert (found[[0, 1]] == 0).all()
    np.testing.assert_array_equal(found[3:5], found[[2, 2]])


def plateau(losses, patience, factor, window):
    """The multiplier of each update, from the definition."""
    best, waited, scale, found = math.inf, 0, 1.0, []
    for end in range(1, len(losses) + 1):
        if end % window == 0:
            mean = losses[end - window : end].astype(np.float64).mean()
            waited = 0 if mean < best else waited + 1
            best = min(mean, best)
            if waited == patience:
                scale, waited = scale * factor, 0
        found.append(scale)
    return np.array(found)[:, None]


@pytest.mark.parametrize(
    ("patience", "factor", "window"),
    [(2, 0.5, 1), pytest.param(1, 0.1, 2, marks=pytest.mark.slow)],
)
def test_a_plateau_lowers_the_rate_for_good(patience, factor, window):
    """With losses below 0, where a tolerance relative to the best is wrong."""
    scales = plateau(LOSSES, patience, factor, window)
    assert len(np.unique(scales)) >= 2
    optimizer = around(
        optax.sgd(1.0),
        plateau_patience=patience,
        plateau_factor=factor,
        plateau_window=window,
    )
    expected = -np.cumsum(scales * GRADIENTS, axis=0)
    np.testing.assert_allclose(moved(optimizer), expected, rtol=1e-5, atol=1e-6)


def test_a_gain_of_any_size_is_no_plateau():
    falling = np.float32(-1e4) * (1 + np.arange(12, dtype=np.float32) * 1e-6)
    assert (np.diff(falling) < 0).all()
    optimizer = around(optax.sgd(1.0), plateau_patience=1, plateau_window=1)
    expected = moved(optax.sgd(1.0))
    np.testing.assert_array_equal(moved(optimizer, losses=falling), expected)


@pytest.mark.parametrize(
    ("batch_size", "options", "factor"),
    [
        (256, {}, 2.0),
        (32, {}, 0.25),
        (512, {"batch_size_exponent": 0.5}, 2.0),
        (128, {"accumulate": 4, "batch_size_exponent": 0.5}, 2.0),
    ],
)
def test_the_rate_follows_the_batch_size(batch_size, options, factor):
    config = UpdatesConfig(reference_batch_size=128, **options)
    assert config.rate_multiplier(batch_size) == factor


def test_scaling_the_update_is_scaling_the_rate_for_every_part_of_it():
    """Momentum and weight decay too, and both players."""
    make = functools.partial(optax.adamw, weight_decay=0.1)
    found = moved(around(make(0.01), 256, reference_batch_size=128))
    np.testing.assert_allclose(found, moved(make(0.02)), rtol=1e-5, atol=1e-7)


def test_the_batch_size_must_be_known_where_the_rate_follows_it():
    experiment = toy(updates=UpdatesConfig(reference_batch_size=8))
    match = r"batch_size of the Experiment .* updates.reference_batch_size is \(8\)"
    with pytest.raises(InputError, match=match):
        experiment.optimizer_of(experiment.hparams())


def test_a_line_reaches_the_experiment():
    config = composed("updates.reference_batch_size=16", "trainer.batch_size=32")
    experiment = assemble(config).experiment
    assert experiment.updates == UpdatesConfig(reference_batch_size=16)
    assert experiment.batch_size == 32
    older = {key: part for key, part in config.items() if key != "updates"}
    assert assemble(older).experiment.updates == UpdatesConfig()


ALL = UpdatesConfig(
    clip_norm=1.0,
    skip_above=10.0,
    accumulate=2,
    weight_average=0.9,
    plateau_patience=1,
    plateau_window=1,
    reference_batch_size=4,
)


def everything(optimizer=adam):
    return toy(optimizer=optimizer, updates=ALL, batch_size=8)


@pytest.mark.slow
def test_all_together_map_over_learning_rates_and_each_is_the_run_alone():
    """One program for a population, one for all learning rates, and donation."""
    experiment, data = everything(), bits(8)
    init, step = make_init(experiment, data), make_step(experiment)
    rates = [1e-2, 3e-2]

    def hparams(rate):
        return {**experiment.hparams(), "optimizer.learning_rate": jnp.float32(rate)}

    key, single = jax.random.key(0), quick_jit(init)
    alone = jax.jit(step, donate_argnums=0)
    many = quick_jit(jax.vmap(step, in_axes=(0, None)))
    states = [single(key, hparams(rate)) for rate in rates]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    for _ in range(4):
        stacked, _ = many(stacked, data)
        states = [alone(state, data)[0] for state in states]
    assert alone._cache_size() == single._cache_size() == 1
    for index, state in enumerate(states):
        for one, two in zip(
            jax.tree.leaves((stacked.params, stacked.opt_state)),
            jax.tree.leaves((state.params, state.opt_state)),
            strict=True,
        ):
            # Another program: Adam's root brings rounding back as a share of the rate.
            np.testing.assert_allclose(one[index], two, rtol=1e-4, atol=1e-5)
    assert (states[0].params["model"]["w"] != states[1].params["model"]["w"]).all()


@pytest.mark.slow
def test_all_together_around_two_players():
    pair = functools.partial(
        two_players,
        model=functools.partial(adam, learning_rate=0.01),
        objective=functools.partial(sgd, learning_rate=0.5),
    )
    experiment, data = everything(pair), bits(8)
    state = quick_jit(make_init(experiment, data))(
        jax.random.key(0), experiment.hparams()
    )
    step, start = quick_jit(make_step(experiment)), state.params
    for _ in range(4):
        state, metrics = step(state, data)
    assert np.isfinite(metrics["loss"])
    assert (state.params["model"]["w"] != start["model"]["w"]).all()


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("clip_norm", 0.0, "above 0"),
        ("clip_norm", math.nan, "above 0"),
        ("skip_above", -1.0, "above 0"),
        ("skip_above", math.inf, "above 0"),
        ("accumulate", 0, "at least 1"),
        ("weight_average", 1.0, "between 0 and 1, both excluded"),
        ("plateau_patience", 0, "at least 1"),
        ("plateau_factor", 1.5, "between 0 and 1, both excluded"),
        ("plateau_window", 0, "at least 1"),
        ("reference_batch_size", 0, "at least 1"),
        ("batch_size_exponent", 0.0, "above 0"),
    ],
)
def test_values_that_mean_nothing_are_refused(name, value, rule):
    match = f"^updates.{name} must be {rule}, got {value}$"
    with pytest.raises(InputError, match=match):
        UpdatesConfig(**{name: value})
