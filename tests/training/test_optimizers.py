"""Every optimizer of the file, discovered: traced numbers, donation, optax's update."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.training.toy import bits, order, toy
from vaex.training import optimizers
from vaex.training.hparams import make_hparams
from vaex.training.loop import initial_state
from vaex.training.schedules import cosine, linear_warmup
from vaex.training.step import make_chunk, make_step

FACTORIES = {
    name: function
    for name, function in vars(optimizers).items()
    if inspect.isfunction(function)
    and function.__module__ == optimizers.__name__
    and not name.startswith("_")
}
FIXED = {"adagrad": {"initial_accumulator_value": 0.0}}
"""Arguments of optax's factory that make it the same method."""

params = pytest.mark.parametrize("name", sorted(FACTORIES))


def test_optimizers_are_found():
    assert {"adam", "adamw", "adagrad", "rmsprop", "sgd"} <= set(FACTORIES)


@params
def test_every_number_is_traced_and_documented(name):
    factory = FACTORIES[name]
    numbers = {f"o.{p}" for p in inspect.signature(factory).parameters} - {"o.schedule"}
    assert set(make_hparams(o=factory)) == numbers
    assert factory.__doc__


@params
def test_initialises_steps_and_is_donated(name):
    experiment = toy(optimizer=FACTORIES[name])
    data, rows = jax.device_put(bits()), order()
    state = initial_state(experiment, data, rows)
    leaves = jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))
    assert len({leaf.unsafe_buffer_pointer() for leaf in leaves}) == len(leaves)
    del leaves
    chunk = jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)
    indices = rows.indices(0, 3)
    before = np.array(state.params["model"]["w"])  # a view would keep the buffer
    after, metrics = chunk(state, data, indices, np.int32(2))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
    after, metrics = chunk(after, data, indices, np.int32(3))
    assert metrics["finite"].all()
    assert int(after.step) == 5
    assert (np.asarray(after.params["model"]["w"]) != before).all()
    assert chunk._cache_size() == 1


@params
def test_updates_are_optaxs_to_rounding(name):
    """With traced numbers, after three steps.

    1 - b2 of a float32 b2 = 0.999 is off by 5e-5 of itself, and Adam's first updates
    by half as much.
    """
    factory = FACTORIES[name]
    tree = {"a": jnp.array([0.5, -1.0, 2.0]), "b": jnp.array([[3.0]])}
    gradients = [jax.tree.map(lambda x, k=k: x * k - 0.3, tree) for k in (1, -2, 3)]

    def updates(make, numbers):
        optimizer = make(**numbers)
        state, found, current = optimizer.init(tree), [], tree
        for gradient in gradients:
            update, state = optimizer.update(gradient, state, current)
            current = optax.apply_updates(current, update)
            found.append(update)
        return found

    numbers = {
        k.removeprefix("o."): float(v) for k, v in make_hparams(o=factory).items()
    }
    theirs = updates(
        functools.partial(getattr(optax, name), **FIXED.get(name, {})), numbers
    )
    ours = jax.jit(functools.partial(updates, factory))(
        {k: jnp.float32(v) for k, v in numbers.items()}
    )
    for one, two in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4)


def test_adagrad_starts_at_zero_and_its_first_step_is_the_learning_rate():
    optimizer = optimizers.adagrad(learning_rate=0.1)
    tree = {"w": jnp.array([1e-3, 0.0, -1e3])}
    state = optimizer.init(tree)
    sums = [x for x in jax.tree.leaves(state) if x.shape == (3,)]
    assert len(sums) == 1
    assert (sums[0] == 0).all()
    update, _ = optimizer.update(tree, state)
    # g / sqrt(g^2 + eps), eps = 1e-8: 0.5 % short at g = 1e-3; 0 where g is 0.
    np.testing.assert_allclose(update["w"], [-0.1, 0.0, 0.1], rtol=0.01)


@params
@pytest.mark.parametrize("schedule", [linear_warmup(3), cosine(4, floor=0.1)])
def test_a_schedule_multiplies_the_learning_rate(name, schedule):
    """Each update is the one of a constant rate times the schedule at its step."""
    factory, gradient = FACTORIES[name], {"w": jnp.array([0.5, -1.0])}
    plain, scheduled = factory(), factory(schedule=schedule)
    tree = jax.tree.map(jnp.zeros_like, gradient)
    one, two = plain.init(tree), scheduled.init(tree)
    for step in range(6):
        expected, one = plain.update(gradient, one, tree)
        found, two = scheduled.update(gradient, two, tree)
        factor = float(schedule(step))
        np.testing.assert_allclose(found["w"], factor * expected["w"], rtol=1e-5)


def test_schedules_have_their_stated_values():
    warmup = [float(linear_warmup(4)(step)) for step in range(6)]
    np.testing.assert_allclose(warmup, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
    falling = np.array([float(cosine(10, floor=0.2)(step)) for step in range(13)])
    np.testing.assert_allclose(falling[[0, 5, 10, 12]], [1.0, 0.6, 0.2, 0.2], rtol=1e-6)
    assert (np.diff(falling[:11]) < 0).all()


@pytest.mark.parametrize("schedule", [linear_warmup, cosine])
def test_schedules_need_a_positive_number_of_steps(schedule):
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        schedule(0)


def test_a_schedule_and_a_learning_rate_are_one_compilation_for_every_rate():
    experiment = toy(
        optimizer=functools.partial(optimizers.sgd, schedule=linear_warmup(5))
    )
    data, rows = jax.device_put(bits()), order()
    chunk = jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)
    moved = []
    for rate in (1e-3, 2e-3):
        state = initial_state(experiment, data, rows)
        state.hparams["optimizer.learning_rate"] = jnp.float32(rate)
        before = np.array(state.params["model"]["w"])
        state, _ = chunk(state, data, rows.indices(0, 1), np.int32(1))
        moved.append(np.asarray(state.params["model"]["w"]) - before)
    assert chunk._cache_size() == 1
    np.testing.assert_allclose(moved[1], 2 * moved[0], rtol=1e-3)  # w is of order 1
