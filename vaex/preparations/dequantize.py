"""Dequantize: grey levels to real values by uniform noise."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation, check_num_classes
from vaex.threefry import random_words


@dataclass(frozen=True)
class Dequantize(Preparation):
    """x = (stored + u) / K with u ~ U(0, 1), so 0 < x < 1.

    A density p of x gives, with log_det = -D log K, a density of stored + u; its mean
    over u is at most the log probability of the level,
    E_u log p((v + u) / K) - D log K <= log P(v): the reported nats bound log P.

    Attributes:
      num_classes: K, the number of stored levels.
      event_shape: E, of D elements in all.

    Numerics: u is one of 2^14 midpoints, (r + 1/2) / 2^14. Then stored + u is exact in
      float32, x is never 0 or 1, and `inverse` finds the level again; a full-width u
      would round 255 + u up to 256.

    Source: Theis, van den Oord, Bethge, "A note on the evaluation of generative
      models", ICLR 2016, https://arxiv.org/abs/1511.01844.

    >>> import jax
    >>> stored = {"x": jnp.array([[0, 1]], jnp.uint8)}
    >>> noisy = Dequantize(2, (2,))(jax.random.key(0), stored)["x"]
    >>> (2 * noisy).astype(int).tolist(), round(Dequantize(2, (2,)).log_det, 4)
    ([[0, 1]], -1.3863)
    """

    dequantizes: ClassVar[bool] = True

    num_classes: int
    event_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        check_num_classes(self.num_classes, "dequantize")
        object.__setattr__(self, "event_shape", tuple(self.event_shape))

    def prepare(self, key: Array, x: Array) -> Array:
        """Real values [B, *E] float32 in (0, 1) from levels [B, *E]."""
        if x.shape[1:] != self.event_shape:
            raise ValueError(
                f"x must have shape [B, *{self.event_shape}] for this log_det, got "
                f"{x.shape}; pass event_shape={x.shape[1:]}"
            )
        drawn = (random_words(key, x.shape) >> 18).astype(jnp.int32).astype(jnp.float32)
        noise = (drawn + 0.5) / 2.0**14
        return (jnp.asarray(x, jnp.float32) + noise) / self.num_classes

    def inverse(self, x: Array) -> Array:
        """The intensity of the level whose bin x is in; ends beyond [0, 1) are cut."""
        level = jnp.floor(jnp.asarray(x, jnp.float32) * self.num_classes)
        top = self.num_classes - 1
        return jnp.clip(level, 0, top) / top

    @property
    def log_det(self) -> float:
        """-D log K nats: from a density of x to one of stored + u."""
        return -math.prod(self.event_shape) * math.log(self.num_classes)

    @property
    def log_det_by_element(self) -> np.ndarray:
        """-log K nats of each element."""
        return np.full(self.event_shape, -math.log(self.num_classes))

    def spec(self, spec: Spec) -> Spec:
        """Real values; the noise adds 1/2 to the mean and 1/12 to the variance."""
        std = np.sqrt(spec.train_std**2 + 1 / 12) / self.num_classes
        return replace(
            spec,
            num_classes=None,
            train_mean=(spec.train_mean + np.float32(0.5)) / self.num_classes,
            train_std=std.astype(np.float32),
        )
