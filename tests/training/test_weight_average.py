"""The moving average of parameters, against its recursion and its closed form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.contracts.compiled import quick_jit
from tests.training.toy import assert_same_bits, bits, toy
from vaex.errors import InputError
from vaex.io.checkpoint import restore, save
from vaex.training.optimizers import adam
from vaex.training.state import make_init, model_variables
from vaex.training.step import make_step
from vaex.training.updates import UpdatesConfig
from vaex.training.weight_average import averaged, averaging_weights

FAST = functools.partial(adam, learning_rate=0.1)


@functools.cache
def programs(**updates):
    """The state at the start, and the compiled step."""
    experiment, data = toy(optimizer=FAST, updates=UpdatesConfig(**updates)), bits(8)
    init = quick_jit(make_init(experiment, data))
    return init(jax.random.key(0), experiment.hparams()), quick_jit(
        make_step(experiment)
    )


def trained(steps, **updates):
    """Raw parameters at the start and after each step, and the last state."""
    state, step = programs(**updates)
    path = [np.array(state.params["model"]["w"])]
    for _ in range(steps):
        state, _ = step(state, bits(8))
        path.append(np.array(state.params["model"]["w"]))
    return np.stack(path).astype(np.float64), state


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_it_is_the_normalised_sum_with_falling_weights(decay):
    path, state = trained(7, weight_average=decay)
    ages = np.arange(7)[::-1]
    weights = decay**ages / (decay**ages).sum()
    # float32 steps of the recursion; the numbers are of order 1.
    np.testing.assert_allclose(
        model_variables(state)["params"]["w"], weights @ path[1:], atol=2e-6
    )
    corrected = np.zeros(path.shape[1])  # Adam's own form: from zero, divided at last
    for point in path[1:]:
        corrected = decay * corrected + (1 - decay) * point
    corrected /= 1 - decay**7
    average = averaged(state.opt_state)["model"]["w"]
    np.testing.assert_allclose(average, corrected, atol=2e-6)


def test_the_start_weighs_nothing_and_stands_in_until_the_first_step():
    path, state = trained(0, weight_average=0.9)
    np.testing.assert_array_equal(model_variables(state)["params"]["w"], path[0])
    path, state = trained(1, weight_average=0.9)
    np.testing.assert_allclose(
        model_variables(state)["params"]["w"], path[1], atol=1e-6
    )
    assert np.abs(path[1] - path[0]).min() > 0.01


def test_training_goes_on_from_the_raw_parameters():
    plain, state = trained(4)
    kept, averaging = trained(4, weight_average=0.9)
    np.testing.assert_array_equal(plain, kept)
    assert averaged(state.opt_state) is None
    assert_same_bits(model_variables(state)["params"], state.params["model"])
    found = model_variables(averaging)["params"]["w"]
    assert (found != averaging.params["model"]["w"]).all()


def test_with_accumulation_it_averages_updates():
    path, state = trained(6, weight_average=0.5, accumulate=2)
    np.testing.assert_array_equal(path[2], path[3])
    weights = 0.5 ** np.array([2, 1, 0])
    expected = weights @ path[[2, 4, 6]] / weights.sum()
    np.testing.assert_allclose(
        averaged(state.opt_state)["model"]["w"], expected, atol=2e-6
    )


def test_long_averages_keep_to_the_recursion():
    """d = 0.9999 over 3000 steps: 1 - d^t is small, and loses nothing."""
    optimizer = averaging_weights(optax.identity(), 0.9999)
    points = np.random.default_rng(0).normal(size=3000).astype(np.float32)

    @jax.jit
    def last(points):
        def body(state, point):
            return optimizer.update(point, state, jnp.float32(0.0))[1], None

        return jax.lax.scan(body, optimizer.init(jnp.float32(0.0)), points)[0].average

    weights = 0.9999 ** np.arange(3000)[::-1]
    expected = weights @ points.astype(np.float64) / weights.sum()
    np.testing.assert_allclose(last(points), expected, atol=1e-6)


def test_it_is_saved_and_restored(tmp_path):
    _, state = trained(3, weight_average=0.5, accumulate=2)
    state = state._replace(key=jax.random.key_data(state.key))
    found = restore(save(tmp_path, 2, state), state)
    assert_same_bits(found, state)
    assert_same_bits(model_variables(found), model_variables(state))


@pytest.mark.parametrize("decay", [0.0, 1.0, float("nan")])
def test_a_decay_lies_between_0_and_1(decay):
    with pytest.raises(InputError, match="decay must lie between 0 and 1, got"):
        averaging_weights(optax.sgd(1.0), decay)


def test_it_needs_the_parameters():
    optimizer = averaging_weights(optax.sgd(1.0), 0.5)
    with pytest.raises(ValueError, match="needs params"):
        optimizer.update(1.0, optimizer.init(0.0))
