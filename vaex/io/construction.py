"""From a resolved configuration to objects: import paths, checked arguments.

A node with `_target_` is a call of what that path names; `_partial_: true` binds
arguments instead of calling. Facts about the data (event_shape, num_classes, ...)
are handed to the parameters of those names. Nothing here knows Hydra: a saved run
is rebuilt from its config.json alone.
"""

import difflib
import functools
import importlib
import inspect
import math
import pkgutil
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vaex.errors import InputError
from vaex.types import Bounds, Traced

RESERVED = ("_target_", "_partial_")

PLAIN = (bool, int, float, str, dict, types.NoneType)
"""What a configuration holds that no call has built."""


def locate(path: str, where: str) -> Any:
    """The object that a dotted import path names.

    Raises:
      InputError: naming the key, the path, and the closest name there is; or what
        stopped the import of a module on the way.

    >>> locate("math.pi", "key")
    3.141592653589793
    """
    parts = path.split(".")
    ends = range(len(parts) - 1, 0, -1) if all(map(str.isidentifier, parts)) else ()
    for end in ends:
        name = ".".join(parts[:end])
        try:
            found = importlib.import_module(name)
        except Exception as error:  # of any kind: the module may be the user's own
            absent = error.name if isinstance(error, ModuleNotFoundError) else None
            if absent and f"{name}.".startswith(f"{absent}."):
                continue
            reason = f"{type(error).__name__}: {error}"
            raise InputError(f"{where}: importing {name} failed: {reason}") from error
        for part in parts[end:]:
            if not hasattr(found, part):
                near = suggestion(part, [*dir(found), *_submodules(found)])
                raise InputError(f"{where}: {name} has no {part!r}{near}")
            name, found = f"{name}.{part}", getattr(found, part)
        return found
    raise InputError(
        f"{where}: cannot import {path!r}; give a full path such as "
        "my_lab.heads.MyHead, importable from here"
    )


def _submodules(package: Any) -> list[str]:
    return [m.name for m in pkgutil.iter_modules(getattr(package, "__path__", []))]


def suggestion(word: str, words: Any) -> str:
    """A did-you-mean clause, or nothing.

    >>> suggestion("betta", ["beta", "gamma"])
    '; did you mean beta?'
    """
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def construct(node: Any, where: str, facts: Mapping[str, Any]) -> Any:
    """Builds a configuration node, innermost first.

    Args:
      node: plain dicts, lists and scalars.
      where: dotted key of the node, for messages.
      facts: name -> value handed to parameters of that name which the node leaves
        out or sets to null; None is handed over only where there is no default.

    Returns:
      The object; lists become tuples.

    Raises:
      InputError: for an unknown path or argument, a missing one, a wrong type, or
        a value that the constructor refuses.
    """
    if isinstance(node, list | tuple):
        return tuple(construct(v, f"{where}[{i}]", facts) for i, v in enumerate(node))
    if not isinstance(node, Mapping):
        return node
    if "_target_" not in node:
        return {k: construct(v, f"{where}.{k}", facts) for k, v in node.items()}
    path = str(node["_target_"])
    target = locate(path, f"{where}._target_")
    if not callable(target):
        raise InputError(
            f"{where}._target_ must name a class or a function, got {path}, which is "
            f"of type {type(target).__name__}"
        )
    given = {k: v for k, v in node.items() if k not in RESERVED}
    parameters = _parameters(target)
    hints = _hints(target)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {}
    for name, value in given.items():
        key = f"{where}.{name}"
        if name not in parameters and not open_ended:
            near = suggestion(name, parameters)
            raise InputError(f"{key}: {_name(target)} has no argument {name!r}{near}")
        if value is None and name in facts:
            continue
        built = construct(value, key, facts)
        arguments[name] = _checked(built, hints.get(name, Any), key)
    for name, fact in facts.items():
        wanted = name in parameters and name not in arguments
        if wanted and (fact is not None or _is_required(parameters[name])):
            arguments[name] = fact
    if node.get("_partial_"):
        return functools.partial(target, **arguments)
    for name, parameter in parameters.items():
        if _is_required(parameter) and name not in arguments:
            raise InputError(f"{where}: {_name(target)} needs the argument {name!r}")
    return _call(target, arguments, where)


def placed(error: InputError, where: str, names: Iterable[str]) -> InputError:
    """The error with the key in front: of the argument it begins with, or the node.

    >>> print(placed(InputError("scale must be above 0"), "likelihood", ["scale"]))
    likelihood.scale must be above 0
    """
    joint = "." if str(error).partition(" ")[0] in names else ": "
    return InputError(f"{where}{joint}{error}")


