"""What all score: rows of correlated numbers, by networks of one size."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

FEATURES, HIDDEN, LATENT, SAMPLES = 20, 64, 8, 64
CALLS = 100
"""Calls of one timing of single rows."""


def table(count: int) -> np.ndarray:
    """Rows of five factors and noise, [N, 20] float32."""
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(5, FEATURES))
    x = generator.normal(size=(count, 5)) @ weights
    return (x + generator.normal(size=x.shape)).astype(np.float32)


def timed(score: Callable[[np.ndarray], Any], options: dict[str, Any]) -> Any:
    """A run that scores all rows at once, or single rows one after another.

    Options: `rows`, how many; `single`, whether one at a time, of which `seconds` is
    the median call.
    """
    rows = table(options["rows"])

    def all_rows() -> dict[str, float]:
        start = time.perf_counter()
        values = np.asarray(score(rows))
        seconds = time.perf_counter() - start
        assert values.shape == (len(rows),)
        return {"seconds": seconds}

    def one_row() -> dict[str, float]:
        found = []
        for i in range(CALLS):
            start = time.perf_counter()
            values = np.asarray(score(rows[i : i + 1]))
            found.append(time.perf_counter() - start)
            assert values.shape == (1,)
        return {"seconds": median(found)}

    return one_row if options["single"] else all_rows
