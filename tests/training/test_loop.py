"""The Python loop: chunk lengths, progress, divergence, fit."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.training.toy import (
    EVENT,
    assert_same_bits,
    bits,
    order,
    tiny_vae,
    toy,
)
from vaex.training import loop
from vaex.training.loop import Diverged, fit, initial_state, iterate
from vaex.training.step import make_chunk

STEPS = 23


def progress(experiment, data=None, *, num_steps=STEPS, state=None, **options):
    data = jax.device_put(bits() if data is None else data)
    if state is None:
        state = initial_state(experiment, data, order())
    return iterate(experiment, data, order(), state, num_steps=num_steps, **options)


def whole(chunks):
    """Steps at which chunks ended, the last state and all metrics."""
    ends, history, state = [], [], None
    for chunk in chunks:
        state = chunk.state
        ends.append(chunk.step)
        history.append(chunk.metrics)
    return ends, state, {k: np.concatenate([m[k] for m in history]) for k in history[0]}


@pytest.fixture
def quick(monkeypatch):
    """Chunks that are always faster than aimed at: lengths double."""
    monkeypatch.setattr(loop, "TARGET_SECONDS", 1e9)


def test_chunks_grow_and_end_at_boundaries_and_at_the_end(quick, monkeypatch):
    assert whole(progress(toy()))[0] == [1, 3, 7, 15, 23]
    assert whole(progress(toy(), boundaries=(5,)))[0] == [1, 3, 5, 9, 10, 15, 20, 23]
    monkeypatch.setattr(loop, "MAX_CHUNK", 4)
    assert whole(progress(toy()))[0] == [1, 3, 7, 11, 15, 19, 23]


@pytest.mark.slow
def test_large_batches_make_shorter_chunks(quick, monkeypatch):
    """No more indices at once than are sent in a moment; the rows are the same."""
    monkeypatch.setattr(loop, "MAX_INDICES", 4 * order().batch_size)
    ends, state, metrics = whole(progress(toy(), num_steps=12))
    assert ends == [1, 3, 7, 11, 12]
    monkeypatch.setattr(loop, "MAX_INDICES", 1)
    ends, one_by_one, same = whole(progress(toy(), num_steps=12))
    assert ends == list(range(1, 13))
    np.testing.assert_allclose(metrics["loss"], same["loss"], rtol=1e-5)


def test_slow_steps_come_one_by_one(monkeypatch):
    monkeypatch.setattr(loop, "TARGET_SECONDS", 0.0)
    assert whole(progress(toy(), num_steps=4))[0] == [1, 2, 3, 4]


def test_chunks_shrink_when_they_turn_slow(monkeypatch):
    monkeypatch.setattr(loop, "TARGET_SECONDS", 1e9)
    ends = []
    for chunk in progress(toy(), num_steps=40):
        ends.append(chunk.step)
        if chunk.step >= 15:
            monkeypatch.setattr(loop, "TARGET_SECONDS", 0.0)
    assert ends == [1, 3, 7, 15, 31, 39, 40]


def test_the_cuts_change_no_bit_and_the_loop_compiles_once(monkeypatch):
    experiment, runs, traces = toy(), [], 0

    def counting(step):
        def chunk(*arguments):
            nonlocal traces
            traces += 1
            return make_chunk(step)(*arguments)

        return chunk

    monkeypatch.setattr(loop, "make_chunk", counting)
    for target, boundaries in ((1e9, ()), (0.0, ()), (1e9, (5,)), (1e9, (3, 5))):
        monkeypatch.setattr(loop, "TARGET_SECONDS", target)
        traces = 0
        _, state, metrics = whole(progress(experiment, boundaries=boundaries))
        assert traces == 1
        runs.append((state, metrics))
    for state, metrics in runs[1:]:
        assert_same_bits(runs[0][0], state)
        assert_same_bits(runs[0][1], metrics)
    assert "finite" not in runs[0][1]
    assert all(values.shape == (STEPS,) for values in runs[0][1].values())


def test_a_run_goes_on_where_its_state_stands():
    experiment = toy()
    _, straight, metrics = whole(progress(experiment))
    _, half, _ = whole(progress(experiment, num_steps=9))
    ends, rest, late = whole(progress(experiment, state=half))
    assert_same_bits(straight, rest)
    assert_same_bits({k: v[9:] for k, v in metrics.items()}, late)
    assert ends[-1] == STEPS
    assert list(progress(experiment, state=rest)) == []


def test_a_state_outlives_the_chunks_after_it():
    experiment = toy()
    chunks = progress(experiment)
    first = next(chunks).state
    bytes_then = jax.tree.leaves(jax.tree.map(np.asarray, first.params))[0].tobytes()
    list(chunks)
    assert np.asarray(jax.tree.leaves(first.params)[0]).tobytes() == bytes_then
    assert int(first.step) == 1


def bad_step(row):
    """The first step that sees a row."""
    return int(np.argmax((order().indices(0, 5) == row).any(1)))


@pytest.mark.parametrize("row", [2, 3, 30])
@pytest.mark.parametrize("target", [0.0, 1e9])
def test_a_loss_that_is_not_finite_stops_at_its_step(row, target, monkeypatch):
    monkeypatch.setattr(loop, "TARGET_SECONDS", target)
    data = {"x": bits()["x"].astype(np.float32)}
    data["x"][row, 1] = np.nan
    with pytest.raises(Diverged, match=f"not finite at step {bad_step(row)}$") as error:
        whole(progress(toy(), data))
    assert error.value.step == bad_step(row)


def mean(model, batch, *, train):
    return model(batch, train=train).mean(), {}


class Kinked(nn.Module):
    """|w (x - 1)| by way of a root: at x = 1 its value is 0, its gradient 0 * inf."""

    @nn.compact
    def __call__(self, batch, *, train):
        del train
        w = self.param("w", nn.initializers.normal(1.0), (EVENT,))
        return jnp.sqrt(jnp.square(w * (batch["x"] - 1.0)))


@pytest.mark.parametrize("target", [0.0, 1e9])
def test_a_gradient_that_is_not_finite_stops_there(target, monkeypatch):
    """Parameters are looked at where a chunk ends; the guarded pass looks at each.

    Chunks are single steps, or the steps 0, 1 to 2, 3 to 6.
    """
    monkeypatch.setattr(loop, "TARGET_SECONDS", target)
    row = int(order().indices(3, 1)[0, 0])
    data = {"x": np.zeros((40, EVENT), np.float32)}
    data["x"][row, 0] = 1.0
    with pytest.raises(Diverged) as error:
        whole(progress(toy(mean, model=Kinked()), data))
    assert error.value.step == 3


def test_fit_trains_on_numpy_arrays():
    state, history = fit(tiny_vae(), bits(), epochs=60, batch_size=8, seed=1)
    assert int(state.step) == 60 * 5
    assert {k: v.shape for k, v in history.items()} == dict.fromkeys(
        ("loss", "distortion", "rate", "elbo"), (300,)
    )
    np.testing.assert_allclose(history["elbo"], -history["loss"], rtol=1e-5)
    # Three bits, two of them each other's opposite: between 2 bits' worth of nats
    # (1.39, what a perfect model needs) and 3 (2.08, what no model needs).
    assert history["loss"][-50:].mean() < 2.0 < history["loss"][:10].mean()


@pytest.mark.slow
def test_fit_is_the_loop_and_shrinks_its_batch():
    experiment = toy()
    state, history = fit(experiment, bits(), epochs=2, batch_size=8)
    _, expected, metrics = whole(progress(experiment, num_steps=10))
    assert_same_bits(state, expected)
    assert_same_bits(history, metrics)
    state, history = fit(experiment, bits(5), epochs=3)
    assert history["loss"].shape == (3,)
    assert fit(experiment, bits(), epochs=0)[1] == {}
