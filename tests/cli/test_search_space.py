"""The space of a search, in Hydra's grammar."""

import numpy as np
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tests.cli.searching import Loader
from vaex.cli._search_space import Space, describe, values
from vaex.errors import InputError


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("k=interval(0.1,4)", FloatDistribution(0.1, 4.0)),
        ("k=tag(log, interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("k=int(interval(1,4))", IntDistribution(1, 4)),
        ("k=tag(int, interval(1,4))", IntDistribution(1, 4)),
        ("k=int(tag(log,interval(16,512)))", IntDistribution(16, 512, log=True)),
        ("k=range(0,3)", IntDistribution(0, 2)),
        ("k=range(2,9,3)", IntDistribution(2, 8, step=3)),
        ("k=range(9,0,-3)", IntDistribution(3, 9, step=3)),
        ("k=shuffle(range(0,3))", IntDistribution(0, 2)),
        ("k=range(0,1,0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("k=tag(log, range(1,9))", IntDistribution(1, 8, log=True)),
        ("k=choice(2,4,8)", CategoricalDistribution(("2", "4", "8"))),
        ("k=a,b,a", CategoricalDistribution(("a", "b"))),
        ("k=shuffle(b,a)", CategoricalDistribution(("b", "a"))),
        ("k=[8],[16,16]", CategoricalDistribution(("[8]", "[16,16]"))),
        ("likelihood=glob(b*)", CategoricalDistribution(("bernoulli", "beta"))),
    ],
)
def test_words_are_distributions(word, expected):
    space = Space.of([word], Loader())
    (found,) = space.searched.values()
    assert found == expected
    assert space.fixed == {}


def test_words_of_a_trial_in_the_order_of_the_line():
    line = ["a.b=interval(0,1)", "c=[1,2]", "~d", "+e=x,'y z'", "f=null", "a.b=1,2"]
    space = Space.of(line)
    assert space.words({"a.b": "2", "+e": "'y z'"}) == [
        "c=[1,2]",
        "~d",
        "f=null",
        "a.b=2",
        "+e='y z'",
    ]
    floats = Space.of(["a=interval(0,1)"])
    value = float(np.nextafter(1e-7, 1))
    (word,) = floats.words({"a": value})
    assert Space.of([word, "b=1,2"]).fixed["a"] == word
    assert float(word.removeprefix("a=")) == value


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("k=interval(2,1)", "goes from low to high, got 2.0 and 1.0"),
        ("k=tag(log, interval(0,1))", "must begin above 0, got 0.0"),
        ("k=tag(int, interval(0.5,2))", "must have integer ends, got 0.5"),
        ("k=tag(lag, interval(1,2))", "tags of a search are log and int, got lag"),
        ("k=tag(log, choice(1,2))", "tags are for numbers"),
        ("k=range(3,3)", "the range is empty"),
        ("k=range(0,3,0)", "step of a range must not be 0"),
        ("k=tag(log, range(0,9))", "integers above 0 and step 1"),
        ("k=tag(log, range(1,9,2))", "integers above 0 and step 1"),
        ("likelihood=glob(q*)", "there is no value to choose"),
        ("k=1", "needs a key with several values, got none"),
    ],
)
def test_what_is_no_space(word, message):
    with pytest.raises(InputError, match=message):
        Space.of([word], Loader())


def test_a_grid_is_the_product():
    space = Space.of(["a=range(0,3)", "b=x,y", "c=range(0.5,2,0.5)"])
    points = [tuple(space.grid_point(i).values()) for i in range(space.grid_size())]
    expected = [
        (a, b, c) for a in (0, 1, 2) for b in ("x", "y") for c in (0.5, 1.0, 1.5)
    ]
    assert points == expected
    with pytest.raises(InputError, match="finitely many values, got k=interval"):
        values("k", FloatDistribution(0.0, 1.0))


@pytest.mark.parametrize(
    "word", ["k=range(0,7,2)", "k=tag(log, interval(0.5, 2.0))", "k=choice(a, b)"]
)
def test_a_description_is_a_word_of_the_same_space(word):
    (part,) = Space.of([word]).searched.values()
    (again,) = Space.of([f"k={describe(part)}"]).searched.values()
    assert again == part
