"""A function of one run, computed for many runs by one program.

M members, D devices; every member lies on one device, M / D on each.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from vaex.training.placement import make_cpu_devices

AXIS = "member"


def make_core_devices() -> None:
    """Has JAX's CPU count as one device for each core, where it has yet to start."""
    make_cpu_devices(core_count())


def core_count() -> int:
    """Cores that this process may use; all, where the system does not say which."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, eq=False)
class Members:
    """Where members of a population lie, and how a function is mapped over them.

    On a CPU there is one member to a device, computed by the very instructions that
    compute it alone: each has the bits of its run alone, whatever stands beside it. (A
    loop over the members of a device, inside of the program, gave other last digits of
    some sums.) Elsewhere those of a device are computed side by side, as one large
    operation each, and last digits depend on how many there are.

    Attributes:
      devices: D of JAX's.
      size: M, a multiple of D.
    """

    devices: tuple[Any, ...]
    size: int

    @classmethod
    def of(cls, wanted: int) -> "Members":
        """Room for so many members on the devices of this process; fewer on a CPU."""
        found = tuple(jax.local_devices())[: max(1, wanted)]
        each = 1 if found[0].platform == "cpu" else -(-wanted // len(found))
        return cls(found, each * len(found))

    @property
    def are_exact(self) -> bool:
        """Whether each has the bits of its run alone."""
        return self.devices[0].platform == "cpu"

    @property
    def of_one_device(self) -> int:
        """M / D."""
        return self.size // len(self.devices)

    @cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(self.devices), (AXIS,))

    @property
    def apart(self) -> NamedSharding:
        """Leaves [M, ...] divided among the devices."""
        return NamedSharding(self._mesh, P(AXIS))

    def jit(
        self, function: Callable[[Any, Any], Any], *, one_by_one: bool = False
    ) -> Callable[[Any, Any], Any]:
        """A function (own, shared) -> tree, compiled for all members.

        Args:
          function: of one member.
          one_by_one: members of a device one after the other on any kind of device,
            where each fills it.

        Returns:
          The function of trees whose leaves have a leading axis M, keys `bare`, and of
          what all share, which lies whole on each device.
        """

        def of_one(own: Any, shared: Any) -> Any:
            return bare(function(_dressed(own), shared))

        def on_device(own: Any, shared: Any) -> Any:
            if self.of_one_device == 1:
                alone = of_one(jax.tree.map(lambda a: a[0], own), shared)
                return jax.tree.map(lambda a: a[None], alone)
            if one_by_one:
                return jax.lax.map(lambda one: of_one(one, shared), own)
            return jax.vmap(of_one, in_axes=(0, None))(own, shared)

        mapped = jax.shard_map(
            on_device,
            mesh=self._mesh,
            in_specs=(P(AXIS), P()),
            out_specs=P(AXIS),
            check_vma=False,
        )
        return jax.jit(mapped)

    def stack(self, trees: Sequence[Any]) -> Any:
        """Trees of the members as one, its leaves [M, ...]; the first fills up."""
        trees = [bare(tree) for tree in trees]
        filled = [*trees, *([trees[0]] * (self.size - len(trees)))]
        joined = jax.tree.map(
            lambda *leaves: np.stack(list(map(np.asarray, leaves))), *filled
        )
        return jax.device_put(joined, self.apart)

    def everywhere(self, tree: Any) -> Any:
        """Arrays, whole, on each of the devices."""
        return jax.device_put(tree, NamedSharding(self._mesh, P()))


@partial(
    jax.tree_util.register_dataclass, data_fields=["numbers"], meta_fields=["kind"]
)
@dataclass(frozen=True)
class Key:
    """Typed keys as the integers that they hold.

    JAX calls a compiled program that takes or gives typed keys by way of Python, which
    takes longer than a chunk of a small run does.

    Attributes:
      numbers: uint32.
      kind: of the generator, as `jax.random.key_impl` has it.
    """

    numbers: Any
    kind: Any


def bare(tree: Any) -> Any:
    """A tree with a `Key` for each typed key."""

    def one(leaf: Any) -> Any:
        if hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return Key(jax.random.key_data(leaf), jax.random.key_impl(leaf))
        return leaf

    return jax.tree.map(one, tree)


def _dressed(tree: Any) -> Any:
    """A tree with typed keys again."""

    def one(leaf: Any) -> Any:
        if isinstance(leaf, Key):
            return jax.random.wrap_key_data(jnp.asarray(leaf.numbers), impl=leaf.kind)
        return leaf

    return jax.tree.map(one, tree, is_leaf=lambda leaf: isinstance(leaf, Key))


class Snapshot:
    """All members' arrays on the host, fetched once, when one of them is asked for.

    Args:
      tree: leaves [M, ...] on the devices, keys `bare`.
    """

    def __init__(self, tree: Any):
        self._tree = tree

    @cached_property
    def _host(self) -> Any:
        return jax.device_get(self._tree)

    def member(self, number: int) -> Any:
        """One member's arrays, of numpy but for keys."""
        return _dressed(jax.tree.map(lambda a: np.array(a[number]), self._host))
