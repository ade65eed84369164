"""How much memory there is, and how much the members of a population take."""

import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

SHARE = 0.6
"""Of the memory that is free, what a population may take."""

COPIES = 4
"""Of a member's state: before and after a chunk, for the host, and being saved."""


def free_bytes() -> int:
    """Bytes that are free: on the accelerator where there is one, else on the host."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        free = stats["bytes_limit"] - stats.get("bytes_in_use", 0)
        return int(free) * len(jax.local_devices())
    lines = Path("/proc/meminfo")
    if not lines.is_file():  # another system: it is not known
        return 1 << 62
    table = dict(line.split(":") for line in lines.read_text().splitlines())
    return 1024 * int(table["MemAvailable"].split()[0])


def tree_bytes(shapes: Any) -> int:
    """Bytes of a tree of arrays or ShapeDtypeStructs, typed keys among them.

    >>> tree_bytes({"a": jax.ShapeDtypeStruct((2, 3), "float32")})
    24
    """

    def numbers(leaf: Any) -> Any:
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return jax.random.key_data(leaf) if is_key else leaf

    leaves = jax.tree.leaves(
        jax.eval_shape(lambda tree: jax.tree.map(numbers, tree), shapes)
    )
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves)


def working_bytes(compiled: Any) -> int:
    """Bytes that a compiled program works in, beside arguments and results."""
    return int(compiled.memory_analysis().temp_size_in_bytes)
