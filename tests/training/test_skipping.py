"""Steps with a long gradient are left out whole, and counted."""

import functools

import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.training.toy import assert_same_bits, toy
from vaex.training.optimizers import adam
from vaex.training.state import make_init
from vaex.training.step import make_step
from vaex.training.updates import UpdatesConfig

START = np.int32(0)
PLAIN = np.array([[0, 1, 0], [1, 0, 1]], np.float32)
"""Rows whose gradient, 2 (w - x) / 3 on average, is of order 1."""


@functools.cache
def programs(**updates):
    """The state at the start, and the compiled step."""
    optimizer = functools.partial(adam, learning_rate=0.1)
    experiment = toy(optimizer=optimizer, updates=UpdatesConfig(**updates))
    init = quick_jit(make_init(experiment, {"x": PLAIN}))
    step = quick_jit(make_step(experiment))
    return init(jax.random.key(0), experiment.hparams()), step


def run(state, step, scales):
    """States and metrics after steps on the rows times each scale."""
    found = []
    for scale in scales:
        state, metrics = step(state, {"x": PLAIN * np.float32(scale)})
        found.append((jax.device_get(state._replace(key=None)), metrics))
    return found


@pytest.mark.parametrize("updates", [{}, {"accumulate": 2, "weight_average": 0.9}])
def test_a_step_with_a_long_gradient_changes_the_count_alone(updates):
    state, step = programs(skip_above=50.0, **updates)
    found = run(state, step, [1, 1000, 1, 1e25, 1])
    assert [float(metrics["skipped"]) for _, metrics in found] == [0, 1, 0, 1, 0]
    for index in (1, 3):
        before, after = found[index - 1][0], found[index][0]
        assert after.step == before.step + 1 == index + 1
        assert_same_bits(before._replace(step=START), after._replace(step=START))
    seen = found[-1][0].variables["batch_stats"]["model"]["seen"]
    assert seen == 3  # of five: what the forward pass left behind is undone too
    for index in (2, 4):
        assert found[index][0].variables != found[index - 1][0].variables


def test_the_others_take_the_steps_that_they_would_have_taken_without():
    """The skipped step stands between; noise is by the step's number, so it is kept."""
    state, step = programs(skip_above=50.0)
    (_, (skipped, _), (after, _)) = run(state, step, [1, 1000, 1])
    (first, _) = run(state, step, [1])[0]
    assert_same_bits(first._replace(step=START), skipped._replace(step=START))
    plain, other = programs()
    resumed = plain._replace(
        step=np.int32(2),
        params=first.params,
        variables=first.variables,
        opt_state=first.opt_state,
    )
    expected = run(resumed, other, [1])[0][0]
    # Another program, so rounding may differ.
    for one, two in zip(jax.tree.leaves(after), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_the_norm_is_the_gradients_and_a_nan_is_not_hidden():
    state, step = programs(skip_above=50.0)
    (after, metrics), (_, broken) = run(state, step, [1, np.nan])
    # Adam starts with mu = 0.1 g: the gradient is read off its state.
    gradient = np.asarray(after.opt_state[0].mu["model"]["w"]) / (1 - 0.9)
    norm = np.sqrt(np.sum(gradient.astype(np.float64) ** 2))
    np.testing.assert_allclose(metrics["gradient_norm"], norm, rtol=1e-5)
    assert float(broken["skipped"]) == 0.0
    assert np.isnan(broken["loss"])


def test_without_a_bound_there_is_no_metric_of_it():
    state, step = programs()
    _, metrics = run(state, step, [1000])[0]
    assert metrics.keys() == {"loss", "largest"}
