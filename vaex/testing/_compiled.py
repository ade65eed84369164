"""Compiles programs that run once, where optimising would take most of the time."""

import functools

import jax

quick_jit = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0}
)
