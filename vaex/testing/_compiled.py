"""Compiles programs that run once, where optimising would take most of the time."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax


def quick_jit(function: Callable[..., Any]) -> Any:
    """`jax.jit`, compiled with as little work as the backend can be told to do.

    >>> quick_jit(lambda x: x + 1)(1).item()
    2
    """
    return jax.jit(function, compiler_options=dict(_options()))


@cache
def _options() -> tuple[tuple[str, Any], ...]:
    """Those of the options that this version of the compiler knows.

    Together they halve the time of large element-wise programs on a CPU.
    """
    wanted = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
    known = []
    for name, value in wanted.items():
        try:
            jax.jit(lambda: 0, compiler_options={name: value}).lower().compile()
        except jax.errors.JaxRuntimeError:
            continue
        known.append((name, value))
    return tuple(known)
