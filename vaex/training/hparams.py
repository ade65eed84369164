"""Numeric hyperparameters: found by introspection, traced in the train state."""

import functools
import inspect
import numbers
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax import Array

from vaex.types import Traced

Hparams = dict[str, Array]
"""Path such as "objective.beta" -> float32 scalar."""


def unwrap(factory: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A factory without its `functools.partial`s, and the arguments they bind."""
    bound: dict[str, Any] = {}
    while isinstance(factory, functools.partial):
        if factory.args:
            raise TypeError(
                f"arguments of {_name(factory.func)} must be bound by keyword, got "
                f"{len(factory.args)} by position"
            )
        bound = {**factory.keywords, **bound}
        factory = factory.func
    return factory, bound


def numeric_parameters(factory: Callable[..., Any]) -> dict[str, float]:
    """Parameters annotated `Scalar`, with their bound or default values.

    One that may be None, `Scalar | None = None`, is left out where it is.

    Args:
      factory: an objective (function, module or other callable) or an optimizer's
        factory, perhaps in a `functools.partial`.

    Returns:
      Parameter name -> value; those of a factory that is bound in a `partial` as an
      argument (an optimizer made of others) as "argument.name". Everything else about
      the factory is structural.

    Raises:
      TypeError: if a `Scalar` parameter has no value or is not a number.

    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> numeric_parameters(functools.partial(elbo, beta=4.0))
    {'beta': 4.0}
    """
    function, bound = unwrap(factory)
    call = _function_of(function)
    values = {}
    for name, parameter in inspect.signature(call).parameters.items():
        if not _is_scalar(parameter, getattr(call, "__globals__", {})):
            continue
        value = bound.get(name, parameter.default)
        if value is None and parameter.default is None:
            continue
        if value is parameter.empty:
            raise TypeError(f"{_name(function)} needs a number for {name}")
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be a number, got {value!r}")
        values[name] = float(value)
    for name, value in bound.items():
        if isinstance(value, functools.partial):
            inner = numeric_parameters(value)
            values |= {f"{name}.{key}": number for key, number in inner.items()}
    return values


def scalar_names(factory: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a factory's own parameters that are annotated `Scalar`.

    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> scalar_names(elbo)
    ('beta', 'temperature')
    """
    call = _function_of(unwrap(factory)[0])
    names = getattr(call, "__globals__", {})
    found = inspect.signature(call).parameters
    return tuple(name for name, p in found.items() if _is_scalar(p, names))


def make_hparams(**factories: Callable[..., Any]) -> Hparams:
    """Hparams of named factories.

    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> make_hparams(objective=elbo)
    {'objective.beta': Array(1., dtype=float32)}
    """
    return {
        # `jnp.float32` compiles a program.
        f"{owner}.{name}": jax.device_put(np.float32(value))
        for owner, factory in factories.items()
        for name, value in numeric_parameters(factory).items()
    }


def arguments(
    hparams: Mapping[str, Any], owner: str, bound: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """The traced keyword arguments of one owner.

    Args:
      hparams: of all owners.
      owner: its name.
      bound: its arguments that are set; what numbers such as "optimizer.model.b1"
        belong to is among them, and is given them.

    Returns:
      Argument -> number, or -> factory with its own numbers bound.

    >>> arguments({"objective.beta": 1.0, "optimizer.b1": 0.9}, "optimizer")
    {'b1': 0.9}
    """
    prefix = owner + "."
    found: dict[str, Any] = {}
    for path, value in hparams.items():
        name, inner, _ = path.removeprefix(prefix).partition(".")
        if not path.startswith(prefix) or name in found:
            continue
        if inner:
            _, rest = unwrap(bound[name])
            value = functools.partial(
                bound[name], **arguments(hparams, prefix + name, rest)
            )
        found[name] = value
    return found


def _function_of(target: Callable[..., Any]) -> Callable[..., Any]:
    """The plain function whose signature a call of `target` has."""
    target = inspect.unwrap(target)
    if not inspect.isroutine(target):
        target = target.__init__ if isinstance(target, type) else type(target).__call__
    return inspect.unwrap(target)


def _is_scalar(parameter: inspect.Parameter, names: dict[str, Any]) -> bool:
    """Whether a parameter is annotated `Scalar`, by itself or as text.

    Each annotation is resolved alone: others may name what a library imports for
    type checkers only.
    """
    alone = types.SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        hint = typing.get_type_hints(alone, names, include_extras=True)["it"]
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        if re.search(r"\bScalar\b", str(parameter.annotation)):
            raise TypeError(
                f"{parameter.name} has the annotation {parameter.annotation}, which "
                "cannot be resolved; import Scalar outside `if TYPE_CHECKING`"
            ) from error
        return False
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    choices = typing.get_args(hint) if is_union else (hint,)
    return any(Traced in getattr(choice, "__metadata__", ()) for choice in choices)


def _name(target: Any) -> str:
    return getattr(target, "__name__", type(target).__name__)
