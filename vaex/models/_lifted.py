"""Slopes of a module's function of z, its collections updated once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax.core import lift


def lifted_vjp(
    module: Any, function: Callable[..., tuple[Any, Any]], z: Any
) -> tuple[Any, Callable[[Any], Any], Any]:
    """Value, pull-back to z and auxiliary output of a function (module, z).

    Lifted, so that collections which the function updates (batch statistics) are
    updated once. `nn.vjp` cannot take modules that hold modules.

    Args:
      module: bound.
      function: (module, z) -> (value, aux), trees.
      z: tree of arrays.

    Returns:
      The value, a function from its cotangent to that of z, and aux. Parameters are
      constants of the pull-back; value and aux themselves can be differentiated.
    """
    if module.is_initializing():
        value, aux = function(module, z)
        return value, lambda _: jax.tree.map(jnp.zeros_like, z), aux
    unbound, _ = module.unbind()

    def scoped(scope: Any, z: Any) -> tuple[Any, Any]:
        return function(unbound.clone(parent=scope), z)

    assert module.scope is not None
    pulled: Any = lift.vjp(scoped, module.scope, z, has_aux=True)
    value, backward, aux = pulled
    return value, lambda cotangent: backward(cotangent)[-1], aux
