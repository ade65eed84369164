import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaex.errors import InputError
from vaex.training.config import DEFAULT_BATCH_SIZE, TrainConfig

NAMES = [
    "epochs",
    "steps",
    "batch_size",
    "log_every",
    "evaluate_every",
    "evaluate_examples",
    "patience",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, 0])
def test_sizes_must_be_positive(name, value):
    if (name, value) == ("evaluate_every", 0):
        assert TrainConfig(evaluate_every=0).boundary(10) is None
        return
    least = 0 if name == "evaluate_every" else 1
    match = f"^trainer.{name} must be at least {least}, got {value}$"
    with pytest.raises(InputError, match=match):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_an_improvement_is_not_negative_and_finite(value):
    rule = "at least 0" if math.isfinite(value) else "finite"
    match = f"^trainer.min_delta must be {rule}, got {value}$"
    with pytest.raises(InputError, match=match):
        TrainConfig(min_delta=value)
    assert TrainConfig(min_delta=0.5).min_delta == 0.5


@pytest.mark.parametrize(("name", "value"), [("patience", 3), ("keep_best", True)])
def test_what_looks_at_held_out_data_needs_estimates(name, value):
    match = f"^trainer.{name}={str(value).lower()} needs .* got trainer.evaluate_every"
    with pytest.raises(InputError, match=match):
        TrainConfig(evaluate_every=0, **{name: value})
    assert getattr(TrainConfig(**{name: value}), name) == value


def test_either_epochs_or_steps_must_be_given():
    with pytest.raises(InputError, match="one of trainer.epochs and trainer.steps"):
        TrainConfig(epochs=None)
    assert TrainConfig(epochs=None, steps=7).num_steps(10) == 7
    assert TrainConfig(epochs=3).num_steps(10) == 30
    assert TrainConfig(epochs=3, steps=7).num_steps(10) == 7


def test_the_default_batch_shrinks_and_an_explicit_one_does_not():
    assert TrainConfig().batch_size_for(1000) == DEFAULT_BATCH_SIZE
    assert TrainConfig().batch_size_for(50) == 50
    assert TrainConfig(batch_size=50).batch_size_for(50) == 50
    with pytest.raises(
        InputError, match="batch_size=51 is larger than the 50 training"
    ):
        TrainConfig(batch_size=51).batch_size_for(50)


@given(epochs=st.integers(1, 500), steps_per_epoch=st.integers(1, 500))
def test_about_twenty_estimates_by_default_each_at_an_epochs_end(
    epochs, steps_per_epoch
):
    boundary = TrainConfig(epochs=epochs).boundary(steps_per_epoch)
    assert boundary is not None
    assert boundary % steps_per_epoch == 0
    estimates = epochs * steps_per_epoch / boundary
    assert min(epochs, 13) <= estimates <= 30


def test_estimates_come_as_often_as_asked_for():
    assert TrainConfig(evaluate_every=3).boundary(10) == 30
    assert TrainConfig(epochs=None, steps=4).boundary(10) == 10


def test_looks_at_chosen_steps():
    config = TrainConfig(steps=30, evaluate_at=[4, 10, 24])
    assert config.boundary(7) == 2
    looks = [step for step in range(1, 31) if config.looks_at(step, 7)]
    assert looks == [4, 10, 24, 30]


def test_looks_at_all_boundaries():
    config = TrainConfig(epochs=2, evaluate_every=1)
    looks = [step for step in range(1, 21) if config.looks_at(step, 10)]
    assert looks == [10, 20]
    none = TrainConfig(epochs=2, evaluate_every=0)
    assert not any(none.looks_at(step, 10) for step in range(1, 21))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"evaluate_at": []}, "increasing steps from 1 on, got []"),
        ({"evaluate_at": [0, 1]}, "increasing steps from 1 on, got [0, 1]"),
        ({"evaluate_at": [2, 2]}, "increasing steps from 1 on, got [2, 2]"),
        ({"evaluate_at": [2], "evaluate_every": 1}, "exclude each other, got [2] and"),
    ],
)
def test_looks_that_cannot_be(given, message):
    with pytest.raises(InputError, match=re.escape(message)):
        TrainConfig(**given)
