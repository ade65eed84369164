"""Online training: batches of one example."""

import functools

import flax.linen as nn
import jax
import numpy as np
import pytest

from tests.training.toy import EVENT, bits, order, squares, tiny_vae, toy
from vaex.training import optimizers
from vaex.training.loop import initial_state, iterate
from vaex.training.updates import UpdatesConfig

N = 9


class Quiet(nn.Module):
    """x - w, without the noise that batches of another size would draw otherwise."""

    @nn.compact
    def __call__(self, batch, *, train):
        return batch["x"] - self.param("w", nn.initializers.zeros, (EVENT,))


def seen(model, batch, *, train):
    """The loss of `squares`, and which example the step was given."""
    loss, _ = squares(model, batch, train=train)
    return loss, {"row": batch["row"].sum()}


def trained(experiment, data, rows, steps):
    state = initial_state(experiment, jax.device_put(data), rows)
    start = jax.device_get(state.params)
    found = list(iterate(experiment, data, rows, state, num_steps=steps))
    names = found[0].metrics
    metrics = {k: np.concatenate([p.metrics[k] for p in found]) for k in names}
    return start, found[-1].state, metrics


def test_each_epoch_sees_every_example_once_in_a_new_order():
    data = {"x": bits(N)["x"], "row": np.arange(N, dtype=np.int32)}
    rows = order(N, batch_size=1)
    assert rows.steps_per_epoch == N
    _, state, metrics = trained(toy(seen), jax.device_put(data), rows, 2 * N)
    first, second = metrics["row"].reshape(2, N)
    assert sorted(first) == sorted(second) == list(range(N))
    assert (first != second).any()
    assert int(state.step) == 2 * N


@pytest.mark.slow
def test_a_vae_trains_on_one_example_at_a_time():
    start, state, metrics = trained(
        tiny_vae(), jax.device_put(bits(N)), order(N, batch_size=1), 20 * N
    )
    assert np.isfinite(metrics["loss"]).all()
    first, last = metrics["loss"][: 2 * N].mean(), metrics["loss"][-2 * N :].mean()
    # From about 3 log 2 = 2.08 nats towards 2 log 2: the second bit follows the first.
    assert last < first - 0.2
    for old, new in zip(
        jax.tree.leaves(start), jax.tree.leaves(state.params), strict=True
    ):
        assert (old != np.asarray(new)).any()


def test_accumulated_singles_move_like_one_batch():
    """The gradient of a mean is the mean of gradients."""
    data = jax.device_put(bits(4))
    make = functools.partial(optimizers.sgd, learning_rate=0.1)
    quiet = functools.partial(toy, optimizer=make, model=Quiet())
    whole = trained(quiet(), data, order(4, 4), 3)[1]
    experiment = quiet(updates=UpdatesConfig(accumulate=4))
    single = trained(experiment, data, order(4, 1), 12)[1]
    np.testing.assert_allclose(
        single.params["model"]["w"], whole.params["model"]["w"], rtol=1e-5, atol=1e-6
    )