def _call(target: Callable[..., Any], arguments: dict[str, Any], where: str) -> Any:
    try:
        return target(**arguments)
    except InputError as error:
        raise placed(error, where, arguments) from error
    except (TypeError, ValueError) as error:
        message = f"{where}: {_name(target)} refused its arguments: {error}"
        raise InputError(message) from error


def _is_required(parameter: inspect.Parameter) -> bool:
    variadic = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    return parameter.default is parameter.empty and not variadic


def _name(target: Any) -> str:
    return getattr(target, "__name__", str(target))


def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Parameters by name; anything goes where a built-in does not tell them."""
    try:
        found = dict(inspect.signature(target).parameters)
    except ValueError:
        return {"_": inspect.Parameter("_", inspect.Parameter.VAR_KEYWORD)}
    if isinstance(target, type):  # Linen's own constructor arguments
        for name in ("parent", "name"):
            found.pop(name, None)
    return found


def _hints(target: Any) -> dict[str, Any]:
    """Annotations of a function's or a dataclass' arguments, unresolvable ones out."""
    try:
        if not isinstance(target, type):
            return typing.get_type_hints(target, include_extras=True)
        own = typing.get_type_hints(target.__init__, include_extras=True)
        return typing.get_type_hints(target, include_extras=True) | own
    except (NameError, TypeError):
        return {}


def _checked(value: Any, hint: Any, key: str) -> Any:
    """The value, converted where that loses nothing; else an InputError."""
    origin, choices = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        inner = float if Traced in choices[1:] else choices[0]
        return _bounded(_checked(value, inner, key), choices[1:], key)
    if origin in (typing.Union, types.UnionType):
        return _first_that_fits(value, choices, key)
    if origin is typing.Literal:
        if value not in choices:
            raise InputError(f"{key} must be one of {list(choices)}, got {value!r}")
        return value
    if _is_callable_hint(hint, origin):
        return _checked_callable(value, key)
    if origin is tuple and choices:
        return _checked_tuple(value, choices, key)
    if _is_part_hint(hint) and isinstance(value, PLAIN):
        raise InputError(
            f"{key} must be a {hint.__name__}, that is a node with a _target_, got "
            f"{value!r}"
        )
    if hint not in (bool, int, float, str):
        return value
    is_bool = isinstance(value, bool)
    if hint is float and isinstance(value, int | float) and not is_bool:
        if not math.isfinite(value):
            raise InputError(f"{key} must be finite, got {value}")
        return float(value)
    if isinstance(value, hint) and (hint is bool or not is_bool):
        return value
    words = {bool: "true or false", int: "an integer", float: "a number", str: "text"}
    raise InputError(f"{key} must be {words[hint]}, got {value!r}")


def _bounded(value: Any, notes: tuple[Any, ...], key: str) -> Any:
    for low, high in (note for note in notes if isinstance(note, Bounds)):
        if not low <= value < high:
            top = f" and below {high:g}" if math.isfinite(high) else ""
            raise InputError(f"{key} must be at least {low:g}{top}, got {value:g}")
    return value


def _first_that_fits(value: Any, choices: tuple[Any, ...], key: str) -> Any:
    if value is None and type(None) in choices:
        return None
    failures = []
    for choice in choices:
        if choice is not type(None):
            try:
                return _checked(value, choice, key)
            except InputError as error:
                failures.append(str(error))
    raise InputError(", or ".join(dict.fromkeys(failures)))


def _checked_callable(value: Any, key: str) -> Any:
    found = locate(value, key) if isinstance(value, str) else value
    if not callable(found):
        raise InputError(
            f"{key} must be the import path of a function, such as jax.nn.relu, got "
            f"{value!r}"
        )
    return found


def _checked_tuple(value: Any, choices: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise InputError(f"{key} must be a list such as [500, 500], got {value!r}")
    if len(choices) == 2 and choices[1] is Ellipsis:
        choices = (choices[0],) * len(value)
    if len(choices) != len(value):
        raise InputError(f"{key} must have {len(choices)} entries, got {value!r}")
    return tuple(
        _checked(v, c, f"{key}[{i}]")
        for i, (v, c) in enumerate(zip(value, choices, strict=True))
    )


def _is_part_hint(hint: Any) -> bool:
    return isinstance(hint, type) and hint.__module__.startswith("vaex.")


def _is_callable_hint(hint: Any, origin: Any) -> bool:
    return hint is Callable or origin in (
        Callable,
        typing.get_origin(Callable[[], Any]),
    )
