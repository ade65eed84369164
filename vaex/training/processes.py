"""Several processes that train one run together, on one machine or on many.

P processes.
"""

import json
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from vaex.errors import InputError, RunError

LEAVING_SECONDS = 60
"""How long a process that ends waits for the others to end."""


@dataclass(frozen=True)
class DistributedConfig:
    """The `distributed` part of a configuration; no part of a run's identity.

    Attributes:
      coordinator: HOST:PORT of the first process, where the others find it.
      num_processes: P.
      process_id: which one this is, from 0; the first alone writes and prints.
      auto: let JAX find the three out, as it can under Slurm, Open MPI and Kubernetes
        and on a TPU pod.

    >>> DistributedConfig("10.0.0.1:8476", num_processes=2, process_id=1).is_asked_for
    True
    """

    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None
    auto: bool = False

    def __post_init__(self) -> None:
        given = {
            "coordinator": self.coordinator,
            "num_processes": self.num_processes,
            "process_id": self.process_id,
        }
        known = [name for name, value in given.items() if value is not None]
        if self.auto and known:
            raise InputError(
                "distributed.auto=true finds the others out, got "
                f"distributed.{known[0]}={given[known[0]]} as well; leave one out"
            )
        missing = [name for name, value in given.items() if value is None]
        if known and missing:
            raise InputError(
                "distributed.coordinator, .num_processes and .process_id go together, "
                f"got no distributed.{missing[0]}; give all three, or "
                "distributed.auto=true"
            )
        if self.coordinator is None or self.num_processes is None:
            return
        host, _, port = self.coordinator.rpartition(":")
        if not host or not port.isdigit():
            raise InputError(
                "distributed.coordinator must be HOST:PORT of the first process, got "
                f"{self.coordinator!r}"
            )
        if self.num_processes < 1:
            raise InputError(
                "distributed.num_processes must be at least 1, got "
                f"{self.num_processes}"
            )
        if not 0 <= (self.process_id or 0) < self.num_processes:
            raise InputError(
                "distributed.process_id must lie between 0 and "
                f"{self.num_processes - 1}, got {self.process_id}"
            )

    @property
    def is_asked_for(self) -> bool:
        """Whether there may be several processes."""
        return self.auto or self.coordinator is not None


def connect(config: DistributedConfig) -> None:
    """Joins the other processes, where there are to be several, and only once.

    JAX must not have started. It brings a handler of SIGTERM of its own, which keeps
    the signal from ending the process: those of `vaex.cli._signals` have to come after.

    Raises:
      InputError: if JAX has started, or finds no cluster.
      RunError: if the others are not there.
    """
    if not config.is_asked_for or jax.distributed.is_initialized():
        return
    try:
        # Two programs under way at once wait for each other's collectives for ever.
        jax.config.update("jax_cpu_enable_async_dispatch", False)
        jax.distributed.initialize(
            config.coordinator,
            config.num_processes,
            config.process_id,
            shutdown_timeout_seconds=LEAVING_SECONDS,
        )
    except ValueError as error:
        raise InputError(
            "distributed.auto=true found no cluster that JAX knows; give "
            "distributed.coordinator=HOST:PORT, distributed.num_processes=P and "
            "distributed.process_id=0 to P - 1"
        ) from error
    except RuntimeError as error:
        first = str(error).strip().split("\n")[0]
        raise RunError(
            f"the {config.num_processes or ''} processes did not find each other at "
            f"{config.coordinator or 'the address that the cluster gave'}: {first}"
        ) from error


def is_first() -> bool:
    """Whether this is the process that writes and prints, as it is where it is alone.

    Does not start JAX where it is alone.
    """
    return not jax.distributed.is_initialized() or jax.process_index() == 0


def tell(word: Any) -> Any:
    """What the first process says, JSON, in all of them.

    Args:
      word: of the first process; what others give is ignored.

    >>> tell({"step": 3})
    {'step': 3}
    """
    if not jax.distributed.is_initialized():
        return word
    text = np.frombuffer(json.dumps(word).encode(), np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(text))))
    text = text if is_first() else np.zeros(size, np.uint8)
    return json.loads(np.asarray(multihost_utils.broadcast_one_to_all(text)).tobytes())


def largest(values: tuple[float, ...]) -> tuple[float, ...]:
    """The largest of each of the processes' numbers, exact up to 2^24.

    >>> largest((0.0, 1.0))
    (0.0, 1.0)
    """
    if not jax.distributed.is_initialized():
        return values
    found = multihost_utils.process_allgather(np.array(values, np.float32))
    return tuple(float(x) for x in found.reshape(-1, len(values)).max(0))
