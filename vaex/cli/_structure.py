"""What the runs of one structure share: data, parts, compiled programs."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np

from vaex.cli._check import check
from vaex.cli._evaluate import Programs
from vaex.cli._setup import Setup
from vaex.cli._stages import make_setup
from vaex.errors import InputError, Unfit
from vaex.evaluation.of_members import estimate_members, joint
from vaex.io.parts import Parts, assemble, assemble_like
from vaex.io.run_directory import RunDirectory
from vaex.training.feed import is_streamed
from vaex.training.loop import MAX_CHUNK
from vaex.training.members import Members
from vaex.training.memory import (
    COPIES,
    SHARE,
    free_bytes,
    tree_bytes,
    working_bytes,
)
from vaex.training.population import PopulationProgram
from vaex.training.step import is_slow_in_loops, make_chunk, make_step


class Structure:
    """Runs that differ in traced numbers and seed only, and what they share.

    Programs are compiled when they are first needed, and kept for later batches.

    Args:
      most: members of one program at the most; None leaves it to the memory.
      share: of the memory that is free, where several processes divide it.
    """

    def __init__(self, most: int | None = None, share: float = 1.0):
        self._most, self._share = most, share
        self._refusal: Unfit | None = None
        self._first: tuple[Parts, Setup] | None = None
        self._members: Members | None = None

    def build(self, config: dict[str, Any], directory: RunDirectory) -> Setup:
        """A member's run; data are opened and shapes checked once.

        Raises:
          InputError: for what cannot work, of this member or of all.
        """
        if self._refusal is not None:
            raise Unfit(str(self._refusal))
        if self._first is not None:
            parts = assemble_like(config, self._first[0])
            return make_setup(config, directory, parts, self.programs)
        parts = assemble(config)
        setup = make_setup(config, directory, parts)
        try:
            check(parts, setup.order.batch_size, setup.init)
        except Unfit as error:
            self._refusal = error
            raise
        self._first = parts, setup
        return setup

    @property
    def is_built(self) -> bool:
        """Whether a member was built."""
        return self._first is not None

    @property
    def setup(self) -> Setup:
        """Of the first member that was built."""
        assert self._first is not None, "a member is built first"
        return self._first[1]

    @property
    def parts(self) -> Parts:
        """Of the first member that was built."""
        return self.setup.parts

    @property
    def programs(self) -> Programs:
        """Compiled estimates of one run."""
        return self.setup.estimator.programs

    @property
    def can_train_together(self) -> bool:
        """Whether members are trained by one program, from what the first one is.

        Data on disk are streamed, and runs over several devices divide each batch.
        """
        streamed = is_streamed(self.parts.dataset.splits["train"])
        return not streamed and self.setup.placement.is_single

    def members(self, wanted: int) -> Members:
        """Where members of a program lie; the first call decides how many fit."""
        if self._members is None:
            blocks = math.ceil(wanted / self.block)
            self._members = Members.of(math.ceil(wanted / blocks))
        return self._members

    @property
    def block(self) -> int:
        """How many members are under way at the same time, at the most."""
        return min(self._most or self.most_members, self.most_members)

    @cached_property
    def most_members(self) -> int:
        """How many members the memory has room for.

        Raises:
          InputError: if there is no room for one.
        """
        free = self._share * SHARE * free_bytes()
        each = COPIES * tree_bytes(self.state_shapes)
        if jax.default_backend() != "cpu":  # computed side by side
            each += working_bytes(self.compiled_alone)
        if each > free:
            raise InputError(
                f"a run of this structure takes about {each / 1e9:.1f} GB beside the "
                f"data, and {free / 1e9:.1f} GB may be taken; make the model or the "
                "batch smaller"
            )
        return int(free // each)

    @cached_property
    def compiled_alone(self) -> Any:
        """The compiled chunk of one run by itself."""
        order, chunk = self.setup.order, make_chunk(make_step(self.parts.experiment))
        train = self.parts.dataset.splits["train"]
        shapes = {k: jax.ShapeDtypeStruct(a.shape, a.dtype) for k, a in train.items()}
        longest = 1 if self.dispatches_steps else MAX_CHUNK
        indices = jax.ShapeDtypeStruct((longest, order.batch_size), "int32")
        arguments = (self.state_shapes, shapes, indices, np.int32(1))
        return jax.jit(chunk).lower(*arguments).compile()

    @cached_property
    def dispatches_steps(self) -> bool:
        """Whether steps are slow in loops on the device."""
        order = self.setup.order
        train = self.parts.dataset.splits["train"]
        rows = {name: a[: order.batch_size] for name, a in train.items()}
        step = make_step(self.parts.experiment)
        return is_slow_in_loops(step, self.state_shapes, lambda: rows)

    @cached_property
    def state_shapes(self) -> Any:
        """What a member's train state looks like."""
        order, train = self.setup.order, self.parts.dataset.splits["train"]
        rows = {name: a[: order.batch_size] for name, a in train.items()}
        hparams = self.parts.experiment.hparams()
        return jax.eval_shape(self.init, jax.random.key(0), hparams, rows)

    @cached_property
    def init(self) -> Any:
        """The compiled start of a member."""
        return self.setup.init

    @cached_property
    def program(self) -> PopulationProgram:
        """The compiled chunk of all members."""
        assert self._members is not None
        return PopulationProgram.of(
            self.parts.experiment,
            self._members,
            self.setup.order.batch_size,
            dispatches_steps=self.dispatches_steps,
        )

    @cached_property
    def data(self) -> Any:
        """The training split on each of the devices."""
        assert self._members is not None
        return self._members.everywhere(dict(self.parts.dataset.splits["train"]))

    @cached_property
    def _estimate(self) -> Any:
        assert self._members is not None
        return self._members.jit(joint(self.programs.function), one_by_one=True)

    def estimate(
        self,
        rows: Sequence[tuple[Any, Any]],
        data: Any,
        num_samples: int,
        on_block: Callable[[int], None] = lambda done: None,
    ) -> list[list[dict[str, Any]]]:
        """Per-example estimates by the members of each row, as one member's are.

        Args:
          rows: variables and keys of the members of each, leaves [M, ...].
          data: a split as stored.
          num_samples: K.
          on_block: called with the number of examples done.
        """
        assert self._members is not None
        return estimate_members(
            self._estimate,
            rows,
            data,
            num_samples=num_samples,
            block_size=self.setup.estimator.block_size,
            on_block=on_block,
            everywhere=self._members.everywhere,
        )
