"""Binarize: grey levels to bits, drawn anew at every call."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation, check_num_classes
from vaex.threefry import random_words


@dataclass(frozen=True)
class Binarize(Preparation):
    """x ~ Bernoulli(stored / (K - 1)), drawn anew at every call.

    With two levels nothing is drawn: x is what is stored.

    Attributes:
      num_classes: K, the number of stored levels.

    Numerics: 16 random bits for each element, so the probability is that intensity
      rounded to a multiple of 2^-16; it is exactly 0 and 1 at the end levels.

    Source: Salakhutdinov and Murray, "On the quantitative analysis of deep belief
      networks", ICML 2008; drawn anew as in Burda, Grosse, Salakhutdinov,
      "Importance Weighted Autoencoders", ICLR 2016, https://arxiv.org/abs/1509.00519

    >>> import jax
    >>> stored = {"x": jnp.array([[0, 255]], jnp.uint8)}
    >>> Binarize(256)(jax.random.key(0), stored)["x"].tolist()
    [[0.0, 1.0]]
    """

    num_classes: int

    def __post_init__(self) -> None:
        check_num_classes(self.num_classes, "binarize")

    def prepare(self, key: Array, x: Array) -> Array:
        """Bits [B, *E] float32 from levels [B, *E]."""
        level = jnp.asarray(x, jnp.float32)
        if self.num_classes == 2:
            return level
        # The number of integers r >= 0 with r + 1/2 < t is t rounded.
        threshold = level * (2.0**16 / (self.num_classes - 1)) - 0.5
        # Signed, as AVX2 converts no unsigned words.
        drawn = (random_words(key, x.shape) >> 16).astype(jnp.int32)
        return (drawn.astype(jnp.float32) < threshold).astype(jnp.float32)

    def inverse(self, x: Array) -> Array:
        """A bit is an intensity already."""
        return jnp.asarray(x, jnp.float32)

    def spec(self, spec: Spec) -> Spec:
        """Two classes; the mean intensity, and the deviation of the drawn bits."""
        mean = np.asarray(spec.train_mean / (self.num_classes - 1), np.float32)
        std = np.sqrt(np.maximum(mean * (1 - mean), 0))
        return replace(spec, num_classes=2, train_mean=mean, train_std=std)
