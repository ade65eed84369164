"""The order in which examples are seen: a function of the seed and the epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaex.errors import InputError


@dataclass(frozen=True)
class BatchOrder:
    """Reshuffled epochs in batches of one size; the remainder of each is dropped.

    Attributes:
      seed: the run's seed, from 0 to 2^32 - 1.
      num_examples: N, below 2^31. The order of two epochs is in memory, 4 bytes an
        example each, and 12 bytes an example more while one is drawn: 2 GB for 1e8.
      batch_size: B.

    >>> order = BatchOrder(seed=0, num_examples=5, batch_size=2)
    >>> order.steps_per_epoch, order.indices(0, 3).shape
    (2, (3, 2))
    """

    seed: int
    num_examples: int
    batch_size: int

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed must lie between 0 and 2^32 - 1, got {self.seed}")
        if self.num_examples >= 2**31:
            raise InputError(
                f"a training split must have fewer than 2^31 examples, got "
                f"{self.num_examples}; leave some out"
            )
        if not 1 <= self.batch_size <= self.num_examples:
            raise InputError(
                f"trainer.batch_size must lie between 1 and the {self.num_examples} "
                f"training examples, got {self.batch_size}"
            )

    @property
    def steps_per_epoch(self) -> int:
        """N // B."""
        return self.num_examples // self.batch_size

    def indices(
        self,
        start: int,
        count: int,
        epoch_rows: Callable[["BatchOrder", int], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Rows of steps `start` to `start + count`, [count, B] int32.

        Args:
          start: the first step.
          count: how many.
          epoch_rows: `rows_of_epoch` with a memory of its own, where many orders are
            asked in turn.
        """
        find = epoch_rows or _kept
        rows = []
        while count > 0:
            epoch, position = divmod(start, self.steps_per_epoch)
            block = find(self, epoch)[position : position + count]
            rows.append(block)
            start, count = start + len(block), count - len(block)
        return np.concatenate(rows)


def rows_of_epoch(order: BatchOrder, epoch: int) -> np.ndarray:
    """All batches of one epoch, [N // B, B] int32."""
    generator = np.random.default_rng([order.seed, epoch])
    permutation = generator.permutation(order.num_examples).astype(np.int32)
    used = order.steps_per_epoch * order.batch_size
    return permutation[:used].reshape(-1, order.batch_size)


_kept = lru_cache(maxsize=2)(rows_of_epoch)
