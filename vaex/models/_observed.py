"""What every model does with observations: hides cells, scores x, calibrates."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.types import Batch


def encoder_input(batch: Batch) -> Array:
    """[B, *I] `input` of a batch, else its x with masked cells set to 0."""
    x = batch.get("input")
    if x is not None:
        return x
    x = batch["x"]
    return jnp.where(batch["mask"], x, 0.0) if "mask" in batch else x


def reconstruct(
    model: Any, batch: Batch, z: Array, train: bool
) -> tuple[Array | None, dict[str, Array]]:
    """Log p(x|z) [S, B] of the vectors z [S, B, L] that the decoder sees, and aux.

    A loss-only head has None, and its loss in aux.
    """
    features = model.decoder(z, batch.get("condition"), train=train)
    x, mask, axes = batch["x"], batch.get("mask"), model.decoder.event_axes
    head = model.likelihood
    if train and "weight" in batch and head.is_calibrated:
        raise InputError(
            f"likelihood {type(head).__name__} takes no example weights: in training "
            "its scale is that of the batch, every example counted alike; leave out "
            "`weight` (data.weight=null), or use likelihood=shared_scale_gaussian"
        )
    loss = head.reconstruction_loss(features, x, mask, axes=axes, train=train)
    if head.is_normalized:
        return -loss, {}
    return None, {"reconstruction_loss": loss}


def calibration(model: Any, batch: Batch, q: Any) -> dict[str, Array]:
    """What each example adds to the head's totals, [1, B], at one sample of q [B]."""
    z = q.sample(seed=model.make_rng("sample"), sample_shape=(1,))
    features = model.decoder(z, batch.get("condition"), train=False)
    x, mask, axes = batch["x"], batch.get("mask"), model.decoder.event_axes
    return model.likelihood.calibration(features, x, mask, axes=axes)
