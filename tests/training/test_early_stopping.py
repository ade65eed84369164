"""Patience, and which looks count, against loops written out."""

import functools
import json
import math

import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.toy import squares, tiny_vae, toy
from vaex.training.early_stopping import EarlyStopping, settled
from vaex.training.schedules import cosine, cyclic, linear_warmup

VALUES = st.lists(st.integers(-5, 5).map(float), max_size=12)


@given(VALUES, st.integers(1, 4), st.sampled_from([0.0, 1.0, 2.5]))
def test_it_stops_where_a_search_over_the_whole_history_does(values, patience, delta):
    """Recomputed from all values at each look, from the definition."""
    record = EarlyStopping(patience, delta)
    for count in range(1, len(values) + 1):
        record = record.update(count, values[count - 1])
        best = 0  # index of the last one above all improvements before it, by delta
        for i in range(1, count):
            if values[i] - values[best] > delta:
                best = i
        assert (record.best, record.best_step) == (values[best], best + 1)
        assert record.looks == count - 1 - best
        assert record.is_over == (record.looks >= patience)


def test_records_do_not_change():
    first = EarlyStopping(patience=1)
    second = first.update(5, 1.0)
    assert (first.best, first.best_step, second.best_step) == (None, None, 5)
    assert not first.is_over


def test_without_patience_it_is_never_over_and_keeps_the_best():
    record = EarlyStopping()
    for step in range(100):
        record = record.update(step, -float(step))
    assert (record.best_step, record.is_over) == (0, False)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_improvement(value):
    record = EarlyStopping(patience=2).update(1, value).update(2, -3.0)
    assert (record.best, record.looks) == (-3.0, 0)
    assert EarlyStopping(patience=2).update(1, value).update(2, value).is_over


def test_looks_before_it_is_settled_neither_count_nor_set_the_best():
    record = EarlyStopping(patience=1).update(1, 100.0, settled=False)
    assert record == EarlyStopping(patience=1)
    record = record.update(2, 5.0).update(3, 0.0, settled=False)
    assert (record.best, record.looks) == (5.0, 0)


def test_it_goes_through_json_and_resumes_with_equal_ends():
    values = [3.0, 4.0, 4.5, 1.0, 2.0, 0.0]
    for cut in range(len(values)):
        whole = EarlyStopping(patience=3, min_delta=0.25)
        half = EarlyStopping(patience=3, min_delta=0.25)
        for step, value in enumerate(values):
            if step == cut:
                text = json.dumps(half.as_dict(), allow_nan=False)
                half = EarlyStopping(3, 0.25).resumed(json.loads(text))
            whole, half = whole.update(step, value), half.update(step, value)
        assert whole == half
        assert half.is_over


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (None, range(12)),
        (linear_warmup(4), range(4, 12)),
        # Steps 0 ... 3 of each cycle of 4 weigh 0, 1/2, 1, 1; looks follow them.
        (cyclic(4), [3, 4, 7, 8, 11]),
        (cyclic(7, ramp=1.0), []),  # 6/7 at most
        # At full weight in step 0, after which it falls until step 5.
        (cosine(5, floor=0.5), [0, 1, *range(6, 12)]),
        (lambda step: 1.0 / (2.0 + step), []),
        (lambda step: jnp.float32(0.3), range(12)),
    ],
)
def test_looks_count_at_full_weight_or_when_the_schedule_rests(schedule, expected):
    experiment = tiny_vae(schedule=schedule)
    found = [step for step in range(12) if settled(experiment, step)]
    assert found == list(expected)


def test_all_schedules_of_an_objective_have_to_rest():
    """Full weight from step 3 on, and a floor from step 5: looks come a step later."""

    def objective(model, batch, *, train, schedule, other_schedule, rescheduled):
        raise NotImplementedError

    options = {"schedule": linear_warmup(4), "other_schedule": cosine(5, floor=0.5)}
    experiment = toy(functools.partial(objective, **options, rescheduled=print))
    assert [step for step in range(9) if settled(experiment, step)] == [6, 7, 8]


def test_an_objective_without_a_schedule_is_settled():
    assert settled(toy(), 0)
    assert settled(toy(functools.partial(squares, weight=2.0)), 3)
