"""Many runs of one structure, trained side by side by one program.

M members, B examples a step.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vaex.training.experiment import Experiment
from vaex.training.loop import MAX_CHUNK, MAX_INDICES, TARGET_SECONDS, Diverged
from vaex.training.members import Members, Snapshot
from vaex.training.order import BatchOrder, rows_of_epoch
from vaex.training.state import TrainState
from vaex.training.step import make_chunk, make_step


@dataclass(frozen=True)
class MemberProgress:
    """What a member has done in a chunk, as `vaex.training.loop.Progress`.

    Attributes:
      step: steps done so far.
      metrics: name -> [n] float32; those of a skipped step are NaN.
      skipped: which of the n steps were skipped.
      number: of the member.
      after: all members after the chunk.
    """

    step: int
    metrics: dict[str, np.ndarray]
    skipped: tuple[int, ...]
    number: int
    after: Snapshot

    @property
    def state(self) -> TrainState:
        """The member's state; fetched when it is asked for."""
        return self.after.member(self.number)


@dataclass(frozen=True, eq=False)
class PopulationProgram:
    """The compiled chunk of all members, good for every population of the structure.

    Attributes:
      members: where they lie.
      longest: most steps in a chunk; 1 where steps are slow in loops on the device.
      chunk: ((states, indices [M, longest, B], counts [M]), (data, n)) -> (states,
        metrics [M, longest]).
    """

    members: Members
    longest: int
    chunk: Callable[..., Any]

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        members: Members,
        batch_size: int,
        *,
        dispatches_steps: bool = False,
    ) -> "PopulationProgram":
        """The program of a structure.

        Args:
          experiment: any member's: numbers come with each state.
          members: where they lie.
          batch_size: B.
          dispatches_steps: `vaex.training.step.is_slow_in_loops`; there must then be
            one member to a device.
        """
        longest = min(MAX_CHUNK, MAX_INDICES // (batch_size * members.size))
        longest = 1 if dispatches_steps else max(1, longest)
        one = make_chunk(make_step(experiment))

        def chunk(own: Any, shared: Any) -> Any:
            (state, indices, count), (data, n) = own, shared
            if members.are_exact:
                return one(state, data, indices, count)
            after, history = one(state, data, indices, n)
            kept = jax.tree.map(lambda a, b: jnp.where(count > 0, a, b), after, state)
            return kept, history

        return cls(members, longest, members.jit(chunk))


class Population:
    """Members that train side by side, each as if it were alone.

    A member that diverges ends alone, one that is stopped costs nothing more (on a
    CPU), and all have the order, the noise and the steps of their own runs. Members
    may be at different steps.

    Args:
      program: of their structure.
      data: the training split, name -> [N, ...], whole on each of the devices.
      orders: of the members' batches.
      states: where they start.
      num_steps: last step.
      boundaries: chunks also end at multiples of each of these numbers of steps.
      max_skipped: as in `vaex.training.loop.iterate`.
      skipped: how many steps each has skipped before.
    """

    def __init__(
        self,
        program: PopulationProgram,
        data: Mapping[str, Any],
        orders: Sequence[BatchOrder],
        states: Sequence[TrainState],
        *,
        num_steps: int,
        boundaries: Collection[int] = (),
        max_skipped: int | None = 0,
        skipped: Sequence[int] | None = None,
    ):
        self._program, self._data, self._orders = program, data, orders
        self._num_steps, self._boundaries = num_steps, boundaries
        allowed = min(10, num_steps // 100) if max_skipped is None else max_skipped
        before = skipped or [0] * len(states)
        self._left = [allowed - count for count in before]
        self._skipped: list[tuple[int, ...]] = [()] * len(states)
        self._steps = [int(state.step) for state in states]
        self._going = [step < num_steps for step in self._steps]
        self._states = program.members.stack(states)
        self._length = 1
        # This population's own memory of epochs: two of each member.
        self._epoch_rows = lru_cache(maxsize=2 * len(states))(rows_of_epoch)

    @property
    def going(self) -> list[int]:
        """Members that have steps left and were not stopped."""
        return [number for number, going in enumerate(self._going) if going]

    def stop(self, member: int) -> None:
        """Takes a member out."""
        self._going[member] = False

    @property
    def states(self) -> TrainState:
        """Of all members, their leaves [M, ...] on the devices."""
        return self._states

    def advance(self) -> dict[int, MemberProgress | Diverged]:
        """One chunk of all that are going.

        Returns:
          Member -> what it did, or why it ended: it is then stopped.
        """
        going, length = self.going, min(self._length, self._program.longest)
        n = min(min(length, self._to_boundary(self._steps[m])) for m in going)
        rows = {m: self._rows(m, self._steps[m], n) for m in going}
        before, started = self._states, time.perf_counter()
        self._states, history = self._chunk(before, rows)
        seconds = time.perf_counter() - started
        finite = history.pop("finite")
        done: dict[int, tuple[dict[str, np.ndarray], tuple[int, ...]]] = {}
        ended: dict[int, Diverged] = {}
        for m in going:
            done[m] = {name: values[m, :n] for name, values in history.items()}, ()
            if not finite[m, :n].all():
                try:
                    done[m] = self._guarded(m, before, rows[m])
                except Diverged as error:
                    ended[m] = error
        after = Snapshot(self._states)  # with those that were gone through again
        found: dict[int, MemberProgress | Diverged] = {**ended}
        for m in going:
            if m not in ended:
                metrics, skipped = done[m]
                self._steps[m] += n
                self._skipped[m] += skipped
                found[m] = MemberProgress(self._steps[m], metrics, skipped, m, after)
            self._going[m] = m not in ended and self._steps[m] < self._num_steps
        if n == self._length and seconds < TARGET_SECONDS:
            self._length = min(2 * self._length, self._program.longest)
        elif n > 1 and seconds > 3 * TARGET_SECONDS:
            self._length = max(1, self._length // 2)
        return found

    def _to_boundary(self, step: int) -> int:
        ends = [step - step % every + every for every in self._boundaries]
        return min([self._num_steps, *ends]) - step

    def _rows(self, member: int, step: int, count: int) -> np.ndarray:
        return self._orders[member].indices(step, count, self._epoch_rows)

    def _chunk(
        self, states: Any, rows: Mapping[int, np.ndarray]
    ) -> tuple[Any, dict[str, np.ndarray]]:
        """States and metrics [M, longest] after the steps of some members."""
        members, longest = self._program.members, self._program.longest
        size = self._orders[0].batch_size
        indices = np.zeros((members.size, longest, size), np.int32)
        counts = np.zeros(members.size, np.int32)
        for m, own in rows.items():
            indices[m, : len(own)], counts[m] = own, len(own)
        own = (states, *jax.device_put((indices, counts), members.apart))
        shared = (self._data, np.int32(counts.max()))
        after, history = self._program.chunk(own, shared)
        return after, jax.device_get(history)

    def _guarded(
        self, member: int, before: Any, rows: np.ndarray
    ) -> tuple[dict[str, np.ndarray], tuple[int, ...]]:
        """Goes through a member's chunk again, one step at a time, by the program."""
        states, history, skipped = before, [], ()
        for step, row in enumerate(rows, self._steps[member]):
            after, metrics = self._chunk(states, {member: row[None]})
            metrics = {name: values[member, :1] for name, values in metrics.items()}
            if not metrics.pop("finite").all():
                left_out = self._skipped[member] + skipped
                if len(left_out) >= self._left[member]:
                    state = Snapshot(states).member(member)
                    raise Diverged(step, state, left_out)
                skipped += (step,)
                one = np.arange(self._program.members.size) == member
                after = states._replace(step=states.step + one.astype(np.int32))
                metrics = {k: np.full(1, np.nan, np.float32) for k in metrics}
            history.append(metrics)
            states = after
        self._states = _with_member(self._states, states, np.int32(member))
        return {k: np.concatenate([m[k] for m in history]) for k in history[0]}, skipped


@jax.jit
def _with_member(states: Any, others: Any, member: Any) -> Any:
    """The states, with one member taken from others."""
    return jax.tree.map(lambda a, b: a.at[member].set(b[member]), states, others)
