"""The distributions of the library, found by themselves, and what their cases give."""

import importlib
from functools import cache, partial
from pathlib import Path
from typing import Any

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import vaex.distributions
from tests.contracts.discovery import classes
from tests.contracts.integration import nodes
from tests.distributions.case import Case
from vaex.distributions._sphere import SphereDistribution
from vaex.distributions.spherical_uniform import SphericalUniform

FOLDER = Path(__file__).parent / "cases"
# Those of unit vectors are held to a contract of their own in test_sphere.py.
SPHERES = (SphereDistribution, SphericalUniform)
KINDS = [
    kind
    for kind in classes(vaex.distributions, distrax.Distribution)
    if not issubclass(kind, SPHERES)
]


def file_of(kind) -> str:
    return kind.__module__.rpartition(".")[2]


@cache
def case_of(kind) -> Case:
    return importlib.import_module(f"tests.distributions.cases.{file_of(kind)}").CASE


def having(test):
    """Marks a test of those kinds whose case passes a test."""
    found = [k for k in KINDS if (FOLDER / f"{file_of(k)}.py").exists()]
    found = [kind for kind in found if test(kind, case_of(kind))]
    params = [pytest.param(k, marks=pytest.mark.xdist_group(k.__name__)) for k in found]
    return pytest.mark.parametrize("kind", params, ids=lambda kind: kind.__name__)


every_kind = having(lambda kind, case: True)
every_density = having(lambda kind, case: case.log_prob)


def build(kind, arrays):
    case = case_of(kind)
    return (case.build or kind)(**arrays, **case.static)


def rounded(parameters) -> dict[str, np.ndarray]:
    """Parameters as float32 holds them, in float64."""
    return {
        name: np.array(v, np.float32).astype(np.float64)
        for name, v in parameters.items()
    }


def make(kind, dtype=jnp.float32):
    case = case_of(kind)
    return build(kind, {k: jnp.asarray(v, dtype) for k, v in case.parameters.items()})


@cache
def grid(kind) -> tuple[np.ndarray, np.ndarray]:
    """[V, 1] values and weights: summed or integrated over, they are the support."""
    case = case_of(kind)
    if case.values is not None:
        x = np.array(case.values, np.float64)[:, None]
        return x, np.ones_like(x)
    x, weights = nodes(case.support)
    # Beyond, squares overflow in float32; what mass is there is far below 1e-9.
    kept = np.abs(x) < 1e12
    return x[kept].astype(np.float64)[:, None], weights[kept][:, None]


@cache
def reference(kind) -> np.ndarray:
    """[V, parameters] log-densities in float64."""
    case = case_of(kind)
    assert case.log_prob is not None
    found = case.log_prob(grid(kind)[0], **rounded(case.parameters))
    # What is below the floats is -inf in them.
    return np.where(found < np.finfo(np.float32).min, -np.inf, found)


@cache
def computed(kind) -> dict[str, Any]:
    """All that is computed from the parameters and the grid, in one program.

    It is optimised as users' programs are, which the tests' others are not: what is
    fused is rounded once less.
    """
    names = ["mean", "variance", "mode", "entropy"]
    names = [
        n for n in names if getattr(kind, n) is not getattr(distrax.Distribution, n)
    ]
    inside = case_of(kind).inside

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 3})
    def everything(d, x, typed):
        found = {name: getattr(d, name)() for name in names} | {
            "log_prob": d.log_prob(x),
            "at_typed": [d.log_prob(values) for values in typed],
            "at_inside": d.log_prob(inside),
            "independent": distrax.Independent(d, 1).log_prob(
                jnp.full(d.batch_shape, inside)
            ),
        }
        return found | (
            {"at_mode": d.log_prob(found["mode"])} if "mode" in found else {}
        )

    typed = [np.array([[0], [1]], t) for t in (np.float32, np.uint8, np.int32, bool)]
    return everything(make(kind), jnp.asarray(grid(kind)[0], jnp.float32), typed)
