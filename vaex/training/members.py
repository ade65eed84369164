"""A function of one run, computed for many runs by one program.

M members, D devices; every member lies on one device, M / D on each.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    make_cpu_devices(len(os.sched_getaffinity(0)))


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
          The function of trees whose leaves have a leading axis M, and of what all
          share, which lies whole on each device.
        """

        def on_device(own: Any, shared: Any) -> Any:
            if self.of_one_device == 1:
                alone = function(jax.tree.map(lambda a: a[0], own), shared)
                return jax.tree.map(lambda a: a[None], alone)
            if one_by_one:
                return jax.lax.map(lambda one: function(one, shared), own)
            return jax.vmap(function, in_axes=(0, None))(own, shared)

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
        filled = [*trees, *([trees[0]] * (self.size - len(trees)))]
        joined = jax.tree.map(lambda *leaves: _stacked(leaves), *filled)
        return jax.device_put(joined, self.apart)

    def everywhere(self, tree: Any) -> Any:
        """Arrays, whole, on each of the devices."""
        return jax.device_put(tree, NamedSharding(self._mesh, P()))


class Snapshot:
    """All members' arrays on the host, fetched once, when one of them is asked for.

    Args:
      tree: leaves [M, ...] on the devices.
    """

    def __init__(self, tree: Any):
        self._tree = tree

    @cached_property
    def _host(self) -> list[Any]:
        leaves = jax.tree.leaves(self._tree)
        return jax.device_get([_numbers(leaf) for leaf in leaves])

    def member(self, number: int) -> Any:
        """One member's arrays, bound to no device."""
        leaves, structure = jax.tree.flatten(self._tree)
        pairs = zip(leaves, self._host, strict=True)
        return structure.unflatten([_like(a, jnp.asarray(h[number])) for a, h in pairs])


def _stacked(leaves: Sequence[Any]) -> Any:
    return _like(leaves[0], np.stack([np.asarray(_numbers(leaf)) for leaf in leaves]))


def _numbers(leaf: Any) -> Any:
    """An array, or the integers that typed keys hold."""
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _like(leaf: Any, numbers: Any) -> Any:
    """The numbers, or the typed keys that they stand for."""
    if not _is_key(leaf):
        return numbers
    return jax.random.wrap_key_data(
        jnp.asarray(numbers), impl=jax.random.key_impl(leaf)
    )


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
