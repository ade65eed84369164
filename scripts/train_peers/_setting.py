"""What all train: 784-500-20 with relu, Bernoulli head, Adam 1e-3, batch 128."""

from pathlib import Path
from typing import Any

import numpy as np

BATCH, PIXELS, HIDDEN, LATENT, RATE = 128, 784, 500, 20, 1e-3
SIZES = ((PIXELS, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, PIXELS))


def grey(options: dict[str, Any]) -> np.ndarray:
    """Grey levels, [steps B, 784] uint8."""
    return np.load(Path(options["images"]))[: options["steps"] * BATCH]


def binary(options: dict[str, Any]) -> np.ndarray:
    """The same at the threshold of 128: 0 or 1, uint8."""
    return (grey(options) > 127).astype(np.uint8)


def epoch(number: int, rows: int) -> np.ndarray:
    """An order of the rows, [rows / B, B] int32."""
    order = np.random.default_rng(number).permutation(rows)
    return order.astype(np.int32).reshape(-1, BATCH)
