"""What the jobs of one structure take: memory, seconds, disk."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from vaex.cli._jobs import Job
from vaex.cli._structure import Structure
from vaex.errors import InputError
from vaex.io import checkpoint
from vaex.training.loop import initial_state
from vaex.training.members import bare
from vaex.training.memory import COPIES, free_bytes, tree_bytes, working_bytes
from vaex.training.state import model_variables

ENOUGH = 0.2
"""Seconds that a timed chunk takes at the least, where it can be made so long."""

FIGURES = 500_000
"""Bytes that the figures of a run take, about."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a program takes while it trains.

    Attributes:
      states: of the members under way, before, after, on the host and being saved.
      data: the training split on each of the devices.
      working: what the compiled program works in beside its arguments and results.
      free: what there is.
    """

    states: int
    data: int
    working: int
    free: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.states + self.data + self.working


@dataclass(frozen=True)
class Seconds:
    """Seconds of the jobs of a structure on this machine.

    Attributes:
      compiling: the program; less where it was compiled before.
      a_step: of all members of a row.
      training: of all jobs.
      looks: at held-out data, of all jobs.
      evaluation: at the end, of all jobs.
    """

    compiling: float
    a_step: float
    training: float
    looks: float
    evaluation: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.compiling + self.training + self.looks + self.evaluation


class Measured:
    """Jobs of one structure, of which the first was built.

    Args:
      structure: theirs.
      jobs: to be trained by its program.
    """

    def __init__(self, structure: Structure, jobs: Sequence[Job]):
        self._structure, self.jobs = structure, list(jobs)
        self.members = structure.members(len(jobs))
        setup = structure.setup
        shapes = jax.eval_shape(bare, structure.state_shapes)
        rows = self.members.size
        apart = self.members.apart
        whole = NamedSharding(apart.mesh, P())
        longest, batch = structure.program.longest, setup.order.batch_size
        self._size = (rows, longest, batch)
        states = jax.tree.map(
            lambda leaf: _shape((rows, *leaf.shape), leaf.dtype, apart), shapes
        )
        indices, counts = _shape(self._size, "int32", apart), (rows,)
        own = (states, indices, _shape(counts, "int32", apart))
        train = setup.parts.dataset.splits["train"]
        data = {k: _shape(a.shape, a.dtype, whole) for k, a in train.items()}
        shared = (data, _shape((), "int32", whole))
        began = time.perf_counter()
        self._compiled = structure.program.chunk.lower(own, shared).compile()
        self._compiling = time.perf_counter() - began

    @property
    def under_way(self) -> int:
        """Members at the same time."""
        return min(self._structure.block, len(self.jobs))

    @property
    def rows(self) -> int:
        """Calls of the program for one chunk of all jobs."""
        return -(-len(self.jobs) // self.members.size)

    def memory(self) -> Memory:
        """Of the program and its arguments, as the compiler counts it.

        Raises:
          InputError: if that is more than there is.
        """
        free = free_bytes()
        train = self._structure.setup.parts.dataset.splits["train"]
        found = Memory(
            COPIES * self.under_way * self.state_bytes,
            len(self.members.devices) * tree_bytes(dict(train)),
            working_bytes(self._compiled) * len(self.members.devices),
            free,
        )
        if found.total > free:
            raise InputError(
                f"a program of {self.under_way} jobs takes {size(found.total)}, and "
                f"{size(free)} are free: {size(found.states)} for train states, "
                f"{size(found.data)} for data, {size(found.working)} to work in; lower "
                "hydra.launcher.max_members, trainer.batch_size or the model's sizes"
            )
        return found

    @property
    def state_bytes(self) -> int:
        """Of one job's train state, and so of a checkpoint."""
        return tree_bytes(self._structure.state_shapes)

    @property
    def disk(self) -> int:
        """Bytes that a job's directory comes to at the most, about."""
        setup, config = self._structure.setup, self.jobs[0].config
        looks = setup.boundary is not None
        kept = min(setup.saving.keep, self._saves()) + looks
        drawn = FIGURES if config["run"]["figures"] else 0
        rows = setup.num_steps // setup.trainer.log_every + self._looks(setup.num_steps)
        return kept * self.state_bytes + drawn + 300 * rows

    def _saves(self) -> int:
        """How often a job is saved at the least; more where it takes many minutes."""
        setup = self._structure.setup
        every = setup.saving.every_steps or setup.num_steps
        more = 0 if setup.saving.every_minutes is None else 1
        return -(-setup.num_steps // every) + more

    def seconds(self) -> Seconds:
        """Of all jobs, from a warm chunk and a warm estimate that are timed."""
        setup = self._structure.setup
        state = initial_state(
            setup.parts.experiment,
            setup.parts.dataset.splits["train"],
            setup.order,
            self._structure.init,
        )
        states = self.members.stack([state])
        step = self._step(states)
        estimate = self._estimate(states)
        steps = [setup.num_steps - _steps_done(job) for job in self.jobs]
        calls = self.rows * sum(steps) / len(steps)
        config, splits = setup.estimator.config, setup.parts.dataset.splits
        held_out = splits[setup.estimator.held_out]["x"]
        few = min(setup.trainer.evaluate_examples, len(held_out))
        looks = self.rows * sum(map(self._looks, steps)) / len(steps)
        final = self.rows * config.num_samples * len(splits["test"]["x"])
        return Seconds(
            compiling=self._compiling,
            a_step=step,
            training=calls * step,
            looks=looks * few * config.samples_per_chunk * estimate,
            evaluation=final * estimate,
        )

    def _looks(self, steps: int) -> int:
        """Looks at held-out data in the last steps of a job."""
        setup = self._structure.setup
        trainer, each = setup.trainer, setup.order.steps_per_epoch
        if trainer.boundary(each) is None:
            return 0
        first = setup.num_steps - steps + 1
        all_steps = range(first, setup.num_steps + 1)
        return sum(trainer.looks_at(step, each) for step in all_steps)

    def _step(self, states: Any) -> float:
        """Seconds of a step of a row."""
        size, longest, batch = self._size
        order = self._structure.setup.order
        rows = order.indices(0, longest)
        every = jax.device_put(
            np.broadcast_to(rows, (size, longest, batch)), self.members.apart
        )

        def chunk(n: int) -> Callable[[], Any]:
            counts = np.full(size, n, np.int32)
            own = (states, every, jax.device_put(counts, self.members.apart))
            shared = (self._structure.data, self.members.everywhere(np.int32(n)))
            return lambda: self._compiled(own, shared)

        timed(chunk(1))
        n = 1
        while (found := timed(chunk(n))) < ENOUGH and n < longest:
            n = min(2 * n, longest)
        return found / n

    def _estimate(self, states: Any) -> float:
        """Seconds of one sample of one example, of all members of a row."""
        setup = self._structure.setup
        keys = self.members.stack([setup.estimator.key])
        config = setup.estimator.config
        block = setup.estimator.few(setup.estimator.block_size)
        own = [(model_variables(states), keys)]

        def estimate() -> Any:
            return self._structure.estimate(own, block, config.samples_per_chunk)

        timed(estimate)
        return timed(estimate) / (len(block["x"]) * config.samples_per_chunk)


def timed(call: Callable[[], Any]) -> float:
    """Seconds until a call's result is there."""
    began = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - began


def _steps_done(job: Job) -> int:
    """Steps of the newest checkpoint that a job goes on from."""
    if job.config["run"]["fresh"]:
        return 0
    saved = checkpoint.complete(job.directory.checkpoints)
    return max((int(path.name) for path in saved), default=0)


def _shape(shape: Sequence[int], dtype: Any, sharding: NamedSharding) -> Any:
    return jax.ShapeDtypeStruct(tuple(shape), dtype, sharding=sharding)


def size(count: float) -> str:
    """A number of bytes.

    >>> size(512), size(23_400_000), size(1.5e12)
    ('0.5 kB', '23 MB', '1500 GB')
    """
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6)):
        if count >= bytes_each:
            value = count / bytes_each
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count / 1e3:.1f} kB"
