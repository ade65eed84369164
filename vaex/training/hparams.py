"""Numeric hyperparameters: found by introspection, traced in the train state."""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.types import Traced

Hparams = dict[str, Array]
"""Path such as "objective.beta" -> float32 scalar."""


def unwrap(factory: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A factory without its `functools.partial`s, and the arguments they bind."""
    bound: dict[str, Any] = {}
    while isinstance(factory, functools.partial):
        if factory.args:
            raise TypeError(f"bind arguments of {factory.func} by keyword")
        bound = {**factory.keywords, **bound}
        factory = factory.func
    return factory, bound


def numeric_parameters(factory: Callable[..., Any]) -> dict[str, float]:
    """Parameters annotated `Scalar`, with their bound or default values.

    Args:
      factory: an objective (function or module) or an optimizer's factory, perhaps
        in a `functools.partial`.

    Returns:
      Parameter name -> value. Everything else about the factory is structural.

    Raises:
      TypeError: if a `Scalar` parameter has no value or is not a number.

    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> numeric_parameters(functools.partial(elbo, beta=4.0))
    {'beta': 4.0}
    """
    function, bound = unwrap(factory)
    call = type(function).__call__ if isinstance(function, nn.Module) else function
    hints = typing.get_type_hints(call, include_extras=True)
    values = {}
    for name, parameter in inspect.signature(call).parameters.items():
        if Traced not in getattr(hints.get(name), "__metadata__", ()):
            continue
        value = bound.get(name, parameter.default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} must be a number, got {value!r}")
        values[name] = float(value)
    return values


def make_hparams(**factories: Callable[..., Any]) -> Hparams:
    """Hparams of named factories.

    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> make_hparams(objective=elbo)
    {'objective.beta': Array(1., dtype=float32)}
    """
    return {
        f"{owner}.{name}": jnp.float32(value)
        for owner, factory in factories.items()
        for name, value in numeric_parameters(factory).items()
    }


def arguments(hparams: Hparams, owner: str) -> dict[str, Array]:
    """The traced keyword arguments of one owner.

    >>> arguments({"objective.beta": 1.0, "optimizer.b1": 0.9}, "optimizer")
    {'b1': 0.9}
    """
    prefix = owner + "."
    return {
        path.removeprefix(prefix): value
        for path, value in hparams.items()
        if path.startswith(prefix)
    }
