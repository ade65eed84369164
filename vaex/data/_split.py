"""Splitting by a permutation that is the same on every version of numpy."""

import numpy as np

from vaex.errors import InputError


def checked_seed(seed: int) -> None:
    """Raises InputError unless the seed is an integer from 0 to 2^32 - 1."""
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 1 << 32:
        raise InputError(
            f"seed must be an integer from 0 to {(1 << 32) - 1}, got {seed!r}"
        )


def shuffled_rows(total: int, num_test: int, seed: int) -> dict[str, np.ndarray]:
    """Which of the rows are the training and which the test split, in their order.

    RandomState's stream is frozen for ever; default_rng's may change.
    """
    order = np.random.RandomState(seed).permutation(total)
    return {"train": order[:-num_test], "test": order[-num_test:]}


def shuffled_split(
    arrays: dict[str, np.ndarray], num_test: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Rows in the order of a permutation, the last `num_test` being the test split."""
    parts = shuffled_rows(len(arrays["x"]), num_test, seed)
    return {
        name: {key: array[rows] for key, array in arrays.items()}
        for name, rows in parts.items()
    }
