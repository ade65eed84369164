"""The compiled chunk: one compilation, no bit that depends on the cuts, donation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.training.toy import (
    assert_same_bits,
    bits,
    order,
    squares,
    tiny_vae,
    toy,
)
from vaex.training import optimizers
from vaex.training.loop import initial_state
from vaex.training.state import make_init
from vaex.training.step import make_chunk, make_step

LONGEST = 12


def started(experiment, seed=0):
    """Data on the device, the order and the state at step 0."""
    data = jax.device_put(bits())
    rows = order(seed=seed)
    return data, rows, initial_state(experiment, data, rows)


def compiled(experiment):
    return jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)


def run(chunk, data, rows, state, cuts):
    """The state after steps cut like this, and the metrics of every step."""
    step, history = 0, []
    for n in cuts:
        indices = np.zeros((LONGEST, rows.batch_size), np.int32)
        indices[:n] = rows.indices(step, n)
        state, metrics = chunk(state, data, indices, np.int32(n))
        history.append({name: np.asarray(v)[:n] for name, v in metrics.items()})
        step += n
    return state, {k: np.concatenate([m[k] for m in history]) for k in history[0]}


def every_numeric():
    """An experiment whose hyperparameters are all traced, a count at its heart."""
    return toy(functools.partial(squares, weight=2.0), optimizers.adamw)


def test_one_compilation_for_every_remainder_epoch_seed_and_numeric_hyperparameter():
    experiment = every_numeric()
    chunk = compiled(experiment)
    data, rows, state = started(experiment)
    state, _ = run(chunk, data, rows, state, [1])
    traces = experiment.preparation.traces
    run(chunk, data, rows, state, [7, 12, 3, 1, 11, 2])  # 5 steps are an epoch
    for name in experiment.hparams():
        data, rows, state = started(experiment, seed=len(name))
        traces += 1  # of the new initial state
        state.hparams[name] = jnp.float32(0.123)
        run(chunk, data, rows, state, [4])
    other = {"x": 1 - data["x"]}
    run(chunk, other, rows, started(experiment)[2], [5])
    assert experiment.preparation.traces == traces + 1
    assert chunk._cache_size() == 1


def test_every_numeric_hyperparameter_matters():
    experiment = every_numeric()
    chunk = compiled(experiment)

    def losses(name=None):
        data, rows, state = started(experiment)
        if name:
            state.hparams[name] = 0.5 * state.hparams[name] + 1e-3
        return run(chunk, data, rows, state, [12])[1]["loss"]

    plain = losses()
    for name in experiment.hparams():
        assert (losses(name) != plain).any(), name
    assert chunk._cache_size() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"objective": functools.partial(squares, power=4)},
        {"optimizer": optimizers.sgd},
        {"batch_size": 4},
    ],
)
def test_a_structural_change_is_another_program(change):
    def lowered(**options):
        batch_size = options.pop("batch_size", 8)
        experiment = toy(**options)
        data, _, state = started(experiment)
        indices = np.zeros((LONGEST, batch_size), np.int32)
        return compiled(experiment).lower(state, data, indices, np.int32(1)).as_text()

    assert lowered() == lowered()
    assert lowered(**change) != lowered()


@pytest.mark.parametrize("make", [toy, tiny_vae])
def test_how_the_steps_are_cut_changes_no_bit(make):
    experiment = make()
    chunk = compiled(experiment)
    runs = []
    for cuts in ([11], [1] * 11, [5, 6], [2, 1, 8]):
        data, rows, state = started(experiment)
        runs.append(run(chunk, data, rows, state, cuts))
    for state, metrics in runs[1:]:
        assert_same_bits(runs[0][0], state)
        assert_same_bits(runs[0][1], metrics)


@pytest.mark.slow
def test_a_step_alone_agrees_with_the_chunk_to_rounding():
    """Another program: equal bits are promised between cuts only."""
    experiment = tiny_vae()
    data, rows, state = started(experiment)
    whole, history = run(compiled(experiment), data, rows, state, [6])
    step = jax.jit(make_step(experiment))
    _, _, state = started(experiment)
    losses = []
    for row in rows.indices(0, 6):
        state, metrics = step(state, {"x": data["x"][row]})
        losses.append(metrics["loss"])
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-5)
    assert int(state.step) == int(whole.step) == 6
    for one, two in zip(
        jax.tree.leaves(state.params), jax.tree.leaves(whole.params), strict=True
    ):
        # Adam divides by the root of its second moment: rounding in a gradient near
        # 0 comes back as a share of the learning rate, 1e-2 here.
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    experiment = tiny_vae()
    chunk = compiled(experiment)
    ends = []
    for seed in (3, 3, 4):
        data, rows, state = started(experiment, seed)
        ends.append(run(chunk, data, rows, state, [5]))
    assert_same_bits(ends[0], ends[1])
    assert (ends[0][1]["loss"] != ends[2][1]["loss"]).all()


def test_each_step_has_noise_of_its_own():
    experiment = toy(optimizer=functools.partial(optimizers.sgd, learning_rate=0.0))
    data, rows, state = started(experiment)
    same = {"x": jnp.zeros_like(data["x"])}
    _, metrics = run(compiled(experiment), same, rows, state, [10])
    assert len(np.unique(metrics["loss"])) == 10


def test_the_chunk_takes_the_state_and_its_metrics_stop_at_n():
    experiment = toy()
    data, rows, state = started(experiment)
    indices = np.zeros((LONGEST, 8), np.int32)
    after, metrics = compiled(experiment)(state, data, indices, np.int32(3))
    for leaf in jax.tree.leaves(state):
        assert leaf.is_deleted()
    assert not data["x"].is_deleted()
    assert int(after.step) == 3
    assert int(after.variables["batch_stats"]["model"]["seen"]) == 3
    assert metrics.keys() == {"loss", "largest", "finite"}
    assert (np.asarray(metrics["loss"][:3]) > 0).all()
    assert (np.asarray(metrics["loss"][3:]) == 0).all()


def test_the_gathered_rows_are_the_ones_of_the_order():
    def objective(model, batch, *, train):
        loss, _ = squares(model, batch, train=train)
        return 0.0 * loss, {"sum": batch["x"].sum()}

    experiment = toy(objective)
    data = {"x": np.arange(120, dtype=np.int32).reshape(40, 3)}
    rows = order()
    state = initial_state(experiment, jax.device_put(data), rows)
    _, metrics = run(compiled(experiment), data, rows, state, [9])
    expected = [data["x"][row].sum() for row in rows.indices(0, 9)]
    np.testing.assert_array_equal(metrics["sum"], expected)


@pytest.mark.parametrize(
    "experiment", [toy(), pytest.param(tiny_vae(), marks=pytest.mark.slow)]
)
def test_many_runs_are_one_program_each_close_to_the_run_alone(experiment):
    """make_init over keys and hyperparameters, the step under vmap."""
    rows = {"x": jnp.asarray(bits()["x"][:8])}
    init, step = make_init(experiment, rows), jax.jit(make_step(experiment))
    keys = jax.random.split(jax.random.key(5), 3)
    hparams = {k: jnp.stack([v, 2 * v, 3 * v]) for k, v in experiment.hparams().items()}
    states = jax.jit(jax.vmap(init))(keys, hparams)
    many = jax.jit(jax.vmap(make_step(experiment), in_axes=(0, None)))
    alone = [
        jax.jit(init)(keys[i], {k: v[i] for k, v in hparams.items()}) for i in range(3)
    ]
    for _ in range(4):
        states, metrics = many(states, rows)
        for i in range(3):
            alone[i], expected = step(alone[i], rows)
            for name, value in expected.items():
                np.testing.assert_allclose(metrics[name][i], value, rtol=1e-5)
    assert len(np.unique(metrics["loss"])) == 3
    assert states.step.tolist() == [4, 4, 4]
