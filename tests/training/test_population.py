"""Many runs by one program: each has what it has alone."""

import functools
import os

import jax
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
from vaex.training import loop, optimizers, population
from vaex.training.loop import Diverged, initial_state, iterate, make_initial
from vaex.training.members import Members, core_count
from vaex.training.population import Population, PopulationProgram

STEPS = 11
RATES = (0.1, 0.03, 0.3)


@pytest.fixture(autouse=True)
def long_chunks(monkeypatch):
    """Steps 0, 1 to 2, 3 to 6, 7 to 10."""
    for module in (loop, population):
        monkeypatch.setattr(module, "TARGET_SECONDS", 1e9)


def experiments(make=tiny_vae, rates=RATES):
    """One structure, with a learning rate each."""
    return [
        toy(
            e.objective,
            functools.partial(optimizers.adam, learning_rate=rate),
            e.model,
        )
        for e, rate in ((make(), rate) for rate in rates)
    ]


@pytest.fixture(scope="module")
def members():
    return experiments()


@pytest.fixture(scope="module")
def init(members):
    return make_initial(members[0])


@pytest.fixture(scope="module")
def program(members):
    return PopulationProgram.of(members[0], Members.of(1), 8)


def data(row=None):
    values = bits()["x"].astype(np.float32)
    if row is not None:
        values[row, 1] = np.nan
    return jax.device_put({"x": values})


def orders():
    return [order(seed=seed) for seed in range(len(RATES))]


def starts(members, init, held):
    return [
        initial_state(e, held, o, init) for e, o in zip(members, orders(), strict=True)
    ]


def finished(many, states):
    """Advances to the end: states, metrics and skipped steps of each."""
    ends, history = dict(enumerate(states)), {m: [] for m in range(len(states))}
    while many.going:
        for m, done in many.advance().items():
            if isinstance(done, Diverged):
                ends[m] = done
            else:
                ends[m] = done.state
                history[m].append(done)
    return ends, history


def alone(member, number, state, held, **options):
    options = {"num_steps": STEPS} | options
    return list(iterate(member, held, orders()[number], state, **options))


def joined(chunks):
    names = chunks[0].metrics
    return {k: np.concatenate([c.metrics[k] for c in chunks]) for k in names}


def test_members_have_the_bits_of_their_runs_alone(members, init, program):
    held = data()
    states = starts(members, init, held)
    later = alone(members[1], 1, states[1], held, num_steps=4)[-1].state
    states[1] = later  # one that goes on from a checkpoint
    many = Population(program, held, orders(), states, num_steps=STEPS, boundaries=[5])
    ends, history = finished(many, states)
    for m, member in enumerate(members):
        chunks = alone(member, m, states[m], held)
        assert_same_bits(ends[m], chunks[-1].state)
        assert_same_bits(joined(history[m]), joined(chunks))
        assert {5, 10} <= {c.step for c in history[m]} | {int(states[m].step)}


def test_a_member_that_diverges_ends_alone(members, init, program):
    held = data()
    hurt = experiments(rates=(0.1, float("inf"), 0.3))
    states = starts(hurt, init, held)
    many = Population(program, held, orders(), states, num_steps=STEPS)
    ends, _ = finished(many, states)
    assert isinstance(ends[1], Diverged)
    assert (ends[1].step, int(ends[1].state.step)) == (0, 0)
    assert_same_bits(ends[1].state, states[1])
    for m in (0, 2):
        assert_same_bits(ends[m], alone(members[m], m, states[m], held)[-1].state)


def test_bad_steps_are_skipped_as_in_the_run_alone(members, init, program):
    held = data(row=7)
    states = starts(members, init, data())
    options = {"num_steps": STEPS, "max_skipped": 5}
    ends, history = finished(
        Population(program, held, orders(), states, **options), states
    )
    for m, member in enumerate(members):
        chunks = alone(member, m, states[m], held, **options)
        assert_same_bits(ends[m], chunks[-1].state)
        assert_same_bits(joined(history[m]), joined(chunks))
        skipped = sum((c.skipped for c in history[m]), ())
        assert skipped == sum((c.skipped for c in chunks), ())
        assert len(skipped) >= 2


def test_a_stopped_member_stays_where_it_is(members, init, program):
    held = data()
    states = starts(members, init, held)
    many = Population(program, held, orders(), states, num_steps=STEPS)
    first = many.advance()
    assert [p.step for p in first.values()] == [1, 1, 1]
    many.stop(0)
    ends, _ = finished(many, states)
    assert many.going == []
    assert int(ends[0].step) == 0  # never advanced again
    assert_same_bits(ends[2], alone(members[2], 2, states[2], held)[-1].state)


@pytest.mark.parametrize("make", [tiny_vae, functools.partial(toy, squares)])
def test_side_by_side_a_step_is_the_same_within_rounding(monkeypatch, make):
    """The way of accelerators, on a CPU: members of a device as one large operation."""
    monkeypatch.setattr(Members, "are_exact", False)
    members, held = experiments(make), data()
    device = tuple(jax.local_devices()[:1])
    program = PopulationProgram.of(members[0], Members(device, 4), 8)
    states = starts(members, make_initial(members[0]), held)
    many = Population(program, held, orders(), states, num_steps=STEPS)
    done = many.advance()
    many.stop(1)
    later = many.advance()
    assert set(later) == {0, 2}
    for m, member in enumerate(members):
        (chunk,) = alone(member, m, states[m], held, num_steps=1)
        for one, other in zip(
            jax.tree.leaves((done[m].state.params, done[m].metrics)),
            jax.tree.leaves((chunk.state.params, chunk.metrics)),
            strict=True,
        ):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    chunks = alone(members[2], 2, states[2], held, num_steps=3)
    for one, other in zip(
        jax.tree.leaves(later[2].state.params),
        jax.tree.leaves(chunks[-1].state.params),
        strict=True,
    ):  # three steps: rounding grows a little
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_cores_are_counted_where_a_system_does_not_say_which_are_ours(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert core_count() == os.cpu_count()
