"""Steps that are not finite: skipped with equal bits elsewhere, counted, bounded."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.training.toy import EVENT, assert_same_bits, bits, order, squares, toy
from vaex.errors import InputError
from vaex.training import loop, optimizers
from vaex.training.config import TrainConfig
from vaex.training.loop import Diverged, initial_state, iterate
from vaex.training.step import make_chunk, make_step, sound

STEPS = 15
"""Three epochs of five steps: a bad row is met three times."""


@pytest.fixture(autouse=True)
def long_chunks(monkeypatch):
    """Steps 0, 1 to 2, 3 to 6, 7 to 14."""
    monkeypatch.setattr(loop, "TARGET_SECONDS", 1e9)


@pytest.fixture(scope="module")
def experiment():
    return toy(optimizer=functools.partial(optimizers.adam, learning_rate=0.1))


def planted(row=7, value=np.nan):
    data = {"x": bits()["x"].astype(np.float32)}
    data["x"][row, 1] = value
    return data


def bad_steps(row=7):
    return tuple(np.flatnonzero((order().indices(0, STEPS) == row).any(1)).tolist())


def run(experiment, data, *, state=None, num_steps=STEPS, **options):
    device = jax.device_put(data)
    state = initial_state(experiment, device, order()) if state is None else state
    chunks = list(
        iterate(experiment, device, order(), state, num_steps=num_steps, **options)
    )
    metrics = {
        k: np.concatenate([c.metrics[k] for c in chunks]) for k in chunks[0].metrics
    }
    return chunks[-1].state, metrics, sum((c.skipped for c in chunks), ())


def by_hand(experiment, data, skipped):
    """The same chunk program, step by step, but for these steps."""
    chunk = jax.jit(make_chunk(make_step(experiment)))
    state = initial_state(experiment, data, order())
    losses = np.full(STEPS, np.nan, np.float32)
    for step in range(STEPS):
        if step in skipped:
            state = state._replace(step=state.step + 1)
            continue
        indices = np.zeros((loop.MAX_CHUNK, order().batch_size), np.int32)
        indices[:1] = order().indices(step, 1)
        state, history = chunk(state, data, indices, np.int32(1))
        losses[step] = history["loss"][0]
    return state, losses


def test_good_steps_keep_the_bits_that_they_have_without_the_bad_ones(experiment):
    """NaN in a row of the data: every step that sees it is left out, no other."""
    state, metrics, skipped = run(experiment, planted(), max_skipped=3)
    assert skipped == bad_steps()
    assert len(skipped) == 3
    expected, losses = by_hand(experiment, planted(), bad_steps())
    assert_same_bits(state, expected)
    assert metrics["loss"].tobytes() == losses.tobytes()
    assert np.isnan(metrics["largest"]).tolist() == np.isnan(losses).tolist()
    assert int(state.step) == STEPS
    assert int(state.opt_state[0].count) == STEPS - 3
    assert int(state.variables["batch_stats"]["model"]["seen"]) == STEPS - 3


def test_exactly_so_many_may_be_skipped(experiment):
    bad = bad_steps()
    for allowed in (0, 1, 2):
        with pytest.raises(Diverged, match=f"not finite at step {bad[allowed]}") as e:
            run(experiment, planted(), max_skipped=allowed)
        assert e.value.step == bad[allowed]
        assert e.value.skipped == bad[:allowed]
        good, _, _ = run(experiment, planted(), num_steps=bad[allowed], max_skipped=9)
        assert_same_bits(e.value.state, good)
    assert "after 2 skipped" in str(e.value)


def test_by_default_one_step_in_a_hundred_may_be_skipped(experiment):
    with pytest.raises(Diverged) as error:
        run(experiment, planted(), max_skipped=None)
    assert error.value.step == bad_steps()[0]
    bad = np.flatnonzero((order().indices(0, 250) == 7).any(1)).tolist()
    for num_steps, allowed in ((199, 1), (250, 2)):
        with pytest.raises(Diverged) as error:
            run(experiment, planted(), num_steps=num_steps, max_skipped=None)
        assert error.value.step == bad[allowed]


def test_the_key_of_the_configuration():
    assert TrainConfig().max_skipped is None
    assert TrainConfig(max_skipped=0).max_skipped == 0
    match = "^trainer.max_skipped must be at least 0, got -1$"
    with pytest.raises(InputError, match=match):
        TrainConfig(max_skipped=-1)


def test_those_skipped_before_a_restart_count(experiment):
    bad = bad_steps()
    half, _, first = run(experiment, planted(), num_steps=bad[1], max_skipped=9)
    assert first == bad[:1]
    options = {"state": half, "skipped": len(first)}
    state, _, rest = run(experiment, planted(), max_skipped=3, **options)
    assert_same_bits(state, run(experiment, planted(), max_skipped=3)[0])
    assert first + rest == bad
    with pytest.raises(Diverged) as error:
        run(experiment, planted(), max_skipped=2, **options)
    assert error.value.step == bad[2]


def test_a_sound_run_is_the_same_whatever_may_be_skipped(experiment):
    runs = [run(experiment, bits(), max_skipped=n) for n in (0, 5)]
    assert_same_bits(runs[0][:2], runs[1][:2])
    assert runs[0][2] == runs[1][2] == ()


@pytest.mark.slow
def test_an_optimizer_state_that_overflows_is_not_passed_over():
    """Adam's second moment at infinity freezes its parameters; every loss is finite."""

    def steep(model, batch, *, train):
        loss, _ = squares(model, batch, train=train)
        return jnp.where(batch["x"].max() > 1.0, 1e25 * loss, loss), {}

    experiment = toy(steep)
    data, bad = planted(value=2.0), bad_steps()
    with pytest.raises(Diverged) as error:
        run(experiment, data)
    assert error.value.step == bad[0]
    state, metrics, skipped = run(experiment, data, max_skipped=3)
    assert skipped == bad
    assert np.isfinite(state.opt_state[0].nu["model"]["w"]).all()
    assert np.isnan(metrics["loss"]).sum() == 3


@pytest.mark.slow
def test_what_is_infinite_from_the_start_may_stay_so():
    def plateau(learning_rate: float = 0.1):
        return optax.chain(optax.sgd(learning_rate), optax.contrib.reduce_on_plateau())

    experiment = toy(optimizer=plateau)
    state = initial_state(experiment, jax.device_put(bits()), order())
    assert any(np.isinf(leaf).any() for leaf in jax.tree.leaves(state.opt_state))
    assert run(experiment, bits())[2] == ()

    after = state._replace(params={"model": {"w": jnp.full(EVENT, jnp.nan)}})
    assert bool(sound(state, state))
    assert not bool(sound(state, after))


@pytest.mark.slow
def test_what_the_guarded_pass_does_not_find_again_is_no_steps_fault(
    experiment, monkeypatch
):
    def wary(step):
        def chunk(state, data, indices, n):
            state, history = make_chunk(step)(state, data, indices, n)
            return state, history | {"finite": history["finite"] & (n == 1)}

        return chunk

    expected = run(experiment, bits())
    monkeypatch.setattr(loop, "make_chunk", wary)
    assert_same_bits(run(experiment, bits()), expected)
