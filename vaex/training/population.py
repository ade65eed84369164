"""Many runs of one structure, trained side by side by one program.

M members in a row of the program, B examples a step.
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
from vaex.training.loop import MAX_INDICES, TARGET_SECONDS, Diverged
from vaex.training.members import Members, Snapshot
from vaex.training.order import BatchOrder, rows_of_epoch
from vaex.training.state import TrainState
from vaex.training.step import make_chunk, make_step

LONGEST = 128
"""Most steps in one call: the rows of all of them are sent to the devices each time."""


@dataclass(frozen=True)
class MemberProgress:
    """What a member has done in a chunk, as `vaex.training.loop.Progress`.

    Attributes:
      step: steps done so far.
      metrics: name -> [n] float32; those of a skipped step are NaN.
      skipped: which of the n steps were skipped.
      after: the members of its row after the chunk.
      place: its own in the row.
    """

    step: int
    metrics: dict[str, np.ndarray]
    skipped: tuple[int, ...]
    after: Snapshot
    place: int

    @property
    def state(self) -> TrainState:
        """The member's state; fetched when it is asked for."""
        return self.after.member(self.place)


@dataclass(frozen=True, eq=False)
class PopulationProgram:
    """The compiled chunk of a row of members, good for all rows of the structure.

    Attributes:
      members: where those of a row lie.
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
          members: where those of a row lie.
          batch_size: B.
          dispatches_steps: `vaex.training.step.is_slow_in_loops`.
        """
        longest = min(LONGEST, MAX_INDICES // (batch_size * members.size))
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


@dataclass
class Row:
    """Members that one call of the program trains.

    Attributes:
      numbers: of the members, by their place.
      states: theirs, leaves [M, ...], keys bare; places beyond the numbers are not
        used.
    """

    numbers: list[int]
    states: TrainState


class Population:
    """Members that train side by side, each as if it were alone.

    A member that diverges ends alone, one that is stopped costs nothing more, and all
    have the order, the noise and the steps of their own runs. They may be at
    different steps.

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
        self._length = 1
        self._numbers: dict[int, Any] = {}
        # This population's own memory of epochs: two of each member.
        self._epoch_rows = lru_cache(maxsize=2 * len(states))(rows_of_epoch)
        self._seat({m: states[m] for m in self.going})

    @property
    def going(self) -> list[int]:
        """Members that have steps left and were not stopped."""
        return [number for number, going in enumerate(self._going) if going]

    @property
    def rows(self) -> Sequence[Row]:
        """Where the members are."""
        return self._rows

    def stop(self, member: int) -> None:
        """Takes a member out."""
        self._going[member] = False

    def advance(self) -> dict[int, MemberProgress | Diverged]:
        """One chunk of all that are going.

        Returns:
          Member -> what it did, or why it ended: it is then stopped.
        """
        self._close_ranks()
        length = min(self._length, self._program.longest)
        n = min(min(length, self._to_boundary(self._steps[m])) for m in self.going)
        started = time.perf_counter()
        # All are dispatched before the first is waited for.
        indices = [self._indices(row, n) for row in self._rows]
        pairs = zip(self._rows, indices, strict=True)
        done = [self._chunk(row.states, own) for row, own in pairs]
        found: dict[int, MemberProgress | Diverged] = {}
        for row, (states, history) in zip(self._rows, done, strict=True):
            start, row.states = row.states, states
            found |= self._entered(row, start, jax.device_get(history), n)
        seconds = time.perf_counter() - started
        target = TARGET_SECONDS * min(len(self._rows), 4)
        if n == self._length and seconds < target:
            self._length = min(2 * self._length, self._program.longest)
        elif n > 1 and seconds > 3 * target:
            self._length = max(1, self._length // 2)
        return found

    def _entered(
        self, row: Row, before: Any, history: dict[str, np.ndarray], n: int
    ) -> dict[int, MemberProgress | Diverged]:
        """What the members of a row did; those with bad steps go through them again."""
        finite = history.pop("finite")
        done: dict[int, tuple[dict[str, np.ndarray], tuple[int, ...]]] = {}
        found: dict[int, MemberProgress | Diverged] = {}
        for place, m in enumerate(row.numbers):
            if not self._going[m]:
                continue
            done[m] = {name: values[place, :n] for name, values in history.items()}, ()
            if not finite[place, :n].all():
                try:
                    done[m] = self._guarded(row, place, before, n)
                except Diverged as error:
                    found[m], self._going[m] = error, False
        after = Snapshot(row.states)  # with those that were gone through again
        for m, (metrics, skipped) in done.items():
            if m not in found:
                self._steps[m] += n
                self._skipped[m] += skipped
                self._going[m] = self._steps[m] < self._num_steps
                place = row.numbers.index(m)
                step = self._steps[m]
                found[m] = MemberProgress(step, metrics, skipped, after, place)
        return found

    def _to_boundary(self, step: int) -> int:
        ends = [step - step % every + every for every in self._boundaries]
        return min([self._num_steps, *ends]) - step

    def _indices(self, row: Row, count: int) -> dict[int, np.ndarray]:
        """Place -> rows of the data [count, B] in each step, of those going."""
        return {
            place: self._orders[m].indices(self._steps[m], count, self._epoch_rows)
            for place, m in enumerate(row.numbers)
            if self._going[m]
        }

    def _chunk(self, states: Any, indices: Mapping[int, np.ndarray]) -> tuple[Any, Any]:
        """States and metrics [M, longest] after the steps of some places."""
        members, longest = self._program.members, self._program.longest
        size = self._orders[0].batch_size
        every = np.zeros((members.size, longest, size), np.int32)
        counts = np.zeros(members.size, np.int32)
        for place, own in indices.items():
            every[place, : len(own)], counts[place] = own, len(own)
        own = (states, *jax.device_put((every, counts), members.apart))
        n = int(counts.max())
        if n not in self._numbers:  # sent once: each call would send it anew
            self._numbers[n] = members.everywhere(np.int32(n))
        return self._program.chunk(own, (self._data, self._numbers[n]))

    def _guarded(
        self, row: Row, place: int, before: Any, n: int
    ) -> tuple[dict[str, np.ndarray], tuple[int, ...]]:
        """Goes through a member's chunk again, one step at a time, by the program."""
        m = row.numbers[place]
        order = self._orders[m].indices(self._steps[m], n, self._epoch_rows)
        states, history, skipped = before, [], ()
        for step, rows in enumerate(order, self._steps[m]):
            after, metrics = self._chunk(states, {place: rows[None]})
            metrics = jax.device_get(metrics)
            metrics = {name: values[place, :1] for name, values in metrics.items()}
            if not metrics.pop("finite").all():
                left_out = self._skipped[m] + skipped
                if len(left_out) >= self._left[m]:
                    raise Diverged(step, Snapshot(states).member(place), left_out)
                skipped += (step,)
                one = np.arange(self._program.members.size) == place
                after = states._replace(step=states.step + one.astype(np.int32))
                metrics = {k: np.full(1, np.nan, np.float32) for k in metrics}
            history.append(metrics)
            states = after
        row.states = _with_place(row.states, states, np.int32(place))
        return {k: np.concatenate([m[k] for m in history]) for k in history[0]}, skipped

    def _close_ranks(self) -> None:
        """Seats those that are going anew, where that saves a call."""
        rows = [row for row in self._rows if any(self._going[m] for m in row.numbers)]
        needed = -(-len(self.going) // self._program.members.size)
        if len(rows) > needed:
            found = {}
            for row in rows:
                now = Snapshot(row.states)
                for place, m in enumerate(row.numbers):
                    if self._going[m]:
                        found[m] = now.member(place)
            self._seat(found)
        else:
            self._rows = rows

    def _seat(self, states: Mapping[int, TrainState]) -> None:
        members, numbers = self._program.members, list(states)
        starts = range(0, len(numbers), members.size)
        each = [numbers[start : start + members.size] for start in starts]
        self._rows = [Row(n, members.stack([states[m] for m in n])) for n in each]


@jax.jit
def _with_place(states: Any, others: Any, place: Any) -> Any:
    """The states, with those of one place taken from others."""
    return jax.tree.map(lambda a, b: a.at[place].set(b[place]), states, others)
