"""A traced function computed again in float64, with the same random draws.

Heads compute in float32 by intention, and under `jax.enable_x64` a sampler draws other
numbers: neither is the same step with less rounding. Here the operations of a traced
function are gone through one by one, each float32 number held as a float64.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

_INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "checkpoint": "jaxpr",
    "remat2": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}
"""Operations that are functions of their own, and where these are kept."""

_SCATTERED = "dimension_numbers", "indices_are_sorted", "unique_indices", "mode"
"""What describes a scatter beside the function of its type that it holds."""

_LOW = tuple(jnp.dtype(name) for name in ("float32", "bfloat16", "float16"))


def in_float64(
    closed: Any, arguments: Sequence[Array]
) -> tuple[list[Array], tuple[str, ...]]:
    """Outputs of a traced function, and the operations that stayed in float32.

    Loops and operations that hold functions are computed as they were traced, and so
    is what reads the bits of a number.

    Args:
      closed: from `jax.make_jaxpr`.
      arguments: its arguments, flat.

    Returns:
      Outputs, floats as float64; names of operations.

    >>> closed = jax.make_jaxpr(lambda x: jnp.log(jnp.exp(x)))(jnp.float32(0))
    >>> outputs, kept = in_float64(closed, [jnp.float32(100)])
    >>> float(outputs[0]), kept
    (100.0, ())
    """
    kept: dict[str, None] = {}

    def run(*arguments: Array) -> list[Array]:
        wide = list(map(_widened, arguments))
        return _evaluate(closed.jaxpr, closed.consts, wide, kept)

    with jax.enable_x64(True):
        return jax.jit(run)(*arguments), tuple(kept)


def _evaluate(
    jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any], kept: dict[str, None]
) -> list[Any]:
    values: dict[Any, Any] = {}

    def read(atom: Any) -> Any:
        return _widened(atom.val) if hasattr(atom, "val") else values[atom]

    values |= zip(jaxpr.constvars, map(_widened, consts), strict=True)
    values |= zip(jaxpr.invars, arguments, strict=True)
    for equation in jaxpr.eqns:
        found = _apply(equation, list(map(read, equation.invars)), kept)
        values |= zip(equation.outvars, found, strict=True)
    return list(map(read, jaxpr.outvars))


def _apply(equation: Any, inputs: list[Any], kept: dict[str, None]) -> Sequence[Any]:
    primitive, params = equation.primitive, dict(equation.params)
    inner = params.get(_INLINED.get(primitive.name, ""))
    if inner is not None:
        body = getattr(inner, "jaxpr", inner)
        return _evaluate(body, getattr(inner, "consts", ()), inputs, kept)
    if primitive.name == "reduce_precision":
        return inputs
    if primitive.name == "scatter-add":
        return [jax.lax.scatter_add(*inputs, **{k: params[k] for k in _SCATTERED})]
    if primitive.name == "bitcast_convert_type" or _holds_function(params):
        if primitive.name != "bitcast_convert_type":
            kept[primitive.name] = None
        inputs = [
            value.astype(atom.aval.dtype) if _is_low(atom.aval) else value
            for atom, value in zip(equation.invars, inputs, strict=True)
        ]
    else:
        params = {k: _wide_type(v) for k, v in params.items()}
    found = primitive.bind(*inputs, **params)
    found = found if primitive.multiple_results else [found]
    return list(map(_widened, found))


def _holds_function(params: dict[str, Any]) -> bool:
    flat = [
        leaf
        for value in params.values()
        for leaf in (value if isinstance(value, tuple | list) else (value,))
    ]
    return any(hasattr(leaf, "eqns") or hasattr(leaf, "jaxpr") for leaf in flat)


def _is_low(value: Any) -> bool:
    return getattr(value, "dtype", None) in _LOW


def _widened(value: Any) -> Any:
    value = value if hasattr(value, "dtype") else jnp.asarray(value)
    return jnp.asarray(value, jnp.float64) if _is_low(value) else value


def _wide_type(value: Any) -> Any:
    """A parameter of an operation that is a low type (`new_dtype`), widened."""
    is_type = isinstance(value, jnp.dtype | type)
    return jnp.dtype("float64") if is_type and value in _LOW else value
