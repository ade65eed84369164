"""How held-out estimates are made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vaex.errors import InputError

LEAST_BLOCK, MOST_BLOCK = 128, 1024
BLOCK_ELEMENTS = LEAST_BLOCK * 28 * 28


@dataclass(frozen=True)
class EvaluationConfig:
    """The `evaluation` part of a configuration.

    Attributes:
      num_samples: K of the importance-weighted estimate.
      samples_per_chunk: posterior samples drawn at a time, and those of an example in
        a look while training; part of the estimate's identity, as each chunk has its
        own key.
      block_size: examples at a time; None for `block_for`.
    """

    num_samples: int = 128
    samples_per_chunk: int = 8
    block_size: int | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"evaluation.{name} must be at least 1, got {value}")

    def block_for(self, num_examples: int, event_shape: Sequence[int]) -> int:
        """Examples at a time: as many as make up 128 images of 28 x 28.

        But from 128 to 1024, and no more than there are: each block is a call of the
        program and a transfer, which take as long as a small block's numbers do.

        Args:
          num_examples: of the split that is looked at most.
          event_shape: E.

        >>> EvaluationConfig().block_for(360, (8, 8))
        360
        >>> EvaluationConfig().block_for(10_000, (28, 28))
        128
        """
        if self.block_size is not None:
            return self.block_size
        most = BLOCK_ELEMENTS // max(1, math.prod(event_shape))
        return max(1, min(max(most, LEAST_BLOCK), MOST_BLOCK, num_examples))
