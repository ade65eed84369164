"""What the loop hands to the compiled chunk: data, and the rows of them by step.

N examples, B in a batch, T steps in a window.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from jax import Array

from vaex.data.rows import Rows
from vaex.training.order import BatchOrder

WINDOW_BYTES = 1 << 25
"""Most bytes of a window of streamed rows, 32 MiB, unless one batch is larger."""

Put = Callable[[dict[str, Any]], dict[str, Array]]


class Feed(Protocol):
    """Where the rows of a step come from; which rows they are is up to the order."""

    @property
    def longest(self) -> int:
        """Most steps in one chunk."""
        ...

    def end(self, step: int) -> int:
        """The step before which a chunk that starts at `step` must end."""
        ...

    def take(self, step: int, count: int) -> tuple[dict[str, Array], np.ndarray]:
        """Data on the device, and the rows of them that each step sees.

        Args:
          step: the first.
          count: how many, up to `end(step)` at most.

        Returns:
          name -> [M, ...], and [count, B] int32 from 0 to M - 1; M is the same in every
          call.
        """
        ...


class DeviceFeed(NamedTuple):
    """All of the data on the device, gathered from there.

    Attributes:
      data: name -> [N, ...].
      order: which rows each step sees.
      longest: most steps in one chunk.
    """

    data: dict[str, Array]
    order: BatchOrder
    longest: int

    def end(self, step: int) -> int:
        """As far as a chunk may go."""
        return step + self.longest

    def take(self, step: int, count: int) -> tuple[dict[str, Array], np.ndarray]:
        """The data, and the order's rows."""
        return self.data, self.order.indices(step, count)


class StreamFeed:
    """Data on disk: a window of T steps at a time is on the device.

    Window w holds the rows of steps w T to (w + 1) T - 1, gathered by a thread of its
    own while the one before is computed with. A position is a step and nothing more, so
    a run resumes anywhere. T is as large as WINDOW_BYTES allows, and at least 1;
    three windows are in memory at most, and as many on the device. The order is in
    memory besides, which `BatchOrder` states.

    Args:
      data: name -> [N, ...], some of them `vaex.data.rows.Rows`.
      order: which rows each step sees.
      longest: most steps in one chunk.
      num_steps: the last step of the run: no rows beyond are read.
      put: host arrays -> device arrays.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        order: BatchOrder,
        longest: int,
        num_steps: int,
        put: Put = jax.device_put,
    ):
        row = sum(
            a.dtype.itemsize * int(np.prod(a.shape[1:], dtype=np.int64))
            for a in data.values()
        )
        fitting = WINDOW_BYTES // max(1, row * order.batch_size)
        self.longest = max(1, min(longest, fitting))
        self._data, self._order, self._put = dict(data), order, put
        self._num_steps = num_steps
        self._reader = ThreadPoolExecutor(1, "vaex-feed")
        self._window: tuple[int, dict[str, Array]] | None = None
        self._next: tuple[int, Future[dict[str, Array]]] | None = None

    def end(self, step: int) -> int:
        """The end of the window that the step is in."""
        return step - step % self.longest + self.longest

    def take(self, step: int, count: int) -> tuple[dict[str, Array], np.ndarray]:
        """The window, and the places in it of the steps' rows."""
        number, offset = divmod(step, self.longest)
        if self._window is None or self._window[0] != number:
            ahead, self._next = self._next, None
            self._window = None
            if ahead is None or ahead[0] != number:
                ahead = number, self._read(number)
            self._window = number, ahead[1].result()
        if self._next is None and (number + 1) * self.longest < self._num_steps:
            self._next = number + 1, self._read(number + 1)
        size = self._order.batch_size
        places = np.arange(offset * size, (offset + count) * size, dtype=np.int32)
        return self._window[1], places.reshape(count, size)

    def _read(self, number: int) -> Future[dict[str, Array]]:
        """Starts to read a window."""
        # Of what it needs, not of the feed: a feed that is dropped ends its thread.
        start = number * self.longest
        steps = min(self.longest, self._num_steps - start)
        return self._reader.submit(
            _window, self._data, self._order, start, steps, self.longest, self._put
        )


def _window(
    data: Mapping[str, Any],
    order: BatchOrder,
    start: int,
    steps: int,
    longest: int,
    put: Put,
) -> dict[str, Array]:
    """Rows of steps on the device, name -> [longest * B, ...], 0 beyond `steps`."""
    rows = order.indices(start, steps).reshape(-1)
    found = {}
    for name, array in data.items():
        taken = array[rows]
        if steps < longest:
            missing = (longest - steps) * order.batch_size
            empty = np.zeros((missing, *taken.shape[1:]), taken.dtype)
            taken = np.concatenate([taken, empty])
        found[name] = taken
    # Never written to again: on a CPU the device's array may be this very memory.
    return put(found)


def is_streamed(data: Mapping[str, Any]) -> bool:
    """Whether some of a split's arrays stay on disk."""
    return any(isinstance(array, Rows) for array in data.values())


def ready(data: Mapping[str, Any]) -> dict[str, Any]:
    """A split for training: on the device, or as it is where it stays on disk."""
    return dict(data) if is_streamed(data) else jax.device_put(dict(data))


def make_feed(
    data: Mapping[str, Any],
    order: BatchOrder,
    longest: int,
    num_steps: int,
    put: Put = jax.device_put,
) -> Feed:
    """The feed for a split: streamed where some of it stays on disk.

    Args:
      data: name -> [N, ...].
      order: which rows each step sees.
      longest: most steps in one chunk.
      num_steps: the last step of the run.
      put: arrays -> arrays on the device, or on each of several.
    """
    if is_streamed(data):
        return StreamFeed(data, order, longest, num_steps, put)
    return DeviceFeed(put(dict(data)), order, longest)
