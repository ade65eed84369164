"""Over which devices a step's batch is divided, and where arrays lie.

D devices, B examples a step.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from vaex.errors import InputError


@dataclass(frozen=True, eq=False)
class Placement:
    """The devices that train one run together: the same program on each (SPMD).

    Each holds the whole state and the data, and works on B / D rows of every batch.
    Random numbers do not depend on the division, as those of JAX's threefry are a
    function of their position, and sums over a batch (of a loss, a gradient, the
    statistics of a batch normalisation) are sums over the devices. What comes out is
    what one device gives, but for the order of these sums: single precision leaves
    about six digits alike at first, and chaos does the rest.

    On one device nothing is divided, and the program is the one without a placement.

    Attributes:
      devices: D of JAX's, those of all processes.

    >>> Placement.of(1, batch_size=128).is_single
    True
    """

    devices: tuple[Any, ...]

    @classmethod
    def of(cls, devices: int | str, batch_size: int) -> "Placement":
        """The first so many devices that JAX sees, or "all".

        Args:
          devices: D, or "all".
          batch_size: B.

        Raises:
          InputError: if there are fewer devices, the batch cannot be divided among
            them, or some of another process would be left out.
        """
        make_cpu_devices(devices)
        found = jax.devices()
        here, kind = len(found), found[0].device_kind
        count = here if devices == "all" else int(devices)
        if count > here:
            raise InputError(
                f"trainer.devices must be at most the number of devices here, {here} "
                f"({kind}), got {count}; lower it, pass trainer.devices=all, or set "
                f"JAX_NUM_CPU_DEVICES={count} for as many on a CPU"
            )
        if count < here and jax.process_count() > 1:
            raise InputError(
                "trainer.devices must be all the devices of all "
                f"{jax.process_count()} processes, {here}, got {count}; pass "
                "trainer.devices=all"
            )
        if batch_size % count:
            lower = max(count, batch_size - batch_size % count)
            raise InputError(
                "trainer.batch_size must be a multiple of "
                f"trainer.devices={count}, got {batch_size}; pass "
                f"trainer.batch_size={lower}, or fewer devices"
            )
        return cls(tuple(found[:count]))

    @property
    def is_single(self) -> bool:
        """Whether there is nothing to divide."""
        return len(self.devices) < 2

    @property
    def kinds(self) -> list[str]:
        """What each device is, for the record."""
        return [device.device_kind for device in self.devices]

    @cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(self.devices), ("batch",))

    @property
    def _whole(self) -> NamedSharding:
        return NamedSharding(self._mesh, P())

    def jit(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function compiled; each device then holds the whole result."""
        if self.is_single:
            return jax.jit(function)
        return jax.jit(function, out_shardings=self._whole)

    def divides(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """A step (state, rows) with B / D of its rows [B, ...] on each device."""
        if self.is_single:
            return step
        part = NamedSharding(self._mesh, P("batch"))
        return lambda state, rows: step(
            state, jax.lax.with_sharding_constraint(rows, part)
        )

    def everywhere(self, tree: Any) -> Any:
        """Arrays, whole, on each of the devices."""
        if self.is_single:
            return jax.device_put(tree)
        if jax.process_count() == 1:
            return jax.device_put(tree, self._whole)
        return jax.tree.map(self._laid, tree)

    def shared(self, tree: Any) -> Any:
        """The first process's arrays, whole, on each of the devices of all."""
        if jax.process_count() == 1:
            return self.everywhere(tree)
        found = multihost_utils.broadcast_one_to_all(jax.tree.map(_numbers, tree))
        return self.everywhere(jax.tree.map(_like, tree, found))

    def _laid(self, leaf: Any) -> jax.Array:
        numbers = np.asarray(_numbers(leaf))
        laid = jax.make_array_from_callback(
            numbers.shape, self._whole, lambda index: numbers[index]
        )
        return _like(leaf, laid)

    def here(self, tree: Any) -> Any:
        """Arrays that lie everywhere, on the first device of this process alone.

        Nothing is copied.
        """
        if self.is_single:
            return tree
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


SINGLE = Placement(())
"""JAX's default device, whichever it will be."""


def make_cpu_devices(devices: int | str) -> None:
    """Has JAX's CPU count as so many devices, where it is alone and has yet to start.

    They share the processor's cores: good for trying things out, not for speed.
    """
    chosen = jax.config.values["jax_num_cpu_devices"]
    if isinstance(devices, str) or devices < 2 or chosen > 0:
        return
    if jax.distributed.is_initialized():  # each has devices of its own
        return
    with contextlib.suppress(RuntimeError):  # it has started
        jax.config.update("jax_num_cpu_devices", devices)


def _numbers(leaf: Any) -> Any:
    """An array, or the integers that typed keys hold."""
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _like(leaf: Any, numbers: Any) -> Any:
    """The numbers, or the typed keys that they stand for."""
    if not _is_key(leaf):
        return numbers
    return jax.random.wrap_key_data(numbers, impl=jax.random.key_impl(leaf))


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
