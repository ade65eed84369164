"""From a configuration to objects: types, facts, messages."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import flax.linen as nn
import jax
import pytest

from vaex.errors import InputError
from vaex.io.construction import construct, placed
from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.poisson import Poisson
from vaex.types import Scalar

HERE = __name__


@dataclass(frozen=True)
class Typed:
    """A part with an argument of each kind."""

    number: float = 1.0
    count: int = 1
    flag: bool = False
    word: str = ""
    sizes: tuple[int, ...] = ()
    pair: tuple[int, float] = (1, 1.0)
    maybe: int | None = None
    either: bool | Literal["auto"] = "auto"
    kind: Literal["a", "b"] = "a"
    function: Callable[[Any], Any] = abs
    schedule: Callable[..., Any] | None = None
    swept: Scalar = 1.0
    noted: Annotated[int, "a note"] = 1
    rates: tuple[Scalar, ...] = ()
    anything: Any = None
    child: Likelihood | None = None
    bare = None


def weigh(x, *, weight: Scalar, power: int = 1):
    return weight * x**power


def take(event_shape, num_classes: int = 2, condition_dim=None):
    return event_shape, num_classes, condition_dim


def collect(**options):
    return options


@dataclass(frozen=True)
class Picky:
    scale: float = 1.0
    other: Any = None

    def __post_init__(self):
        if self.scale < 0:
            raise InputError(f"scale must not be negative, got {self.scale}")
        if self.scale > 10:
            raise InputError("that is too much")
        if self.scale > 5:
            raise ValueError("five is the limit")


@dataclass(frozen=True)
class Wrapper:
    child: Any
    event_shape: tuple[int, ...] = ()


class Module(nn.Module):
    size: int = 1
    event_shape: tuple[int, ...] = ()


def build(name: str, facts: dict | None = None, /, **arguments: Any) -> Any:
    node = {"_target_": f"{HERE}.{name}", **arguments}
    return construct(node, "part", facts or {})


def refusal(name: str, facts: dict | None = None, /, **arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        build(name, facts, **arguments)
    return str(caught.value)


# Nodes.


def test_what_is_no_node_stays():
    for value in (3, 1.5, None, "text", True):
        assert construct(value, "key", {}) is value
    assert construct([1, [2]], "key", {}) == (1, (2,))
    assert construct({"a": [1]}, "key", {}) == {"a": (1,)}


def test_nested_nodes_are_built_innermost_first():
    inner = {"_target_": f"{HERE}.Typed", "sizes": [3]}
    built = build("Wrapper", child={"_target_": f"{HERE}.Wrapper", "child": [inner]})
    assert built == Wrapper(child=Wrapper(child=(Typed(sizes=(3,)),)))


def test_partials_bind_and_wait():
    bound = build("weigh", _partial_=True, weight=2)
    assert isinstance(bound, functools.partial)
    assert bound.func is weigh
    assert bound.keywords == {"weight": 2.0}
    assert bound(3.0) == 6.0
    assert build("Typed", _partial_=False) == Typed()


def test_a_module():
    assert build("Module", size=3) == Module(size=3)
    assert "has no argument 'name'" in refusal("Module", name="x")
    assert "has no argument 'parent'" in refusal("Module", parent=None)


# Types.


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", 2, 2.0),
        ("number", -0.5, -0.5),
        ("count", 3, 3),
        ("flag", True, True),
        ("word", "x", "x"),
        ("sizes", [3, 4], (3, 4)),
        ("sizes", [], ()),
        ("pair", [3, 4], (3, 4.0)),
        ("maybe", None, None),
        ("maybe", 3, 3),
        ("either", False, False),
        ("either", "auto", "auto"),
        ("kind", "b", "b"),
        ("function", "jax.nn.relu", jax.nn.relu),
        ("function", "math.sin", math.sin),
        ("schedule", None, None),
        ("schedule", "math.cos", math.cos),
        ("swept", 3, 3.0),
        ("noted", 3, 3),
        ("rates", [1, 0.5], (1.0, 0.5)),
        ("anything", [{"a": None}], ({"a": None},)),
        ("child", None, None),
        ("child", {"_target_": "vaex.likelihoods.poisson.Poisson"}, Poisson()),
    ],
)
def test_a_value_that_fits(name, value, expected):
    found = getattr(build("Typed", **{name: value}), name)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("number", "fast", "part.number must be a number, got 'fast'"),
        ("number", True, "part.number must be a number, got True"),
        ("number", None, "part.number must be a number, got None"),
        ("number", math.inf, "part.number must be finite, got inf"),
        ("number", math.nan, "part.number must be finite, got nan"),
        ("count", 1.5, "part.count must be an integer, got 1.5"),
        ("count", True, "part.count must be an integer, got True"),
        ("flag", 1, "part.flag must be true or false, got 1"),
        ("word", 3, "part.word must be text, got 3"),
        ("sizes", 5, "part.sizes must be a list such as [500, 500], got 5"),
        ("sizes", ["a"], "part.sizes[0] must be an integer, got 'a'"),
        ("sizes", [1, 2.5], "part.sizes[1] must be an integer, got 2.5"),
        ("pair", [1], "part.pair must have 2 entries, got (1,)"),
        ("pair", [1, "x"], "part.pair[1] must be a number, got 'x'"),
        ("maybe", "x", "part.maybe must be an integer, got 'x'"),
        ("kind", "c", "part.kind must be one of ['a', 'b'], got 'c'"),
        ("function", 3, "part.function must be the import path of a function"),
        ("function", "math.pi", "part.function must be the import path of a function"),
        ("function", "math.sni", "part.function: math has no 'sni'; did you mean sin?"),
        ("schedule", "nope", "part.schedule: cannot import 'nope'; give a full path"),
        ("swept", "x", "part.swept must be a number, got 'x'"),
        ("swept", None, "part.swept must be a number, got None"),
        ("swept", math.inf, "part.swept must be finite, got inf"),
        ("noted", 1.5, "part.noted must be an integer, got 1.5"),
        ("rates", [1, "x"], "part.rates[1] must be a number, got 'x'"),
        ("child", 3, "part.child must be a Likelihood, that is a node with a _target_"),
        ("child", {"a": 1}, "part.child must be a Likelihood, that is a node with a"),
    ],
)
def test_a_value_that_does_not_fit(name, value, message):
    assert refusal("Typed", **{name: value}).startswith(message)


def test_a_union_that_nothing_fits_names_every_choice():
    message = refusal("Typed", either="perhaps")
    assert message == (
        "part.either must be true or false, got 'perhaps', or part.either must be one "
        "of ['auto'], got 'perhaps'"
    )


def test_arguments_of_functions_are_checked_too():
    message = refusal("weigh", _partial_=True, weight="x")
    assert message == "part.weight must be a number, got 'x'"
    assert refusal("weigh", x=1, weight=1, power=1.5).startswith("part.power must be")


def test_an_unknown_argument():
    message = refusal("Typed", nubmer=1)
    assert (
        message == "part.nubmer: Typed has no argument 'nubmer'; did you mean number?"
    )
    assert refusal("Typed", zzzz=1) == "part.zzzz: Typed has no argument 'zzzz'"
    assert "has no argument 'bare'" in refusal("Typed", bare=1)


def test_a_missing_argument():
    assert refusal("weigh", x=1) == "part: weigh needs the argument 'weight'"


def test_open_ended_arguments():
    assert build("collect", a=1, b=[2]) == {"a": 1, "b": (2,)}


def test_a_builtin_that_does_not_tell_its_arguments():
    assert construct({"_target_": "builtins.dict", "a": 1}, "part", {}) == {"a": 1}


@pytest.mark.parametrize("path", ["math.pi", f"{HERE}.HERE"])
def test_a_target_that_cannot_be_called(path):
    with pytest.raises(InputError) as caught:
        construct({"_target_": path}, "part", {})
    start = f"part._target_ must name a class or a function, got {path}, which is of"
    assert str(caught.value).startswith(start)


# Refusals of a constructor.


def test_the_key_of_the_argument_that_a_message_begins_with():
    assert refusal("Picky", scale=-1) == "part.scale must not be negative, got -1.0"
    assert refusal("Picky", scale=11) == "part: that is too much"
    message = "part: Picky refused its arguments: five is the limit"
    assert refusal("Picky", scale=6) == message
    child = {"_target_": f"{HERE}.Picky", "scale": -1}
    message = refusal("Wrapper", child=[child])
    assert message == "part.child[0].scale must not be negative, got -1.0"


def test_placed():
    error = placed(InputError("scale must be positive"), "part", ["scale"])
    assert str(error) == "part.scale must be positive"
    error = placed(InputError("scale must be positive"), "part", ["size"])
    assert str(error) == "part: scale must be positive"


# Facts.


def test_facts_fill_what_is_left_out_or_null():
    facts = {"event_shape": (8, 8), "num_classes": 17, "unasked": 3}
    assert build("take", facts) == ((8, 8), 17, None)
    assert build("take", facts, num_classes=None) == ((8, 8), 17, None)
    assert build("take", facts, num_classes=5) == ((8, 8), 5, None)
    assert build("take", facts, event_shape=[3]) == ((3,), 17, None)


def test_a_fact_that_is_none_leaves_a_default_alone():
    facts = {"event_shape": None, "num_classes": None, "condition_dim": None}
    assert build("take", facts) == (None, 2, None)
    assert build("take", facts, num_classes=None) == (None, 2, None)


def test_facts_reach_children_and_partials():
    facts = {"event_shape": (4,)}
    built = build("Wrapper", facts, child={"_target_": f"{HERE}.Module"})
    assert built.event_shape == built.child.event_shape == (4,)
    assert build("take", facts, _partial_=True).keywords == {"event_shape": (4,)}
    assert build("collect", facts) == {}
