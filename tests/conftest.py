"""Fixtures, and the environment of every test: CPU, compiled programs kept on disk.

Environment variables rather than `jax.config`, so that this file does not import jax
and that commands run in a subprocess share the same cache.
"""

import gc
import importlib.metadata
import itertools
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CACHE = os.environ.get("VAEX_TEST_CACHE") or str(ROOT / ".pytest_cache" / "jax")

for _name, _value in {
    "JAX_PLATFORMS": "cpu",
    "JAX_COMPILATION_CACHE_DIR": CACHE,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    "JAX_TRACEBACK_IN_LOCATIONS_LIMIT": "0",  # nobody reads a program's source lines
    "MPLBACKEND": "agg",
}.items():
    os.environ.setdefault(_name, _value)

# Options that make programs compile with least work, by version of jaxlib: one that it
# does not know ends the process. Most programs of tests run once or twice, and
# optimising them takes four fifths of the time that a training step compiles. With
# VAEX_TEST_COMPILER=optimised they are compiled as users have them.
_PLAIN = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
}
QUICK = {
    "0.10.2": _PLAIN | {"xla_cpu_use_fusion_emitters": "false"},
    "0.12.0.1": _PLAIN,
}


def xla_flags(given: str, compiler: str, version: str) -> str:
    """XLA_FLAGS for the tests; what was given stays as it is."""
    quick = {} if compiler == "optimised" else QUICK.get(version, {})
    added = [f"--{name}={value}" for name, value in quick.items() if name not in given]
    return " ".join(filter(None, [given, *added]))


os.environ["XLA_FLAGS"] = xla_flags(
    os.environ.get("XLA_FLAGS", ""),
    os.environ.get("VAEX_TEST_COMPILER", ""),
    importlib.metadata.version("jaxlib"),
)


# Traced programs are many small objects that live on: a walk through all of them every
# few hundred new ones took a twentieth of the tests' time.
gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(tryfirst=True)  # before slow tests are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file run in one process, unless they are grouped otherwise.

    Examples in docstrings call operations one by one, each a program to compile:
    together they are slow.
    """
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("xdist_group") is None:
            file, _, _ = item.nodeid.partition("::")
            item.add_marker(pytest.mark.xdist_group(file))


@pytest.fixture
def getkey(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """A function whose every call gives a new key, the same ones in every session."""
    import jax

    key = jax.random.key(zlib.crc32(request.node.name.encode()))
    count = itertools.count()
    return lambda: jax.random.fold_in(key, next(count))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets, VAEX_DATA; tests that need it skip without it."""
    name = os.environ.get("VAEX_DATA")
    if not name:
        pytest.skip("VAEX_DATA is not set: no folder of data sets to test with")
    folder = Path(name).resolve()
    assert folder.is_dir(), f"VAEX_DATA must name a folder, got {name}"
    return folder
