"""Drawing examples that agree in one factor.

N examples, F factors.
"""

import numpy as np

from vaex.errors import InputError


class Groups:
    """Rows of examples by the value of each factor, to draw from.

    Args:
      factors: [N, F] integers 0 to size - 1.
    """

    def __init__(self, factors: np.ndarray):
        self._values = factors
        self._shared = []
        self._rows, self._starts, self._counts = [], [], []
        for number, column in enumerate(factors.T):
            counts = np.bincount(column)
            if counts.max() < 2:
                raise InputError(
                    f"factor {number} must have two examples of one value at least, to "
                    "hold it fixed; give more examples, or its values in bins"
                )
            self._rows.append(np.argsort(column, kind="stable"))
            self._counts.append(counts)
            self._starts.append(np.cumsum(counts) - counts)
            self._shared.append(np.flatnonzero(counts[column] > 1))

    def any_rows(
        self, random: np.random.Generator, factor: int, shape: tuple[int, ...]
    ) -> np.ndarray:
        """Rows whose value of a factor others have too, drawn with replacement.

        An example alone with its value agrees with itself in everything.

        Args:
          random: where from.
          factor: which.
          shape: of the result.

        Returns:
          [*shape] row numbers.
        """
        shared = self._shared[factor]
        return shared[random.integers(0, len(shared), shape)]

    def alike(
        self, random: np.random.Generator, factor: int, value: np.ndarray, count: int
    ) -> np.ndarray:
        """Rows that have a value of a factor, drawn with replacement.

        Args:
          random: where from.
          factor: which.
          value: [B] of it.
          count: rows for each of them.

        Returns:
          [B, count] row numbers.
        """
        sizes = self._counts[factor][value][:, None]
        place = (random.random((len(value), count)) * sizes).astype(int)
        return self._rows[factor][self._starts[factor][value][:, None] + place]

    def value_of(self, rows: np.ndarray, factor: int) -> np.ndarray:
        """Values [...] of a factor in rows [...]."""
        return self._values[rows, factor]
