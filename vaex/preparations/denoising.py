"""Denoising: the encoder sees a corrupted copy of what the head scores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.preparations.base import Preparation
from vaex.types import Batch

Corruption = Callable[[Array, Array], Array]
"""(key, values [B, *I]) to corrupted values [B, *I]."""


def masking_noise(clean: Preparation, probability: float = 0.25) -> Preparation:
    """Sets each number that the encoder sees to 0 with a probability.

    The head still scores the clean x. The noise is drawn in evaluation too: there the
    posterior is q(z|corrupted x), with which the ELBO is a bound all the same.

    Args:
      clean: the preparation whose values are corrupted.
      probability: of each number to be 0, from 0 to below 1.

    Returns:
      A preparation that adds `input`.

    Raises:
      InputError: if the probability is out of range.

    Source: Vincent, Larochelle, Bengio, Manzagol, "Extracting and Composing Robust
      Features with Denoising Autoencoders", ICML 2008,
      https://doi.org/10.1145/1390156.1390294.

    >>> from vaex.preparations.identity import Identity
    >>> prepare = masking_noise(Identity(), probability=0.5)
    >>> batch = prepare(jax.random.key(0), {"x": jnp.ones((100, 100))})
    >>> float(batch["x"].mean()), round(float(batch["input"].mean()), 1)
    (1.0, 0.5)
    """
    if not 0.0 <= probability < 1.0:
        raise InputError(
            f"probability must be at least 0 and below 1, got {probability}"
        )

    def corrupt(key: Array, x: Array) -> Array:
        return jnp.where(jax.random.bernoulli(key, probability, x.shape), 0.0, x)

    return _Corrupted(clean, corrupt)


def gaussian_noise(clean: Preparation, scale: float = 0.3) -> Preparation:
    """Adds scale * N(0, 1) to each number that the encoder sees.

    The head still scores the clean x; evaluation is as with `masking_noise`.

    Args:
      clean: the preparation whose values are corrupted.
      scale: standard deviation, in the unit of the prepared values.

    Returns:
      A preparation that adds `input`.

    Raises:
      InputError: if the scale is negative.

    Source: Vincent, Larochelle, Lajoie, Bengio, Manzagol, "Stacked Denoising
      Autoencoders", JMLR 11, 2010, https://jmlr.org/papers/v11/vincent10a.html.

    >>> from vaex.preparations.identity import Identity
    >>> prepare = gaussian_noise(Identity(), scale=2.0)
    >>> batch = prepare(jax.random.key(0), {"x": jnp.ones((100, 100))})
    >>> float(batch["x"].mean()), round(float(batch["input"].std()), 1)
    (1.0, 2.0)
    """
    if not scale >= 0.0:
        raise InputError(f"scale must be at least 0, got {scale}")

    def corrupt(key: Array, x: Array) -> Array:
        return x + scale * jax.random.normal(key, x.shape, x.dtype)

    return _Corrupted(clean, corrupt)


@dataclass(frozen=True)
class _Corrupted(Preparation):
    """Another preparation, with `input` corrupted; masked cells of it stay 0."""

    clean: Preparation
    corruption: Corruption

    def __post_init__(self) -> None:
        object.__setattr__(self, "dequantizes", self.clean.dequantizes)

    def __call__(self, key: Array, stored: Mapping[str, Array]) -> Batch:
        batch = self.clean(key, stored)
        seen = batch.get("input", batch["x"])
        seen = self.corruption(named_fold(key, "corrupt"), seen)
        mask = batch.get("mask")
        if mask is not None and mask.shape == seen.shape:
            seen = jnp.where(mask, seen, 0.0)
        return {**batch, "input": seen}

    def prepare(self, key: Array, x: Array) -> Array:
        return self.clean.prepare(key, x)

    def encoder_input(self, x: Array) -> Array | None:
        return self.clean.encoder_input(x)

    def inverse(self, x: Array) -> Array:
        return self.clean.inverse(x)

    @property
    def log_det(self) -> float:
        return self.clean.log_det

    @property
    def log_det_by_element(self) -> np.ndarray | float:
        return self.clean.log_det_by_element

    def spec(self, spec: Spec) -> Spec:
        return self.clean.spec(spec)
